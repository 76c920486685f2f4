"""Packets that could take several ways: each is walked, and where the fates differ the answer says so.

A load balancer gives a flow to one of its backends and an equal-cost route to one of its appliances, by a hash that
nobody outside Azure knows. So the walk is asked once for each way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simulator.walk.in_flight import WAY_LIMIT
from simulator.walk.packets import Bools, Packets
from simulator.walk.predictions import NOTHING, Predictions
from simulator.walk.reasons import CODE_OF, Verdict

Walk = Callable[[Packets, int], Predictions]
UInt8 = npt.NDArray[np.uint8]


def every_way(packets: Packets, walk: Walk) -> Predictions:
    """The answer of the first way, unless the verdicts of the ways differ.

    Then it is that of the first way that is UNKNOWN, or PATHS_DIFFER. `walk` takes a batch and the choice of way.
    """
    first = walk(packets, 0)
    if not (first.ways > 1).any():
        return first
    merged = _Ways(first)
    for choice in range(1, WAY_LIMIT):
        rows = np.flatnonzero(merged.ways > choice)
        if not len(rows):
            break
        merged.add(rows, walk(packets[rows], choice))
    return merged.answer()


class _Ways:
    """What the ways walked so far say of each packet."""

    def __init__(self, first: Predictions) -> None:
        self.first = first
        self.ways = np.minimum(first.ways, WAY_LIMIT + 1)
        self.assumed = first.assumed.copy()
        self.differs: Bools = np.zeros(len(first), bool)
        self.unknown: UInt8 = np.where(first.verdict == Verdict.UNKNOWN, first.reason, CODE_OF["DELIVERED"])

    def add(self, rows: npt.NDArray[np.intp], way: Predictions) -> None:
        self.ways[rows] = np.maximum(self.ways[rows], way.ways)
        self.assumed[rows] |= way.assumed
        self.differs[rows] |= way.verdict != self.first.verdict[rows]
        fresh = (way.verdict == Verdict.UNKNOWN) & (self.unknown[rows] == CODE_OF["DELIVERED"])
        self.unknown[rows[fresh]] = way.reason[fresh]

    def answer(self) -> Predictions:
        reason, decider = self.first.reason.copy(), self.first.decider.copy()
        is_unknown = self.unknown != CODE_OF["DELIVERED"]
        reason[self.differs] = np.where(is_unknown, self.unknown, CODE_OF["PATHS_DIFFER"])[self.differs]
        reason[self.ways > WAY_LIMIT] = CODE_OF["TOO_MANY_PATHS"]
        decider[self.differs | (self.ways > WAY_LIMIT)] = NOTHING
        return replace(self.first, reason=reason, decider=decider, assumed=self.assumed, ways=self.ways)
