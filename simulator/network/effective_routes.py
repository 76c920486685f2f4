"""The effective route table of a subnet and of a NIC, and the next hop it gives.

Learn: azure/virtual-network/virtual-networks-udr-overview, azure/network-watcher/network-watcher-next-hop-overview
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.virtual_network import ServiceEndpoint, Subnet
from simulator.errors import QuestionError
from simulator.network import system_routes
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.peerings import unknown_gateways
from simulator.network.prefixes import host_prefix, readable_prefixes
from simulator.network.route_states import longest_match, with_states
from simulator.network.routes import EffectiveRoute, NextHopType, RouteSource
from simulator.network.user_routes import user_routes

#: The order in which Azure prints rows: routes over a global peering come last of the peerings, after the user's.
_PRINTED_FIRST: tuple[tuple[RouteSource, NextHopType | None], ...] = (
    ("Default", "VnetLocal"),
    ("Default", "VNetPeering"),
    ("Default", "ConnectedGroup"),
    ("VirtualNetworkGateway", None),
    ("Default", "Internet"),
    ("Default", "None"),
    ("User", None),
    ("Default", "VNetGlobalPeering"),
    ("Default", "VirtualNetworkServiceEndpoint"),
    ("Default", "InterfaceEndpoint"),
)
_PRINT_ORDER = {key: at for at, key in enumerate(_PRINTED_FIRST)}
#: Network Watcher's own spelling of a next hop type, where it differs.
_NEXT_HOP_SPELLING: dict[NextHopType, str] = {
    "VnetLocal": "VirtualNetwork",
    "VNetPeering": "VirtualNetworkPeering",
    "VNetGlobalPeering": "VirtualNetworkPeering",
}


class NextHop(Struct, frozen=True):
    """What Network Watcher answers; `route_table` None stands for its text ``System Route``.

    Of VirtualApplianceEcmp `next_hop_ip` lists all addresses.
    """

    next_hop_type: str
    next_hop_ip: str | None
    route_table: ResourceId | None


def subnet_routes(network: Network, subnet: ResourceId) -> tuple[EffectiveRoute, ...]:
    """Every row of the subnet's effective route table, Invalid ones too, in Azure's order.

    Longest prefix among the Active rows is the whole decision. A route table that the export does not hold leaves the
    system routes (an Issue says so; ask `network.subnets[subnet].route_table`), and gateways with unknown routes give
    only what is known of them (ask `learned_routes_unknown`).

    Raises QuestionError when the subnet is not in the network.
    """
    held = _subnet(network, subnet)
    return _routes(network, held.virtual_network, held.route_table, held.service_endpoints)


def effective_routes(network: Network, nic: ResourceId) -> tuple[EffectiveRoute, ...]:
    """`subnet_routes` of the NIC's (or firewall's) subnet. Raises QuestionError when the network has no such NIC."""
    return subnet_routes(network, subnet_of_nic(network, nic))


def subnet_of_nic(network: Network, nic: ResourceId) -> ResourceId:
    endpoint = network.endpoint(nic)
    if endpoint is None or endpoint.id != nic:
        is_held = network.snapshot.get(nic, NetworkInterface) is not None
        hint = "it has no subnet in the export" if is_held else "add it to the export, or check its id"
        raise QuestionError("no network interface in a subnet has this id", code="VNS5101", place=str(nic), hint=hint)
    return endpoint.subnet


def system_routes_of(network: Network, virtual_network: ResourceId) -> tuple[EffectiveRoute, ...]:
    """The routes of the VNet where no route table and no service endpoint applies: what a private endpoint replies by.

    Learn: azure/private-link/private-endpoint-overview (user-defined routes do not apply to its replies)
    """
    return _routes(network, virtual_network, None, ())


def learned_routes_unknown(network: Network, subnet: ResourceId) -> tuple[ResourceId, ...]:
    """Gateways whose unknown routes could apply on this subnet, and hub VNets outside the export that lend a gateway.

    () where the route table turns the propagation of gateway routes off.
    """
    if is_propagation_disabled(network, subnet):
        return ()
    return unknown_gateways(network, _subnet(network, subnet).virtual_network)


def is_propagation_disabled(network: Network, subnet: ResourceId) -> bool:
    """Does the subnet's route table keep out the routes that gateways learn?"""
    table = network.snapshot.get(_subnet(network, subnet).route_table, RouteTable)
    return table is not None and table.disable_bgp_route_propagation


