"""Every ordered rule list of a network, and how the tags look where it is asked.

Learn: azure/virtual-network/network-security-groups-overview, azure/virtual-network-manager/concept-security-admins,
azure/firewall/rule-processing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.firewall import AzureFirewall
from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction, NetworkSecurityGroup, SecurityRule
from simulator.dataplane.filter_table import DOCUMENTED_PROTOCOLS, TAG_COMBINATIONS
from simulator.dataplane.filters import DIRECTIONS
from simulator.dataplane.plane import DataPlane
from simulator.lints.rule_space import TagView
from simulator.lints.useless_rules import RuleList
from simulator.network.assumptions import is_assumed
from simulator.network.filter_rules import FilterRule, security_group_rules
from simulator.network.firewall_rules import firewall_rules
from simulator.network.managers.admin_rules import admin_rules, is_admin_exempt
from simulator.network.model import Network, grouped
from simulator.walk.explain import data_plane

#: A list that stands where the tags look in more ways than these is asked for all ways at once.
_MOST_VIEWS = 16
#: Tags of which a rule has a say of its own in what the platform exempts from all other rules.
_PLATFORM_TAGS = frozenset({"azureplatformdns", "azureplatformimds", "azureplatformlkm"})


class Listing(Struct, frozen=True):
    """Rule lists that may share rules, by the place that holds them; `direction` is empty for firewalls."""

    place: str
    direction: str
    lists: tuple[RuleList, ...]


def listings(network: Network) -> Iterator[Listing]:
    """The lists of security groups, then of admin rules, then the network rules of firewalls."""
    plane = data_plane(network)
    yield from _security_groups(network, plane)
    for direction in DIRECTIONS:
        yield Listing("security admin rules", direction, tuple(_admin_rules(network, plane, direction)))
    firewalls = network.snapshot.all(AzureFirewall)
    yield Listing("firewall network rules", "", tuple(_firewall(network, firewall.id) for firewall in firewalls))


def _security_groups(network: Network, plane: DataPlane) -> Iterator[Listing]:
    standing = subnets_of_groups(network)
    for group in network.snapshot.all(NetworkSecurityGroup):
        subnets = standing.get(group.id, ())
        is_for_bastion = any(subnet.name.lower() == "azurebastionsubnet" for subnet in subnets)
        for direction in DIRECTIONS:
            rules = as_read(network, security_group_rules(network, group.id, direction) or ())
            platform = {at for at, written in enumerate(group.rules(direction)) if _names_platform(written)}
            own = tuple(at for at, rule in enumerate(rules) if not rule.is_default and at not in platform)
            candidates = () if is_for_bastion else own  # Azure refuses a group without them
            lists = tuple(RuleList(rules, view, None, candidates) for view in tag_views(plane, subnets))
            yield Listing(group.name, direction, lists)


def subnets_of_groups(network: Network) -> dict[ResourceId, tuple[ResourceId, ...]]:
    """Security group → the subnets that it stands on, or on a NIC of; the same subnet may come twice."""
    of_subnets = [(subnet.network_security_group, subnet.id) for subnet in network.subnets.values()]
    of_nics = [(endpoint.security_group, endpoint.subnet) for endpoint in network.endpoints]
    return grouped((group, subnet) for group, subnet in (*of_subnets, *of_nics) if group is not None)


def _names_platform(rule: SecurityRule) -> bool:
    return any(tag.strip().lower() in _PLATFORM_TAGS for tag in rule.destinations)


def _admin_rules(network: Network, plane: DataPlane, direction: Direction) -> Iterator[RuleList]:
    """One list for all virtual networks that the same rules reach, in each way that the tags look there."""
    held = {
        one.id: _parts(network, as_read(network, admin_rules(network, one.id, direction)))
        for one in network.snapshot.virtual_networks
    }
    owners = grouped((tuple(rule.id for rule in part), owner) for owner, parts in held.items() for part in parts)
    lists = {tuple(rule.id for rule in part): part for parts in held.values() for part in parts}
    for identities, rules in lists.items():
        subnets = (
            subnet.id
            for owner in owners[identities]
            for subnet in network.virtual_networks[owner].subnets
            if not is_admin_exempt(network, subnet.id)
        )
        for view in tag_views(plane, subnets):
            # What no admin rule matches goes on to the security groups, as what an Allow matches does.
            yield RuleList(rules, view, "Allow", tuple(range(len(rules))))


def _parts(network: Network, rules: tuple[FilterRule, ...]) -> list[tuple[FilterRule, ...]]:
    """The rules that stand in each other's way: all, or those of each manager where an Allow ends only its own list."""
    if not rules or is_assumed(network, "first_manager_decides"):
        return [rules] if rules else []
    return [tuple(held) for _, held in groupby(rules, lambda rule: rule.id.parent.parent.parent)]


def _firewall(network: Network, firewall: ResourceId) -> RuleList:
    found = firewall_rules(network, firewall)
    is_default_deny = not found.has_application_rules and not is_assumed(network, "dnat_implicit_allow_overridable")
    rules = as_read(network, found.rules)
    return RuleList(rules, None, "Deny" if is_default_deny else None, tuple(range(len(rules))))


def as_read(network: Network, rules: tuple[FilterRule, ...]) -> tuple[FilterRule, ...]:
    """The rules with protocol ``*`` as the assumption about it has it."""
    if is_assumed(network, "any_protocol_is_every_protocol"):
        return rules
    return tuple(
        rule if rule.protocols or rule.is_default else replace(rule, protocols=DOCUMENTED_PROTOCOLS) for rule in rules
    )


def tag_views(plane: DataPlane, subnets: Iterable[ResourceId]) -> tuple[TagView | None, ...]:
    """How VirtualNetwork and Internet look on the subnets, each way once; (None,) where there is no or no one way."""
    numbers = {plane.places.subnet_number[subnet] for subnet in subnets if subnet in plane.places.subnet_number}
    contexts = sorted({int(plane.facts.context_of_subnet[number]) for number in numbers})
    if not 0 < len(contexts) <= _MOST_VIEWS:
        return (None,)
    return tuple(_view(plane, context) for context in contexts)


def _view(plane: DataPlane, context: int) -> TagView:
    """The tags of all addresses, told once for each run of them that has the same."""
    row = (plane.facts.tag[context] % TAG_COMBINATIONS).tolist()
    starts = [at for at, tag in enumerate(row) if at == 0 or row[at - 1] != tag]
    return TagView(tuple(plane.regions.points[at] for at in starts), tuple(row[at] for at in starts))
