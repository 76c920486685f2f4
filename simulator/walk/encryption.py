"""Whether a leg is encrypted, why not, and which codes a flow log may hold for it.

A prediction is a set of codes, since no export tells which hosts carry the machines, nor whether they were ready. What
nobody knows of the two ends is tried both ways: the codes of both are accepted then.
Learn: azure/virtual-network/virtual-network-encryption-overview, azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.dataplane.plane import DataPlane
from simulator.network.encryption import Support, bystander, drops_unencrypted, is_encrypting, pool_support, support
from simulator.walk.legs import Legs
from simulator.walk.load_balancer import backends_of
from simulator.walk.packets import Int32

Int64 = npt.NDArray[np.int64]

#: Codes of flow logs: encrypted; on the same host, so never on a wire; not encrypted, for six reasons.
X, LOCAL = "X", "NX_LOCAL_DST"
NX, NO_HARDWARE, FALLBACK = "NX", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"
NOT_READY, NOT_ACCEPTED, NO_DISCOVERY = "NX_SW_NOT_READY", "NX_NOT_ACCEPTED", "NX_NOT_SUPPORTED"
CODES = frozenset({X, LOCAL, NX, NO_HARDWARE, FALLBACK, NOT_READY, NOT_ACCEPTED, NO_DISCOVERY})

_ENCRYPTED = frozenset({X, LOCAL, NOT_READY})
_PLAIN = frozenset({NX})
_UNSUPPORTED = frozenset({NX, NO_HARDWARE, FALLBACK})


class Encryption(Struct, frozen=True):
    """What the flow log of one end of a leg says of its encryption.

    Attributes
    ----------
    code : the code that the log most likely holds; empty where nobody can know.
    accepted : every code that would be right, `code` included; empty where there is nothing to predict.
    reason : a stable code: ENCRYPTED, VNET_NOT_ENCRYPTED, PEER_VNET_NOT_ENCRYPTED, KIND_NOT_ENCRYPTED,
        PEER_KIND_NOT_ENCRYPTED, NIC_NOT_SUPPORTED, PEER_NOT_SUPPORTED, LOAD_BALANCER_NOT_SUPPORTED, NOT_KNOWN.
    text : one line for people, which names the blocker: ``vm-old: Standard_D2s_v3 does not support it``.
    is_encrypted : None where that is not known.
    would_be_dropped : a projection, part of no verdict: both virtual networks ask for DropUnencrypted, which Azure does
        not support yet, and would drop this.
    """

    code: str
    accepted: frozenset[str]
    reason: str
    text: str
    is_encrypted: bool | None
    would_be_dropped: bool = False


class LegEncryption(Struct, frozen=True):
    """The encryption of each leg as the log of its source has it, and as the log of its target: rows of `answers`."""

    answers: Sequence[Encryption]
    source: Int32
    target: Int32


class _End(NamedTuple):
    """One end of a leg. `bystander` says why it never encrypts; what lies in no virtual network always has one."""

    virtual_network: str
    encrypts: bool | None
    drops: bool
    bystander: str
    support: Support


def encryption_of_leg(plane: DataPlane, nic: int, peer: int) -> Encryption:
    """As the flow log of place `nic` has it; `peer` is the other end of the leg.

    Where one of them is a load balancer's frontend, whoever stands behind it is meant.
    """
    frontend = next((place for place in (peer, nic) if _is_internal(plane, place)), plane.places.nowhere)
    return _Ends(plane).encryption(nic, peer, frontend)


def encryption_of(plane: DataPlane, legs: Legs) -> LegEncryption:
    """The encryption of many legs: each distinct pair of places is judged once."""
    near, far, frontend = looked_through(plane, legs)
    judge = Pairs(plane)
    return LegEncryption(judge.answers, judge.ask(near, far, frontend), judge.ask(far, near, frontend))


def looked_through(plane: DataPlane, legs: Legs) -> tuple[Int32, Int32, Int32]:
    """(source, target, frontend) of each leg, a frontend replaced by who stands on its other side.

    `frontend` is the internal one between the two, nowhere for none; a reply that goes straight back is of the
    connection that came through it.
    """
    places, is_frontend = plane.places, plane.balancers.is_frontend
    near, far = legs.source.copy(), legs.target.copy()
    goes_on = (legs.packet[1:] == legs.packet[:-1]) & (legs.is_return[1:] == legs.is_return[:-1])
    through = np.flatnonzero(goes_on & is_frontend[legs.target[:-1]] & (legs.target[:-1] == legs.source[1:]))
    far[through], near[through + 1] = legs.target[through + 1], legs.source[through]
    frontend = np.full(len(legs), places.nowhere, np.int32)
    for end in (legs.target, legs.source):
        held = plane.balancers.is_internal[end]
        frontend[held] = end[held]
    _through_on_the_way_back(plane, legs, near, far, frontend)
    return near, far, frontend


def _through_on_the_way_back(plane: DataPlane, legs: Legs, near: Int32, far: Int32, frontend: Int32) -> None:
    """Fill the frontend of replies whose request came through one."""
    came = np.flatnonzero((frontend != plane.places.nowhere) & ~legs.is_return)
    back = np.flatnonzero((frontend == plane.places.nowhere) & legs.is_return)
    if not len(came) or not len(back):
        return
    count = plane.places.nowhere + 1
    known, at = np.unique(packed(count, legs.packet[came], near[came], far[came]), return_index=True)
    wanted = packed(count, legs.packet[back], far[back], near[back])
    row = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found = known[row] == wanted
    frontend[back[found]] = frontend[came[at[row[found]]]]


def packed(count: int, first: Int32, *others: Int32) -> Int64:
    """One number for each row of the columns; of all but the first the values lie below `count`."""
    numbers: Int64 = first.astype(np.int64)
    for column in others:
        numbers = numbers * count + column
    return numbers


class Pairs:
    """Judges pairs of places, each once; ``answers[number]`` is what it says of one.

    As `Interned`, but with a pair packed into one number: a log has millions of legs, and rows sort ten times slower.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._ends = _Ends(plane)
        self._count = plane.places.nowhere + 1
        self._numbers: dict[int, int] = {}
        self.answers: list[Encryption] = []

    def ask(self, nic: Int32, peer: Int32, frontend: Int32) -> Int32:
        """The number of the answer for each row of equally long columns of places."""
        asked, row = np.unique(packed(self._count, nic, peer, frontend), return_inverse=True)
        numbers = [self._number(key) for key in asked.tolist()]
        found: Int32 = np.array(numbers, np.int32)[row.reshape(-1)]
        return found

    def _number(self, key: int) -> int:
        if key not in self._numbers:
            pair, frontend = divmod(key, self._count)
            self._numbers[key] = len(self.answers)
            self.answers.append(self._ends.encryption(*divmod(pair, self._count), frontend))
        return self._numbers[key]


