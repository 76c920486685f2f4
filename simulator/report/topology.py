"""What `vnetsim show topology` says: the virtual networks, how they are joined, and who is in them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import Subnet, VirtualNetwork, VirtualNetworkPeering
from simulator.network.model import Endpoint, Gateway, Network
from simulator.report.document import Line, Report, Row, Table
from simulator.report.text import counted, listed


def topology_report(network: Network) -> Report:
    snapshot = network.snapshot
    counts = (
        counted(len(snapshot.virtual_networks), "virtual network"),
        counted(len(network.subnets), "subnet"),
        counted(len(network.endpoints), "endpoint"),
        counted(len(network.gateways), "gateway"),
    )
    return Report(
        kind="topology",
        headline=Line(f"{snapshot.name or 'network'}: {', '.join(counts)}", "strong"),
        blocks=tuple(table for table in _tables(network) if table.rows),
        records=lambda: _records(network),
        data=lambda: _data(network),
    )


def _tables(network: Network) -> tuple[Table, ...]:
    snapshot = network.snapshot
    in_subnet = Counter(endpoint.subnet for endpoint in network.endpoints)
    peerings = tuple(_peering_row(link) for held in snapshot.virtual_networks for link in held.virtual_network_peerings)
    return (
        Table(
            ("Virtual network", "Address space", "Location", "Subnets", "Endpoints"),
            tuple(_virtual_network_row(network, held) for held in snapshot.virtual_networks),
            title="Virtual networks",
        ),
        Table(("From", "To", "State", "Access", "Forwarded", "Gateway"), peerings, title="Peerings, one row a link"),
        Table(
            ("Virtual network", "Subnet", "Prefix", "NSG", "Route table", "Endpoints"),
            tuple(_subnet_row(subnet, in_subnet[subnet.id]) for subnet in network.subnets.values()),
            title="Subnets",
        ),
        Table(
            ("Name", "Kind", "Address", "Public address", "Subnet", "NIC NSG"),
            tuple(_endpoint_row(endpoint) for endpoint in network.endpoints),
            title="Endpoints",
        ),
        Table(
            ("Gateway", "Kind", "Virtual network", "Routes"),
            tuple(_gateway_row(gateway) for gateway in network.gateways),
            title="Gateways",
        ),
        Table(
            ("On premises", "Prefixes", "Gateway", "Hosts"),
            tuple(
                (place.name, ", ".join(place.prefixes), place.gateway.name, listed([*place.hosts], 4))
                for place in snapshot.declarations.on_premises
            ),
            title="On premises, as declared",
        ),
    )


def subnet_name(subnet: ResourceId) -> str:
    """``vnet-hub/VmSubnet1``: a subnet's own name is seldom enough."""
    return f"{subnet.parent.name}/{subnet.name}"


def _virtual_network_row(network: Network, held: VirtualNetwork) -> Row:
    endpoints = len(network.endpoints_in(held.id))
    return held.name, ", ".join(held.prefixes), held.location, len(held.subnets), endpoints


def _peering_row(link: VirtualNetworkPeering) -> Row:
    transit = {(True, False): "lends", (False, True): "uses remote", (True, True): "lends, uses remote"}
    return (
        link.virtual_network.name,
        link.remote_virtual_network.name,
        link.peering_state,
        _yes(link.allow_virtual_network_access),
        _yes(link.allow_forwarded_traffic),
        transit.get((link.allow_gateway_transit, link.use_remote_gateways), "no"),
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _subnet_row(subnet: Subnet, endpoints: int) -> Row:
    return (
        subnet.virtual_network.name,
        subnet.name,
        ", ".join(subnet.prefixes),
        subnet.network_security_group.name if subnet.network_security_group else None,
        subnet.route_table.name if subnet.route_table else None,
        endpoints,
    )


def _endpoint_row(endpoint: Endpoint) -> Row:
    return (
        endpoint.name,
        _kind(endpoint),
        ", ".join(endpoint.addresses),
        ", ".join(endpoint.public_addresses),
        subnet_name(endpoint.subnet),
        endpoint.security_group.name if endpoint.security_group else None,
    )


_KINDS = {
    "firewall": "Azure Firewall",
    "appliance": "routing appliance",
    "managed": "managed service",
    "frontend": "load balancer",
}


def _kind(endpoint: Endpoint) -> str:
    if endpoint.kind in _KINDS:
        return _KINDS[endpoint.kind]
    if endpoint.private_endpoint:
        return "private endpoint"
    return "appliance" if endpoint.ip_forwarding else "VM" if endpoint.virtual_machine else "NIC"


def _gateway_row(gateway: Gateway) -> Row:
    known = "unknown: not declared" if gateway.routes is None else listed([route.prefix for route in gateway.routes], 6)
    return gateway.name, gateway.kind, gateway.virtual_network.name, known


def _records(network: Network) -> Table:
    """One row a subnet or endpoint: what a spreadsheet of the network holds."""
    subnets = (
        ("subnet", subnet.name, str(subnet.virtual_network), ", ".join(subnet.prefixes), None, str(subnet.id))
        for subnet in network.subnets.values()
    )
    endpoints = (
        (
            endpoint.kind,
            endpoint.name,
            str(endpoint.subnet),
            ", ".join(endpoint.addresses),
            ", ".join(endpoint.public_addresses),
            str(endpoint.id),
        )
        for endpoint in network.endpoints
    )
    return Table(("Kind", "Name", "In", "Addresses", "Public addresses", "Id"), (*subnets, *endpoints))


def _data(network: Network) -> dict[str, Any]:
    return {
        "network": network.snapshot.name,
        "virtual_networks": [
            {"id": str(held.id), "address_space": list(held.prefixes), "location": held.location}
            for held in network.snapshot.virtual_networks
        ],
        "subnets": [
            {
                "id": str(subnet.id),
                "prefixes": list(subnet.prefixes),
                "network_security_group": _text(subnet.network_security_group),
                "route_table": _text(subnet.route_table),
            }
            for subnet in network.subnets.values()
        ],
        "peerings": [
            {
                "id": str(link.id),
                "remote_virtual_network": str(link.remote_virtual_network),
                "peering_state": link.peering_state,
                "allow_virtual_network_access": link.allow_virtual_network_access,
                "allow_forwarded_traffic": link.allow_forwarded_traffic,
                "allow_gateway_transit": link.allow_gateway_transit,
                "use_remote_gateways": link.use_remote_gateways,
            }
            for held in network.snapshot.virtual_networks
            for link in held.virtual_network_peerings
        ],
        "endpoints": [
            {
                "id": str(endpoint.id),
                "kind": endpoint.kind,
                "name": endpoint.name,
                "subnet": str(endpoint.subnet),
                "addresses": list(endpoint.addresses),
                "public_addresses": list(endpoint.public_addresses),
                "network_security_group": _text(endpoint.security_group),
                "ip_forwarding": endpoint.ip_forwarding,
            }
            for endpoint in network.endpoints
        ],
        "gateways": [
            {
                "id": str(gateway.id),
                "kind": gateway.kind,
                "virtual_network": str(gateway.virtual_network),
                "routes": None if gateway.routes is None else [route.prefix for route in gateway.routes],
            }
            for gateway in network.gateways
        ],
        "on_premises": [
            {
                "name": place.name,
                "prefixes": list(place.prefixes),
                "gateway": str(place.gateway),
                "hosts": dict(place.hosts),
            }
            for place in network.snapshot.declarations.on_premises
        ],
    }


def _text(reference: ResourceId | None) -> str | None:
    return None if reference is None else str(reference)
