"""What flow logs should hold of encryption at the NICs that wrote them: the leg of the predicted path that each saw.

A NIC that logs outbound saw the leg that leaves it, inbound the leg that comes to it. Of a packet that the path does
not bring there, only what the NIC's own virtual network says is known.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from simulator.dataplane.plane import DataPlane
from simulator.flows.records import UInt8
from simulator.walk.encryption import Encryption, Int64, Pairs, looked_through, packed
from simulator.walk.legs import Ways, legs
from simulator.walk.packets import Int32

NONE = -1
INBOUND = 0
#: Of a log whose NIC is not known.
NOTHING = Encryption("", frozenset(), "NOT_KNOWN", "the NIC that logged is not known", None)


class LoggedEncryption(Struct, frozen=True):
    """A row of `answers` for each logged point: NOTHING where the NIC is not known."""

    answers: Sequence[Encryption]
    number: Int32

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, at: int) -> Encryption:
        return self.answers[int(self.number[at])]


class Walked(Ways, Protocol):
    """What is needed of `Predictions`."""

    @property
    def plane(self) -> DataPlane: ...


def logged_encryption(
    predictions: Walked, packet: Int64 | Int32, endpoint: Int32, direction: UInt8
) -> LoggedEncryption:
    """What each logged point should hold of encryption.

    Parameters
    ----------
    predictions : the walked packets.
    packet, endpoint, direction : of each point the row of its packet, the number of the NIC that logs (-1: not known),
        and the direction as that NIC sees it (0 Inbound, 1 Outbound).
    """
    plane = predictions.plane
    count = plane.places.nowhere + 1
    found = legs(predictions)
    near, far, frontend = looked_through(plane, found)
    there = ~found.is_return
    peers, frontends = np.full((2, len(packet)), plane.places.nowhere, np.int32)
    ways = (
        (direction != INBOUND, found.source, far),
        (direction == INBOUND, found.target, near),
    )
    for points, own, other in ways:
        keys, first = np.unique(packed(count, found.packet[there], own[there]), return_index=True)
        wanted = packed(count, packet[points].astype(np.int32), np.maximum(endpoint[points], 0))
        if len(keys):
            row = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            is_leg = keys[row] == wanted
            at = np.flatnonzero(points)[is_leg]
            leg = np.flatnonzero(there)[first[row[is_leg]]]
            peers[at], frontends[at] = other[leg], frontend[leg]
    pairs = Pairs(plane)
    known = endpoint != NONE
    number = np.zeros(len(packet), np.int32)
    number[known] = 1 + pairs.ask(endpoint[known], peers[known], frontends[known])
    return LoggedEncryption([NOTHING, *pairs.answers], number)
