"""What is said to be supported of a kind of resource, each claim with the tests that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulator.azure.snapshot import MODELS
from simulator.sources.arm_fields import CHILD_MODELS
from tests.support.changes import CHANGED_BY
from tests.support.samples import SAMPLES
from tests.support.walks import NOTES, WALKED_BY

LOADS = "tests/support/test_loads.py::test_a_resource_of_the_kind_is_read"


@dataclass(frozen=True, slots=True)
class Claim:
    """`what` is said in Azure's words; `tests` are ids as pytest prints them, with or without a parameter."""

    what: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """A kind by its ARM type in lower case. No claim means no support."""

    kind: str
    loads: tuple[Claim, ...]
    walks: tuple[Claim, ...]
    changes: tuple[Claim, ...]
    note: str


def kinds() -> tuple[str, ...]:
    """Every type that is read, a parent before its children."""
    return tuple(sorted({*MODELS, *CHILD_MODELS}))


def support() -> Iterator[Support]:
    """The support of every kind that is read; a kind that no registry speaks of has none."""
    for kind in kinds():
        loads = (Claim("yes", (f"{LOADS}[{kind}]",)),) if kind in SAMPLES else ()
        yield Support(
            kind, loads, _claims(WALKED_BY.get(kind, {})), _claims(CHANGED_BY.get(kind, {})), NOTES.get(kind, "")
        )


def _claims(proofs: Mapping[str, tuple[str, ...]]) -> tuple[Claim, ...]:
    return tuple(Claim(what, tests) for what, tests in proofs.items())
