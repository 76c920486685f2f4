"""User-defined routes as rows of an effective route table.

Learn: azure/virtual-network/virtual-networks-udr-overview#user-defined
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.network.managers.managed_routes import ManagedRoute
from simulator.network.model import Endpoint, Gateway, Network
from simulator.network.peerings import gateways_serving, home_of, hubs_outside_export
from simulator.network.prefixes import host_prefix, readable_prefix
from simulator.network.routes import APPLIANCES, EffectiveRoute
from simulator.network.service_tags import tag_prefixes
from simulator.space.addresses import Prefix, as_cidrs, format_address, merge, subtract


def user_routes(
    network: Network, virtual_network: ResourceId, table: RouteTable, endpoint_prefixes: tuple[Prefix, ...]
) -> Iterator[EffectiveRoute]:
    """One row for each route of the table; a route to a service tag holds all of the tag's prefixes.

    `endpoint_prefixes` are those of the subnet's service endpoints: a tag is cut along them, because Azure compares
    the prefixes as Microsoft lists them, and our lists are merged.
    """
    for route in table.routes:
        prefix = readable_prefix(route.address_prefix)
        if prefix is not None:
            yield _row(network, virtual_network, table.id, route, (str(prefix),))
        else:
            tag = tag_prefixes(network, route.address_prefix)
            prefixes = () if tag is None else _cut_along(tag, endpoint_prefixes)
            yield _row(network, virtual_network, table.id, route, prefixes, route.address_prefix)


def _row(
    network: Network,
    virtual_network: ResourceId,
    table: ResourceId,
    route: Route,
    prefixes: tuple[str, ...],
    tag: str | None = None,
) -> EffectiveRoute:
    addresses, home, gateway, is_reachable = _next_hop(network, virtual_network, route, prefixes)
    is_one = route.next_hop_type == "VirtualAppliance"
    return EffectiveRoute(
        source="User",
        state="Active",
        prefixes=prefixes,
        next_hop_type=route.next_hop_type,
        next_hop_ip=addresses[0] if is_one and addresses else None,
        next_hop_ips=() if is_one else addresses,
        name=route.name,
        route_table=table,
        virtual_network=home,
        gateway=gateway,
        is_reachable=is_reachable,
        service_tag=tag,
        is_certain=not isinstance(route, ManagedRoute) or route.is_certain,
    )


def next_hop_addresses(route: Route) -> tuple[str, ...]:
    """The addresses of the appliances that a user-defined route leads to, as they are written, each once."""
    if route.next_hop_type == "VirtualApplianceEcmp":
        return tuple(dict.fromkeys(route.next_hop.next_hop_ip_addresses)) if route.next_hop else ()
    address = route.next_hop_ip_address if route.next_hop_type == "VirtualAppliance" else None
    return (address,) if address else ()


def _next_hop(
    network: Network, virtual_network: ResourceId, route: Route, prefixes: tuple[str, ...]
) -> tuple[tuple[str, ...], ResourceId | None, ResourceId | None, bool]:
    """Next hop addresses, the VNet they lead into, the gateway, and whether a next hop can be reached.

    A route of type VnetLocal keeps what this VNet and its peers hold: where no one of them holds all of its prefix, no
    VNet is given and each address decides. An appliance without an address that can be read (known only after a
    deployment) counts as reachable: nobody knows. Of several appliances one within reach is enough.
    """
    if route.next_hop_type in APPLIANCES:
        hosts = [host for text in next_hop_addresses(route) if (host := host_prefix(text)) is not None]
        homes = {home_of(network, virtual_network, host) for host in hosts}
        is_reachable = not hosts or homes != {None}
        home = next(iter(homes)) if len(homes) == 1 else None
        return tuple(format_address(host.low) for host in hosts), home, None, is_reachable
    if route.next_hop_type == "VirtualNetworkGateway":
        gateway = routed_gateway(network, virtual_network)
        is_unknown = not gateways_serving(network, virtual_network) and hubs_outside_export(network, virtual_network)
        return (), None, gateway.id if gateway else None, gateway is not None or bool(is_unknown)
    if route.next_hop_type == "VnetLocal":
        prefix = readable_prefix(prefixes[0]) if len(prefixes) == 1 else None
        return (), home_of(network, virtual_network, prefix) if prefix else None, None, True
    return (), None, None, True


def routed_gateway(network: Network, virtual_network: ResourceId) -> Gateway | None:
    """The gateway that a route of type VirtualNetworkGateway means: a VPN one.

    None without any, and where an ExpressRoute gateway serves the VNet: Azure takes such a route for VPN alone.
    """
    serving = gateways_serving(network, virtual_network)
    has_expressroute = any(gateway.kind == "ExpressRoute" for gateway in serving)
    return serving[0] if serving and not has_expressroute else None


def appliance_at(network: Network, virtual_network: ResourceId, address: str) -> Endpoint | None:
    """The endpoint that answers the next hop address of a route to an appliance, seen from this VNet."""
    host = host_prefix(address)
    home = home_of(network, virtual_network, host) if host is not None else None
    return network.endpoint_at(home, format_address(host.low)) if home is not None and host is not None else None


def _cut_along(tag: tuple[Prefix, ...], endpoint_prefixes: tuple[Prefix, ...]) -> tuple[str, ...]:
    """The tag as prefixes, of which those that a service endpoint routes too are spelled as the endpoint has them."""
    shared = tuple(prefix for prefix in endpoint_prefixes if any(part.covers(prefix) for part in tag))
    if not shared:
        return tuple(as_cidrs(tag))
    return (*as_cidrs(subtract(tag, merge(shared))), *(str(prefix) for prefix in shared))
