"""Whether traffic between subnets is encrypted, pair by pair: on every leg of the way that routes give it, and back.

Filters are not asked: what they deny today is as good as allowed here.
Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Literal, NamedTuple, get_args

import numpy as np
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.network.encryption import bystander, is_encrypting, support
from simulator.network.model import Endpoint, Network
from simulator.network.network import build_network
from simulator.network.open_filters import without_filters
from simulator.walk.encryption import Encryption, encryption_of
from simulator.walk.legs import legs
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import TCP, Packets
from simulator.walk.predictions import Predictions
from simulator.walk.questions import EPHEMERAL_PORT
from simulator.walk.reasons import REASONS, Verdict

State = Literal["encrypted", "partly", "not encrypted", "not known", "no way"]
#: From best to worst to read.
STATES: tuple[State, ...] = get_args(State)
_PORT = 443
_AT_ONCE = 100_000
_OF_LEGS: dict[bool | None, State] = {True: "encrypted", False: "not encrypted", None: "not known"}


class SubnetPair(Struct, frozen=True):
    """What holds from one subnet to another, and back where `both_ways`.

    ``partly``: of some of their machines; ``no way``: routes do not bring packets there and the replies back. `by`
    names what stands between them; `blocker` says what keeps it from being encrypted, or from being known, and `reason`
    has its codes: of `Encryption`, or of the walk where packets do not come through.
    """

    source: ResourceId
    target: ResourceId
    both_ways: bool
    state: State
    by: tuple[str, ...]
    reason: str
    blocker: str


class _Sample(NamedTuple):
    """NICs of a subnet that encryption treats alike: the first of them, the second where there is one."""

    first: Endpoint
    second: Endpoint | None


class _Found(NamedTuple):
    state: State
    by: tuple[str, ...]
    reason: str
    blocker: str


def subnet_encryption(network: Network) -> tuple[SubnetPair, ...]:
    """Every pair of subnets that hold NICs, a subnet with itself too where it holds two; in the order of their ids."""
    opened = build_network(without_filters(network.as_read), network.assumptions)
    samples = _samples(opened)
    questions = [*_questions(samples)]
    found = _walked(DataPlane(opened), [(sender, receiver) for _, sender, receiver in questions])
    by_pair: dict[tuple[ResourceId, ResourceId], list[_Found]] = {}
    for (pair, _, _), held in zip(questions, found, strict=True):
        by_pair.setdefault(pair, []).append(held)
    return tuple(_rows({pair: _together(held) for pair, held in by_pair.items()}))


def _samples(network: Network) -> Mapping[ResourceId, Sequence[_Sample]]:
    """Subnet → its NICs by what matters to encryption: whether they send, and whether they can encrypt."""
    kinds: dict[ResourceId, dict[tuple[bool, bool | None], list[Endpoint]]] = {}
    for endpoint in network.endpoints:
        if endpoint.kind == "nic" and endpoint.addresses and endpoint.subnet in network.subnets:
            takes_part = not bystander(network, endpoint)
            asked = takes_part and is_encrypting(network, endpoint.virtual_network) is not False
            kind = takes_part, support(network, endpoint).is_supported if asked else None
            kinds.setdefault(endpoint.subnet, {}).setdefault(kind, []).append(endpoint)
    return {
        subnet: [_Sample(held[0], held[1] if len(held) > 1 else None) for held in kinds[subnet].values()]
        for subnet in sorted(kinds)
    }


def _questions(
    samples: Mapping[ResourceId, Sequence[_Sample]],
) -> Iterator[tuple[tuple[ResourceId, ResourceId], Endpoint, Endpoint]]:
    """(the subnets, a NIC of the one, a NIC of the other) for each kind of NIC; private endpoints only receive."""
    for source, target in product(samples, repeat=2):
        for sender, receiver in product(samples[source], samples[target]):
            to = receiver.second if sender == receiver else receiver.first
            if to is not None and sender.first.private_endpoint is None:
                yield (source, target), sender.first, to


def _walked(plane: DataPlane, ends: Sequence[tuple[Endpoint, Endpoint]]) -> Iterator[_Found]:
    """What holds between each two NICs; walked in parts, so that memory stays bounded."""
    for start in range(0, len(ends), _AT_ONCE):
        yield from _part(plane, ends[start : start + _AT_ONCE])


def _part(plane: DataPlane, ends: Sequence[tuple[Endpoint, Endpoint]]) -> Iterator[_Found]:
    packets = Packets.of([(*_addresses(*pair), EPHEMERAL_PORT, _PORT, TCP) for pair in ends])
    packets.context[:] = [plane.places.vnet_number[sender.virtual_network] for sender, _ in ends]
    predictions = packet_walk(plane, packets, past_blockers=True)
    blocking = _blocking_legs(predictions)
    for at, ((sender, receiver), leg) in enumerate(zip(ends, blocking, strict=True)):
        verdict, reason = Verdict(predictions.verdict[at]), REASONS[predictions.reason[at]]
        by = tuple(name for name in predictions.names(at) if name not in (sender.name, receiver.name))
        if verdict == Verdict.DENY:
            yield _Found("no way", (), reason.code, f"{reason.code}: {reason.text}")
        elif verdict == Verdict.UNKNOWN and (leg is None or leg.is_encrypted is not False):
            yield _Found("not known", by, reason.code, f"{reason.code}: {reason.text}")
        elif leg is None:
            yield _Found("encrypted", by, "ENCRYPTED", "")
        else:
            yield _Found(_OF_LEGS[leg.is_encrypted], by, leg.reason, leg.text)


def _addresses(sender: Endpoint, receiver: Endpoint) -> tuple[str, str]:
    """An address of each of one family, IPv4 before IPv6; the first ones where they share none, to no avail."""
    for is_ipv6 in (False, True):
        own = [text for text in sender.addresses if (":" in text) == is_ipv6]
        theirs = [text for text in receiver.addresses if (":" in text) == is_ipv6]
        if own and theirs:
            return own[0], theirs[0]
    return sender.addresses[0], receiver.addresses[0]


def _blocking_legs(predictions: Predictions) -> list[Encryption | None]:
    """The first leg of each packet, there or back, that is not encrypted, else the first not known to be, else None."""
    found = legs(predictions)
    judged = encryption_of(predictions.plane, found)
    blocking: list[Encryption | None] = [None] * len(predictions)
    matters = np.flatnonzero(np.array([not held.is_encrypted for held in judged.answers], bool)[judged.source])
    for packet, number in zip(found.packet[matters].tolist(), judged.source[matters].tolist(), strict=True):
        held, said = blocking[packet], judged.answers[number]
        if held is None or (held.is_encrypted is None and said.is_encrypted is False):
            blocking[packet] = said
    return blocking


def _together(found: Sequence[_Found]) -> _Found:
    """What holds of a pair, from what holds of each kind of machines."""
    states = {held.state for held in found}
    if len(states) == 1:
        state = found[0].state
    elif "encrypted" in states and "not encrypted" in states:
        state = "partly"
    else:
        state = "not known" if "not known" in states else "partly" if "encrypted" in states else "not encrypted"
    blockers = dict.fromkeys(held.blocker for held in found if held.blocker)
    reasons = dict.fromkeys(held.reason for held in found if held.blocker) or {found[0].reason: None}
    return _Found(state, found[0].by, ", ".join(reasons), "; ".join(blockers))


def _rows(found: Mapping[tuple[ResourceId, ResourceId], _Found]) -> Iterator[SubnetPair]:
    """One row for both directions where they come to the same."""
    for (source, target), held in found.items():
        back = found.get((target, source))
        is_same = source == target or (back is not None and back.state == held.state)
        if not target < source or not is_same:
            yield SubnetPair(source, target, is_same, *held)
