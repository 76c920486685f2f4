"""The network as a graph, for drawing and for questions about what hangs together.

Learn: azure/network-watcher/network-insights-topology
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.network.balancers import balanced_rules
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.peerings import lends_gateways
from simulator.network.user_routes import appliance_at, next_hop_addresses, routed_gateway

INTERNET = "internet"
_KINDS = {
    "nic": "network interface",
    "firewall": "firewall",
    "appliance": "routing appliance",
    "managed": "managed service",
    "frontend": "load balancer frontend",
}


@per_network
def network_graph(network: Network) -> nx.MultiDiGraph:
    """Nodes are `ResourceId.key`, ``internet`` and ``onpremises/<name>``, with `kind` and `name`; edges have `kind`.

    Edges: VNet ``contains`` subnet; VNet ``peering`` VNet (with `transit`: the remote gateway is used); endpoint and VM
    ``attached`` to subnet and NIC; frontend ``balances`` NIC; security group and route table ``governs`` subnet or NIC;
    route table ``next_hop`` endpoint, gateway or internet (with `route`); gateway ``gateway`` subnet and on-premises
    network.
    """
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    graph.add_node(INTERNET, kind="internet", name="Internet")
    for table in network.snapshot.all(RouteTable):
        _add(graph, table.id, "route table")
    for group in network.snapshot.all(NetworkSecurityGroup):
        _add(graph, group.id, "security group")
    for machine in network.snapshot.all(VirtualMachine):
        _add(graph, machine.id, "virtual machine")
    _add_virtual_networks(graph, network)
    _add_endpoints(graph, network)
    _add_gateways(graph, network)
    _add_next_hops(graph, network)
    return graph


def _add(graph: nx.MultiDiGraph, resource: ResourceId, kind: str, name: str = "") -> None:
    graph.add_node(resource.key, kind=kind, name=name or resource.name)


def _govern(graph: nx.MultiDiGraph, policy: ResourceId | None, kind: str, governed: ResourceId) -> None:
    """An edge from a security group or route table, which gets a node even when the export does not hold it."""
    if policy is not None:
        _add(graph, policy, kind)
        graph.add_edge(policy.key, governed.key, kind="governs")


def _add_virtual_networks(graph: nx.MultiDiGraph, network: Network) -> None:
    for held in network.virtual_networks.values():
        _add(graph, held.id, "virtual network")
        for subnet in held.subnets:
            _add(graph, subnet.id, "subnet")
            graph.add_edge(held.id.key, subnet.id.key, kind="contains")
            _govern(graph, subnet.network_security_group, "security group", subnet.id)
            _govern(graph, subnet.route_table, "route table", subnet.id)
    for owner, links in network.links.items():
        for link in links:
            remote = link.remote_virtual_network
            _add(graph, remote, "virtual network")
            transit = link.use_remote_gateways and lends_gateways(network, remote, owner)
            graph.add_edge(owner.key, remote.key, kind="peering", transit=transit)


def _add_endpoints(graph: nx.MultiDiGraph, network: Network) -> None:
    for endpoint in network.endpoints:
        _add(graph, endpoint.id, _KINDS[endpoint.kind], endpoint.id.name if endpoint.kind == "nic" else endpoint.name)
        if endpoint.subnet != endpoint.virtual_network:
            if endpoint.subnet.key not in graph:
                _add(graph, endpoint.subnet, "subnet")
            graph.add_edge(endpoint.id.key, endpoint.subnet.key, kind="attached")
        if endpoint.kind == "frontend":
            for backend in {one.endpoint for rule in balanced_rules(network, endpoint.id) for one in rule.backends}:
                graph.add_edge(endpoint.id.key, backend.key, kind="balances")
        _govern(graph, endpoint.security_group, "security group", endpoint.id)
        if endpoint.virtual_machine is not None:
            _add(graph, endpoint.virtual_machine, "virtual machine")
            graph.add_edge(endpoint.virtual_machine.key, endpoint.id.key, kind="attached")
    for nic in network.snapshot.all(NetworkInterface):
        if nic.id.key not in graph:
            _add(graph, nic.id, "network interface")


def _add_gateways(graph: nx.MultiDiGraph, network: Network) -> None:
    for gateway in network.gateways:
        _add(graph, gateway.id, "gateway")
        if gateway.subnet is not None:
            if gateway.subnet.key not in graph:
                _add(graph, gateway.subnet, "subnet")
            graph.add_edge(gateway.id.key, gateway.subnet.key, kind="gateway")
    for place in network.snapshot.declarations.on_premises:
        node = f"onpremises/{place.name}"
        graph.add_node(node, kind="on-premises", name=place.name)
        _add(graph, place.gateway, "gateway")
        graph.add_edge(place.gateway.key, node, kind="gateway")


def _add_next_hops(graph: nx.MultiDiGraph, network: Network) -> None:
    seen: set[tuple[ResourceId, ResourceId]] = set()
    for subnet in network.subnets.values():
        table = network.snapshot.get(subnet.route_table, RouteTable)
        if table is None or (table.id, subnet.virtual_network) in seen:
            continue
        seen.add((table.id, subnet.virtual_network))
        for route in table.routes:
            for target in _next_hops(network, subnet.virtual_network, route):
                graph.add_edge(table.id.key, target, kind="next_hop", route=route.name)


def _next_hops(network: Network, virtual_network: ResourceId, route: Route) -> Iterator[str]:
    """The nodes that a route of the table leads to from this VNet; none for a drop, the VNet itself or nobody."""
    if route.next_hop_type == "Internet":
        yield INTERNET
    if route.next_hop_type == "VirtualNetworkGateway":
        gateway = routed_gateway(network, virtual_network)
        yield from () if gateway is None else (gateway.id.key,)
    for address in next_hop_addresses(route):
        answering = appliance_at(network, virtual_network, address)
        yield from () if answering is None else (answering.id.key,)
