"""Virtual network gateways and the prefixes behind them.

Learn: azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings, azure/expressroute/expressroute-routing
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import LearnedRoute, Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from simulator.network.model import Gateway, grouped


def build_gateways(snapshot: Snapshot) -> tuple[Gateway, ...]:
    """Every gateway that sits in a subnet, by id."""
    connections = grouped(
        (held.virtual_network_gateway1, held)
        for held in snapshot.all(Connection)
        if held.virtual_network_gateway1 is not None
    )
    gateways = snapshot.all(VirtualNetworkGateway)
    return tuple(
        _gateway(snapshot, held, subnet, connections.get(held.id, ()))
        for held in gateways
        if (subnet := gateway_subnet(held)) is not None
    )


def gateway_subnet(gateway: VirtualNetworkGateway) -> ResourceId | None:
    return next((held.subnet for held in gateway.ip_configurations if held.subnet is not None), None)


def _gateway(
    snapshot: Snapshot, gateway: VirtualNetworkGateway, subnet: ResourceId, connections: Iterable[Connection]
) -> Gateway:
    is_expressroute = gateway.gateway_type.lower() == "expressroute"
    connections = tuple(connections)
    # Azure prints the gateway's public address as the next hop of what a VPN gateway routes.
    address = None if is_expressroute else _public_address(snapshot, gateway)
    static = tuple(
        LearnedRoute(prefix, address) for held in connections for prefix in _connection_prefixes(snapshot, held)
    )
    may_learn = is_expressroute or gateway.enable_bgp or any(held.enable_bgp for held in connections)
    learned = _declared(snapshot, gateway.id, address)
    if learned is None and not may_learn:
        learned = ()
    return Gateway(
        id=gateway.id,
        name=gateway.name,
        kind="ExpressRoute" if is_expressroute else "Vpn",
        virtual_network=subnet.parent,
        subnet=subnet,
        routes=None if learned is None else _distinct((*static, *learned)),
        static_routes=_distinct(static),
    )


def _declared(snapshot: Snapshot, gateway: ResourceId, address: str | None) -> tuple[LearnedRoute, ...] | None:
    """What the user says the gateway learned, or else the on-premises networks behind it; None = nobody said."""
    declared: Mapping[ResourceId, tuple[LearnedRoute, ...]] = snapshot.declarations.learned_routes
    if gateway in declared:
        return declared[gateway]
    behind = [place for place in snapshot.declarations.on_premises if place.gateway == gateway]
    return tuple(LearnedRoute(prefix, address) for place in behind for prefix in place.prefixes) if behind else None


def _connection_prefixes(snapshot: Snapshot, connection: Connection) -> tuple[str, ...]:
    """The local network gateway's prefixes, or the address space of the VNet at the other end of a VNet-to-VNet VPN."""
    site = snapshot.get(connection.local_network_gateway2, LocalNetworkGateway)
    if site is not None:
        return site.local_network_address_space.address_prefixes
    other = snapshot.get(connection.virtual_network_gateway2, VirtualNetworkGateway)
    subnet = gateway_subnet(other) if other is not None else None
    remote = snapshot.get(subnet.parent, VirtualNetwork) if subnet is not None else None
    return remote.prefixes if remote is not None else ()


def _public_address(snapshot: Snapshot, gateway: VirtualNetworkGateway) -> str | None:
    held = (snapshot.get(part.public_ip_address, PublicIpAddress) for part in gateway.ip_configurations)
    return next((address.ip_address for address in held if address is not None and address.ip_address), None)


def _distinct(routes: Iterable[LearnedRoute]) -> tuple[LearnedRoute, ...]:
    """The first route of each prefix."""
    first: dict[str, LearnedRoute] = {}
    for route in routes:
        first.setdefault(route.prefix, route)
    return tuple(first.values())
