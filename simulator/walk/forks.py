"""Where packets could be given another way: backends of load balancers, appliances of equal-cost routes.

A way is written as digits, one for each fork that the packet meets, the first fork the lowest digit of `choice`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.walk.packets import Bools, Int32

Int64 = npt.NDArray[np.int64]
#: A digit of a choice. A fork of more ways, or a packet with more forks, is more than is tried.
FORK_BASE = 64
DEPTH = 10


class Forks:
    """The number of ways at each fork that each packet met, in order; `is_beyond` has met more than is tried."""

    def __init__(self, count: int) -> None:
        self.depth = np.zeros(count, np.int32)
        self.is_beyond: Bools = np.zeros(count, bool)
        self._ways: Int32 | None = None

    def met(self, flow: Int32, ways: Int32) -> None:
        """One more fork of these packets, each with more than one way."""
        if not len(flow):
            return
        if self._ways is None:
            self._ways = np.ones((len(self.depth), DEPTH), np.int32)
        fits = (self.depth[flow] < DEPTH) & (ways <= FORK_BASE)
        self.is_beyond[flow[~fits]] = True
        self._ways[flow[fits], self.depth[flow[fits]]] = ways[fits]
        self.depth[flow[fits]] += 1

    def next_choice(self, choice: Int64) -> Int64:
        """The way after each packet's own, which had the digits of `choice`: the last fork turns first. -1: none."""
        following = np.full(len(choice), -1, np.int64)
        if self._ways is None:
            return following
        for depth in range(DEPTH):  # the deepest fork that can turn is written last
            place = np.int64(FORK_BASE) ** depth
            before, digit = choice % place, choice // place % FORK_BASE
            turns = (depth < self.depth) & (digit + 1 < self._ways[:, depth])
            following[turns] = (before + (digit + 1) * place)[turns]
        following[self.is_beyond] = -1
        return following
