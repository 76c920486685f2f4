"""Where packets start: at the endpoint that holds the source, at the gateway to on-premises, or on the Internet.

Learn: azure/virtual-network/ip-services/public-ip-addresses (Standard public IPs are closed until a group allows)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.dataplane.filter_table import NO_PORT
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import TCP, UDP, Bools, Int32, Packets

Int64 = npt.NDArray[np.int64]
#: GRE and IP-in-IP, which virtual networks do not carry.
_NOT_CARRIED = (47, 4)


def through_the_door(plane: DataPlane, packets: Packets, choice: Int64 | None = None) -> InFlight:
    """Addresses become atoms; packets without ports get the port that every rule matches; the source says where."""
    has_ports = (packets.protocol == TCP) | (packets.protocol == UDP)
    ports = [
        np.where(has_ports, port, NO_PORT).astype(np.int32) for port in (packets.source_port, packets.destination_port)
    ]
    source = plane.atoms.find(packets.source.high, packets.source.low)
    destination = plane.atoms.find(packets.destination.high, packets.destination.low)
    count = len(packets)
    return InFlight(
        flow=np.arange(count, dtype=np.int32),
        at=_start(plane, packets.context, source),
        source=source,
        destination=destination,
        source_port=ports[0],
        destination_port=ports[1],
        protocol=packets.protocol,
        route=np.full(count, NONE, np.int32),
        target=np.full(count, plane.places.nowhere, np.int32),
        service=np.where(packets.service == NONE, plane.services.at(destination), packets.service).astype(np.int32),
        choice=np.zeros(count, np.int64) if choice is None else choice,
        is_home=np.zeros(count, bool),
    )


def _start(plane: DataPlane, context: Int32, source: Int32) -> Int32:
    places, facts = plane.places, plane.facts
    place = holders(plane, context, source)
    region = plane.region_of_atom[source]
    gateway = facts.gateway[region]
    outside = place == places.nowhere
    place = np.where(outside & (gateway != NONE), gateway + places.first_gateway, place)
    public = outside & (gateway == NONE) & (facts.vnet[region] == NONE) & facts.is_public[region]
    place = np.where(public, places.internet, place)
    start: Int32 = np.where(facts.is_host[region], places.platform, place).astype(np.int32)
    return start


def holders(plane: DataPlane, context: Int32, atom: Int32) -> Int32:
    """The endpoint that holds each address in the view of its VNet: itself, then its peers, then the only one."""
    count = len(plane.atoms)
    keys, inverse = np.unique((context.astype(np.int64) + 1) * count + atom, return_inverse=True)
    found = [plane.places.holder(plane.nearby(int(key) // count - 1), int(key) % count) for key in keys]
    held: Int32 = np.array(found, np.int32)[inverse]
    return held


def origin(plane: DataPlane, packets: InFlight) -> Outcome:
    """Do we know where the packet starts, does it start anything, and does Azure carry it?"""
    destination = plane.region_of_atom[packets.destination]
    frontend = plane.balancers.is_frontend[packets.at]
    reason = first_of(
        len(packets),
        (plane.facts.is_not_carried[destination] | np.isin(packets.protocol, _NOT_CARRIED), "NOT_CARRIED"),
        (packets.at == plane.places.nowhere, "SOURCE_NOT_IN_EXPORT"),
        (frontend | plane.is_private_endpoint[packets.at], "NO_SENDER"),
    )
    return Outcome(reason)


def from_internet(plane: DataPlane, packets: InFlight, context: Int32) -> InFlight:
    """Packets of the Internet at the endpoint they reach.

    A public IP of a NIC is translated; a private address is taken as already translated, as flow logs write it.
    Firewalls and load balancers translate by rules of their own.
    """
    places = plane.places
    by_public = places.owner_of_public(packets.destination)
    by_private = holders(plane, context, packets.destination)
    by_private[plane.balancers.is_frontend[by_private]] = places.nowhere  # no public address leads to these
    place = np.where(by_public != places.nowhere, by_public, by_private).astype(np.int32)
    own = places.address(place, plane.is_ipv4[packets.destination])
    translated = (by_public != places.nowhere) & (own != NONE) & plane.is_nic[place]
    destination = np.where(translated, own, packets.destination).astype(np.int32)
    return packets.but(at=place, destination=destination)


def internet_entry(plane: DataPlane, packets: InFlight) -> Outcome:
    """Is there somebody behind the address who takes packets of the Internet?"""
    absent = packets.at == plane.places.nowhere
    private = plane.is_private_endpoint[packets.at]
    return Outcome(first_of(len(packets), (absent, "DESTINATION_NOT_IN_EXPORT"), (private, "NO_PUBLIC_IP")))


def internet_translation(plane: DataPlane, packets: InFlight, bypassed: Bools) -> Outcome:
    """After the filters: does a public IP or a load balancer let the packet in?

    Azure logs scans of other NICs all the same. A Standard public IP or load balancer is closed until a security group,
    or an admin AlwaysAllow, lets the packet pass.
    """
    entered = packets.target  # the frontend that the packet came by, or nowhere
    balanced = plane.balancers.is_frontend[entered]
    unseen = ~plane.has_public_ip[packets.at] & ~balanced
    is_ipv4 = plane.is_ipv4[packets.destination]
    number = plane.balancers.backed.ask(packets.at, packets.protocol, packets.destination_port, is_ipv4)
    sku = np.array(plane.balancers.backed.answers, object)[number] if len(packets) else np.zeros(0, object)
    by_log = unseen & (sku != "")
    standard = np.where(balanced, plane.has_standard_public_ip[entered], plane.has_standard_public_ip[packets.at])
    standard = np.where(by_log, sku == "Standard", standard).astype(bool)
    closed = standard & ~plane.filters.has_group[packets.at]
    translated = plane.has_public_ip[packets.at] | balanced | by_log
    reason = first_of(
        len(packets),
        (closed & ~bypassed, "PUBLIC_IP_CLOSED"),
        (~translated & plane.balancers.is_missing[packets.at], "LOAD_BALANCER_NOT_IN_EXPORT"),
        (~translated, "NO_PUBLIC_IP"),
    )
    return Outcome(reason)
