"""Whether a private endpoint's connection to its service is open.

Learn: azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.network.model import Network


def endpoint_state(network: Network, private_endpoint: ResourceId) -> str:
    """The reason code of what arrives there; an endpoint of which the export shows no connection is not known."""
    held = network.snapshot.get(private_endpoint, PrivateEndpoint)
    if held is None or not held.connections:
        return "PRIVATE_ENDPOINT_NOT_IN_EXPORT"
    states = {one.private_link_service_connection_state.status.lower() for one in held.connections}
    return "DELIVERED" if states == {"approved"} else "PRIVATE_ENDPOINT_NOT_APPROVED"
