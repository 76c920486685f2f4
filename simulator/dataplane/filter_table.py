"""A filter as arrays: which rule of an ordered list is the first to match each packet.

Five equal axes (source, destination, source port, destination port, protocol). On each axis the value of a packet
falls into a class, and each class has a bitset of the rules that match there; the AND of the five bitsets holds the
rules that match the packet, and its lowest bit is the rule that decides. ``VirtualNetwork`` and ``Internet`` are not
expanded into rules: what they hold depends on the subnet, so they come in as a tag of the packet's address and are
OR-ed in as bitsets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.interned import distinct
from simulator.network.filter_rules import AddressSet, FilterRule, PortRange

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

#: Tags of an address as seen from a subnet, as bits. MAYBE: a gateway with unknown routes could make it VirtualNetwork.
IN_VIRTUAL_NETWORK, IN_INTERNET, MAYBE_VIRTUAL_NETWORK = 1, 2, 4
TAG_COMBINATIONS = 8
#: Bits that no rule reads: the address is in VirtualNetwork, or in Internet, under one reading of an assumption only.
BY_DEFAULT_ROUTE = 8
INTERNET_READINGS = {"on_premises_in_internet": 16, "tag_routes_leave_internet": 32}
#: The port of a packet whose protocol has none: every rule matches it.
NO_PORT = 65536
ALLOW, DENY, ALWAYS_ALLOW, NO_MATCH = 0, 1, 2, 3
#: What the documentation lists for "Any": TCP, UDP and both versions of ICMP.
DOCUMENTED_PROTOCOLS = (1, 6, 17, 58)
_ACTIONS = {"Allow": ALLOW, "Deny": DENY, "AlwaysAllow": ALWAYS_ALLOW}

Run = tuple[int, int]


class Header(NamedTuple):
    """The five fields of packets, addresses as atoms, with the tags their addresses have at the filter's subnet."""

    source: Int32
    destination: Int32
    source_port: Int32
    destination_port: Int32
    protocol: UInt8
    source_tag: UInt8
    destination_tag: UInt8

    def at(self, index: npt.NDArray[np.intp]) -> Header:
        return Header(
            self.source[index],
            self.destination[index],
            self.source_port[index],
            self.destination_port[index],
            self.protocol[index],
            self.source_tag[index],
            self.destination_tag[index],
        )


class Matches(NamedTuple):
    """`row`: the deciding rule, or the number of rules where none matches; not `is_certain`: it only MAY match."""

    row: Int32
    is_certain: Bools


class Axis:
    """One header field: sorted points, and for each class between points the bitset of the rules that match there."""

    def __init__(self, runs_of_rules: Sequence[Iterable[Run]]) -> None:
        width = (len(runs_of_rules) + 63) // 64
        low, stop, rule = _columns(runs_of_rules)
        self.points: npt.NDArray[np.int64] = distinct(np.concatenate([[0], low, stop])).astype(np.int64)
        toggles = np.zeros((len(self.points), width), np.uint64)
        bit = np.uint64(1) << (rule & 63).astype(np.uint64)
        for edge in (low, stop):  # runs of one rule are disjoint, so each edge turns its bit over exactly once
            np.bitwise_xor.at(toggles, (np.searchsorted(self.points, edge), rule >> 6), bit)
        self.bits: UInt64 = np.bitwise_xor.accumulate(toggles, axis=0)

    def match(self, values: npt.NDArray[np.integer]) -> UInt64:
        """Bitsets of the rules that match, one row a value."""
        found: UInt64 = self.bits[np.searchsorted(self.points, values, "right") - 1]
        return found


def _deployment_matters(rules: tuple[FilterRule, ...]) -> list[bool]:
    """Of each admin rule, would a match mean something else if its configuration is not deployed?

    An Allow ends nothing, so it matters only where a later rule that does not depend on the same could then decide.
    """
    if not any(rule.deployment_unknown for rule in rules):
        return [False] * len(rules)
    ends = [(rule.depends_on, rule.action != "Allow") for rule in rules]
    return [
        rule.deployment_unknown
        and (ends[at][1] or any(decides and held != ends[at][0] for held, decides in ends[at + 1 :]))
        for at, rule in enumerate(rules)
    ]


