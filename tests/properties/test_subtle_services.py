"""Small networks with services, balancers and managers on which walk and oracle once differed."""

from __future__ import annotations

import pytest

from simulator.walk.reasons import REASONS as WALK
from tests.oracle.arm import arm_id, collection, dnat_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.judgement import REASONS, verdict_of
from tests.oracle.packet_walk import Oracle
from tests.properties.test_walk_equals_oracle import assert_same

SERVICE, CLIENT = "198.51.100.7", "203.0.113.9"
MANAGER = arm_id("networkManagers", "m")


def reason(world: Builder, source: str, destination: str, port: int = 443, protocol: int = 6) -> str:
    """What both say."""
    snapshot = world.snapshot()
    flow = (source, destination, 50000, port, protocol)
    assert_same(snapshot, [flow])
    return Oracle(snapshot).judge_flow(flow).reason


def test_both_have_the_same_reasons_with_the_same_verdicts() -> None:
    assert {reason.code: reason.verdict.name for reason in WALK} == {code: verdict_of(code) for code in REASONS}


def islands(*names: str, **location: str) -> Builder:
    """10.1/16, 10.2/16 … without peerings, each with one NIC; a manager of them all."""
    world = Builder()
    for at, name in enumerate(names, start=1):
        region = location.get(name, "westeurope")
        world.vnet(name, [f"10.{at}.0.0/16"], {"s": f"10.{at}.0.0/24", "t": f"10.{at}.1.0/24"}, location=region)
        world.nic(f"nic-{name}", name, "s", f"10.{at}.0.4")
    world.manager("m", names, [])
    return world


def twin(world: Builder, name: str = "twin", location: str = "westeurope") -> None:
    """A network with the space of the first, and no peering."""
    world.vnet(name, ["10.1.0.0/16"], {"s": "10.1.0.0/24"}, location=location)
    world.nic(f"nic-{name}", name, "s", "10.1.0.9")


# --- services ---------------------------------------------------------------------------------------------------------
def test_a_service_sees_the_very_client() -> None:
    world = Builder()
    world.service("vault", "kv", SERVICE, ip_rules=[CLIENT])
    assert reason(world, CLIENT, SERVICE) == "DELIVERED"
    assert reason(world, "203.0.113.10", SERVICE) == "PAAS_FIREWALL_DENY"


@pytest.mark.parametrize(
    ("listed", "fate"), [(["203.0.113.40"], "STORAGE_IP_RULE_SAME_REGION"), (["203.0.113.99"], "PAAS_FIREWALL_DENY")]
)
def test_storage_of_the_own_region_says_so_where_the_address_is_listed(listed: list[str], fate: str) -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": {"prefixes": "10.1.0.0/24", "nat": "ng"}})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.nat_gateway("ng", "203.0.113.40")
    world.service("storage", "st", SERVICE, ip_rules=listed)
    assert reason(world, "10.1.0.4", SERVICE) == fate


@pytest.mark.parametrize(("hop", "fate"), [(None, "DELIVERED"), ("Internet", "NO_OUTBOUND_METHOD")])
def test_a_user_route_to_internet_breaks_a_private_subnet(hop: str | None, fate: str) -> None:
    world = Builder()
    private = {"prefixes": "10.1.0.0/24", "defaultOutboundAccess": False, "rt": "r"}
    bastion = {"prefixes": "10.1.1.0/24", "defaultOutboundAccess": False, "rt": "r"}
    world.vnet("v", ["10.1.0.0/16"], {"s": private, "AzureBastionSubnet": bastion})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.bastion("bas", "v")
    world.service_tags["Storage.westeurope"] = ("198.51.100.0/25",)
    world.route_table("r", {"Storage.westeurope": hop} if hop else {})
    assert reason(world, "10.1.0.4", "198.51.100.9") == fate
    assert reason(world, "10.1.1.9", "198.51.100.9") == fate  # what lives in a managed subnet too


def test_services_of_one_perimeter_reach_each_other() -> None:
    world = Builder()
    ids = [world.service("vault", f"kv{at}", f"198.51.100.{at}", access="SecuredByPerimeter") for at in (1, 2, 3)]
    world.perimeter("nsp", dict.fromkeys(ids[:2], "Enforced"))
    assert reason(world, "198.51.100.1", "198.51.100.2") == "DELIVERED"
    assert reason(world, "198.51.100.3", "198.51.100.2") == "PERIMETER_DENY"


