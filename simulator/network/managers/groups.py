"""Network groups of Azure Virtual Network Manager: who is in them, by name or by Azure Policy.

Learn: azure/virtual-network-manager/concept-network-groups,
azure/virtual-network-manager/concept-azure-policy-integration
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.network_manager import GroupItem, NetworkGroup, NetworkManager
from simulator.azure.policy import PolicyAssignment, PolicyDefinition, PolicySetDefinition
from simulator.azure.resource import ResourceId
from simulator.network.managers.manager_scopes import is_within
from simulator.network.managers.policy_conditions import UNKNOWN, Subject, all_of, any_of, holds_for, value_of
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped

VIRTUAL_NETWORK = "microsoft.network/virtualnetworks"
_SUBNET = f"{VIRTUAL_NETWORK}/subnets"
#: Member type of a group in lower case → type of its members.
_TYPES = {"virtualnetwork": VIRTUAL_NETWORK, "subnet": _SUBNET}
#: Enforcement modes of an assignment, in lower case, with whether it adds members. Any other is not known.
_ENFORCED = {"default": True, "enabled": True, "": True, "donotenforce": False, "disabled": False}


class Members(Struct, frozen=True):
    """The members in the order of the export, then those of policies by id. Not `are_all`: others may be in it too."""

    ids: tuple[ResourceId, ...]
    are_all: bool


class _Rule(Struct, frozen=True):
    """A condition that adds members to a group, where it is assigned. `adds` None: it may not be in force."""

    condition: Any
    parameters: Mapping[str, Any]
    scope: str
    not_scopes: tuple[str, ...]
    adds: bool | None


def region_name(location: str) -> str:
    """``West Europe`` and ``westeurope`` are one region."""
    return "".join(location.split()).lower()


@per_network
def network_groups(network: Network) -> dict[ResourceId, NetworkGroup]:
    managers = network.snapshot.all(NetworkManager)
    return {group.id: group for manager in managers for group in manager.network_groups}


@per_network
def group_members(network: Network, group: ResourceId) -> Members:
    """Who is in the group. A static member need not be in the export; of a group that is not, anyone may be."""
    held = network_groups(network).get(group)
    if held is None:
        return Members((), False)
    static = tuple(dict.fromkeys(member.resource_id for member in held.static_members))
    candidates: Iterable[ResourceId] = network.subnets if _member_type(held) == _SUBNET else network.virtual_networks
    answers = {one: is_member(network, group, one) for one in sorted(candidates) if one not in static}
    by_policy = tuple(one for one, answer in answers.items() if answer)
    return Members((*static, *by_policy), None not in answers.values() and is_told(network, group))


@per_network
def is_member(network: Network, group: ResourceId, resource: ResourceId) -> bool | None:
    """Is the VNet or subnet in the group? None where nobody told, or where a policy is not understood."""
    held = network_groups(network).get(group)
    if held is None:
        return None
    if resource in _static_members(network)[group]:
        return True
    if resource.type != _member_type(held):
        return False
    answers = [_adds(network, rule, resource) for rule in _rules(network).get(group, ())]
    return any_of(answers if is_told(network, group) else [*answers, None])


def is_told(network: Network, group: ResourceId) -> bool:
    """Does the export say who is in the group? An ARM group without members may be filled by a policy it lacks."""
    held = network_groups(network).get(group)
    if held is None:
        return False
    return bool("static_members" in held.model_fields_set or _rules(network).get(group))


def membership(network: Network, items: Iterable[GroupItem], resource: ResourceId) -> bool | None:
    """Is the resource in any of the groups that a configuration applies to?"""
    return any_of(is_member(network, item.network_group_id, resource) for item in items)


def policies_not_understood(network: Network, group: ResourceId) -> tuple[ResourceId, ...]:
    """The VNets and subnets of the export of which the group's policies do not tell whether they are in it."""
    if not is_told(network, group):
        return ()
    places = (*network.virtual_networks, *network.subnets)
    return tuple(one for one in places if is_member(network, group, one) is None)


def _member_type(group: NetworkGroup) -> str:
    return _TYPES.get(group.member_type.lower(), VIRTUAL_NETWORK)


@per_network
def _static_members(network: Network) -> dict[ResourceId, frozenset[ResourceId]]:
    return {
        group: frozenset(member.resource_id for member in held.static_members)
        for group, held in network_groups(network).items()
    }