class FilterTable:
    """The compiled form of one ordered rule list of `acl`; `rules` keeps where each row came from.

    `every_protocol`: what protocol ``*`` of a rule that Azure did not add itself stands for; else TCP, UDP and ICMP.
    """

    def __init__(
        self, acl: ResourceId, rules: tuple[FilterRule, ...], atoms: Atoms, every_protocol: bool = True
    ) -> None:
        self.acl = acl
        self.rules = rules
        self._atoms = atoms
        self._every_protocol = every_protocol
        actions = [_ACTIONS[rule.action] for rule in rules]
        self.action = np.array([*actions, NO_MATCH], np.uint8)
        self.deployment_matters = np.array([*_deployment_matters(rules), False])
        self.is_default = np.array([*(rule.is_default for rule in rules), False])
        self.is_resolved = np.array([*(not _unresolved(rule) for rule in rules), True])
        self.is_any_protocol = np.array([*(not rule.protocols and not rule.is_default for rule in rules), False])

    def first_match(self, header: Header) -> Matches:
        """The first rule that matches, or may match, each packet."""
        may = self._may(header)
        row = _lowest_bit(may, len(self.rules))
        doubtful = ((header.source_tag | header.destination_tag) & MAYBE_VIRTUAL_NETWORK) != 0
        if not self.rules or not (doubtful.any() or not self.is_resolved.all()):
            return Matches(row, np.ones(len(row), bool))
        must = self._must(header)
        matched = np.minimum(row, len(self.rules) - 1)
        hit = must[np.arange(len(row)), matched >> 6] >> (matched & 63).astype(np.uint64) & np.uint64(1)
        return Matches(row, (hit == 1) | (row == len(self.rules)))

    def all_matches(self, header: Header) -> list[list[int]]:
        """For each packet every rule that matches, or may match, in order."""
        bits = np.unpackbits(self._may(header).view(np.uint8), axis=1, bitorder="little")
        return [np.flatnonzero(row).tolist() for row in bits]

    def _may(self, header: Header) -> UInt64:
        sources = self._source.match(header.source) | self._tags(self._rules_by_source_tag, header.source_tag, True)
        destinations = self._destination.match(header.destination)
        destinations |= self._tags(self._rules_by_destination_tag, header.destination_tag, True)
        rest = self._services(header)
        found: UInt64 = (sources | self._unresolved_sources) & (destinations | self._unresolved_destinations) & rest
        return found

    def _must(self, header: Header) -> UInt64:
        sources = self._source.match(header.source) | self._tags(self._rules_by_source_tag, header.source_tag, False)
        destinations = self._destination.match(header.destination)
        destinations |= self._tags(self._rules_by_destination_tag, header.destination_tag, False)
        found: UInt64 = sources & destinations & self._services(header)
        return found

    def _services(self, header: Header) -> UInt64:
        found: UInt64 = (
            self._protocol.match(header.protocol)
            & self._source_port.match(header.source_port)
            & self._destination_port.match(header.destination_port)
        )
        return found

    @staticmethod
    def _tags(by_tag: UInt64, tag: UInt8, may: bool) -> UInt64:
        read = IN_VIRTUAL_NETWORK | IN_INTERNET | (MAYBE_VIRTUAL_NETWORK if may else 0)
        found: UInt64 = by_tag[tag & np.uint8(read)]
        return found

    # Axes are built when first asked: `explain` compiles only the filters its packet meets.
    @cached_property
    def _source(self) -> Axis:
        return Axis([self._runs(rule.sources) for rule in self.rules])

    @cached_property
    def _destination(self) -> Axis:
        return Axis([self._runs(rule.destinations) for rule in self.rules])

    @cached_property
    def _source_port(self) -> Axis:
        return Axis([_port_runs(rule.source_ports) for rule in self.rules])

    @cached_property
    def _destination_port(self) -> Axis:
        return Axis([_port_runs(rule.destination_ports) for rule in self.rules])

    @cached_property
    def _protocol(self) -> Axis:
        return Axis([self._protocol_runs(rule) for rule in self.rules])

    @cached_property
    def _rules_by_source_tag(self) -> UInt64:
        return self._rules_by_tag(lambda rule: rule.sources.tags)

    @cached_property
    def _rules_by_destination_tag(self) -> UInt64:
        return self._rules_by_tag(lambda rule: rule.destinations.tags)

    @cached_property
    def _unresolved_sources(self) -> UInt64:
        return _bitset(len(self.rules), [at for at, rule in enumerate(self.rules) if rule.sources.unresolved])

    @cached_property
    def _unresolved_destinations(self) -> UInt64:
        return _bitset(len(self.rules), [at for at, rule in enumerate(self.rules) if rule.destinations.unresolved])

    def _protocol_runs(self, rule: FilterRule) -> list[Run]:
        any_protocol = () if rule.is_default or self._every_protocol else DOCUMENTED_PROTOCOLS
        return [(number, number + 1) for number in rule.protocols or any_protocol] or [(0, 256)]

    def _runs(self, addresses: AddressSet) -> list[Run]:
        return [run for prefix in addresses.prefixes for run in self._atoms.interval(prefix)]

    def _rules_by_tag(self, tags: Callable[[FilterRule], frozenset[str]]) -> UInt64:
        """A bitset for each combination of tag bits: the rules that name a tag the address has (or may have)."""
        named = {name: [at for at, rule in enumerate(self.rules) if name in tags(rule)] for name in _TAG_BITS}
        rows = [
            _bitset(len(self.rules), [at for name, bits in _TAG_BITS.items() if tag & bits for at in named[name]])
            for tag in range(TAG_COMBINATIONS)
        ]
        return np.stack(rows)


