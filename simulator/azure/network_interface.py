"""Network interfaces and the virtual machines that carry them.

Learn: azure/virtual-network/virtual-network-network-interface
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.resource import ArmModel, Reference, References, Resource, Strings, type_of_tuple


class IpConfiguration(ArmModel):
    """One address of a NIC. `private_ip_address` is missing in plans and templates that leave it to Azure."""

    name: str = "ipconfig1"
    primary: bool | None = None
    private_ip_address: str | None = None
    private_ip_address_version: str = "IPv4"
    subnet: Reference | None = None
    public_ip_address: Reference | None = None
    application_security_groups: References = ()
    load_balancer_backend_address_pools: References = ()
    load_balancer_inbound_nat_rules: References = ()
    application_gateway_backend_address_pools: References = ()


class NetworkInterface(Resource):
    """A NIC. What an export does not say of accelerated networking and of encryption is not known, not false."""

    ip_configurations: Annotated[tuple[IpConfiguration, ...], type_of_tuple] = ()
    network_security_group: Reference | None = None
    virtual_machine: Reference | None = None
    private_endpoint: Reference | None = None
    mac_address: str | None = None
    primary: bool | None = None
    enable_ip_forwarding: bool = False
    enable_accelerated_networking: bool | None = None
    vnet_encryption_supported: bool | None = None


class HardwareProfile(ArmModel):
    vm_size: str | None = None


class NetworkProfile(ArmModel):
    network_interfaces: References = ()


class VirtualMachine(Resource):
    hardware_profile: HardwareProfile = Field(default_factory=HardwareProfile)
    network_profile: NetworkProfile = Field(default_factory=NetworkProfile)
    zones: Strings = ()


class PublicIpSku(ArmModel):
    name: str = "Basic"


class IpTag(ArmModel):
    """``RoutingPreference: Internet`` sends what leaves over the public network from the region on."""

    ip_tag_type: str = ""
    tag: str = ""


class PublicIpAddress(Resource):
    """A public IP. `ip_address` is missing until Azure has assigned one."""

    ip_address: str | None = None
    sku: PublicIpSku = Field(default_factory=PublicIpSku)
    public_ip_address_version: str = "IPv4"
    ip_tags: Annotated[tuple[IpTag, ...], type_of_tuple] = ()
