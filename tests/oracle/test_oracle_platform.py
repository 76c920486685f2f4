"""Traffic of the platform against cases worked out by hand from SEMANTICS 1.5, 1.6 and ORDER 1."""

from __future__ import annotations

import pytest

from simulator.azure.snapshot import Subscription
from tests.oracle.arm import admin_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.worlds import CLIENT, ICMP, TCP, UDP, allow_everything, hub_and_spokes, one_vnet, reason, rules

HOST, METADATA, KMS = "168.63.129.16", "169.254.169.254", "23.102.135.246"


def closed(*extra: dict[str, object]) -> Builder:
    """b denies everything outbound by ``*``, which platform traffic is exempt from."""
    world = one_vnet(nsg="n")
    world.nsg("n", nsg_rule("all", 4000, "Deny", "Outbound"), *extra)
    return world


@pytest.mark.parametrize(
    ("address", "port", "protocol", "expected"),
    [
        (HOST, 53, UDP, "DELIVERED"),
        (HOST, 53, TCP, "DELIVERED"),
        (HOST, 67, UDP, "DELIVERED"),
        (HOST, 80, TCP, "DELIVERED"),
        (HOST, 32526, TCP, "DELIVERED"),
        (HOST, 443, TCP, "PLATFORM_SERVICE_UNKNOWN"),
        (HOST, 67, TCP, "PLATFORM_SERVICE_UNKNOWN"),
        (METADATA, 80, TCP, "DELIVERED"),
        (METADATA, 443, TCP, "PLATFORM_SERVICE_UNKNOWN"),
        (METADATA, 53, UDP, "PLATFORM_SERVICE_UNKNOWN"),
        (HOST, 0, ICMP, "PLATFORM_SERVICE_UNKNOWN"),
    ],
)
def test_known_services_are_exempt_from_denials_by_address(
    address: str, port: int, protocol: int, expected: str
) -> None:
    assert reason(closed().snapshot(), "10.1.1.4", address, port, protocol) == expected


def test_only_a_rule_that_names_the_tag_denies() -> None:
    dns = nsg_rule("no-dns", 100, "Deny", "Outbound", destination="AzurePlatformDNS")
    assert reason(closed(dns).snapshot(), "10.1.1.4", HOST, 53, UDP) == "NSG_RULE_DENY"
    assert reason(closed(dns).snapshot(), "10.1.1.4", HOST, 67, UDP) == "DELIVERED"
    assert reason(closed(dns).snapshot(), "10.1.1.4", METADATA, 80) == "DELIVERED"
    udp = nsg_rule("no-dns", 100, "Deny", "Outbound", destination="azureplatformdns", protocol="Udp")
    assert reason(closed(udp).snapshot(), "10.1.1.4", HOST, 53, TCP) == "DELIVERED"
    other = nsg_rule("no-dns", 100, "Deny", "Outbound", destination="AzurePlatformDNS", source="10.1.0.0/24")
    assert reason(closed(other).snapshot(), "10.1.1.4", HOST, 53, TCP) == "DELIVERED"


def test_the_rule_that_let_it_pass_is_the_decision() -> None:
    allow = nsg_rule("dns", 100, "Allow", "Outbound", destination="AzurePlatformDNS")
    assert rules(closed(allow).snapshot(), "10.1.1.4", HOST, 53, UDP) == ["nic-b Outbound ALLOW dns"]
    assert rules(closed().snapshot(), "10.1.1.4", HOST, 53, UDP) == ["nic-b Outbound ALLOW -"]


def test_admin_rules_and_routes_are_not_asked() -> None:
    world = one_vnet(rt="r")
    world.route_table("r", {"0.0.0.0/0": "None"})
    world.manager("m", ["v"], [admin_rule("no", 1, "Deny", "Outbound")])
    assert reason(world.snapshot(), "10.1.1.4", HOST, 53, UDP) == "DELIVERED"
    world.nic("nic-b", "v", "b", "10.1.1.4", nsg="gone")
    assert reason(world.snapshot(), "10.1.1.4", HOST, 53, UDP) == "NSG_NOT_IN_EXPORT"


def test_who_asks_the_platform() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    world.gateway("gw", "hub", learned=["192.168.0.0/16"])
    for source, expected in (
        ("10.0.1.4", "PLATFORM_SERVICE_UNKNOWN"),
        ("192.168.1.1", "PLATFORM_SERVICE_UNKNOWN"),
        (CLIENT, "PLATFORM_SERVICE_UNKNOWN"),
        ("10.1.0.99", "SOURCE_NOT_IN_EXPORT"),
        (METADATA, "SOURCE_NOT_IN_EXPORT"),
    ):
        assert reason(world.snapshot(), source, HOST, 53, UDP) == expected


