"""The region of the service behind a private endpoint, which may be another than the endpoint's.

Learn: azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.data import regions
from simulator.network.model import Network
from simulator.network.platform.platform_services import service_of


def service_region(network: Network, endpoint: ResourceId | None) -> str:
    """The ARM name; empty where the export does not hold the service, or its region is not known."""
    held = network.snapshot.get(endpoint, PrivateEndpoint)
    for connection in held.connections if held is not None else ():
        service = service_of(network, connection.private_link_service_id)
        found = regions.find(service.region) if service is not None else None
        if found is not None:
            return found.name
    return ""
