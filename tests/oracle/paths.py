"""The paths that one packet may take where Azure picks: which they are, and what they say together (ORDER 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.oracle.judgement import Judgement

T = TypeVar("T")
MOST_PATHS = 64
MOST_FORKS = 10


@dataclass
class Choices:
    """Which option is taken at each place where there are several; `sizes` are the options that were met."""

    given: list[int]
    sizes: list[int] = field(default_factory=list)

    def pick(self, options: Sequence[T]) -> T:
        if len(options) == 1:
            return options[0]
        at = len(self.sizes)
        self.sizes.append(len(options))
        return options[self.given[at] if at < len(self.given) else 0]

    def following(self) -> list[int] | None:
        """The next path in order of the options, the last choice turning first; None after the last path."""
        taken = self.given + [0] * (len(self.sizes) - len(self.given))
        while taken and taken[-1] + 1 == self.sizes[len(taken) - 1]:
            taken.pop()
        return [*taken[:-1], taken[-1] + 1] if taken else None


def every_path(walk: Callable[[Choices], Judgement]) -> Iterator[tuple[Judgement, int]]:
    """Every way with the number of forks on it."""
    given: list[int] | None = []
    while given is not None:
        choices = Choices(given)
        yield walk(choices), len(choices.sizes)
        given = choices.following()


def together(walk: Callable[[Choices], Judgement]) -> Judgement:
    """One verdict: the first path's answer. Else the first reason that is unknown, else it depends.

    What the NICs decided is always told of the first path.
    """
    judgements: list[Judgement] = []
    for judgement, forks in every_path(walk):
        judgements.append(judgement)
        if len(judgements) > MOST_PATHS or forks > MOST_FORKS:
            return _as(judgements[0], "TOO_MANY_PATHS", judgements)
    if len({judgement.verdict for judgement in judgements}) == 1:
        return _as(judgements[0], judgements[0].reason, judgements)
    unknown = next((judgement.reason for judgement in judgements if judgement.verdict == "UNKNOWN"), "PATHS_DIFFER")
    return _as(judgements[0], unknown, judgements)


def _as(first: Judgement, reason: str, judgements: list[Judgement]) -> Judgement:
    layers = frozenset(layer for judgement in judgements for layer in judgement.layers)
    return Judgement.of(reason, first.path, first.decisions, layers | ({"several paths"} if judgements[1:] else set()))
