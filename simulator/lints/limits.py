"""Limits of Azure that a network exceeds, as a table.

Learn: azure/azure-resource-manager/management/azure-subscription-service-limits#networking-limits (as of 2022-12),
azure/virtual-network-manager/concept-limitations
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.network_manager import AdminRule, NetworkManager
from simulator.azure.platform_service import KeyVault, StorageAccount
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup, NetworkSecurityGroup, SecurityRule
from simulator.lints.finding import Finding
from simulator.network.filter_rules import application_group_members
from simulator.network.managers.connected_groups import connected_groups
from simulator.network.managers.groups import group_members, region_name
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefix
from simulator.network.user_routes import next_hop_addresses

#: What holds something, and how much of it.
Count = tuple[ResourceId, int]


class Limit(Struct, frozen=True):
    """`most` of `what` in one of what `counts` gives; `detail` says where more can be had."""

    what: str
    most: int
    counts: Callable[[Network], Iterable[Count]]
    detail: str = "Azure refuses more"


def limits(network: Network) -> Iterator[Finding]:
    for limit in LIMITS:
        for place, count in limit.counts(network):
            if count > limit.most:
                message = f"{place.name}: {count:,} {limit.what}; the limit is {limit.most:,}"
                yield Finding("warning", "VNS6050", message, str(place), limit.detail)


def _security_rules(network: Network) -> Iterator[SecurityRule]:
    return (rule for group in network.snapshot.all(NetworkSecurityGroup) for rule in group.security_rules)


def _rules_of_groups(network: Network) -> Iterator[Count]:
    return ((group.id, len(group.security_rules)) for group in network.snapshot.all(NetworkSecurityGroup))


def _addresses_of_rules(network: Network) -> Iterator[Count]:
    return ((rule.id, max(len(rule.sources), len(rule.destinations))) for rule in _security_rules(network))


def _application_groups_of_rules(network: Network) -> Iterator[Count]:
    for rule in _security_rules(network):
        sides = (rule.source_application_security_groups, rule.destination_application_security_groups)
        yield rule.id, max(map(len, sides))


def _application_groups_of_groups(network: Network) -> Iterator[Count]:
    for group in network.snapshot.all(NetworkSecurityGroup):
        named = {
            named
            for rule in group.security_rules
            for side in (rule.source_application_security_groups, rule.destination_application_security_groups)
            for named in side
        }
        yield group.id, len(named)


def _application_groups_of_nics(network: Network) -> Iterator[Count]:
    for nic in network.snapshot.all(NetworkInterface):
        yield nic.id, max((len(held.application_security_groups) for held in nic.ip_configurations), default=0)


def _members_of_application_groups(network: Network) -> Iterator[Count]:
    for group, members in application_group_members(network).items():
        yield group, sum(prefix.high - prefix.low + 1 for prefix in members)


def _in_subscriptions(
    kind: type[NetworkSecurityGroup] | type[ApplicationSecurityGroup] | type[RouteTable],
) -> Callable[[Network], Iterator[Count]]:
    def counts(network: Network) -> Iterator[Count]:
        held = Counter(resource.id.subscription for resource in network.snapshot.all(kind))
        return ((ResourceId(f"/subscriptions/{subscription}"), count) for subscription, count in held.items())

    return counts


def _groups_of_regions(network: Network) -> Iterator[Count]:
    groups = network.snapshot.all(NetworkSecurityGroup)
    held = Counter((group.id.subscription, region_name(group.location)) for group in groups)
    for (subscription, region), count in held.items():
        yield ResourceId(f"/subscriptions/{subscription}/locations/{region}"), count


def _routes_of_tables(network: Network) -> Iterator[Count]:
    return ((table.id, len(table.routes)) for table in network.snapshot.all(RouteTable))


def _tags_of_tables(network: Network) -> Iterator[Count]:
    for table in network.snapshot.all(RouteTable):
        yield table.id, sum(readable_prefix(route.address_prefix) is None for route in table.routes)


def _hops_of_routes(network: Network) -> Iterator[Count]:
    for table in network.snapshot.all(RouteTable):
        yield from ((route.id, len(next_hop_addresses(route))) for route in table.routes)


def _peerings(network: Network) -> Iterator[Count]:
    return ((held.id, len(held.virtual_network_peerings)) for held in network.snapshot.virtual_networks)


def _subnets_of_peerings(network: Network) -> Iterator[Count]:
    for held in network.snapshot.virtual_networks:
        for link in held.virtual_network_peerings:
            yield link.id, len(link.local_subnet_names) + len(link.remote_subnet_names)


def _admin_rules(network: Network) -> Iterator[tuple[NetworkManager, list[AdminRule]]]:
    for manager in network.snapshot.all(NetworkManager):
        collections = (held for one in manager.security_admin_configurations for held in one.rule_collections)
        yield manager, [rule for collection in collections for rule in collection.rules]


def _admin_rules_of_managers(network: Network) -> Iterator[Count]:
    return ((manager.id, len(rules)) for manager, rules in _admin_rules(network))


def _admin_prefixes_of_managers(network: Network) -> Iterator[Count]:
    for manager, rules in _admin_rules(network):
        yield manager.id, sum(len(rule.sources) + len(rule.destinations) for rule in rules)


def _members_of_named_groups(network: Network) -> Iterator[Count]:
    """Network groups that a rule names as source or destination."""
    items = (
        item for _, rules in _admin_rules(network) for rule in rules for item in (*rule.sources, *rule.destinations)
    )
    named = {ResourceId(item.address_prefix) for item in items if item.address_prefix_type.lower() == "networkgroup"}
    return ((group, len(group_members(network, group).ids)) for group in sorted(named))


def _products_at_private_endpoints(network: Network) -> Iterator[Count]:
    """Rules of groups on subnets whose private endpoints are filtered: sources times destinations times ports."""
    filtered = {
        subnet.network_security_group
        for subnet in network.subnets.values()
        if (subnet.private_endpoint_network_policies or "").lower() in ("enabled", "networksecuritygroupenabled")
    }
    placed = {endpoint.subnet for endpoint in network.endpoints if endpoint.private_endpoint is not None}
    groups = {network.subnets[subnet].network_security_group for subnet in placed if subnet in network.subnets}
    for rule in _security_rules(network):
        if rule.id.parent in groups & filtered and rule.direction == "Inbound":
            yield rule.id, len(rule.sources) * len(rule.destinations) * len(rule.destination_ports)


def _connected_groups(network: Network) -> Iterator[Count]:
    return ((held.id, len(connected_groups(network, held.id))) for held in network.snapshot.virtual_networks)


def _members_of_connected_groups(network: Network) -> Iterator[Count]:
    sizes: dict[ResourceId, int] = {}
    for held in network.snapshot.virtual_networks:
        for group in connected_groups(network, held.id):
            sizes[group.group] = max(sizes.get(group.group, 0), 1 + len(group.members) + len(group.outside))
    return iter(sizes.items())


def _rules_of_storage(network: Network) -> Iterator[Count]:
    for account in network.snapshot.all(StorageAccount):
        if account.rules is not None:
            yield account.id, max(len(account.rules.ip_rules), len(account.rules.virtual_network_rules))


def _address_rules_of_vaults(network: Network) -> Iterator[Count]:
    return (
        (vault.id, len(vault.network_acls.ip_rules)) for vault in network.snapshot.all(KeyVault) if vault.network_acls
    )


def _subnet_rules_of_vaults(network: Network) -> Iterator[Count]:
    for vault in network.snapshot.all(KeyVault):
        if vault.network_acls is not None:
            yield vault.id, len(vault.network_acls.virtual_network_rules)


#: A limit is one line here.
LIMITS: tuple[Limit, ...] = (
    Limit("rules", 1000, _rules_of_groups),
    Limit("addresses on one side", 4000, _addresses_of_rules),
    Limit("application security groups on one side", 10, _application_groups_of_rules),
    Limit("application security groups in its rules", 100, _application_groups_of_groups),
    Limit("application security groups of one IP configuration", 20, _application_groups_of_nics),
    Limit("IP configurations", 4000, _members_of_application_groups),
    Limit("application security groups", 3000, _in_subscriptions(ApplicationSecurityGroup)),
    Limit("network security groups", 5000, _groups_of_regions),
    Limit("route tables", 200, _in_subscriptions(RouteTable), "Azure refuses more, unless support has raised it"),
    Limit("routes", 400, _routes_of_tables, "1,000 in a table that Virtual Network Manager manages"),
    Limit("routes to service tags", 25, _tags_of_tables),
    Limit("next hop addresses", 64, _hops_of_routes),
    Limit("peerings", 500, _peerings, "1,000 spokes of a hub that Virtual Network Manager peers"),
    Limit("subnets in one subnet peering", 200, _subnets_of_peerings),
    Limit("security admin rules", 100, _admin_rules_of_managers),
    Limit("prefixes in security admin rules", 20_000, _admin_prefixes_of_managers),
    Limit("members in a network group that a rule names", 100, _members_of_named_groups),
    Limit("combinations of address, address and port at a private endpoint", 250_000, _products_at_private_endpoints),
    Limit("connected groups", 2, _connected_groups, "Azure refuses more, unless support has raised it"),
    Limit("virtual networks in the connected group", 250, _members_of_connected_groups, "a preview takes more"),
    Limit("rules of one kind in its firewall", 400, _rules_of_storage),
    Limit("address rules in its firewall", 1000, _address_rules_of_vaults),
    Limit("virtual network rules in its firewall", 200, _subnet_rules_of_vaults),
)
