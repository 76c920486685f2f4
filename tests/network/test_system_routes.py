"""The routes Azure adds by itself (SEMANTICS 3.1)."""

from __future__ import annotations

import pytest

from simulator.azure.snapshot import LearnedRoute
from simulator.errors import QuestionError
from simulator.network.effective_routes import effective_routes, learned_routes_unknown, routes_to_azure, subnet_routes
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from tests.network.arm import (
    codes,
    gateway,
    network,
    nic,
    nic_id,
    peering,
    resource,
    rid,
    subnet,
    subnet_id,
    table,
    vnet,
    vnet_id,
)

RESERVED = {"10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"}
GATEWAY = rid("virtualNetworkGateways", "gw")


def rows(held: Network, path: str, kind: str) -> list[EffectiveRoute]:
    return [row for row in subnet_routes(held, subnet_id(path)) if row.next_hop_type == kind]


def prefixes(held: Network, path: str, kind: str, state: str = "Active") -> set[str]:
    return {text for row in rows(held, path, kind) if row.state == state for text in row.prefixes}


def reserved(*spaces: str, routes: dict[str, str] | None = None) -> set[str]:
    held = network(
        vnet("v", list(spaces), {"s": subnet(spaces[0], table="t")}),
        table("t", routes or {}),
    )
    return prefixes(held, "v/s", "None")


def test_local_routes_are_the_address_space_not_the_subnets() -> None:
    held = network(vnet("v", ["10.0.0.0/16", "10.9.0.0/24"], {"s": "10.0.1.0/24"}))
    assert prefixes(held, "v/s", "VnetLocal") == {"10.0.0.0/16", "10.9.0.0/24"}
    assert {row.virtual_network for row in rows(held, "v/s", "VnetLocal")} == {vnet_id("v")}


def test_a_network_inside_a_reserved_block_keeps_it() -> None:
    assert reserved("10.1.0.0/16") == RESERVED


def test_a_network_that_contains_a_reserved_block_removes_it() -> None:
    assert reserved("10.0.0.0/7") == RESERVED - {"10.0.0.0/8"}


def test_a_network_equal_to_a_reserved_block_makes_it_local() -> None:
    held = network(vnet("v", "10.0.0.0/8", {"s": "10.0.0.0/24"}))
    assert prefixes(held, "v/s", "None") == RESERVED - {"10.0.0.0/8"}
    assert prefixes(held, "v/s", "VnetLocal") == {"10.0.0.0/8"}


def test_an_equal_user_route_replaces_one_reserved_block_without_trace() -> None:
    assert reserved("10.1.0.0/16", routes={"r": "10.0.0.0/8 -> 10.1.0.4"}) == RESERVED - {"10.0.0.0/8"}


def test_a_users_default_route_removes_all_reserved_blocks_and_invalidates_internet() -> None:
    held = network(
        vnet("v", "10.1.0.0/16", {"s": subnet("10.1.0.0/24", table="t")}), table("t", {"d": "0.0.0.0/0 -> None"})
    )
    assert [row.source for row in rows(held, "v/s", "None")] == ["User"]
    assert [row.state for row in rows(held, "v/s", "Internet")] == ["Invalid"]


def test_a_learned_default_route_removes_all_reserved_blocks_and_internet() -> None:
    held = hub_and_spoke("0.0.0.0/0")
    assert rows(held, "spoke/s", "None") == []
    assert rows(held, "spoke/s", "Internet") == []


def test_ipv6_networks_have_an_ipv6_default() -> None:
    held = network(vnet("v", ["10.0.0.0/16", "fd00::/48"], {"s": subnet(["10.0.0.0/24", "fd00::/64"])}))
    assert prefixes(held, "v/s", "Internet") == {"0.0.0.0/0", "::/0"}


