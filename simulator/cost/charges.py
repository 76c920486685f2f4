"""The charges of predicted ways: every leg, there and back, with what it is charged for by the GB.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.cost.azure_regions import NOT_AZURE, azure_regions
from simulator.cost.leg_rules import UNKNOWN_REGION, Charge, LegRules
from simulator.data import regions
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.flows.distinct import distinct_rows
from simulator.walk.legs import Legs, legs
from simulator.walk.packets import Bools, Int32
from simulator.walk.predictions import Door, Predictions

Rows = npt.NDArray[np.intp]


class Charges(Struct, frozen=True):
    """One row for each charge of each leg, in the order of travel.

    `charge` numbers `kinds`; `leg` is a row of `legs`, of which a leg has at least one charge.
    """

    legs: Legs
    kinds: Sequence[Charge]
    charge: Int32
    leg: Rows

    def __len__(self) -> int:
        return len(self.charge)

    @property
    def packet(self) -> Int32:
        """The row of the predictions that each charge belongs to."""
        return self.legs.packet[self.leg]

    @property
    def is_return(self) -> Bools:
        return self.legs.is_return[self.leg]


def charges(predictions: Predictions) -> Charges:
    """What every leg of every packet's first way is charged for, as far as the packet came."""
    plane, held = predictions.plane, legs(predictions)
    azure = azure_regions(plane.network)
    columns = (held.source, held.target, predictions.door[held.packet], *_outside(predictions, held))
    first, number = distinct_rows(columns)
    rules = LegRules(plane, azure)
    answers = [rules.charges(*leg) for leg in zip(*(column[first].tolist() for column in columns), strict=True)]
    sizes = np.array([len(found) for found in answers], np.intp)
    kinds = [charge for found in answers for charge in found]
    firsts = np.cumsum(sizes) - sizes
    count = sizes[number]
    leg = np.repeat(np.arange(len(held)), count)
    within = np.arange(len(leg)) - np.repeat(np.cumsum(count) - count, count)
    return Charges(held, kinds, (firsts[number][leg] + within).astype(np.int32), leg)


def _outside(predictions: Predictions, held: Legs) -> tuple[Int32, Int32, Int32]:
    """(way out, region of the end outside, is balanced) of each leg that leaves the network or enters it.

    NONE, NOT_AZURE and 0 for the others.
    """
    plane = predictions.plane
    places = plane.places
    way_out = np.full(len(held), NONE, np.int32)
    far = np.full(len(held), NOT_AZURE, np.int32)
    balanced = np.zeros(len(held), np.int32)
    leaves, enters = places.is_outside(held.target), places.is_outside(held.source)
    rows = np.flatnonzero(leaves | enters)
    if not len(rows):
        return way_out, far, balanced
    packet = held.packet[rows].astype(np.intp)
    inside = np.where(leaves[rows], held.source[rows], held.target[rows])
    outside = np.where(leaves[rows], held.target[rows], held.source[rows])
    asks = (predictions.door[packet] == Door.INTERNET) & (inside < places.first_gateway)
    header = predictions.packets
    way_out[rows[asks]] = plane.egress.methods.ask(
        inside[asks], header.destination.is_ipv4[packet[asks]], header.protocol[packet[asks]]
    )
    far[rows] = _far_regions(plane, predictions, packet, outside)
    hidden = (predictions.door[packet] == Door.NONE) & plane.is_nic[inside] & ~plane.has_public_ip[inside]
    hidden &= outside == places.internet
    balanced[rows[hidden]] = _is_balanced(plane, predictions, packet[hidden], inside[hidden])
    return way_out, far, balanced


def _is_balanced(plane: DataPlane, predictions: Predictions, packet: Rows, inside: Int32) -> Bools:
    """Whether a public load balancer must have given each packet of the Internet to the NIC that logged it."""
    header = predictions.packets
    asked = (inside, header.protocol[packet], header.destination_port[packet], header.destination.is_ipv4[packet])
    found = plane.balancers.backed.ask(*asked)
    is_balanced: Bools = plane.balancers.backed.column(found, lambda sku: int(bool(sku))) == 1
    return is_balanced


def _far_regions(plane: DataPlane, predictions: Predictions, packet: Rows, outside: Int32) -> Int32:
    """Of a platform service its region; of the Internet that of the address out there, where it is Azure's."""
    azure = azure_regions(plane.network)
    header = predictions.packets
    has_left = predictions.door[packet] != Door.NONE
    far = np.where(has_left, azure.of(header.destination[packet]), azure.of(header.source[packet]))
    number = {name: at for at, name in enumerate(azure.names)}
    of_service = [_number(number, service.region) for service in plane.places.services]
    is_service = plane.places.is_service(outside)
    far[is_service] = np.array([*of_service, UNKNOWN_REGION], np.int32)[
        outside[is_service] - plane.places.first_service
    ]
    return far.astype(np.int32)


def _number(number: dict[str, int], region: str) -> int:
    found = regions.find(region)
    return number[found.name] if found is not None else UNKNOWN_REGION
