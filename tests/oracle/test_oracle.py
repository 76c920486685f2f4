"""The oracle against cases worked out by hand from SEMANTICS 1-3, 7 and the pitfalls of 8."""

from __future__ import annotations

import pytest

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from tests.oracle.builder import (
    Builder,
    admin_rule,
    appliance_rule,
    arm_id,
    collection,
    network_rule,
    nsg_rule,
)
from tests.oracle.packet_walk import judge
from tests.oracle.questions import effective_next_hop, ip_flow_verify

TCP, UDP, ICMP, ESP = 6, 17, 1, 50
CLIENT = "203.0.113.9"


def reason(snapshot: Snapshot, source: str, destination: str, port: int = 443, protocol: int = TCP) -> str:
    return judge(snapshot, source, destination, protocol, 50000, port).reason


def rules(snapshot: Snapshot, source: str, destination: str, port: int = 443, protocol: int = TCP) -> list[str]:
    """``nic direction verdict rule`` of every decision."""
    found = judge(snapshot, source, destination, protocol, 50000, port).decisions
    return [f"{d.endpoint.name} {d.direction} {d.verdict} {d.rule.name if d.rule else '-'}" for d in found]


def one_vnet(**subnet_b: object) -> Builder:
    """a (10.1.0.4, no group) and b (10.1.1.4) in two subnets of one VNet."""
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "b": {"prefixes": "10.1.1.0/24", **subnet_b}})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    return world


def hub_and_spokes(*, forwarded: bool = True, **spoke: object) -> Builder:
    """hub 10.0/16 with a firewall at 10.0.1.4, spokes 10.1/16 and 10.2/16 with 0/0 to it."""
    world = Builder()
    world.vnet(
        "hub",
        ["10.0.0.0/16"],
        {"AzureFirewallSubnet": "10.0.1.0/26", "GatewaySubnet": "10.0.0.0/24", "nva": "10.0.2.0/24"},
    )
    world.route_table("rt", {"0.0.0.0/0": "10.0.1.4"}, propagate=False)
    for number in (1, 2):
        world.vnet(
            f"spoke{number}", [f"10.{number}.0.0/16"], {"s": {"prefixes": f"10.{number}.0.0/24", "rt": "rt", **spoke}}
        )
        world.link("hub", f"spoke{number}", allowGatewayTransit=True)
        world.link(f"spoke{number}", "hub", allowForwardedTraffic=forwarded, useRemoteGateways=True)
        world.nic(f"nic{number}", f"spoke{number}", "s", f"10.{number}.0.4")
    return world


def allow_everything() -> list[dict[str, object]]:
    return [collection("all", 100, "Allow", network_rule("any"))]


# --- security groups ----------------------------------------------------------------------------------------------
def test_without_groups_everything_in_the_network_passes() -> None:
    assert rules(one_vnet().snapshot(), "10.1.0.4", "10.1.1.4") == [
        "nic-a Outbound ALLOW -",
        "nic-b Inbound ALLOW -",
    ]


def test_groups_are_asked_nic_first_outbound_and_subnet_first_inbound() -> None:
    world = Builder()
    world.nsg("n", nsg_rule("nic", 100, "Allow", "Outbound"), nsg_rule("nic-in", 100, "Allow", "Inbound"))
    world.nsg("s", nsg_rule("subnet", 100, "Allow", "Outbound"), nsg_rule("subnet-in", 100, "Deny", "Inbound"))
    world.vnet("v", ["10.1.0.0/16"], {"a": {"prefixes": "10.1.0.0/24", "nsg": "s"}})
    world.nic("one", "v", "a", "10.1.0.4", nsg="n")
    world.nic("two", "v", "a", "10.1.0.5", nsg="n")
    # The same subnet filters twice: out at the sender, in at the receiver (pitfall 3).
    assert rules(world.snapshot(), "10.1.0.4", "10.1.0.5") == [
        "one Outbound ALLOW subnet",
        "two Inbound DENY subnet-in",
    ]
    assert reason(world.snapshot(), "10.1.0.4", "10.1.0.5") == "NSG_RULE_DENY"


