"""Small networks on which walk and oracle once differed, with the answer that SEMANTICS gives."""

from __future__ import annotations

import pytest

from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.network.network import build_network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from tests.oracle.arm import admin_rule, arm_id, collection, network_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.packet_walk import Oracle


def walk_and_oracle(world: Builder, source: str, destination: str) -> tuple[str, str]:
    snapshot = world.snapshot()
    flow = (source, destination, 50000, 443, 6)
    predictions = packet_walk(DataPlane(build_network(snapshot)), Packets.of([flow]))
    return predictions[0].reason, Oracle(snapshot).judge_flow(flow).reason


def hub_with_two_spokes() -> Builder:
    """Spoke a goes by the stateless appliance of the hub; spoke b has routes of its own."""
    world = Builder()
    world.vnet("hub", ["10.0.0.0/16"], {"nva": "10.0.2.0/24", "AzureFirewallSubnet": "10.0.1.0/26"})
    for name, octet in (("a", 1), ("b", 2)):
        world.vnet(name, [f"10.{octet}.0.0/16"], {"s": {"prefixes": f"10.{octet}.0.0/24", "rt": f"rt-{name}"}})
        world.peer("hub", name, allowForwardedTraffic=True)
        world.nic(f"nic-{name}", name, "s", f"10.{octet}.0.4")
    world.nic("nva", "hub", "nva", "10.0.2.4", forwarding=True)
    world.appliance("nva", stateful=False)
    world.route_table("rt-a", {"0.0.0.0/0": "10.0.2.4"})
    return world


def test_vnet_local_reaches_no_network_that_is_not_a_peer() -> None:
    world = hub_with_two_spokes()
    world.route_table("rt-b", {"0.0.0.0/0": "VnetLocal"})
    assert walk_and_oracle(world, "10.1.0.4", "10.2.0.4") == ("NO_RETURN_ROUTE", "NO_RETURN_ROUTE")


def test_an_appliance_translates_to_its_address_of_the_packets_family() -> None:
    world = Builder()
    world.nsg("n", nsg_rule("translated", 100, "Deny", "Inbound", source="fd00:1:0:2::4"))
    subnets = {
        "a": {"prefixes": ["10.1.0.0/24", "fd00:1::/64"], "rt": "r"},
        "b": {"prefixes": ["10.1.1.0/24", "fd00:1:0:1::/64"], "nsg": "n"},
        "nva": ["10.1.2.0/24", "fd00:1:0:2::/64"],
    }
    world.vnet("v", ["10.1.0.0/16", "fd00:1::/48"], subnets)
    world.route_table("r", {"fd00:1:0:1::/64": "fd00:1:0:2::4"})
    world.nic("nic-a", "v", "a", "10.1.0.4", "fd00:1::4")
    world.nic("nic-b", "v", "b", "10.1.1.4", "fd00:1:0:1::4")
    world.nic("nva", "v", "nva", "10.1.2.4", "fd00:1:0:2::4", forwarding=True)
    world.appliance("nva", snat="all")
    assert walk_and_oracle(world, "fd00:1::4", "fd00:1:0:1::4") == ("NSG_RULE_DENY", "NSG_RULE_DENY")


def test_a_user_route_to_a_gateway_that_learned_a_default_route() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": {"prefixes": "10.1.0.0/24", "rt": "r"}, "GatewaySubnet": "10.1.9.0/24"})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.route_table("r", {"0.0.0.0/0": "VirtualNetworkGateway"}, propagate=False)
    world.gateway("gw", "v", bgp=True, learned=["0.0.0.0/0"])
    assert walk_and_oracle(world, "10.1.0.4", "203.0.113.9") == ("DELIVERED", "DELIVERED")


