"""The source ports of made-up flows: taken one after the other, as clients do, and alike to every rule.

What is known of one flow of a conversation holds for another only while no rule tells their source ports apart. So each
conversation has a range of ports, that which no rule cuts, and gives its flows one after the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import Int64
from simulator.flows.sample_traffic import EPHEMERAL_PORTS
from simulator.network.filter_rules import ANY_PORT
from simulator.walk.packets import Bools, Int32

#: A conversation with fewer ports than this has no flow beyond them.
NARROW = 256


class PortRanges(NamedTuple):
    """The ports of each packet's flows: `width` of them from `low` on."""

    low: Int32
    width: Int32

    def select(self, rows: Rows) -> PortRanges:
        return PortRanges(self.low[rows], self.width[rows])


def port_ranges(plane: DataPlane, source_port: Int32) -> PortRanges:
    """Around each port that clients draw from, those that no rule tells from it; any other port is alone."""
    rules = (rule for _, rules in plane.filters.rule_lists for rule in rules if rule.source_ports is not ANY_PORT)
    named = {edge for rule in rules for low, high in rule.source_ports for edge in (low, high + 1)}
    first, stop = EPHEMERAL_PORTS
    cuts = np.array(sorted({first, stop, *(edge for edge in named if first < edge < stop)}), np.int32)
    place = np.clip(np.searchsorted(cuts, source_port, "right") - 1, 0, len(cuts) - 2)
    is_drawn = (source_port >= first) & (source_port < stop)
    low = np.where(is_drawn, cuts[place], source_port).astype(np.int32)
    width = np.where(is_drawn, cuts[place + 1] - cuts[place], 1).astype(np.int32)
    return PortRanges(low, width)


class ClientPorts:
    """Gives flows their source ports.

    Conversations whose addresses are translated on the way may look alike behind the translation: they share one range,
    so that no two of their flows have the same port either.
    """

    def __init__(self, ranges: PortRanges, is_translated: Bools) -> None:
        self._low, self._width = ranges
        alone = np.where(is_translated, -1, np.arange(len(self._low))).astype(np.int64)
        first, self._queue = distinct_rows([alone, self._low, self._width])
        self._taken = np.zeros(len(first), np.int64)
        self._start = np.random.default_rng(len(first)).integers(0, EPHEMERAL_PORTS[1], len(first))
        self._wide = np.flatnonzero(self._width >= NARROW)

    def longest(self, flows: Int64, length: int) -> Int64:
        """How long a flow of each conversation may live, in milliseconds, so that its port is not taken again.

        `flows` is how many each conversation will have, in a log of `length` milliseconds.
        """
        together = np.bincount(self._queue, flows, len(self._taken))[self._queue]
        again = length * self._width / np.maximum(together, 1)
        return np.where(together * 2 > self._width, again / 2, np.iinfo(np.int64).max / 4).astype(np.int64)

    def take(self, conversation: Rows, random: np.random.Generator) -> tuple[Rows, Int32]:
        """The conversations of these flows, in order of their begins, and the port of each.

        A flow for which a narrow conversation has no port left becomes one of another.
        """
        number = self._numbers(conversation)
        lacking = (number >= self._width[conversation]) & (self._width[conversation] < NARROW)
        if lacking.any() and len(self._wide):
            conversation = conversation.copy()
            conversation[lacking] = self._wide[random.integers(0, len(self._wide), int(lacking.sum()))]
            number = self._numbers(conversation)
        queue = self._queue[conversation]
        self._taken += np.bincount(queue, minlength=len(self._taken))
        port = self._low[conversation] + (self._start[queue] + number) % self._width[conversation]
        return conversation, port.astype(np.int32)

    def _numbers(self, conversation: Rows) -> Int64:
        """How many flows of its range begin before each, of those that came before and of these."""
        queue = self._queue[conversation]
        order = np.argsort(queue, kind="stable")
        along = queue[order]
        starts = np.flatnonzero(np.append(True, along[1:] != along[:-1])) if len(along) else along
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
        return number + self._taken[queue]
