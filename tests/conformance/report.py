"""Writes docs/reference/conformance.md: ``python -m tests.conformance.report``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.conformance.answers import Answer, Family, Outcome, counts
from tests.conformance.registry import FAMILIES, answers_of

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "reference" / "conformance.md"
HEAD = """\
# Conformance to recorded Azure answers

Written by `make conformance`; a test holds this page to what the command writes. The recordings lie in `../shared`
beside the checkout and are no part of the repository: `truth` holds answers of Azure's own interfaces with the
resources at that moment, `flowlogs` real logs. Every answer that differs and every one that cannot be asked is listed
below with its reason.

Not askable means that nothing can be held to it: the recording contradicts itself or lacks the state that decides, our
answer is UNKNOWN, or the question is not one of the network (a guest that does not listen, a file format that is not
read). Trust is the recording's own mark: C, it is incomplete; X, it contradicts the recorded state; E, it is empty.
"""


def page(shared: Path) -> str:
    """The text of the page as it would be written now."""
    return "\n".join((HEAD, *_table(shared), *_wrong(shared), *_not_askable(shared))).rstrip() + "\n"


def _table(shared: Path) -> Iterator[str]:
    yield "| answers | what is compared | held | asked | right | wrong | not askable |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for family in FAMILIES:
        found = counts(answers_of(family, shared))
        numbers = (
            found.total(),
            found["right"] + found["wrong"],
            *(found[outcome] for outcome in ("right", "wrong", "not askable")),
        )
        yield f"| {family.name} | {family.asks} | {' | '.join(map(str, numbers))} |"


def _wrong(shared: Path) -> Iterator[str]:
    yield "\n## Wrong\n"
    for family, answers in _of(shared, "wrong"):
        for answer in answers:
            yield f"- **{family.name}**, {answer.case}: {answer.why}. {family.reasons.get(answer.case, '')}".rstrip()


def _not_askable(shared: Path) -> Iterator[str]:
    yield "\n## Not askable"
    for family, answers in _of(shared, "not askable"):
        yield f"\n### {family.name}\n"
        by_reason = sorted(answers, key=lambda answer: answer.why)
        for why, group in groupby(by_reason, key=lambda answer: answer.why):
            yield f"- {why}: {', '.join(map(_case, group))}"


def _of(shared: Path, outcome: Outcome) -> Iterator[tuple[Family, list[Answer]]]:
    for family in FAMILIES:
        answers = [answer for answer in answers_of(family, shared) if answer.outcome == outcome]
        if answers:
            yield family, answers


def _case(answer: Answer) -> str:
    return answer.case if answer.times == 1 else f"{answer.case} ({answer.times}×)"


if __name__ == "__main__":
    recordings = REPOSITORY.parent / "shared"
    if not (recordings / "truth").is_dir():
        sys.exit("needs ../shared (recorded Azure answers, real flow logs), which is not beside this checkout")
    PAGE.write_text(page(recordings), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(REPOSITORY)}")
