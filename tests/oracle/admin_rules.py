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
from simulator.azure.subnet_service import ApplicationGateway
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import family_of
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Address, Direction, Fate, Packet
from tests.oracle.managers import find_group, has_member, is_deployed, is_untold
from tests.oracle.places import Places
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
    if endpoint.is_private_endpoint or _is_exempt(places, endpoint.subnet):
        return None
    lists = list(_rules(places, endpoint.virtual_network, direction))
    if places.assumes("first_manager_decides"):
        lists = [[rule for rules in lists for rule in rules]]
    match: AdminMatch | None = None
    for rules in lists:
        found = _first_match(places, endpoint, packet, rules)
        match = found or match
        if found is not None and found.access == "AlwaysAllow":
            break
    return match


def _first_match(places: Places, endpoint: Endpoint, packet: Packet, rules: list[AdminRule]) -> AdminMatch | None:
    for at, rule in enumerate(rules):
        places.layers.add("admin rules")
        answer = min(
            protocol_answer(places, rule.protocol, packet.protocol),
            ports_answer(rule.source_port_ranges, packet.source_port, packet.protocol),
            ports_answer(rule.destination_port_ranges, packet.destination_port, packet.protocol),
            _side(places, rule.sources, packet.source, endpoint.subnet),
            _side(places, rule.destinations, packet.destination, endpoint.subnet),
        )
        if answer.doubt:
            raise Fate(answer.doubt, rule.id)
        if answer == Answer.YES:
            others = [r for r in rules[at + 1 :] if r.access != "Allow" and not r.id.key.startswith(_base(rule))]
            if is_untold(places.snapshot, rule.id) and (rule.access != "Allow" or others):
                raise Fate("ADMIN_DEPLOYMENT_UNKNOWN", rule.id)
            if rule.access == "Deny":
                raise Fate("ADMIN_RULE_DENY", rule.id)
            return AdminMatch(rule.id, rule.access)
    return None


def _base(rule: AdminRule) -> str:
    """The configuration of a rule, which is deployed as a whole."""
    return rule.id.key.partition("/rulecollections/")[0] + "/"


def _is_exempt(places: Places, subnet: Subnet) -> bool:
    """Subnets of gateways, firewalls and Bastion; of application gateways unless all of them are isolated."""
    if subnet.name.lower() in EXEMPT_SUBNETS:
        return True
    gateways = places.snapshot.all(ApplicationGateway)
    here = [g for g in gateways if any(c.subnet == subnet.id for c in g.gateway_ip_configurations)]
    if here:
        return not all(gateway.enable_network_isolation for gateway in here)
    return EXEMPT_DELEGATION in {delegation.service_name.lower() for delegation in subnet.delegations}


def _rules(places: Places, network: VirtualNetwork, direction: Direction) -> Iterator[list[AdminRule]]:
    """One list a manager, from the widest scope down; in each, lower priority number first."""
    managers = sorted(places.snapshot.all(NetworkManager), key=lambda m: (_depth(places, m), m.id.key))
    held = [(manager, _deployed(places, manager, network)) for manager in managers]
    settings = {setting.lower() for setting in _setting(held)}
    for _, configurations in held:
        rules = [rule for _, found in configurations for rule in found if _applies(rule, network, settings)]
        ordered = sorted(rules, key=lambda rule: (rule.priority, RANK[rule.access], rule.id.key))
        yield [rule for rule in ordered if rule.direction == direction]


Deployed = list[tuple[SecurityAdminConfiguration, list[AdminRule]]]


def _deployed(places: Places, manager: NetworkManager, network: VirtualNetwork) -> Deployed:
    """The configurations deployed to the network with their rules for the groups that hold it."""
    held = [c for c in manager.security_admin_configurations if is_deployed(places.snapshot, c.id, network)]
    found = [(configuration, _rules_of(manager, configuration, network)) for configuration in held]
    return [(configuration, rules) for configuration, rules in found if rules]


def _setting(held: list[tuple[NetworkManager, Deployed]]) -> tuple[str, ...]:
    """What the highest manager says about networks with an intent policy."""
    for _, configurations in held:
        for configuration, _ in configurations:
            return configuration.apply_on_network_intent_policy_based_services
    return ()


def _applies(rule: AdminRule, network: VirtualNetwork, settings: set[str]) -> bool:
    """In networks with SQL Managed Instance or Databricks: none, only ``Allow``, or all of them."""
    if not _has_intent_policy(network) or "all" in settings:
        return True
    return "allowrulesonly" in settings and rule.access == "Allow"


def _depth(places: Places, manager: NetworkManager) -> float:
    """How far below the root its widest scope lies; subscriptions lie below every management group."""
    parents = {name.lower(): held.lower() for name, held in places.snapshot.declarations.management_groups.items()}
    depths: list[float] = [float("inf")]
    for text in manager.network_manager_scopes.management_groups:
        name, depth = text.rstrip("/").rsplit("/", 1)[-1].lower(), 0
        while name in parents and depth < len(parents):
            name, depth = parents[name], depth + 1
        depths.append(depth)
    return min(depths)


def _rules_of(
    manager: NetworkManager, configuration: SecurityAdminConfiguration, network: VirtualNetwork
) -> list[AdminRule]:
    found: list[AdminRule] = []
    for collection in configuration.rule_collections:
        targets = [_own_group(manager, item.network_group_id) for item in collection.applies_to_groups]
        if any(has_member(group, network.id) for group in targets):
            found += collection.rules
    return found


def _has_intent_policy(network: VirtualNetwork) -> bool:
    names = {d.service_name.lower() for subnet in network.subnets for d in subnet.delegations}
    return bool(names & INTENT_POLICY_DELEGATIONS)


def _own_group(manager: NetworkManager, reference: ResourceId) -> NetworkGroup | None:
    return next((group for group in manager.network_groups if group.id == reference), None)


def _side(places: Places, items: tuple[AddressItem, ...], address: Address, subnet: Subnet) -> Answer:
    if not items:
        return Answer.YES
    return max(_item(places, item, address, subnet) for item in items)


def _item(places: Places, item: AddressItem, address: Address, subnet: Subnet) -> Answer:
    if item.address_prefix_type.lower() != "networkgroup":
        return address_answer(places, [item.address_prefix], address, subnet)
    group = find_group(places.snapshot, ResourceId(item.address_prefix))
    if group is None:
        return Answer.MAYBE
    prefixes, is_complete = _group_prefixes(places, group)
    answer = address_answer(places, prefixes, address, subnet)
    return answer if is_complete else max(answer, Answer.MAYBE)


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
