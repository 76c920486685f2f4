"""The parts of a scenario file that are Virtual Network Manager: groups, configurations, where they are deployed."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from simulator.azure.route_table import NEXT_HOP_TYPES
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_fields import (
    AnyCase,
    Name,
    Part,
    Ports,
    PrefixOrTag,
    RuleAddresses,
    Text,
    Texts,
    refuse,
)
from simulator.sources.scenario_models import Direction, Protocol
from simulator.space.addresses import parse_address

_ROUTING_HOPS = ("Internet", "None", "VnetLocal", "VirtualNetworkGateway")
IntentPolicy = Annotated[Literal["None", "AllowRulesOnly", "All"], AnyCase()]
AdminAccess = Annotated[Literal["Allow", "AlwaysAllow", "Deny"], AnyCase()]


def _routing_hop(text: str) -> str:
    """An address, or a next hop type in Azure's spelling; a routing rule names one appliance by its address."""
    word = text.strip().lower()
    kind = "None" if word == "nonexthop" else NEXT_HOP_TYPES.get(word)
    if kind in _ROUTING_HOPS:
        return kind
    try:
        parse_address(text)
    except ValueError:
        hint = did_you_mean(text, _ROUTING_HOPS, otherwise="write an address, or one of")
        raise refuse(f"{text!r} is neither an IP address nor a next hop type", hint) from None
    return text.strip()


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
    apply_on_network_intent_policy_based_services: IntentPolicy = Field(
        "None", description="What applies to VNets with services such as SQL Managed Instance."
    )


class ConnectivityConfiguration(Part):
    """Mesh or hub and spoke over network groups."""

    topology: Annotated[Literal["Mesh", "HubAndSpoke"], AnyCase()]
    applies_to: Annotated[Texts, Field(min_length=1, description="Network groups.")]
    direct: bool = Field(False, description="Spokes reach each other directly (connected group). Mesh always does.")
    hub: Text | None = None
    is_global: bool = False
    use_hub_gateway: bool = False
    delete_existing_peering: bool = False
    group_overlap: Annotated[Literal["Allowed", "Disallowed"], AnyCase()] = Field(
        "Allowed", description="May members of a connected group share addresses?"
    )


class RoutingRule(Part):
    name: Name
    destination: PrefixOrTag = Field(description="A prefix or a service tag.")
    next_hop: Annotated[Text, AfterValidator(_routing_hop)] = Field(
        description="An IP, Internet, None, VnetLocal or VirtualNetworkGateway."
    )


class RoutingRuleCollection(Part):
    applies_to: Annotated[Texts, Field(min_length=1, description="Network groups.")]
    disable_bgp_route_propagation: bool = True
    rules: list[RoutingRule] = Field([])


class RoutingConfiguration(Part):
    """Routes that the manager writes into route tables of its own; `UseExisting` adds them to the subnets' tables."""

    rule_collections: dict[Name, RoutingRuleCollection] = Field({})
    route_table_usage_mode: Annotated[Literal["ManagedOnly", "UseExisting"], AnyCase()] = "ManagedOnly"


class NetworkGroup(Part):
    """Members of a group. The list of members alone may stand for the whole."""

    short_form: ClassVar[str] = "members"
    members: Texts = Field([], description="VNets, or vnet/subnet.")
    member_type: Annotated[Literal["VirtualNetwork", "Subnet"], AnyCase()] | None = Field(
        None, description="Default: what its members are."
    )
    policy: dict[str, Any] | None = Field(
        None, description="Condition of an Azure Policy that adds members, such as {field: name, contains: prod}."
    )


class NetworkManager(Part):
    """A virtual network manager: groups, configurations, and where they are deployed.

    An entry with `deployments` alone speaks of the manager of that name in an included file.
    """

    scope: Texts = Field([], description="Ids of subscriptions or management groups.")
    network_groups: dict[Name, NetworkGroup] = Field({}, description="Group name to VNets (or vnet/subnet).")
    security_admin_configurations: dict[Name, SecurityAdminConfiguration] = Field({})
    connectivity_configurations: dict[Name, ConnectivityConfiguration] = Field({})
    routing_configurations: dict[Name, RoutingConfiguration] = Field({})
    deployments: dict[Text, Texts] | None = Field(
        None, description="Region to configurations deployed there. Missing: unknown."
    )