def test_of_two_sites_with_one_space_the_one_behind_the_gateway_is_meant() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"GatewaySubnet": "10.1.0.0/24"})
    for at in (0, 1):
        world.gateway(f"gw{at}", "v", learned=["192.168.0.0/16"])
        world.site(f"site{at}", f"gw{at}", "192.168.0.0/16", internet_nat=[f"203.0.113.{at}"])
    world.service("vault", "kv", SERVICE, ip_rules=["203.0.113.1"])
    assert reason(world, "192.168.1.1", SERVICE) == "DELIVERED"


# --- load balancers and several ways ----------------------------------------------------------------------------------
def behind_public_frontend(**pool: object) -> Builder:
    world = Builder()
    world.nsg("n", nsg_rule("all", 100, "Allow", "Inbound"))
    world.vnet("v", ["10.1.0.0/16", "fd00:1::/48"], {"s": {"prefixes": ["10.1.0.0/24", "fd00:1::/64"], "nsg": "n"}})
    world.load_balancer("lb", {"fe": "198.51.100.30"}, rules=[{"port": 80}], **pool)  # type: ignore[arg-type]
    return world


def test_a_backend_by_address_is_behind_the_frontend_too() -> None:
    world = behind_public_frontend(pools={"pool": [("v", "10.1.0.4")]})
    world.nic("nic", "v", "s", "10.1.0.4")
    assert reason(world, CLIENT, "198.51.100.30", 80) == "DELIVERED"
    assert reason(world, CLIENT, "10.1.0.4", 80) == "DELIVERED"
    assert reason(world, "10.1.0.4", CLIENT) == "DELIVERED"  # by default outbound access, which it keeps


def test_an_ipv4_frontend_has_no_ipv6_backends() -> None:
    world = behind_public_frontend()
    world.nic("nic", "v", "s", "10.1.0.4", "fd00:1::4", pools=["lb/pool"])
    assert reason(world, CLIENT, "10.1.0.4", 80) == "DELIVERED"
    assert reason(world, "2600::1", "fd00:1::4", 80) == "NO_PUBLIC_IP"


def test_a_private_frontend_is_not_reached_from_outside() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": "10.1.0.0/24"})
    world.nic("nic", "v", "s", "10.1.0.4", pools=["lb/pool"])
    world.load_balancer("lb", {"fe": ("v", "s", "10.1.0.10")}, rules=[{"port": 80}])
    assert reason(world, CLIENT, "10.1.0.10", 80) == "DESTINATION_NOT_IN_EXPORT"


def with_ecmp(hops: str, **appliance: object) -> Builder:
    """10.1.1.4 replies to on-premises over `hops`."""
    world = Builder()
    subnets = {"s": "10.1.0.0/24", "t": {"prefixes": "10.1.1.0/24", "rt": "r"}, "GatewaySubnet": "10.1.9.0/24"}
    world.vnet("v", ["10.1.0.0/16"], subnets)
    world.nic("nic-s", "v", "s", "10.1.0.5")
    world.nic("nic-t", "v", "t", "10.1.1.4", forwarding=True)
    world.appliance("nic-t", stateful=False)
    world.route_table("r", {"0.0.0.0/0": hops}, propagate=False)
    world.gateway("gw", "v", learned=["192.168.0.0/16"])
    return world


def test_the_ways_of_a_reply_end_where_it_comes_round() -> None:
    assert reason(with_ecmp("10.1.0.5,10.1.1.4"), "192.168.1.1", "10.1.1.4") == "NO_RETURN_ROUTE"


def test_of_several_hops_only_those_in_reach_are_ways() -> None:
    world = Builder()
    world.vnet("hub", ["10.0.0.0/16"], {"s": "10.0.0.0/24", "other": "10.0.1.0/24"})
    world.vnet("v", ["10.1.0.0/16"], {"s": "10.1.0.0/24", "t": {"prefixes": "10.1.1.0/24", "rt": "r"}})
    for owner, remote in (("hub", "v"), ("v", "hub")):
        world.link(owner, remote, peerCompleteVnets=False, localSubnetNames=["s"], remoteSubnetNames=["s"])
    world.nic("far", "hub", "other", "10.0.1.4")
    world.nic("near", "v", "s", "10.1.0.4")
    world.nic("nic", "v", "t", "10.1.1.4")
    world.route_table("r", {"10.1.0.0/24": "10.0.1.4,10.1.0.4"})
    assert reason(world, "10.1.1.4", "10.1.0.4") == "DELIVERED"
    world.route_table("r", {"10.1.0.0/24": "10.0.1.4,10.1.0.9"})
    assert reason(world, "10.1.1.4", "10.1.0.4") == "NEXT_HOP_NOT_IN_EXPORT"  # the second may be there


