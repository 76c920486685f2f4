"""The parts of a scenario file that are Azure's own machines in a subnet: Bastion, application gateways, appliances."""

from pydantic import Field

from simulator.sources.scenario_fields import Address, Name, Part, Text
from simulator.sources.scenario_models import PublicIp


class BastionHost(Part):
    """A Bastion host in the AzureBastionSubnet of `vnet`."""

    vnet: Text
    public_ip: PublicIp | None = None
    location: Text | None = None
    resource_group: Name | None = None


class ApplicationGateway(Part):
    """An application gateway in a subnet of its own."""

    subnet: Text = Field(description="vnet/subnet, or the id of a subnet.")
    ip: Address | None = Field(None, description="Private address of its frontend.")
    public_ip: PublicIp | None = None
    network_isolation: bool = Field(False, description="Private deployment: admin rules and default routes apply.")
    location: Text | None = None
    resource_group: Name | None = None


class RoutingAppliance(Part):
    """A virtual network routing appliance in the VirtualNetworkApplianceSubnet of `vnet`."""

    vnet: Text
    ip: Address | None = Field(None, description="Default: the first usable address of its subnet.")
    location: Text | None = None
    resource_group: Name | None = None