class _Ends:
    """The facts of places, looked up when they are first asked for."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._known: dict[int, tuple[_End, ...]] = {}

    def encryption(self, nic: int, peer: int, frontend: int) -> Encryption:
        """`frontend` is the internal one between the two, nowhere for none."""
        pool = self._pool(frontend)
        pairs = [*product(self._of(nic), self._of(peer))]
        outcomes = [held for own, other in pairs for held in _possible(own, other, pool)]
        ends = (end for pair in pairs for end in pair)
        return _merged(outcomes, _unknowns(ends, pool))

    def _pool(self, frontend: int) -> Support:
        network, places = self._plane.network, self._plane.places
        if frontend == places.nowhere or not is_encrypting(network, places.endpoints[frontend].virtual_network):
            return Support(True)
        return pool_support(network, places.endpoints[frontend].id)

    def _of(self, place: int) -> tuple[_End, ...]:
        if place not in self._known:
            behind = backends_of(self._plane, place) if _is_internal(self._plane, place) else []
            self._known[place] = tuple(_end(self._plane, one) for one in behind or [place])
        return self._known[place]


def _is_internal(plane: DataPlane, place: int) -> bool:
    """Is the place an internal load balancer's frontend?"""
    return bool(plane.balancers.is_internal[place])


def _end(plane: DataPlane, place: int) -> _End:
    places, network = plane.places, plane.network
    if place < places.first_gateway:
        endpoint = places.endpoints[place]
        vnet = endpoint.virtual_network
        encrypts, drops = is_encrypting(network, vnet), drops_unencrypted(network, vnet)
        if _is_internal(plane, place):
            return _End(vnet.name, encrypts, drops, "", Support(None, f"no backend of {endpoint.name} is known"))
        if endpoint.kind == "frontend":
            return _End(
                vnet.name, encrypts, drops, f"{endpoint.name} is a load balancer of the Internet", Support(False)
            )
        why = bystander(network, endpoint)
        # A machine is looked at only where it counts.
        held = support(network, endpoint) if encrypts is not False and not why else Support(False)
        return _End(vnet.name, encrypts, drops, why, held)
    if place < places.first_service:
        vnet = places.gateways[place - places.first_gateway].virtual_network
        why = f"{places.name(place)} is a gateway, which takes no part in encryption"
        return _End(vnet.name, is_encrypting(network, vnet), drops_unencrypted(network, vnet), why, Support(False))
    if place < places.nowhere:
        return _End("", True, False, f"{places.name(place)} lies outside virtual networks", Support(False))
    return _End("", None, False, "", Support(None, "the other end is not in the export"))