# --- firewalls and gateways -------------------------------------------------------------------------------------------
def test_a_translated_packet_that_comes_back_is_in_transit() -> None:
    world = Builder()
    subnets = {"s": "10.0.0.0/24", "AzureFirewallSubnet": {"prefixes": "10.0.1.0/24", "rt": "r"}}
    world.vnet("hub", ["10.0.0.0/16"], subnets)
    world.nic("nic", "hub", "s", "10.0.0.4")
    world.route_table("r", {"10.0.0.0/24": "10.0.1.4"})
    nat = collection("nat", 100, "Dnat", dnat_rule("web", "198.51.100.1", "443", "10.0.0.4"), is_nat=True)
    world.firewall("fw", "hub", "10.0.1.4", public_ip="198.51.100.1", nat_collections=[nat])
    assert reason(world, CLIENT, "198.51.100.1") == "FIREWALL_DEFAULT_DENY"
    nothing = collection("nat", 100, "Dnat", dnat_rule("web", "198.51.100.1", "443", "10.0.0.4"), is_nat=True)
    allow = collection("net", 100, "Allow", {"name": "any", "ruleType": "NetworkRule", **ANYTHING})
    world.firewall(
        "fw", "hub", "10.0.1.4", public_ip="198.51.100.1", nat_collections=[nothing], network_collections=[allow]
    )
    assert reason(world, CLIENT, "198.51.100.1") == "ROUTING_LOOP"


ANYTHING = {
    "ipProtocols": ["Any"],
    "sourceAddresses": ["*"],
    "destinationAddresses": ["*"],
    "destinationPorts": ["*"],
}


def test_a_reply_passes_a_stateful_appliance_by_the_flow_that_it_knows() -> None:
    """It saw a's request to the firewall, not the one that the firewall sent on to b."""
    world = Builder()
    subnets = {name: {"prefixes": f"10.1.{at}.0/24", "rt": "r"} for at, name in enumerate("ab")}
    world.vnet("v", ["10.1.0.0/16"], {**subnets, "nva": "10.1.2.0/24", "AzureFirewallSubnet": "10.1.9.0/24"})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    world.nic("nva", "v", "nva", "10.1.2.4", forwarding=True)
    world.route_table("r", {"10.1.9.0/24": "10.1.2.4"})
    nat = collection("nat", 100, "Dnat", dnat_rule("web", "10.1.9.4", "443", "10.1.1.4"), is_nat=True)
    world.firewall("fw", "v", "10.1.9.4", nat_collections=[nat])
    for stateful, fate in ((True, "ASYMMETRIC_RETURN"), (False, "DELIVERED")):
        world.appliance("nva", stateful=stateful)
        assert reason(world, "10.1.0.4", "10.1.9.4") == fate


def test_a_reply_is_at_its_origin_with_the_address_of_the_origin_only() -> None:
    """b's reply to the firewall goes through a, which forwards it."""
    world = Builder()
    subnets = {"a": "10.1.0.0/24", "b": {"prefixes": "10.1.1.0/24", "rt": "r"}, "AzureFirewallSubnet": "10.1.9.0/24"}
    world.vnet("v", ["10.1.0.0/16"], subnets)
    world.nic("nic-a", "v", "a", "10.1.0.4", forwarding=True)
    world.appliance("nic-a", stateful=False)
    world.nic("nic-b", "v", "b", "10.1.1.4")
    world.route_table("r", {"10.1.9.0/24": "10.1.0.4"})
    nat = collection("nat", 100, "Dnat", dnat_rule("web", "10.1.9.4", "443", "10.1.1.4"), is_nat=True)
    world.firewall("fw", "v", "10.1.9.4", nat_collections=[nat])
    assert reason(world, "10.1.0.4", "10.1.9.4") == "DELIVERED"


def test_a_learned_default_route_of_ipv4_holds_no_ipv6() -> None:
    world = Builder()
    subnets = {"s": {"prefixes": ["10.1.0.0/24", "fd00:1::/64"], "rt": "r"}, "GatewaySubnet": "10.1.9.0/24"}
    world.vnet("v", ["10.1.0.0/16", "fd00:1::/48"], subnets)
    world.nic("nic", "v", "s", "10.1.0.4", "fd00:1::4")
    world.route_table("r", {"::/0": "VirtualNetworkGateway"})
    world.gateway("gw", "v", learned=["0.0.0.0/0"])
    assert reason(world, "fd00:1::4", "2600::1") == "ROUTE_MISSING"


# --- networks that share their space ----------------------------------------------------------------------------------
def test_a_sender_is_in_its_own_network_whoever_shares_its_space() -> None:
    world = islands("a", "b")
    world.peer("a", "b")
    twin(world)
    assert reason(world, "10.1.0.4", "10.2.0.4") == "DELIVERED"


