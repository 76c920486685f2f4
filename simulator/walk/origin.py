"""Where packets start: at the endpoint that holds the source, at the gateway to on-premises, or on the Internet.

Learn: azure/virtual-network/ip-services/public-ip-addresses (Standard public IPs are closed until a group allows)
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.appliances import POLICY_MISSING
from simulator.dataplane.filter_table import NO_PORT
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.dataplane.regions import KEY_MANAGEMENT_PORT
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import TCP, UDP, Bools, Int32, Packets


def through_the_door(plane: DataPlane, packets: Packets) -> InFlight:
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
    )


def _start(plane: DataPlane, context: Int32, source: Int32) -> Int32:
    places, facts = plane.places, plane.facts
    place = holders(plane, context, source)
    region = plane.region_of_atom[source]
    gateway = facts.gateway[region]
    outside = place == places.nowhere
    place = np.where(outside & (gateway != NONE), gateway + places.first_gateway, place)
    public = outside & (gateway == NONE) & (facts.vnet[region] == NONE) & facts.is_public[region]
    start: Int32 = np.where(public, places.internet, place).astype(np.int32)
    return start


def holders(plane: DataPlane, context: Int32, atom: Int32) -> Int32:
    """The endpoint that holds each address in the view of its VNet: itself, then its peers, then the only one."""
    count = len(plane.atoms)
    keys, inverse = np.unique((context.astype(np.int64) + 1) * count + atom, return_inverse=True)
    found = [plane.places.holder(plane.nearby(int(key) // count - 1), int(key) % count) for key in keys]
    held: Int32 = np.array(found, np.int32)[inverse]
    return held


def origin(plane: DataPlane, packets: InFlight) -> Outcome:
    """Do we know where the packet starts? Platform addresses have rules of their own."""
    source, destination = plane.region_of_atom[packets.source], plane.region_of_atom[packets.destination]
    platform = plane.facts.is_platform[source] | plane.facts.is_platform[destination]
    activation = (packets.protocol == TCP) & (packets.destination_port == KEY_MANAGEMENT_PORT)
    platform |= plane.facts.is_key_management[destination] & activation
    reason = first_of(
        len(packets),
        (platform, "PLATFORM_TRAFFIC_NOT_MODELLED"),
        (plane.facts.is_not_carried[destination], "NOT_CARRIED"),
        (packets.at == plane.places.nowhere, "SOURCE_NOT_IN_EXPORT"),
        (plane.is_private_endpoint[packets.at], "PRIVATE_ENDPOINT_NOT_MODELLED"),
    )
    return Outcome(reason)


def from_internet(plane: DataPlane, packets: InFlight, context: Int32) -> InFlight:
    """Packets of the Internet at the NIC they reach: a public IP is translated; a private address is taken as already
    translated, as flow logs write it."""
    places = plane.places
    by_public = places.owner_of_public(packets.destination)
    by_private = holders(plane, context, packets.destination)
    place = np.where(by_public != places.nowhere, by_public, by_private).astype(np.int32)
    own = places.address(place, plane.is_ipv4[packets.destination])
    translated = (by_public != places.nowhere) & (own != NONE)
    destination = np.where(translated, own, packets.destination).astype(np.int32)
    return packets.but(at=place, destination=destination)


def internet_entry(plane: DataPlane, packets: InFlight) -> Outcome:
    """Is there a NIC behind the address? A firewall's public IP is a matter of its DNAT rules."""
    places, appliances = plane.places, plane.appliances
    absent = packets.at == places.nowhere
    firewall = appliances.is_firewall[packets.at]
    reason = first_of(
        len(packets),
        (absent, "DESTINATION_NOT_IN_EXPORT"),
        (appliances.behaviour[packets.at] == POLICY_MISSING, "FIREWALL_POLICY_NOT_IN_EXPORT"),
        (firewall & appliances.has_dnat_rules[packets.at], "FIREWALL_DNAT"),
        (firewall, "FIREWALL_DEFAULT_DENY"),
        (plane.is_private_endpoint[packets.at], "PRIVATE_ENDPOINT_NOT_MODELLED"),
    )
    return Outcome(reason)


def internet_translation(plane: DataPlane, packets: InFlight, bypassed: Bools) -> Outcome:
    """After the filters: does a public IP of this NIC let the packet in? Azure logs scans of others all the same.

    A Standard public IP is closed until a security group, or an admin AlwaysAllow, lets the packet pass.
    """
    translated = plane.has_public_ip[packets.at]
    closed = plane.has_standard_public_ip[packets.at] & ~plane.filters.has_group[packets.at]
    reason = first_of(
        len(packets),
        (closed & ~bypassed, "PUBLIC_IP_CLOSED"),
        (~translated & plane.is_load_balanced[packets.at], "LOAD_BALANCER_NOT_MODELLED"),
        (~translated, "NO_PUBLIC_IP"),
    )
    return Outcome(reason)
