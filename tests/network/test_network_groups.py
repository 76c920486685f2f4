"""Who is in a network group, and which managers reach a virtual network (SEMANTICS 2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource
from simulator.network.managers.admin_rules import admin_rule_lists, admin_rules
from simulator.network.managers.groups import Members, group_members, is_member
from simulator.network.managers.manager_scopes import is_within, managers_over
from simulator.network.managers.policy_conditions import Subject, holds_for
from simulator.network.model import Network
from tests.network.arm import SUBSCRIPTION, Json, codes, network, resource, subnet_id, vnet, vnet_id
from tests.network.managers import (
    assignment,
    configuration_id,
    deployed,
    everywhere,
    group_id,
    manager,
    policy,
    policy_set,
)

OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
ROOT, CHILD = (f"/providers/Microsoft.Management/managementGroups/{name}" for name in ("mg-root", "mg-child"))
DENY: Json = {"deny": {"priority": 10, "access": "Deny"}}


def tagged(name: str, prefix: str, location: str = "westeurope", **tags: str) -> Resource:
    space = {"addressPrefixes": [prefix]}
    subnets = [{"id": str(subnet_id(f"{name}/s")), "name": "s", "addressPrefix": prefix}]
    return resource("virtualNetworks", name, location, addressSpace=space, subnets=subnets).model_copy(
        update={"tags": tags}
    )


def v(**tags: str) -> Resource:
    return tagged("vnet-prod-v", "10.0.0.0/16", **tags)


V = vnet_id("vnet-prod-v")


def names(held: Network, name: str = "v") -> list[str]:
    return [rule.name for rule in admin_rules(held, vnet_id(name), "Inbound")]


# conditions


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"field": "name", "equals": "VNET-PROD-V"}, True),
        ({"field": "Name", "notEquals": "vnet-prod-v"}, False),
        ({"field": "name", "contains": "-prod"}, True),
        ({"field": "name", "notContains": "-prod"}, False),
        ({"field": "name", "like": "vnet-*"}, True),
        ({"field": "name", "like": "vnet-?rod-v"}, False),
        ({"field": "name", "notLike": "vnet-*"}, False),
        ({"field": "name", "like": "*-prod-*"}, None),
        ({"field": "name", "in": ["a", "vnet-prod-v"]}, True),
        ({"field": "name", "notIn": ["a"]}, True),
        ({"field": "type", "equals": "Microsoft.Network/virtualNetworks"}, True),
        ({"field": "location", "in": ["West Europe", "eastus"]}, True),
        ({"field": "id", "contains": "/resourceGroups/rg/"}, True),
        ({"field": "resourceGroup", "equals": "RG"}, True),
        ({"field": "subscription", "equals": SUBSCRIPTION.rsplit("/", 1)[1]}, True),
        ({"value": "[resourceGroup().Name]", "equals": "rg"}, True),
        ({"value": "[subscription().subscriptionId]", "like": "00000000-*"}, True),
        ({"value": "[subscription().Id]", "equals": SUBSCRIPTION}, True),
        ({"value": "[field('name')]", "equals": "vnet-prod-v"}, True),
        ({"value": "[[field('name')]", "equals": "vnet-prod-v"}, True),
        ({"field": "tags['env']", "equals": "PROD"}, True),
        ({"field": "tag['Env']", "equals": "prod"}, True),
        ({"field": "tags[env]", "exists": True}, True),
        ({"field": "tags.env", "exists": "false"}, False),
        ({"field": "tags['none']", "exists": False}, True),
        ({"field": "tags['none']", "equals": "prod"}, False),
        ({"field": "tags['none']", "notEquals": "prod"}, True),
        ({"field": "tags['none']", "notIn": ["prod"]}, True),
        ({"field": "tags['none']", "contains": "p"}, False),
        ({"field": "tags['none']", "like": "p*"}, False),
        ({"field": "tags['late']", "equals": "x"}, None),
        ({"value": "[parameters('wanted')]", "equals": "yes"}, True),
        ({"field": "name", "in": "[parameters('names')]"}, True),
        ({"field": "name", "equals": "[parameters('none')]"}, None),
        ({"allOf": [{"field": "name", "contains": "prod"}, {"field": "tags['env']", "equals": "test"}]}, False),
        ({"anyOf": [{"field": "name", "contains": "prod"}, {"field": "tags['env']", "equals": "test"}]}, True),
        ({"not": {"field": "name", "contains": "prod"}}, False),
        ([{"field": "name", "contains": "prod"}], True),
        # what is not understood stays open, unless the rest decides
        ({"field": "Microsoft.Network/virtualNetworks/enableDdosProtection", "equals": True}, None),
        ({"value": "[subscription().displayName]", "equals": "x"}, None),
        ({"value": "[concat('a', 'b')]", "equals": "ab"}, None),
        ({"field": "name", "match": "vnet-????-#"}, None),
        ({"count": {"field": "x[*]"}, "greater": 1}, None),
        ({"field": "name", "equals": "x", "like": "y"}, None),
        ({"field": "name", "in": "vnet"}, None),
        ({"field": "name", "equals": ["x"]}, None),
        ({"allOf": [{"field": "alias", "equals": 1}, {"field": "name", "equals": "x"}]}, False),
        ({"anyOf": [{"field": "alias", "equals": 1}, {"field": "name", "contains": "prod"}]}, True),
        ({"not": {"field": "alias", "equals": 1}}, None),
        ({}, None),
        ("name", None),
    ],
)
def test_conditions(condition: Any, answer: bool | None) -> None:
    subject = Subject(
        {
            "name": "vnet-prod-v",
            "id": str(V),
            "type": V.type,
            "location": "westeurope",
            "resourcegroup": "rg",
            "subscription": V.subscription,
            "resourcegroup().name": "rg",
            "subscription().subscriptionid": V.subscription,
            "subscription().id": SUBSCRIPTION,
        },
        {"Env": "prod", "late": "[parameters('late')]"},
    )
    assert holds_for(condition, subject, {"wanted": "yes", "names": ["vnet-prod-v"]}) is answer


def test_a_condition_that_is_nested_without_end_stays_open() -> None:
    condition: Json = {"field": "name", "equals": "x"}
    for _ in range(200):
        condition = {"not": condition}
    assert holds_for(condition, Subject({"name": "x"}, {}), {}) is None


# members


def of_group(*resources: Resource, **group: Any) -> Network:
    return network(v(env="prod"), tagged("w", "10.1.0.0/16", "eastus"), manager(groups={"g": group}), *resources)


PROD = {"field": "tags['env']", "equals": "prod"}


def test_a_policy_adds_members_to_the_static_ones() -> None:
    static = [{"id": f"{group_id('g')}/staticMembers/a", "resourceId": str(vnet_id("w"))}]
    held = of_group(policy("p", group_id("g"), PROD), assignment("a", "p"), staticMembers=static)
    assert group_members(held, group_id("g")) == Members((vnet_id("w"), V), True)


@pytest.mark.parametrize(
    ("scope", "more", "answer"),
    [
        (SUBSCRIPTION, {}, True),
        (f"{SUBSCRIPTION}/resourceGroups/rg", {}, True),
        (f"{SUBSCRIPTION}/resourceGroups/rg-other", {}, False),
        (OTHER, {}, False),
        (CHILD, {}, True),
        (SUBSCRIPTION, {"enforcementMode": "DoNotEnforce"}, False),
        (SUBSCRIPTION, {"enforcementMode": "Disabled"}, False),
        (SUBSCRIPTION, {"enforcementMode": "Default"}, True),
        (SUBSCRIPTION, {"enforcementMode": "Later"}, None),
        (SUBSCRIPTION, {"notScopes": [f"{SUBSCRIPTION}/resourceGroups/rg"]}, False),
        (SUBSCRIPTION, {"notScopes": [CHILD]}, None),
        (SUBSCRIPTION, {"resourceSelectors": [{"name": "some"}]}, None),
        (SUBSCRIPTION, {"overrides": [{"kind": "policyEffect"}]}, None),
    ],
)
def test_an_assignment_adds_where_it_is_enforced(scope: str, more: Json, answer: bool | None) -> None:
    held = of_group(policy("p", group_id("g"), PROD), assignment("a", "p", scope, **more))
    assert is_member(held, group_id("g"), V) is answer
    assert is_member(held, group_id("g"), vnet_id("w")) is False


def test_without_any_assignment_a_definition_may_be_assigned_or_not() -> None:
    held = of_group(policy("p", group_id("g"), PROD))
    assert (is_member(held, group_id("g"), V), is_member(held, group_id("g"), vnet_id("w"))) == (None, False)


def test_a_definition_that_nobody_assigned_adds_nothing() -> None:
    held = of_group(policy("p", group_id("g"), PROD), assignment("a", "other"), staticMembers=[])
    assert is_member(held, group_id("g"), V) is False


@pytest.mark.parametrize("effect", ["audit", "[parameters('effect')]"])
def test_other_effects_add_nothing(effect: str) -> None:
    more = {"parameters": {"effect": {"defaultValue": "Disabled"}}}
    held = of_group(policy("p", group_id("g"), PROD, effect, **more), assignment("a", "p"), staticMembers=[])
    assert is_member(held, group_id("g"), V) is False


def test_parameters_come_from_the_assignment_or_its_defaults() -> None:
    condition = {"field": "tags['env']", "equals": "[parameters('Env')]"}
    definition = policy("p", group_id("g"), condition, parameters={"env": {"defaultValue": "test"}})
    given = {"parameters": {"ENV": {"value": "prod"}}}
    assert is_member(of_group(definition, assignment("a", "p", **given)), group_id("g"), V) is True
    assert is_member(of_group(definition, assignment("a", "p")), group_id("g"), V) is False


def test_a_set_hands_its_parameters_on() -> None:
    condition = {"field": "tags['env']", "equals": "[parameters('env')]"}
    definition = policy("p", group_id("g"), condition)
    together = policy_set("s", {"p": {"env": {"value": "[parameters('which')]"}}}, parameters={"which": {}})
    given = {"parameters": {"which": {"value": "prod"}}}
    assert is_member(of_group(definition, together, assignment("a", "set:s", **given)), group_id("g"), V) is True
    assert is_member(of_group(definition, together, assignment("a", "set:s")), group_id("g"), V) is None


def test_the_policy_of_a_scenario_is_its_condition_or_its_whole_rule() -> None:
    for written in (PROD, {"if": PROD}):
        held = of_group(policy=written)
        assert group_members(held, group_id("g")) == Members((V,), True)


def test_a_group_of_subnets_takes_subnets() -> None:
    held = of_group(memberType="Subnet", policy={"field": "fullName", "like": "vnet-prod-v/*"})
    assert group_members(held, group_id("g")).ids == (subnet_id("vnet-prod-v/s"),)
    assert is_member(held, group_id("g"), V) is False


def test_a_policy_that_is_not_understood_leaves_membership_open_and_says_so() -> None:
    alias = {"field": "Microsoft.Network/virtualNetworks/flowTimeoutInMinutes", "equals": 4}
    condition = {"allOf": [PROD, alias]}
    held = network(
        v(env="prod"),
        tagged("w", "10.1.0.0/16"),
        manager(groups={"g": {"policy": condition}}, admin={"c": {"g": DENY}}),
        **deployed(configuration_id("securityAdmin", "c")),
    )
    assert group_members(held, group_id("g")) == Members((), False)
    (rule,) = admin_rules(held, V, "Inbound")
    assert rule.deployment_unknown and rule.depends_on == rule.id.parent
    assert names(held, "w") == []
    assert "VNS2071" in codes(held)


@pytest.mark.parametrize("group", [{"staticMembers": []}, {}])
def test_a_group_without_members_is_empty_only_where_that_is_written(group: Json) -> None:
    held = everywhere(v(), manager(groups={"g": group}, admin={"c": {"g": DENY}}))
    is_told = "staticMembers" in group
    assert [rule.deployment_unknown for rule in admin_rules(held, V, "Inbound")] == ([] if is_told else [True])
    assert ("VNS2022" in codes(held)) is not is_told


def test_a_group_that_is_not_in_the_export_may_hold_anyone() -> None:
    held = everywhere(v(), manager(groups={}, admin={"c": {"gone": DENY}}))
    assert [rule.deployment_unknown for rule in admin_rules(held, V, "Inbound")] == [True]
    assert "VNS2022" in codes(held)


def test_who_may_be_in_a_group_may_be_meant_by_its_name() -> None:
    source = {"addressPrefix": str(group_id("g")), "addressPrefixType": "NetworkGroup"}
    rules = {"deny": {"priority": 1, "access": "Deny", "sources": [source]}}
    held = everywhere(v(), manager(groups={"all": ["vnet-prod-v"], "g": {}}, admin={"c": {"all": rules}}))
    (rule,) = admin_rules(held, V, "Inbound")
    assert rule.sources.unresolved == ("g",)


# scopes


def far(name: str) -> Resource:
    """A VNet of the other subscription."""
    held = vnet(name, "10.8.0.0/16", {"s": "10.8.0.0/24"})
    identity = str(held.id).replace(SUBSCRIPTION, OTHER)
    return type(held).model_validate({**held.model_dump(), "id": identity})


def order(scopes: dict[str, Json], parents: dict[str, str] | None = None) -> list[str]:
    managers = [manager(name, scopes=held) for name, held in scopes.items()]
    held = network(v(), *managers, management_groups=parents or {})
    return [one.name for one in managers_over(held, V)]


def groups(*names: str) -> Json:
    return {"managementGroups": list(names)}


def test_the_higher_scope_comes_first() -> None:
    scopes = {"a": {"subscriptions": [SUBSCRIPTION]}, "b": groups("mg-child"), "c": groups(ROOT)}
    assert order(scopes) == ["b", "c", "a"]
    parents = {V.subscription: "mg-child", "MG-Child": "mg-root"}
    assert order(scopes, parents) == ["c", "b", "a"]
    assert order(scopes, {"mg-child": "mg-root", "mg-root": "mg-child"}) == ["b", "c", "a"]


def test_of_several_scopes_the_highest_counts_that_holds_the_network() -> None:
    parents = {V.subscription: "mg-child", "mg-child": "mg-root", "mg-far": "mg-root"}
    far_and_own = {"managementGroups": ["mg-far"], "subscriptions": [SUBSCRIPTION]}
    assert order({"a": far_and_own, "b": groups("mg-child")}, parents) == ["b", "a"]


@pytest.mark.parametrize(
    ("scopes", "reaches"),
    [
        ({"subscriptions": [SUBSCRIPTION.upper()]}, True),
        ({"subscriptions": [V.subscription]}, True),
        ({"subscriptions": [OTHER]}, False),
        ({"subscriptions": [f"{SUBSCRIPTION}9"]}, False),
        (groups("mg-child"), True),
        (groups("mg-far"), False),
        ({"crossTenantScopes": [{"tenantId": "t", "subscriptions": [SUBSCRIPTION]}]}, True),
        ({}, True),
    ],
)
def test_a_manager_reaches_what_its_scope_holds(scopes: Json, reaches: bool) -> None:
    assert bool(order({"m": scopes}, {V.subscription: "mg-child"})) is reaches


def test_where_nobody_declared_it_a_management_group_may_hold_any_subscription() -> None:
    held = network(v(), management_groups={"mg-child": "mg-root"})
    assert is_within(held, ROOT, V) is None
    assert order({"m": groups("mg-far")}) == ["m"]


def test_a_member_outside_the_scope_gets_nothing_and_an_issue_says_so() -> None:
    outside = far("far")
    member = [{"id": f"{group_id('g')}/staticMembers/a", "resourceId": str(outside.id)}]
    held = everywhere(v(), outside, manager(groups={"g": {"staticMembers": member}}, admin={"c": {"g": DENY}}))
    assert admin_rules(held, outside.id, "Inbound") == ()
    assert [issue.place for issue in held.issues if issue.code == "VNS2061"] == [str(outside.id)]


def test_two_managers_of_one_scope_and_feature_are_an_issue() -> None:
    one, other = (manager(name, groups={"g": []}, admin={"c": {"g": {}}}) for name in ("a", "b"))
    assert "VNS2062" in codes(everywhere(v(), one, other))
    routing = manager("b", groups={"g": []}, routing={"c": {"collections": {}}})
    assert "VNS2062" not in codes(everywhere(v(), one, routing))
    said = manager("b", networkManagerScopeAccesses=["SecurityAdmin"])
    assert "VNS2062" in codes(everywhere(v(), one, said))


# several managers


def two_managers(*, first_decides: bool) -> Network:
    high = manager(
        "high",
        groups={"g": ["vnet-prod-v"]},
        admin={"c": {"g": {"allow": {"priority": 1, "access": "Allow"}, "late": {"priority": 9, "access": "Deny"}}}},
        scopes=groups("mg"),
    )
    low = manager("low", groups={"g": ["vnet-prod-v"]}, admin={"c": {"g": DENY}})
    choice = {"first_manager_decides": str(first_decides)}
    return everywhere(v(), low, high, assumptions=choice)


@pytest.mark.parametrize(
    ("first_decides", "lists"), [(True, [["allow", "late", "deny"]]), (False, [["allow", "late"], ["deny"]])]
)
def test_the_rules_of_two_managers_are_one_list_or_two(first_decides: bool, lists: list[list[str]]) -> None:
    held = two_managers(first_decides=first_decides)
    asked = admin_rule_lists(held, V, "Inbound")
    assert [[rule.name for rule in rules] for rules in asked] == lists
    assert names(held, "vnet-prod-v") == ["allow", "late", "deny"]
    assert admin_rule_lists(held, V, "Outbound") == ()


def test_the_highest_manager_says_what_gets_past_a_network_intent_policy() -> None:
    service = {"properties": {"serviceName": "Microsoft.Sql/managedInstances"}}
    held = v()
    (only,) = held.subnets  # type: ignore[attr-defined]
    instance = held.model_copy(
        update={"subnets": (type(only).model_validate({**only.model_dump(), "delegations": [service]}),)}
    )
    high, low = two_managers(first_decides=True).snapshot.all(type(manager()))
    everything = {"apply_on_network_intent_policy_based_services": ("All",)}
    opened = low.security_admin_configurations[0].model_copy(update=everything)
    low = low.model_copy(update={"security_admin_configurations": (opened,)})
    assert names(everywhere(instance, high, low), "vnet-prod-v") == []
    assert names(everywhere(instance, low), "vnet-prod-v") == ["deny"]


def test_two_security_admin_configurations_in_one_region_are_an_issue() -> None:
    held = everywhere(v(), manager(groups={"g": []}, admin={"a": {"g": DENY}, "b": {"g": DENY}}))
    assert "VNS2063" in codes(held)


def test_an_allow_of_a_collection_that_may_apply_hides_no_denial_of_another() -> None:
    rules = {"deny": {"priority": 2, "access": "Deny"}}
    allow = {"allow": {"priority": 1, "access": "Allow"}}
    held = everywhere(
        v(), manager(groups={"may": {}, "sure": ["vnet-prod-v"]}, admin={"c": {"may": allow, "sure": rules}})
    )
    first, second = admin_rules(held, V, "Inbound")
    assert (first.name, first.depends_on, second.depends_on) == ("allow", first.id.parent, None)
