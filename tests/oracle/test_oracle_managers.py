"""Network managers against cases worked out by hand from SEMANTICS 2 and 9 and ORDER 5, 6, 11."""

from __future__ import annotations

import pytest

from tests.oracle.arm import admin_rule, arm_id, nsg_rule, subnet_id
from tests.oracle.builder import Builder
from tests.oracle.worlds import CLIENT, ESP, allow_everything, hub_and_spokes, one_vnet, reason, rules


def islands(count: int = 3, *, overlap: bool = False, nsg: str | None = "n", **fields: object) -> Builder:
    """VNets without peerings, 10.1/16, 10.2/16 … each with one NIC; a manager of all of them."""
    world = Builder()
    world.nsg("n")
    for at in range(1, count + 1):
        space = 2 if overlap and at == 3 else at
        world.vnet(f"v{at}", [f"10.{space}.0.0/16"], {"s": {"prefixes": f"10.{space}.0.0/24", "nsg": nsg, **fields}})
        world.nic(f"nic{at}", f"v{at}", "s", f"10.{space}.0.{3 + at}")
    world.manager("m", [f"v{at}" for at in range(1, count + 1)], [])
    return world


GROUP = f"{arm_id('networkManagers', 'm')}/networkGroups/all"


# --- connected groups -------------------------------------------------------------------------------------------------
def test_a_mesh_connects_its_members() -> None:
    world = islands()
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "NSG_DEFAULT_DENY"
    world.connect("m", "mesh", GROUP)
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "DELIVERED"
    assert rules(world.snapshot(), "10.1.0.4", "10.2.0.5") == [
        "nic1 Outbound ALLOW AllowVnetOutBound",
        "nic2 Inbound ALLOW AllowVnetInBound",
    ]


def test_a_mesh_is_regional_unless_it_is_global() -> None:
    for is_global, expected in ((False, "NSG_DEFAULT_DENY"), (True, "DELIVERED")):
        world = islands()
        world.vnet("v2", ["10.2.0.0/16"], {"s": {"prefixes": "10.2.0.0/24", "nsg": "n"}}, location="northeurope")
        world.connect("m", "mesh", GROUP, is_global=is_global, regions=["westeurope", "northeurope"])
        assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == expected


def test_a_mesh_that_may_be_deployed() -> None:
    world = islands(nsg=None)
    world.connect("m", "mesh", GROUP)
    world.deployments = None
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "CONNECTIVITY_DEPLOYMENT_UNKNOWN"
    world.deployments = {}
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "ROUTE_NONE"


def test_a_range_of_two_members_is_dropped() -> None:
    world = islands(overlap=True)
    world.connect("m", "mesh", GROUP)
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "CONNECTED_GROUP_OVERLAP"
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.6") == "CONNECTED_GROUP_OVERLAP"
    world.peer("v1", "v2")
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "DELIVERED"  # peering beats the group


def test_hub_and_spoke_makes_peerings() -> None:
    world = islands()
    world.group("m", "spokes", [arm_id("virtualNetworks", name) for name in ("v2", "v3")])
    spokes = f"{arm_id('networkManagers', 'm')}/networkGroups/spokes"
    world.connect("m", "hub", spokes, hub="v1", direct=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.5") == "DELIVERED"
    assert reason(world.snapshot(), "10.2.0.5", "10.1.0.4") == "DELIVERED"
    assert reason(world.snapshot(), "10.2.0.5", "10.3.0.6") == "NSG_DEFAULT_DENY"
    world.connect("m", "direct", spokes, hub="v1")
    assert reason(world.snapshot(), "10.2.0.5", "10.3.0.6") == "DELIVERED"


# --- routing configurations -------------------------------------------------------------------------------------------
def test_routing_rules_are_user_routes_and_the_table_wins() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip="198.51.100.1")
    world.manager("m", ["spoke1"], [])
    world.route_group("m", "rc", GROUP, {f"{CLIENT}/32": "NoNextHop", "0.0.0.0/0": "NoNextHop"})
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "ROUTE_NONE"
    assert reason(world.snapshot(), "10.1.0.4", "8.8.8.8") == "DELIVERED"  # the table has 0/0 already
    assert reason(world.snapshot(), "10.2.0.4", CLIENT) == "DELIVERED"  # no member


