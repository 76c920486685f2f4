"""What is wrong, or not known, about route tables and service endpoints.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import Subnet
from simulator.network.managers.managed_routes import ManagedRoute
from simulator.network.model import Network
from simulator.network.peerings import gateways_serving, home_of, hubs_outside_export
from simulator.network.prefixes import host_prefix, readable_prefix
from simulator.network.routes import APPLIANCES
from simulator.network.rule_checks import unknown_tag
from simulator.network.service_tags import tag_prefixes
from simulator.network.system_routes import IPV4_DEFAULT, service_endpoint_tags
from simulator.network.topology_checks import unreadable_prefix
from simulator.network.user_routes import appliance_at, next_hop_addresses, routed_gateway
from simulator.space.addresses import Prefix

#: How many appliances may share the packets of a VirtualApplianceEcmp route.
ECMP_NEXT_HOPS = (2, 64)
MOST_SERVICE_TAGS = 25


def check_routes(network: Network) -> Iterator[Issue]:
    for table in network.snapshot.all(RouteTable):
        yield from _duplicates(table)
        if not table.keeps_peering_routes:
            message = f"{table.name}: disablePeeringRoute is a preview: its subnets get no routes of peerings"
            hint = "Azure asks for a next hop in the virtual network of the NIC; GatewaySubnet is not documented"
            yield Issue("info", "VNS2039", message, str(table.id), hint)
        for route in table.routes:
            yield from _prefix(network, table, route)
        yield from _service_tags(table)
    seen: set[tuple[ResourceId, ResourceId]] = set()
    for subnet in network.subnets.values():
        yield from _service_endpoints(network, subnet)
        held = network.snapshot.get(subnet.route_table, RouteTable)
        if held is not None and (held.id, subnet.virtual_network) not in seen:
            seen.add((held.id, subnet.virtual_network))
            for route in held.routes:
                yield from _next_hop(network, subnet.virtual_network, held, route)


def _duplicates(table: RouteTable) -> Iterator[Issue]:
    first: dict[Prefix | str, Route] = {}
    for route in table.routes:
        key = readable_prefix(route.address_prefix) or route.address_prefix.lower()
        held = first.setdefault(key, route)
        if held is not route:
            message = f"{table.name}/{route.name}: {route.address_prefix} is already the prefix of {held.name}"
            yield Issue("error", "VNS2034", message, str(route.id), "Azure takes one route for each prefix: remove one")


def _prefix(network: Network, table: RouteTable, route: Route) -> Iterator[Issue]:
    name = f"{table.name}/{route.name}"
    prefix = readable_prefix(route.address_prefix)
    if prefix == readable_prefix(IPV4_DEFAULT):
        message = f"{name}: the service tag VirtualNetwork is every address on the subnets with this default route"
        hint = "rules that name VirtualNetwork, the default ones too, match Internet addresses there"
        yield Issue("info", "VNS2032", message, str(route.id), hint)
    if prefix is not None:
        return
    if "/" in route.address_prefix:
        yield unreadable_prefix(f"{name}: {route.address_prefix!r} is neither a prefix nor a service tag", route.id)
    elif tag_prefixes(network, route.address_prefix) is None:
        yield unknown_tag(name, route.address_prefix, route.id)
    else:
        message = f"{name}: the prefixes of {route.address_prefix} are not counted into the tag VirtualNetwork"
        yield Issue("info", "VNS2025", message, str(route.id), "Azure's documentation leaves this open")


def _service_tags(table: RouteTable) -> Iterator[Issue]:
    tags = sum(readable_prefix(route.address_prefix) is None for route in table.routes)
    if tags > MOST_SERVICE_TAGS:
        message = f"{table.name}: {tags} routes to service tags; Azure takes {MOST_SERVICE_TAGS} in a table"
        yield Issue("error", "VNS2070", message, str(table.id), "route prefixes, or a tag that holds several of these")


def _next_hop(network: Network, virtual_network: ResourceId, table: RouteTable, route: Route) -> Iterator[Issue]:
    name = f"{table.name}/{route.name}"
    if route.next_hop_type in APPLIANCES:
        yield from _appliances(network, virtual_network, table, route)
    elif route.next_hop_type == "VirtualNetworkGateway":
        serving = gateways_serving(network, virtual_network)
        if not serving and not hubs_outside_export(network, virtual_network):
            message = f"{name}: {virtual_network.name} has no gateway and uses none of a peer: the route drops"
            yield Issue("warning", "VNS2013", message, str(route.id), "add the gateway, or let the peering use one")
        elif serving and routed_gateway(network, virtual_network) is None:
            message = f"{name}: only VPN gateways take such a route, and an ExpressRoute gateway serves this network"
            yield Issue("warning", "VNS2013", message, str(route.id), "remove the route and let BGP propagate")


def _appliances(network: Network, virtual_network: ResourceId, table: RouteTable, route: Route) -> Iterator[Issue]:
    name = f"{table.name}/{route.name}"
    if isinstance(route, ManagedRoute) and not route.is_certain:
        return
    addresses = next_hop_addresses(route)
    if not addresses:
        yield Issue("error", "VNS2018", f"{name}: no next hop address", str(route.id), "give the appliance's address")
    for address in addresses:
        yield from _appliance(network, virtual_network, table, route, address)
    fewest, most = ECMP_NEXT_HOPS
    if route.next_hop_type == "VirtualApplianceEcmp" and not fewest <= len(addresses) <= most:
        message = f"{name}: {len(addresses)} next hop addresses; Azure takes {fewest} to {most}"
        yield Issue("error", "VNS2060", message, str(route.id), "use VirtualAppliance for a single address")


def _appliance(
    network: Network, virtual_network: ResourceId, table: RouteTable, route: Route, address: str
) -> Iterator[Issue]:
    name = f"{table.name}/{route.name}"
    host = host_prefix(address)
    if host is None:
        message = f"{name}: the next hop {address!r} is not an address"
        yield Issue("error", "VNS2018", message, str(route.id), "give the appliance's private address")
        return
    home = home_of(network, virtual_network, host)
    if home is None:
        message = f"{name}: the next hop {address} is neither in {virtual_network.name} nor in a peered virtual network"
        yield Issue("warning", "VNS2013", message, str(route.id), "Azure drops what this route sends there")
    elif home != virtual_network and not table.keeps_peering_routes:
        message = f"{name}: the next hop {address} is not in {virtual_network.name}, and disablePeeringRoute is set"
        hint = "Azure asks for a next hop in the virtual network of the NIC with this preview"
        yield Issue("warning", "VNS2069", message, str(route.id), hint)
    elif appliance_at(network, virtual_network, address) is None:
        message = f"{name}: no network interface or firewall in the export has the next hop address {address}"
        hint = "a load balancer or a gateway may have it; export it, or declare an appliance with that address"
        yield Issue("warning", "VNS2012", message, str(route.id), hint)


def _service_endpoints(network: Network, subnet: Subnet) -> Iterator[Issue]:
    location = network.virtual_networks[subnet.virtual_network].location
    for endpoint in subnet.service_endpoints:
        tags = service_endpoint_tags(endpoint, location)
        missing = [tag for tag in tags if tag_prefixes(network, tag) is None]
        if missing or not tags:
            what = ", ".join(missing) or endpoint.service
            message = (
                f"{subnet.name}: the prefixes of the service endpoint {what} are not known; its routes are left out"
            )
            yield Issue("warning", "VNS2023", message, str(subnet.id), "declare them under service_tags")
