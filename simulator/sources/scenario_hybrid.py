"""The parts of a scenario file that lie outside Azure: gateways, circuits and the networks behind them."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from simulator.sources.scenario_fields import (
    Address,
    AddressesOrPrefixes,
    AnyCase,
    Name,
    NetworkPrefix,
    OneOrMany,
    Part,
    Prefixes,
    Text,
    Texts,
    refuse,
)
from simulator.sources.scenario_models import PublicIp

CircuitPeering = Annotated[Literal["private", "microsoft", "public"], AnyCase()]


class LearnedRoute(Part):
    """A prefix learned by BGP. The prefix alone may stand for the whole."""

    short_form: ClassVar[str] = "prefix"
    prefix: NetworkPrefix
    next_hop: Address | None = None


class VirtualNetworkGateway(Part):
    """A gateway in the GatewaySubnet of `vnet`."""

    vnet: Text
    type: Annotated[Literal["Vpn", "ExpressRoute"], AnyCase()]
    bgp: bool | None = Field(None, description="Default true for ExpressRoute, false for Vpn.")
    learned: list[LearnedRoute] | None = Field(
        None,
        description="Routes learned by BGP. Missing: the prefixes of on_premises networks behind it; else unknown.",
    )
    ip: Address | None = None
    public_ip: PublicIp | None = None
    location: Text | None = None
    resource_group: Name | None = None


class OnPremises(Part):
    """A network behind a gateway, and what it shows to Microsoft's public services."""

    prefixes: Annotated[Prefixes, Field(min_length=1)]
    gateway: Text
    hosts: dict[Name, Address] = Field({})
    internet_nat: AddressesOrPrefixes = Field([], description="Public addresses that its hosts show to the Internet.")
    circuits: Texts = Field([], description="ExpressRoute circuits that it is connected to.")


class LocalNetworkGateway(Part):
    """The other end of a site-to-site VPN; makes the connection too."""

    prefixes: Prefixes
    gateway: Text
    ip: Address | None = Field(None, description="Public address of the device on premises.")


class CircuitNat(Part):
    """The NAT of a circuit's Microsoft peering, or of its legacy public peering; any address may be used."""

    mode: Literal["microsoft_peering", "public_peering"]
    pool: Annotated[AddressesOrPrefixes, Field(min_length=1)]
    owner: Literal["customer", "provider", "microsoft"] | None = Field(
        None, description="Who translates; default customer, of a public_peering Microsoft."
    )
    services: Texts = Field([], description="Service tags that the peering advertises; default all.")

    @model_validator(mode="after")
    def _owner_of_its_mode(self) -> Self:
        if self.owner is not None and (self.owner == "microsoft") != (self.mode == "public_peering"):
            hint = "Microsoft translates for public_peering, the customer or the provider for microsoft_peering"
            raise refuse(f"owner {self.owner} does not go with {self.mode}", hint, "VNS1204")
        return self


class ExpressRouteCircuit(Part):
    """An ExpressRoute circuit with its peerings."""

    peerings: Annotated[list[CircuitPeering], Field(min_length=1), OneOrMany()] = Field(["private"])
    nat: CircuitNat | None = None
    billing: Annotated[Literal["metered", "unlimited"], AnyCase()] | None = Field(
        None, description="Whether what leaves Azure is charged by the GB; missing: not known."
    )
    peering_location: Text | None = Field(
        None, description="Where it joins Microsoft, such as Amsterdam: its price zone."
    )
    location: Text | None = None
    resource_group: Name | None = None

    @model_validator(mode="after")
    def _nat_of_its_peering(self) -> Self:
        wanted = self.nat.mode.removesuffix("_peering") if self.nat else None
        if wanted is not None and wanted not in self.peerings:
            raise refuse(f"nat is of a {wanted} peering that the circuit lacks", f"add {wanted} to peerings", "VNS1204")
        return self
