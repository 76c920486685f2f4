"""Blobs byte for byte as Azure writes them, and the reader as their inverse."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.flows.read import read_flow_logs
from simulator.flows.records import FlowRecord, FlowRecords, Locator
from simulator.flows.vnet_flow_log import read_vnet_flow_log
from simulator.flows.vnet_flow_log_writer import (
    vnet_flow_log_blobs,
    write_vnet_flow_log,
    write_vnet_flow_logs,
)

NETWORK = "/subscriptions/0a/resourceGroups/rg-net/providers/Microsoft.Network"
NSG = f"{NETWORK}/networkSecurityGroups/nsg-web"
VNET = f"{NETWORK}/virtualNetworks/vnet-hub"
ZERO = "00000000-0000-0000-0000-000000000000"
START = datetime(2025, 3, 1, 8, 30, tzinfo=UTC)
OUT = FlowRecord(
    START, "000D3A000004", "Outbound", "10.1.0.4", "10.1.0.5", 50000, 443, 6, "E", NSG, "UserRule_web", target=VNET
)
OUT = replace(OUT, packets_sent=8, bytes_sent=5183, packets_received=9, bytes_received=6707)
IN = replace(OUT, direction="Inbound", source="fd00::5", destination="fd00::4", rule="DefaultRule_DenyAllInBound")
PLATFORM = replace(IN, rule="PlatformRule", acl=ZERO, bytes_sent=None)


def blob(*rows: FlowRecord, phase_seed: int = 0) -> bytes:
    return write_vnet_flow_log(FlowRecords.of(rows), phase_seed=phase_seed)


def test_a_blob_has_the_shape_that_azure_writes() -> None:
    text = blob(IN, OUT, PLATFORM).decode()
    time, guid = re.findall(r'"time":"([^"]*)"|"flowLogGUID":"([^"]*)"', text)
    assert re.fullmatch(r"2025-03-01T08:3[01]:\d\d\.\d{7}Z", time[0])
    assert text == (
        f'{{"records":[{{"time":"{time[0]}","flowLogVersion":4,"flowLogGUID":"{guid[1]}","macAddress":"000D3A000004",'
        '"category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/0A/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/'
        'MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_WESTEUROPE/FLOWLOGS/VNET-HUB-RG-NET-FLOWLOG",'
        f'"targetResourceID":"{VNET}","operationName":"FlowLogFlowEvent","flowRecords":{{"flows":['
        f'{{"aclID":"{ZERO}","flowGroups":[{{"rule":"PlatformRule","flowTuples":['
        '"1740817800000,fd00::5,fd00::4,50000,443,6,I,E,NX,8,,9,6707"]}]},'
        f'{{"aclID":"{NSG}","flowGroups":[{{"rule":"UserRule_web","flowTuples":['
        '"1740817800000,10.1.0.4,10.1.0.5,50000,443,6,O,E,NX,8,5183,9,6707"]}]},'
        f'{{"aclID":"{NSG}","flowGroups":[{{"rule":"DefaultRule_DenyAllInBound","flowTuples":['
        '"1740817800000,fd00::5,fd00::4,50000,443,6,I,E,NX,8,5183,9,6707"]}]}]}}]}'
    )


def test_a_nic_flushes_once_a_minute_what_is_older_than_the_lag() -> None:
    rows = [replace(OUT, time=START + timedelta(seconds=at)) for at in range(0, 300, 7)]
    records = json.loads(blob(*rows))["records"]
    flushes = [datetime.fromisoformat(record["time"]) for record in records]
    assert {later - earlier for earlier, later in pairwise(flushes)} == {timedelta(minutes=1)}
    for record, flush in zip(records, flushes, strict=True):
        (group,) = record["flowRecords"]["flows"][0]["flowGroups"]
        lags = [flush.timestamp() - int(text.split(",")[0]) / 1000 for text in group["flowTuples"]]
        assert all(2.799 <= lag < 62.801 for lag in lags)


def test_blobs_lie_by_flow_log_hour_and_mac(tmp_path: Path) -> None:
    other = replace(OUT, mac="000D3A000005", time=START + timedelta(hours=1))
    records = FlowRecords.of([OUT, other])
    folder = "flowLogResourceID=/0A_NETWORKWATCHERRG/NETWORKWATCHER_EASTUS_VNET-HUB-RG-NET-FLOWLOG/y=2025/m=03/d=01"
    assert list(vnet_flow_log_blobs(records, regions={VNET.lower(): "eastus"})) == [
        f"{folder}/h=08/m=00/macAddress=000D3A000004/PT1H.json",
        f"{folder}/h=09/m=00/macAddress=000D3A000005/PT1H.json",
    ]
    files = write_vnet_flow_logs(tmp_path, records)
    assert [file.name for file in files] == ["PT1H.json"] * 2
    assert as_written(read_flow_logs(tmp_path)) == as_written(records)


def test_a_log_of_nothing_is_the_log_that_azure_begins_with() -> None:
    assert blob() == b'{"records":[]}'


COUNTERS = st.none() | st.integers(0, 2**40)
ROWS = st.lists(
    st.builds(
        FlowRecord,
        time=st.integers(0, 200_000).map(lambda at: START + timedelta(milliseconds=at)),
        mac=st.sampled_from(["000D3A000004", "000D3A000005"]),
        direction=st.sampled_from(["Inbound", "Outbound"]),
        source=st.sampled_from(["10.1.0.4", "fd00::4", "::"]),
        destination=st.ip_addresses().map(str),
        source_port=st.integers(0, 65535),
        destination_port=st.integers(0, 65535),
        protocol=st.integers(0, 255),
        state=st.sampled_from(["B", "C", "E", "D"]),
        acl=st.sampled_from([NSG, ZERO, "unspecified"]),
        rule=st.sampled_from(["PlatformRule", "UserRule_x", 'UserRule_\u00fc"\\']),
        encryption=st.sampled_from(["X", "NX", "NX_FALLBACK"]),
        packets_sent=COUNTERS,
        bytes_sent=COUNTERS,
        packets_received=COUNTERS,
        bytes_received=COUNTERS,
        target=st.sampled_from([VNET, f"{NETWORK}/virtualNetworks/vnet-b"]),
    ),
    max_size=12,
    # What two flow logs say alike of one flow is read once: only denied attempts may be equal.
    unique_by=lambda row: object() if row.state == "D" else replace(row, target=""),
)


def as_written(records: FlowRecords) -> Counter[FlowRecord]:
    return Counter(replace(row, locator=Locator("")) for row in records)


@settings(max_examples=60)
@given(ROWS, st.integers(0, 3))
def test_what_is_written_is_read_again_however_the_minutes_are_cut(rows: list[FlowRecord], phase_seed: int) -> None:
    records = FlowRecords.of(rows)
    again = read_vnet_flow_log(write_vnet_flow_log(records, phase_seed=phase_seed))
    assert again.malformed == ()
    assert as_written(again) == as_written(records)
    assert again.bytes_sent.sum() == records.bytes_sent.sum()


@settings(max_examples=60)
@given(ROWS)
def test_the_blobs_hold_what_the_one_blob_holds(rows: list[FlowRecord]) -> None:
    records = FlowRecords.of(rows)
    parts = [read_vnet_flow_log(data, path) for path, data in vnet_flow_log_blobs(records).items()]
    assert sum((as_written(part) for part in parts), Counter()) == as_written(records)
