"""The packets of one ordered rule list as boxes, exactly: is there a packet that some rules match and others do not?

Each header field falls into cells: values that every rule of the list treats alike. A packet is one cell of each field;
a rule is a box of cells. Whether boxes cover another box is asked field by field, and of the cells of a field only
those matter that the fewest covering rules hold. IPv4 and IPv6, and protocols with and without ports, are apart, since
no packet mixes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from simulator.dataplane.filter_table import (
    IN_INTERNET,
    IN_VIRTUAL_NETWORK,
    MAYBE_VIRTUAL_NETWORK,
    NO_PORT,
    TAG_COMBINATIONS,
)
from simulator.network.filter_rules import AddressSet, FilterRule, PortRange
from simulator.space.addresses import ADDRESS_SPACE_END, IPV4_SPACE, MAPPED, Prefix
from simulator.walk.packets import TCP, UDP

#: Sets of rules are integers: bit `n` stands for the rule that is asked as number `n`.
RuleSet = int
#: Beyond so many options of one field the comparison of each with each costs more than it saves.
_MOST_COMPARED = 200
_TAG_BITS = {"VirtualNetwork": IN_VIRTUAL_NETWORK | MAYBE_VIRTUAL_NETWORK, "Internet": IN_INTERNET}
#: Every way in which an address can be in the two tags whose addresses depend on the subnet.
_ANY_TAGS = (0, IN_VIRTUAL_NETWORK, IN_INTERNET, IN_VIRTUAL_NETWORK | IN_INTERNET)
_WITH_PORTS = (TCP, UDP)


class BudgetExceededError(Exception):
    """More work than was allowed: nothing is known of what was asked."""


class Budget(Struct):
    """Steps that may still be taken in all, and for the question in hand."""

    total: int
    left: int

    def renew(self, steps: int) -> None:
        """Begin another question, which may take `steps`."""
        self.left = steps

    def spend(self, steps: int) -> None:
        """A step looks at one cell. Raises BudgetExceededError when too few are left."""
        self.total -= steps
        self.left -= steps
        if self.total < 0 or self.left < 0:
            raise BudgetExceededError


class Cell(NamedTuple):
    """Values of one field that all rules treat alike: those that may match, those that surely do, one of the values.

    The value of an address is its integer in `space.addresses` and the tag bits it has, as `FilterTable` has them.
    """

    may: RuleSet
    must: RuleSet
    value: int
    tag: int = 0


class Packet(NamedTuple):
    """One packet, as `FilterTable` is asked about it; ports are `NO_PORT` where the protocol has none."""

    source: int
    source_tag: int
    destination: int
    destination_tag: int
    protocol: int
    source_port: int
    destination_port: int


class TagView(Struct, frozen=True):
    """Which tag bits addresses have as seen from one subnet: `tags[i]` from ``points[i]`` up to the next point."""

    points: tuple[int, ...]
    tags: tuple[int, ...]


class RuleSpace:
    """One ordered rule list. `view` None: the tags VirtualNetwork and Internet may hold any address.

    Raises BudgetExceededError when the rules name more intervals than the budget has steps.
    """

    def __init__(self, rules: Sequence[FilterRule], view: TagView | None, budget: Budget) -> None:
        self.rules = tuple(rules)
        self._budget = budget
        self._every = (1 << len(self.rules)) - 1
        sources = self._addresses([rule.sources for rule in self.rules], view)
        destinations = self._addresses([rule.destinations for rule in self.rules], view)
        protocols = self._protocols()
        ports = tuple(
            self._ports([getattr(rule, side) for rule in self.rules]) for side in ("source_ports", "destination_ports")
        )
        self._slices: list[tuple[tuple[Cell, ...], ...]] = []
        for is_ipv4 in (True, False):
            ends = tuple(
                tuple(cell for cell in cells if _is_ipv4(cell.value) == is_ipv4) for cells in (sources, destinations)
            )
            with_ports = tuple(cell for cell in protocols if cell.value in _WITH_PORTS)
            without_ports = tuple(cell for cell in protocols if cell.value not in _WITH_PORTS)
            self._slices += [(*ends, with_ports, *ports), (*ends, without_ports)]
        self._boxes: dict[int, tuple[tuple[tuple[Cell, ...], ...], ...]] = {}

    def packet(self, of: Sequence[int], besides: RuleSet) -> Packet | None:
        """A packet that every rule of `of` may match and no rule of `besides` surely matches; None where none is.

        Raises BudgetExceededError when that cannot be told with the steps that are left.
        """
        first, *others = of
        wanted = _set_of(others)
        for box in self._box(first):
            axes = [tuple(cell for cell in cells if cell.may & wanted == wanted) for cells in box]
            self._budget.spend(sum(map(len, box)))
            found = _Search(axes, besides, self._budget).first() if all(axes) else None
            if found is not None:
                return _packet(found)
        return None

    def overlapping(self, at: int) -> RuleSet:
        """The rules that may match a packet that rule `at` may match, itself among them."""
        found = 0
        for box in self._box(at):
            found |= _all_of(_any_of(cell.may for cell in cells) for cells in box)
        return found

    def covering(self, at: int) -> RuleSet:
        """The rules that each by itself surely match every packet that rule `at` may match."""
        return _all_of(cell.must for box in self._box(at) for cells in box for cell in cells) & self._every

    def _box(self, at: int) -> tuple[tuple[tuple[Cell, ...], ...], ...]:
        """The cells that rule `at` may match, field by field, in each slice that it reaches."""
        if at not in self._boxes:
            bit = 1 << at
            boxes = [tuple(tuple(cell for cell in cells if cell.may & bit) for cells in axes) for axes in self._slices]
            self._budget.spend(sum(len(cells) for axes in self._slices for cells in axes))
            self._boxes[at] = tuple(box for box in boxes if all(box))
        return self._boxes[at]

    def _addresses(self, sides: Sequence[AddressSet], view: TagView | None) -> tuple[Cell, ...]:
        """Cells of one side: intervals between the edges of any prefix, times the tags an address there can have."""
        named: dict[tuple[Prefix, ...], RuleSet] = {}
        for at, side in enumerate(sides):
            named[side.prefixes] = named.get(side.prefixes, 0) | 1 << at
        self._budget.spend(sum(map(len, named)))
        unresolved = _set_of(at for at, side in enumerate(sides) if side.unresolved)
        is_tagged = any(side.tags for side in sides)
        by_tag = [self._named(sides, tag) for tag in range(TAG_COMBINATIONS)]
        edges = _toggles((prefix.low, prefix.high + 1, held) for prefixes, held in named.items() for prefix in prefixes)
        cells: dict[tuple[bool, RuleSet, RuleSet], Cell] = {}
        for low, held, tags in _kinds_of_address(edges, view):
            for tag in tags if is_tagged else tags[:1]:
                may, must = held | by_tag[tag] | unresolved, held | by_tag[tag & ~MAYBE_VIRTUAL_NETWORK]
                cells.setdefault((_is_ipv4(low), may, must), Cell(may, must, low, tag))
        return tuple(cells.values())

    @staticmethod
    def _named(sides: Sequence[AddressSet], tag: int) -> RuleSet:
        """The rules that name a tag which an address of these tag bits has, or may have."""
        return _set_of(
            at
            for at, side in enumerate(sides)
            if any(tag & bits for name, bits in _TAG_BITS.items() if name in side.tags)
        )

    def _ports(self, ranges_of: Sequence[tuple[PortRange, ...]]) -> tuple[Cell, ...]:
        named: dict[tuple[PortRange, ...], RuleSet] = {}
        for at, ranges in enumerate(ranges_of):
            named[ranges] = named.get(ranges, 0) | 1 << at
        edges = _toggles((low, high + 1, held) for ranges, held in named.items() for low, high in _disjoint(ranges))
        cells: dict[RuleSet, Cell] = {}
        for low, held in _running(edges, 65536):
            cells.setdefault(held, Cell(held, held, low))
        return tuple(cells.values())

    def _protocols(self) -> tuple[Cell, ...]:
        any_protocol = _set_of(at for at, rule in enumerate(self.rules) if not rule.protocols)
        named = {number for rule in self.rules for number in rule.protocols} | set(_WITH_PORTS)
        unnamed = next(number for number in range(256) if number not in named) if len(named) < 256 else None
        cells: dict[tuple[bool, RuleSet], Cell] = {}
        for number in sorted(named) if unnamed is None else [*sorted(named), unnamed]:
            held = any_protocol | _set_of(at for at, rule in enumerate(self.rules) if number in rule.protocols)
            cells.setdefault((number in _WITH_PORTS, held), Cell(held, held, number))
        return tuple(cells.values())


class _Search:
    """One question of `RuleSpace.packet` in one slice."""

    def __init__(self, axes: Sequence[tuple[Cell, ...]], besides: RuleSet, budget: Budget) -> None:
        self._axes = sorted(axes, key=len)
        self._order = sorted(range(len(axes)), key=lambda at: len(axes[at]))
        self._budget = budget
        self._besides = besides & _all_of(_any_of(cell.must for cell in cells) for cells in axes)
        self._covered: set[tuple[int, RuleSet]] = set()

    @cached_property
    def _whole(self) -> list[RuleSet]:
        """For each field the rules that hold every cell of it and of all later fields."""
        whole = [-1]
        for cells in reversed(self._axes):
            whole.append(whole[-1] & _all_of(cell.must for cell in cells))
        return whole[::-1]

    def first(self) -> list[Cell] | None:
        """A cell of each field, in the order in which they were given, such that no rule holds all of them."""
        found = self._from(0, self._besides)
        if found is None:
            return None
        by_field = dict(zip(self._order, found, strict=True))
        return [by_field[at] for at in range(len(found))]

    def _from(self, at: int, live: RuleSet) -> list[Cell] | None:
        """Cells of the fields from `at` on that leave none of the rules `live`, which hold all cells before."""
        if not live:
            return [cells[0] for cells in self._axes[at:]]
        if live & self._whole[at] or (at, live) in self._covered:
            return None
        options: dict[RuleSet, Cell] = {}
        for cell in self._axes[at]:
            options.setdefault(cell.must & live, cell)
        self._budget.spend(len(self._axes[at]))
        for held in self._fewest(options):
            found = self._from(at + 1, held)
            if found is not None:
                return [options[held], *found]
        self._covered.add((at, live))
        return None

    def _fewest(self, options: Iterable[RuleSet]) -> Iterator[RuleSet]:
        """The options, smallest first, without those that hold all the rules of another: they are harder to escape."""
        ordered = sorted(options, key=int.bit_count)
        if len(ordered) > _MOST_COMPARED:
            yield from ordered
            return
        kept: list[RuleSet] = []
        for held in ordered:
            self._budget.spend(len(kept))
            if not any(smaller & held == smaller for smaller in kept):
                kept.append(held)
                yield held


def members(rules: RuleSet) -> Iterator[int]:
    """The numbers of the rules, in the order in which they are asked."""
    while rules:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest


def _packet(cells: Sequence[Cell]) -> Packet:
    source, destination, protocol, *ports = cells
    numbers = [port.value for port in ports] or [NO_PORT, NO_PORT]
    return Packet(source.value, source.tag, destination.value, destination.tag, protocol.value, *numbers)


def _is_ipv4(address: int) -> bool:
    return address >> 32 == IPV4_SPACE.low >> 32


def _set_of(numbers: Iterable[int]) -> RuleSet:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def _all_of(sets: Iterable[RuleSet]) -> RuleSet:
    found = -1
    for held in sets:
        found &= held
    return found


def _any_of(sets: Iterable[RuleSet]) -> RuleSet:
    found = 0
    for held in sets:
        found |= held
    return found


def _toggles(runs: Iterable[tuple[int, int, RuleSet]]) -> dict[int, RuleSet]:
    """Point → the rules that begin or end to hold there; the runs of one rule are disjoint."""
    edges: dict[int, RuleSet] = {}
    for low, stop, held in runs:
        for edge in (low, stop):
            edges[edge] = edges.get(edge, 0) ^ held
    return edges


def _running(edges: dict[int, RuleSet], stop: int) -> Iterator[tuple[int, RuleSet]]:
    """(first value, rules that hold it) of each interval from 0 up to, not with, `stop`."""
    held = 0
    for point in sorted({*edges, 0} - {stop}):
        held ^= edges.get(point, 0)
        yield point, held


def _kinds_of_address(
    edges: dict[int, RuleSet], view: TagView | None
) -> Iterator[tuple[int, RuleSet, tuple[int, ...]]]:
    """(one address, rules whose prefixes hold it, tag bits it can have), once for each family and kind of address."""
    starts, tags = ((0,), (_ANY_TAGS,)) if view is None else (view.points, tuple((tag,) for tag in view.tags))
    seen: set[tuple[RuleSet, int, bool]] = set()
    held, at, last = 0, 0, len(starts) - 1
    for point in sorted({*edges, *starts, 0, MAPPED, IPV4_SPACE.high + 1} - {ADDRESS_SPACE_END}):
        held ^= edges.get(point, 0)
        while at < last and starts[at + 1] <= point:
            at += 1
        kind = (held, tags[at][0] if view is not None else 0, _is_ipv4(point))
        if kind not in seen:
            seen.add(kind)
            yield point, held, tags[at]


def _disjoint(ranges: tuple[PortRange, ...]) -> list[PortRange]:
    """The same ports as closed ranges that neither overlap nor touch."""
    merged: list[PortRange] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
