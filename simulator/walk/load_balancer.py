"""Being given to a backend by a load balancer: the rule of its frontend, the backends that are up, the translation.

Learn: azure/load-balancer/load-balancer-custom-probe-overview, azure/load-balancer/load-balancer-floating-ip
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.dataplane.filters import INBOUND
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.network.balancers import BalancedRule, balanced_rules
from simulator.space.addresses import parse_address
from simulator.walk.in_flight import DELIVERED, InFlight, Ledger, Outcome, first_of
from simulator.walk.packets import TCP, Bools, Int32, Packets
from simulator.walk.predictions import Observation, observation
from simulator.walk.reasons import CODE_OF, Verdict
from simulator.walk.vantage import judge_at

_PROBE_SOURCE = {True: "168.63.129.16", False: "fe80::1234:5678:9abc"}
_PROBE_SOURCE_PORT = 49152


class Backends(NamedTuple):
    """The backends of a rule that are up, as (place, address atom); or the reason why there are none.

    `down` says in words which rule denies the probe of each backend that is not up.
    """

    members: tuple[tuple[int, int], ...]
    reason: str = "DELIVERED"
    down: tuple[str, ...] = ()


def balance(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Packets whose `target` is a frontend get the backend as their target, and what it receives as destination.

    Without floating IP the destination becomes the backend's address and port. A frontend that is only the next hop of
    a route translates nothing.
    """
    if not len(packets):
        return packets
    rules = plane.balancers.rules.ask(packets.target, packets.protocol, packets.destination_port)
    numbers, of_packet = np.unique(rules, return_inverse=True)
    backends = [backends_up(plane, number) for number in numbers.tolist()]
    reason = np.array([CODE_OF[held.reason] for held in backends], np.uint8)[of_packet]
    kept = ledger.keep("load balancer", packets, Outcome(reason, row=rules))
    rules, of_packet = rules[reason == DELIVERED], of_packet[reason == DELIVERED]
    ways = np.array([max(len(held.members), 1) for held in backends], np.int32)
    kept, taken = ledger.take_ways(kept, ways[of_packet])
    members = np.array([member for held in backends for member in held.members], np.int32).reshape(-1, 2)
    firsts = np.cumsum([0, *(len(held.members) for held in backends[:-1])])
    place, atom = members[firsts[of_packet] + taken].T
    packets = _translated(plane, kept.but(target=place), rules, atom, kept.target)
    return ledger.keep("load balancer", packets, _hairpin(packets))


def _translated(plane: DataPlane, packets: InFlight, rules: Int32, atom: Int32, frontend: Int32) -> InFlight:
    """What each backend receives; `atom` is its address, `frontend` the place the packet was given to."""
    balancers = plane.balancers
    addressed = _is_addressed(plane, packets, frontend)
    floating = balancers.rules.column(rules, lambda rule: bool(rule and rule.floating)) == 1
    new_port = balancers.rules.column(rules, _backend_port)
    rewritten = addressed & ~floating
    port = np.where(rewritten & (new_port != NONE), new_port, packets.destination_port)
    destination = np.where(rewritten, atom, packets.destination)
    return packets.but(
        destination=destination.astype(np.int32),
        destination_port=port.astype(np.int32),
        is_home=addressed & floating,
    )


def _is_addressed(plane: DataPlane, packets: InFlight, frontend: Int32) -> Bools:
    """Is the frontend the destination, rather than the next hop of a route?"""
    places = plane.places
    private = places.owner(places.vnet[frontend], packets.destination) == frontend
    addressed: Bools = private | (places.owner_of_public(packets.destination) == frontend)
    return addressed


def _backend_port(rule: BalancedRule | None) -> int:
    return NONE if rule is None or rule.backend_port is None else rule.backend_port


def _hairpin(packets: InFlight) -> Outcome:
    """A backend that is given its own packet gets it with itself as the source, and drops it."""
    return Outcome(first_of(len(packets), (packets.target == packets.at, "LOAD_BALANCER_HAIRPIN")))


def backends_of(plane: DataPlane, frontend: int) -> list[int]:
    """The places of every backend behind a frontend, in the order in which they are tried."""
    place_of = {endpoint.id: place for place, endpoint in enumerate(plane.places.endpoints)}
    rules = balanced_rules(plane.network, plane.places.endpoints[frontend].id)
    members = {held.endpoint for rule in rules for held in rule.backends if held.endpoint in place_of}
    return [place_of[member] for member in sorted(members)]


def backends_up(plane: DataPlane, number: int) -> Backends:
    """The backends of a rule, by its number in ``plane.balancers.rules``, whose filters let its probe pass."""
    known = plane.balancers.up
    if number not in known:
        known[number] = _backends_up(plane, plane.balancers.rules.answers[number])
    found: Backends = known[number]
    return found


def _backends_up(plane: DataPlane, rule: BalancedRule | None) -> Backends:
    if rule is None:
        return Backends((), "LOAD_BALANCER_NO_RULE")
    place_of = {endpoint.id: place for place, endpoint in enumerate(plane.places.endpoints)}
    members = sorted(
        ((held.endpoint, held.address) for held in rule.backends if held.endpoint in place_of),
        key=lambda member: (member[0], parse_address(member[1])),
    )
    if not members:
        unknown = rule.has_unknown_members
        return Backends((), "LOAD_BALANCER_BACKEND_NOT_IN_EXPORT" if unknown else "LOAD_BALANCER_NO_BACKEND")
    places = [place_of[endpoint] for endpoint, _ in members]
    addresses = [address for _, address in members]
    denials = _probe(plane, places, addresses, rule.probe_port)
    answering = tuple(
        (place, plane.places.atom(parse_address(address)))
        for place, address, denial in zip(places, addresses, denials, strict=True)
        if not denial
    )
    reason = "DELIVERED" if answering else "LOAD_BALANCER_PROBE_DOWN"
    return Backends(answering, reason, tuple(denial for denial in denials if denial))


def _probe(plane: DataPlane, places: list[int], addresses: list[str], port: int | None) -> list[str]:
    """Which rule of each backend denies the probe, in words; "" where none does for certain, or nothing is probed."""
    if port is None:
        return [""] * len(places)
    flows = [(_PROBE_SOURCE["." in address], address, _PROBE_SOURCE_PORT, port, TCP) for address in addresses]
    inbound = np.full(len(places), INBOUND, np.uint8)
    seen = judge_at(plane, np.array(places, np.int32), inbound, Packets.of(flows))
    return [_denial(observation(plane, seen, at)) for at in range(len(seen))]


def _denial(seen: Observation) -> str:
    if seen.verdict != Verdict.DENY or seen.rule is None:
        return ""
    return f"{seen.rule} (priority {seen.rule.priority}) denies the health probe of {seen.endpoint.name}"
