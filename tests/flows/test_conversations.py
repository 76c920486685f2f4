"""Distinct conversations, and the bytes that passed while the log covered them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.flows.conversations import MOST_PACKETS, Conversations
from simulator.flows.records import FlowRecord, FlowRecords, State

START = datetime(2024, 12, 31, 9, tzinfo=UTC)
ROW = FlowRecord(START, "000D3A359573", "Outbound", "10.1.0.4", "20.10.127.193", 56354, 443, 6, "B", "nsg", "x")


def entry(seconds: float, state: State, sent: int = 0, received: int = 0, source_port: int = 56354) -> FlowRecord:
    packets = {"packets_sent": sent // 100, "packets_received": received // 100}
    return replace(
        ROW,
        time=START + timedelta(seconds=seconds),
        state=state,
        source_port=source_port,
        bytes_sent=sent,
        bytes_received=received,
        **packets,  # type: ignore[arg-type]
    )


def of(rows: Sequence[FlowRecord]) -> Conversations:
    return Conversations.of(FlowRecords.of(rows))


def test_records_of_one_flow_are_one_conversation() -> None:
    found = of([entry(0, "B"), entry(1, "B", source_port=2), entry(300, "C", 500, 700), entry(320, "E", 100, 200)])
    assert found.of_record.tolist() == [0, 1, 0, 0]
    assert found.count.tolist() == [3, 1]
    assert (found.last_time - found.first_time).tolist() == [320_000, 0]
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([600, 0], [900, 0])
    assert found.bytes_before_log.tolist() == [0, 0]


def test_a_flow_whose_encryption_changes_is_two_conversations_of_one_session() -> None:
    later = [replace(entry(300, "C", 500, 700), encryption="X"), replace(entry(320, "E", 100, 200), encryption="X")]
    found = of([entry(0, "B"), *later, entry(0, "B", source_port=2)])
    assert found.of_record.tolist() == [0, 1, 1, 2]
    assert [found.records.encryptions[at] for at in found.encryption] == ["NX", "X", "NX"]
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([0, 600, 0], [0, 900, 0])
    assert found.bytes_before_log.tolist() == [0, 0, 0]
    assert found.decisions().tolist() == [0, 0, 1]
    assert of([entry(0, "B"), entry(0, "B", source_port=2)]).decisions().tolist() == [0, 1]


def test_another_nic_direction_rule_or_verdict_is_another_conversation() -> None:
    others = [
        replace(ROW, mac="000D3A359574"),
        replace(ROW, direction="Inbound"),
        replace(ROW, rule="y"),
        replace(ROW, acl="nsg2"),
        replace(ROW, state="D"),
        replace(ROW, protocol=17),
        replace(ROW, source="10.1.0.5"),
        replace(ROW, encryption="X"),
    ]
    found = of([ROW, *others, replace(ROW, state="E")])
    assert len(found) == 9
    assert found.is_denied.tolist() == [False] * 5 + [True, False, False, False]
    assert found.of_record[-1] == 0


def test_counters_go_on_after_an_end_that_begins_again_at_once() -> None:
    """As in a real log: 8/5183/9/6707, begun again in the same millisecond, then 10/5291/10/6809 in all."""
    found = of([entry(0, "B"), entry(5, "E", 5183, 6707), entry(5, "B"), entry(10, "E", 5291, 6809)])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([5291], [6809])


def test_counters_that_start_anew_after_such_an_end_are_added() -> None:
    found = of([entry(0, "B"), entry(5, "E", 5000, 7000), entry(5, "B"), entry(10, "E", 600, 900)])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([5600], [7900])


def test_the_next_connection_on_the_same_ports_is_added() -> None:
    found = of([entry(0, "B"), entry(5, "E", 500, 700), entry(60, "B"), entry(65, "E", 600, 900)])
    assert found.bytes_sent.tolist() == [1100]


def test_counters_without_a_begin_may_be_of_a_whole_life_and_are_kept_apart() -> None:
    found = of([entry(0, "E", 2461230, 3609276), entry(0, "B"), entry(64, "E", 2461320, 3609408)])
    assert found.bytes_before_log.tolist() == [2461230 + 3609276]
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([90], [132])


def test_the_first_counters_may_be_of_five_minutes_without_a_begin() -> None:
    most = MOST_PACKETS * 100
    found = of([entry(0, "C", most, 200), entry(300, "C", 7_000_000)])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([most + 7_000_000], [200])
    assert of([entry(0, "E", most + 100, 200)]).bytes_before_log.tolist() == [most + 300]
    assert of([entry(0, "E", 200, most + 100)]).bytes_before_log.tolist() == [most + 300]
    without_packets = replace(entry(0, "E", 5000), packets_sent=None)
    assert of([without_packets]).bytes_before_log.tolist() == [5000]


@pytest.mark.parametrize("state", ["C", "E"])
def test_counters_after_an_end_without_another_begin_are_kept_apart(state: State) -> None:
    found = of([entry(0, "B"), entry(5, "E", 500, 700), entry(60, state, 600, 900)])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([500], [700])
    assert found.bytes_before_log.tolist() == [1500]


def under(rule: str, row: FlowRecord, acl: str = "nsg") -> FlowRecord:
    return replace(row, rule=rule, acl=acl)


def test_a_flow_that_goes_on_under_another_rule_is_one_session() -> None:
    """Its bytes belong to the rule under which they are reported."""
    begin, end = entry(0, "B"), replace(entry(5, "E", 5183, 6707), packets_sent=8, packets_received=9)
    found = of([under("allow-web", begin), under("allow-all", end)])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([0, 5183], [0, 6707])
    assert found.bytes_before_log.tolist() == [0, 0]


@pytest.mark.parametrize("spelling", ["/SUBSCRIPTIONS/0/NSG-WEB", "8e593d16-5f9d-4b25-b3b2-df7b6951a08b"])
def test_an_acl_that_is_spelt_in_another_way_is_the_same_session(spelling: str) -> None:
    large = entry(5, "E", 2461230, 3609276)
    found = of([under("x", entry(0, "B"), acl=spelling), under("x", large, acl="/subscriptions/0/nsg-web")])
    assert (found.bytes_sent.sum(), found.bytes_received.sum()) == (2461230, 3609276)
    assert not found.bytes_before_log.any()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3)])
def test_counters_go_on_where_a_split_changes_the_rule(order: Sequence[int]) -> None:
    """A record lists platform rules first, so that the begin may stand before the end of the same millisecond."""
    rows = [
        under("allow-web", entry(0, "B")),
        under("allow-web", entry(5, "E", 5183, 6707)),
        under("PlatformRule", entry(5, "B")),
        under("PlatformRule", entry(10, "E", 5291, 6809)),
    ]
    found = of([rows[at] for at in order])
    assert (found.bytes_sent.tolist(), found.bytes_received.tolist()) == ([5183, 108], [6707, 102])
    assert not found.bytes_before_log.any()


def test_a_denied_attempt_opens_no_session() -> None:
    found = of([entry(0, "D"), entry(5, "E", 2461230, 3609276)])
    assert found.bytes_before_log.tolist() == [0, 2461230 + 3609276]


def test_empty_counters_add_nothing() -> None:
    empty = replace(entry(5, "E"), packets_sent=None, bytes_sent=None, packets_received=None, bytes_received=None)
    assert of([entry(0, "B"), empty]).bytes_sent.tolist() == [0]


def test_packets_are_read_in_the_view_of_the_nic_that_logged() -> None:
    found = of([ROW, replace(ROW, mac="000D3A359574"), replace(ROW, mac="000D3A359575", source="fd00::4")])
    packets = found.packets({"000D3A359573": 3, "000D3A359575": 1})
    assert packets.context.tolist() == [3, -1, 1]
    assert packets.source.texts() == ["10.1.0.4", "10.1.0.4", "fd00::4"]
    assert (packets.source_port[0], packets.destination_port[0], packets.protocol[0]) == (56354, 443, 6)


def test_no_records_are_no_conversations() -> None:
    found = of([])
    assert len(found) == 0
    assert len(found.packets({})) == 0


ROWS = st.lists(
    st.builds(
        entry,
        st.integers(0, 5),
        st.sampled_from(["B", "C", "E", "D"]),
        st.integers(0, 500),
        st.integers(0, 500),
        st.integers(1, 2),
    ),
    max_size=12,
)


@given(ROWS)
def test_each_record_has_its_conversation_and_no_byte_is_counted_twice(rows: list[FlowRecord]) -> None:
    found = of(rows)
    assert found.count.sum() == len(rows)
    for row, at in zip(rows, found.of_record, strict=True):
        assert (row.source_port, row.state == "D") == (found.source_port[at], found.is_denied[at])
    counted = found.bytes_sent + found.bytes_received + found.bytes_before_log
    logged = sum((row.bytes_sent or 0) + (row.bytes_received or 0) for row in rows if row.state in "CE")
    assert (found.bytes_sent >= 0).all()
    assert 0 <= counted.sum() <= logged


#: Tuples of one flow a millisecond apart, so that any end may be a split, each with a rule of its own.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["B", "C", "E"]), st.sampled_from([0, 100, 600, 400_000]), st.sampled_from(["x", "y", "z"])
    ),
    max_size=12,
)


@given(STEPS)
def test_the_bytes_of_a_flow_do_not_depend_on_the_rules_it_is_logged_under(steps: list[tuple[State, int, str]]) -> None:
    rows = [entry(at / 1000, state, size, size) for at, (state, size, _) in enumerate(steps)]
    alone, ruled = of(rows), of([under(rule, row) for row, (_, _, rule) in zip(rows, steps, strict=True)])
    for name in ("bytes_sent", "bytes_received", "bytes_before_log"):
        assert getattr(ruled, name).sum() == getattr(alone, name).sum()
