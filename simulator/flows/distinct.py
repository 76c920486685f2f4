"""Which rows of several columns are equal: one sort on a hash, checked against the columns themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simulator.walk.packets import Addresses

Column = npt.NDArray[np.integer]
Rows = npt.NDArray[np.intp]

_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def distinct_rows(rows: Sequence[Column | Addresses]) -> tuple[Rows, Rows]:
    """(`first`, `group`): the first row of each distinct row in order of appearance, and each row's number among them.

    `rows` are columns of equal length, at least one. ``first[group]`` is, for every row, the earliest row equal to it.
    """
    columns = [half for held in rows for half in ((held.high, held.low) if isinstance(held, Addresses) else (held,))]
    if not len(columns[0]):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    hashes = _hash(columns)
    order = np.argsort(hashes, kind="stable")
    starts = _starts(columns, order)
    # Rows of one hash that differ may interleave, so that equal rows do not stand together: then sort on the columns.
    if (starts[1:] & (hashes[order][1:] == hashes[order][:-1])).any():
        order = np.lexsort(columns)
        starts = _starts(columns, order)
    sorted_group = np.cumsum(starts) - 1
    first = order[starts]
    appearance = np.argsort(first)
    rank = np.empty(len(first), np.intp)
    rank[appearance] = np.arange(len(first))
    group = np.empty(len(order), np.intp)
    group[order] = rank[sorted_group]
    return first[appearance], group


def _starts(columns: Sequence[Column], order: Rows) -> npt.NDArray[np.bool_]:
    """Where, along `order`, a row differs from the one before."""
    starts = np.zeros(len(order), np.bool_)
    starts[0] = True
    for column in columns:
        along = column[order]
        starts[1:] |= along[1:] != along[:-1]
    return starts


def _hash(columns: Sequence[Column]) -> npt.NDArray[np.uint64]:
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(_ODD[0])
        mixed ^= mixed >> np.uint64(29)
    return mixed * np.uint64(_ODD[1])
