"""The encryption of one packet's legs, told at each NIC of its way: to whom it is encrypted, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulator.dataplane.plane import DataPlane
from simulator.walk.encryption import Encryption, encryption_of, looked_through
from simulator.walk.legs import legs
from simulator.walk.predictions import Predictions
from simulator.walk.trace import Step, StepOutcome

LAYER = "encryption"
_PROJECTION = "both ask for DropUnencrypted, which would drop it: a projection, Azure supports AllowUnencrypted only"
_WRITES = ("nic", "firewall", "appliance", "managed")


class Leg(NamedTuple):
    """One leg of a packet: its places, who stands there behind a load balancer, and what the log of each end says."""

    source: int
    target: int
    sender: int
    receiver: int
    at_source: Encryption
    at_target: Encryption


def packet_legs(predictions: Predictions, *, is_return: bool) -> tuple[Leg, ...]:
    """The legs of the only packet of `predictions`, there or back."""
    plane, found = predictions.plane, legs(predictions)
    judged = encryption_of(plane, found)
    sender, receiver, _ = looked_through(plane, found)
    columns = (found.source, found.target, sender, receiver, judged.source, judged.target)
    rows = zip(*(column[found.is_return == is_return].tolist() for column in columns), strict=True)
    return tuple(Leg(*row[:4], *(judged.answers[at] for at in row[4:])) for row in rows)


def encryption_steps(plane: DataPlane, way: Sequence[Leg], places: Sequence[int]) -> Iterator[Step | None]:
    """For each of `places`, which lie along the way in this order, the line to tell there; None where none logs."""
    at = 0
    for place in places:
        here = next((number for number in range(at, len(way)) if way[number].source == place), None)
        if not _logs(plane, place):
            yield None
        elif here is not None:
            at, leg = here, way[here]
            yield _step(f"to {plane.places.name(leg.receiver)}", leg.at_source)
        else:
            last = next((leg for leg in reversed(way) if leg.target == place), None)
            yield _step(f"from {plane.places.name(last.sender)}", last.at_target) if last else None


def _logs(plane: DataPlane, place: int) -> bool:
    endpoint = plane.places.endpoints[place] if place < plane.places.first_gateway else None
    return endpoint is not None and endpoint.kind in _WRITES and endpoint.private_endpoint is None


def _step(peer: str, found: Encryption) -> Step:
    outcome: StepOutcome = "unknown" if found.is_encrypted is None else "pass"
    details = (_PROJECTION,) if found.would_be_dropped else ()
    return Step(LAYER, outcome, f"{peer}: {told(found)}", details=details, encryption=found)


def told(found: Encryption) -> str:
    """``encrypted (X)``, ``not encrypted (NX): vnet-a does not encrypt``, ``not known: …``."""
    if found.is_encrypted:
        return f"encrypted ({found.code})"
    code = f" ({found.code})" if found.code else ""
    return f"not known: {found.text}" if found.is_encrypted is None else f"not encrypted{code}: {found.text}"