def test_routing_rules_of_a_group_of_subnets() -> None:
    world = one_vnet()
    world.manager("m", [], [])
    group = world.group("m", "subnets", [subnet_id("v", "b")])
    world.route_group("m", "rc", group, {"0.0.0.0/0": "NoNextHop"}, regions=["northeurope"])
    assert reason(world.snapshot(), "10.1.1.4", CLIENT) == "DELIVERED"  # not deployed in its region
    world.deploy(f"{arm_id('networkManagers', 'm')}/routingConfigurations/rc", ["westeurope"])
    assert reason(world.snapshot(), "10.1.1.4", CLIENT) == "ROUTE_NONE"
    assert reason(world.snapshot(), "10.1.0.4", CLIENT) == "DELIVERED"


# --- several managers -------------------------------------------------------------------------------------------------
def two_managers(**scopes: str) -> Builder:
    world = one_vnet()
    world.manager("high", ["v"], [admin_rule("allow", 10, "Allow", "Inbound")], management_group=scopes["high"])
    world.manager("low", ["v"], [admin_rule("deny", 1, "Deny", "Inbound")], management_group=scopes["low"])
    world.management_groups = {"child": "root"}
    return world


def test_the_higher_scope_is_asked_first() -> None:
    assert reason(two_managers(high="root", low="child").snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(two_managers(high="child", low="root").snapshot(), "10.1.0.4", "10.1.1.4") == "ADMIN_RULE_DENY"


def test_whether_an_allow_keeps_lower_managers_out_is_an_assumption() -> None:
    world = two_managers(high="root", low="child")
    world.assumptions["first_manager_decides"] = "false"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "ADMIN_RULE_DENY"


def test_subnets_of_application_gateways_are_exempt_unless_isolated() -> None:
    for isolated, expected in (((False,), "DELIVERED"), ((True,), "ADMIN_RULE_DENY"), ((True, False), "DELIVERED")):
        world = one_vnet()
        world.manager("m", ["v"], [admin_rule("deny", 1, "Deny", "Inbound")])
        for at, held in enumerate(isolated):
            world.application_gateway(f"agw{at}", "v", "b", isolated=held)
        assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == expected


# --- assumptions ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("value", "expected"), [("true", "NSG_RULE_DENY"), ("false", "DELIVERED")])
def test_whether_any_protocol_is_every_protocol(value: str, expected: str) -> None:
    """Rules that Azure adds itself keep matching every protocol."""
    world = one_vnet(nsg="n")
    world.nsg("n", nsg_rule("none", 100, "Deny", "Inbound"))
    world.assumptions["any_protocol_is_every_protocol"] = value
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 0, ESP) == expected
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NSG_RULE_DENY"


@pytest.mark.parametrize(("value", "expected"), [("true", "DELIVERED"), ("false", "NSG_DEFAULT_DENY")])
def test_whether_a_default_route_widens_virtual_network(value: str, expected: str) -> None:
    world = hub_and_spokes(nsg="n")
    world.nsg("n")
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    world.assumptions["default_route_in_virtual_network"] = value
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == expected


def test_whether_on_premises_is_in_internet_too() -> None:
    world = hub_and_spokes(nsg="n")
    world.route_table("rt", {})
    world.nsg("n", nsg_rule("no", 100, "Deny", "Outbound", destination="Internet"))
    world.gateway("gw", "hub", learned=["198.51.100.0/24"])
    assert reason(world.snapshot(), "10.1.0.4", "198.51.100.7") == "NSG_RULE_DENY"
    world.assumptions["on_premises_in_internet"] = "false"
    assert reason(world.snapshot(), "10.1.0.4", "198.51.100.7") == "DELIVERED"


