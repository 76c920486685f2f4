"""Appliances, firewalls and the Internet: cases worked out by hand from SEMANTICS 3.5-3.7 and pitfalls 11, 12 of 8."""

from __future__ import annotations

import pytest

from simulator.azure.snapshot import Snapshot
from tests.oracle.arm import appliance_rule, arm_id, collection, network_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.packet_walk import judge
from tests.oracle.worlds import CLIENT, ICMP, TCP, UDP, allow_everything, hub_and_spokes, one_vnet, reason, rules


# --- appliances -------------------------------------------------------------------------------------------------------
def with_nva(**facts: object) -> Builder:
    """a and b, each routed to the other by an NVA at 10.1.2.4."""
    world = Builder()
    world.route_table("r", {"10.1.0.0/24": "10.1.2.4", "10.1.1.0/24": "10.1.2.4", "0.0.0.0/0": "10.1.2.4"})
    world.vnet(
        "v",
        ["10.1.0.0/16"],
        {
            "a": {"prefixes": "10.1.0.0/24", "rt": "r"},
            "b": {"prefixes": "10.1.1.0/24", "rt": "r"},
            "nva": {"prefixes": "10.1.2.0/24"},
        },
    )
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    world.nic("nva", "v", "nva", "10.1.2.4", forwarding=True)
    world.appliance("nva", **facts)
    return world


def test_an_appliance_forwards() -> None:
    assert rules(with_nva().snapshot(), "10.1.0.4", "10.1.1.4") == [
        "nic-a Outbound ALLOW -",
        "nva Inbound ALLOW -",
        "nva Outbound ALLOW -",
        "nic-b Inbound ALLOW -",
    ]
    # a's own subnet is in the route too: neighbours talk through the appliance.
    assert judge(with_nva().snapshot(), "10.1.0.4", "10.1.2.4", TCP, 1, 1).path == ("nic-a", "nva")


def test_an_appliance_needs_the_flag_the_declaration_and_the_will() -> None:
    assert reason(with_nva(forwards=False).snapshot(), "10.1.0.4", "10.1.1.4") == "APPLIANCE_DOES_NOT_FORWARD"
    world = with_nva()
    world.appliances.clear()
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "APPLIANCE_NOT_DECLARED"
    world.nic("nva", "v", "nva", "10.1.2.4")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NVA_IP_FORWARDING_OFF"


def test_the_group_of_an_appliance_sees_the_original_addresses() -> None:
    world = with_nva()
    world.nsg("n", nsg_rule("a-b", 100, "Deny", "Inbound", source="10.1.0.4", destination="10.1.1.4"))
    world.nic("nva", "v", "nva", "10.1.2.4", forwarding=True, nsg="n")
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nva Inbound DENY a-b"
    # Transit to the Internet hits the default denial of the appliance's inbound side.
    assert rules(world.snapshot(), "10.1.0.4", CLIENT)[-1] == "nva Inbound DENY DenyAllInBound"


