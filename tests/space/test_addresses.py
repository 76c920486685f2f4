"""Laws of addresses and prefixes, held against the standard library and against sets of points."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.space.addresses import (
    ADDRESS_SPACE_END,
    EVERYTHING,
    IPV4_SPACE,
    MAPPED,
    Prefix,
    as_cidrs,
    format_address,
    merge,
    parse_address,
    parse_prefix,
    prefix_intervals,
    subtract,
)

# Windows at every edge of the space: both ends of IPv4, of IPv6, and of IPv6 around the block that stands for IPv4.
WINDOW = 12
_ends = [MAPPED, MAPPED + (1 << 32) - WINDOW, 0, MAPPED - WINDOW, MAPPED + (1 << 32), ADDRESS_SPACE_END - WINDOW]
POINTS = {family: sorted(at + step for at in _ends for step in range(WINDOW) if ((at >> 32) == 0xFFFF) == family)
          for family in (True, False)}  # fmt: skip


def interval_of(pair: tuple[int, int]) -> Prefix:
    return Prefix(min(pair), max(pair))


families = st.sampled_from(list(POINTS.values())).map(st.sampled_from)
intervals = families.flatmap(lambda points: st.tuples(points, points)).map(interval_of)
interval_lists = st.lists(intervals, max_size=8)

v4_networks = st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, 32)).map(
    lambda drawn: ipaddress.IPv4Network(drawn, strict=False)
)
# Above ::1:0:0:0, so that no network reaches the mapped block.
v6_networks = st.tuples(st.integers(1 << 48, (1 << 128) - 1), st.integers(81, 128)).map(
    lambda drawn: ipaddress.IPv6Network(drawn, strict=False)
)
networks = st.one_of(v4_networks, v6_networks)


def points_of(parts: Iterable[Prefix]) -> set[int]:
    """The points of the windows in any of `parts`; a prefix never covers an address of the other family."""
    return {at for part in parts for at in POINTS[part.is_ipv4] if part.low <= at <= part.high}


def assert_normal(parts: tuple[Prefix, ...]) -> None:
    """Sorted, disjoint, upwards, each of one family."""
    assert all(part.low <= part.high for part in parts)
    assert all(a.high < b.low for a, b in pairwise(parts))
    assert all(part.is_ipv4 or not part.overlaps(IPV4_SPACE) for part in parts)
    assert all(not part.is_ipv4 or IPV4_SPACE.covers(part) for part in parts)


@given(interval_lists)
def test_merge_keeps_the_points_and_nothing_touches(parts: list[Prefix]) -> None:
    merged = merge(parts)
    assert_normal(merged)
    assert points_of(merged) == points_of(parts)
    assert all(a.high + 1 < b.low or a.is_ipv4 != b.is_ipv4 for a, b in pairwise(merged))


@given(interval_lists.flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts))))
def test_merge_is_a_normal_form(drawn: tuple[list[Prefix], list[Prefix]]) -> None:
    parts, shuffled = drawn
    assert merge(shuffled) == merge(parts) == merge(merge(parts)) == merge([*parts, *parts])


@given(interval_lists, interval_lists)
def test_subtract_is_the_difference_of_points(wholes: list[Prefix], holes: list[Prefix]) -> None:
    remaining = subtract(wholes, holes)
    assert_normal(remaining)
    assert points_of(remaining) == points_of(wholes) - points_of(holes)


@given(interval_lists, interval_lists)
def test_what_is_taken_away_and_given_back_is_the_union(wholes: list[Prefix], holes: list[Prefix]) -> None:
    assert merge([*subtract(wholes, holes), *holes]) == merge([*wholes, *holes])
    assert subtract(wholes, wholes) == ()
    assert subtract(wholes, []) == merge(wholes)


@given(interval_lists)
def test_the_complement_of_the_complement(parts: list[Prefix]) -> None:
    assert subtract(EVERYTHING, subtract(EVERYTHING, parts)) == merge(parts)


@given(interval_lists)
def test_cidrs_hold_the_same_addresses(parts: list[Prefix]) -> None:
    assert merge(map(parse_prefix, as_cidrs(parts))) == merge(parts)


@given(st.one_of(st.lists(v4_networks, max_size=12), st.lists(v6_networks, max_size=12)))
def test_cidrs_are_those_of_the_standard_library(held: list[ipaddress.IPv4Network]) -> None:
    assert as_cidrs(parse_prefix(str(one)) for one in held) == list(map(str, ipaddress.collapse_addresses(held)))


@given(st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1)).map(sorted))
def test_a_range_splits_as_in_the_standard_library(ends: list[int]) -> None:
    first, last = map(ipaddress.IPv4Address, ends)
    assert as_cidrs([parse_prefix(f"{first}-{last}")]) == list(map(str, ipaddress.summarize_address_range(first, last)))


@given(st.ip_addresses())
def test_an_address_survives_parsing_and_formatting(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    value = parse_address(str(address))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    assert format_address(value) == str(mapped or address)
    assert parse_prefix(str(address)) == Prefix(value, value)


@given(networks, st.data())
def test_a_prefix_survives_parsing_and_formatting(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, data: st.DataObject
) -> None:
    host = data.draw(st.integers(0, network.num_addresses - 1))
    prefix = parse_prefix(f" {network[host]}/{network.prefixlen} ")  # host bits are cut off
    assert str(prefix) == str(network)
    assert parse_prefix(str(prefix)) == prefix
    assert (prefix.length, prefix.is_ipv4) == (network.prefixlen, network.version == 4)
    assert prefix.covers(parse_prefix(str(network[host])))


@given(intervals)
def test_any_interval_survives_formatting(interval: Prefix) -> None:
    parts = prefix_intervals(interval)
    assert [parse_prefix(str(part)) for part in parts] == list(parts)


@given(families.flatmap(lambda points: st.tuples(points, points, points, points)))
def test_overlaps_and_covers_agree_with_subtraction(drawn: tuple[int, int, int, int]) -> None:
    a, b = interval_of(drawn[:2]), interval_of(drawn[2:])
    assert a.overlaps(b) == b.overlaps(a) == (subtract([a], [b]) != merge([a]))
    assert a.covers(b) == (subtract([b], [a]) == ())


def test_all_of_ipv6_holds_no_ipv4_address() -> None:
    assert subtract([parse_prefix("::/0")], []) == (EVERYTHING[0], EVERYTHING[2])
    assert merge(map(parse_prefix, ["::/0", "0.0.0.0/0"])) == EVERYTHING
    assert as_cidrs([parse_prefix("0.0.0.0/0")]) == ["0.0.0.0/0"]
    assert not any(part.overlaps(IPV4_SPACE) for part in merge([parse_prefix("::/0")]))


def test_a_mapped_address_is_the_ipv4_address() -> None:
    assert parse_address("::ffff:10.0.0.1") == parse_address("10.0.0.1") == MAPPED + (10 << 24) + 1


@pytest.mark.parametrize(
    "text",
    ["", " ", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "VirtualNetwork", "*", "1",
     "10.0.0.9-10.0.0.4", "10.0.0.1-::1", "10.0.0.1-", "-", "10.0.0.0/8-10.0.0.9", "10.0.0.1-10.0.0.2-10.0.0.3"],
)  # fmt: skip
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_prefix(text)
