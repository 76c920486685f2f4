"""What is printed in Azure's name has the keys that Azure prints."""

from __future__ import annotations

from pathlib import Path

from simulator.network.effective_routes import effective_routes, routes_to_azure
from simulator.network.effective_rules import effective_security_rules
from tests.conformance.lab_topologies import labs
from tests.conformance.truth import Question, nic_of, questions


def newest(shared: Path, kind: str) -> Question:
    asked = (question for question in questions(shared, kind) if question.why_not is None)
    return max(asked, key=lambda question: question.recorded_at)


def test_effective_routes_have_the_keys_that_azure_prints(shared: Path) -> None:
    question = newest(shared, "effective_routes")
    nic = nic_of(question)
    assert nic is not None
    ours = routes_to_azure(effective_routes(question.network, nic))
    assert {key for row in ours for key in row} == {key for row in question.answer["value"] for key in row}


def test_effective_rules_have_the_keys_that_azure_prints(shared: Path) -> None:
    question = newest(shared, "effective_nsg")
    nic = nic_of(question)
    assert nic is not None
    ours = effective_security_rules(question.network, nic).to_azure()["value"][0]
    theirs = question.answer["value"][0]
    assert set(ours) == set(theirs)
    assert {key for rule in ours["effectiveSecurityRules"] for key in rule} == {
        key for rule in theirs["effectiveSecurityRules"] for key in rule
    }


def test_every_lab_is_rebuilt(shared: Path) -> None:
    assert set(labs()) == {path.stem for path in (shared / "truth" / "lab").glob("*.json")}
