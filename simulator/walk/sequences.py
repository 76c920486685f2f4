"""Sequences of numbers along the ways of many packets, each distinct one once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simulator.walk.packets import Int32

Rows = npt.NDArray[np.intp]
_END = -1


def distinct_sequences(packet: Int32, values: Int32, count: int) -> tuple[list[tuple[int, ...]], Rows]:
    """The distinct sequences of `values` of each packet, and which of them each of `count` packets has.

    `packet` is sorted, and values stand in the order of travel; none is negative. A packet without any has -1.
    """
    number = np.full(count, _END, np.intp)
    if not len(packet):
        return [], number
    starts = np.r_[True, packet[1:] != packet[:-1]]
    rows = np.arange(len(packet))
    position = rows - np.maximum.accumulate(np.where(starts, rows, 0))
    table = np.full((int(starts.sum()), int(position.max()) + 1), _END, np.int32)
    table[np.cumsum(starts) - 1, position] = values
    found, of_packet = np.unique(table, axis=0, return_inverse=True)
    number[packet[starts]] = of_packet.reshape(-1)
    return [tuple(value for value in row if value != _END) for row in found.tolist()], number


def along_the_way(visits: Sequence[tuple[Int32, Int32]]) -> tuple[Int32, Int32]:
    """(packet, place) of visits that stand in the order of travel, sorted by packet."""
    none = np.empty(0, np.int32)
    packet, place = (np.concatenate([none, *(visit[at] for visit in visits)]) for at in (0, 1))
    order = np.argsort(packet, kind="stable")
    return packet[order], place[order]
