"""The oracle's routes and peerings against cases worked out by hand from SEMANTICS 3 and pitfalls 6, 9, 10 of 8."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from tests.oracle.arm import arm_id, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.packet_walk import judge
from tests.oracle.questions import effective_next_hop
from tests.oracle.worlds import CLIENT, TCP, allow_everything, hub_and_spokes, one_vnet, reason


# --- routes and peering (pitfalls 6, 9, 10) ---------------------------------------------------------------------------
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


# --- on premises ------------------------------------------------------------------------------------------------------
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
