"""The oracle's filters against cases worked out by hand from SEMANTICS 1, 2 and pitfalls 1-5 of 8."""

from __future__ import annotations

import pytest

from simulator.azure.resource import ResourceId
from tests.oracle.arm import admin_rule, arm_id, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.questions import ip_flow_verify
from tests.oracle.worlds import CLIENT, ESP, ICMP, TCP, UDP, allow_everything, hub_and_spokes, one_vnet, reason, rules


# --- security groups --------------------------------------------------------------------------------------------------
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


# --- service tags (pitfalls 1, 2) -------------------------------------------------------------------------------------
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


# --- admin rules (pitfalls 4, 5) --------------------------------------------------------------------------------------
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


# --- private endpoints and the two questions --------------------------------------------------------------------------
def test_ip_flow_verify_asks_the_filters_only() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.route_table("r", {"0.0.0.0/0": "None"})
    world.nsg("n", nsg_rule("no-ssh", 100, "Deny", "Inbound", ports="22"))
    nic = ResourceId(arm_id("networkInterfaces", "nic-b"))
    access, rule = ip_flow_verify(world.snapshot(), nic, "Inbound", TCP, "10.1.1.4", 22, "10.1.0.4", 50000)
    assert (access, rule and rule.name) == ("Deny", "no-ssh")
    access, rule = ip_flow_verify(world.snapshot(), nic, "Outbound", TCP, "10.1.1.4", 50000, CLIENT, 22)
    assert (access, rule and rule.name) == ("Allow", "AllowVnetOutBound")