@pytest.mark.parametrize(
    ("port", "protocol", "decided"),
    [
        (79, TCP, "DenyAllInBound"),
        (80, TCP, "web"),
        (443, TCP, "web"),
        (90, TCP, "web"),
        (91, TCP, "DenyAllInBound"),
        (80, UDP, "DenyAllInBound"),
        (0, ICMP, "ping"),
        (0, ESP, "DenyAllInBound"),
    ],
)
def test_ports_and_protocols(port: int, protocol: int, decided: str) -> None:
    world = one_vnet(nsg="n")
    world.nsg(
        "n",
        nsg_rule("web", 100, "Allow", "Inbound", protocol="Tcp", ports=["80-90", "443"]),
        nsg_rule("ping", 110, "Allow", "Inbound", protocol="Icmp"),
        nsg_rule("no-vnet", 4096, "Deny", "Inbound", source="10.9.0.0/16"),
    )
    # The request comes from outside VirtualNetwork, to a public address, so that the defaults deny.
    world.nic("nic-c", "v", "b", "10.1.1.5", public_ip="198.51.100.5")
    assert rules(world.snapshot(), CLIENT, "198.51.100.5", port, protocol)[0].endswith(decided)


def test_lower_priority_number_first_whatever_the_order_in_the_file() -> None:
    world = one_vnet(nsg="n")
    world.nsg("n", nsg_rule("later", 200, "Allow", "Inbound"), nsg_rule("sooner", 199, "Deny", "Inbound"))
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound DENY sooner"


def test_icmp_rules_match_both_families() -> None:
    world = Builder()
    world.nsg("n", nsg_rule("ping", 100, "Allow", "Inbound", protocol="Icmp"), nsg_rule("no", 200, "Deny", "Inbound"))
    world.vnet("v", ["10.1.0.0/16", "fd00:1::/48"], {"a": {"prefixes": ["10.1.0.0/24", "fd00:1::/64"], "nsg": "n"}})
    world.nic("one", "v", "a", "10.1.0.4", "fd00:1::4")
    world.nic("two", "v", "a", "10.1.0.5", "fd00:1::5")
    assert reason(world.snapshot(), "fd00:1::4", "fd00:1::5", 0, 58) == "DELIVERED"
    assert reason(world.snapshot(), "fd00:1::4", "fd00:1::5", 443) == "NSG_RULE_DENY"


def test_a_rule_for_all_of_ipv4_does_not_match_ipv6() -> None:
    world = Builder()
    world.nsg("n", nsg_rule("v4", 100, "Deny", "Inbound", source="0.0.0.0/0"))
    world.vnet("v", ["10.1.0.0/16", "fd00:1::/48"], {"a": {"prefixes": ["10.1.0.0/24", "fd00:1::/64"], "nsg": "n"}})
    world.nic("one", "v", "a", "10.1.0.4", "fd00:1::4")
    world.nic("two", "v", "a", "10.1.0.5", "fd00:1::5")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.0.5") == "NSG_RULE_DENY"
    assert reason(world.snapshot(), "fd00:1::4", "fd00:1::5") == "DELIVERED"


def test_application_groups_name_their_members_only() -> None:
    world = one_vnet(nsg="n")
    world.asg("web")
    world.nsg(
        "n",
        nsg_rule("to-web", 100, "Allow", "Inbound", destination_asgs=["web"], destination="10.1.1.4"),
        nsg_rule("no", 200, "Deny", "Inbound"),
    )
    world.nic("nic-web", "v", "b", "10.1.1.9", asgs=["web"])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.9") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NSG_RULE_DENY"


def test_what_a_rule_names_but_nobody_explains_is_unknown() -> None:
    world = one_vnet(nsg="n")
    world.nsg(
        "n",
        nsg_rule("first", 100, "Allow", "Inbound", source="10.1.0.4", ports="22"),
        nsg_rule("tagged", 110, "Deny", "Inbound", source="NoSuchTag", ports="443"),
    )
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 22) == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 443) == "RULE_NOT_RESOLVED"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 80) == "DELIVERED"
    world.nsg("n", nsg_rule("grouped", 100, "Deny", "Inbound", source_asgs=["gone"]))
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "RULE_NOT_RESOLVED"


def test_group_or_route_table_missing_from_the_export() -> None:
    world = one_vnet(nsg="n", rt="r")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NSG_NOT_IN_EXPORT"
    assert reason(world.snapshot(), "10.1.1.4", "10.1.0.4") == "NSG_NOT_IN_EXPORT"
    world.nsg("n")
    assert reason(world.snapshot(), "10.1.1.4", "10.1.0.4") == "ROUTE_TABLE_NOT_IN_EXPORT"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "ROUTE_TABLE_NOT_IN_EXPORT"  # the reply's table


