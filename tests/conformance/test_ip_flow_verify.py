"""IP flow verify as Azure answered it: access and rule name, at least 95 % of what is askable."""

from __future__ import annotations

from pathlib import Path

from simulator.walk.explain import ip_flow_verify
from tests.conformance.conftest import Record
from tests.conformance.truth import Question, nic_of, questions

KIND = "IP flow verify (access and rule)"


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
    return right, f"{question.name}: Azure {expected}, we {(answer.access, answer.rule_name)}"


def test_ip_flow_verify(shared: Path, record: Record) -> None:
    asked = []
    for question in questions(shared, "ip_flow_verify"):
        if question.why_not:
            record(KIND, "not askable", f"{question.name}: {question.why_not}")
            continue
        right, why = _is_right(question)
        asked.append(right)
        record(KIND, "right" if right else "wrong", why)
    assert len(asked) >= 22
    assert sum(asked) / len(asked) >= 0.95
