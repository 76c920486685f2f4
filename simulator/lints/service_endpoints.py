"""Lints of service endpoints: traffic that goes round the firewall, and routes whose precedence is disputed.

Learn: azure/virtual-network/virtual-network-service-endpoints-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.azure.virtual_network import Subnet
from simulator.lints.finding import Finding
from simulator.lints.wording import listed
from simulator.network.assumptions import assumption_text
from simulator.network.effective_routes import subnet_routes
from simulator.network.model import Network
from simulator.network.prefixes import PrefixIndex, readable_prefixes
from simulator.network.routes import EffectiveRoute

#: Next hops that look at traffic, or that somebody chose for it; ``None`` drops and is told nowhere else.
_BY_SOMEBODY = ("VirtualAppliance", "VirtualApplianceEcmp", "VirtualNetworkGateway")


def service_endpoints(network: Network) -> Iterator[Finding]:
    for subnet in network.subnets.values():
        if subnet.service_endpoints:
            rows = subnet_routes(network, subnet.id)
            endpoints = [row for row in rows if row.next_hop_type == "VirtualNetworkServiceEndpoint"]
            yield from _bypassing(subnet, rows, endpoints)
            yield from _disputed(network, subnet, rows, endpoints)


def _bypassing(subnet: Subnet, rows: Iterable[EffectiveRoute], endpoints: list[EffectiveRoute]) -> Iterator[Finding]:
    """Endpoints whose prefixes are longer than those of a route to an appliance or gateway that holds them."""
    for row in rows:
        if row.state != "Active" or row.source == "Default" or row.next_hop_type not in _BY_SOMEBODY:
            continue
        passed = PrefixIndex(readable_prefixes(row.prefixes))
        round_it = [
            endpoint.service_tag or "a service"
            for endpoint in endpoints
            if endpoint.state == "Active" and any(map(passed.holds, readable_prefixes(endpoint.prefixes)))
        ]
        if round_it:
            message = (
                f"{_where(subnet)}: traffic to {listed(round_it)} leaves by the service endpoint and goes round "
                f"{_route(row)}"
            )
            hint = "route the service's tag to the firewall, use a private endpoint, or limit it by an endpoint policy"
            yield Finding(
                "warning", "VNS6040", message, str(subnet.id), hint, (row.route_table,) if row.route_table else ()
            )


def _disputed(
    network: Network, subnet: Subnet, rows: Iterable[EffectiveRoute], endpoints: list[EffectiveRoute]
) -> Iterator[Finding]:
    """se_udr_disputed: documentation says that the endpoint wins, labs that the route does."""
    held = PrefixIndex(prefix for endpoint in endpoints for prefix in readable_prefixes(endpoint.prefixes))
    told: set[tuple[object, object]] = set()
    for row in rows:
        if row.source != "User" or row.next_hop_type == "Internet" or (row.route_table, row.name) in told:
            continue
        if any(map(held.holds, readable_prefixes(row.prefixes))):
            told.add((row.route_table, row.name))
            what = "covers prefixes of a service endpoint, and sources differ on which of them wins"
            message = f"{_where(subnet)}: {_route(row)} {what}"
            hint = f"assumption {assumption_text(network, 'se_beats_udr')}"
            yield Finding(
                "info", "VNS6041", message, str(subnet.id), hint, (row.route_table,) if row.route_table else ()
            )


def _where(subnet: Subnet) -> str:
    return f"{subnet.virtual_network.name}/{subnet.name}"


def _route(row: EffectiveRoute) -> str:
    target = row.service_tag or (row.prefixes[0] if row.prefixes else "?")
    hop = " ".join(filter(None, (row.next_hop_type, ", ".join(row.next_hop_addresses))))
    named = f"{row.route_table.name}/{row.name} " if row.route_table is not None else ""
    return f"{named}({target} to {hop})"
