"""The parts of a scenario file that share addresses out: load balancers and NAT gateways."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulator.sources.scenario_fields import (
    Address,
    Addresses,
    AnyCase,
    Name,
    NetworkPrefix,
    Part,
    PortNumber,
    Prefixes,
    Text,
    Texts,
    refuse,
)
from simulator.sources.scenario_models import PublicIp

BalancedProtocol = Annotated[Literal["Tcp", "Udp", "*"], AnyCase()]


class Frontend(Part):
    """A frontend of a load balancer: `subnet` and `ip` inside, `public_ip` or `public_prefix` outside."""

    subnet: Text | None = Field(None, description="vnet/subnet of an internal frontend.")
    ip: Address | None = Field(None, description="Private address, with `subnet`.")
    public_ip: PublicIp | None = None
    public_prefix: NetworkPrefix | None = Field(None, description="Public addresses for outbound rules.")

    @model_validator(mode="after")
    def _is_inside_or_outside(self) -> Self:
        ways = [way is not None for way in (self.subnet, self.public_ip, self.public_prefix)]
        if sum(ways) != 1:
            hint = "write subnet and ip for an internal load balancer, public_ip for a public one"
            raise refuse("needs one of subnet, public_ip and public_prefix", hint, "VNS1203")
        if (self.subnet is None) != (self.ip is None):
            raise refuse(
                "needs both subnet and ip", "Azure would pick a free address; a scenario says which", "VNS1203"
            )
        return self


class BalancingRule(Part):
    """Ports of a frontend to a pool. Protocol "*" with port 0 is an HA ports rule: every port of TCP and UDP."""

    name: Name
    frontend: Text
    pool: Text
    protocol: BalancedProtocol = "Tcp"
    port: Annotated[int, Field(ge=0, le=65535)]
    backend_port: PortNumber | None = Field(None, description="Default: as `port`.")
    probe: PortNumber | None = Field(None, description="Port of a TCP health probe; without one every backend is up.")
    floating_ip: bool = Field(False, description="Backends get the packet with the frontend's address.")
    disable_outbound_snat: bool = Field(False, description="The pool's members do not leave by this frontend.")

    @model_validator(mode="after")
    def _ports_fit_the_protocol(self) -> Self:
        if (self.protocol == "*") != (self.port == 0):
            hint = 'an HA ports rule has protocol: "*" and port: 0; other rules have Tcp or Udp and a port'
            raise refuse(f"protocol {self.protocol} does not go with port {self.port}", hint, "VNS1204")
        if self.port == 0 and self.backend_port is not None:
            raise refuse("an HA ports rule keeps the port", "leave backend_port out", "VNS1204")
        return self


class NatRule(Part):
    """One port of a frontend to one machine."""

    name: Name
    frontend: Text
    target: Text = Field(description="A virtual machine or a network interface.")
    protocol: Annotated[Literal["Tcp", "Udp"], AnyCase()] = "Tcp"
    port: PortNumber
    backend_port: PortNumber | None = Field(None, description="Default: as `port`.")
    floating_ip: bool = False


class OutboundRule(Part):
    """Members of the pool leave to the Internet by the frontends' public addresses."""

    name: Name
    frontend: Annotated[Texts, Field(min_length=1)]
    pool: Text
    protocol: BalancedProtocol = "*"


class LoadBalancer(Part):
    """A load balancer. What its rules name are its own frontends and pools."""

    sku: Annotated[Literal["Standard", "Basic", "Gateway"], AnyCase()] = "Standard"
    frontends: dict[Name, Frontend] = Field({})
    pools: dict[Name, Texts] = Field({}, description="Pool name to virtual machines, network interfaces or addresses.")
    rules: list[BalancingRule] = Field([])
    nat_rules: list[NatRule] = Field([])
    outbound_rules: list[OutboundRule] = Field([])
    location: Text | None = None
    resource_group: Name | None = None


class NatGateway(Part):
    """A NAT gateway with the public addresses it sends from."""

    public_ips: Addresses = Field([])
    public_prefixes: Prefixes = Field([])
    sku: Annotated[Literal["Standard", "StandardV2"], AnyCase()] = "Standard"
    location: Text | None = None
    resource_group: Name | None = None

    @model_validator(mode="after")
    def _family_fits_the_sku(self) -> Self:
        wide = next((text for text in (*self.public_ips, *self.public_prefixes) if ":" in text), None)
        if wide is not None and self.sku == "Standard":
            raise refuse(f"{wide} is IPv6, which Standard does not carry", "write sku: StandardV2", "VNS1204")
        return self
