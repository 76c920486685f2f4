"""NAT gateways and prefixes of public addresses.

Learn: azure/nat-gateway/nat-overview, azure/virtual-network/ip-services/public-ip-address-prefix
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.network_interface import IpTag
from simulator.azure.resource import ArmModel, References, Resource, type_of_tuple


class NatGatewaySku(ArmModel):
    name: str = "Standard"


class NatGateway(Resource):
    """Sku ``StandardV2`` carries IPv6 too."""

    sku: NatGatewaySku = Field(default_factory=NatGatewaySku)
    public_ip_addresses: References = ()
    public_ip_addresses_v6: References = ()
    public_ip_prefixes: References = ()
    public_ip_prefixes_v6: References = ()


class PublicIpPrefix(Resource):
    """`ip_prefix` is missing until Azure has assigned one."""

    ip_prefix: str | None = None
    ip_tags: Annotated[tuple[IpTag, ...], type_of_tuple] = ()
