"""Rules that decide nothing are told with the rules because of which they do not; what matters is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource
from simulator.lints.finding import Finding
from simulator.lints.lint import lint
from tests.network.arm import Json, network, nic, nsg, resource, rid, rule, subnet, table, vnet

WEB = {"sourceAddressPrefix": "10.1.0.0/16", "destinationPortRange": "80"}
ALL = {"sourceAddressPrefix": "10.0.0.0/8"}
#: Name → (code, severity, the useless rule, those because of which it is, the rules of a group, what mends them).
CASES: dict[str, tuple[str, str, str, list[str], list[Json], list[Json]]] = {
    "a denial above": (
        "VNS6001",
        "warning",
        "late",
        ["early"],
        [rule("early", 100, "Inbound", "Deny", **ALL), rule("late", 200, "Inbound", "Allow", **WEB)],
        [rule("early", 300, "Inbound", "Deny", **ALL), rule("late", 200, "Inbound", "Allow", **WEB)],
    ),
    "said twice": (
        "VNS6001",
        "info",
        "late",
        ["early"],
        [rule("early", 100, "Inbound", "Deny", **ALL), rule("late", 200, "Inbound", "Deny", **WEB)],
        [rule("early", 100, "Inbound", "Deny", **ALL)],
    ),
    "two halves": (
        "VNS6001",
        "warning",
        "whole",
        ["low", "high"],
        [
            rule("low", 100, "Inbound", "Deny", destinationPortRange="0-999"),
            rule("high", 110, "Inbound", "Deny", destinationPortRange="1000-65535"),
            rule("whole", 120, "Inbound", "Allow", protocol="Tcp"),
        ],
        [
            rule("low", 100, "Inbound", "Deny", destinationPortRange="0-998"),
            rule("high", 110, "Inbound", "Deny", destinationPortRange="1000-65535"),
            rule("whole", 120, "Inbound", "Allow", protocol="Tcp"),
        ],
    ),
    "a default rule does it too": (
        "VNS6002",
        "info",
        "closed",
        ["DenyAllInBound"],
        [rule("closed", 100, "Inbound", "Deny", sourceAddressPrefix="192.0.2.0/24")],
        [rule("closed", 100, "Inbound", "Deny", sourceAddressPrefix="10.0.0.0/8")],
    ),
    "a larger rule below": (
        "VNS6002",
        "info",
        "narrow",
        ["wide"],
        [rule("narrow", 100, "Inbound", "Allow", **WEB), rule("wide", 200, "Inbound", "Allow", **ALL)],
        [
            rule("narrow", 100, "Inbound", "Allow", **WEB),
            rule("between", 150, "Inbound", "Deny", destinationPortRange="80"),
            rule("wide", 200, "Inbound", "Allow", **ALL),
        ],
    ),
    "two families": (
        "VNS6003",
        "info",
        "mixed",
        [],
        [rule("mixed", 100, "Inbound", "Allow", sourceAddressPrefix="192.0.2.1", destinationAddressPrefix="fd00::1")],
        [rule("same", 100, "Inbound", "Allow", sourceAddressPrefix="192.0.2.1", destinationAddressPrefix="192.0.2.9")],
    ),
}
STANDING = vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", nsg="g")})


def found(*resources: Resource, **declarations: Any) -> list[Finding]:
    return [one for one in lint(network(*resources, **declarations)) if one.code.startswith("VNS600")]


@pytest.mark.parametrize("case", CASES)
def test_a_rule_that_decides_nothing_is_told_with_those_because_of_which(case: str) -> None:
    code, severity, useless, by, broken, mended = CASES[case]
    [finding] = found(STANDING, nsg("g", *broken))
    assert (finding.code, finding.severity) == (code, severity)
    assert finding.place.endswith(f"/securityRules/{useless}")
    assert [identity.name for identity in finding.involved] == by
    assert f"g/{useless} (" in finding.message and "Inbound" in finding.message and finding.hint
    assert all(name in finding.message for name in by)
    assert found(STANDING, nsg("g", *mended)) == []


def test_a_tag_counts_as_what_it_holds_on_the_subnets_of_the_group() -> None:
    rules = (
        rule("inside", 100, "Inbound", "Deny", sourceAddressPrefix="VirtualNetwork"),
        rule("own", 200, "Inbound", "Allow", sourceAddressPrefix="10.0.7.0/24"),
    )
    assert [one.code for one in found(STANDING, nsg("g", *rules))] == ["VNS6001"]
    assert found(nsg("g", *rules)) == [], "it stands nowhere, so the tag may hold anything"
    elsewhere = vnet("w", "10.9.0.0/16", {"s": subnet("10.9.0.0/24", nsg="g")})
    assert found(STANDING, elsewhere, nsg("g", *rules)) == [], "in the other network it decides"
    routed = vnet("w", "10.9.0.0/16", {"s": subnet("10.9.0.0/24", nsg="g", table="t")})
    default = table("t", {"all": "0.0.0.0/0 -> Internet"})
    assert [one.code for one in found(STANDING, routed, default, nsg("g", *rules))] == ["VNS6001"]


def test_an_address_that_nobody_can_resolve_shadows_nothing() -> None:
    unknown = rule("unknown", 100, "Inbound", "Deny", sourceAddressPrefix="NoSuchTag")
    assert found(STANDING, nsg("g", unknown, rule("web", 200, "Inbound", "Allow", **WEB))) == []


def test_rules_for_the_platform_and_for_bastion_are_left_alone() -> None:
    everything = rule("all", 100, "Outbound", "Deny")
    names = rule("names", 200, "Outbound", "Deny", destinationAddressPrefix="AzurePlatformDNS")
    assert found(STANDING, nsg("g", everything, names)) == [], "the platform asks for rules of its tag only"
    probes = rule("probes", 100, "Inbound", "Allow", sourceAddressPrefix="AzureLoadBalancer")
    assert [one.code for one in found(STANDING, nsg("g", probes))] == ["VNS6002"]
    bastion = vnet("v", "10.0.0.0/16", {"AzureBastionSubnet": subnet("10.0.0.0/26", nsg="g")})
    assert found(bastion, nsg("g", probes)) == []


def test_an_application_group_without_members_makes_a_rule_of_no_packets() -> None:
    group = resource("applicationSecurityGroups", "asg")
    named = rule("r", 100, "Inbound", "Allow", sourceApplicationSecurityGroups=[{"id": str(group.id)}])
    assert [one.code for one in found(STANDING, group, nsg("g", named))] == ["VNS6003"]
    member = nic("n", "v/s", "10.0.0.9", asgs=["asg"])
    outside = rule("r", 100, "Inbound", "Deny", sourceApplicationSecurityGroups=[{"id": str(group.id)}])
    assert found(STANDING, group, member, nsg("g", outside)) == []


CONFIGURATION = "securityAdminConfigurations/c"


def manager(*collections: tuple[str, list[Json]], groups: dict[str, list[str]]) -> Resource:
    """A network manager with one collection for each group of virtual networks."""
    identity = rid("networkManagers", "m")
    return resource(
        "networkManagers",
        "m",
        networkGroups=[
            {
                "id": f"{identity}/networkGroups/{name}",
                "staticMembers": [
                    {
                        "id": f"{identity}/networkGroups/{name}/staticMembers/{held}",
                        "resourceId": str(rid("virtualNetworks", held)),
                    }
                    for held in members
                ],
            }
            for name, members in groups.items()
        ],
        securityAdminConfigurations=[
            {
                "id": f"{identity}/{CONFIGURATION}",
                "ruleCollections": [
                    {
                        "id": f"{identity}/{CONFIGURATION}/ruleCollections/{group}",
                        "appliesToGroups": [{"networkGroupId": f"{identity}/networkGroups/{group}"}],
                        "rules": [
                            held | {"id": f"{identity}/{CONFIGURATION}/ruleCollections/{group}/rules/{held['name']}"}
                            for held in rules
                        ],
                    }
                    for group, rules in collections
                ],
            }
        ],
    )


def admin(name: str, priority: int, access: str, port: str = "0-65535") -> Json:
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": access,
            "protocol": "Tcp",
            "destinationPortRanges": [port],
        },
    }


def test_an_admin_rule_is_useless_only_where_it_is_so_in_every_network_it_reaches() -> None:
    one, two = vnet("a", "10.0.0.0/16", {"s": "10.0.0.0/24"}), vnet("b", "10.1.0.0/16", {"s": "10.1.0.0/24"})
    deployed = {"deployments": {"westeurope": (rid("networkManagers", "m").child("securityAdminConfigurations", "c"),)}}
    early, late = ("first", [admin("all", 10, "Deny")]), ("both", [admin("ssh", 20, "AlwaysAllow", "22")])
    [finding] = found(one, two, manager(early, late, groups={"first": ["a"], "both": ["a"]}), **deployed)
    assert (finding.code, finding.severity, finding.involved[0].name) == ("VNS6001", "warning", "all")
    assert finding.message.startswith("c/ssh (20), Inbound: this AlwaysAllow is never reached: c/all (10) Deny")
    assert found(one, two, manager(early, late, groups={"first": ["a"], "both": ["a", "b"]}), **deployed) == []


def test_an_admin_allow_is_needed_only_as_a_shield_from_a_denial() -> None:
    one = vnet("a", "10.0.0.0/16", {"s": "10.0.0.0/24"})
    deployed = {"deployments": {"westeurope": (rid("networkManagers", "m").child("securityAdminConfigurations", "c"),)}}
    allow, deny = admin("web", 10, "Allow", "80"), admin("all", 20, "Deny")
    assert found(one, manager(("g", [allow, deny]), groups={"g": ["a"]}), **deployed) == []
    [finding] = found(one, manager(("g", [allow]), groups={"g": ["a"]}), **deployed)
    assert (finding.code, finding.involved) == ("VNS6002", ())


def firewall(*collections: tuple[str, int, str, list[Json]], application: bool = False) -> Resource:
    held = [
        {"name": name, "properties": {"priority": priority, "action": {"type": action}, "rules": rules}}
        for name, priority, action, rules in collections
    ]
    web = {
        "name": "web",
        "sourceAddresses": ["*"],
        "protocols": [{"protocolType": "Https", "port": 443}],
        "targetFqdns": ["*"],
    }
    others = [{"name": "app", "properties": {"priority": 900, "action": {"type": "Allow"}, "rules": [web]}}]
    return resource(
        "azureFirewalls",
        "fw",
        networkRuleCollections=held,
        applicationRuleCollections=others if application else [],
    )


def flow(name: str, destination: str, port: str = "*") -> Json:
    return {
        "name": name,
        "protocols": ["TCP"],
        "sourceAddresses": ["*"],
        "destinationAddresses": [destination],
        "destinationPorts": [port],
    }


def test_rules_of_a_firewall_are_asked_by_collection() -> None:
    deny, allow = [flow("no", "10.0.0.0/8")], [flow("yes", "10.1.0.0/16", "443")]
    [finding] = found(firewall(("late", 200, "Allow", allow), ("early", 100, "Deny", deny)))
    assert (finding.code, finding.severity) == ("VNS6001", "warning")
    assert "late/yes (200): this Allow is never reached: early/no (100) Deny" in finding.message
    assert found(firewall(("late", 90, "Allow", allow), ("early", 100, "Deny", deny), application=True)) == []


def test_a_firewall_denies_at_the_end_unless_application_rules_may_allow() -> None:
    deny = [flow("no", "10.0.0.0/8")]
    assert [one.code for one in found(firewall(("early", 100, "Deny", deny)))] == ["VNS6002"]
    assert found(firewall(("early", 100, "Deny", deny), application=True)) == []
