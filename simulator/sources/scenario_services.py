"""The parts of a scenario file that are services: gateways, firewalls and network managers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simulator.sources.scenario_fields import (
    Address,
    AnyCase,
    Name,
    NetworkPrefix,
    OneOrMany,
    Part,
    Ports,
    Prefixes,
    RuleAddresses,
    Text,
    Texts,
    refuse,
)
from simulator.sources.scenario_models import Direction, Protocol, PublicIp

AdminAccess = Annotated[Literal["Allow", "AlwaysAllow", "Deny"], AnyCase()]
FirewallProtocol = Annotated[Literal["TCP", "UDP", "ICMP", "Any"], AnyCase()]


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
    """A network behind a gateway."""

    prefixes: Annotated[Prefixes, Field(min_length=1)]
    gateway: Text
    hosts: dict[Name, Address] = Field({})


class LocalNetworkGateway(Part):
    """The other end of a site-to-site VPN; makes the connection too."""

    prefixes: Prefixes
    gateway: Text
    ip: Address | None = Field(None, description="Public address of the device on premises.")


class AzureFirewall(Part):
    """A firewall in the AzureFirewallSubnet of `vnet`."""

    vnet: Text
    ip: Address | None = Field(None, description="Default: the first usable address of AzureFirewallSubnet.")
    tier: Annotated[Literal["Standard", "Premium", "Basic"], AnyCase()] = "Standard"
    public_ip: PublicIp | None = None
    policy: Text | None = None
    location: Text | None = None
    resource_group: Name | None = None


class FirewallRule(Part):
    """A rule of a firewall policy; `fqdns` and `fqdn_tags` are for application rules, `translated_*` for nat rules."""

    name: Text
    protocols: Annotated[list[FirewallProtocol], Field(min_length=1), OneOrMany()] = Field(["Any"])
    source: RuleAddresses = Field(["*"])
    destination: RuleAddresses = Field(["*"])
    ports: Ports = Field(["*"])
    fqdns: Texts = Field([])
    fqdn_tags: Texts = Field([])
    translated_address: Address | None = None
    translated_port: int | None = None


class RuleCollection(Part):
    """Rules of one kind with one action. Lower priority first; network rules before application rules."""

    name: Name
    kind: Annotated[Literal["network", "application", "nat"], AnyCase()] = "network"
    priority: Annotated[int, Field(ge=100, le=65000)]
    action: Annotated[Literal["Allow", "Deny", "Dnat"], AnyCase()]
    rules: list[FirewallRule] = Field([])

    @model_validator(mode="after")
    def _action_of_its_kind(self) -> RuleCollection:
        if (self.kind == "nat") != (self.action == "Dnat"):
            raise refuse(
                f"a {self.kind} collection cannot {self.action}",
                "nat collections have Dnat, others Allow or Deny",
                "VNS1204",
            )
        return self


class FirewallPolicy(Part):
    """A firewall policy with one rule collection group."""

    base: Text | None = Field(None, description="Parent policy, whose rules come first.")
    snat_private_ranges: Texts | None = Field(None, description="Destinations the firewall does not SNAT to.")
    collections: list[RuleCollection] = Field([])
    location: Text | None = None
    resource_group: Name | None = None


class AdminRule(Part):
    """A security admin rule. Priorities run from 1 to 4096."""

    name: Name
    priority: Annotated[int, Field(ge=1, le=4096)]
    direction: Direction
    access: AdminAccess
    protocol: Protocol = "*"
    source: RuleAddresses = Field(["*"])
    destination: RuleAddresses = Field(["*"])
    source_ports: Ports = Field(["*"])
    ports: Ports = Field(["*"])


class AdminRuleCollection(Part):
    applies_to: Annotated[Texts, Field(min_length=1, description="Network groups.")]
    rules: list[AdminRule] = Field([])


class SecurityAdminConfiguration(Part):
    rule_collections: dict[Name, AdminRuleCollection] = Field({})


class ConnectivityConfiguration(Part):
    """Mesh or hub and spoke over network groups."""

    topology: Annotated[Literal["Mesh", "HubAndSpoke"], AnyCase()]
    applies_to: Annotated[Texts, Field(min_length=1, description="Network groups.")]
    direct: bool = Field(False, description="Spokes reach each other directly (connected group). Mesh always does.")
    hub: Text | None = None
    is_global: bool = False
    use_hub_gateway: bool = False


class NetworkManager(Part):
    """A virtual network manager: groups, configurations, and where they are deployed.

    An entry with `deployments` alone speaks of the manager of that name in an included file.
    """

    scope: Texts = Field([], description="Ids of subscriptions or management groups.")
    network_groups: dict[Name, Texts] = Field({}, description="Group name to VNets (or vnet/subnet).")
    security_admin_configurations: dict[Name, SecurityAdminConfiguration] = Field({})
    connectivity_configurations: dict[Name, ConnectivityConfiguration] = Field({})
    deployments: dict[Text, Texts] | None = Field(
        None, description="Region to configurations deployed there. Missing: unknown."
    )
