"""Virtual networks, their subnets and peerings.

Learn: azure/virtual-network/virtual-networks-overview, azure/virtual-network/virtual-network-peering-overview
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.resource import (
    ArmModel,
    Reference,
    References,
    Resource,
    ResourceId,
    Strings,
    Tags,
    type_of_tuple,
)


class AddressSpace(ArmModel):
    address_prefixes: Strings = ()


class ServiceEndpoint(ArmModel):
    service: str
    locations: Strings = ()


class Delegation(ArmModel):
    service_name: str = ""


class Subnet(Resource):
    """One subnet. ``addressPrefix`` and ``addressPrefixes`` are alternatives; `prefixes` is whichever is filled."""

    address_prefix: str | None = None
    address_prefixes: Strings = ()
    network_security_group: Reference | None = None
    route_table: Reference | None = None
    nat_gateway: Reference | None = None
    service_endpoints: Annotated[tuple[ServiceEndpoint, ...], type_of_tuple] = ()
    service_endpoint_policies: References = ()
    delegations: Annotated[tuple[Delegation, ...], type_of_tuple] = ()
    private_endpoint_network_policies: str | None = None
    default_outbound_access: bool | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.address_prefixes or ((self.address_prefix,) if self.address_prefix else ())

    @property
    def virtual_network(self) -> ResourceId:
        return self.id.parent


class VirtualNetworkPeering(Resource):
    """One link, owned by the VNet whose id it carries, towards `remote_virtual_network`."""

    remote_virtual_network: Reference
    allow_virtual_network_access: bool = True
    allow_forwarded_traffic: bool = False
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    peering_state: str = "Connected"
    peering_sync_level: str | None = None
    remote_address_space: AddressSpace | None = None
    remote_virtual_network_address_space: AddressSpace | None = None
    peer_complete_vnets: bool = True
    local_subnet_names: Strings = ()
    remote_subnet_names: Strings = ()
    enable_only_ipv6_peering: bool = False

    @property
    def virtual_network(self) -> ResourceId:
        return self.id.parent


class Encryption(ArmModel):
    enabled: bool = False
    enforcement: str = "AllowUnencrypted"


class VirtualNetwork(Resource):
    """A VNet with its subnets and its own side of each peering; policies of network groups read its `tags`."""

    tags: Tags = Field({})
    address_space: AddressSpace = Field(default_factory=AddressSpace)
    subnets: Annotated[tuple[Subnet, ...], type_of_tuple] = ()
    virtual_network_peerings: Annotated[tuple[VirtualNetworkPeering, ...], type_of_tuple] = ()
    encryption: Encryption | None = None
    flow_timeout_in_minutes: int | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.address_space.address_prefixes
