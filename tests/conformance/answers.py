"""What came of a recorded answer that was asked for, and a family of such answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["right", "wrong", "not askable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """`case` names the recorded question; `why` says what differs, or why it is no measure; `times` counts them."""

    case: str
    outcome: Outcome
    why: str = ""
    times: int = 1


@dataclass(frozen=True, eq=False)
class Family:
    """Recorded answers of one kind.

    Attributes
    ----------
    asks : what is asked and compared, in one sentence.
    answers : the folder of shared recordings → every answer of the family, in a fixed order.
    floor : how many are right; the number may not fall.
    reasons : case that is known to be answered wrong → why it stays so.
    """

    name: str
    asks: str
    answers: Callable[[Path], Iterable[Answer]]
    floor: int
    reasons: Mapping[str, str] = field(default_factory=dict)


def counts(answers: Iterable[Answer]) -> Counter[Outcome]:
    """How many answers there are of each outcome."""
    found: Counter[Outcome] = Counter()
    for answer in answers:
        found[answer.outcome] += answer.times
    return found


def judged(case: str, is_right: bool, why: str = "") -> Answer:
    """A right answer needs no reason."""
    return Answer(case, "right") if is_right else Answer(case, "wrong", why)


def not_askable(case: str, why: str, times: int = 1) -> Answer:
    return Answer(case, "not askable", why, times)
