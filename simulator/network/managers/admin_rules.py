"""Security admin rules of Azure Virtual Network Manager, as they reach one virtual network.

Learn: azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from simulator.azure.network_manager import (
    AddressItem,
    AdminRule,
    AdminRuleCollection,
    NetworkManager,
    SecurityAdminConfiguration,
)
from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction
from simulator.azure.subnet_service import ApplicationGateway
from simulator.network.assumptions import is_assumed
from simulator.network.filter_rules import (
    ANY_ADDRESS,
    ANY_PORT,
    PROTOCOL_NUMBERS,
    AddressSet,
    FilterRule,
    address_set,
    port_ranges,
    united,
)
from simulator.network.managers.deployments import applies, is_deployed
from simulator.network.managers.groups import group_members, membership
from simulator.network.managers.manager_scopes import managers_over
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped
from simulator.network.prefixes import readable_prefixes

#: At equal priority in two collections Azure's order is not documented; the strictest is asked first.
_STRICTEST_FIRST = {"Deny": 0, "AlwaysAllow": 1, "Allow": 2}
_EXEMPT_SUBNETS = frozenset(
    {
        "gatewaysubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "azurebastionsubnet",
        "routeserversubnet",
    }
)
_EXEMPT_DELEGATIONS = frozenset({"microsoft.network/applicationgateways"})
#: A VNet that hosts one of these keeps admin rules out, unless the configuration says otherwise.
_NETWORK_INTENT_SERVICES = frozenset({"microsoft.sql/managedinstances", "microsoft.databricks/workspaces"})


def admin_rules(network: Network, virtual_network: ResourceId, direction: Direction) -> tuple[FilterRule, ...]:
    """The rules deployed to the VNet's region, in the order Azure asks them; () = none.

    Managers come in scope order, the rules of each by priority. Where it is not known whether a rule is deployed, or
    whether the VNet is in its network group, the rule says what that depends on.
    """
    return tuple(rule for rules in admin_rule_lists(network, virtual_network, direction) for rule in rules)


@per_network
def admin_rule_lists(
    network: Network, virtual_network: ResourceId, direction: Direction
) -> tuple[tuple[FilterRule, ...], ...]:
    """`admin_rules` as the lists that are asked one after the other, none of them empty.

    The first match of a list counts: Deny and AlwaysAllow end the matter, Allow and no match go on to the next list.
    While ``first_manager_decides`` holds there is one list; otherwise each manager has its own, because no one list
    can say that an Allow of one manager ends its rules and no others.
    """
    lists = admin_rules_by_manager(network, virtual_network, direction)
    if is_assumed(network, "first_manager_decides"):
        return joined_lists(lists)
    return lists


@per_network
def admin_rules_by_manager(
    network: Network, virtual_network: ResourceId, direction: Direction
) -> tuple[tuple[FilterRule, ...], ...]:
    """The rules of each manager that has some here, in scope order."""
    if virtual_network not in network.virtual_networks:
        return ()
    of_managers = (
        _manager_rules(network, manager, virtual_network, direction)
        for manager in managers_over(network, virtual_network)
    )
    return tuple(rules for rules in of_managers if rules)


def joined_lists(lists: tuple[tuple[FilterRule, ...], ...]) -> tuple[tuple[FilterRule, ...], ...]:
    """The lists as one, of which the first match counts."""
    return (tuple(rule for rules in lists for rule in rules),) if lists else ()


@per_network
def is_admin_exempt(network: Network, subnet: ResourceId) -> bool:
    """Whether admin rules skip the subnet: gateway, firewall, Bastion, route server, application gateway.

    A subnet of application gateways is not skipped where each of them is isolated from the network of the platform.
    """
    if subnet.name.lower() in _EXEMPT_SUBNETS:
        return True
    isolated = _application_gateways(network).get(subnet)
    return _is_delegated_to_gateways(network, subnet) if isolated is None else not all(isolated)


@per_network
def _application_gateways(network: Network) -> dict[ResourceId, tuple[bool, ...]]:
    """Subnet → of each application gateway in it, whether it has network isolation."""
    return grouped(
        (held.subnet, gateway.enable_network_isolation)
        for gateway in network.snapshot.all(ApplicationGateway)
        for held in gateway.gateway_ip_configurations
        if held.subnet is not None
    )


def _is_delegated_to_gateways(network: Network, subnet: ResourceId) -> bool:
    held = network.subnets.get(subnet)
    delegations = held.delegations if held is not None else ()
    return any(delegation.service_name.lower() in _EXEMPT_DELEGATIONS for delegation in delegations)


def _manager_rules(
    network: Network, manager: NetworkManager, virtual_network: ResourceId, direction: Direction
) -> tuple[FilterRule, ...]:
    asked = [
        _normal_rules(network)[rule.id]
        if condition is None
        else replace(_normal_rules(network)[rule.id], depends_on=condition)
        for configuration in manager.security_admin_configurations
        for collection, condition in _collections(network, manager, configuration, virtual_network)
        for rule in collection.rules
        if rule.direction == direction and _reaches(network, virtual_network, rule)
    ]
    return tuple(sorted(asked, key=lambda rule: (rule.priority, _STRICTEST_FIRST[rule.action], rule.id)))


def _collections(
    network: Network, manager: NetworkManager, configuration: SecurityAdminConfiguration, virtual_network: ResourceId
) -> Iterator[tuple[AdminRuleCollection, ResourceId | None]]:
    """The collections that work on the VNet, or may, each with what that depends on (None: it does).

    The deployment decides over the whole configuration, membership over one collection.
    """
    for collection in configuration.rule_collections:
        items = collection.applies_to_groups
        if applies(network, manager, configuration.id, items, virtual_network) is not False:
            is_in = membership(network, items, virtual_network)
            deployed = is_deployed(network, configuration.id, virtual_network)
            yield collection, collection.id if is_in is None else configuration.id if deployed is None else None


def _reaches(network: Network, virtual_network: ResourceId, rule: AdminRule) -> bool:
    """Whether the rule gets past a network intent policy: SQL Managed Instance and Databricks keep rules out."""
    if not _has_network_intent(network, virtual_network):
        return True
    settings = _intent_settings(network, virtual_network)
    return "all" in settings or ("allowrulesonly" in settings and rule.access == "Allow")


@per_network
def _intent_settings(network: Network, virtual_network: ResourceId) -> frozenset[str]:
    """What gets past a network intent policy: of several configurations on a VNet the highest manager's says it."""
    return next(
        (
            frozenset(setting.lower() for setting in configuration.apply_on_network_intent_policy_based_services)
            for manager in managers_over(network, virtual_network)
            for configuration in manager.security_admin_configurations
            if any(True for _ in _collections(network, manager, configuration, virtual_network))
        ),
        frozenset(),
    )


