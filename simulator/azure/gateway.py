"""Virtual network gateways, local network gateways and the connections between them.

Learn: azure/vpn-gateway/vpn-gateway-about-vpngateways, azure/expressroute/expressroute-about-virtual-network-gateways
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.resource import ArmModel, Reference, Resource, type_of_tuple
from simulator.azure.virtual_network import AddressSpace


class GatewayIpConfiguration(ArmModel):
    subnet: Reference | None = None
    public_ip_address: Reference | None = None
    private_ip_address: str | None = None


class VirtualNetworkGateway(Resource):
    """A VPN or ExpressRoute gateway. The routes it learns are not part of it: see `Declarations.learned_routes`."""

    gateway_type: str = "Vpn"
    vpn_type: str | None = None
    enable_bgp: bool = False
    gateway_default_site: Reference | None = None
    ip_configurations: Annotated[tuple[GatewayIpConfiguration, ...], type_of_tuple] = ()


class LocalNetworkGateway(Resource):
    """The on-premises end of a site-to-site VPN, with the prefixes that Azure sends through it."""

    local_network_address_space: AddressSpace = Field(default_factory=AddressSpace)
    gateway_ip_address: str | None = None


class Connection(Resource):
    """Joins a gateway to a local network gateway, to another gateway or to an ExpressRoute circuit."""

    virtual_network_gateway1: Reference | None = None
    virtual_network_gateway2: Reference | None = None
    local_network_gateway2: Reference | None = None
    peer: Reference | None = None
    connection_type: str = ""
    enable_bgp: bool = False