def test_a_users_ipv6_default_leaves_ipv4_alone() -> None:
    held = network(
        vnet("v", ["10.0.0.0/16", "fd00::/48"], {"s": subnet(["10.0.0.0/24", "fd00::/64"], table="t")}),
        table("t", {"d": "::/0 -> None"}),
    )
    assert prefixes(held, "v/s", "Internet") == {"0.0.0.0/0"}
    assert prefixes(held, "v/s", "Internet", "Invalid") == {"::/0"}
    assert prefixes(held, "v/s", "None") >= RESERVED


# peerings


def peered(far_location: str = "westeurope", **flags: object) -> Network:
    return network(
        vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [peering("w", **flags)]),
        vnet("w", ["10.1.0.0/16", "fd01::/48"], {"a": "10.1.1.0/24", "b": "10.1.2.0/24"}, [peering("v")], far_location),
    )


def test_a_peering_routes_each_remote_prefix() -> None:
    held = peered()
    assert prefixes(held, "v/s", "VNetPeering") == {"10.1.0.0/16", "fd01::/48"}
    assert all(row.virtual_network == vnet_id("w") for row in rows(held, "v/s", "VNetPeering"))


def test_a_peering_to_another_region_is_global() -> None:
    assert prefixes(peered("eastus"), "v/s", "VNetGlobalPeering") == {"10.1.0.0/16", "fd01::/48"}


@pytest.mark.parametrize("state", ["Initiated", "Disconnected"])
def test_a_peering_that_is_not_connected_routes_nothing(state: str) -> None:
    held = peered(peeringState=state)
    assert prefixes(held, "v/s", "VNetPeering") == set()
    assert held.peerings.get((vnet_id("v"), vnet_id("w"))) is None


def test_a_peering_without_access_still_routes() -> None:
    assert prefixes(peered(allowVirtualNetworkAccess=False), "v/s", "VNetPeering") >= {"10.1.0.0/16"}


def test_the_synced_space_counts_not_the_current_one() -> None:
    held = peered(remoteAddressSpace={"addressPrefixes": ["10.1.0.0/17"]})
    assert prefixes(held, "v/s", "VNetPeering") == {"10.1.0.0/17"}


def test_a_peering_to_a_network_outside_the_export_routes_what_the_link_knows() -> None:
    link = peering("gone", remoteAddressSpace={"addressPrefixes": ["10.7.0.0/16"]})
    held = network(vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [link]))
    assert [row.virtual_network for row in rows(held, "v/s", "VNetPeering")] == [vnet_id("gone")]


def test_subnet_peering_routes_the_listed_remote_subnets_everywhere() -> None:
    held = peered(peerCompleteVnets=False, localSubnetNames=["other"], remoteSubnetNames=["B"])
    assert prefixes(held, "v/s", "VNetPeering") == {"10.1.2.0/24"}


@pytest.mark.parametrize(("value", "left"), [("None", {"10.1.0.0/16"}), ("All", set()), ("all", set())])
def test_a_route_table_can_keep_the_routes_of_peerings_out(value: str, left: set[str]) -> None:
    peers = (
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")}, [peering("w")]),
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v")]),
    )
    held = network(*peers, resource("routeTables", "t", routes=[], disablePeeringRoute=value))
    assert prefixes(held, "v/s", "VNetPeering") == left
    assert ("VNS2039" in codes(held)) == (not left)


def test_ipv6_only_peering_routes_ipv6_only() -> None:
    assert prefixes(peered(enableOnlyIPv6Peering=True), "v/s", "VNetPeering") == {"fd01::/48"}


# gateways