@per_network
def _rules(network: Network) -> dict[ResourceId, tuple[_Rule, ...]]:
    """Group → the conditions that add members to it: those of a scenario, and those of Azure Policy."""
    written = [
        (group, _Rule(held.policy.get("if", held.policy), {}, "", (), True))
        for group, held in network_groups(network).items()
        if held.policy is not None
    ]
    return grouped([*written, *_assigned(network)])


def _assigned(network: Network) -> list[tuple[ResourceId, _Rule]]:
    """The rules of Azure Policy with the group they add to. Without any assignment in the export a definition may be
    assigned, or not."""
    snapshot = network.snapshot
    assignments = snapshot.all(PolicyAssignment)
    found = [
        (group, rule)
        for assignment in assignments
        for reference, parameters in _assigned_definitions(network, assignment)
        for group, rule in _rule_of(snapshot.get(reference, PolicyDefinition), parameters, assignment)
    ]
    if assignments:
        return found
    return [pair for held in snapshot.all(PolicyDefinition) for pair in _rule_of(held, {}, None)]


def _assigned_definitions(
    network: Network, assignment: PolicyAssignment
) -> list[tuple[ResourceId | None, Mapping[str, Any]]]:
    """The definitions that the assignment stands for, with their parameters: one, or those of a set."""
    given = {name.lower(): _given(value) for name, value in assignment.parameters.items()}
    together = network.snapshot.get(assignment.policy_definition_id, PolicySetDefinition)
    if together is None:
        return [(assignment.policy_definition_id, given)]
    outer = {**_defaults(together.parameters), **given}
    return [
        (
            held.policy_definition_id,
            {name.lower(): value_of(_given(value), None, outer) for name, value in held.parameters.items()},
        )
        for held in together.policy_definitions
    ]


def _rule_of(
    definition: PolicyDefinition | None, given: Mapping[str, Any], assignment: PolicyAssignment | None
) -> list[tuple[ResourceId, _Rule]]:
    """The group that the definition adds to and its rule, as a list of one; [] for every other policy."""
    if definition is None:
        return []
    rule = {str(key).lower(): value for key, value in definition.policy_rule.items()}
    parameters = {**_defaults(definition.parameters), **given}
    then = _object(rule.get("then"))
    effect = value_of(then.get("effect"), None, parameters)
    group = value_of(_object(then.get("details")).get("networkGroupId"), None, parameters)
    if str(effect).lower() != "addtonetworkgroup" or not isinstance(group, str) or not group:
        return []
    if assignment is None:
        return [(ResourceId(group), _Rule(rule.get("if"), parameters, "", (), None))]
    adds = _ENFORCED.get(assignment.enforcement_mode.lower())
    if adds and (assignment.resource_selectors or assignment.overrides):
        adds = None
    scope = assignment.scope or str(assignment.id).partition("/providers/Microsoft.Authorization")[0]
    return [(ResourceId(group), _Rule(rule.get("if"), parameters, scope, assignment.not_scopes, adds))]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _given(value: Any) -> Any:
    """ARM writes a parameter as ``{"value": …}``."""
    return value.get("value", UNKNOWN) if isinstance(value, dict) else value


def _defaults(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.lower(): held["defaultValue"]
        for name, held in parameters.items()
        if isinstance(held, dict) and "defaultValue" in held
    }


def _adds(network: Network, rule: _Rule, resource: ResourceId) -> bool | None:
    """Does the rule put the resource into its group? A management group that nobody declared is taken to hold it."""
    if rule.adds is False or (rule.scope and is_within(network, rule.scope, resource) is False):
        return False
    excluded = any_of(is_within(network, scope, resource) for scope in rule.not_scopes)
    if excluded:
        return False
    answers = [rule.adds, holds_for(rule.condition, _subject(network, resource), rule.parameters)]
    return all_of([*answers, None] if excluded is None else answers)


@per_network
def _subject(network: Network, resource: ResourceId) -> Subject:
    """What a policy can ask of a VNet or a subnet of the export. A subnet has neither a location nor tags."""
    held = network.virtual_networks.get(resource)
    subscription = f"/subscriptions/{resource.subscription}"
    fields = {
        "name": resource.name,
        "fullname": resource.name if held is not None else f"{resource.parent.name}/{resource.name}",
        "id": str(resource),
        "type": resource.type,
        "resourcegroup": resource.resource_group,
        "resourcegroup().name": resource.resource_group,
        "resourcegroup().id": f"{subscription}/resourceGroups/{resource.resource_group}",
        "subscription": resource.subscription,
        "subscription().subscriptionid": resource.subscription,
        "subscription().id": subscription,
    }
    if held is not None and held.location:
        fields["location"] = region_name(held.location)
    return Subject(fields, held.tags if held is not None else {})
