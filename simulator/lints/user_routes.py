"""User-defined routes to appliances, each as one virtual network sees it.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.virtual_network import Subnet
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.network.peerings import home_of
from simulator.network.prefixes import host_prefix, readable_prefix
from simulator.network.user_routes import appliance_at, next_hop_addresses
from simulator.space.addresses import IPV4_SPACE, Prefix


class ApplianceRoute(Struct, frozen=True):
    """A route of a subnet's table to one address. `home` is the network that holds it, `endpoint` who answers there.

    `prefix` is all of IPv4 for a route to a service tag.
    """

    subnet: Subnet
    table: RouteTable
    route: Route
    prefix: Prefix
    address: str
    home: ResourceId | None
    endpoint: Endpoint | None

    @property
    def virtual_network(self) -> ResourceId:
        return self.subnet.virtual_network

    @property
    def name(self) -> str:
        return f"{self.table.name}/{self.route.name}"


@per_network
def appliance_routes(network: Network) -> tuple[ApplianceRoute, ...]:
    """Every route to an appliance, for every subnet that has it and every address that it leads to."""
    return tuple(_appliance_routes(network))


def _appliance_routes(network: Network) -> Iterator[ApplianceRoute]:
    for subnet in network.subnets.values():
        table = network.snapshot.get(subnet.route_table, RouteTable)
        for route in table.routes if table is not None else ():
            for address in next_hop_addresses(route):
                host = host_prefix(address)
                if table is not None and host is not None:
                    yield ApplianceRoute(
                        subnet=subnet,
                        table=table,
                        route=route,
                        prefix=readable_prefix(route.address_prefix) or IPV4_SPACE,
                        address=address,
                        home=home_of(network, subnet.virtual_network, host),
                        endpoint=appliance_at(network, subnet.virtual_network, address),
                    )
