"""Text of many rows at once: pieces of fixed width side by side, out of which every NUL byte then falls.

A row is a list of pieces: constant bytes, or a column of texts that NULs fill to one width. No row is ever handled by
itself, so that a log is written as fast as its columns can be copied. A text can therefore not hold a NUL; JSON has
none, for it escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.flows.distinct import distinct_rows
from simulator.walk.packets import Addresses

#: Constant bytes, or a column of bytes: one text a row, filled with NULs at any end.
Piece = bytes | npt.NDArray[Any]
Numbers = npt.NDArray[np.integer]

#: Numbers are written this many at once: four digits.
_BASE = 10_000
_DAY = 86_400_000


def rows_text(count: int, pieces: Sequence[Piece]) -> bytes:
    """The texts of `count` rows, one after the other."""
    kinds = [f"S{len(piece)}" if isinstance(piece, bytes) else piece.dtype for piece in pieces]
    table = np.zeros(count, np.dtype([(f"f{at}", kind) for at, kind in enumerate(kinds)]))
    for at, piece in enumerate(pieces):
        table[f"f{at}"] = piece
    return table.tobytes().translate(None, b"\0")


def words(texts: Iterable[bytes]) -> npt.NDArray[Any]:
    """Texts to take by number; there is an empty one behind the last."""
    return np.array([*texts, b""], np.bytes_)


def numbers(values: Numbers) -> list[Piece]:
    """Whole numbers without leading zeros; a negative one is an empty text."""
    values = values.astype(np.int64, copy=False)
    largest = int(values.max(initial=0))
    missing = values < 0
    has_missing = bool(missing.any())
    pieces: list[Piece] = []
    for digits in (_last_digits(), *[_upper_digits()] * 4):
        rest = values // _BASE
        place = values - rest * _BASE + (rest > 0) * _BASE
        if has_missing:
            place[missing] = 2 * _BASE
        pieces.append(digits[place])
        values, largest = rest, largest // _BASE
        if not largest:
            break
    return pieces[::-1]


def addresses(held: Addresses) -> list[Piece]:
    """Addresses as `format_address` writes them."""
    if held.is_ipv4.all():
        low = held.low.astype(np.uint32)
        first, last = _octets()
        return [first[low >> 24], first[low >> 16 & 255], first[low >> 8 & 255], last[low & 255]]
    kept, group = distinct_rows([held])
    return [words(text.encode() for text in held[kept].texts())[group]]


def moments(milliseconds: Numbers) -> list[Piece]:
    """Moments since 1970 as ``2026-01-12T08:00:00.123Z``."""
    days, day = np.unique(milliseconds // _DAY, return_inverse=True)
    dates = words(str(date).encode() for date in days.astype("datetime64[D]"))
    of_day = milliseconds % _DAY
    hour, minute, second = of_day // 3_600_000, of_day // 60_000 % 60, of_day // 1000 % 60
    two, three = _padded(2), _padded(3)
    return [
        dates[day.reshape(-1)],
        b"T",
        two[hour],
        b":",
        two[minute],
        b":",
        two[second],
        b".",
        three[of_day % 1000],
        b"Z",
    ]


@cache
def _last_digits() -> npt.NDArray[np.uint32]:
    """The last four digits of a number by their value: alone, behind others, and none at all."""
    alone = [b"%d" % number for number in range(_BASE)]
    return _as_words(alone)


@cache
def _upper_digits() -> npt.NDArray[np.uint32]:
    """Four digits that others follow: nothing of zero, where they are the first."""
    return _as_words([b"", *(b"%d" % number for number in range(1, _BASE))])


def _as_words(alone: list[bytes]) -> npt.NDArray[np.uint32]:
    behind = [b"%04d" % number for number in range(_BASE)]
    return np.array([*alone, *behind, b""], "S4").view(np.uint32)


@cache
def _octets() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """The numbers of an IPv4 address, with a dot behind them and without."""
    dotted, plain = ([b"%d%s" % (number, end) for number in range(256)] for end in (b".", b""))
    return np.array(dotted, "S4").view(np.uint32), np.array(plain, "S4").view(np.uint32)


@cache
def _padded(width: int) -> npt.NDArray[Any]:
    return np.array([b"%0*d" % (width, number) for number in range(10**width)], np.bytes_)
