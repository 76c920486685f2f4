"""What a bill leaves out, and why: conversations that are not billed, and charges of which nobody knows the price.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from simulator.cost.billed import Billed, Outcome
from simulator.cost.charges import Charges
from simulator.cost.sums import sums_by, sums_of
from simulator.dataplane.places import NONE
from simulator.flows.records import Int64
from simulator.flows.replay import Replay
from simulator.walk.packets import Bools
from simulator.walk.reasons import REASONS


class Unpriced(Struct, frozen=True):
    """Traffic that the bill leaves out, and the reason: conversations of a log, or a charge of some leg of theirs.

    `is_gap`: it may cost something, and nobody knows what, as the answer or the price is not known.
    """

    reason: str
    gb: Decimal
    conversations: int
    is_gap: bool = False


class LeftOut(NamedTuple):
    """As `Unpriced`, in bytes of the log."""

    reason: str
    size: int
    conversations: int
    is_gap: bool


#: Why conversations are not billed, but for what is not decided.
WHY_NOT: Mapping[Outcome, str] = {
    Outcome.REPLY_LOGGED_APART: "replies that were logged as flows of their own",
    Outcome.BEHIND_A_TRANSLATION: "legs behind a firewall that put its own address in place of the sender's",
    Outcome.PREDICTED_DENY: "predicted to be denied, though the log shows it",
    Outcome.SEVERAL_WAYS: "of several ways that the flow may take not all let it pass",
}
#: Outside of the network nobody logs: what the Internet sends to a firewall's public address is seen behind it only.
UNSEEN = "not known: who sent what a firewall or an appliance passed on by its own address, as no sender logged it"


def conversations_left_out(replay: Replay, counted: Billed) -> Iterator[LeftOut]:
    """The conversations that are not billed, by reason; what the log has denied carried nothing."""
    flows = replay.conversations
    size = flows.bytes_sent + flows.bytes_received
    for outcome, why in WHY_NOT.items():
        yield from _some(why, counted.outcome == outcome, size)
    yield from _some(UNSEEN, counted.outcome == Outcome.SENDER_NOT_LOGGED, size, is_gap=True)
    unknown = counted.outcome == Outcome.UNKNOWN
    for reason in np.flatnonzero(np.bincount(replay.reason[unknown], minlength=len(REASONS))).tolist():
        held = REASONS[reason]
        why = f"not decided: {held.code}, {held.text}"
        yield from _some(why, unknown & (replay.reason == reason), size, is_gap=True)
    before = (counted.outcome == Outcome.BILLED) & (flows.bytes_before_log > 0)
    yield from _some("counters that reach back before the log", before, flows.bytes_before_log)


def _some(why: str, rows: Bools, size: Int64, *, is_gap: bool = False) -> Iterator[LeftOut]:
    if count := int(np.count_nonzero(rows)):
        yield LeftOut(why, int(size[rows].sum()), count, is_gap)


def unknown_charges(
    replay: Replay, counted: Billed, held: Charges, quantity: Int64, unknown: Mapping[int, str]
) -> Iterator[LeftOut]:
    """Legs of billed conversations of which nobody knows what they are charged, by reason, the most bytes first."""
    reasons = [*dict.fromkeys(unknown.values())]
    number = {why: at for at, why in enumerate(reasons)}
    of_kind = np.array([number[unknown[at]] if at in unknown else NONE for at in range(len(held.kinds))], np.intp)
    rows = np.flatnonzero(quantity > 0) if len(held) else np.zeros(0, np.intp)
    rows = rows[of_kind[held.charge[rows]] != NONE]
    why, packet = of_kind[held.charge[rows]], held.packet[rows].astype(np.intp)
    sizes = sums_of(why, quantity[rows], len(reasons))
    passed = (counted.sent > 0) | (counted.received > 0)
    of_packet = np.bincount(replay.packet[passed], minlength=len(replay.walked))
    pairs, _ = sums_by(why * len(replay.walked) + packet, np.ones(len(rows), np.int64))
    counts = np.zeros(len(reasons), np.int64)
    if len(pairs):
        np.add.at(counts, pairs // len(replay.walked), of_packet[pairs % len(replay.walked)])
    for at in np.argsort(-sizes, kind="stable").tolist():
        if counts[at]:
            yield LeftOut(f"not known: {reasons[at]}", int(sizes[at]), int(counts[at]), True)
