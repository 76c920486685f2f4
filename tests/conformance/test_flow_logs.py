"""The flow-log reader against logs that Azure wrote and its documentation's examples (see ../shared/flowlogs)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.errors import FlowLogError
from simulator.flows.conversations import Conversations
from simulator.flows.read import read_flow_logs
from simulator.flows.records import FlowRecords
from simulator.flows.rule_names import acl_kind, parse_rule_name

#: file → tuples in the file, tuples that are left once a record that stands twice is read once.
COUNTS = {
    "vnet-v4-real-vnet-scope-2024.json": (166, 83),
    "vnet-v4-real-nic-scope-2024.json": (61, 49),
    "vnet-v4-real-avnm-denies-2023.json": (7, 7),
    "vnet-v4-docs-overview.json": (19, 19),
    "vnet-v4-docs-bare-record.json": (10, 10),
    "vnet-v4-docs-bandwidth.json": (3, 3),
    "vnet-v4-docs-tutorial-seconds.json": (1, 1),
}
VNET_SCOPE, NIC_SCOPE, AVNM = list(COUNTS)[:3]


@pytest.fixture(scope="session")
def logs(shared: Path) -> Path:
    return shared / "flowlogs"


def test_no_vnet_flow_log_of_the_folder_is_forgotten(logs: Path) -> None:
    assert {file.name for file in logs.glob("vnet-v4-*.json")} == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_every_tuple_is_read_and_what_stands_twice_once(logs: Path, name: str) -> None:
    records = read_flow_logs(logs / name, strict=True)
    written, distinct = COUNTS[name]
    assert (len(records) + records.duplicates, len(records)) == (written, distinct)
    assert records.malformed == ()


def test_an_end_and_the_begin_of_the_same_flow_share_a_millisecond_in_this_order(logs: Path) -> None:
    rows = [row for row in read_flow_logs(logs / NIC_SCOPE) if row.source_port == 56354]
    assert [row.state for row in rows] == ["E", "B", "E"]
    assert rows[0].time == rows[1].time


def test_counters_that_go_on_over_a_split_are_counted_once(logs: Path) -> None:
    records = read_flow_logs(logs / NIC_SCOPE)
    found = Conversations.of(records)
    (web,) = np.flatnonzero(found.source_port == 56354)
    assert found.bytes_sent[web] + found.bytes_received[web] + found.bytes_before_log[web] == 5291 + 6809
    (time_service,) = np.flatnonzero(found.destination_port == 123)
    assert found.bytes_sent[time_service] == 0
    assert found.bytes_before_log[time_service] == 2461230 + 3609276


def kinds(records: FlowRecords) -> set[tuple[str, str]]:
    return {(parse_rule_name(row.rule).kind, acl_kind(row.acl)) for row in records}


def test_platform_rules_have_the_zero_guid_and_nsg_rules_an_arm_id(logs: Path) -> None:
    assert kinds(read_flow_logs(logs / VNET_SCOPE)) == {("platform", "zero"), ("default", "arm_id"), ("user", "arm_id")}
    assert kinds(read_flow_logs(logs / NIC_SCOPE)) == {("platform", "zero"), ("default", "arm_id")}


def test_admin_rules_lose_their_suffix_and_just_in_time_rules_keep_their_name(logs: Path) -> None:
    names = {parse_rule_name(rule) for rule in read_flow_logs(logs / AVNM).rules}
    assert {(rule.kind, rule.name) for rule in names} == {
        ("default", "AllowInternetOutBound"),
        ("admin", "BlockHighRiskTCPPortsFromInternet"),
        ("admin", "Internet"),
    }
    rules = {parse_rule_name(rule) for rule in read_flow_logs(logs / VNET_SCOPE).rules}
    assert "MicrosoftDefenderForCloud-JITRule_2017955537_88ABE006EA9C4130BF9065D4405169C7" in {r.name for r in rules}


def test_times_in_seconds_are_understood(logs: Path) -> None:
    (row,) = read_flow_logs(logs / "vnet-v4-docs-tutorial-seconds.json")
    assert row.time.isoformat() == "2025-08-06T20:39:33+00:00"
    assert row.target == ""


def test_empty_counters_are_kept_apart_from_zero(logs: Path) -> None:
    begin, middle, _ = read_flow_logs(logs / "vnet-v4-docs-bandwidth.json")
    assert (begin.packets_sent, begin.bytes_received) == (None, None)
    assert (middle.packets_sent, middle.bytes_received) == (1021, 4610880)


@pytest.mark.parametrize(
    ("name", "version"), [("nsg-v1-docs.json", "1"), ("nsg-v2-docs.json", "2"), ("nsg-v2-real-2024.json", "2")]
)
def test_nsg_flow_logs_are_recognised_and_refused(logs: Path, name: str, version: str) -> None:
    with pytest.raises(FlowLogError, match=f"NSG flow log, version {version}") as caught:
        read_flow_logs(logs / name)
    assert caught.value.code == "VNS3004"


def test_nsg_tuples_under_the_name_of_a_vnet_flow_log_are_refused_with_the_place(logs: Path) -> None:
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(logs / "bad-v4-category-v2-tuples.json")
    assert caught.value.code == "VNS3005"
    assert caught.value.place.endswith("records[0].flowRecords.flows[0].flowGroups[0].flowTuples[0]")


def test_every_cut_of_a_real_log_is_one_clear_error(logs: Path, tmp_path: Path) -> None:
    whole = (logs / NIC_SCOPE).read_bytes().rstrip()
    file = tmp_path / "PT1H.json"
    for end in range(1, len(whole), 97):
        file.write_bytes(whole[:end])
        with pytest.raises(FlowLogError) as caught:
            read_flow_logs(file)
        assert (caught.value.code, caught.value.place) == ("VNS3002", f"{file} byte {end}")
