"""Sums of whole numbers by group, exact where a float would not be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Int64 = npt.NDArray[np.int64]

#: Keys up to this get a column that holds all of them.
_DENSE = 1 << 22


def sums_of(group: Rows, values: Int64, count: int) -> Int64:
    """The sum of the values of each of `count` groups."""
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, values)
    return sums


def sums_by(key: Rows, values: Int64) -> tuple[Rows, Int64]:
    """The distinct keys, ascending, and the sum of the values of each."""
    highest = int(key.max(initial=0))
    if highest < _DENSE:
        sums = sums_of(key, values, highest + 1)
        found = np.flatnonzero(sums)
        return found, sums[found]
    found, row = np.unique(key, return_inverse=True)
    return found, sums_of(row, values, len(found))
