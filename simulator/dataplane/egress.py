"""How an endpoint reaches the Internet once its route says Internet.

Learn: azure/nat-gateway/nat-overview, azure/virtual-network/ip-services/default-outbound-access
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.azure.virtual_network import Subnet
from simulator.dataplane.places import endpoint_column
from simulator.network.groups import region_name
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.network.service_tags import tag_prefixes
from simulator.space.addresses import Prefix, parse_address

Bools = npt.NDArray[np.bool_]


class Outbound(NamedTuple):
    """The ways out of every place. NAT gateways and default outbound access carry IPv4 and ports only."""

    nat_gateway: Bools
    public_ipv4: Bools
    public_ipv6: Bools
    load_balancer: Bools
    default_access: Bools
    private_subnet: Bools


def outbound_methods(network: Network) -> Outbound:
    """What each place has; Azure asks them in the order of the fields."""
    return Outbound(
        endpoint_column(network, lambda one: _has_nat_gateway(network, one), False),
        endpoint_column(network, lambda one: _has_public(one, is_ipv4=True), False),
        endpoint_column(network, lambda one: _has_public(one, is_ipv4=False), False),
        endpoint_column(network, lambda one: one.is_load_balanced, False),
        endpoint_column(network, lambda one: _has_default_access(network, one), False),
        endpoint_column(network, lambda one: one.kind == "nic" and _is_private(network.subnets.get(one.subnet)), False),
    )


def _has_nat_gateway(network: Network, endpoint: Endpoint) -> bool:
    subnet = network.subnets.get(endpoint.subnet)
    return subnet is not None and subnet.nat_gateway is not None


def _has_public(endpoint: Endpoint, *, is_ipv4: bool) -> bool:
    return any((parse_address(text) >> 32 == 0xFFFF) == is_ipv4 for text in endpoint.public_addresses)


def _has_default_access(network: Network, endpoint: Endpoint) -> bool:
    """Firewalls never have it and private subnets switch it off; a subnet that does not say is an old one."""
    subnet = network.subnets.get(endpoint.subnet)
    return endpoint.kind == "nic" and subnet is not None and not _is_private(subnet)


def _is_private(subnet: Subnet | None) -> bool:
    return subnet is not None and subnet.default_outbound_access is False


@per_network
def storage_near_private_subnets(network: Network) -> dict[str, tuple[Prefix, ...]]:
    """Region → prefixes of its Storage, which VNets there reach from private subnets without any way out."""
    regions = {
        region_name(network.virtual_networks[subnet.virtual_network].location)
        for subnet in network.subnets.values()
        if _is_private(subnet)
    }
    return {region: tag_prefixes(network, f"Storage.{region}") or () for region in sorted(regions) if region}