def test_a_declared_site_enters_by_its_own_gateway() -> None:
    world = Builder()
    for name, octet in (("a", 1), ("b", 2)):
        subnets = {"s": f"10.{octet}.0.0/24", "GatewaySubnet": f"10.{octet}.1.0/24"}
        world.vnet(name, [f"10.{octet}.0.0/16"], subnets)
        world.nic(f"nic-{name}", name, "s", f"10.{octet}.0.4")
        world.gateway(f"gw-{name}", name, bgp=True, learned=["192.168.0.0/16"])
    world.site("hq", "gw-a", "192.168.0.0/16")
    assert walk_and_oracle(world, "192.168.1.1", "10.1.0.4") == ("DELIVERED", "DELIVERED")


def test_a_missing_peer_of_unknown_space() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": "10.1.0.0/24"})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.link("v", "gone")
    assert walk_and_oracle(world, "10.1.0.4", "10.77.0.1") == ("PEER_NOT_IN_EXPORT", "PEER_NOT_IN_EXPORT")


def test_a_reply_to_a_firewall_without_policy_that_never_saw_the_request() -> None:
    world = hub_with_two_spokes()
    world.route_table("rt-b", {"0.0.0.0/0": "10.0.1.4"})
    world.firewall("fw", "hub", "10.0.1.4", policy="gone")
    assert walk_and_oracle(world, "10.1.0.4", "10.2.0.4") == ("ASYMMETRIC_RETURN", "ASYMMETRIC_RETURN")


def test_the_same_reply_to_a_firewall_with_rules() -> None:
    world = hub_with_two_spokes()
    world.route_table("rt-b", {"0.0.0.0/0": "10.0.1.4"})
    rules = [collection("all", 100, "Allow", network_rule("any"))]
    world.firewall("fw", "hub", "10.0.1.4", network_collections=rules)
    assert walk_and_oracle(world, "10.1.0.4", "10.2.0.4") == ("ASYMMETRIC_RETURN", "ASYMMETRIC_RETURN")


def two_managers(first: str, second: str, *, undeclared: str) -> Builder:
    """Manager one asks first; only `undeclared` does not say what it deploys."""
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": "10.1.0.0/24"})
    world.nic("nic-a", "v", "s", "10.1.0.4")
    world.nic("nic-b", "v", "s", "10.1.0.5")
    for name, access in (("one", first), ("two", second)):
        world.manager(name, ["v"], [admin_rule("rule", 10, access, "Inbound")])
    world.undeclared.add(ResourceId(arm_id("networkManagers", undeclared)))
    return world


@pytest.mark.parametrize(
    ("first", "second", "undeclared", "fate"),
    [
        ("Allow", "Deny", "one", "ADMIN_DEPLOYMENT_UNKNOWN"),
        ("Allow", "AlwaysAllow", "one", "ADMIN_DEPLOYMENT_UNKNOWN"),
        ("Deny", "Allow", "one", "ADMIN_DEPLOYMENT_UNKNOWN"),
        ("Allow", "Allow", "one", "DELIVERED"),
        ("Allow", "Deny", "two", "DELIVERED"),
        ("Deny", "Deny", "two", "ADMIN_RULE_DENY"),
    ],
)
def test_an_allow_that_may_not_be_deployed_does_not_hide_the_denial_behind_it(
    first: str, second: str, undeclared: str, fate: str
) -> None:
    assert walk_and_oracle(two_managers(first, second, undeclared=undeclared), "10.1.0.4", "10.1.0.5") == (fate, fate)


@pytest.mark.parametrize(
    ("outbound", "destination", "fate"),
    [
        (False, "203.0.113.9", "DELIVERED"),
        (False, "198.51.100.7", "NO_OUTBOUND_METHOD"),
        (True, "203.0.113.9", "DELIVERED"),
    ],
)
def test_a_private_subnet_may_reach_storage_of_its_own_region(outbound: bool, destination: str, fate: str) -> None:
    world = Builder()
    world.service_tags = {"Storage.WestEurope": ("203.0.113.0/24",), "Storage.NorthEurope": ("198.51.100.0/24",)}
    world.vnet("v", ["10.1.0.0/16"], {"s": {"prefixes": "10.1.0.0/24", "defaultOutboundAccess": outbound}})
    world.nic("nic-a", "v", "s", "10.1.0.4")
    assert walk_and_oracle(world, "10.1.0.4", destination) == (fate, fate)
