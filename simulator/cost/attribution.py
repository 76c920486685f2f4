"""Whose traffic a bill is for, and where it is charged.

A pair and a flow say who talks to whom; a virtual network and a subnet say on whose resources the charge falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.cost.azure_regions import NOT_AZURE, azure_regions
from simulator.cost.bill import Bill
from simulator.cost.billed import ends
from simulator.cost.charges import Charges
from simulator.cost.leg_rules import Charge, ChargeKind
from simulator.cost.meters import MeterKey
from simulator.dataplane.places import NONE
from simulator.flows.distinct import distinct_rows
from simulator.walk.packets import TCP, UDP, Int32

Rows = npt.NDArray[np.intp]


class Share(Struct, frozen=True):
    """What one group of flows carried there and back, and what it costs. `protocol` and `port` are a flow's, or -1."""

    source: str
    destination: str
    there: Decimal
    back: Decimal
    amount: Decimal
    conversations: int
    protocol: int = NONE
    port: int = NONE


class PlaceShare(Struct, frozen=True):
    """What is charged at one place; of `gb` each is counted once for every meter that counts it there."""

    place: str
    gb: Decimal
    amount: Decimal


class Step(Struct, frozen=True):
    """One step of the derivation of a pair's amount: `gb` of a leg at `rate`; what is free or unknown has no rate."""

    source: str
    destination: str
    is_return: bool
    kind: ChargeKind
    why: str
    meter: MeterKey | None
    region: str
    gb: Decimal
    rate: Decimal | None
    amount: Decimal


def by_pair(bill: Bill) -> tuple[Share, ...]:
    """By subnet, or what lies outside, at both ends; the dearest first."""
    names, group = _pairs(bill)
    return _shares(bill, [(source, destination, NONE, NONE) for source, destination in names], group)


def by_flow(bill: Bill) -> tuple[Share, ...]:
    """By source, destination, protocol and port, addresses as the log has them."""
    packets = bill.replay.walked.packets
    first, group = distinct_rows([packets.source, packets.destination, packets.protocol, packets.destination_port])
    rows = [
        (
            packets.source.text(int(at)),
            packets.destination.text(int(at)),
            int(packets.protocol[at]),
            int(packets.destination_port[at]) if packets.protocol[at] in (TCP, UDP) else NONE,
        )
        for at in first
    ]
    return _shares(bill, rows, group)


def by_place(bill: Bill, *, whole_vnets: bool) -> tuple[PlaceShare, ...]:
    """By the subnet, or the virtual network, where the charge falls; ``outside`` for what falls nowhere in them."""
    kinds = bill.charges.kinds
    names = [(kind.vnet if whole_vnets else kind.subnet) or "outside" for kind in kinds]
    order = sorted(set(names))
    number = {name: at for at, name in enumerate(order)}
    of_kind = [number[name] for name in names]
    amounts = bill.amounts_by(of_kind, len(order))
    size = [0] * len(order)
    for kind, total in enumerate(bill.sizes):
        if kind in bill.meters:
            size[of_kind[kind]] += total
    found = (PlaceShare(*held) for held in zip(order, map(bill.gigabytes, size), amounts, strict=True))
    return tuple(sorted((held for held in found if held.gb), key=lambda held: (-held.amount, held.place)))


