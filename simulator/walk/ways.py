"""Packets that could take several ways: each is walked, and where the fates differ the answer says so.

A load balancer gives a flow to one of its backends and an equal-cost route to one of its appliances, by a hash that
nobody outside Azure knows. So the walk is asked once for each way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from simulator.walk.packets import Packets
from simulator.walk.predictions import NOTHING, Predictions
from simulator.walk.reasons import CODE_OF, Verdict

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
#: Walks a batch by one way each; gives the answers and the choice of the way after, -1 where there is none.
Walk = Callable[[Packets, Int64], tuple[Predictions, Int64]]
#: More ways of one packet than are tried.
WAY_LIMIT = 64
_NOT_UNKNOWN = CODE_OF["DELIVERED"]


def every_way(packets: Packets, walk: Walk) -> Predictions:
    """The answer of the first way, unless the verdicts of the ways differ.

    Then it is that of the first way that is UNKNOWN, or PATHS_DIFFER.
    """
    first, choice = walk(packets, np.zeros(len(packets), np.int64))
    rows = np.flatnonzero((choice >= 0) | first.is_beyond)
    if not len(rows):
        return first
    merged = _Ways(first)
    rows = rows[~first.is_beyond[rows]]
    while len(rows):
        way, following = walk(packets[rows], choice[rows])
        merged.add(rows, way)
        choice[rows] = following
        rows = rows[(following >= 0) & ~merged.is_beyond[rows]]
    return merged.answer()


class _Ways:
    """What the ways walked so far say of each packet."""

    def __init__(self, first: Predictions) -> None:
        self.first = first
        self.count, self.assumed = first.ways.copy(), first.assumed.copy()
        self.is_beyond = first.is_beyond.copy()
        self.differs = np.zeros(len(first), bool)
        self.unknown = np.where(first.verdict == Verdict.UNKNOWN, first.reason, _NOT_UNKNOWN).astype(np.uint8)

    def add(self, rows: Rows, way: Predictions) -> None:
        self.count[rows] += 1
        self.is_beyond[rows] |= way.is_beyond | (self.count[rows] > WAY_LIMIT)
        self.assumed[rows] |= way.assumed
        self.differs[rows] |= way.verdict != self.first.verdict[rows]
        fresh = (way.verdict == Verdict.UNKNOWN) & (self.unknown[rows] == _NOT_UNKNOWN)
        self.unknown[rows[fresh]] = way.reason[fresh]

    def answer(self) -> Predictions:
        reason, decider = self.first.reason.copy(), self.first.decider.copy()
        unknown = np.where(self.unknown != _NOT_UNKNOWN, self.unknown, CODE_OF["PATHS_DIFFER"])
        reason[self.differs] = unknown[self.differs]
        reason[self.is_beyond] = CODE_OF["TOO_MANY_PATHS"]
        decider[self.differs | self.is_beyond] = NOTHING
        return replace(self.first, reason=reason, decider=decider, assumed=self.assumed, ways=self.count)