def test_on_premises_is_told_of_the_network_with_transit() -> None:
    world = islands("a")
    world.vnet("hub", ["10.0.0.0/16"], {"GatewaySubnet": "10.0.0.0/24"})
    world.link("hub", "a", allowGatewayTransit=True)
    world.link("a", "hub", useRemoteGateways=True)
    world.gateway("gw", "hub", learned=["192.168.0.0/16"])
    twin(world)
    assert reason(world, "192.168.1.1", "10.1.0.4") == "DELIVERED"


def test_a_connected_group_leads_to_its_own_member() -> None:
    world = islands("a", "b", "c")
    twin(world, location="northeurope")
    group = world.group("m", "all-four", [arm_id("virtualNetworks", name) for name in ("a", "b", "c", "twin")])
    world.connect("m", "mesh", group, regions=["westeurope", "northeurope"])
    assert reason(world, "10.1.0.4", "10.2.0.4") == "DELIVERED"
    assert reason(world, "10.3.0.4", "10.1.0.4") == "DELIVERED"


# --- what nobody declared ---------------------------------------------------------------------------------------------
def test_an_undeclared_group_is_doubted_for_its_members_only() -> None:
    world = islands("a", "b", "c")
    group = world.group("m", "two", [arm_id("virtualNetworks", name) for name in ("a", "b")])
    world.connect("m", "mesh", group)
    world.deployments = None
    assert reason(world, "10.1.0.4", "10.2.0.4") == "CONNECTIVITY_DEPLOYMENT_UNKNOWN"
    assert reason(world, "10.1.0.4", "10.3.0.4") == "ROUTE_NONE"


def test_a_user_route_that_an_undeclared_group_could_beat() -> None:
    world = islands("a", "b")
    world.connect("m", "mesh", f"{MANAGER}/networkGroups/all")
    world.route_table("r", {"0.0.0.0/0": "None"})
    world.vnet("a", ["10.1.0.0/16"], {"s": {"prefixes": "10.1.0.0/24", "rt": "r"}})
    world.deployments = None
    assert reason(world, "10.1.0.4", "10.2.0.4") == "CONNECTIVITY_DEPLOYMENT_UNKNOWN"
    world.route_table("r", {"10.2.0.4/32": "None"})
    assert reason(world, "10.1.0.4", "10.2.0.4") == "ROUTE_NONE"


def test_a_subnet_peering_goes_before_a_group_deployed_or_not() -> None:
    world = islands("a", "b")
    for owner, remote in (("a", "b"), ("b", "a")):
        world.link(owner, remote, peerCompleteVnets=False, localSubnetNames=["s"], remoteSubnetNames=["s"])
    world.nic("left-out", "b", "t", "10.2.1.4")
    world.connect("m", "mesh", f"{MANAGER}/networkGroups/all")
    for deployments in (world.deployments, None):
        world.deployments = deployments
        assert reason(world, "10.1.0.4", "10.2.0.4") == "DELIVERED"
        assert reason(world, "10.1.0.4", "10.2.1.4") == "ROUTE_NONE"


def test_managers_take_peerings_away_and_leave_overlapping_members_out() -> None:
    world = islands("a", "b", "c")
    world.peer("a", "b")
    group = world.group("m", "two", [arm_id("virtualNetworks", name) for name in ("a", "c")])
    world.connect("m", "mesh", group, delete_existing=True)
    assert reason(world, "10.1.0.4", "10.2.0.4") == "ROUTE_NONE"
    assert reason(world, "10.1.0.4", "10.3.0.4") == "DELIVERED"
    twin(world)
    for overlap, fate in (("Allowed", "CONNECTED_GROUP_OVERLAP"), ("Disallowed", "DELIVERED")):
        other = islands("a", "b", "c")
        twin(other)
        held = other.group("m", "four", [arm_id("virtualNetworks", name) for name in ("a", "b", "twin")])
        other.connect("m", "mesh", held, overlap=overlap)
        assert reason(other, "10.2.0.4", "10.1.0.4") == fate


def test_bastion_takes_no_routing_rules() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": "10.1.0.0/24", "AzureBastionSubnet": "10.1.1.0/24"})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.bastion("bas", "v")
    world.manager("m", ["v"], [])
    world.route_group("m", "rc", f"{MANAGER}/networkGroups/all", {"10.1.0.0/24": "NoNextHop"})
    assert reason(world, "10.1.1.9", "10.1.0.4") == "DELIVERED"
