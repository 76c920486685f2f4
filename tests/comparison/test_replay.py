"""Replay: which NIC logged, in whose view its addresses are read, and what belongs to which conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.comparison.diff import diff
from simulator.dataplane.plane import DataPlane
from simulator.flows.records import FlowRecords
from simulator.flows.replay import Replay, replay
from simulator.flows.synthetic import generate
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.reasons import Verdict
from tests.comparison.small_network import PROVIDER, SQL, TOPOLOGY, WEB, log_of, logged, network_from
from tests.strategies import random_packets, random_snapshot

WITHOUT_MACS = TOPOLOGY.replace(", mac: 00-0D-3A-00-00-01", "").replace(", mac: 00-0D-3A-00-00-02", "")
ON_VNET: dict[str, Any] = {"target": f"{PROVIDER}/virtualNetworks/vnet"}
OUT: dict[str, Any] = {"mac": WEB, "direction": "Outbound"}


def identified(network: Network, *rows: object) -> dict[str, tuple[str, str]]:
    found = replay(network, log_of(*rows)).nics  # type: ignore[arg-type]
    return {mac: (network.endpoints[nic.number].name, nic.identified_by) for mac, nic in found.items()}


def test_a_nic_is_known_by_its_mac_whatever_it_logs(tmp_path: Path) -> None:
    transit = logged(80, "x", source="10.9.9.9", destination="10.8.8.8")
    assert identified(network_from(tmp_path), transit) == {SQL: ("vm-sql", "mac")}


def test_a_mac_that_two_nics_of_the_export_have_names_neither(tmp_path: Path) -> None:
    twins = network_from(tmp_path, TOPOLOGY.replace("00-0D-3A-00-00-02", "00-0D-3A-00-00-01"))
    assert identified(twins, logged(1433, "x", mac=WEB)) == {}
    on_nic = logged(1433, "x", mac=WEB, target=f"{PROVIDER}/networkInterfaces/vm-sql-nic")
    assert identified(twins, on_nic) == {WEB: ("vm-sql", "target")}


def test_a_log_that_is_set_on_a_nic_names_it(tmp_path: Path) -> None:
    row = logged(80, "x", target=f"{PROVIDER}/networkInterfaces/VM-SQL-nic", destination="10.8.8.8")
    assert identified(network_from(tmp_path, WITHOUT_MACS), row) == {SQL: ("vm-sql", "target")}


def test_without_macs_the_address_that_is_always_its_own_names_the_nic(tmp_path: Path) -> None:
    rows = [logged(1433, "x", **ON_VNET), logged(1433, "x", **ON_VNET, **OUT)]
    assert identified(network_from(tmp_path, WITHOUT_MACS), *rows) == {
        SQL: ("vm-sql", "address"),
        WEB: ("vm-web", "address"),
    }


def test_a_nic_that_forwards_is_not_taken_for_one_of_the_ends(tmp_path: Path) -> None:
    forwarded = [logged(1433, "x"), logged(1433, "x", direction="Outbound")]
    assert identified(network_from(tmp_path, WITHOUT_MACS), *forwarded) == {}


def test_an_address_that_two_macs_claim_names_neither(tmp_path: Path) -> None:
    rows = [logged(1433, "x"), logged(1433, "x", mac=WEB)]
    assert identified(network_from(tmp_path, WITHOUT_MACS), *rows) == {}


def test_a_mac_that_differs_from_the_known_one_is_another_nic(tmp_path: Path) -> None:
    assert identified(network_from(tmp_path), logged(1433, "x", mac="000D3AFFFFFF")) == {}


def test_addresses_are_read_in_the_view_of_the_nic_that_logged(tmp_path: Path) -> None:
    """Two networks with the same addresses; only the second one's SQL server denies."""
    twin = TOPOLOGY.replace(
        "  vnet: {", "  other: {address_space: 10.0.0.0/16, subnets: {web: 10.0.1.0/24, sql: 10.0.2.0/24}}\n  vnet: {"
    )
    twin = twin.replace(
        "virtual_machines:\n",
        "virtual_machines:\n  vm-a: {subnet: other/web, ip: 10.0.1.4, mac: 00-0D-3A-00-00-0A}\n"
        "  vm-b: {subnet: other/sql, ip: 10.0.2.4, mac: 00-0D-3A-00-00-0B}\n",
    )
    played = replay(network_from(tmp_path, twin), log_of(logged(22, "x", mac="000D3A00000B"), logged(22, "x", "D")))
    assert [prediction.path for prediction in played.predictions] == [("vm-a", "vm-b"), ("vm-web", "vm-sql")]
    assert [prediction.verdict for prediction in played.predictions] == [Verdict.ALLOW, Verdict.DENY]


