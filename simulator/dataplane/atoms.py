"""Atoms: the finest intervals of addresses that any prefix of the network tells apart, numbered from 0.

Addresses become atom numbers at the door; nothing behind it knows IPv4 from IPv6. The same class serves as the coarse
partition of routes and tags (regions).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from simulator.space.addresses import ADDRESS_SPACE_END, IPV4_SPACE, MAPPED, Prefix, prefix_intervals

Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]


class Atoms:
    """Sorted breakpoints of the prefixes given; atom `i` runs from ``points[i]`` to the next point."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        points = {0, MAPPED, IPV4_SPACE.high + 1}
        for whole in set(prefixes):
            for part in prefix_intervals(whole):
                points.add(part.low)
                points.add(part.high + 1)
        points.discard(ADDRESS_SPACE_END)
        self.points = sorted(points)
        self._number = {point: at for at, point in enumerate(self.points)}
        first, last = self._number[MAPPED], self._number[IPV4_SPACE.high + 1]
        self._first_ipv4 = first
        self._ipv4 = np.array([point - MAPPED for point in self.points[first:last]], np.uint64)
        self._all = _sortable(
            np.array([point >> 64 for point in self.points], np.uint64),
            np.array([point & (1 << 64) - 1 for point in self.points], np.uint64),
        )

    def __len__(self) -> int:
        return len(self.points)

    def interval(self, prefix: Prefix) -> list[tuple[int, int]]:
        """Half-open runs of atoms that make up `prefix`, which must be one of those the atoms were made from."""
        return [
            (self._number[part.low], self._number.get(part.high + 1, len(self.points)))
            for part in prefix_intervals(prefix)
        ]

    def find(self, high: UInt64, low: UInt64) -> Int32:
        """The atom of each address, given as the two halves of its 128 bits."""
        is_ipv4 = (high == 0) & (low >> np.uint64(32) == np.uint64(0xFFFF))
        atom = np.empty(len(low), np.int32)
        offset = low[is_ipv4] & np.uint64(0xFFFFFFFF)
        atom[is_ipv4] = np.searchsorted(self._ipv4, offset, "right") - 1 + self._first_ipv4
        rest = ~is_ipv4
        atom[rest] = np.searchsorted(self._all, _sortable(high[rest], low[rest]), "right") - 1
        return atom

    def of(self, address: int) -> int:
        """The atom of one address."""
        return int(self.find(np.array([address >> 64], np.uint64), np.array([address & (1 << 64) - 1], np.uint64))[0])


def _sortable(high: UInt64, low: UInt64) -> npt.NDArray[np.bytes_]:
    """128-bit values as 17 bytes that sort as the values do; the last byte keeps numpy from cutting trailing zeros."""
    column = np.empty((len(low), 17), np.uint8)
    column[:, :8] = high.astype(">u8").view(np.uint8).reshape(-1, 8)
    column[:, 8:16] = low.astype(">u8").view(np.uint8).reshape(-1, 8)
    column[:, 16] = 1
    return np.ascontiguousarray(column).view("S17").reshape(-1)
