"""Private endpoints: a NIC in a subnet that stands for one service.

Learn: azure/private-link/private-endpoint-overview
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.resource import ArmModel, Reference, References, Resource, Strings, type_of_tuple


class ConnectionState(ArmModel):
    status: str = "Approved"


class PrivateLinkServiceConnection(ArmModel):
    """`private_link_service_id` is the service behind the endpoint; `group_ids` its part (blob, vault, sqlServer …)."""

    name: str = ""
    private_link_service_id: Reference | None = None
    group_ids: Strings = ()
    private_link_service_connection_state: ConnectionState = Field(default_factory=ConnectionState)


Connections = Annotated[tuple[PrivateLinkServiceConnection, ...], type_of_tuple]


class PrivateEndpoint(Resource):
    """Its address is that of its NIC, whose `private_endpoint` names it back."""

    subnet: Reference | None = None
    network_interfaces: References = ()
    private_link_service_connections: Connections = ()
    manual_private_link_service_connections: Connections = ()

    @property
    def connections(self) -> tuple[PrivateLinkServiceConnection, ...]:
        return (*self.private_link_service_connections, *self.manual_private_link_service_connections)
