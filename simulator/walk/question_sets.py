"""Questions about sets of addresses: one packet is told whole, and a note says how the others fare.

The network tells only so many pieces of a set apart: all packets between two atoms share one fate.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import product

from simulator.dataplane.plane import DataPlane
from simulator.space.addresses import Prefix, format_address, parse_address
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.predictions import Predictions
from simulator.walk.questions import Question
from simulator.walk.reasons import REASONS

#: More pairs of pieces than this are not asked, and the note says so.
MOST_PAIRS = 4096
#: How many fates the note lists.
_FATES_SHOWN = 12
Pair = tuple[str, str]


def set_notes(plane: DataPlane, question: Question) -> tuple[str, ...]:
    """How the other pieces of the question's sets fare, by verdict, reason and deciding rule; nothing without a set."""
    if not question.source_set and not question.destination_set:
        return ()
    pairs, known = _pairs(plane, question)
    flows = [
        (source, destination, question.source_port, question.destination_port, question.protocol)
        for source, destination in pairs
    ]
    predictions = packet_walk(plane, Packets.of(flows, question.context, question.service))
    return tuple(_told(question, pairs, known, predictions))


def _told(question: Question, pairs: list[Pair], known: int, predictions: Predictions) -> Iterator[str]:
    asked = f"{question.source} → {question.destination}"
    yield f"the answer is that of {asked}, one of {known:,} pieces that the network tells apart"
    if known > len(pairs):
        yield f"only {len(pairs):,} of them were asked"
    fates = _fates(predictions)
    for fate, at in sorted(fates.items(), key=lambda held: (-len(held[1]), held[0]))[:_FATES_SHOWN]:
        source, destination = pairs[at[0]]
        yield f"{len(at):,} of {len(pairs):,}: {fate}, such as {source} → {destination}"
    if len(fates) > _FATES_SHOWN:
        yield f"{len(fates) - _FATES_SHOWN:,} more fates are not listed"


def _fates(predictions: Predictions) -> dict[str, list[int]]:
    """Verdict, reason and deciding rule in words → the packets that meet them."""
    found: dict[str, list[int]] = {}
    for at in range(len(predictions)):
        reason, rule = REASONS[predictions.reason[at]], predictions.rule(at)
        decided = f" by {rule}" if rule is not None else ""
        found.setdefault(f"{reason.verdict.name}, {reason.code}{decided}", []).append(at)
    return found


def _pairs(plane: DataPlane, question: Question) -> tuple[list[Pair], int]:
    """The pairs of pieces to ask, the question's own first, and how many there are."""
    here = _pieces(plane, question.source, question.source_set)
    there = _pieces(plane, question.destination, question.destination_set)
    same = len({*here} & {*there})
    few = max(1, MOST_PAIRS // max(1, min(len(here), len(there))))
    pairs = product(*(side if len(side) <= few else side[:few] for side in (here, there)))
    apart = [(source, destination) for source, destination in pairs if source != destination]
    return apart[:MOST_PAIRS], len(here) * len(there) - same


def _pieces(plane: DataPlane, own: str, prefixes: Iterable[Prefix]) -> list[str]:
    """One address of each piece of a set, of the family of `own`: that of `own` itself, then those that NICs hold."""
    points, address = plane.atoms.points, parse_address(own)
    is_ipv4 = Prefix(address, address).is_ipv4
    own_piece = bisect_right(points, address) - 1
    found = [
        max(points[at], prefix.low)
        for prefix in prefixes
        if prefix.is_ipv4 == is_ipv4
        for at in range(bisect_right(points, prefix.low) - 1, bisect_left(points, prefix.high + 1))
        if at != own_piece
    ]
    held = {text for endpoint in plane.network.endpoints for text in endpoint.addresses}
    texts = [format_address(value) for value in found]
    return [own, *sorted(texts, key=lambda text: text not in held)]
