"""Out of the virtual networks: to the Internet, to a service, by a service endpoint (SEMANTICS 3.6, 4; ORDER 8)."""

from __future__ import annotations

from tests.oracle.addresses import any_covers
from tests.oracle.endpoints import Endpoint, Gateway
from tests.oracle.judgement import Address, Fate, Packet
from tests.oracle.managers import region_of
from tests.oracle.outbound import Outbound, outbound, pass_smtp
from tests.oracle.places import Places
from tests.oracle.premises import premises_caller
from tests.oracle.rules import declared_tag
from tests.oracle.service_endpoint_policies import pass_policies
from tests.oracle.service_firewall import Caller, enter_service
from tests.oracle.services import Service

TCP = 6
SMTP_PORT = 25


def leave_to_internet(places: Places, sender: Endpoint | Gateway, packet: Packet, *, by_user: bool) -> Endpoint:
    """ORDER 8: what carries the packet out of Azure, and whether a service lets it in. Raises Fate when not.

    `by_user`: its route is one of the user's.
    """
    if isinstance(sender, Gateway) or not sender.holds(packet.source):
        raise Fate("NO_OUTBOUND_METHOD")
    places.layers.add("Internet egress")
    method = outbound(places, sender, packet.source.version, packet.protocol)
    places.layers |= {"NAT gateway"} if method.method == "nat gateway" else set()
    if method.method == "unknown":
        raise Fate("LOAD_BALANCER_NOT_IN_EXPORT")
    if method.method == "none" and (by_user or not _is_near_storage(places, sender, packet)):
        raise Fate("NO_OUTBOUND_METHOD")
    if packet.protocol == TCP and packet.destination_port == SMTP_PORT:
        places.layers.add("SMTP")
        pass_smtp(places, sender)
    if places.has_public_address(packet.destination):
        raise Fate("PUBLIC_IP_HAIRPIN_NOT_MODELLED")
    service = places.service_at(packet.destination)
    if service is not None:
        enter_service(places, service, _caller(sender, service, method))
    return sender


def _caller(sender: Endpoint, service: Service, method: Outbound) -> Caller:
    """SEMANTICS 4.4: Storage of the own region sees a private address, every other service what 3.6 chose."""
    subscription, pool = sender.id.subscription, method.pool or ()
    if service.tag == "Storage" and service.region == region_of(sender.virtual_network):
        return Caller("private", pool=pool, subscription=subscription)
    return Caller("public" if pool else "unknown", pool=pool, subscription=subscription)


def _is_near_storage(places: Places, sender: Endpoint, packet: Packet) -> bool:
    """From a private subnet to Storage of the VNet's region by TCP, as the declared tags and addresses tell."""
    region = region_of(sender.virtual_network)
    is_private = sender.kind != "firewall" and sender.subnet.default_outbound_access is False
    service = places.service_at(packet.destination)
    is_own = service is not None and service.tag == "Storage" and service.region == region
    is_near = is_own or any_covers(declared_tag(places, f"Storage.{region}") or (), packet.destination)
    return is_private and packet.protocol == TCP and packet.destination.version == 4 and is_near


def leave_by_service_endpoint(places: Places, sender: Endpoint | Gateway, packet: Packet) -> Endpoint:
    """ORDER 8: the subnet's policies, then the service's firewall, which sees the subnet."""
    if isinstance(sender, Gateway) or not sender.holds(packet.source):
        raise Fate("NO_OUTBOUND_METHOD")
    service = places.service_at(packet.destination)
    pass_policies(places, sender.subnet, service)
    if service is None:
        raise Fate("SERVICE_NOT_IN_EXPORT")
    enter_service(places, service, Caller("subnet", subnet=sender.subnet.id, subscription=sender.id.subscription))
    return sender


def enter_from_premises(places: Places, gateway: Gateway, service: Service, source: Address) -> None:
    """By the NAT of a circuit or of the Internet, without any virtual network."""
    enter_service(places, service, premises_caller(places, gateway, source, service))
