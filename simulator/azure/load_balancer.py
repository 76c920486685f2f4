"""Load balancers, public and internal.

Learn: azure/load-balancer/components, azure/load-balancer/load-balancer-floating-ip
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from simulator.azure.resource import ArmModel, Reference, References, Resource, ResourceId, type_of_tuple
from simulator.azure.security_group import capitalised

BalancedProtocol = Literal["Tcp", "Udp", "*"]


class FrontendIpConfiguration(Resource):
    """A frontend: a private address of a subnet, or a public IP (or a prefix of them, for outbound rules only)."""

    private_ip_address: str | None = None
    private_ip_address_version: str = "IPv4"
    subnet: Reference | None = None
    public_ip_address: Reference | None = None
    public_ip_prefix: Reference | None = None


class BackendAddress(ArmModel):
    """A backend given by address rather than by NIC."""

    name: str = ""
    ip_address: str | None = None
    virtual_network: Reference | None = None


class BackendAddressPool(Resource):
    """Members are NIC configurations (which name the pool too) or addresses in a VNet."""

    backend_ip_configurations: References = ()
    load_balancer_backend_addresses: Annotated[tuple[BackendAddress, ...], type_of_tuple] = ()
    virtual_network: Reference | None = None


class LoadBalancingRule(Resource):
    """Port 0 with protocol ``*`` (ARM: All) is an HA ports rule: every port of every protocol that is balanced."""

    frontend_ip_configuration: Reference | None = None
    backend_address_pool: Reference | None = None
    backend_address_pools: References = ()
    probe: Reference | None = None
    protocol: Annotated[BalancedProtocol, BeforeValidator(capitalised)] = "Tcp"
    frontend_port: int = 0
    backend_port: int = 0
    enable_floating_ip: bool = False
    disable_outbound_snat: bool = False

    @property
    def pools(self) -> tuple[ResourceId, ...]:
        return self.backend_address_pools or ((self.backend_address_pool,) if self.backend_address_pool else ())


class InboundNatRule(Resource):
    """One frontend port to one NIC configuration; or a range, of which each member of a pool has one port.

    Which port is whose Azure decides: exports have it with the pool's members, which is not read.
    """

    frontend_ip_configuration: Reference | None = None
    backend_ip_configuration: Reference | None = None
    backend_address_pool: Reference | None = None
    protocol: Annotated[BalancedProtocol, BeforeValidator(capitalised)] = "Tcp"
    frontend_port: int = 0
    frontend_port_range_start: int | None = None
    frontend_port_range_end: int | None = None
    backend_port: int = 0
    enable_floating_ip: bool = False


class OutboundRule(Resource):
    """Translates what the pool's members send to the Internet to the frontends' public addresses."""

    frontend_ip_configurations: References = ()
    backend_address_pool: Reference | None = None
    protocol: Annotated[BalancedProtocol, BeforeValidator(capitalised)] = "*"


class Probe(Resource):
    """A health probe: TCP to `port` of every backend, from 168.63.129.16."""

    protocol: str = "Tcp"
    port: int = 0


class LoadBalancerSku(ArmModel):
    name: str = "Basic"
    tier: str = "Regional"


class LoadBalancer(Resource):
    sku: LoadBalancerSku = Field(default_factory=LoadBalancerSku)
    frontend_ip_configurations: Annotated[tuple[FrontendIpConfiguration, ...], type_of_tuple] = ()
    backend_address_pools: Annotated[tuple[BackendAddressPool, ...], type_of_tuple] = ()
    load_balancing_rules: Annotated[tuple[LoadBalancingRule, ...], type_of_tuple] = ()
    inbound_nat_rules: Annotated[tuple[InboundNatRule, ...], type_of_tuple] = ()
    outbound_rules: Annotated[tuple[OutboundRule, ...], type_of_tuple] = ()
    probes: Annotated[tuple[Probe, ...], type_of_tuple] = ()
