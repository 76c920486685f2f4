"""Azure Virtual Network Manager: network groups, security admin, connectivity and routing configurations.

Learn: azure/virtual-network-manager/concept-security-admins and concept-connectivity-configuration
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from simulator.azure.resource import ArmModel, Reference, Resource, Strings, type_of_tuple
from simulator.azure.security_group import Direction, capitalised

AdminAccess = Literal["Allow", "AlwaysAllow", "Deny"]
AdminProtocol = Literal["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]


def _admin_access(value: object) -> object:
    known = {"allow": "Allow", "alwaysallow": "AlwaysAllow", "deny": "Deny"}
    return known.get(value.lower(), value) if isinstance(value, str) else value


class AddressItem(ArmModel):
    """One source or destination of an admin rule; `address_prefix_type` is IPPrefix, ServiceTag or NetworkGroup."""

    address_prefix: str
    address_prefix_type: str = "IPPrefix"


class AdminRule(Resource):
    """A security admin rule. Lower `priority` first; an empty list of addresses or ports means any."""

    priority: int
    direction: Annotated[Direction, BeforeValidator(capitalised)]
    access: Annotated[AdminAccess, BeforeValidator(_admin_access)]
    protocol: Annotated[AdminProtocol, BeforeValidator(capitalised)] = "*"
    sources: Annotated[tuple[AddressItem, ...], type_of_tuple] = ()
    destinations: Annotated[tuple[AddressItem, ...], type_of_tuple] = ()
    source_port_ranges: Strings = ()
    destination_port_ranges: Strings = ()


class GroupItem(ArmModel):
    network_group_id: Reference
    group_connectivity: str = "None"
    is_global: str = "False"
    use_hub_gateway: str = "False"


class AdminRuleCollection(Resource):
    applies_to_groups: Annotated[tuple[GroupItem, ...], type_of_tuple] = ()
    rules: Annotated[tuple[AdminRule, ...], type_of_tuple] = ()


class SecurityAdminConfiguration(Resource):
    apply_on_network_intent_policy_based_services: Strings = ()
    rule_collections: Annotated[tuple[AdminRuleCollection, ...], type_of_tuple] = ()


class StaticMember(Resource):
    resource_id: Reference


class NetworkGroup(Resource):
    """`member_type` is VirtualNetwork or Subnet. `policy` is the condition of an Azure Policy that adds members.

    ARM keeps policies as resources of their own (`PolicyDefinition`); a scenario writes the condition at its group.
    """

    member_type: str = "VirtualNetwork"
    static_members: Annotated[tuple[StaticMember, ...], type_of_tuple] = ()
    policy: dict[str, Any] | None = None


class HubItem(ArmModel):
    resource_id: Reference


class ConnectivityCapabilities(ArmModel):
    """`connected_group_address_overlap` is Allowed (overlapping ranges are dropped) or Disallowed."""

    connected_group_address_overlap: str = "Allowed"


class ConnectivityConfiguration(Resource):
    connectivity_topology: str = "HubAndSpoke"
    is_global: str = "False"
    delete_existing_peering: str = "False"
    connectivity_capabilities: ConnectivityCapabilities = Field(default_factory=ConnectivityCapabilities)
    hubs: Annotated[tuple[HubItem, ...], type_of_tuple] = ()
    applies_to_groups: Annotated[tuple[GroupItem, ...], type_of_tuple] = ()


class RoutingDestination(ArmModel):
    """`type` is AddressPrefix or ServiceTag."""

    type: str = "AddressPrefix"
    destination_address: str = ""


class RoutingNextHop(ArmModel):
    next_hop_type: str = "None"
    next_hop_address: str | None = None


class RoutingRule(Resource):
    destination: RoutingDestination = Field(default_factory=RoutingDestination)
    next_hop: RoutingNextHop = Field(default_factory=RoutingNextHop)


class RoutingRuleCollection(Resource):
    applies_to: Annotated[tuple[GroupItem, ...], type_of_tuple] = ()
    disable_bgp_route_propagation: str = "True"
    rules: Annotated[tuple[RoutingRule, ...], type_of_tuple] = ()


class RoutingConfiguration(Resource):
    """`route_table_usage_mode` is ManagedOnly (a table of the manager's) or UseExisting (the subnet's own)."""

    route_table_usage_mode: str = "ManagedOnly"
    rule_collections: Annotated[tuple[RoutingRuleCollection, ...], type_of_tuple] = ()


class CrossTenantScope(ArmModel):
    management_groups: Strings = ()
    subscriptions: Strings = ()


class ManagerScopes(ArmModel):
    management_groups: Strings = ()
    subscriptions: Strings = ()
    cross_tenant_scopes: Annotated[tuple[CrossTenantScope, ...], type_of_tuple] = ()


class NetworkManager(Resource):
    """A network manager with everything under it; the readers hang child resources here.

    `network_manager_scope_accesses` are its features: Connectivity, SecurityAdmin, Routing.
    """

    network_manager_scopes: ManagerScopes = Field(default_factory=ManagerScopes)
    network_manager_scope_accesses: Strings = ()
    network_groups: Annotated[tuple[NetworkGroup, ...], type_of_tuple] = ()
    security_admin_configurations: Annotated[tuple[SecurityAdminConfiguration, ...], type_of_tuple] = ()
    connectivity_configurations: Annotated[tuple[ConnectivityConfiguration, ...], type_of_tuple] = ()
    routing_configurations: Annotated[tuple[RoutingConfiguration, ...], type_of_tuple] = ()
