"""What lies behind one step of a trace: the rules that a rule came before, what a tag stands for, the other routes."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.dataplane.filter_table import IN_INTERNET, Header
from simulator.dataplane.plane import DataPlane
from simulator.network.effective_routes import subnet_routes
from simulator.network.filter_rules import FilterRule
from simulator.network.prefixes import holds, readable_prefixes
from simulator.network.routes import EffectiveRoute
from simulator.network.service_tags import virtual_network_origins
from simulator.space.addresses import Prefix
from simulator.walk.in_flight import Step, header_at
from simulator.walk.predictions import RuleReference, rule_reference

#: More rules or routes than these that had no say are counted, not named.
_NAMED = 4


def rule_details(plane: DataPlane, taken: Step, layer: int, rule: RuleReference) -> tuple[str, ...]:
    """The rules behind `rule` that match too, and what its two floating tags hold of this packet."""
    table, row = int(taken.table[0]), int(taken.row[0])
    header = header_at(plane, taken.packets)
    later = [at for at in plane.filters.table(table).all_matches(header)[0] if at > row]
    return (
        *_tag_lines(plane, taken, plane.filters.rule(table, row), header),
        *_beaten_lines(plane, [rule_reference(plane, layer, table, at) for at in later]),
    )


def _beaten_lines(plane: DataPlane, beaten: list[RuleReference]) -> Iterator[str]:
    if beaten:
        named = ", ".join(f"{rule.name} ({rule.priority}): {rule.action}" for rule in beaten[:_NAMED])
        more = f" and {len(beaten) - _NAMED} more" if len(beaten) > _NAMED else ""
        yield f"comes before {named}{more}"


def _tag_lines(plane: DataPlane, taken: Step, rule: FilterRule, header: Header) -> Iterator[str]:
    """``VirtualNetwork holds the source here: 0.0.0.0/0 of the route rt-spoke/default``."""
    subnets = tuple(plane.network.subnets)
    number = int(plane.places.subnet[taken.packets.at[0]])
    sides = (
        ("the source", rule.sources.tags, int(taken.packets.source[0]), int(header.source_tag[0])),
        ("the destination", rule.destinations.tags, int(taken.packets.destination[0]), int(header.destination_tag[0])),
    )
    for side, tags, atom, bits in sides:
        if "VirtualNetwork" in tags and number >= 0:
            value = plane.atoms.points[atom]
            origins = virtual_network_origins(plane.network, subnets[number], Prefix(value, value))
            if origins:
                yield f"VirtualNetwork holds {side} here: {'; '.join(origins[:_NAMED])}"
        if "Internet" in tags and bits & IN_INTERNET:
            yield f"Internet holds {side}, which is public"


def route_details(plane: DataPlane, taken: Step, winner: EffectiveRoute | None) -> tuple[str, ...]:
    """The other routes of the place that cover the destination, each with why it is not taken."""
    place = int(taken.packets.at[0])
    number = int(plane.places.subnet[place])
    if number < 0 or plane.is_private_endpoint[place]:
        return ()
    value = plane.atoms.points[int(taken.packets.destination[0])]
    host = Prefix(value, value)
    covering = [
        (prefix, route)
        for route in subnet_routes(plane.network, tuple(plane.network.subnets)[number])
        for prefix in readable_prefixes(route.prefixes)
        if holds(prefix, host)
    ]
    best = max((prefix.length for prefix, route in covering if _is_part(winner, route)), default=-1)
    others = sorted((held for held in covering if not _is_part(winner, held[1])), key=lambda held: -held[0].length)
    lines = [f"not {prefix} → {_hop(route)}: {_why_not(prefix, route, best)}" for prefix, route in others[:_NAMED]]
    return (*lines, *([f"and {len(others) - _NAMED} other routes"] if len(others) > _NAMED else []))


def _is_part(winner: EffectiveRoute | None, route: EffectiveRoute) -> bool:
    """Is the winner the row, or one member's part of a connected group's row?"""
    if winner is None or not winner.members:
        return route == winner
    return route.next_hop_type == winner.next_hop_type and set(winner.prefixes) <= set(route.prefixes)


def _hop(route: EffectiveRoute) -> str:
    hop = " ".join([route.next_hop_type, *route.next_hop_addresses])
    named = f"{route.route_table.name}/{route.name}" if route.route_table and route.name else route.source
    return f"{hop} ({named})"


def _why_not(prefix: Prefix, route: EffectiveRoute, best: int) -> str:
    if prefix.length < best:
        return "a shorter prefix"
    if route.state == "Invalid":
        return "Invalid: a route of higher precedence has this prefix or shields it"
    return "the same prefix, of lower precedence"