class _Outcome(NamedTuple):
    code: str
    also: frozenset[str]
    reason: str
    text: str
    is_encrypted: bool | None = False
    is_dropped: bool = False


def _outcome(
    own: _End, peer: _End, encrypts: bool, peer_encrypts: bool, can: bool, peer_can: bool, pool: Support
) -> _Outcome:
    """What the log says where everything is known; the order of the questions is Azure's order of its codes."""
    drops = own.drops and peer.drops
    if not encrypts:
        return _Outcome(NX, _PLAIN, "VNET_NOT_ENCRYPTED", f"{own.virtual_network} does not encrypt")
    if peer.bystander:
        return _Outcome(NX, _PLAIN, "PEER_KIND_NOT_ENCRYPTED", peer.bystander)
    if not peer_encrypts:
        return _Outcome(NX, _PLAIN, "PEER_VNET_NOT_ENCRYPTED", f"{peer.virtual_network} does not encrypt")
    if own.bystander:
        return _Outcome(NX, _UNSUPPORTED, "KIND_NOT_ENCRYPTED", own.bystander)
    also = _UNSUPPORTED | {NOT_ACCEPTED} if drops else _UNSUPPORTED
    if not can:
        return _Outcome(NO_HARDWARE, also, "NIC_NOT_SUPPORTED", own.support.text, is_dropped=drops)
    if not peer_can:
        code = NOT_ACCEPTED if drops else FALLBACK
        return _Outcome(code, also, "PEER_NOT_SUPPORTED", peer.support.text, is_dropped=drops)
    if not pool.is_supported:
        reason = "NOT_KNOWN" if pool.is_supported is None else "LOAD_BALANCER_NOT_SUPPORTED"
        return _Outcome("", also | _ENCRYPTED, reason, pool.text, None)
    return _Outcome(X, _ENCRYPTED, "ENCRYPTED", "both ends encrypt", True)


def _possible(own: _End, peer: _End, pool: Support) -> Iterator[_Outcome]:
    """Every outcome that the unknowns leave open, that of the best case first."""
    asked = (own.encrypts, peer.encrypts, own.support.is_supported, peer.support.is_supported)
    for encrypts, peer_encrypts, can, peer_can in product(
        *((True, False) if held is None else (held,) for held in asked)
    ):
        yield _outcome(own, peer, encrypts, peer_encrypts, can, peer_can, pool)


def _unknowns(ends: Iterable[_End], pool: Support) -> Iterator[str]:
    """What would have to be known of the ends, and of the pool behind a load balancer."""
    if not pool.is_supported:
        yield pool.text
    for end in ends:
        if end.encrypts is None and end.virtual_network:
            yield f"{end.virtual_network} is not in the export"
        elif end.support.is_supported is None and end.support.text not in pool.text:
            yield end.support.text


def _merged(outcomes: Sequence[_Outcome], unknown: Iterable[str]) -> Encryption:
    """One answer of all that is possible; `unknown` says what would have to be known."""
    first = outcomes[0]
    codes, states = {held.code for held in outcomes}, {held.is_encrypted for held in outcomes}
    is_encrypted = states.pop() if len(states) == 1 else None
    is_open = is_encrypted is None and len({held.reason for held in outcomes}) > 1
    return Encryption(
        code=codes.pop() if len(codes) == 1 else "",
        accepted=frozenset().union(*(held.also | {held.code} for held in outcomes)) - {""},
        reason="NOT_KNOWN" if is_open else first.reason,
        text="; ".join(dict.fromkeys(unknown)) if is_open else first.text,
        is_encrypted=is_encrypted,
        would_be_dropped=all(held.is_dropped for held in outcomes),
    )
