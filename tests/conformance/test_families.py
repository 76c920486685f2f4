"""The recorded answers: how many are right may not fall, and what is wrong has its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.answers import Answer, Family, counts
from tests.conformance.registry import FAMILIES, answers_of
from tests.conformance.report import PAGE, page
from tests.conformance.truth import questions


def by_name(family: Family) -> str:
    return family.name


@pytest.mark.parametrize("family", FAMILIES, ids=by_name)
def test_as_many_are_right_as_ever(family: Family, shared: Path) -> None:
    answers = answers_of(family, shared)
    assert counts(answers)["right"] >= family.floor
    assert {answer.case: answer.why for answer in answers if answer.outcome == "wrong"}.keys() == family.reasons.keys()


@pytest.mark.parametrize("family", FAMILIES, ids=by_name)
def test_a_case_is_told_once_and_never_without_a_reason(family: Family, shared: Path) -> None:
    answers = answers_of(family, shared)
    assert answers
    assert all(answer.why or answer.outcome == "right" for answer in answers)
    told = [(answer.case, answer.why) for answer in answers if answer.outcome != "right"]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("trust", ["A", "B"])
def test_some_of_each_trust_were_asked(shared: Path, trust: str) -> None:
    assert any(question.trust == trust for question in questions(shared, "effective_routes"))


def test_the_page_is_what_the_command_writes(shared: Path) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(shared), "run `make conformance`"


def test_equal_answers_are_counted_as_often_as_they_are() -> None:
    assert counts([Answer("a", "right", times=3), Answer("b", "wrong", "no")]) == {"right": 3, "wrong": 1}
