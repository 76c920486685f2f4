"""`explain`: the walk of one packet with its whole story; and IP flow verify, Azure's own narrower question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
from msgspec import Struct

from simulator.azure.security_group import Direction
from simulator.data.assumptions import ASSUMPTIONS
from simulator.dataplane.plane import DataPlane
from simulator.errors import QuestionError
from simulator.network.assumptions import assumption_text, is_assumed
from simulator.network.model import Endpoint, Network
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import format_address, parse_address
from simulator.walk.in_flight import Step
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import TCP, UDP
from simulator.walk.predictions import Observation, Prediction, RuleReference, observation
from simulator.walk.question_sets import set_notes
from simulator.walk.questions import EPHEMERAL_PORT, PROTOCOL_NUMBERS, Question, parse_question, socket_text
from simulator.walk.reasons import Verdict
from simulator.walk.telling import blockers_of, hops_of
from simulator.walk.trace import Hop, Trace
from simulator.walk.vantage import judge_at

_ACCESS: dict[Verdict, Literal["Allow", "Deny", "Unknown"]] = {
    Verdict.ALLOW: "Allow",
    Verdict.DENY: "Deny",
    Verdict.UNKNOWN: "Unknown",
}


@lru_cache(maxsize=4)
def data_plane(network: Network) -> DataPlane:
    """The compiled network; the last few are kept, because people ask one network many questions."""
    return DataPlane(network)


def explain(
    network: Network,
    source: str,
    destination: str,
    *,
    protocol: str | None = None,
    source_port: int | None = None,
) -> Trace:
    """Walk one packet and tell every layer's say.

    Parameters
    ----------
    network : the network to ask.
    source, destination : names or addresses, the destination with its port (see `parse_question`).
    protocol : ``tcp``, ``udp``, ``icmp``, ``esp`` or ``ah`` where the destination does not say it.
    source_port : default 49152.

    Returns
    -------
    The verdict with the deciding rule and route, the hops there and back, and the az commands that check it on Azure.

    Raises
    ------
    QuestionError : a name, port or protocol is not known.
    """
    return explain_question(network, parse_question(network, source, destination, protocol, source_port))


def explain_question(network: Network, question: Question) -> Trace:
    """`explain` for a question that is already parsed."""
    plane = data_plane(network)
    steps: list[Step] = []
    predictions = packet_walk(plane, question.packets(), steps=steps)
    prediction = predictions[0]
    behind: list[Step] = []
    if prediction.verdict != Verdict.ALLOW:
        packet_walk(plane, question.packets(), steps=behind, past_blockers=True)
    hops, return_hops = (hops_of(plane, steps, predictions, is_return=is_return) for is_return in (False, True))
    notes = (*_reply_notes(prediction, hops, return_hops), *_end_notes(network, question, prediction))
    return Trace(
        question=question,
        prediction=prediction,
        hops=hops,
        return_hops=return_hops,
        blockers=blockers_of(plane, behind),
        assumptions=_assumptions(network, prediction),
        notes=(*question.notes, *set_notes(plane, question), *notes, *_notes(network, prediction)),
        verify=(*_verify(question, prediction), *_verify_routes(network, question, prediction)),
    )


def _reply_notes(prediction: Prediction, hops: tuple[Hop, ...], return_hops: tuple[Hop, ...]) -> Iterator[str]:
    """Which appliance the two ways do not share, where that loses the reply."""
    if prediction.reason != "ASYMMETRIC_RETURN" or not return_hops:
        return
    forwarded = [hop.place for hop in hops[:-1] if hop.kind == "firewall" or _forwards(hop)]
    answered = [hop.place for hop in return_hops]
    for place in dict.fromkeys(forwarded):
        if place not in answered:
            yield f"{place} saw the request, and the reply goes round it"
    last = return_hops[-1]
    if last.place not in forwarded and len(return_hops) > 1:
        yield f"{last.place} gets a reply whose request it never saw"


def _forwards(hop: Hop) -> bool:
    return any(step.layer == "appliance" and step.outcome == "pass" for step in hop.steps)


def _end_notes(network: Network, question: Question, prediction: Prediction) -> Iterator[str]:
    """Where in the network an end lies that no NIC of the export has."""
    ends = {"SOURCE_NOT_IN_EXPORT": question.source, "DESTINATION_NOT_IN_EXPORT": question.destination}
    address = ends.get(prediction.reason)
    if address is None:
        return
    value = parse_address(address)
    for subnet in network.subnets.values():
        if any(prefix.low <= value <= prefix.high for prefix in readable_prefixes(subnet.prefixes)):
            where = f"{subnet.virtual_network.name}/{subnet.name}"
            yield f"{address} lies in {where}, where the export has no NIC of that address: declare one to walk it"


#: Fates that a route decides: Network Watcher's next hop shows them, IP flow verify does not.
_BY_ROUTE = {
    "ROUTE_NONE",
    "ROUTE_MISSING",
    "NEXT_HOP_UNREACHABLE",
    "NOT_PUBLIC",
    "NO_RETURN_ROUTE",
    "ASYMMETRIC_RETURN",
}


def _verify_routes(network: Network, question: Question, prediction: Prediction) -> Iterator[str]:
    """The az commands that show the routes, at the first VM for the way there and at the last for the way back."""
    firewalled = prediction.reason.startswith(("FIREWALL", "APPLIANCE"))
    if prediction.reason not in _BY_ROUTE and not firewalled:
        return
    ends = ((question.source, question.destination), (question.destination, question.source))
    for here, there in ends if prediction.reason in ("NO_RETURN_ROUTE", "ASYMMETRIC_RETURN") else ends[:1]:
        machines = [one.virtual_machine for one in network.endpoints_called(here) if one.virtual_machine is not None]
        if len(machines) == 1:
            yield (
                f"az network watcher show-next-hop --source-ip {here} --dest-ip {there} "
                f"--vm {machines[0].name} -g {machines[0].resource_group}"
            )


def _notes(network: Network, prediction: Prediction) -> tuple[str, ...]:
    """What the reader must know: the warnings about what this packet met, and whether it had other ways."""
    met = {observed.endpoint.subnet.key for observed in prediction.observations}
    met |= {observed.endpoint.virtual_network.key for observed in prediction.observations}
    met |= {observed.rule.acl.key for observed in prediction.observations if observed.rule is not None}
    warnings = (
        f"{issue.code}: {issue.message}"
        for issue in network.issues
        if issue.severity != "info" and any(issue.place.lower().startswith(key) for key in met)
    )
    several = f"one of {prediction.ways} ways that Azure may take; the path is the first" if prediction.ways > 1 else ""
    return (*dict.fromkeys(warnings), *([several] if several else ()))


def _assumptions(network: Network, prediction: Prediction) -> tuple[str, ...]:
    """The readings that the answer rests on, and those that the user switched."""
    switched = (key for key in ASSUMPTIONS if is_assumed(network, key) != ASSUMPTIONS[key].default)
    touched = dict.fromkeys((*prediction.assumptions, *switched))
    return tuple(assumption_text(network, key) for key in ASSUMPTIONS if key in touched)


def _verify(question: Question, prediction: Prediction) -> tuple[str, ...]:
    """The az commands that ask a running Azure the same at every NIC of a virtual machine on the way."""
    if question.protocol not in (TCP, UDP):
        return ()
    lines = []
    for observed in prediction.observations:
        machine = observed.endpoint.virtual_machine
        if machine is None:
            continue
        # Azure is asked with the addresses that this NIC sees: its private one, and what an appliance translated to.
        here = socket_text(observed.translated_source or question.source, question.source_port)
        port = question.destination_port if observed.translated_port is None else observed.translated_port
        there = socket_text(observed.translated_destination or question.destination, port)
        local, remote = (there, here) if observed.direction == "Inbound" else (here, there)
        lines.append(
            f"az network watcher test-ip-flow --direction {observed.direction} --protocol {question.protocol_name} "
            f"--local {local} --remote {remote} --vm {machine.name} -g {machine.resource_group}"
        )
    return tuple(lines)


class FlowVerification(Struct, frozen=True):
    """What IP flow verify answers for one NIC. `rule_name` is spelled as Azure prints it.

    `evaluated` are the rules that had a say at this NIC, in order; `rule` is the one that Azure names.
    """

    endpoint: Endpoint
    access: Literal["Allow", "Deny", "Unknown"]
    reason: str
    rule: RuleReference | None
    rule_name: str
    evaluated: tuple[RuleReference, ...]


def ip_flow_verify(
    network: Network, nic: str, direction: Direction, protocol: str, local: str, remote: str
) -> FlowVerification:
    """Ask only the filters of one NIC, as ``az network watcher test-ip-flow`` does.

    Parameters
    ----------
    nic : name or id of the NIC or its VM, or one of its addresses.
    direction : Inbound or Outbound.
    protocol : TCP or UDP.
    local, remote : ``ADDRESS:PORT``; ``*`` is taken as a port that no rule singles out.

    Raises
    ------
    QuestionError : the NIC, an address, a port or the protocol is not known.
    """
    endpoint = network.endpoint(nic)
    if endpoint is None:
        raise QuestionError(f"no NIC is called {nic!r}", code="VNS5006", hint="use the name of a NIC or of its VM")
    here, there = _socket(local), _socket(remote)
    source, destination = (there, here) if direction == "Inbound" else (here, there)
    number = PROTOCOL_NUMBERS.get(protocol.lower())
    if number is None:
        raise QuestionError(f"{protocol!r} is no protocol we know", code="VNS5003", hint="use TCP or UDP")
    question = Question(source[0], destination[0], number, source[1], destination[1])
    plane = data_plane(network)
    place = np.array([network.endpoints.index(endpoint)], np.int32)
    way = np.array([0 if direction == "Inbound" else 1], np.uint8)
    seen = observation(plane, judge_at(plane, place, way, question.packets()), 0)
    return _verification(seen)


def _verification(seen: Observation) -> FlowVerification:
    rule = seen.rule
    name = ""
    if rule is not None:
        name = f"{'defaultSecurityRules' if rule.is_default else 'securityRules'}/{rule.name}"
    return FlowVerification(seen.endpoint, _ACCESS[seen.verdict], seen.reason, rule, name, seen.asked)


def _socket(text: str) -> tuple[str, int]:
    address, colon, port = text.rpartition(":")
    if not colon or not address or not (port == "*" or port.isdecimal()):
        raise QuestionError(
            f"{text!r} is no address with a port", code="VNS5007", hint="write 10.1.4.4:443 or [fd00::4]:443"
        )
    if port != "*" and int(port) > 65535:
        raise QuestionError(f"port {port} is out of range", code="VNS5004", hint="ports run from 0 to 65535")
    address = address.strip("[]")
    try:
        address = format_address(parse_address(address))
    except ValueError:
        raise QuestionError(f"{address!r} is no address", code="VNS5008", hint="write it as 10.1.4.4") from None
    return address, EPHEMERAL_PORT if port == "*" else int(port)
