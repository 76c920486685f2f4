"""The grammar of one VNet flow log v4 tuple, and the bulk parser of many.

``time,source,destination,source port,destination port,protocol,I|O,B|C|E|D,encryption`` and four counters: packets and
bytes sent, packets and bytes received. `fault` is the definition, one tuple at a time; `parse_tuples` must accept what
it accepts, and does so column by column.

Learn: azure/network-watcher/vnet-flow-logs-overview#log-format
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from simulator.flows.records import NOT_GIVEN, STATES, Int64, Texts, UInt8
from simulator.space.addresses import MAPPED, parse_address
from simulator.walk.packets import Addresses, Int32

FIELDS = 13
#: A time below this is in seconds, as the documentation's examples have it; real logs hold milliseconds.
FIRST_MILLISECONDS = 10**11
LAST_TIME = 10**13
LAST_COUNTER = 2**50
LONGEST_NUMBER = 20

_DIRECTION_NUMBERS = {"I": 0, "O": 1}
_STATE_NUMBERS: dict[str, int] = {state: number for number, state in enumerate(STATES)}
_OCTETS = {str(octet): octet for octet in range(256)}
#: Words that are not documented pass through, but no number that slipped into the place of one.
_ENCRYPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{2,45}")
_NSG_TUPLE = re.compile(r"\d+,[^,]*,[^,]*,\d*,\d*,[TU],[IO],[AD](,[BCE](,\d*){4})?")
#: Stands between two texts while many are split at once; no field may be it.
_SEPARATOR = "\n"


class TupleColumns(Struct, frozen=True):
    """The fields of tuples as columns; `encryption` numbers the texts of the `Texts` given to `parse_tuples`."""

    time: Int64
    source: Addresses
    destination: Addresses
    source_port: Int32
    destination_port: Int32
    protocol: UInt8
    direction: UInt8
    state: UInt8
    encryption: Int32
    packets_sent: Int64
    bytes_sent: Int64
    packets_received: Int64
    bytes_received: Int64


def is_nsg_tuple(text: object) -> bool:
    """Whether this is a tuple of an NSG flow log, version 1 or 2 (version 2 has 13 fields too, in another order)."""
    return isinstance(text, str) and _NSG_TUPLE.fullmatch(text) is not None


def fault(text: object) -> str:
    """What is wrong with a tuple; empty when nothing is."""
    if not isinstance(text, str):
        return "is not a text"
    values = text.split(",")
    if len(values) != FIELDS:
        return f"has {len(values)} fields, not {FIELDS}"
    for (name, is_right, form), value in zip(_GRAMMAR, values, strict=True):
        if not is_right(value):
            return f"{name} {value[:40]!r} is not {form}"
    return ""


def _is_number_up_to(last: int) -> Callable[[str], bool]:
    def is_right(text: str) -> bool:
        return text.isascii() and text.isdigit() and int(text[:LONGEST_NUMBER]) <= last and len(text) <= LONGEST_NUMBER

    return is_right


def _is_address(text: str) -> bool:
    return _address(text) is not None


def _address(text: str) -> int | None:
    try:
        return parse_address(text) if _ADDRESS.fullmatch(text) else None
    except ValueError:
        return None


_is_port = _is_number_up_to(65535)
_is_count = _is_number_up_to(LAST_COUNTER)
_GRAMMAR: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("time", _is_number_up_to(LAST_TIME), "a number of milliseconds or seconds"),
    ("source", _is_address, "an IP address"),
    ("destination", _is_address, "an IP address"),
    ("source port", _is_port, "a number up to 65535"),
    ("destination port", _is_port, "a number up to 65535"),
    ("protocol", _is_number_up_to(255), "an IANA protocol number"),
    ("direction", _DIRECTION_NUMBERS.__contains__, "I or O"),
    ("state", _STATE_NUMBERS.__contains__, "B, C, E or D"),
    ("encryption", lambda text: _ENCRYPTION.fullmatch(text) is not None, "a word such as X or NX"),
    *(
        (name, lambda text: not text or _is_count(text), "a number or empty")
        for name in ("packets sent", "bytes sent", "packets received", "bytes received")
    ),
)


def parse_tuples(texts: Sequence[object], encryptions: Texts) -> tuple[TupleColumns, list[tuple[int, str]]]:
    """The well-formed tuples of `texts` as columns, and (index, what is wrong) of every other one.

    Row `i` of the columns is the `i`-th tuple that is not among the faults.
    """
    try:
        return _columns(texts, encryptions), []
    except (ValueError, KeyError, TypeError, OverflowError):
        faults = [(at, reason) for at, text in enumerate(texts) if (reason := fault(text))]
    wrong = {at for at, _ in faults}
    return _columns([text for at, text in enumerate(texts) if at not in wrong], encryptions), faults


def _columns(texts: Sequence[object], encryptions: Texts) -> TupleColumns:
    """Columns of `texts`. Raises ValueError, KeyError, TypeError or OverflowError when any has a `fault`."""
    columns = _split(texts, ",", FIELDS)
    count = len(texts)
    time = _numbers(columns[0], LAST_TIME)
    packets_sent, bytes_sent, packets_received, bytes_received = (_counters(column) for column in columns[9:])
    return TupleColumns(
        time=np.where(time < FIRST_MILLISECONDS, time * 1000, time),
        source=_addresses(columns[1]),
        destination=_addresses(columns[2]),
        source_port=_numbers(columns[3], 65535).astype(np.int32),
        destination_port=_numbers(columns[4], 65535).astype(np.int32),
        protocol=_numbers(columns[5], 255).astype(np.uint8),
        direction=np.fromiter(map(_DIRECTION_NUMBERS.__getitem__, columns[6]), np.uint8, count),
        state=np.fromiter(map(_STATE_NUMBERS.__getitem__, columns[7]), np.uint8, count),
        encryption=_encryptions(columns[8], encryptions),
        packets_sent=packets_sent,
        bytes_sent=bytes_sent,
        packets_received=packets_received,
        bytes_received=bytes_received,
    )


def _split(texts: Sequence[object], delimiter: str, width: int) -> list[list[str]]:
    """The `width` columns of texts that each hold `width` values. Raises ValueError when one does not, or TypeError."""
    # One split of everything is several times faster than one a text. A text of another width shifts a separator out
    # of its place, or into a column, where no value may be it.
    between = f"{delimiter}{_SEPARATOR}{delimiter}"
    values = between.join(texts).split(delimiter) if texts else []  # type: ignore[arg-type]
    step, gaps = width + 1, max(len(texts) - 1, 0)
    if len(values) != width * len(texts) + gaps or values[width::step] != [_SEPARATOR] * gaps:
        raise ValueError(f"a text does not hold {width} values")
    return [values[at::step] for at in range(width)]


def _numbers(texts: list[str], last: int) -> Int64:
    together = "".join(texts)
    # int() would also take signs, spaces, underscores and other scripts' digits.
    if texts and not (together.isascii() and together.isdigit()):
        raise ValueError("not a number")
    if len(together) > len(texts) * len(str(last)) and max(map(len, texts)) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    numbers = np.fromiter(map(int, texts), np.int64, len(texts))
    if len(numbers) and numbers.max() > last:
        raise ValueError("a number is too large")
    return numbers


def _counters(texts: list[str]) -> Int64:
    if "" not in texts:
        return _numbers(texts, LAST_COUNTER)
    given = np.fromiter(map(bool, texts), np.bool_, len(texts))
    counters = np.full(len(texts), NOT_GIVEN, np.int64)
    counters[given] = _numbers([text for text in texts if text], LAST_COUNTER)
    return counters


def _addresses(texts: list[str]) -> Addresses:
    if ":" not in "".join(texts):
        return _ipv4_addresses(texts)
    values = [_address(text) for text in texts]
    addresses = Addresses.of([value for value in values if value is not None])
    if len(addresses) != len(texts):
        raise ValueError("not an address")
    return addresses


def _ipv4_addresses(texts: list[str]) -> Addresses:
    low = np.full(len(texts), MAPPED, np.uint64)
    for at, octets in enumerate(_split(texts, ".", 4)):
        column = np.fromiter(map(_OCTETS.__getitem__, octets), np.uint64, len(texts))
        low |= column << np.uint64(24 - 8 * at)
    return Addresses(np.zeros(len(texts), np.uint64), low)


def _encryptions(texts: list[str], known: Texts) -> Int32:
    words = dict.fromkeys(texts)
    if not all(_ENCRYPTION.fullmatch(word) for word in words):
        raise ValueError("not an encryption word")
    numbers = {word: known.number(word) for word in words}
    return np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))