def hub_and_spoke(*learned: str, transit: bool = True, use: bool = True, propagation: bool = True) -> Network:
    return network(
        vnet("hub", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/27"}, [peering("spoke", allowGatewayTransit=transit)]),
        vnet("spoke", "10.1.0.0/16", {"s": subnet("10.1.0.0/24", table="t")}, [peering("hub", useRemoteGateways=use)]),
        table("t", {}, propagation=propagation),
        gateway("gw", "hub", "ExpressRoute"),
        learned_routes={GATEWAY: tuple(LearnedRoute(prefix, "10.0.0.12") for prefix in learned)} if learned else {},
    )


def test_gateway_routes_reach_the_hub_and_the_spoke() -> None:
    held = hub_and_spoke("192.168.0.0/24")
    for path in ("hub/GatewaySubnet", "spoke/s"):
        (row,) = rows(held, path, "VirtualNetworkGateway")
        assert (row.prefixes, row.next_hop_ip, row.gateway) == (("192.168.0.0/24",), "10.0.0.12", GATEWAY)


@pytest.mark.parametrize("flags", [{"transit": False}, {"use": False}, {"propagation": False}])
def test_gateway_routes_need_both_flags_and_propagation(flags: dict[str, bool]) -> None:
    assert rows(hub_and_spoke("192.168.0.0/24", **flags), "spoke/s", "VirtualNetworkGateway") == []


def test_unknown_learned_routes_are_said() -> None:
    assert learned_routes_unknown(hub_and_spoke(), subnet_id("spoke/s")) == (GATEWAY,)
    assert learned_routes_unknown(hub_and_spoke("192.168.0.0/24"), subnet_id("spoke/s")) == ()
    assert learned_routes_unknown(hub_and_spoke(propagation=False), subnet_id("spoke/s")) == ()


def test_a_hub_outside_the_export_has_unknown_routes() -> None:
    held = network(vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [peering("hub", useRemoteGateways=True)]))
    assert learned_routes_unknown(held, subnet_id("v/s")) == (vnet_id("hub"),)


def test_a_more_specific_learned_route_loses_to_peering_and_local() -> None:
    held = hub_and_spoke("10.0.4.0/24", "10.1.4.0/24", "10.0.0.0/15")
    assert prefixes(held, "spoke/s", "VirtualNetworkGateway") == {"10.0.0.0/15"}
    assert prefixes(held, "spoke/s", "VirtualNetworkGateway", "Invalid") == {"10.0.4.0/24", "10.1.4.0/24"}


# the rest


def test_a_private_endpoint_is_routed_here_and_in_direct_peers_only() -> None:
    held = network(
        vnet("a", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [peering("b")]),
        vnet("b", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("a"), peering("c")]),
        vnet("c", "10.2.0.0/16", {"s": "10.2.0.0/24"}, [peering("b")]),
        nic("pe-nic", "a/s", "10.0.0.9", private_endpoint="pe"),
    )
    assert prefixes(held, "a/s", "InterfaceEndpoint") == {"10.0.0.9/32"}
    assert prefixes(held, "b/s", "InterfaceEndpoint") == {"10.0.0.9/32"}
    assert prefixes(held, "c/s", "InterfaceEndpoint") == set()


def test_rows_print_in_azures_order_and_shape() -> None:
    held = peered()
    printed = routes_to_azure(subnet_routes(held, subnet_id("v/s")))
    assert [row["nextHopType"] for row in printed][:3] == ["VnetLocal", "VNetPeering", "VNetPeering"]
    assert printed[0] == {
        "disableBgpRoutePropagation": False,
        "source": "Default",
        "state": "Active",
        "hasBgpOverride": False,
        "addressPrefix": ["10.0.0.0/16"],
        "nextHopType": "VnetLocal",
        "nextHopIpAddress": [],
        "destinationServiceTags": [],
        "tagMap": {},
    }


def test_a_question_about_what_is_not_there_is_answered_with_the_way_out() -> None:
    held = network(vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}), nic("n", "v/s", "10.0.0.4"))
    assert effective_routes(held, nic_id("N")) == subnet_routes(held, subnet_id("v/s"))
    with pytest.raises(QuestionError, match="VNS5101"):
        effective_routes(held, nic_id("other"))
    with pytest.raises(QuestionError, match="VNS5103"):
        subnet_routes(held, subnet_id("v/other"))
