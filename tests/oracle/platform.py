"""What a NIC asks of the platform: DNS, DHCP, health, metadata, activation (SEMANTICS 1.6; ORDER 1)."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from tests.oracle.addresses import HOST, KMS, METADATA
from tests.oracle.endpoints import Endpoint
from tests.oracle.filters import groups_in_order
from tests.oracle.judgement import Fate, Packet
from tests.oracle.places import Places
from tests.oracle.routes import select_route
from tests.oracle.security_groups import passes, without_destination

TCP, UDP = 6, 17
#: (address, protocol, port) → the service tag by whose name alone a rule can deny it, or none.
PLATFORM_SERVICES: dict[tuple[str, int, int], str | None] = {
    (HOST, TCP, 53): "AzurePlatformDNS",
    (HOST, UDP, 53): "AzurePlatformDNS",
    (HOST, UDP, 67): None,
    (HOST, TCP, 80): None,
    (HOST, TCP, 32526): None,
    (METADATA, TCP, 80): "AzurePlatformIMDS",
}
ACTIVATION = "AzurePlatformLKM"


def is_activation(packet: Packet) -> bool:
    return str(packet.destination) in KMS and (packet.protocol, packet.destination_port) == (TCP, 1688)


def goes_out_directly(places: Places, endpoint: Endpoint, packet: Packet) -> bool:
    """Whether the route of the endpoint's subnet is known and leads to next hop Internet."""
    try:
        route = select_route(places, endpoint.subnet, endpoint.virtual_network, packet.destination)
    except Fate:
        return False
    return route.hop == "Internet"


def platform_tag(packet: Packet) -> str | None:
    """Raises Fate when nobody told what the platform answers there."""
    asked = str(packet.destination), packet.protocol, packet.destination_port
    if asked not in PLATFORM_SERVICES:
        raise Fate("PLATFORM_SERVICE_UNKNOWN")
    return PLATFORM_SERVICES[asked]


def pass_platform_rules(places: Places, endpoint: Endpoint, packet: Packet, tag: str | None) -> ResourceId | None:
    """The last rule that names the tag and lets the packet pass. Raises Fate when one denies."""
    spoken: ResourceId | None = None
    for reference in groups_in_order(places, endpoint, "Outbound") if tag is not None else ():
        group = places.snapshot.get(reference, NetworkSecurityGroup)
        if group is None:
            raise Fate("NSG_NOT_IN_EXPORT", spoken)
        for rule in group.rules("Outbound"):
            names = {text.lower() for text in rule.destinations}
            is_named = str(tag).lower() in names and not rule.destination_application_security_groups
            if is_named and passes(without_destination(places, rule, packet, endpoint.subnet), rule):
                spoken = rule.id
                break
    return spoken