def test_an_appliances_own_rules() -> None:
    own = (appliance_rule("web", "Allow", protocol="Tcp", destination_ports=("443",)),)
    assert reason(with_nva(rules=own).snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(with_nva(rules=own).snapshot(), "10.1.0.4", "10.1.1.4", 80) == "APPLIANCE_RULE_DENY"


def test_state_and_translation_of_an_appliance() -> None:
    world = with_nva()
    world.vnet("w", ["10.2.0.0/16"], {"c": "10.2.0.0/24"})
    world.peer("v", "w")
    world.nic("nic-c", "w", "c", "10.2.0.4")
    world.route_table("r", {"10.2.0.0/16": "10.1.2.4"})
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "ASYMMETRIC_RETURN"  # c answers directly
    world.appliance("nva", stateful=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"
    world.appliance("nva", snat="all")
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"  # c answers the appliance


def test_an_appliance_in_the_subnet_whose_route_points_at_it_loops() -> None:
    world = with_nva()
    properties = world.json[arm_id("virtualNetworks", "v")]["properties"]
    properties["subnets"][2]["properties"]["routeTable"] = {"id": arm_id("routeTables", "r")}
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "ROUTING_LOOP"


def test_firewall_policy_order() -> None:
    def policies(*own: dict[str, object]) -> Snapshot:
        world = hub_and_spokes()
        world.policy("parent", {500: [collection("p", 900, "Deny", network_rule("ssh", ports=["22"]))]})
        world.policy("child", {100: list(own)}, base="parent")
        world.firewall("fw", "hub", "10.0.1.4", policy="child")
        return world.snapshot()

    everything = collection("all", 100, "Allow", network_rule("any"))
    first = collection("first", 99, "Deny", network_rule("web", ports=["443"], protocols=["TCP"]))
    assert reason(policies(everything), "10.1.0.4", "10.2.0.4", 22) == "FIREWALL_RULE_DENY"  # the parent first
    assert reason(policies(everything), "10.1.0.4", "10.2.0.4", 443) == "DELIVERED"
    assert reason(policies(everything, first), "10.1.0.4", "10.2.0.4", 443) == "FIREWALL_RULE_DENY"
    assert reason(policies(), "10.1.0.4", "10.2.0.4", 443) == "FIREWALL_DEFAULT_DENY"
    web = {"name": "web", "ruleType": "ApplicationRule", "sourceAddresses": ["*"], "targetFqdns": ["example.com"]}
    application = collection("app", 100, "Allow", web)
    assert reason(policies(application), "10.1.0.4", "10.2.0.4", 443) == "FIREWALL_APPLICATION_RULES"
    assert reason(policies(application), "10.1.0.4", "10.2.0.4", 443, UDP) == "FIREWALL_DEFAULT_DENY"


def test_a_policy_whose_parent_is_missing() -> None:
    world = hub_and_spokes()
    world.policy("child", {100: allow_everything()}, base="gone")
    world.firewall("fw", "hub", "10.0.1.4", policy="child")
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "FIREWALL_POLICY_NOT_IN_EXPORT"


def test_through_the_firewall_to_the_internet() -> None:
    world = hub_and_spokes(defaultOutboundAccess=False)
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip="198.51.100.1")
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "DELIVERED"
    assert reason(world.snapshot(), CLIENT, "198.51.100.1") == "FIREWALL_DEFAULT_DENY"


# --- the Internet (pitfalls 11, 12) -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("subnet", "nic", "protocol", "port", "expected"),
    [
        ({}, {}, TCP, 443, "DELIVERED"),
        ({}, {}, ICMP, 0, "NO_OUTBOUND_METHOD"),
        ({}, {}, TCP, 25, "SMTP_OFFER_UNKNOWN"),
        ({"defaultOutboundAccess": False}, {}, TCP, 443, "NO_OUTBOUND_METHOD"),
        ({"defaultOutboundAccess": False}, {"public_ip": "198.51.100.5"}, ICMP, 0, "DELIVERED"),
        ({"defaultOutboundAccess": False, "nat": "ng"}, {}, TCP, 443, "DELIVERED"),
        ({"nat": "ng"}, {}, ICMP, 0, "NO_OUTBOUND_METHOD"),
        ({"nat": "ng"}, {"public_ip": "198.51.100.5"}, ICMP, 0, "DELIVERED"),
        ({}, {"pools": ["lb/pool"]}, TCP, 443, "LOAD_BALANCER_NOT_IN_EXPORT"),
        ({"nat": "ng"}, {"pools": ["lb/pool"]}, TCP, 443, "DELIVERED"),
        ({}, {"pools": ["lb/pool"], "public_ip": "198.51.100.5"}, TCP, 443, "DELIVERED"),
    ],
)
def test_what_carries_a_packet_out(
    subnet: dict[str, object], nic: dict[str, object], protocol: int, port: int, expected: str
) -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"a": {"prefixes": "10.1.0.0/24", **subnet}})
    world.nic("one", "v", "a", "10.1.0.4", **nic)  # type: ignore[arg-type]
    assert reason(world.snapshot(), "10.1.0.4", CLIENT, port, protocol) == expected


def test_in_through_a_public_address() -> None:
    world = one_vnet(nsg="n")
    world.nsg("n", nsg_rule("web", 100, "Allow", "Inbound", destination="10.1.1.9", source="Internet", ports="443"))
    world.nic("std", "v", "b", "10.1.1.9", public_ip="198.51.100.5")
    world.nic("bare", "v", "a", "10.1.0.9", public_ip="198.51.100.6")
    world.nic("basic", "v", "a", "10.1.0.10", public_ip="198.51.100.7", public_sku="Basic")
    world.nic("pool", "v", "a", "10.1.0.11", pools=["lb/pool"])
    snapshot = world.snapshot()
    assert reason(snapshot, CLIENT, "198.51.100.5") == "DELIVERED"  # the group sees the private address
    assert reason(snapshot, CLIENT, "10.1.1.9") == "DELIVERED"
    assert reason(snapshot, CLIENT, "198.51.100.5", 80) == "NSG_DEFAULT_DENY"
    assert reason(snapshot, CLIENT, "198.51.100.6") == "PUBLIC_IP_CLOSED"
    assert reason(snapshot, CLIENT, "198.51.100.7") == "DELIVERED"
    assert reason(snapshot, CLIENT, "10.1.0.4") == "NO_PUBLIC_IP"
    assert reason(snapshot, CLIENT, "10.1.1.4") == "NSG_DEFAULT_DENY"
    assert reason(snapshot, CLIENT, "10.1.0.11") == "LOAD_BALANCER_NOT_IN_EXPORT"
    assert reason(snapshot, CLIENT, "203.0.113.77") == "DESTINATION_NOT_IN_EXPORT"


def test_a_default_route_to_an_appliance_breaks_the_reply_to_the_internet() -> None:
    world = hub_and_spokes(nsg="n")
    world.nsg("n")
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip="198.51.100.1")
    world.nic("pub", "spoke1", "s", "10.1.0.9", public_ip="198.51.100.5")
    assert reason(world.snapshot(), CLIENT, "198.51.100.5") == "ASYMMETRIC_RETURN"


def test_a_service_endpoint_route() -> None:
    world = one_vnet(rt="r", serviceEndpoints=[{"service": "Microsoft.Storage"}])
    world.service_tags |= {"Storage.westeurope": ("198.51.100.0/24",), "Storage.northeurope": ("192.0.2.0/24",)}
    for hop, expected in (("Internet", "SERVICE_NOT_IN_EXPORT"), ("None", "ROUTE_NONE")):
        world.route_table("r", {"198.51.100.0/24": hop})
        assert reason(world.snapshot(), "10.1.1.4", "198.51.100.7") == expected
    world.route_table("r", {"0.0.0.0/0": "None"})
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.7") == "SERVICE_NOT_IN_EXPORT"
    assert reason(world.snapshot(), "10.1.0.4", "198.51.100.7") == "DELIVERED"
