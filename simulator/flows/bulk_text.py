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

from simulator.flows.distinct import Rows, distinct_rows
from simulator.walk.packets import Addresses

#: Constant bytes, or a column of bytes: one text a row, filled with NULs at any end.
Piece = bytes | npt.NDArray[Any]
Numbers = npt.NDArray[np.integer]

#: Numbers are written this many at once: four digits.
_BASE = 10_000
#: Rows that are laid out at once: few enough for their pieces to stay in the cache.
_ROWS = 1 << 12
_DAY = 86_400_000
_ZERO = ord("0")


def rows_text(count: int, pieces: Sequence[Piece], order: Rows | None = None) -> bytes:
    """The texts of `count` rows, one after the other; in another order where it is given."""
    kinds = [f"S{len(piece)}" if isinstance(piece, bytes) else piece.dtype for piece in pieces]
    names = [f"f{at}" for at in range(len(pieces))]
    table = np.zeros(min(count, _ROWS), np.dtype([*zip(names, kinds, strict=True)]))
    columns = [(table[name], piece) for name, piece in zip(names, pieces, strict=True) if not isinstance(piece, bytes)]
    for name, piece in zip(names, pieces, strict=True):
        if isinstance(piece, bytes):
            table[name] = piece
    texts = []
    for start in range(0, count, _ROWS):
        stop = min(start + _ROWS, count)
        rows = slice(start, stop) if order is None else order[start:stop]
        for column, piece in columns:
            column[: stop - start] = piece[rows]
        texts.append(table[: stop - start].tobytes().translate(None, b"\0"))
    return b"".join(texts)


def words(texts: Iterable[bytes]) -> npt.NDArray[Any]:
    """Texts to take by number; there is an empty one behind the last."""
    return np.array([*texts, b""], np.bytes_)


def numbers(values: Numbers) -> list[Piece]:
    """Whole numbers without leading zeros; a negative one is an empty text."""
    if not len(values):
        return [b""]
    values = values.astype(np.int64, copy=False)
    least, largest = int(values.min()), int(values.max())
    missing = values < 0 if least < 0 else None
    pieces: list[Piece] = []
    for digits in (_last_digits(), *[_upper_digits()] * 4):
        least, largest = least // _BASE, largest // _BASE
        if not largest and missing is None:
            pieces.append(digits[values])
            break
        rest = values // _BASE
        place = values - rest * _BASE + (rest > 0) * _BASE
        if missing is not None:
            place[missing] = 2 * _BASE
        pieces.append(digits[place])
        if least == largest:  # all begin alike, as moments do
            pieces.append(b"%d" % largest if largest > 0 else b"")
            break
        values = rest
    return pieces[::-1]


def ports(values: Numbers) -> Piece:
    """Numbers up to 65535; a negative one is an empty text."""
    return _ports()[values]


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
    return _four_digits(_spelled(_BASE, 4))


@cache
def _upper_digits() -> npt.NDArray[np.uint32]:
    """Four digits that others follow: nothing of zero, where they are the first."""
    alone = _spelled(_BASE, 4)
    alone[0] = 0
    return _four_digits(alone)


@cache
def _ports() -> npt.NDArray[np.uint64]:
    table = np.zeros((65536 + 1, 8), np.uint8)
    table[:-1, :5] = _spelled(65536, 5)
    return table.view(np.uint64).reshape(-1)


def _four_digits(alone: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    behind = _spelled(_BASE, 4)
    table = np.concatenate([alone, np.where(behind == 0, _ZERO, behind), np.zeros((1, 4), np.uint8)])
    return np.ascontiguousarray(table).view(np.uint32).reshape(-1)


def _spelled(count: int, width: int) -> npt.NDArray[np.uint8]:
    """The numbers below `count` in decimal, NULs in place of leading zeros."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    value = np.arange(count)[:, None]
    digits = value // powers % 10 + _ZERO
    digits[:, :-1][value < powers[:-1]] = 0
    return digits.astype(np.uint8)


@cache
def _octets() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """The numbers of an IPv4 address, with a dot behind them and without."""
    dotted, plain = ([b"%d%s" % (number, end) for number in range(256)] for end in (b".", b""))
    return np.array(dotted, "S4").view(np.uint32), np.array(plain, "S4").view(np.uint32)


@cache
def _padded(width: int) -> npt.NDArray[Any]:
    return np.array([b"%0*d" % (width, number) for number in range(10**width)], np.bytes_)
