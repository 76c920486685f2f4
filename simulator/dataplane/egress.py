"""How an endpoint reaches the Internet once its route says Internet.

Learn: azure/nat-gateway/nat-overview, azure/virtual-network/ip-services/default-outbound-access
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.dataplane.places import endpoint_column
from simulator.network.network import Endpoint, Network

UInt8 = npt.NDArray[np.uint8]

#: NAT gateway carries TCP and UDP only; default outbound access neither ICMP nor fragments.
NAT_GATEWAY, PUBLIC_IP, LOAD_BALANCER, DEFAULT_ACCESS, NO_METHOD = range(5)


def outbound_methods(network: Network) -> UInt8:
    """The method of every place, in Azure's order: NAT gateway, public IP, load balancer, default outbound access."""
    return endpoint_column(network, lambda endpoint: _method(network, endpoint), NO_METHOD).astype(np.uint8)


def _method(network: Network, endpoint: Endpoint) -> int:
    subnet = network.subnets.get(endpoint.subnet)
    if subnet is not None and subnet.nat_gateway is not None:
        return NAT_GATEWAY
    if endpoint.public_addresses:
        return PUBLIC_IP
    if endpoint.is_load_balanced:
        return LOAD_BALANCER
    if endpoint.kind == "firewall" or subnet is None or subnet.default_outbound_access is False:
        return NO_METHOD
    return DEFAULT_ACCESS
