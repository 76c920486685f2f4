"""What a change does to the encryption of recorded traffic: what loses or gains it, or would be dropped for want of it.

A conversation is encrypted where every leg of its way is, there and back. Conversations that the change stops, or that
only the change lets pass, are none of this: see `impact`.
Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from msgspec import Struct

from simulator.comparison.labels import protocol_name
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import Int64
from simulator.flows.replay import NONE, Replay
from simulator.walk.encryption import Encryption, encryption_of
from simulator.walk.legs import Legs, legs
from simulator.walk.packets import Int32
from simulator.walk.predictions import Predictions
from simulator.walk.reasons import Verdict
from simulator.whatif.traffic import named, recorded_flows, traffic_of

#: How much of a way is encrypted, from all of it to none.
Extent = Literal["encrypted", "partly", "not", "unknown"]
EncryptionKind = Literal[
    "encryption_lost", "would_be_dropped", "encryption_unclear", "encryption_gained", "drop_lifted"
]
ENCRYPTION_KINDS: tuple[EncryptionKind, ...] = get_args(EncryptionKind)
_ORDER: tuple[Extent, ...] = ("not", "partly", "encrypted")


class WayEncryption(Struct, frozen=True):
    """How much of a packet's way is encrypted, and the first blocker in words, empty where nothing is in the way.

    `would_be_dropped` is a projection: Azure does not support DropUnencrypted yet.
    """

    extent: Extent
    blocker: str
    would_be_dropped: bool = False


class EncryptionRow(Struct, frozen=True):
    """Recorded conversations whose encryption changes alike. `port` is -1 for protocols without ports."""

    kind: EncryptionKind
    source: str
    destination: str
    protocol: str
    port: int
    conversations: int
    bytes: int
    before: WayEncryption
    after: WayEncryption


def encryption_impact(before: Replay, after: Replay) -> tuple[EncryptionRow, ...]:
    """The rows, the worst kind and the most bytes first; the replays are of the same records."""
    ways = _Ways()
    old, new = (ways.of(replay.walked)[replay.packet] for replay in (before, after))
    passes = (before.verdict == Verdict.ALLOW) & (after.verdict == Verdict.ALLOW)
    changed = np.flatnonzero(~before.is_reply & passes & (ways.judged(old) != ways.judged(new)))
    rows = []
    for held in named(before, traffic_of(before, recorded_flows(before), changed), old, new):
        was, becomes = ways.all[held.before], ways.all[held.after]
        rows.append(
            EncryptionRow(
                _kind(was, becomes),
                held.source,
                held.destination,
                protocol_name(held.protocol),
                held.port,
                held.conversations,
                held.bytes,
                was,
                becomes,
            )
        )
    return tuple(sorted(rows, key=lambda row: (ENCRYPTION_KINDS.index(row.kind), -row.bytes, row.source, row.port)))


def _kind(before: WayEncryption, after: WayEncryption) -> EncryptionKind:
    if after.would_be_dropped and not before.would_be_dropped:
        return "would_be_dropped"
    if before.extent != after.extent and "unknown" in (before.extent, after.extent):
        return "encryption_unclear"
    if before.extent == after.extent:
        return "drop_lifted"
    is_lost = _ORDER.index(after.extent) < _ORDER.index(before.extent)
    return "encryption_lost" if is_lost else "encryption_gained"


class _Ways:
    """The encryption of whole ways, numbered across several predictions."""

    def __init__(self) -> None:
        self.all: list[WayEncryption] = []
        self._number: dict[WayEncryption, int] = {}

    def of(self, predictions: Predictions) -> Int64:
        """The number of each packet's encryption."""
        held = legs(predictions)
        judged = encryption_of(predictions.plane, held)
        numbers = np.full(len(predictions), self._numbered(WayEncryption("unknown", "")), np.int64)
        rows, way = _distinct_ways(held, judged.source, len(predictions))
        found = np.array([self._numbered(_way([judged.answers[at] for at in one])) for one in rows], np.int64)
        walked = np.flatnonzero(way != NONE)
        numbers[walked] = found[way[walked]]
        return numbers

    def judged(self, numbers: Int64) -> Rows:
        """What of each numbered way counts as a change: its extent and the projection, not the words."""
        kinds: dict[tuple[str, bool], int] = {}
        of_way = [kinds.setdefault((way.extent, way.would_be_dropped), len(kinds)) for way in self.all]
        return np.array(of_way, np.intp)[numbers]

    def _numbered(self, way: WayEncryption) -> int:
        if way not in self._number:
            self._number[way] = len(self.all)
            self.all.append(way)
        return self._number[way]


def _distinct_ways(held: Legs, answers: Int32, count: int) -> tuple[list[list[int]], Rows]:
    """The distinct sequences of answers along a packet's legs, and which each of `count` packets has; NONE: no legs."""
    number = np.full(count, NONE, np.intp)
    if not len(held):
        return [], number
    starts = np.r_[True, held.packet[1:] != held.packet[:-1]]
    rows = np.arange(len(held))
    position = rows - np.maximum.accumulate(np.where(starts, rows, 0))
    packets, row = held.packet[starts], np.cumsum(starts) - 1
    table = np.full((len(packets), int(position.max()) + 1), NONE, np.int32)
    table[row, position] = answers
    first, way = distinct_rows([np.ascontiguousarray(column) for column in table.T])
    number[packets] = way
    return [[at for at in table[one].tolist() if at != NONE] for one in first], number


def _way(answers: list[Encryption]) -> WayEncryption:
    states = [held.is_encrypted for held in answers]
    dropped = any(held.would_be_dropped for held in answers)
    blocker = next((held.text for held in answers if not held.is_encrypted), "")
    if all(states):
        return WayEncryption("encrypted", "", dropped)
    if any(state is None for state in states):
        return WayEncryption("unknown", next(held.text for held in answers if held.is_encrypted is None), dropped)
    return WayEncryption("partly" if any(states) else "not", blocker, dropped)