def test_equal_packets_are_walked_once_and_gathered_back(tmp_path: Path) -> None:
    both_ends = [logged(22, "x", "D"), logged(22, "y", "D"), logged(22, "x", **OUT), logged(1433, "x")]
    played = replay(network_from(tmp_path), log_of(*both_ends))
    assert (len(played), len(played.walked)) == (4, 2)
    assert played.verdict.tolist() == [Verdict.DENY, Verdict.DENY, Verdict.DENY, Verdict.ALLOW]
    assert [played.walked[int(row)] for row in played.packet] == list(played.predictions)
    assert list(played.predictions[1:3]) == [played.predictions[1], played.predictions[2]]


def test_each_nic_is_asked_for_its_own_view(tmp_path: Path) -> None:
    played = replay(network_from(tmp_path), log_of(logged(22, "x", "D"), logged(22, "x", **OUT)))
    [inbound, outbound] = [played.observation(at) for at in range(2)]
    assert inbound is not None and (inbound.endpoint.name, inbound.verdict) == ("vm-sql", Verdict.DENY)
    assert outbound is not None and (outbound.endpoint.name, outbound.verdict) == ("vm-web", Verdict.ALLOW)
    assert played.is_on_path.tolist() == [True, True]


def test_a_nic_that_the_path_does_not_pass_is_asked_all_the_same(tmp_path: Path) -> None:
    away = logged(80, "x", mac=WEB, source="10.0.2.4", destination="40.1.2.3")
    played = replay(network_from(tmp_path), log_of(away, logged(80, "x", mac="FFFFFFFFFFFF")))
    observed = played.observation(0)
    assert observed is not None and (observed.endpoint.name, observed.direction) == ("vm-web", "Inbound")
    assert played.observation(1) is None and played.nic(1) is None
    assert played.is_on_path.tolist() == [False, False]


def test_an_empty_log_replays_to_nothing(tmp_path: Path) -> None:
    played = replay(network_from(tmp_path), FlowRecords.of([]))
    assert (len(played), list(played.predictions)) == (0, [])


def written_log(seed: int) -> tuple[Network, FlowRecords]:
    """A random network, and the log of what is predicted for packets that no appliance forwards."""
    network = build_network(random_snapshot(seed))
    packets = Packets.of(random_packets(network.snapshot, seed, 60))
    walked = packet_walk(DataPlane(network), packets)
    direct = np.array([len(walked.names(at)) <= 2 for at in range(len(walked))])
    predictions = packet_walk(walked.plane, packets[direct])
    return network, generate(predictions, start=datetime(2026, 1, 1, tzinfo=UTC), minutes=10, seed=seed)


def fates(played: Replay) -> list[tuple[object, ...]]:
    rows = played.conversations
    return [
        (played.records.macs[rows.mac[at]], rows.source.text(at), rows.destination.text(at), prediction)
        for at, prediction in enumerate(played.predictions)
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_log_written_from_predictions_holds_nothing_against_them(seed: int) -> None:
    network, records = written_log(seed)
    summary = diff(replay(network, records)).summary()
    unexplained = ("verdict_mismatch", "rule_mismatch", "direction_mismatch", "established", "undecided", "malformed")
    assert {name: summary[name] for name in unexplained} == dict.fromkeys(unexplained, 0)  # type: ignore[index]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_shuffling_the_log_shuffles_the_predictions(seed: int) -> None:
    network, records = written_log(seed)
    order = np.array(Random(seed).sample(range(len(records)), len(records)), np.intp)
    straight, shuffled = replay(network, records), replay(network, records.select(order))
    assert sorted(map(repr, fates(straight))) == sorted(map(repr, fates(shuffled)))
    assert diff(straight).summary() == diff(shuffled).summary()


@pytest.mark.parametrize("unknown", ["", "nonsense"])
def test_a_target_that_is_no_id_is_passed_over(tmp_path: Path, unknown: str) -> None:
    row = replace(logged(1433, "x"), target=unknown)
    assert identified(network_from(tmp_path), row) == {SQL: ("vm-sql", "mac")}


def test_macs_of_records_that_were_left_out_name_nothing(tmp_path: Path) -> None:
    records = log_of(logged(1433, "x"), logged(1433, "x", **OUT))
    one = records.select(np.array([0]))
    assert set(replay(network_from(tmp_path, WITHOUT_MACS), one).nics) == {SQL}
