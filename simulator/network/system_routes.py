"""The routes that Azure adds to a subnet by itself: local, peering, gateway, service and private endpoint routes.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import ServiceEndpoint, VirtualNetwork
from simulator.data.region_pairs import paired_region
from simulator.network.managers.connected_groups import connected_groups
from simulator.network.managers.group_spaces import group_prefixes
from simulator.network.managers.groups import region_name
from simulator.network.model import Network
from simulator.network.peerings import gateways_serving, remote_prefixes
from simulator.network.prefixes import readable_prefix, readable_prefixes, readable_texts
from simulator.network.routes import EffectiveRoute, NextHopType
from simulator.network.service_tags import tag_prefixes
from simulator.space.addresses import Prefix, as_cidrs, parse_prefix

#: Private space that goes nowhere until something routes it. Live tables also list Microsoft-internal blocks that
#: change from year to year; those are not modelled.
RESERVED_PREFIXES = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
IPV4_DEFAULT, IPV6_DEFAULT = "0.0.0.0/0", "::/0"
#: Service of an endpoint, in lower case → the service tag that backs it (the tags marked VSE in Microsoft's list).
SERVICE_ENDPOINT_TAGS = {
    "microsoft.storage": "Storage",
    "microsoft.storage.global": "Storage",
    "microsoft.sql": "Sql",
    "microsoft.azureactivedirectory": "AzureActiveDirectory",
    "microsoft.azurecosmosdb": "AzureCosmosDB",
    "microsoft.web": "AppService",
    "microsoft.keyvault": "AzureKeyVault",
    "microsoft.servicebus": "ServiceBus",
    "microsoft.eventhub": "EventHub",
    "microsoft.containerregistry": "AzureContainerRegistry",
}
#: Services whose endpoint reaches one region unless the export lists others.
_REGIONAL_SERVICES = frozenset({"microsoft.storage", "microsoft.sql"})


def local_routes(virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """One row for each prefix of the address space, never for a subnet."""
    for prefix in readable_texts(virtual_network.prefixes):
        yield _default_route(prefix, "VnetLocal", virtual_network.id)


def internet_routes(virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """The default route; the IPv6 one where the VNet has IPv6 space."""
    yield _default_route(IPV4_DEFAULT, "Internet")
    if any(not prefix.is_ipv4 for prefix in readable_prefixes(virtual_network.prefixes)):
        yield _default_route(IPV6_DEFAULT, "Internet")


def reserved_routes(virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """The reserved private blocks, but for those that the VNet's own space includes and exceeds.

    A VNet inside a block keeps it; a VNet equal to one overrides it as any equal prefix does.
    """
    own = readable_prefixes(virtual_network.prefixes)
    for text in RESERVED_PREFIXES:
        block = parse_prefix(text)
        if not any(prefix.covers(block) and prefix != block for prefix in own):
            yield _default_route(text, "None")


def peering_routes(network: Network, virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """One row for each remote prefix of each Connected link, on all subnets."""
    for link in network.links.get(virtual_network.id, ()):
        remote = link.remote_virtual_network
        kind: NextHopType = "VNetGlobalPeering" if _is_global(network, virtual_network, remote) else "VNetPeering"
        for prefix in remote_prefixes(network, virtual_network.id, remote):
            yield _default_route(prefix, kind, remote)


def _is_global(network: Network, virtual_network: VirtualNetwork, remote: ResourceId) -> bool:
    """Whether both regions are known and differ; a remote VNet outside the export is taken as near."""
    held = network.virtual_networks.get(remote)
    here, there = region_name(virtual_network.location), region_name(held.location if held else "")
    return bool(here and there) and here != there


def connected_group_routes(network: Network, virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """One row for each connected group, with the prefixes of all other members (never the hub's).

    The addresses that several members have stand in a row of their own, which `overlaps`.
    """
    for group in connected_groups(network, virtual_network.id):
        held = group_prefixes(network, virtual_network.id, group)
        for overlaps in (False, True):
            pairs = [(text, member) for text, member, is_shared in held if is_shared is overlaps]
            members = {member for _, member in pairs}
            if pairs:
                yield EffectiveRoute(
                    "Default",
                    "Active",
                    tuple(text for text, _ in pairs),
                    "ConnectedGroup",
                    virtual_network=next(iter(members)) if len(members) == 1 else None,
                    members=tuple(member for _, member in pairs),
                    overlaps=overlaps,
                )


def gateway_routes(network: Network, virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """What the gateways that serve the VNet learned or were configured with, ExpressRoute before VPN."""
    gateways = sorted(gateways_serving(network, virtual_network.id), key=lambda gateway: gateway.kind)
    for gateway in gateways:
        for route in gateway.known_routes:
            if readable_prefix(route.prefix) is not None:
                yield EffectiveRoute(
                    "VirtualNetworkGateway",
                    "Active",
                    (route.prefix,),
                    "VirtualNetworkGateway",
                    next_hop_ip=route.next_hop,
                    gateway=gateway.id,
                )


def service_endpoint_routes(
    network: Network, virtual_network: VirtualNetwork, endpoints: tuple[ServiceEndpoint, ...]
) -> Iterator[EffectiveRoute]:
    """One row for each service and location that the subnet has an endpoint for; IPv4 only, as the endpoints are."""
    for endpoint in endpoints:
        for tag in service_endpoint_tags(endpoint, virtual_network.location):
            prefixes = tag_prefixes(network, tag)
            ipv4 = (prefix for prefix in prefixes or () if prefix.is_ipv4)
            yield EffectiveRoute(
                "Default", "Active", tuple(as_cidrs(ipv4)), "VirtualNetworkServiceEndpoint", service_tag=tag
            )


def service_endpoint_tags(endpoint: ServiceEndpoint, location: str) -> tuple[str, ...]:
    """The service tags whose prefixes the endpoint routes; () for a service without a known tag.

    An export lists the locations. Where it does not, Sql means the VNet's region, Storage that and the paired region,
    others all regions.
    """
    service = endpoint.service.lower()
    tag = SERVICE_ENDPOINT_TAGS.get(service)
    if tag is None:
        return ()
    regions = [region_name(region) for region in endpoint.locations or _own_regions(service, location)]
    return (tag,) if "*" in regions else tuple(dict.fromkeys(f"{tag}.{region}" for region in regions))


def _own_regions(service: str, location: str) -> tuple[str, ...]:
    if service not in _REGIONAL_SERVICES or not location:
        return ("*",)
    pair = paired_region(location) if service == "microsoft.storage" else None
    return (location, pair) if pair is not None else (location,)


def private_endpoint_routes(network: Network, virtual_network: VirtualNetwork) -> Iterator[EffectiveRoute]:
    """A host route to each private endpoint of the VNet and of every directly peered one."""
    places = (virtual_network.id, *(link.remote_virtual_network for link in network.links.get(virtual_network.id, ())))
    for place in places:
        for endpoint in network.endpoints_in(place):
            if endpoint.private_endpoint is not None:
                for address in endpoint.addresses:
                    yield _default_route(str(_host(address)), "InterfaceEndpoint", place)


def _host(address: str) -> Prefix:
    return parse_prefix(address)


def _default_route(prefix: str, kind: NextHopType, virtual_network: ResourceId | None = None) -> EffectiveRoute:
    return EffectiveRoute("Default", "Active", (prefix,), kind, virtual_network=virtual_network)