def derivation(bill: Bill, pairs: Sequence[tuple[str, str]] | None = None) -> tuple[Step, ...]:
    """How the amounts of these pairs (default: of all) come about, of each the steps in the order of travel."""
    names, group = _pairs(bill)
    shown = [(share.source, share.destination) for share in by_pair(bill)] if pairs is None else pairs
    wanted = {pair: at for at, pair in enumerate(shown)}
    held = bill.charges
    kinds = len(held.kinds)
    alike = _alike(held.kinds)
    key = (group[held.packet] * 2 + held.is_return) * kinds + alike[held.charge]
    found, row = np.unique(key, return_inverse=True)
    sizes = np.zeros(len(found), np.int64)
    np.add.at(sizes, row, bill.quantity)
    firsts = np.full(len(found), len(key))
    np.minimum.at(firsts, row, _position(held))
    steps: list[tuple[tuple[int, bool, int], Step]] = []
    for at, first, size in zip(found.tolist(), firsts.tolist(), sizes.tolist(), strict=True):
        pair, is_return, kind = names[at // kinds // 2], bool(at // kinds % 2), at % kinds
        if size and pair in wanted:
            steps.append(((wanted[pair], is_return, first), _step(bill, pair, is_return, kind, size)))
    return tuple(step for _, step in sorted(steps, key=lambda held: held[0]))


def _step(bill: Bill, pair: tuple[str, str], is_return: bool, kind: int, size: int) -> Step:
    charge: Charge = bill.charges.kinds[kind]
    gb, rate = bill.gigabytes(size), bill.rate.get(kind)
    amount = Decimal(0) if rate is None else gb * rate
    what: ChargeKind = "unpriced" if charge.kind == "metered" and rate is None else charge.kind
    return Step(*pair, is_return, what, charge.why, charge.meter, charge.region, gb, rate, amount)


def _position(held: Charges) -> Rows:
    """How many charges of its packet come before each."""
    packet = held.packet
    starts = np.ones(len(packet), bool)
    starts[1:] = packet[1:] != packet[:-1]
    rows = np.arange(len(packet))
    return rows - np.maximum.accumulate(np.where(starts, rows, 0))


def _alike(kinds: Sequence[Charge]) -> Rows:
    """For each kind of charge the first that says the same, whoever is charged."""
    first: dict[tuple[str, str, str], int] = {}
    return np.array([first.setdefault((kind.why, kind.meter or "", kind.region), at) for at, kind in enumerate(kinds)])


def _shares(bill: Bill, rows: list[tuple[str, str, int, int]], group: Rows) -> tuple[Share, ...]:
    """Groups of distinct packets that carried something, the dearest first."""
    of_conversation = group[bill.replay.packet]
    there, back, count = (np.zeros(len(rows), np.int64) for _ in range(3))
    np.add.at(there, of_conversation, bill.billed.sent)
    np.add.at(back, of_conversation, bill.billed.received)
    np.add.at(count, of_conversation, (bill.billed.sent + bill.billed.received > 0).astype(np.int64))
    amounts = bill.amounts(group, len(rows))
    shares = [
        Share(
            source,
            destination,
            bill.gigabytes(int(there[at])),
            bill.gigabytes(int(back[at])),
            amounts[at],
            int(count[at]),
            protocol,
            port,
        )
        for at, (source, destination, protocol, port) in enumerate(rows)
        if count[at]
    ]
    return tuple(
        sorted(shares, key=lambda held: (-held.amount, -held.there - held.back, held.source, held.destination))
    )


def _pairs(bill: Bill) -> tuple[list[tuple[str, str]], Rows]:
    """The names of both ends of each pair, and the pair of each distinct packet."""
    origin, end = ends(bill.replay.walked)
    from_far, to_far = _far(bill, origin, True), _far(bill, end, False)
    first, group = distinct_rows([origin, from_far, end, to_far])
    names: dict[tuple[str, str], int] = {}
    of_first = []
    for at in first:
        pair = (_name(bill, int(origin[at]), int(from_far[at])), _name(bill, int(end[at]), int(to_far[at])))
        of_first.append(names.setdefault(pair, len(names)))
    return [*names], np.array(of_first, np.intp)[group] if len(group) else group


def _far(bill: Bill, place: Int32, is_source: bool) -> Int32:
    """The Azure region of an end on the Internet; NOT_AZURE for every other."""
    packets, places = bill.replay.walked.packets, bill.replay.plane.places
    found = azure_regions(bill.replay.network).of(packets.source if is_source else packets.destination)
    return np.where(place == places.internet, found, NOT_AZURE).astype(np.int32)


def _name(bill: Bill, place: int, far: int) -> str:
    places = bill.replay.plane.places
    if place == NONE:
        return "?"
    if place < places.first_gateway:
        endpoint = places.endpoints[place]
        return f"{endpoint.virtual_network.name}/{endpoint.subnet.name}"
    if place < places.first_service:
        return "on-premises"
    if far != NOT_AZURE:
        return f"Azure in {azure_regions(bill.replay.network).names[far]}"
    return places.name(place)