# --- service tags (pitfalls 1, 2) ---------------------------------------------------------------------------------
def test_virtual_network_holds_peers_and_user_routes_but_not_the_peers_of_peers() -> None:
    world = hub_and_spokes(nsg="n")
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    world.nsg("n")
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    # hub is a peer; the other spoke is in the tag only through the route 0/0.
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "DELIVERED"
    assert rules(world.snapshot(), "10.1.0.4", "10.2.0.4") == [
        "nic1 Outbound ALLOW AllowVnetOutBound",
        "nic2 Inbound ALLOW AllowVnetInBound",
    ]
    world.route_table("rt", {"10.2.0.0/16": "10.0.1.4"})
    assert rules(world.snapshot(), "10.1.0.4", "10.2.0.4")[-1] == "nic2 Inbound DENY DenyAllInBound"
    world.route_table("rt", {"10.9.0.0/16": "10.0.1.4"})
    assert rules(world.snapshot(), "10.1.0.4", "10.2.0.4") == ["nic1 Outbound DENY DenyAllOutBound"]


def test_virtual_network_leaves_out_a_peer_without_access() -> None:
    world = Builder()
    world.nsg("n")
    world.nsg("open", nsg_rule("all", 100, "Allow", "Inbound"), nsg_rule("all-out", 100, "Allow", "Outbound"))
    for name, octet in (("one", 1), ("two", 2)):
        world.vnet(name, [f"10.{octet}.0.0/16"], {"s": f"10.{octet}.0.0/24"})
        world.nic(f"bare-{name}", name, "s", f"10.{octet}.0.4")
        world.nic(f"default-{name}", name, "s", f"10.{octet}.0.5", nsg="n")
        world.nic(f"open-{name}", name, "s", f"10.{octet}.0.6", nsg="open")
    world.peer("one", "two", allowVirtualNetworkAccess=False)
    snapshot = world.snapshot()
    assert reason(snapshot, "10.1.0.4", "10.2.0.4") == "PEERING_ACCESS_BLOCKED"  # E3
    assert reason(snapshot, "10.1.0.5", "10.2.0.6") == "NSG_DEFAULT_DENY"
    assert reason(snapshot, "10.1.0.6", "10.2.0.5") == "NSG_DEFAULT_DENY"
    assert reason(snapshot, "10.1.0.6", "10.2.0.4") == "PEERING_ACCESS_BLOCKED"
    assert reason(snapshot, "10.1.0.6", "10.2.0.6") == "DELIVERED"


def test_a_default_route_makes_virtual_network_everything() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.nsg("n")
    world.route_table("r", {"0.0.0.0/0": "Internet"})
    world.nic("nic-p", "v", "b", "10.1.1.9", public_ip="198.51.100.5")
    assert rules(world.snapshot(), CLIENT, "198.51.100.5") == ["nic-p Inbound ALLOW AllowVnetInBound"]


def test_internet_leaves_out_public_space_that_is_in_virtual_network() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.nsg("n", nsg_rule("internet", 100, "Deny", "Outbound", destination="Internet"))
    world.route_table("r", {"198.51.100.0/24": "Internet"})
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.1") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.1.4", "203.0.113.1") == "NSG_RULE_DENY"
    world.route_table("r", {"0.0.0.0/0": "Internet"})
    assert reason(world.snapshot(), "10.1.1.4", "203.0.113.1") == "NSG_RULE_DENY"  # Q2: a default route takes nothing


def test_load_balanced_clients_keep_their_own_address() -> None:
    world = one_vnet()
    world.nsg(
        "n", nsg_rule("lb", 100, "Allow", "Inbound", source="AzureLoadBalancer"), nsg_rule("no", 110, "Deny", "Inbound")
    )
    world.nic("nic-p", "v", "b", "10.1.1.9", nsg="n", public_ip="198.51.100.5")
    assert reason(world.snapshot(), CLIENT, "198.51.100.5") == "NSG_RULE_DENY"


# --- admin rules (pitfalls 4, 5) ----------------------------------------------------------------------------------
def with_admin(access: str, direction: str = "Inbound", **deployment: object) -> Builder:
    world = one_vnet(nsg="deny")
    world.nsg("deny", nsg_rule("no", 100, "Deny", "Inbound"), nsg_rule("no-out", 100, "Deny", "Outbound"))
    world.manager("m", ["v"], [admin_rule("admin", 10, access, direction)], **deployment)  # type: ignore[arg-type]
    return world


