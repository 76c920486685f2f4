"""What `explain` says of a packet, in the words of the question files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path

import simulator as sim
from simulator.cost.per_gb import cost_per_gb
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from simulator.walk.predictions import Observation
from simulator.walk.trace import Blocker, Hop, Step, Trace
from tests.scenarios.question_files import Ask, Expected

ENCRYPTION = "encryption"
_FILTERS = ("admin rules", "subnet NSG", "NIC NSG")


@cache
def network_of(topology: Path, change: Path | None, assume: tuple[tuple[str, bool], ...]) -> Network:
    """The network of a topology file after a change, its open questions read as `assume` says."""
    if change is None:
        return sim.load(topology, assumptions=dict(assume))
    snapshot = sim.load_change(change).apply(sim.load_snapshot(topology))
    return sim.build_network(
        snapshot, {**snapshot.declarations.assumptions, **{key: str(said) for key, said in assume}}
    )


def explained(network: Network, ask: Ask) -> Trace:
    destination = ask.destination if ask.port is None else f"{_bracketed(ask.destination)}:{ask.port}"
    return sim.explain(network, ask.source, destination, protocol=ask.protocol, source_port=ask.source_port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def answer_of(network: Network, trace: Trace, expected: Expected) -> dict[str, object]:
    """What `trace` says to every key that `expected` gives."""
    found = trace.prediction
    route = found.route
    addresses = [trace.question.destination, trace.question.source]
    said = {
        "verdict": found.verdict.name,
        "reason": found.reason,
        "rule": str(found.rule or ""),
        "next_hop_type": route.next_hop_type if route else None,
        "route": route_text(route, addresses) if route else None,
        "path": list(found.path),
        "return_path": [hop.place for hop in trace.return_hops],
        "observed": [observation_text(seen) for seen in found.observations],
        "there": [hop_text(hop, addresses) for hop in trace.hops],
        "back": [hop_text(hop, addresses[::-1]) for hop in trace.return_hops],
        "encryption": [*encryption_lines(trace)],
        "cost": cost_of(network, trace) if expected.cost is not None else None,
        "says": [text for text in expected.says if any(text in line for line in lines_of(trace))],
        "blockers": [blocker_text(held, addresses) for held in trace.blockers],
        "assumptions": [key for key in expected.assumptions if key in found.assumptions and is_told(trace, key)],
    }
    return {key: said[key] for key in expected.model_fields_set}


def cost_of(network: Network, trace: Trace) -> dict[str, float | None]:
    """What each GB costs, there and back; None where one of the charges is not known."""
    sums: dict[str, float | None] = {"there": 0.0, "back": 0.0}
    for held in cost_per_gb(network, trace.question):
        way = "back" if held.is_return else "there"
        before = sums[way]
        sums[way] = None if before is None or held.price is None else round(before + float(held.price), 9)
    return sums


def is_told(trace: Trace, key: str) -> bool:
    """Does the trace print the open question of this key with the reading that it took?"""
    return any(line.startswith(f"{key} = ") for line in trace.assumptions)


def lines_of(trace: Trace) -> Iterator[str]:
    """Every line that the trace shows."""
    steps = [step for hop in (*trace.hops, *trace.return_hops) for step in hop.steps]
    for step in (*steps, *(held.step for held in trace.blockers)):
        yield step.text
        yield from step.details
    yield from trace.notes


def encryption_lines(trace: Trace) -> Iterator[str]:
    """``vm-a: to fw: not encrypted (NX): …`` of every place that a line of encryption stands at, there and back."""
    for hop in (*trace.hops, *trace.return_hops):
        yield from (f"{hop.place}: {step.text}" for step in hop.steps if step.layer == ENCRYPTION)


def blocker_text(held: Blocker, addresses: list[str]) -> str:
    return f"{held.place}: {step_text(held.step, addresses)}"


def observation_text(seen: Observation) -> str:
    rules = ", ".join(str(rule) for rule in seen.asked)
    return f"{seen.endpoint.name} {seen.direction} {seen.verdict.name} {rules}".strip()


def route_text(route: EffectiveRoute, addresses: list[str]) -> str:
    """``10.1.0.0/16 -> VnetLocal``: the narrowest prefix of the route that holds one of the addresses, and its hop."""
    hop = " ".join(text for text in (route.next_hop_type, route.next_hop_ip) if text)
    for address in map(ip_address, addresses):
        covering = [net for net in map(ip_network, route.prefixes) if address.version == net.version and address in net]
        if covering:
            return f"{max(covering, key=lambda net: net.prefixlen)} -> {hop}"
    return f"{route.prefixes[0]} -> {hop}"


def hop_text(hop: Hop, addresses: list[str]) -> dict[str, dict[str, str]]:
    return {hop.place: {step.layer: step_text(step, addresses) for step in hop.steps if step.layer != ENCRYPTION}}


def step_text(step: Step, addresses: list[str]) -> str:
    """What decided: the rule, the route, ``-`` for a filter without a say, else the line that is shown."""
    if step.rule is not None:
        return str(step.rule)
    if step.route is not None:
        return route_text(step.route, addresses)
    return "-" if step.layer.startswith(_FILTERS) and step.outcome == "pass" else step.text
