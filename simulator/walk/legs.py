"""The legs of predicted ways: from one place to the next, there and back, for what is judged leg by leg.

Encryption and charges depend on the two ends of a leg, not on the whole way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from simulator.walk.packets import Bools, Int32
from simulator.walk.sequences import along_the_way


class Legs(Struct, frozen=True):
    """One row for each leg: packets in order, of each the way there and then back, in the order of travel.

    `packet` is a row of the predictions, `source` and `target` are places of their plane.
    """

    packet: Int32
    is_return: Bools
    source: Int32
    target: Int32

    def __len__(self) -> int:
        return len(self.packet)


class Ways(Protocol):
    """What is needed of `Predictions`: the places of each packet, hop by hop, there and back."""

    @property
    def path(self) -> tuple[tuple[Int32, Int32], ...]: ...
    @property
    def path_back(self) -> tuple[tuple[Int32, Int32], ...]: ...


def legs(predictions: Ways) -> Legs:
    """The legs of every packet, as far as it came; of several ways those of the first."""
    there, back = _pairs(predictions.path), _pairs(predictions.path_back)
    packet = np.concatenate([there[0], back[0]])
    is_return = np.repeat([False, True], [len(there[0]), len(back[0])])
    source, target = (np.concatenate([there[at], back[at]]) for at in (1, 2))
    order = np.argsort(packet, kind="stable")
    return Legs(packet[order], is_return[order], source[order], target[order])


def _pairs(visits: Sequence[tuple[Int32, Int32]]) -> tuple[Int32, Int32, Int32]:
    """(packet, place, next place) of visits that stand in the order of travel."""
    packet, place = along_the_way(visits)
    goes_on = packet[1:] == packet[:-1]
    return packet[1:][goes_on], place[:-1][goes_on], place[1:][goes_on]
