"""IP flow verify as Azure answered it: access and rule name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.walk.explain import ip_flow_verify
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.truth import Question, nic_of, questions


def verifications(shared: Path) -> Iterator[Answer]:
    for question in questions(shared, "ip_flow_verify"):
        if question.why_not:
            yield not_askable(question.name, question.why_not)
        else:
            yield judged(question.name, *_is_right(question))


def _same_rule(ours: str, azures: str) -> bool:
    """Rule names come in four dialects: ``securityRules/x``, ``UserRule_x``, their defaults, and an older order."""
    bare = azures.split("/")[-1].removeprefix("UserRule_").removeprefix("DefaultRule_")
    older = {"DefaultInboundDenyAll": "DenyAllInBound", "DefaultOutboundDenyAll": "DenyAllOutBound"}
    return ours.split("/")[-1] == older.get(bare, bare)


def _is_right(question: Question) -> tuple[bool, str]:
    text = question.text
    answer = ip_flow_verify(
        question.network,
        str(nic_of(question)),
        "Inbound" if text["direction"].lower() == "inbound" else "Outbound",
        text["protocol"],
        f"{text['localIPAddress']}:{text['localPort']}",
        f"{text['remoteIPAddress']}:{text['remotePort']}",
    )
    expected = question.answer["access"], question.answer.get("ruleName", "")
    right = answer.access == expected[0] and _same_rule(answer.rule_name, expected[1])
    return right, f"Azure {_said(*expected)}, we {_said(answer.access, answer.rule_name)}"


def _said(access: str, rule: str) -> str:
    return f"{access} by {rule or 'no rule'}"
