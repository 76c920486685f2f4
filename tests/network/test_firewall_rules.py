"""Azure Firewall's network rules in decision order (SEMANTICS 3.5)."""

from __future__ import annotations

from typing import Any

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, IpGroup
from simulator.azure.resource import ResourceId
from simulator.network.firewall_rules import FirewallRules, firewall_rules
from simulator.space.addresses import as_cidrs, parse_prefix
from tests.network.arm import Json, codes, network, rid, subnet_id, vnet

FIREWALL = rid("azureFirewalls", "fw")
HUB = vnet("hub", "10.0.0.0/16", {"AzureFirewallSubnet": "10.0.1.0/26"})


def net_rule(name: str, **fields: Any) -> Json:
    defaults = {
        "ruleType": "NetworkRule",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["10.1.0.0/16"],
        "destinationAddresses": ["10.2.0.0/16"],
        "destinationPorts": ["443"],
    }
    return {"name": name, **defaults, **fields}


def collection(name: str, priority: int, *rules: Json, action: str = "Allow") -> Json:
    return {"name": name, "priority": priority, "action": {"type": action}, "rules": list(rules)}


def policy(name: str, groups: dict[int, list[Json]], base: str | None = None, **more: Any) -> FirewallPolicy:
    identity = rid("firewallPolicies", name)
    return FirewallPolicy.model_validate(
        {
            "id": str(identity),
            "basePolicy": {"id": str(rid("firewallPolicies", base))} if base else None,
            "ruleCollectionGroups": [
                {"id": f"{identity}/ruleCollectionGroups/{at}", "properties": {"priority": at, "ruleCollections": held}}
                for at, held in groups.items()
            ],
            **more,
        }
    )


def firewall(policy_name: str | None = None, **more: Any) -> AzureFirewall:
    configuration = {"name": "ip", "properties": {"subnet": {"id": str(subnet_id("hub/AzureFirewallSubnet"))}}}
    reference = {"id": str(rid("firewallPolicies", policy_name))} if policy_name else None
    return AzureFirewall.model_validate(
        {"id": str(FIREWALL), "ipConfigurations": [configuration], "firewallPolicy": reference, **more}
    )


def rules_of(*resources: Any) -> FirewallRules:
    return firewall_rules(network(HUB, *resources), FIREWALL)


def names(found: FirewallRules) -> list[str]:
    return [rule.name for rule in found.rules]


def test_parents_first_then_group_then_collection_then_rule_order() -> None:
    child = policy(
        "child",
        {
            300: [collection("c", 100, net_rule("child-300"))],
            100: [
                collection("late", 200, net_rule("child-late")),
                collection("early", 100, net_rule("child-1"), net_rule("child-2")),
            ],
        },
        base="parent",
    )
    parent = policy("parent", {900: [collection("p", 65000, net_rule("parent"), action="Deny")]})
    found = rules_of(firewall("child"), child, parent)
    assert names(found) == ["parent", "child-1", "child-2", "child-late", "child-300"]
    assert [rule.action for rule in found.rules][:2] == ["Deny", "Allow"]
    assert found.is_complete


def test_application_and_nat_rules_are_noted_not_listed() -> None:
    found = rules_of(
        firewall("p"),
        policy(
            "p",
            {
                100: [
                    collection("app", 100, {"name": "web", "ruleType": "ApplicationRule", "targetFqdns": ["x.com"]}),
                    collection("nat", 90, net_rule("dnat", ruleType="NatRule"), action="DNAT"),
                    collection("net", 200, net_rule("net")),
                ]
            },
        ),
    )
    assert (names(found), found.has_application_rules, found.has_dnat_rules) == (["net"], True, True)


def test_a_missing_parent_or_policy_is_incomplete() -> None:
    found = rules_of(firewall("p"), policy("p", {1: [collection("c", 1, net_rule("r"))]}, base="gone"))
    assert (names(found), found.is_complete) == (["r"], False)
    assert not rules_of(firewall("gone")).is_complete
    assert "VNS2020" in codes(network(HUB, firewall("gone")))


