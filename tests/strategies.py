"""Random networks and packets that aim at edges, shared by every property test.

`random_snapshot` and `random_packets` are plain functions of a seed; `snapshots` and `networks_with_packets` let
Hypothesis steer the same choices, so that it can shrink them. The networks are made in `tests.oracle.random_network`,
the packets in `tests.oracle.random_packets`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

from hypothesis import strategies as st

from simulator.azure.snapshot import Snapshot
from tests.oracle.judgement import LAYERS, Judgement
from tests.oracle.random_network import random_world
from tests.oracle.random_packets import Flow, aimed_packets, random_packets

__all__ = ["Flow", "coverage", "networks_with_packets", "random_packets", "random_snapshot", "shares", "snapshots"]


def random_snapshot(seed: int) -> Snapshot:
    return random_world(Random(seed)).snapshot()


# --- Hypothesis ----------------------------------------------------------------------------------------------------
def snapshots() -> st.SearchStrategy[Snapshot]:
    """Networks whose every choice Hypothesis makes, and can shrink."""
    return st.randoms(use_true_random=False).map(lambda random: random_world(random).snapshot())


@st.composite
def networks_with_packets(draw: st.DrawFn, *, most: int = 20) -> tuple[Snapshot, list[Flow]]:
    """A network and up to `most` packets at its edges."""
    snapshot = draw(snapshots())
    count = draw(st.integers(1, most))
    return snapshot, aimed_packets(snapshot, draw(st.randoms(use_true_random=False)), count)


# --- coverage ------------------------------------------------------------------------------------------------------
def coverage(judgements: Iterable[Judgement]) -> Counter[str]:
    """How often each reason ended a packet and each kind of rule decided, so that a vacuous law shows."""
    counts: Counter[str] = Counter()
    for judgement in judgements:
        counts[judgement.reason] += 1
        for decision in judgement.decisions:
            kind = decision.rule.type.rsplit("/", 1)[-1] if decision.rule else "nothing"
            counts[f"{kind} {decision.direction} {decision.verdict}"] += 1
    return counts


def shares(judgements: Iterable[Judgement]) -> dict[str, float]:
    """Of all packets, the percentage that met each layer."""
    judgements = list(judgements)
    return {layer: 100 * sum(layer in j.layers for j in judgements) / len(judgements) for layer in LAYERS}