def test_admin_actions() -> None:
    assert rules(with_admin("Deny").snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound DENY admin"
    assert rules(with_admin("AlwaysAllow").snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound ALLOW admin"
    assert rules(with_admin("Allow").snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound DENY no"
    # The bypass is for one direction only.
    assert reason(with_admin("AlwaysAllow").snapshot(), "10.1.1.4", "10.1.0.4") == "NSG_RULE_DENY"
    # Without a group the Deny still drops, and the other endpoint is asked too.
    assert reason(with_admin("Deny", "Outbound").snapshot(), "10.1.0.4", "10.1.1.4") == "ADMIN_RULE_DENY"


def test_admin_rules_apply_where_deployed() -> None:
    elsewhere = with_admin("Deny", regions=["northeurope"]).snapshot()
    assert reason(elsewhere, "10.1.0.4", "10.1.1.4") == "NSG_RULE_DENY"
    untold = with_admin("Deny")
    untold.deployments = None
    assert reason(untold.snapshot(), "10.1.0.4", "10.1.1.4") == "ADMIN_DEPLOYMENT_UNKNOWN"
    untold = with_admin("Allow")
    untold.deployments = None
    assert reason(untold.snapshot(), "10.1.0.4", "10.1.1.4") == "NSG_RULE_DENY"


def test_an_admin_allow_shields_from_later_denials() -> None:
    world = one_vnet()
    world.manager(
        "m",
        ["v"],
        [
            admin_rule("exception", 5, "Allow", "Inbound", sources=["10.1.0.4"], protocol="Tcp", ports=["443"]),
            admin_rule("block", 10, "Deny", "Inbound"),
        ],
    )
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound ALLOW exception"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 80) == "ADMIN_RULE_DENY"


def test_the_wider_scope_is_asked_first_and_ties_deny() -> None:
    world = one_vnet()
    world.manager("a", ["v"], [admin_rule("narrow", 1, "Deny", "Inbound")])
    world.manager("b", ["v"], [admin_rule("wide", 100, "AlwaysAllow", "Inbound")], management_group=True)
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound ALLOW wide"
    world = one_vnet()
    world.manager("a", ["v"], [admin_rule("yes", 1, "AlwaysAllow", "Inbound"), admin_rule("no", 1, "Deny", "Inbound")])
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nic-b Inbound DENY no"


def test_admin_rules_spare_the_subnets_of_azure_services() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "AzureBastionSubnet": "10.1.1.0/26"})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("bastion", "v", "AzureBastionSubnet", "10.1.1.4")
    world.manager("m", ["v"], [admin_rule("no", 10, "Deny", "Inbound")])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.1.4", "10.1.0.4") == "ADMIN_RULE_DENY"


def test_network_groups_as_addresses() -> None:
    world = one_vnet()
    group = arm_id("networkManagers", "m") + "/networkGroups/all"
    world.manager("m", ["v"], [admin_rule("own", 10, "Deny", "Inbound", sources=[f"group:{group}"])])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "ADMIN_RULE_DENY"
    world.manager("m", ["v"], [admin_rule("own", 10, "Deny", "Inbound", sources=["group:/gone"])])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "RULE_NOT_RESOLVED"


# --- routes and peering (pitfalls 6, 9, 10) -----------------------------------------------------------------------
def test_a_default_route_to_a_firewall_does_not_capture_the_network_or_its_peers() -> None:
    world = hub_and_spokes()
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    world.nic("nic1b", "spoke1", "s", "10.1.0.5")
    # No firewall in the export: only what is captured by 0/0 needs it.
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.0.5") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "NEXT_HOP_NOT_IN_EXPORT"


def test_reserved_none_routes_go_when_a_default_route_comes() -> None:
    world = one_vnet(rt="r")
    world.route_table("r", {"0.0.0.0/0": "Internet"})
    assert reason(world.snapshot(), "10.1.0.4", "192.168.7.7") == "ROUTE_NONE"
    assert reason(world.snapshot(), "10.1.1.4", "192.168.7.7") == "NOT_PUBLIC"


def test_peering_is_not_transitive() -> None:
    world = hub_and_spokes()
    world.route_table("rt", {})
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "ROUTE_NONE"


def test_a_user_route_wins_on_equal_and_on_longer_prefix() -> None:
    world = hub_and_spokes()
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    for prefix in ("10.0.0.0/16", "10.0.2.4/32"):
        world.route_table("rt", {prefix: "None"})
        assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "ROUTE_NONE"
    world.route_table("rt", {"10.0.0.0/15": "None"})
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "DELIVERED"


def test_a_next_hop_two_networks_away_is_unreachable() -> None:
    world = hub_and_spokes()
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    world.route_table("rt", {"0.0.0.0/0": "10.2.0.4"})
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "NEXT_HOP_UNREACHABLE"
    nic = ResourceId(arm_id("networkInterfaces", "nic1"))
    assert effective_next_hop(world.snapshot(), nic, CLIENT)[:2] == ("None", "10.2.0.4")
    assert effective_next_hop(world.snapshot(), nic, "10.0.2.4")[0] == "VNetPeering"


def test_spoke_to_spoke_through_the_firewall() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    assert judge(world.snapshot(), "10.1.0.4", "10.2.0.4", TCP, 1, 443).path == ("nic1", "fw", "nic2")
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"
    closed = hub_and_spokes(forwarded=False)
    closed.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    assert reason(closed.snapshot(), "10.1.0.4", "10.2.0.4") == "PEERING_FORWARDED_BLOCKED"


def test_the_forwarded_flag_counts_on_the_receivers_link() -> None:
    world = hub_and_spokes(forwarded=False)
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    links = world.json[arm_id("virtualNetworks", "hub")]["properties"]["virtualNetworkPeerings"]
    for link in links:
        link["properties"]["allowForwardedTraffic"] = True
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "PEERING_FORWARDED_BLOCKED"


def test_a_reply_that_misses_the_firewall_is_asymmetric() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    world.route_table("rt", {"0.0.0.0/0": "10.0.1.4", "10.0.2.0/24": "10.0.1.4"}, propagate=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "ASYMMETRIC_RETURN"
    # The other way round the reply meets a firewall that never saw the request.
    assert reason(world.snapshot(), "10.0.2.4", "10.1.0.4") == "ASYMMETRIC_RETURN"


def test_a_reply_without_a_route() -> None:
    world = one_vnet(rt="r")
    world.route_table("r", {"10.1.0.0/24": "None"})
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NO_RETURN_ROUTE"


def test_subnet_peering_lets_only_the_listed_subnets_talk() -> None:
    world = Builder()
    for name, octet in (("one", 1), ("two", 2)):
        world.vnet(name, [f"10.{octet}.0.0/16"], {"in": f"10.{octet}.0.0/24", "out": f"10.{octet}.1.0/24"})
        world.nic(f"in-{name}", name, "in", f"10.{octet}.0.4")
        world.nic(f"out-{name}", name, "out", f"10.{octet}.1.4")
    world.peer("one", "two", peerCompleteVnets=False, localSubnetNames=["in"], remoteSubnetNames=["in"])
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.1.4", "10.2.0.4") == "SUBNET_PEERING"  # the route is there all the same
    assert reason(world.snapshot(), "10.1.0.4", "10.2.1.4") == "ROUTE_NONE"


def test_places_that_are_not_in_the_export() -> None:
    world = one_vnet(nsg="n")
    world.nsg("n", nsg_rule("no", 100, "Deny", "Outbound", destination="10.1.0.99"))
    world.link("v", "gone", remoteAddressSpace={"addressPrefixes": ["10.7.0.0/16"]})
    snapshot = world.snapshot()
    assert reason(snapshot, "10.1.0.77", "10.1.0.4") == "SOURCE_NOT_IN_EXPORT"
    assert reason(snapshot, "10.6.0.4", "10.1.0.4") == "SOURCE_NOT_IN_EXPORT"
    assert reason(snapshot, "10.1.1.4", "10.1.0.77") == "DESTINATION_NOT_IN_EXPORT"
    assert reason(snapshot, "10.1.1.4", "10.1.0.99") == "NSG_RULE_DENY"  # filters are asked first
    assert reason(snapshot, "10.1.1.4", "10.7.0.4") == "PEER_NOT_IN_EXPORT"


def test_traffic_of_the_platform_is_not_judged() -> None:
    snapshot = one_vnet().snapshot()
    assert reason(snapshot, "10.1.0.4", "168.63.129.16", 53, UDP) == "PLATFORM_TRAFFIC_NOT_MODELLED"
    assert reason(snapshot, "168.63.129.16", "10.1.0.4") == "PLATFORM_TRAFFIC_NOT_MODELLED"
    assert reason(snapshot, "10.1.0.4", "169.254.169.254") == "PLATFORM_TRAFFIC_NOT_MODELLED"


# --- appliances ---------------------------------------------------------------------------------------------------
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


# --- the Internet (pitfalls 11, 12) -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("subnet", "nic", "protocol", "port", "expected"),
    [
        ({}, {}, TCP, 443, "DELIVERED"),
        ({}, {}, ICMP, 0, "NO_OUTBOUND_METHOD"),
        ({}, {}, TCP, 25, "SMTP_NOT_MODELLED"),
        ({"defaultOutboundAccess": False}, {}, TCP, 443, "NO_OUTBOUND_METHOD"),
        ({"defaultOutboundAccess": False}, {"public_ip": "198.51.100.5"}, ICMP, 0, "DELIVERED"),
        ({"defaultOutboundAccess": False, "nat": "ng"}, {}, TCP, 443, "DELIVERED"),
        ({"nat": "ng"}, {}, ICMP, 0, "NO_OUTBOUND_METHOD"),
        ({"nat": "ng"}, {"public_ip": "198.51.100.5"}, ICMP, 0, "DELIVERED"),
        ({}, {"load_balanced": True}, TCP, 443, "LOAD_BALANCER_NOT_MODELLED"),
        ({"nat": "ng"}, {"load_balanced": True}, TCP, 443, "DELIVERED"),
        ({}, {"load_balanced": True, "public_ip": "198.51.100.5"}, TCP, 443, "DELIVERED"),
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
    world.nic("pool", "v", "a", "10.1.0.11", load_balanced=True)
    snapshot = world.snapshot()
    assert reason(snapshot, CLIENT, "198.51.100.5") == "DELIVERED"  # the group sees the private address
    assert reason(snapshot, CLIENT, "10.1.1.9") == "DELIVERED"
    assert reason(snapshot, CLIENT, "198.51.100.5", 80) == "NSG_DEFAULT_DENY"
    assert reason(snapshot, CLIENT, "198.51.100.6") == "PUBLIC_IP_CLOSED"
    assert reason(snapshot, CLIENT, "198.51.100.7") == "DELIVERED"
    assert reason(snapshot, CLIENT, "10.1.0.4") == "NO_PUBLIC_IP"
    assert reason(snapshot, CLIENT, "10.1.1.4") == "NSG_DEFAULT_DENY"
    assert reason(snapshot, CLIENT, "10.1.0.11") == "LOAD_BALANCER_NOT_MODELLED"
    assert reason(snapshot, CLIENT, "203.0.113.77") == "DESTINATION_NOT_IN_EXPORT"


def test_a_default_route_to_an_appliance_breaks_the_reply_to_the_internet() -> None:
    world = hub_and_spokes(nsg="n")
    world.nsg("n")
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip="198.51.100.1")
    world.nic("pub", "spoke1", "s", "10.1.0.9", public_ip="198.51.100.5")
    assert reason(world.snapshot(), CLIENT, "198.51.100.5") == "ASYMMETRIC_RETURN"


def test_a_service_endpoint_route() -> None:
    world = one_vnet(rt="r", serviceEndpoints=[{"service": "Microsoft.Storage"}])
    world.service_tags["Storage"] = ("198.51.100.0/24",)
    world.firewall("fw", "v", "10.1.9.4")
    for hop, expected in (("Internet", "SERVICE_ENDPOINT_NOT_MODELLED"), ("None", "ROUTE_NONE")):
        world.route_table("r", {"198.51.100.0/24": hop})
        assert reason(world.snapshot(), "10.1.1.4", "198.51.100.7") == expected
    world.route_table("r", {"0.0.0.0/0": "None"})
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.7") == "SERVICE_ENDPOINT_NOT_MODELLED"
    assert reason(world.snapshot(), "10.1.0.4", "198.51.100.7") == "DELIVERED"


# --- on premises --------------------------------------------------------------------------------------------------
def with_on_premises(**gateway: object) -> Builder:
    world = hub_and_spokes()
    world.route_table("rt", {})
    world.gateway("gw", "hub", **gateway)  # type: ignore[arg-type]
    world.site("hq", "gw", "192.168.0.0/16")
    return world


def test_on_premises_and_back_by_gateway_transit() -> None:
    snapshot = with_on_premises().snapshot()
    assert judge(snapshot, "192.168.1.1", "10.1.0.4", TCP, 1, 443).path == ("gw", "nic1")
    assert reason(snapshot, "192.168.1.1", "10.1.0.4") == "DELIVERED"
    assert reason(snapshot, "10.1.0.4", "192.168.1.1") == "DELIVERED"
    assert reason(snapshot, "10.1.0.4", "192.169.1.1") == "DELIVERED"  # public after all
    assert reason(snapshot, "10.1.0.4", "172.16.0.1") == "ROUTE_NONE"


def test_without_gateway_transit() -> None:
    world = with_on_premises()
    for name in ("hub", "spoke1"):
        for link in world.json[arm_id("virtualNetworks", name)]["properties"]["virtualNetworkPeerings"]:
            link["properties"] |= {"allowGatewayTransit": False, "useRemoteGateways": False}
    assert reason(world.snapshot(), "192.168.1.1", "10.1.0.4") == "GATEWAY_TRANSIT_OFF"
    assert reason(world.snapshot(), "10.1.0.4", "192.168.1.1") == "ROUTE_NONE"


def test_unknown_gateway_routes() -> None:
    world = hub_and_spokes()
    world.gateway("gw", "hub", kind="ExpressRoute")
    world.route_table("rt", {})
    assert reason(world.snapshot(), "10.1.0.4", "192.168.1.1") == "GATEWAY_ROUTES_UNKNOWN"
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "DELIVERED"
    world.route_table("rt", {}, propagate=False)
    assert reason(world.snapshot(), "10.1.0.4", "192.168.1.1") == "ROUTE_NONE"


def test_a_gateway_subnet_route_to_the_firewall_keeps_the_path_symmetric() -> None:
    world = with_on_premises()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    world.route_table("rt", {"0.0.0.0/0": "10.0.1.4"}, propagate=False)
    assert reason(world.snapshot(), "192.168.1.1", "10.1.0.4") == "ASYMMETRIC_RETURN"
    world.route_table("rt-gw", {"10.1.0.0/16": "10.0.1.4"})
    subnets = world.json[arm_id("virtualNetworks", "hub")]["properties"]["subnets"]
    subnets[1]["properties"]["routeTable"] = {"id": arm_id("routeTables", "rt-gw")}
    assert reason(world.snapshot(), "192.168.1.1", "10.1.0.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "192.168.1.1") == "DELIVERED"


def test_a_learned_default_route_forces_the_tunnel() -> None:
    world = with_on_premises(kind="ExpressRoute", learned=["0.0.0.0/0"])
    world.nic("pub", "spoke1", "s", "10.1.0.9", public_ip="198.51.100.5", public_sku="Basic")
    assert judge(world.snapshot(), "10.1.0.4", CLIENT, TCP, 1, 443).path == ("nic1", "gw")
    assert reason(world.snapshot(), CLIENT, "198.51.100.5") == "ASYMMETRIC_RETURN"


def test_vnet_and_peer_beat_a_longer_learned_route() -> None:
    world = with_on_premises(learned=["10.1.0.4/32", "10.0.2.4/32", "192.168.0.0/16"])
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    world.nic("nic1b", "spoke1", "s", "10.1.0.5")
    assert reason(world.snapshot(), "10.1.0.5", "10.1.0.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "DELIVERED"


# --- private endpoints and the two questions ----------------------------------------------------------------------
def test_private_endpoints_are_not_judged() -> None:
    world = one_vnet()
    world.nic("pe", "v", "b", "10.1.1.9", privateEndpoint={"id": arm_id("privateEndpoints", "pe")})
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.9") == "PRIVATE_ENDPOINT_NOT_MODELLED"
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.9") == ["nic-a Outbound ALLOW -"]


def test_ip_flow_verify_asks_the_filters_only() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.route_table("r", {"0.0.0.0/0": "None"})
    world.nsg("n", nsg_rule("no-ssh", 100, "Deny", "Inbound", ports="22"))
    nic = ResourceId(arm_id("networkInterfaces", "nic-b"))
    access, rule = ip_flow_verify(world.snapshot(), nic, "Inbound", TCP, "10.1.1.4", 22, "10.1.0.4", 50000)
    assert (access, rule and rule.name) == ("Deny", "no-ssh")
    access, rule = ip_flow_verify(world.snapshot(), nic, "Outbound", TCP, "10.1.1.4", 50000, CLIENT, 22)
    assert (access, rule and rule.name) == ("Allow", "AllowVnetOutBound")
