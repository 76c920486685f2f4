"""What `vnetsim explain` says: the verdict, then each place on the way with every layer's say, there and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.report.document import Line, Lines, Report, Row, Table, Tone
from simulator.report.money import price_text
from simulator.report.words import encryption_data, route_data, rule_data, rule_text
from simulator.walk.explain import FlowVerification
from simulator.walk.packets import TCP, UDP
from simulator.walk.predictions import Prediction
from simulator.walk.reasons import CODE_OF, REASONS, Verdict
from simulator.walk.trace import Hop, Step, Trace

if TYPE_CHECKING:
    from simulator.cost.per_gb import LegCost

_VERDICT_TONES: dict[Verdict, Tone] = {
    Verdict.ALLOW: "good",
    Verdict.DENY: "bad",
    Verdict.UNKNOWN: "doubtful",
    Verdict.INTERMITTENT: "doubtful",
}
_OUTCOME_TONES: dict[str, Tone] = {"pass": "plain", "stop": "bad", "unknown": "doubtful", "intermittent": "doubtful"}
_GLYPHS = {"pass": "✓", "stop": "✕", "unknown": "?", "intermittent": "~"}
#: What is said of a place beside its name; NICs, the Internet and the platform need no more.
_KINDS = {
    "firewall": "Azure Firewall",
    "gateway": "gateway",
    "frontend": "load balancer",
    "appliance": "routing appliance",
    "managed": "managed service",
    "service": "platform service",
}


def trace_report(
    trace: Trace,
    verification: FlowVerification | None = None,
    costs: Sequence[LegCost] = (),
    currency: str = "USD",
) -> Report:
    """`verification` is Azure's own narrower answer about one NIC; where it was asked for, it comes first.

    `costs` are what each GB of the flow is charged, in `currency`.
    """
    prediction = trace.prediction
    verdict = Verdict(prediction.verdict)
    blocks: list[Table | Lines] = [
        Lines(tuple(_verdict_lines(trace)), title="" if verification is None else "End to end"),
        _way(trace.hops, "The way there"),
        _way(trace.return_hops, "The way back"),
        Lines.of(*_blocker_lines(trace), title="Everything that stops it"),
        Lines.of(*_cost_lines(costs, currency), title="Costs for each GB"),
        Lines.of(*(f"  {text}" for text in trace.assumptions), title="Assumed"),
        Lines.of(*(f"  {note}" for note in trace.notes), title="Keep in mind"),
        Lines.of(*(f"  {command}" for command in trace.verify), title="Check it on Azure", tone="command"),
    ]
    headline = Line(f"{verdict.name}  {trace.question}", _VERDICT_TONES[verdict])
    if verification is not None:
        blocks.insert(0, _verification_table(verification, prediction))
    return Report(
        kind="explain",
        headline=headline,
        blocks=tuple(block for block in blocks if not isinstance(block, Lines) or block.lines),
        records=lambda: Table(_COLUMNS, (*_verification_record(verification), *_records(trace))),
        data=lambda: _data(trace, verification) | {"cost_per_gb": [_cost_data(held, currency) for held in costs]},
    )


#: What the rule of a prediction has to do with its verdict.
_SAID = {
    Verdict.ALLOW: "last let through by",
    Verdict.DENY: "decided by",
    Verdict.UNKNOWN: "the last rule asked is",
    Verdict.INTERMITTENT: "on the first of its ways the last rule asked is",
}


def _verification_table(verification: FlowVerification, prediction: Prediction) -> Table:
    """The two fields of ``az network watcher test-ip-flow`` beside what becomes of the packet on its whole way."""
    rule = rule_text(prediction.rule) if prediction.rule is not None else None
    return Table(
        ("", "IP flow verify", "End to end"),
        (
            ("Access", verification.access, prediction.verdict.name),
            ("RuleName", verification.rule_name or None, rule),
            ("Reason", None, prediction.reason),
            ("Asked", f"the security rules of {verification.endpoint.name}", "every layer, there and back"),
        ),
        title="IP flow verify beside the whole way",
    )


def _verdict_lines(trace: Trace) -> Iterator[Line]:
    prediction, question = trace.prediction, trace.question
    yield Line(f"  {prediction.reason}: {REASONS[CODE_OF[prediction.reason]].text}")
    if prediction.rule is not None:
        yield Line(f"  {_SAID[prediction.verdict]} {rule_text(prediction.rule)}")
    has_ports = question.protocol in (TCP, UDP)
    ends = (question.source, question.source_port), (question.destination, question.destination_port)
    packet = " → ".join(f"{address}:{port}" if has_ports else address for address, port in ends)
    yield Line(f"  {question.protocol_name} {packet}", "faint")
    if prediction.path:
        yield Line(f"  path: {' → '.join(prediction.path)}", "faint")


def _blocker_lines(trace: Trace) -> Iterator[str]:
    """Each layer that has to be mended, where there is more than the one that the verdict names."""
    if len(trace.blockers) > 1:
        for number, blocker in enumerate(trace.blockers, 1):
            way = ", on the way back" if blocker.is_return else ""
            yield f"  {number}  {blocker.place}{way}: {blocker.step.layer}: {blocker.step.text}"


def _cost_lines(costs: Sequence[LegCost], currency: str) -> Iterator[str]:
    """A line a charge, and the sums of both ways."""
    sums: dict[str, Decimal | None] = {}
    told = ""
    for held in costs:
        way = "back" if held.is_return else "there"
        price = "not known" if held.price is None else f"{price_text(held.price)} {currency}" if held.price else "free"
        doubt = " ?" if held.certainty == "unsure" else ""
        region = f" ({held.region})" if held.region and held.price else ""
        yield f"  {way if way != told else '':<5}  {price:<10}  {held.why}{region}{doubt}"
        before = sums.get(way, Decimal(0))
        told, sums[way] = way, None if held.price is None or before is None else before + held.price
    if any(total is None or total for total in sums.values()):
        said = (f"{way} {'not known' if total is None else price_text(total)}" for way, total in sums.items())
        yield f"  in all {', '.join(said)} {currency}, the first band that costs anything"


def _cost_data(held: LegCost, currency: str) -> dict[str, Any]:
    return {
        "way": "back" if held.is_return else "there",
        "why": held.why,
        "meter": held.meter or None,
        "region": held.region or None,
        "price": None if held.price is None else float(held.price),
        "currency": currency,
        "certainty": held.certainty,
    }


def _way(hops: tuple[Hop, ...], title: str) -> Lines:
    width = max((len(step.layer) for hop in hops for step in hop.steps), default=0)
    lines: list[Line] = []
    for number, hop in enumerate(hops, 1):
        told = [text for text in (hop.place, hop.address, _KINDS.get(hop.kind, "")) if text]
        lines.append(Line(f" {number}  {'  '.join(dict.fromkeys(told))}", "strong"))
        for step in hop.steps:
            text = f"    {_GLYPHS[step.outcome]} {step.layer:<{width}}  {step.text}"
            lines.append(Line(text, _OUTCOME_TONES[step.outcome]))
            lines.extend(Line(f"      {'':<{width}}  {detail}", "faint") for detail in step.details)
    return Lines(tuple(lines), title=title)


_COLUMNS = ("Way", "Hop", "Place", "Address", "Layer", "Outcome", "Text", "Rule", "Priority", "Verdict", "Reason")


def _verification_record(verification: FlowVerification | None) -> Iterator[Row]:
    """Azure's answer as the first row, where it was asked for: access as the verdict, in Azure's spelling."""
    if verification is not None:
        nic, rule = verification.endpoint.name, verification.rule_name or None
        yield ("IP flow verify", None, nic, None, None, None, None, rule, None, verification.access, None)


def _records(trace: Trace) -> Iterator[Row]:
    verdict, reason = Verdict(trace.prediction.verdict).name, trace.prediction.reason
    for way, hops in (("there", trace.hops), ("back", trace.return_hops)):
        for number, hop in enumerate(hops, 1):
            for step in hop.steps:
                rule = (str(step.rule), step.rule.priority) if step.rule else (None, None)
                yield (way, number, hop.place, hop.address, step.layer, step.outcome, step.text, *rule, verdict, reason)


def _data(trace: Trace, verification: FlowVerification | None) -> dict[str, Any]:
    prediction, question = trace.prediction, trace.question
    data: dict[str, Any] = {
        "verdict": Verdict(prediction.verdict).name,
        "reason": prediction.reason,
        "reason_text": REASONS[CODE_OF[prediction.reason]].text,
        "question": {
            "source": question.source,
            "source_name": question.source_label,
            "source_port": question.source_port,
            "destination": question.destination,
            "destination_name": question.destination_label,
            "destination_port": question.destination_port,
            "protocol": question.protocol_name,
        },
        "rule": rule_data(prediction.rule),
        "route": route_data(prediction.route),
        "path": list(prediction.path),
        "hops": [_hop_data(hop) for hop in trace.hops],
        "return_hops": [_hop_data(hop) for hop in trace.return_hops],
        "blockers": [
            {"place": held.place, "return": held.is_return, **_step_data(held.step)} for held in trace.blockers
        ],
        "assumptions": list(trace.assumptions),
        "notes": list(trace.notes),
        "verify": list(trace.verify),
    }
    if verification is not None:
        data["ip_flow_verify"] = {
            "access": verification.access,
            "ruleName": verification.rule_name,
            "nic": str(verification.endpoint.id),
            "evaluated": [rule_data(rule) for rule in verification.evaluated],
        }
    return data


def _hop_data(hop: Hop) -> dict[str, Any]:
    return {
        "place": hop.place,
        "kind": hop.kind,
        "address": hop.address,
        "steps": [_step_data(step) for step in hop.steps],
    }


def _step_data(step: Step) -> dict[str, Any]:
    encryption = {"encryption": encryption_data(step.encryption)} if step.encryption is not None else {}
    return encryption | {
        "layer": step.layer,
        "outcome": step.outcome,
        "text": step.text,
        "rule": rule_data(step.rule),
        "route": route_data(step.route),
        "details": list(step.details),
    }
