"""The connection of a private endpoint to its service (SEMANTICS 4.3 step 1, 7 walk 9)."""

from __future__ import annotations

from simulator.azure.private_endpoint import PrivateEndpoint
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Fate
from tests.oracle.places import Places


def pass_private_endpoint(places: Places, endpoint: Endpoint) -> None:
    """Raises Fate unless the service's owner approved the connection."""
    places.layers.add("private endpoint")
    assert endpoint.interface is not None
    held = places.snapshot.get(endpoint.interface.private_endpoint, PrivateEndpoint)
    if held is None:
        raise Fate("PRIVATE_ENDPOINT_NOT_IN_EXPORT")
    states = [c.private_link_service_connection_state.status.lower() for c in held.connections]
    if "approved" not in states:
        raise Fate("PRIVATE_ENDPOINT_NOT_APPROVED")
