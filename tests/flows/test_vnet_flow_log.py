"""VNet flow log v4: the shapes that are met, what is listed as malformed, what is refused, what was read twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.errors import FlowLogError
from simulator.flows.records import FlowRecords, Locator
from simulator.flows.vnet_flow_log import VnetFlowLogReader, read_vnet_flow_log

NSG = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg-web"
VNET = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-hub"
ZERO = "00000000-0000-0000-0000-000000000000"
END = "1735636357995,10.1.0.4,20.10.127.193,56354,443,6,O,E,NX,8,5183,9,6707"
BEGIN = "1735636357995,10.1.0.4,20.10.127.193,56354,443,6,O,B,NX,0,0,0,0"
DENIED = "1735636357306,35.203.210.97,10.1.0.4,53909,9974,6,I,D,NX,0,0,0,0"
PROBE = "1735636429638,40.87.168.8,10.1.0.4,23456,29554,6,I,E,NX,1,128,0,0"
NSG_V2 = "1705318200,10.0.1.4,13.107.42.14,52044,443,T,O,A,B,5,1500,3,900"


def flow(acl: object, rule: object, *tuples: object) -> dict[str, Any]:
    return {"aclID": acl, "flowGroups": [{"rule": rule, "flowTuples": list(tuples)}]}


def record(*flows: object, time: str = "2024-12-31T09:13:37.7570617Z", **more: object) -> dict[str, Any]:
    return {
        "time": time,
        "flowLogVersion": 4,
        "flowLogGUID": "1e98aac7-0e3a-4365-8d28-a15797fcb58b",
        "macAddress": "000D3A359573",
        "category": "FlowLogFlowEvent",
        "flowLogResourceID": "/SUBSCRIPTIONS/0/FLOWLOGS/F",
        "targetResourceID": VNET,
        "operationName": "FlowLogFlowEvent",
        "flowRecords": {"flows": list(flows)},
        **more,
    }


def read(*records: object, strict: bool = False) -> FlowRecords:
    return read_vnet_flow_log(json.dumps({"records": records}).encode(), "PT1H.json", strict=strict)


def refusal(data: object) -> FlowLogError:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(FlowLogError) as caught:
        read_vnet_flow_log(text, "PT1H.json")
    assert caught.value.place.startswith("PT1H.json")
    assert caught.value.hint
    return caught.value


MINUTE = record(
    flow(ZERO, "PlatformRule", PROBE),
    flow(NSG, "DefaultRule_AllowInternetOutBound", END, BEGIN),
    flow(NSG, "x", DENIED),
)


def test_a_tuple_is_shown_to_people_with_all_it_inherits() -> None:
    row = read(MINUTE)[1]
    assert row.time.isoformat() == "2024-12-31T09:12:37.995000+00:00"
    assert (row.mac, row.target) == ("000D3A359573", VNET)
    assert (row.acl, row.rule) == (NSG, "DefaultRule_AllowInternetOutBound")
    assert (row.source, row.source_port, row.destination, row.destination_port) == (
        "10.1.0.4",
        56354,
        "20.10.127.193",
        443,
    )
    assert (row.direction, row.state, row.encryption, row.protocol) == ("Outbound", "E", "NX", 6)
    assert (row.packets_sent, row.bytes_sent, row.packets_received, row.bytes_received) == (8, 5183, 9, 6707)
    assert row.locator == Locator("PT1H.json", 0, 1, 0, 0)
    assert str(row.locator) == "PT1H.json records[0].flowRecords.flows[1].flowGroups[0].flowTuples[0]"


def test_an_end_before_its_begin_keeps_the_order_of_the_log() -> None:
    assert [row.state for row in read(MINUTE)] == ["E", "E", "B", "D"]


def lines(*documents: object) -> bytes:
    return "\n".join(json.dumps(each) for each in documents).encode() + b"\n"


SECOND_MINUTE = record(flow(NSG, "UserRule_x", DENIED), time="2024-12-31T09:14:37.7570617Z")


@pytest.mark.parametrize(
    "data",
    [
        lines({"records": [MINUTE, SECOND_MINUTE]}),
        json.dumps({"records": [MINUTE, SECOND_MINUTE]}, indent=2).encode(),
        lines([MINUTE, SECOND_MINUTE]),
        lines(MINUTE, SECOND_MINUTE),
        lines({"records": [MINUTE]}, {"records": [SECOND_MINUTE]}),
        lines({"records": {"records": [MINUTE, SECOND_MINUTE]}}),
        lines({"records": [{"records": [MINUTE, SECOND_MINUTE]}]}),
        lines({"records": [dict(reversed(MINUTE.items())), dict(sorted(SECOND_MINUTE.items()))]}),
        b"\xef\xbb\xbf" + lines({"records": [MINUTE, SECOND_MINUTE]}).replace(b"\n", b"\r\n"),
    ],
    ids=["as Azure", "indented", "array", "lines", "blobs in lines", "nested", "nested in a list", "key order", "BOM"],
)
def test_every_shape_that_people_have_reads_the_same(data: bytes) -> None:
    records = read_vnet_flow_log(data)
    assert [row.state for row in records] == ["E", "E", "B", "D", "D"]
    assert records.locators.record.tolist() == [0, 0, 0, 0, 1]
    assert records.malformed == ()


def test_a_bare_record_without_target_and_version_is_read() -> None:
    bare = {key: value for key, value in MINUTE.items() if key not in ("targetResourceID", "flowLogVersion")}
    records = read_vnet_flow_log(json.dumps({**bare, "resourceId": "/SUBSCRIPTIONS/0//FLOWLOGS/F"}).encode())
    assert len(records) == 4
    assert records.targets == ("",)


def test_mac_addresses_are_compared_in_one_spelling() -> None:
    spellings = ["0022487bC205", "00-22-48-7B-C2-05", "00:22:48:7b:c2:05"]
    records = read(*(record(flow(NSG, f"UserRule_{mac}", DENIED), macAddress=mac) for mac in spellings))
    assert records.macs == ("0022487BC205",)


def test_an_empty_log_and_an_empty_minute_hold_nothing() -> None:
    assert len(read()) == 0
    assert len(read(record())) == 0
    assert len(read(record({"aclID": NSG, "flowGroups": []}))) == 0


def test_columns_cannot_be_written() -> None:
    records = read(MINUTE)
    with pytest.raises(ValueError, match="read-only"):
        records.source.low[0] = 1


# --- Read twice ------------------------------------------------------------------------------------------------------


def test_a_record_that_stands_twice_is_read_once() -> None:
    records = read(MINUTE, MINUTE, dict(reversed(MINUTE.items())))
    assert (len(records), records.duplicates) == (4, 8)


def test_a_blob_that_is_read_twice_under_two_names_is_read_once() -> None:
    reader = VnetFlowLogReader()
    for name in ("a.json", "b.json"):
        reader.read(json.dumps(MINUTE).encode(), name)
    assert (len(reader.records()), reader.records().duplicates) == (4, 4)


def test_a_record_that_grew_gives_its_new_tuples_only() -> None:
    grown = record(*MINUTE["flowRecords"]["flows"][:2], flow(NSG, "y", END.replace("56354", "56355")))
    records = read(MINUTE, grown)
    assert (len(records), records.duplicates) == (5, 3)


def test_denied_attempts_and_a_flow_created_again_may_repeat_within_a_record() -> None:
    records = read(record(flow(NSG, "x", DENIED, DENIED, BEGIN, END, BEGIN)))
    assert (len(records), records.duplicates) == (5, 0)


def test_the_same_tuple_under_another_rule_is_another_observation() -> None:
    records = read(record(flow(NSG, "x", BEGIN)), record(flow(NSG, "y", BEGIN)))
    assert (len(records), records.duplicates) == (2, 0)


# --- Malformed -------------------------------------------------------------------------------------------------------


def test_a_malformed_tuple_is_listed_with_its_place_and_the_rest_is_read() -> None:
    bad = END.replace("443", "70000")
    records = read(MINUTE, record(flow(NSG, "x", DENIED), flow(NSG, "y", BEGIN, bad, None, END)))
    assert [row.locator.tuple for row in records] == [0, 0, 1, 0, 0, 0, 3]
    places = [(piece.locator, piece.reason) for piece in records.malformed]
    assert places == [
        (Locator("PT1H.json", 1, 1, 0, 1), "destination port '70000' is not a number up to 65535"),
        (Locator("PT1H.json", 1, 1, 0, 2), "is not a text"),
    ]
    assert [piece.text for piece in records.malformed] == [bad, "null"]


@pytest.mark.parametrize(
    ("piece", "locator", "reason"),
    [
        ("text", Locator("PT1H.json", 1), "is not an object"),
        (record(flowRecords={}), Locator("PT1H.json", 1), "of category 'FlowLogFlowEvent' has no list"),
        ({"category": "Administrative"}, Locator("PT1H.json", 1), "of category 'Administrative' has no list"),
        (record(None), Locator("PT1H.json", 1, 0), "has no list 'flowGroups'"),
        (record(flow(NSG, "x"), {"aclID": NSG}), Locator("PT1H.json", 1, 1), "has no list 'flowGroups'"),
        (record({"flowGroups": [{"rule": "x"}]}), Locator("PT1H.json", 1, 0, 0), "has no list 'flowTuples'"),
    ],
)
def test_a_malformed_part_is_listed_and_the_rest_is_read(piece: object, locator: Locator, reason: str) -> None:
    records = read(MINUTE, piece)
    assert len(records) == 4
    assert [malformed.locator for malformed in records.malformed] == [locator]
    assert records.malformed[0].reason.startswith(reason)


def test_bytes_that_are_no_text_cost_only_their_tuple() -> None:
    data = json.dumps({"records": [MINUTE]}).encode().replace(b"35.203.210.97", b"35.203.210.\xff7")
    records = read_vnet_flow_log(data)
    assert (len(records), len(records.malformed)) == (3, 1)


def test_strict_refuses_what_is_listed_otherwise() -> None:
    with pytest.raises(FlowLogError) as caught:
        read(MINUTE, record(flow(NSG, "x", "nonsense")), strict=True)
    assert caught.value.code == "VNS3007"
    assert caught.value.place == "PT1H.json records[1].flowRecords.flows[0].flowGroups[0].flowTuples[0]"
    assert "'nonsense' has 1 fields, not 13" in caught.value.message


# --- Refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 20, 200, -1, -2, -3])
def test_a_blob_that_is_cut_off_is_one_clear_error(cut: int) -> None:
    whole = json.dumps({"records": [MINUTE]}).encode()[:cut]
    error = refusal(whole)
    assert (error.code, error.place) == ("VNS3002", f"PT1H.json byte {len(whole)}")
    assert "cut off" in error.message


def test_the_line_that_is_cut_off_is_named() -> None:
    error = refusal(lines(MINUTE, SECOND_MINUTE)[:-20])
    assert error.code == "VNS3002"
    assert error.place.startswith("PT1H.json:2 ")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "VNS3002"),
        (b" \n", "VNS3002"),
        (b"time,source\n1,2\n", "VNS3002"),
        (b'{"records":[]}}', "VNS3002"),
        (b"[" * 100_000, "VNS3002"),
        (b"null", "VNS3003"),
        (b"{}", "VNS3003"),
        (b'{"records":[{"category":"Administrative"}]}', "VNS3003"),
        (b'{"records":' * 9 + b"[]" + b"}" * 9, "VNS3003"),
        (json.dumps(record(flowLogVersion=5)).encode(), "VNS3006"),
    ],
)
def test_what_is_no_flow_log_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_an_nsg_flow_log_is_recognised_and_refused() -> None:
    properties = {"Version": 2, "flows": [{"rule": "x", "flows": [{"mac": "x", "flowTuples": [NSG_V2]}]}]}
    for category in ("NetworkSecurityGroupFlowEvent", "other"):
        error = refusal({"records": [{"category": category, "properties": properties}]})
        assert error.code == "VNS3004"
        assert "NSG flow log, version 2" in error.message


def test_nsg_tuples_in_a_vnet_flow_log_are_refused_with_the_place() -> None:
    error = refusal({"records": [MINUTE, record(flow(NSG, "x", DENIED, NSG_V2))]})
    assert error.code == "VNS3005"
    assert error.place == "PT1H.json records[1].flowRecords.flows[0].flowGroups[0].flowTuples[1]"
    assert NSG_V2 in error.message


# --- Hostile input ---------------------------------------------------------------------------------------------------

BLOB = json.dumps({"records": [MINUTE, SECOND_MINUTE]}).encode()


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_vnet_flow_log(data)
    except FlowLogError as error:
        assert error.code.startswith("VNS30")


@given(st.integers(0, len(BLOB)), st.integers(0, 3), st.binary(max_size=3))
@example(BLOB.index(b"O,E,NX"), 1, b"\xff")
def test_a_damaged_blob_is_read_or_refused(at: int, cut: int, inserted: bytes) -> None:
    data = BLOB[:at] + inserted + BLOB[at + cut :]
    try:
        records = read_vnet_flow_log(data)
    except FlowLogError as error:
        assert error.code.startswith("VNS30")
        return
    assert len(records) + records.duplicates <= 5


def test_a_record_is_read_or_refused_at_any_depth() -> None:
    for depth in range(700, 1100, 7):
        deep = json.dumps(MINUTE).encode()[:-1] + b', "x": ' + b"[" * depth + b"]" * depth + b"}"
        try:
            assert len(read_vnet_flow_log(deep)) == 4
        except FlowLogError as error:
            assert "nested too deep" in error.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.data())
def test_damage_in_one_place_never_loses_a_good_tuple_elsewhere(data: st.DataObject) -> None:
    """Any value in the place of one flow, group or tuple leaves all the others readable, in their order."""
    ports = iter(range(1, 100))
    flows: list[Any] = [
        flow(NSG, f"r{at}", *(BEGIN.replace("56354", str(next(ports))) for _ in range(3))) for at in range(3)
    ]
    damaged, junk = data.draw(st.integers(0, 2), "flow"), data.draw(JSON, "junk")
    depth = data.draw(st.sampled_from(["flow", "group", "tuple"]), "depth")
    lost = [1 + 3 * damaged + at for at in range(3)]
    if depth == "flow":
        flows[damaged] = junk if not isinstance(junk, dict) else [junk]
    elif depth == "group":
        flows[damaged]["flowGroups"] = [junk]
    else:
        flows[damaged]["flowGroups"][0]["flowTuples"][1] = junk
        lost = [lost[1]]
    records = read(record(*flows))
    assert records.source_port.tolist() == [port for port in range(1, 10) if port not in lost]
    assert len(records.malformed) == 1