def test_policies_that_are_each_others_parent_are_incomplete() -> None:
    found = rules_of(firewall("a"), policy("a", {}, base="b"), policy("b", {}, base="a"))
    assert not found.is_complete


def test_an_unknown_firewall_is_incomplete() -> None:
    assert not firewall_rules(network(), FIREWALL).is_complete


def test_classic_collections_go_by_priority_and_a_policy_replaces_them() -> None:
    classic: dict[str, Any] = {
        "networkRuleCollections": [
            collection(
                "late",
                200,
                {"name": "late", "protocols": ["Any"], "sourceAddresses": ["*"], "destinationAddresses": ["*"]},
            ),
            collection("early", 100, net_rule("early")),
        ],
        "applicationRuleCollections": [collection("app", 100, {"name": "web", "targetFqdns": ["*"]})],
        "natRuleCollections": [collection("nat", 100, net_rule("dnat", translatedAddress="10.1.0.4"), action="Dnat")],
    }
    found = rules_of(firewall(**classic))
    assert (names(found), found.rules[1].protocols) == (["early", "late"], ())
    assert found.has_application_rules and found.has_dnat_rules and found.is_complete
    assert names(rules_of(firewall("p", **classic), policy("p", {}))) == []


def test_normal_form_of_a_rule() -> None:
    (held,) = rules_of(
        firewall("p"),
        policy(
            "p", {1: [collection("c", 7, net_rule("r", ipProtocols=["UDP", "ICMP"], destinationPorts=["53", "1-9"]))]}
        ),
    ).rules
    assert (held.protocols, held.priority) == ((1, 17, 58), 7)
    assert held.destination_ports == ((53, 53), (1, 9))
    assert held.sources.prefixes == (parse_prefix("10.1.0.0/16"),)
    assert held.id.key.endswith("/rulecollections/c/rules/r")


def test_ip_groups_and_what_cannot_be_resolved() -> None:
    held = IpGroup.model_validate(
        {"id": str(rid("ipGroups", "web")), "ipAddresses": ["10.3.0.0/24", "10.3.1.4-10.3.1.9"]}
    )
    rule = net_rule(
        "r",
        sourceAddresses=[],
        sourceIpGroups=[str(rid("ipGroups", "web")), str(rid("ipGroups", "gone"))],
        destinationAddresses=["Internet"],
        destinationFqdns=["db.example.com"],
    )
    resources = (held, firewall("p"), policy("p", {1: [collection("c", 1, rule)]}))
    (found,) = rules_of(*resources).rules
    assert len(found.sources.prefixes) == 2
    assert found.sources.unresolved == ("gone",)
    assert set(found.destinations.unresolved) == {"db.example.com", "Internet"}
    assert {"VNS2035", "VNS2036"} <= codes(network(HUB, *resources))


def test_an_unknown_protocol_leaves_the_rule_open() -> None:
    (found,) = rules_of(
        firewall("p"), policy("p", {1: [collection("c", 1, net_rule("r", ipProtocols=["SCTP"]))]})
    ).rules
    assert found.sources.unresolved == ("protocol 'sctp'",)


def test_private_ranges() -> None:
    iana = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]
    assert as_cidrs(rules_of(firewall()).private_ranges) == iana
    own = policy("p", {}, snat={"privateRanges": ["IANAPrivateRanges", "20.0.0.0/8"]})
    assert as_cidrs(rules_of(firewall("p"), own).private_ranges) == [iana[0], "20.0.0.0/8", *iana[1:]]
    listed = policy("p", {}, snat={"privateRanges": ["255.255.255.255/32"]})
    assert as_cidrs(rules_of(firewall("p"), listed).private_ranges) == ["255.255.255.255/32"]


def test_the_firewall_takes_the_first_usable_address() -> None:
    held = network(HUB, firewall())
    endpoint = held.endpoint("fw")
    assert endpoint is not None
    assert (endpoint.kind, endpoint.addresses, endpoint.name) == ("firewall", ("10.0.1.4",), "fw")
    assert "VNS2021" in codes(held)
    assert isinstance(endpoint.id, ResourceId)