def next_hop(network: Network, nic: ResourceId, destination: str) -> NextHop:
    """The next hop of a packet from the NIC to `destination`, spelled as Network Watcher spells it.

    An appliance that lies in no VNet within reach answers ``None`` with its address and its route table.

    Raises QuestionError when the network has no such NIC or `destination` is no address.
    """
    host = host_prefix(destination)
    if host is None:
        raise QuestionError(f"{destination!r} is not an IP address", code="VNS5102", hint="write it as 10.0.0.4")
    found = longest_match(list(effective_routes(network, nic)), host)
    if found is None:
        return NextHop("None", None, None)
    route, _ = found
    kind = _NEXT_HOP_SPELLING.get(route.next_hop_type, route.next_hop_type) if route.is_reachable else "None"
    return NextHop(kind, ", ".join(route.next_hop_addresses) or None, route.route_table)


def routes_to_azure(routes: Iterable[EffectiveRoute], *, propagation_disabled: bool = False) -> list[dict[str, Any]]:
    """The rows as ``az network nic show-effective-route-table -o json`` has them under ``value``.

    `propagation_disabled` is the route table's setting, which Azure repeats on every row.
    """
    return [_row_to_azure(route, propagation_disabled) for route in routes]


def _row_to_azure(route: EffectiveRoute, propagation_disabled: bool) -> dict[str, Any]:
    tag = route.service_tag if route.source == "User" else None
    return {
        **({"name": route.name} if route.name is not None else {}),
        "disableBgpRoutePropagation": propagation_disabled,
        "source": route.source,
        "state": route.state,
        "hasBgpOverride": False,
        "addressPrefix": list(route.prefixes),
        "nextHopType": route.next_hop_type,
        "nextHopIpAddress": list(route.next_hop_addresses),
        "destinationServiceTags": [tag] if tag is not None else [],
        "tagMap": {tag: list(route.prefixes)} if tag is not None else {},
    }


def _subnet(network: Network, subnet: ResourceId) -> Subnet:
    held = network.subnets.get(subnet)
    if held is None:
        hint = "add its virtual network to the export"
        raise QuestionError("the network has no such subnet", code="VNS5103", place=str(subnet), hint=hint)
    return held


@per_network
def _routes(
    network: Network,
    virtual_network: ResourceId,
    route_table: ResourceId | None,
    service_endpoints: tuple[ServiceEndpoint, ...],
) -> tuple[EffectiveRoute, ...]:
    """The routes of every subnet with this VNet, route table and service endpoints: they are the same."""
    held = network.virtual_networks[virtual_network]
    table = network.snapshot.get(route_table, RouteTable)
    propagates = table is None or not table.disable_bgp_route_propagation
    endpoint_rows = tuple(system_routes.service_endpoint_routes(network, held, service_endpoints))
    endpoint_prefixes = tuple(prefix for row in endpoint_rows for prefix in readable_prefixes(row.prefixes))
    rows = (
        *system_routes.local_routes(held),
        *(system_routes.peering_routes(network, held) if table is None or table.keeps_peering_routes else ()),
        *system_routes.connected_group_routes(network, held),
        *(system_routes.gateway_routes(network, held) if propagates else ()),
        *system_routes.internet_routes(held),
        *system_routes.reserved_routes(held),
        *(user_routes(network, virtual_network, table, endpoint_prefixes) if table else ()),
        *endpoint_rows,
        *system_routes.private_endpoint_routes(network, held),
    )
    return tuple(sorted(with_states(network, rows), key=_printed))


def _printed(row: EffectiveRoute) -> int:
    kind = row.next_hop_type if row.source == "Default" else None
    return _PRINT_ORDER[(row.source, kind)]
