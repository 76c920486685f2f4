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
from simulator.walk.encryption import encryption_of
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
_OF_LEGS: dict[bool | None, State] = {True: "encrypted", False: "not encrypted", None: "not known"}


class SubnetPair(Struct, frozen=True):
    """What holds from one subnet to another, and back where `both_ways`.

    ``partly``: of some of their machines; ``no way``: routes do not bring packets there and the replies back. `by`
    names what stands between them; `blocker` says what keeps it from being encrypted, or from being known.
    """

    source: ResourceId
    target: ResourceId
    both_ways: bool
    state: State
    by: tuple[str, ...]
    blocker: str


class _Sample(NamedTuple):
    """NICs of a subnet that encryption treats alike: the first of them, the second where there is one."""

    first: Endpoint
    second: Endpoint | None


class _Found(NamedTuple):
    state: State
    by: tuple[str, ...]
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
    if not ends:
        return
    flows = [(*_addresses(sender, receiver), EPHEMERAL_PORT, _PORT, TCP) for sender, receiver in ends]
    context = [plane.places.vnet_number[sender.virtual_network] for sender, _ in ends]
    packets = Packets.of(flows)
    packets.context[:] = context
    predictions = packet_walk(plane, packets, past_blockers=True)
    blocking, text = _blocking_legs(predictions)
    for at, (sender, receiver) in enumerate(ends):
        verdict, reason = Verdict(predictions.verdict[at]), REASONS[predictions.reason[at]]
        by = tuple(name for name in predictions.names(at) if name not in (sender.name, receiver.name))
        state = _OF_LEGS[blocking[at]]
        if verdict == Verdict.DENY:
            yield _Found("no way", (), f"{reason.code}: {reason.text}")
        elif verdict == Verdict.UNKNOWN and blocking[at] is not False:
            yield _Found("not known", by, f"{reason.code}: {reason.text}")
        else:
            yield _Found(state, by, "" if state == "encrypted" else text[at])


def _addresses(sender: Endpoint, receiver: Endpoint) -> tuple[str, str]:
    """An address of each of one family, IPv4 before IPv6; the first ones where they share none, to no avail."""
    for is_ipv6 in (False, True):
        own = [text for text in sender.addresses if (":" in text) == is_ipv6]
        theirs = [text for text in receiver.addresses if (":" in text) == is_ipv6]
        if own and theirs:
            return own[0], theirs[0]
    return sender.addresses[0], receiver.addresses[0]


def _blocking_legs(predictions: Predictions) -> tuple[list[bool | None], list[str]]:
    """Whether every leg of each packet, there and back, is encrypted, and what the first leg that is not says."""
    found = legs(predictions)
    judged = encryption_of(predictions.plane, found)
    states: list[bool | None] = [True] * len(predictions)
    texts = [""] * len(predictions)
    order = {True: 0, None: 1, False: 2}
    told = [(order[held.is_encrypted], held.is_encrypted, held.text) for held in judged.answers]
    matters = np.flatnonzero(np.array([rank for rank, *_ in told], np.uint8)[judged.source])
    for packet, number in zip(found.packet[matters].tolist(), judged.source[matters].tolist(), strict=True):
        rank, state, text = told[number]
        if rank > order[states[packet]]:
            states[packet], texts[packet] = state, text
    return states, texts


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
    return _Found(state, found[0].by, "; ".join(blockers))


def _rows(found: Mapping[tuple[ResourceId, ResourceId], _Found]) -> Iterator[SubnetPair]:
    """One row for both directions where they come to the same."""
    for (source, target), held in found.items():
        back = found.get((target, source))
        is_same = source == target or (back is not None and back.state == held.state)
        if not target < source or not is_same:
            yield SubnetPair(source, target, is_same, *held)