@per_network
def _has_network_intent(network: Network, virtual_network: ResourceId) -> bool:
    return any(
        delegation.service_name.lower() in _NETWORK_INTENT_SERVICES
        for subnet in network.virtual_networks[virtual_network].subnets
        for delegation in subnet.delegations
    )


@per_network
def _normal_rules(network: Network) -> dict[ResourceId, FilterRule]:
    """Every admin rule in normal form; the VNets that it applies to share it."""
    return {
        rule.id: _normal_rule(network, rule)
        for manager in network.snapshot.all(NetworkManager)
        for configuration in manager.security_admin_configurations
        for collection in configuration.rule_collections
        for rule in collection.rules
    }


def _normal_rule(network: Network, rule: AdminRule) -> FilterRule:
    source_ports, bad_source_ports = port_ranges(rule.source_port_ranges)
    destination_ports, bad_ports = port_ranges(rule.destination_port_ranges)
    return FilterRule(
        id=rule.id,
        name=rule.name,
        priority=rule.priority,
        action=rule.access,
        protocols=PROTOCOL_NUMBERS[rule.protocol.lower()],
        sources=_addresses(network, rule.sources, bad_source_ports),
        destinations=_addresses(network, rule.destinations, bad_ports),
        source_ports=source_ports or ANY_PORT,
        destination_ports=destination_ports or ANY_PORT,
    )


def _addresses(network: Network, items: tuple[AddressItem, ...], unreadable_ports: tuple[str, ...]) -> AddressSet:
    named = [_item(network, item) for item in items] or [ANY_ADDRESS]
    return united([*named, AddressSet(unresolved=unreadable_ports)])


def _item(network: Network, item: AddressItem) -> AddressSet:
    if item.address_prefix_type.lower() == "networkgroup":
        return _group_space(network, ResourceId(item.address_prefix))
    return address_set(network, (item.address_prefix,))


def _group_space(network: Network, group: ResourceId) -> AddressSet:
    """The IPv4 space of a network group's members as they are in the snapshot.

    Azure keeps what it aggregated at the last commit, which no export holds. A member outside the export is unresolved.
    """
    members = group_members(network, group)
    others = AddressSet(unresolved=() if members.are_all else (group.name,))
    return united([*(_member_space(network, member) for member in members.ids), others])


def _member_space(network: Network, member: ResourceId) -> AddressSet:
    held = network.virtual_networks.get(member) or network.subnets.get(member)
    if held is None:
        return AddressSet(unresolved=(member.name,))
    return AddressSet(tuple(prefix for prefix in readable_prefixes(held.prefixes) if prefix.is_ipv4))
