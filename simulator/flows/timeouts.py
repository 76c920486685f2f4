"""When Azure writes of a live flow, and after how long without packets it ends one.

Learn: azure/virtual-network/virtual-network-tcp-idle-timeout, azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.network.model import Network

SECOND = 1000
#: Azure writes a continue tuple of a live flow this often.
CONTINUE_EVERY = 300 * SECOND
#: A flow without packets ends after this many minutes, where its virtual network does not say otherwise.
_FLOW_TIMEOUT = 4
#: The shortest and the longest timeout that a virtual network may say.
_FLOW_TIMEOUTS = (4, 30)


def flow_timeout(network: Network, virtual_network: ResourceId | None) -> int:
    """Milliseconds without packets after which a flow of the virtual network ends: ``flowTimeoutInMinutes``."""
    held = network.virtual_networks.get(virtual_network) if virtual_network is not None else None
    minutes = (held.flow_timeout_in_minutes if held is not None else None) or _FLOW_TIMEOUT
    shortest, longest = _FLOW_TIMEOUTS
    return min(max(minutes, shortest), longest) * 60 * SECOND
