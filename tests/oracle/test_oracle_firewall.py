"""DNAT, application rules, private endpoints behind firewalls: by hand from SEMANTICS 3.4, 3.5, E4 and ORDER 13."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.arm import application_rule, collection, dnat_rule, network_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.worlds import CLIENT, ICMP, UDP, allow_everything, hub_and_spokes, one_vnet, reason, rules

PUBLIC = "198.51.100.1"


def behind_dnat(*dnat: dict[str, Any], **fields: Any) -> Builder:
    """PUBLIC:443 → 10.1.0.4:8443 behind a firewall of a hub, unless `dnat` says otherwise."""
    world = hub_and_spokes()
    translations = dnat or (dnat_rule("web", PUBLIC, "443", "10.1.0.4", "8443"),)
    nat = [collection("nat", 100, "Dnat", *translations, is_nat=True)]
    world.firewall("fw", "hub", "10.0.1.4", public_ip=[PUBLIC, "198.51.100.2"], nat_collections=nat, **fields)
    return world


# --- DNAT -------------------------------------------------------------------------------------------------------------
def test_a_match_is_translated_and_needs_no_network_rule() -> None:
    assert reason(behind_dnat().snapshot(), CLIENT, PUBLIC) == "DELIVERED"
    assert reason(behind_dnat().snapshot(), CLIENT, PUBLIC, 80) == "FIREWALL_DEFAULT_DENY"
    assert reason(behind_dnat().snapshot(), CLIENT, "198.51.100.2") == "FIREWALL_DEFAULT_DENY"
    assert rules(behind_dnat().snapshot(), CLIENT, PUBLIC) == ["nic1 Inbound ALLOW -"]


def test_the_target_sees_the_firewall() -> None:
    world = behind_dnat()
    allow = nsg_rule("fw", 100, "Allow", "Inbound", source="10.0.1.4", destination="10.1.0.4", ports="8443")
    world.nsg("n", allow, nsg_rule("rest", 200, "Deny", "Inbound"))
    world.nic("nic1", "spoke1", "s", "10.1.0.4", nsg="n")
    assert reason(world.snapshot(), CLIENT, PUBLIC) == "DELIVERED"


def test_a_network_denial_beats_dnat_only_if_it_is_said_so() -> None:
    denials = [
        collection("d", 100, "Deny", network_rule("no", sources=[f"{CLIENT}/32"], destinations=["10.1.0.4"])),
        *allow_everything(),
    ]
    world = behind_dnat(network_collections=denials)
    assert reason(world.snapshot(), CLIENT, PUBLIC) == "DELIVERED"
    world.assumptions["dnat_implicit_allow_overridable"] = "true"
    assert reason(world.snapshot(), CLIENT, PUBLIC) == "FIREWALL_RULE_DENY"
    assert reason(world.snapshot(), "8.8.8.8", PUBLIC) == "DELIVERED"
    bare = behind_dnat()
    bare.assumptions["dnat_implicit_allow_overridable"] = "true"
    assert reason(bare.snapshot(), CLIENT, PUBLIC) == "DELIVERED"  # no denial, and none is needed to allow


def test_dnat_to_a_name_and_from_an_unknown_tag() -> None:
    by_name = dnat_rule("web", PUBLIC, "443", None)
    assert reason(behind_dnat(by_name).snapshot(), CLIENT, PUBLIC) == "RULE_NOT_RESOLVED"
    unknown = dnat_rule("web", PUBLIC, "443", "10.1.0.4", sources=["NoSuchTag"])
    assert reason(behind_dnat(unknown).snapshot(), CLIENT, PUBLIC) == "RULE_NOT_RESOLVED"


def test_dnat_from_inside_by_the_private_address() -> None:
    world = behind_dnat(dnat_rule("web", "10.0.1.4", "443", "10.2.0.4", "8443"))
    assert reason(world.snapshot(), "10.1.0.4", "10.0.1.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.0.1.4", 80) == "FIREWALL_DEFAULT_DENY"
    assert reason(world.snapshot(), "10.1.0.4", PUBLIC) == "FIREWALL_DEFAULT_DENY"  # by 0/0, in transit


def test_dnat_without_a_policy() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", public_ip=PUBLIC, policy="gone")
    assert reason(world.snapshot(), CLIENT, PUBLIC) == "FIREWALL_POLICY_NOT_IN_EXPORT"


def test_the_reply_of_a_translated_flow_leaves_at_its_firewall() -> None:
    world = behind_dnat()
    subnets = {"AzureFirewallSubnet": {"prefixes": "10.0.1.0/26", "rt": "fw"}, "GatewaySubnet": "10.0.0.0/24"}
    world.vnet("hub", ["10.0.0.0/16"], subnets)
    for number in (1, 2):
        world.link("hub", f"spoke{number}", allowGatewayTransit=True)
    world.gateway("gw", "hub", learned=["0.0.0.0/0", "192.168.0.0/16"])
    for routes, expected in (({"0.0.0.0/0": "Internet"}, "DELIVERED"), ({}, "ASYMMETRIC_RETURN")):
        world.route_table("fw", routes)
        assert reason(world.snapshot(), CLIENT, PUBLIC) == expected


# --- application rules ------------------------------------------------------------------------------------------------
def with_application(*collections: dict[str, Any], network: tuple[dict[str, Any], ...] = ()) -> Builder:
    world = hub_and_spokes()
    world.firewall(
        "fw",
        "hub",
        "10.0.1.4",
        public_ip=PUBLIC,
        network_collections=list(network),
        application_collections=list(collections),
    )
    return world


@pytest.mark.parametrize(
    ("action", "names", "port", "protocol", "expected"),
    [
        ("Allow", ["*"], 443, 6, "DELIVERED"),
        ("Allow", ["*"], 80, 6, "DELIVERED"),
        ("Allow", ["*"], 8080, 6, "FIREWALL_DEFAULT_DENY"),
        ("Allow", ["*"], 443, UDP, "FIREWALL_DEFAULT_DENY"),
        ("Allow", ["*"], 0, ICMP, "FIREWALL_DEFAULT_DENY"),
        ("Deny", ["*"], 443, 6, "FIREWALL_RULE_DENY"),
        ("Allow", ["a.example"], 443, 6, "FIREWALL_APPLICATION_RULES"),
        ("Allow", ["known.example"], 443, 6, "DELIVERED"),
        ("Allow", ["other.example"], 443, 6, "FIREWALL_DEFAULT_DENY"),
    ],
)
def test_application_rules(action: str, names: list[str], port: int, protocol: int, expected: str) -> None:
    world = with_application(collection("app", 100, action, application_rule("web", names=names)))
    world.names = {"known.example": (CLIENT,), "other.example": ("203.0.113.99",)}
    assert reason(world.snapshot(), "10.1.0.4", CLIENT, port, protocol) == expected


def test_network_rules_are_asked_first_whatever_the_priorities() -> None:
    application = collection("app", 100, "Allow", application_rule("web"))
    deny = collection("net", 60000, "Deny", network_rule("web", ports=["443"]))
    assert reason(with_application(application, network=(deny,)).snapshot(), "10.1.0.4", CLIENT) == "FIREWALL_RULE_DENY"


def test_application_rules_always_translate() -> None:
    """Spoke 2 answers the firewall directly, so its own routes do not matter; with a network rule they do."""
    application = collection("app", 100, "Allow", application_rule("web"))
    for world, expected in (
        (with_application(application), "DELIVERED"),
        (with_application(network=tuple(allow_everything())), "NO_RETURN_ROUTE"),
    ):
        world.route_table("none", {"10.1.0.0/16": "None"})
        world.vnet("spoke2", ["10.2.0.0/16"], {"s": {"prefixes": "10.2.0.0/24", "rt": "none"}})
        world.link("spoke2", "hub", allowForwardedTraffic=True, useRemoteGateways=True)
        assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == expected


# --- threat intelligence ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("mode", "known"), [("Deny", "FIREWALL_THREAT_INTELLIGENCE"), ("Alert", "DELIVERED")])
def test_threat_intelligence_may_know_any_public_address(mode: str, known: str) -> None:
    world = hub_and_spokes()
    world.policy("p", {100: allow_everything()}, threat_intel=mode)
    world.firewall("fw", "hub", "10.0.1.4", public_ip=PUBLIC, policy="p", threat_intel="Deny")
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "DELIVERED"
    world.assumptions["threat_intelligence_matches"] = "true"
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == known
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"  # no public address


# --- names in network rules -------------------------------------------------------------------------------------------
def test_network_rules_by_name() -> None:
    for names, expected in (
        ({}, "RULE_NOT_RESOLVED"),
        ({"a.example": (CLIENT,)}, "DELIVERED"),
        ({"a.example": ("203.0.113.99",)}, "FIREWALL_DEFAULT_DENY"),
    ):
        rule = network_rule("by-name", destinations=[], destinationFqdns=["a.example"])
        world = with_application(network=(collection("net", 100, "Allow", rule),))
        world.names = dict(names)
        assert reason(world.snapshot(), "10.1.0.4", CLIENT) == expected


# --- private endpoints ------------------------------------------------------------------------------------------------
def with_private_endpoint(policy: str | None = None, status: str = "Approved", **fields: Any) -> Builder:
    """A private endpoint at 10.1.1.9 beside b; a in another subnet of the VNet."""
    world = one_vnet(privateEndpointNetworkPolicies=policy, **fields)
    service = world.service("storage", "st", "198.51.100.7", access="Disabled")
    world.private_endpoint("pe", "v", "b", "10.1.1.9", service, status=status)
    return world


def test_the_connection_must_be_approved() -> None:
    assert reason(with_private_endpoint().snapshot(), "10.1.0.4", "10.1.1.9") == "DELIVERED"
    assert rules(with_private_endpoint().snapshot(), "10.1.0.4", "10.1.1.9") == ["nic-a Outbound ALLOW -"]
    pending = with_private_endpoint(status="Pending")
    assert reason(pending.snapshot(), "10.1.0.4", "10.1.1.9") == "PRIVATE_ENDPOINT_NOT_APPROVED"
    pending.remove("privateEndpoints", "pe")
    assert reason(pending.snapshot(), "10.1.0.4", "10.1.1.9") == "PRIVATE_ENDPOINT_NOT_IN_EXPORT"
    assert reason(pending.snapshot(), "10.1.1.9", "10.1.0.4") == "NO_SENDER"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, "DELIVERED"),
        ("Disabled", "DELIVERED"),
        ("RouteTableEnabled", "DELIVERED"),
        ("NetworkSecurityGroupEnabled", "NSG_RULE_DENY"),
        ("Enabled", "NSG_RULE_DENY"),
    ],
)
def test_the_policy_says_whether_the_group_filters(policy: str | None, expected: str) -> None:
    world = with_private_endpoint(policy, nsg="n")
    world.nsg("n", nsg_rule("no", 100, "Deny", "Inbound", destination="10.1.1.9", source_ports="1-2"))
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.9") == expected  # whatever the source port


@pytest.mark.parametrize(
    ("policy", "route", "hop", "expected"),
    [
        ("Disabled", "10.1.0.0/16", "None", "DELIVERED"),
        ("Disabled", "10.1.1.9/32", "None", "ROUTE_NONE"),
        ("Enabled", "10.1.0.0/16", "10.1.9.9", "NEXT_HOP_NOT_IN_EXPORT"),
        ("RouteTableEnabled", "10.1.1.0/24", "10.1.9.9", "NEXT_HOP_NOT_IN_EXPORT"),
        ("RouteTableEnabled", "10.0.0.0/8", "10.1.9.9", "DELIVERED"),
        ("RouteTableEnabled", "0.0.0.0/0", "10.1.9.9", "DELIVERED"),
        ("Enabled", "10.1.1.0/24", "None", "DELIVERED"),
        ("NetworkSecurityGroupEnabled", "10.1.1.0/24", "10.1.9.9", "DELIVERED"),
    ],
)
def test_the_prefix_length_test(policy: str, route: str, hop: str, expected: str) -> None:
    world = with_private_endpoint(policy)
    world.route_table("r", {route: hop})
    subnets = {"a": {"prefixes": "10.1.0.0/24", "rt": "r"}}
    subnets["b"] = {"prefixes": "10.1.1.0/24", "privateEndpointNetworkPolicies": policy}
    world.vnet("v", ["10.1.0.0/16"], subnets)
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.9") == expected


def test_the_reply_of_a_private_endpoint_ignores_user_routes() -> None:
    world = hub_and_spokes()
    service = world.service("vault", "kv", "198.51.100.7")
    world.private_endpoint("pe", "spoke2", "s", "10.2.0.9", service)
    world.private_endpoint("pe-hub", "hub", "nva", "10.0.2.9", service)
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip=PUBLIC)
    # Spoke 2 is no peer of spoke 1, so 0/0 captures it; its endpoint has no route back to spoke 1 of its own.
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.9") == "NO_RETURN_ROUTE"
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.9") == "DELIVERED"
    world.route_table("rt", {"0.0.0.0/0": "10.0.1.4", "10.0.2.9/32": "10.0.1.4"}, propagate=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.9") == "ASYMMETRIC_RETURN"
    world.firewall(
        "fw",
        "hub",
        "10.0.1.4",
        application_collections=[collection("app", 100, "Allow", application_rule("web"))],
        public_ip=PUBLIC,
    )
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.9") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.9") == "DELIVERED"
