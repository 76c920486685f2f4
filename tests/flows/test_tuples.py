"""The tuple grammar: what is read, what is not, and the bulk parser held to the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.flows.records import Texts
from simulator.flows.tuples import fault, is_nsg_tuple, parse_tuples

GOOD = "1735636357995,10.1.0.4,20.10.127.193,56354,443,6,O,E,NX,8,5183,9,6707"
FIELDS = GOOD.split(",")


def with_field(at: int, value: str) -> str:
    return ",".join([*FIELDS[:at], value, *FIELDS[at + 1 :]])


def test_a_tuple_is_read_field_by_field() -> None:
    columns, faults = parse_tuples([GOOD], Texts())
    assert faults == []
    assert columns.time[0] == 1735636357995
    assert (columns.source.text(0), columns.destination.text(0)) == ("10.1.0.4", "20.10.127.193")
    assert (columns.source_port[0], columns.destination_port[0], columns.protocol[0]) == (56354, 443, 6)
    assert (columns.direction[0], columns.state[0]) == (1, 2)
    assert (columns.packets_sent[0], columns.bytes_sent[0]) == (8, 5183)
    assert (columns.packets_received[0], columns.bytes_received[0]) == (9, 6707)


def test_a_time_in_seconds_becomes_milliseconds() -> None:
    columns, _ = parse_tuples([with_field(0, "1754512773"), GOOD], Texts())
    assert columns.time.tolist() == [1754512773000, 1735636357995]


def test_empty_counters_are_not_zero() -> None:
    columns, faults = parse_tuples([",".join([*FIELDS[:9], "", "", "7", ""])], Texts())
    assert faults == []
    counters = (columns.packets_sent, columns.bytes_sent, columns.packets_received, columns.bytes_received)
    assert [int(column[0]) for column in counters] == [-1, -1, 7, -1]


def test_both_address_families_are_read() -> None:
    columns, faults = parse_tuples([with_field(1, "fd00:db8::4"), GOOD], Texts())
    assert faults == []
    assert columns.source.texts() == ["fd00:db8::4", "10.1.0.4"]


def test_an_encryption_word_that_is_not_documented_passes_through() -> None:
    texts, words = Texts(), ["NX_SOMETHING_NEW", "NX", "X", "NX_NEW_2", "NX-FOO", "N" + "X" * 63]
    columns, faults = parse_tuples([with_field(8, word) for word in words], texts)
    assert faults == []
    assert [texts.all[number] for number in columns.encryption] == words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has 1 fields, not 13"),
        (GOOD + ",", "has 14 fields, not 13"),
        (GOOD.rsplit(",", 1)[0], "has 12 fields, not 13"),
        (GOOD + "," + GOOD, "has 26 fields, not 13"),
        (with_field(0, "12345678901234567"), "time '12345678901234567' is not a number of milliseconds or seconds"),
        (with_field(1, "10.1.0.256"), "source '10.1.0.256' is not an IP address"),
        (with_field(1, "010.1.0.4"), "source '010.1.0.4' is not an IP address"),
        (with_field(2, " 10.1.0.4"), "destination ' 10.1.0.4' is not an IP address"),
        (with_field(2, "fe80::1%eth0"), "destination 'fe80::1%eth0' is not an IP address"),
        (with_field(3, "65536"), "source port '65536' is not a number up to 65535"),
        (with_field(4, "+443"), "destination port '+443' is not a number up to 65535"),
        (with_field(4, ""), "destination port '' is not a number up to 65535"),
        (with_field(5, "T"), "protocol 'T' is not an IANA protocol number"),
        (with_field(5, "256"), "protocol '256' is not an IANA protocol number"),
        (with_field(6, "i"), "direction 'i' is not I or O"),
        (with_field(7, "X"), "state 'X' is not B, C, E or D"),
        (with_field(8, "N X"), "encryption 'N X' is not a word such as X or NX"),
        (with_field(8, "8"), "encryption '8' is not a word such as X or NX"),
        (with_field(8, "-X"), "encryption '-X' is not a word such as X or NX"),
        (with_field(8, "NX;"), "encryption 'NX;' is not a word such as X or NX"),
        (with_field(8, "X" * 65), f"encryption '{'X' * 40}' is not a word such as X or NX"),
        (with_field(9, "1_0"), "packets sent '1_0' is not a number or empty"),
        (with_field(10, "٣"), "bytes sent '٣' is not a number or empty"),
        (with_field(11, "9" * 5000), f"packets received '{'9' * 40}' is not a number or empty"),
        (with_field(12, "-1"), "bytes received '-1' is not a number or empty"),
        (None, "is not a text"),
        (7, "is not a text"),
    ],
)
def test_a_tuple_that_breaks_the_grammar_says_how_and_its_neighbours_are_read(text: object, reason: str) -> None:
    columns, faults = parse_tuples([GOOD, text, GOOD], Texts())
    assert faults == [(1, reason)]
    assert columns.source_port.tolist() == [56354, 56354]


def test_tuples_of_nsg_flow_logs_are_recognised() -> None:
    assert is_nsg_tuple("1705318200,10.0.1.4,13.107.42.14,52044,443,T,O,A,B,5,1500,3,900")
    assert is_nsg_tuple("1542110437,125.64.94.197,10.5.16.4,59752,18264,T,I,D,B,,,,")
    assert is_nsg_tuple("1487282421,192.0.2.95,10.1.0.4,51529,5358,T,I,D")
    assert not is_nsg_tuple(GOOD)
    assert not is_nsg_tuple(None)


VALUES = st.one_of(
    st.sampled_from(["", "0", "007", "6", "17", "443", "65535", "65536", "1754512773", "1735636357995", "I", "O", "B"]),
    st.sampled_from(["D", "NX", "X", "10.1.0.4", "10.1.0", "1.2.3.4.5", "::1", "fd00::1:2", "::ffff:10.0.0.1", ":::"]),
    st.sampled_from(["\n", "1\n", "٣", " 1", "1e3", "NX-2", "9" * 19, "9" * 21, "0" * 21, "9" * 5000]),
    st.text(max_size=4),
)
TUPLES = st.one_of(
    st.just(GOOD),
    st.builds(with_field, st.integers(0, 12), VALUES),
    st.lists(VALUES, max_size=28).map(",".join),
    st.none() | st.integers() | st.text(),
)


@given(st.lists(TUPLES, max_size=6))
def test_many_tuples_are_read_as_one_by_one(texts: list[object]) -> None:
    known = Texts()
    columns, faults = parse_tuples(texts, known)
    assert faults == [(at, reason) for at, text in enumerate(texts) if (reason := fault(text))]
    good = [str(text) for text in texts if not fault(text)]
    assert len(columns.time) == len(good)
    for at, text in enumerate(good):
        alone, none = parse_tuples([text], known)
        assert none == []
        assert (columns.time[at], columns.bytes_sent[at]) == (alone.time[0], alone.bytes_sent[0])
        assert (columns.source.value(at), columns.destination.value(at)) == (
            alone.source.value(0),
            alone.destination.value(0),
        )
        assert columns.encryption[at] == alone.encryption[0]