def test_whether_routes_to_tags_leave_internet() -> None:
    world = one_vnet(nsg="n", rt="r")
    world.nsg("n")
    world.service_tags["MyTag"] = (f"{CLIENT}/32",)
    world.route_table("r", {"MyTag": "Internet"})
    assert reason(world.snapshot(), "10.1.1.4", CLIENT) == "DELIVERED"
    world.assumptions["tag_routes_leave_internet"] = "true"
    assert reason(world.snapshot(), "10.1.1.4", CLIENT) == "NSG_DEFAULT_DENY"
    assert reason(world.snapshot(), "10.1.1.4", "8.8.8.8") == "DELIVERED"


def test_whether_forwarded_traffic_is_enforced() -> None:
    world = hub_and_spokes(forwarded=False)
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything())
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "PEERING_FORWARDED_BLOCKED"
    world.assumptions["forwarded_traffic_enforced"] = "false"
    assert reason(world.snapshot(), "10.1.0.4", "10.2.0.4") == "DELIVERED"


def test_whether_vnet_local_reaches_peers() -> None:
    world = hub_and_spokes()
    world.nic("nic-hub", "hub", "nva", "10.0.2.4")
    world.route_table("rt", {"10.0.0.0/16": "VnetLocal"})
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "DELIVERED"
    world.assumptions["vnet_local_route_reaches_peers"] = "false"
    assert reason(world.snapshot(), "10.1.0.4", "10.0.2.4") == "ROUTE_MISSING"


def test_whether_the_groups_of_an_appliance_see_what_it_forwards() -> None:
    world = Builder()
    world.route_table("r", {"10.1.0.0/24": "10.1.2.4", "10.1.1.0/24": "10.1.2.4"})
    subnets = {name: {"prefixes": f"10.1.{at}.0/24", "rt": "r"} for at, name in enumerate("ab")}
    world.vnet("v", ["10.1.0.0/16"], {**subnets, "nva": "10.1.2.0/24"})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    world.nsg("n", nsg_rule("no", 100, "Deny", "Inbound", source="10.1.0.4"))
    world.nic("nva", "v", "nva", "10.1.2.4", forwarding=True, nsg="n")
    world.appliance("nva")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "NSG_RULE_DENY"
    world.assumptions["appliance_filters_see_transit"] = "false"
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4") == [
        "nic-a Outbound ALLOW -",
        "nva Inbound ALLOW -",
        "nva Outbound ALLOW -",
        "nic-b Inbound ALLOW -",
    ]
    world.manager("m", ["v"], [admin_rule("deny", 1, "Deny", "Inbound", sources=["10.1.0.4"])])
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4")[-1] == "nva Inbound DENY deny"


# --- services in subnets of their own ---------------------------------------------------------------------------------
def test_managed_services_hold_their_subnet() -> None:
    world = one_vnet()
    world.vnet("w", ["10.2.0.0/16"], {"AzureBastionSubnet": "10.2.0.0/26"})
    world.peer("v", "w")
    assert reason(world.snapshot(), "10.2.0.7", "10.1.0.4") == "SOURCE_NOT_IN_EXPORT"
    world.bastion("bas", "w")
    assert rules(world.snapshot(), "10.2.0.7", "10.1.0.4") == ["bas Outbound ALLOW -", "nic-a Inbound ALLOW -"]


def test_a_routing_appliance_forwards_without_state_or_translation() -> None:
    world = hub_and_spokes()
    world.vnet("hub", ["10.0.0.0/16"], {"VirtualNetworkApplianceSubnet": "10.0.1.0/26"})
    for number in (1, 2):
        world.link("hub", f"spoke{number}")
    world.routing_appliance("ra", "hub", "10.0.1.4")
    assert rules(world.snapshot(), "10.1.0.4", "10.2.0.4") == [
        "nic1 Outbound ALLOW -",
        "ra Inbound ALLOW -",
        "ra Outbound ALLOW -",
        "nic2 Inbound ALLOW -",
    ]
