"""What appliances did to the packets of a batch, hop by hop: who forwarded them, and whose source was replaced.

Most packets meet no appliance, so only those that one has forwarded get a row here; a packet that is forwarded at a
later hop was forwarded at every hop before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simulator.walk.packets import Bools, Int32
from simulator.walk.predictions import NOTHING


class _Hop(NamedTuple):
    """One hop, by row: the appliance, the source it met, and the source it sent on."""

    place: Int32
    met: Int32
    sent: Int32


_Test = Callable[[_Hop, Int32], Bools]


class Forwarded:
    """The appliances each packet passed; packets are asked for by their row in the batch (`flow`)."""

    def __init__(self, count: int) -> None:
        self._row = np.full(count, NOTHING, np.int32)
        self._hops: list[_Hop] = []
        self._rows = 0

    def add(self, flow: Int32, place: Int32, met: Int32, sent: Int32) -> None:
        """One more hop of these packets: all that are forwarded there, at once."""
        if not len(flow):
            return
        if not self._hops:
            self._rows = len(flow)
            self._row[flow] = np.arange(len(flow), dtype=np.int32)
        hop = _Hop(*(np.full(self._rows + 1, NOTHING, np.int32) for _ in range(3)))
        row = self._row[flow]
        hop.place[row], hop.met[row], hop.sent[row] = place, met, sent
        self._hops.append(hop)

    def passed(self, flow: Int32, place: Int32) -> Bools:
        """Was each packet forwarded by `place`?"""
        return self._any(flow, lambda hop, row: hop.place[row] == place)

    def passed_as_now(self, flow: Int32, place: Int32, source: Int32) -> Bools:
        """Was each packet forwarded by `place` with this very source?"""
        return self._any(flow, lambda hop, row: (hop.place[row] == place) & (hop.met[row] == source))

    def translated_by(self, flow: Int32, place: Int32) -> Bools:
        """Did `place` replace the source of each packet?"""
        return self._any(flow, lambda hop, row: (hop.place[row] == place) & (hop.met[row] != hop.sent[row]))

    def source_before(self, flow: Int32, place: Int32, otherwise: Int32) -> Int32:
        """The source that each packet had before `place` first replaced it; `otherwise` where it did not."""
        source, row = otherwise.copy(), self._rows_of(flow)
        for hop in reversed(self._hops):
            here = (hop.place[row] == place) & (hop.met[row] != hop.sent[row])
            source[here] = hop.met[row][here]
        return source

    def _any(self, flow: Int32, test: _Test) -> Bools:
        found, row = np.zeros(len(flow), bool), self._rows_of(flow)
        for hop in self._hops:
            found |= test(hop, row)
        return found

    def _rows_of(self, flow: Int32) -> Int32:
        """Packets that nobody forwarded share the last row, which holds nothing."""
        row = self._row[flow]
        rows: Int32 = np.where(row == NOTHING, self._rows, row)
        return rows
