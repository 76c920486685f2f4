"""Managed services that live in a subnet of their own, with addresses that no NIC of the export shows.

Learn: azure/bastion/bastion-overview, azure/application-gateway/configuration-infrastructure,
azure/route-server/overview, azure/virtual-network/virtual-network-routing-appliance-overview
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from simulator.azure.resource import ArmModel, Reference, Resource, Tags, lift, type_of_tuple


class SubnetConfiguration(ArmModel):
    subnet: Reference | None = None
    public_ip_address: Reference | None = None
    private_ip_address: str | None = None


_ISOLATED = "enhancednetworkcontrol"

Configurations = Annotated[tuple[SubnetConfiguration, ...], type_of_tuple]


class BastionHost(Resource):
    ip_configurations: Configurations = ()


class GatewaySku(ArmModel):
    name: str = "Standard_v2"
    tier: str = "Standard_v2"


class ApplicationGateway(Resource):
    """`enable_network_isolation` (private deployment) lets admin rules and default routes apply to its subnet.

    ARM has no property for it: Azure gives such a gateway the tag `_ISOLATED`.
    """

    tags: Tags = Field({})
    sku: GatewaySku = Field(default_factory=GatewaySku)
    gateway_ip_configurations: Configurations = ()
    frontend_ip_configurations: Configurations = ()
    enable_network_isolation: bool = False

    @model_validator(mode="before")
    @classmethod
    def _isolation_from_its_tag(cls, value: Any) -> Any:
        fields = lift(value) if isinstance(value, dict) else {}
        tags = fields.get("tags")
        is_tagged = isinstance(tags, dict) and str(lift(tags).get(_ISOLATED)).lower() == "true"
        return {"enablenetworkisolation": True} | fields if is_tagged else value


class RoutingAppliance(Resource):
    """A virtual network routing appliance (preview): forwards between subnets of its VNet and peers, never SNATs."""

    subnet: Reference | None = None
    ip_configurations: Configurations = ()
