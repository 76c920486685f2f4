"""Azure Firewall's rules in decision order (SEMANTICS 3.5, E4)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, IpGroup
from simulator.azure.resource import ResourceId
from simulator.network.firewall_rules import FirewallRules, firewall_rules
from simulator.space.addresses import as_cidrs, parse_prefix
from tests.network.arm import Json, codes, network, rid, subnet_id, vnet
from tests.network.services_arm import storage

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


def app_rule(name: str, *fqdns: str, protocols: tuple[str, ...] = ("Https:443",), **fields: Any) -> Json:
    """Protocols as ``Https:443``; without a port as ``Https``."""
    held = [
        {"protocolType": one.partition(":")[0], "port": int(one.partition(":")[2] or 0) or None} for one in protocols
    ]
    return {
        "name": name,
        "ruleType": "ApplicationRule",
        "protocols": held,
        "sourceAddresses": ["10.1.0.0/16"],
        "targetFqdns": list(fqdns),
        **fields,
    }


def nat_rule(name: str, **fields: Any) -> Json:
    defaults = {"sourceAddresses": ["*"], "destinationAddresses": ["203.0.113.30"], "translatedAddress": "10.1.0.4"}
    return net_rule(name, ruleType="NatRule", **{**defaults, **fields})


def test_each_type_is_a_list_of_its_own() -> None:
    found = rules_of(
        firewall("p"),
        policy(
            "p",
            {
                300: [collection("late", 100, app_rule("app-late", "*"), action="Deny")],
                100: [
                    collection("app", 100, app_rule("app", "*")),
                    collection("nat", 300, nat_rule("dnat"), action="DNAT"),
                    collection("net", 200, net_rule("net")),
                ],
            },
            base="parent",
        ),
        policy("parent", {900: [collection("app", 100, app_rule("app-parent", "*"))]}),
    )
    assert names(found) == ["net"]
    assert [rule.name for rule in found.application_rules] == ["app-parent", "app", "app-late"]
    assert [rule.action for rule in found.application_rules] == ["Allow", "Allow", "Deny"]
    assert [held.rule.name for held in found.dnat_rules] == ["dnat"]


TRANSLATIONS: list[tuple[Json, str | None, int | None]] = [
    ({"translatedPort": "8443"}, "10.1.0.4", 8443),
    ({}, "10.1.0.4", None),
    ({"translatedPort": "no port"}, "10.1.0.4", None),
    ({"translatedAddress": None, "translatedFqdn": "app.example.com"}, "10.1.0.9", None),
    ({"translatedAddress": None, "translatedFqdn": "APP.example.com."}, "10.1.0.9", None),
    ({"translatedAddress": None, "translatedFqdn": "two.example.com"}, None, None),
    ({"translatedAddress": None, "translatedFqdn": "gone.example.com"}, None, None),
    ({"translatedAddress": "no address"}, None, None),
]


@pytest.mark.parametrize(("fields", "address", "port"), TRANSLATIONS)
def test_what_a_dnat_rule_translates_to(fields: Json, address: str | None, port: int | None) -> None:
    declared = {"app.example.com": ("10.1.0.9",), "two.example.com": ("10.1.0.9", "10.1.0.11")}
    resources = (firewall("p"), policy("p", {1: [collection("c", 1, nat_rule("r", **fields), action="DNAT")]}))
    (held,) = firewall_rules(network(HUB, *resources, names=declared), FIREWALL).dnat_rules
    assert (held.translated_address, held.translated_port) == (address, port)
    assert (held.rule.protocols, held.rule.destination_ports) == ((6,), ((443, 443),))
    assert held.rule.destinations.prefixes == (parse_prefix("203.0.113.30"),)


STORAGE = storage("st01")
NAMES = {
    "updates.example.com": ("203.0.113.9", "203.0.113.10"),
    "www.example.com": ("203.0.113.11",),
    "shop.example.com": ("203.0.113.11",),
}
TARGETS: list[tuple[Json, list[str], list[str]]] = [
    # rule, addresses that match for certain, what may match
    (app_rule("r", "updates.example.com"), ["203.0.113.9/32", "203.0.113.10/32"], []),
    (app_rule("r", "UPDATES.example.com"), ["203.0.113.9/32", "203.0.113.10/32"], []),
    (app_rule("r", "gone.example.com"), [], ["gone.example.com"]),
    (app_rule("r", "www.example.com", "shop.example.com", "gone.com"), ["203.0.113.11/32"], ["gone.com"]),
    (app_rule("r", "*.example.com"), ["203.0.113.9/32", "203.0.113.10/31"], ["*.example.com"]),
    (app_rule("r", "www.example.com"), [], ["www.example.com, which shares its address"]),
    (app_rule("r", "www.example.com", "shop.example.com"), ["203.0.113.11/32"], []),
    (app_rule("r", "*"), ["0.0.0.0/0"], []),
    (app_rule("r", "st01.blob.core.windows.net"), ["20.60.26.10/32"], []),
    (app_rule("r", "*.blob.core.windows.net"), ["20.60.26.10/32"], ["*.blob.core.windows.net"]),
    (app_rule("r", "st02.blob.core.windows.net"), [], ["st02.blob.core.windows.net"]),
    (app_rule("r", fqdnTags=["WindowsUpdate"]), [], ["WindowsUpdate"]),
    (app_rule("r", webCategories=["News"]), [], ["News"]),
    (app_rule("r"), [], ["no name given"]),
    (app_rule("r", "*", protocols=()), [], ["*"]),
    (app_rule("r", destinationAddresses=["203.0.113.0/24"]), ["203.0.113.0/24"], []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "certain", "open_names"), TARGETS)
def test_the_addresses_of_an_application_rule(rule: Json, certain: list[str], open_names: list[str]) -> None:
    resources = (STORAGE, firewall("p"), policy("p", {1: [collection("c", 1, rule)]}))
    held = network(HUB, *resources, names=NAMES, service_addresses={STORAGE.id: ("20.60.26.10",)})
    (found,) = firewall_rules(held, FIREWALL).application_rules
    ipv4 = [prefix for prefix in found.destinations.prefixes if prefix.is_ipv4]
    assert (as_cidrs(ipv4), list(found.destinations.unresolved)) == (certain, open_names)
    assert (found.protocols, found.sources.prefixes) == ((6,), (parse_prefix("10.1.0.0/16"),))


def test_a_declared_name_replaces_the_other_names_of_a_service_at_its_address() -> None:
    rule = app_rule("r", "st01.dfs.core.windows.net")
    resources = (STORAGE, firewall("p"), policy("p", {1: [collection("c", 1, rule)]}))
    declared = {"st01.blob.core.windows.net": ("20.60.26.10",)}
    held = network(HUB, *resources, names=declared, service_addresses={STORAGE.id: ("20.60.26.10", "20.60.26.11")})
    (found,) = firewall_rules(held, FIREWALL).application_rules
    assert as_cidrs(found.destinations.prefixes) == ["20.60.26.11/32"]


PORTS: list[tuple[tuple[str, ...], list[tuple[int, int]]]] = [
    (("Https:8443", "Http:80", "Http:80"), [(8443, 8443), (80, 80)]),
    (("Http", "Https", "Mssql"), [(80, 80), (443, 443), (1433, 1433)]),
    ((), [(0, 65535)]),
    (("Ftp",), [(0, 65535)]),
]


@pytest.mark.parametrize(("protocols", "ports"), PORTS)
def test_the_ports_of_an_application_rule(protocols: tuple[str, ...], ports: list[tuple[int, int]]) -> None:
    resources = (firewall("p"), policy("p", {1: [collection("c", 1, app_rule("r", "*", protocols=protocols))]}))
    (found,) = rules_of(*resources).application_rules
    assert list(found.destination_ports) == ports


def test_names_of_a_network_rule_are_what_dns_says() -> None:
    rule = net_rule("r", destinationAddresses=[], destinationFqdns=["www.example.com", "gone.example.com"])
    resources = (firewall("p"), policy("p", {1: [collection("c", 1, rule)]}))
    held = network(HUB, *resources, names=NAMES)
    (found,) = firewall_rules(held, FIREWALL).rules
    assert as_cidrs(found.destinations.prefixes) == ["203.0.113.11/32"]
    assert found.destinations.unresolved == ("gone.example.com",)


INTELLIGENCE = [("Deny", None, True), (None, "Deny", True), ("Alert", "Off", False), (None, None, False)]


@pytest.mark.parametrize(("own", "parents", "denies"), INTELLIGENCE)
def test_threat_intelligence_denies_where_any_policy_says_so(own: str, parents: str, denies: bool) -> None:
    parent, child = policy("parent", {}, threatIntelMode=parents), policy("p", {}, base="parent", threatIntelMode=own)
    assert rules_of(firewall("p"), parent, child).threat_intel_denies == denies
    assert rules_of(firewall(threatIntelMode=own)).threat_intel_denies == (own == "Deny")


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
    assert [held.name for held in found.application_rules] == ["web"]
    assert [held.rule.name for held in found.dnat_rules] == ["dnat"]
    assert found.is_complete
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
