"""Lints of user-defined routes: next hops that cannot forward, routes that lead back, tables where Azure takes none.

Next hops that nobody answers are issues of the network (VNS2012, VNS2013).
Learn: azure/virtual-network/virtual-networks-udr-overview, azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.virtual_network import Subnet
from simulator.lints.finding import Finding
from simulator.lints.user_routes import ApplianceRoute, appliance_routes
from simulator.lints.wording import listed
from simulator.network.model import Endpoint, Network, grouped
from simulator.network.outbound import outbound
from simulator.network.prefixes import readable_prefix
from simulator.network.system_routes import IPV4_DEFAULT, IPV6_DEFAULT
from simulator.walk.packets import TCP

_DEFAULTS = frozenset(readable_prefix(text) for text in (IPV4_DEFAULT, IPV6_DEFAULT))


def next_hops(network: Network) -> Iterator[Finding]:
    """Next hops that do not forward, and appliances whose own subnet sends to them."""
    routes = tuple(appliance_routes(network))
    for (route, endpoint), held in grouped(((one.route.id, one.endpoint), one) for one in routes).items():
        if endpoint is not None and _cannot_forward(endpoint):
            message = f"{held[0].name}: {held[0].address} is {endpoint.name}, a NIC without IP forwarding"
            hint = f"Azure drops what it would forward: enable IP forwarding on {endpoint.id.name}, or route elsewhere"
            yield Finding("error", "VNS6020", message, str(route), hint, (endpoint.id,))
    loops = grouped(((one.subnet.id, one.endpoint), one) for one in routes if _leads_back(network, one))
    for (subnet, endpoint), held in loops.items():
        if endpoint is not None:
            yield _loop(subnet, endpoint, held)


def _cannot_forward(endpoint: Endpoint) -> bool:
    return endpoint.kind == "nic" and not endpoint.ip_forwarding


def _leads_back(network: Network, route: ApplianceRoute) -> bool:
    """Whether what the appliance forwards meets the same route. One with several NICs may send on from another."""
    endpoint = route.endpoint
    if endpoint is None or endpoint.subnet != route.subnet.id or endpoint.kind not in ("nic", "firewall", "appliance"):
        return False
    machine = endpoint.virtual_machine
    if machine is not None and sum(other.virtual_machine == machine for other in network.endpoints) > 1:
        return False
    return not _cannot_forward(endpoint)


def _loop(subnet: ResourceId, endpoint: Endpoint, routes: tuple[ApplianceRoute, ...]) -> Finding:
    message = (
        f"{subnet.parent.name}/{subnet.name}: {listed([one.name for one in routes])} send to {endpoint.name}, which is "
        "in this very subnet: what it forwards there comes back to it"
    )
    hint = "give the subnet of the appliance a route table of its own, without these routes"
    return Finding("warning", "VNS6021", message, str(subnet), hint, (endpoint.id, *(one.route.id for one in routes)))


def tables(network: Network) -> Iterator[Finding]:
    """Tables on subnets for which Azure documents that they do not work."""
    for subnet in network.subnets.values():
        table = network.snapshot.get(subnet.route_table, RouteTable)
        if table is None:
            continue
        if subnet.name.lower() == "gatewaysubnet":
            yield from _on_gateways(subnet, table)
        yield from _from_private_subnet(network, subnet, table)


def _on_gateways(subnet: Subnet, table: RouteTable) -> Iterator[Finding]:
    where = f"{subnet.virtual_network.name}/{subnet.name}"
    if table.disable_bgp_route_propagation:
        message = f"{where}: {table.name} turns the propagation of gateway routes off, and the gateway needs it"
        yield Finding("warning", "VNS6022", message, str(subnet.id), "turn the propagation on", (table.id,))
    for route in _default_routes(table):
        message = f"{where}: {table.name}/{route.name} is a default route, which Azure does not support on this subnet"
        yield Finding(
            "warning", "VNS6022", message, str(subnet.id), "name the prefixes behind the firewall", (route.id,)
        )


def _default_routes(table: RouteTable) -> Iterator[Route]:
    return (route for route in table.routes if readable_prefix(route.address_prefix) in _DEFAULTS)


def _from_private_subnet(network: Network, subnet: Subnet, table: RouteTable) -> Iterator[Finding]:
    """Learn: azure/virtual-network/ip-services/default-outbound-access (routes of type Internet in private subnets)"""
    to_internet = [route for route in table.routes if route.next_hop_type == "Internet"]
    if subnet.default_outbound_access is not False or not to_internet:
        return
    stranded = [
        endpoint
        for endpoint in network.endpoints
        if endpoint.subnet == subnet.id
        and endpoint.kind == "nic"
        and endpoint.private_endpoint is None
        and outbound(network, endpoint.id, is_ipv4=True, protocol=TCP).method == "none"
    ]
    if stranded:
        routes = listed([f"{table.name}/{one.name}" for one in to_internet])
        message = (
            f"{subnet.virtual_network.name}/{subnet.name}: {routes} lead to the Internet from a private subnet, and "
            f"{listed([endpoint.name for endpoint in stranded])} have no way out"
        )
        hint = "give the subnet a NAT gateway, or the NICs public IPs"
        involved = (*(one.id for one in to_internet), *(endpoint.id for endpoint in stranded))
        yield Finding("warning", "VNS6023", message, str(subnet.id), hint, involved)


def kept_out_peerings(network: Network) -> Iterator[Finding]:
    """Learn: azure/virtual-network/configure-disable-peering-route-propagation (next hops in the NIC's own network)"""
    outside = grouped(
        ((one.route.id, one.virtual_network, one.address), one)
        for one in appliance_routes(network)
        if not one.table.keeps_peering_routes and one.home not in (None, one.virtual_network)
    )
    for (route, own, address), held in outside.items():
        home = held[0].home.name if held[0].home is not None else "no network"
        message = (
            f"{held[0].name}: {held[0].table.name} keeps the routes of peerings out, which asks for a next hop in "
            f"{own.name}; {address} is in {home}"
        )
        hint = "put an appliance into this virtual network, or take disablePeeringRoute back"
        yield Finding("warning", "VNS6024", message, str(route), hint, tuple(one.subnet.id for one in held))
