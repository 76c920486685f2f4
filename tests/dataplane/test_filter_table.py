"""A filter table answers as a plain loop over its rules does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.azure.resource import ResourceId
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.filter_table import (
    IN_INTERNET,
    IN_VIRTUAL_NETWORK,
    MAYBE_VIRTUAL_NETWORK,
    NO_PORT,
    FilterTable,
    Header,
)
from simulator.network.filter_rules import AddressSet, FilterRule
from simulator.space.addresses import Prefix, parse_prefix
from simulator.walk.packets import Addresses

GROUP = ResourceId("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/g")
SPACE = [
    parse_prefix(text) for text in ("10.0.0.0/30", "10.0.0.1", "10.0.0.2/31", "fd00::/126", "fd00::1", "0.0.0.0/0")
]
HOSTS = [*(prefix.low for prefix in SPACE), *(prefix.high for prefix in SPACE)]
PORTS = [0, 1, 22, 23, 443, 65535]

address_sets = st.builds(
    AddressSet,
    st.lists(st.sampled_from(SPACE), max_size=2).map(tuple),
    st.frozensets(st.sampled_from(["VirtualNetwork", "Internet"]), max_size=2),
    st.sampled_from([(), (), (), ("asg-unknown",)]),
)
port_ranges = st.lists(st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(sorted).map(tuple), max_size=2)
rules = st.builds(
    FilterRule,
    st.just(GROUP.child("securityRules", "r")),
    st.just("r"),
    st.integers(100, 4096),
    st.sampled_from(["Allow", "Deny", "AlwaysAllow"]),
    st.sampled_from([(), (6,), (17,), (1, 58)]),
    address_sets,
    address_sets,
    port_ranges.map(tuple),
    port_ranges.map(tuple),
)
Packet = tuple[int, int, int, int, int, int, int]
packets = st.tuples(
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    st.sampled_from([*PORTS, NO_PORT]),
    st.sampled_from([*PORTS, NO_PORT]),
    st.sampled_from([1, 6, 17, 50]),
    st.integers(0, 7),
    st.integers(0, 7),
)


def _side(side: AddressSet, address: int, tag: int, may: bool) -> bool:
    tags = {"VirtualNetwork": IN_VIRTUAL_NETWORK | (MAYBE_VIRTUAL_NETWORK if may else 0), "Internet": IN_INTERNET}
    inside = any(prefix.low <= address <= prefix.high for prefix in side.prefixes)
    return inside or any(tag & tags[name] for name in side.tags) or (may and bool(side.unresolved))


def _port(ranges: tuple[tuple[int, int], ...], port: int) -> bool:
    return port == NO_PORT or any(low <= port <= high for low, high in ranges)


def _matches(rule: FilterRule, packet: Packet, may: bool) -> bool:
    source, destination, source_port, destination_port, protocol, source_tag, destination_tag = packet
    return (
        (not rule.protocols or protocol in rule.protocols)
        and _port(rule.source_ports, source_port)
        and _port(rule.destination_ports, destination_port)
        and _side(rule.sources, source, source_tag, may)
        and _side(rule.destinations, destination, destination_tag, may)
    )


def _header(atoms: Atoms, batch: list[Packet]) -> Header:
    columns = list(zip(*batch, strict=True))
    sources, destinations = Addresses.of(columns[0]), Addresses.of(columns[1])
    return Header(
        atoms.find(sources.high, sources.low),
        atoms.find(destinations.high, destinations.low),
        np.array(columns[2], np.int32),
        np.array(columns[3], np.int32),
        np.array(columns[4], np.uint8),
        np.array(columns[5], np.uint8),
        np.array(columns[6], np.uint8),
    )


@given(st.lists(rules, max_size=80), st.lists(packets, min_size=1, max_size=40))
def test_first_match_equals_a_loop(listed: list[FilterRule], batch: list[Packet]) -> None:
    atoms = Atoms([*SPACE, *(Prefix(host, host) for host in HOSTS)])
    found = FilterTable(GROUP, tuple(listed), atoms).first_match(_header(atoms, batch))
    for at, packet in enumerate(batch):
        expected = next((row for row, rule in enumerate(listed) if _matches(rule, packet, True)), len(listed))
        assert found.row[at] == expected
        certain = expected == len(listed) or _matches(listed[expected], packet, False)
        assert found.is_certain[at] == certain


def test_a_rule_past_the_first_word_of_the_bitset_is_found() -> None:
    closed = FilterRule(GROUP, "r", 100, "Deny", (6,), AddressSet(), AddressSet(), ((0, 65535),), ((0, 65535),))
    open_ = FilterRule(
        GROUP, "last", 200, "Allow", (), AddressSet((SPACE[0],)), AddressSet((SPACE[0],)), ((0, 65535),), ((0, 65535),)
    )
    atoms = Atoms(SPACE)
    table = FilterTable(GROUP, (*[closed] * 130, open_), atoms)
    header = _header(atoms, [(SPACE[0].low, SPACE[0].high, 1, 443, 6, 0, 0)])
    assert table.first_match(header).row.tolist() == [130]
