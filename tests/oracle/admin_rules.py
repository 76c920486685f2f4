"""Security admin rules of Azure Virtual Network Manager (SEMANTICS 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.azure.network_manager import (
    AddressItem,
    AdminRule,
    NetworkGroup,
    NetworkManager,
    SecurityAdminConfiguration,
)
from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import family_of
from tests.oracle.judgement import Address, Direction, Fate, Packet
from tests.oracle.places import Endpoint, Places
from tests.oracle.rules import Answer, address_answer, ports_answer, protocol_answer

EXEMPT_SUBNETS = {
    "gatewaysubnet",
    "azurefirewallsubnet",
    "azurefirewallmanagementsubnet",
    "azurebastionsubnet",
    "routeserversubnet",
}
EXEMPT_DELEGATION = "microsoft.network/applicationgateways"
INTENT_POLICY_DELEGATIONS = {"microsoft.sql/managedinstances", "microsoft.databricks/workspaces"}
#: Equal priority: Deny before AlwaysAllow before Allow (Q3).
RANK = {"Deny": 0, "AlwaysAllow": 1, "Allow": 2}


@dataclass(frozen=True)
class AdminMatch:
    rule: ResourceId
    access: str


def first_admin_match(places: Places, endpoint: Endpoint, direction: Direction, packet: Packet) -> AdminMatch | None:
    """The admin rule that decides here. Raises Fate when it denies, may match, or may not be deployed."""
    if endpoint.is_private_endpoint or _is_exempt(endpoint.subnet):
        return None
    ordered = list(_rules(places, endpoint.virtual_network, direction))
    for at, rule in enumerate(ordered):
        answer = min(
            protocol_answer(rule.protocol, packet.protocol),
            ports_answer(rule.source_port_ranges, packet.source_port, packet.protocol),
            ports_answer(rule.destination_port_ranges, packet.destination_port, packet.protocol),
            _side(places, rule.sources, packet.source, endpoint.subnet),
            _side(places, rule.destinations, packet.destination, endpoint.subnet),
        )
        if answer.doubt:
            raise Fate(answer.doubt, rule.id)
        if answer == Answer.YES:
            others = [r for r in ordered[at + 1 :] if r.access != "Allow" and not r.id.key.startswith(_base(rule))]
            if _is_untold(places, rule.id) and (rule.access != "Allow" or others):
                raise Fate("ADMIN_DEPLOYMENT_UNKNOWN", rule.id)
            if rule.access == "Deny":
                raise Fate("ADMIN_RULE_DENY", rule.id)
            return AdminMatch(rule.id, rule.access)
    return None


def _base(rule: AdminRule) -> str:
    """The configuration of a rule, which is deployed as a whole."""
    return rule.id.key.partition("/rulecollections/")[0] + "/"


def _is_untold(places: Places, rule: ResourceId) -> bool:
    """Whether nobody said what the rule's manager deploys; an id reads …/networkManagers/<manager>/…."""
    declared = places.snapshot.declarations
    return declared.deployments is None or any(rule.key.startswith(f"{m.key}/") for m in declared.undeclared_managers)


def _is_exempt(subnet: Subnet) -> bool:
    delegated = {delegation.service_name.lower() for delegation in subnet.delegations}
    return subnet.name.lower() in EXEMPT_SUBNETS or EXEMPT_DELEGATION in delegated


def _rules(places: Places, network: VirtualNetwork, direction: Direction) -> Iterator[AdminRule]:
    """Managers from the widest scope down; in each, lower priority number first."""
    managers = places.snapshot.all(NetworkManager)
    for manager in sorted(managers, key=lambda m: (not m.network_manager_scopes.management_groups, m.id.key)):
        rules: list[AdminRule] = []
        for configuration in manager.security_admin_configurations:
            if _is_deployed(places, configuration, network):
                rules += _rules_of(manager, configuration, network)
        ordered = sorted(rules, key=lambda rule: (rule.priority, RANK[rule.access], rule.id.key))
        yield from (rule for rule in ordered if rule.direction == direction)


def _is_deployed(places: Places, configuration: SecurityAdminConfiguration, network: VirtualNetwork) -> bool:
    """When nobody said what is deployed, every configuration may be."""
    deployments = places.snapshot.declarations.deployments
    if deployments is None or _is_untold(places, configuration.id):
        return True
    region = network.location.lower().replace(" ", "")
    return any(configuration.id in ids for name, ids in deployments.items() if name.lower().replace(" ", "") == region)


def _rules_of(
    manager: NetworkManager, configuration: SecurityAdminConfiguration, network: VirtualNetwork
) -> list[AdminRule]:
    found: list[AdminRule] = []
    for collection in configuration.rule_collections:
        targets = [_group(manager, item.network_group_id) for item in collection.applies_to_groups]
        if any(group is not None and _has_member(group, network.id) for group in targets):
            found += collection.rules
    if not _has_intent_policy(network):
        return found
    applied = {setting.lower() for setting in configuration.apply_on_network_intent_policy_based_services}
    if "all" in applied:
        return found
    return [rule for rule in found if "allowrulesonly" in applied and rule.access == "Allow"]


def _has_intent_policy(network: VirtualNetwork) -> bool:
    names = {d.service_name.lower() for subnet in network.subnets for d in subnet.delegations}
    return bool(names & INTENT_POLICY_DELEGATIONS)


def _group(manager: NetworkManager, reference: ResourceId) -> NetworkGroup | None:
    return next((group for group in manager.network_groups if group.id == reference), None)


def _has_member(group: NetworkGroup, network: ResourceId) -> bool:
    return any(member.resource_id == network for member in group.static_members)


def _side(places: Places, items: tuple[AddressItem, ...], address: Address, subnet: Subnet) -> Answer:
    if not items:
        return Answer.YES
    return max(_item(places, item, address, subnet) for item in items)


def _item(places: Places, item: AddressItem, address: Address, subnet: Subnet) -> Answer:
    if item.address_prefix_type.lower() != "networkgroup":
        return address_answer(places, [item.address_prefix], address, subnet)
    for manager in places.snapshot.all(NetworkManager):
        group = _group(manager, ResourceId(item.address_prefix))
        if group is not None:
            prefixes, is_complete = _group_prefixes(places, group)
            answer = address_answer(places, prefixes, address, subnet)
            return answer if is_complete else max(answer, Answer.MAYBE)
    return Answer.MAYBE


def _group_prefixes(places: Places, group: NetworkGroup) -> tuple[list[str], bool]:
    """The IPv4 space of the members, and whether every member is in the export."""
    prefixes: list[str] = []
    is_complete = True
    for member in group.static_members:
        network = places.virtual_network(member.resource_id)
        home = places.subnet(member.resource_id)
        held = network.prefixes if network else home[0].prefixes if home else ()
        is_complete = is_complete and bool(network or home)
        prefixes += [prefix for prefix in held if family_of(prefix) == 4]
    return prefixes, is_complete