def test_probes_meet_the_filters_alone() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.route_table("r", {"0.0.0.0/0": "None"})
    world.nsg("n", nsg_rule("no-probe", 100, "Deny", "Inbound", source="AzureLoadBalancer", ports="81"))
    # The host's virtual IP is in the tag VirtualNetwork too (1.5), whose rule is asked first.
    assert rules(world.snapshot(), HOST, "10.1.1.4", 80) == ["nic-b Inbound ALLOW AllowVnetInBound"]
    assert reason(world.snapshot(), HOST, "10.1.1.4", 80) == "DELIVERED"
    assert reason(world.snapshot(), HOST, "10.1.1.4", 81) == "NSG_RULE_DENY"
    assert reason(world.snapshot(), HOST, "10.1.1.99", 80) == "DESTINATION_NOT_IN_EXPORT"
    assert reason(world.snapshot(), HOST, CLIENT, 80) == "DESTINATION_NOT_IN_EXPORT"
    world.manager("m", ["v"], [admin_rule("no", 1, "Deny", "Inbound", ports=["80"])])
    assert reason(world.snapshot(), HOST, "10.1.1.4", 80) == "ADMIN_RULE_DENY"


def test_a_firewall_is_not_probed() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    assert reason(world.snapshot(), HOST, "10.0.1.4", 80) == "DESTINATION_NOT_IN_EXPORT"


# --- activation -------------------------------------------------------------------------------------------------------
def test_activation_goes_round_the_groups_by_next_hop_internet() -> None:
    assert reason(closed().snapshot(), "10.1.1.4", KMS, 1688) == "DELIVERED"
    assert reason(closed().snapshot(), "10.1.1.4", KMS, 443) == "NSG_RULE_DENY"
    assert reason(closed().snapshot(), "10.1.1.4", KMS, 1688, UDP) == "NSG_RULE_DENY"
    named = nsg_rule("no-kms", 100, "Deny", "Outbound", destination="AzurePlatformLKM")
    assert reason(closed(named).snapshot(), "10.1.1.4", KMS, 1688) == "NSG_RULE_DENY"


def test_activation_under_forced_tunnelling_is_a_packet_like_others() -> None:
    world = closed()
    world.vnet("v", ["10.1.0.0/16"], {"b": {"prefixes": "10.1.1.0/24", "nsg": "n", "rt": "r"}})
    for hop, expected in (("None", "NSG_RULE_DENY"), ("Internet", "DELIVERED")):
        world.route_table("r", {"0.0.0.0/0": hop})
        assert reason(world.snapshot(), "10.1.1.4", KMS, 1688) == expected
    world.remove("routeTables", "r")
    assert reason(world.snapshot(), "10.1.1.4", KMS, 1688) == "NSG_RULE_DENY"


# --- SMTP -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("held", "vm", "firewall"),
    [
        (Subscription("EA"), "DELIVERED", "DELIVERED"),
        (Subscription("PAYG"), "SMTP_BLOCKED", "SMTP_BLOCKED"),
        (Subscription("CSP", allow_smtp=True), "DELIVERED", "SMTP_BLOCKED"),
        (Subscription("Free Trial"), "SMTP_BLOCKED", "SMTP_BLOCKED"),
        (Subscription("EA", allow_smtp=False), "SMTP_BLOCKED", "DELIVERED"),
        (Subscription(allow_smtp=True), "DELIVERED", "SMTP_OFFER_UNKNOWN"),
        (Subscription(), "SMTP_OFFER_UNKNOWN", "SMTP_OFFER_UNKNOWN"),
    ],
)
def test_the_offer_decides_about_port_25(held: Subscription, vm: str, firewall: str) -> None:
    direct = one_vnet()
    direct.subscriptions["*"] = held
    assert reason(direct.snapshot(), "10.1.0.4", CLIENT, 25) == vm
    tunnelled = hub_and_spokes()
    tunnelled.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip="198.51.100.1")
    tunnelled.subscriptions["00000000-0000-0000-0000-000000000001"] = held
    assert reason(tunnelled.snapshot(), "10.1.0.4", CLIENT, 25) == firewall


@pytest.mark.parametrize("protocol", [4, 47])
def test_tunnels_are_not_carried(protocol: int) -> None:
    assert reason(one_vnet().snapshot(), "10.1.0.4", "10.1.1.4", 0, protocol) == "NOT_CARRIED"


def test_multicast_is_asked_before_the_source() -> None:
    assert reason(one_vnet().snapshot(), "10.1.0.99", "224.0.0.1", 5353, UDP) == "NOT_CARRIED"
