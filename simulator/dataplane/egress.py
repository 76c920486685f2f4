"""How an endpoint reaches the Internet once its route says Internet.

Learn: azure/nat-gateway/nat-overview, azure/virtual-network/ip-services/default-outbound-access
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.azure.virtual_network import Subnet
from simulator.dataplane.interned import Interned
from simulator.dataplane.places import Places, endpoint_column
from simulator.network.managers.groups import region_name
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.outbound import Outbound, outbound
from simulator.network.service_tags import tag_prefixes
from simulator.network.smtp import smtp_verdict
from simulator.space.addresses import Prefix

Int32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


#: Kinds of endpoints that send by themselves and have no way of their own to the Internet.
_SENDERS = frozenset({"nic", "appliance", "managed"})


class Egress:
    """The way out of every place for a family and a kind of protocol, and what the platform says to SMTP there."""

    def __init__(self, network: Network, places: Places) -> None:
        def method(place: int, is_ipv4: int, protocol: int) -> Outbound:
            return outbound(network, places.endpoints[place].id, is_ipv4=bool(is_ipv4), protocol=protocol)

        self.methods = Interned(method)
        self.smtp = Interned(lambda place: smtp_verdict(network, places.endpoints[place].id))
        self.is_private = endpoint_column(
            network, lambda one: one.kind in _SENDERS and _is_private(network.subnets.get(one.subnet)), False
        )

    def is_method(self, numbers: Int32, name: str) -> Bools:
        """Which of the numbered ways out are the named one."""
        is_named: Bools = self.methods.column(numbers, lambda held: held.method == name) == 1
        return is_named


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