def _unresolved(rule: FilterRule) -> bool:
    return bool(rule.sources.unresolved or rule.destinations.unresolved)


_TAG_BITS = {"VirtualNetwork": IN_VIRTUAL_NETWORK | MAYBE_VIRTUAL_NETWORK, "Internet": IN_INTERNET}


def _columns(runs_of_rules: Sequence[Iterable[Run]]) -> tuple[npt.NDArray[np.int64], ...]:
    flat = [(low, stop, rule) for rule, runs in enumerate(runs_of_rules) for low, stop in _disjoint(runs)]
    low, stop, rule = zip(*flat, strict=True) if flat else ((), (), ())
    return np.array(low, np.int64), np.array(stop, np.int64), np.array(rule, np.int64)


def _disjoint(runs: Iterable[Run]) -> list[Run]:
    merged: list[Run] = []
    for low, stop in sorted(runs):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((low, stop))
    return merged


def _port_runs(ranges: tuple[PortRange, ...]) -> list[Run]:
    return [*((low, high + 1) for low, high in ranges), (NO_PORT, NO_PORT + 1)]


def _bitset(count: int, members: list[int]) -> UInt64:
    bits = np.zeros((count + 63) // 64, np.uint64)
    for member in members:
        bits[member >> 6] |= np.uint64(1 << (member & 63))
    return bits


def _lowest_bit(words: UInt64, nothing: int) -> Int32:
    """Number of the lowest bit set in each row of `words`; `nothing` where none is."""
    if not words.shape[1]:
        return np.full(len(words), nothing, np.int32)
    first = (words != 0).argmax(axis=1)
    word = words[np.arange(len(words)), first]
    isolated = word & (~word + np.uint64(1))
    # A power of two below 2**64 is exact in a double, so frexp gives its exponent without rounding.
    bit = np.frexp(isolated.astype(np.float64))[1] - 1
    row: Int32 = np.where(word == 0, nothing, first * 64 + bit).astype(np.int32)
    return row
