"""Connection checks as Azure answered them: what is reachable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.azure.resource import ResourceId
from simulator.network.model import Network
from simulator.walk.explain import explain
from simulator.walk.reasons import Verdict
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.truth import Json, Question, questions

#: Without a listener in the guest every check fails, whatever the network does: the flag makes no difference there.
NO_LISTENER = ("peering-006", "peering-008", "peering-010")
#: Marked C because a guest answers, but they differ with the peering flag alone, so the network is what they show.
DECIDED_BY_PEERING = ("peering-002", "peering-004", "peering-005")
_VERDICTS = {"Reachable": Verdict.ALLOW, "Unreachable": Verdict.DENY}


def checks(shared: Path) -> Iterator[Answer]:
    """A check asks what `explain` answers; names are resolved as Azure did, by the address of its last hop."""
    for question in questions(shared, "connectivity_check"):
        yield _check(question)


def _check(question: Question) -> Answer:
    why_not = _why_not(question)
    if why_not:
        return not_askable(question.name, why_not)
    network, text = question.network, question.text
    source = network.endpoint(ResourceId(text["source"].get("resourceId", "")))
    if source is None or not source.addresses:
        return not_askable(question.name, "the source is not in the state")
    destination = f"{_address(network, text['destination'], question.answer)}:{text['destination'].get('port', 22)}"
    prediction = explain(network, source.addresses[0], destination).prediction
    if prediction.verdict == Verdict.UNKNOWN:
        return not_askable(question.name, f"we answer UNKNOWN, {prediction.reason}")
    status = question.answer["connectionStatus"]
    return judged(question.name, prediction.verdict == _VERDICTS[status], f"Azure {status}, we {prediction.reason}")


def _why_not(question: Question) -> str | None:
    if question.name.startswith(NO_LISTENER):
        return "nothing listens in the guest"
    return None if question.name.startswith(DECIDED_BY_PEERING) else question.why_not


def _address(network: Network, destination: Json, answer: Json) -> str:
    """The private address of the resource that was asked for, the address that was, or that of the last hop."""
    named = network.endpoint(ResourceId(destination["resourceId"])) if destination.get("resourceId") else None
    if named is not None and named.addresses:
        return named.addresses[0]
    asked: str = destination.get("address", "")
    is_address = asked.replace(".", "").isdigit()
    return asked if is_address else str(answer["hops"][-1]["address"])
