"""User-defined routes and how Azure chooses among routes (SEMANTICS 3.1-3.4)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import LearnedRoute
from simulator.errors import QuestionError
from simulator.network.effective_routes import NextHop, next_hop, routes_to_azure, subnet_routes
from simulator.network.graph import network_graph
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from tests.network.arm import (
    codes,
    gateway,
    network,
    nic,
    nic_id,
    peering,
    rid,
    subnet,
    subnet_id,
    table,
    table_id,
    vnet,
    vnet_id,
)

TAGS = {"Storage.westeurope": ("20.60.0.0/16", "20.61.0.0/16"), "Storage": ("20.60.0.0/15", "52.239.0.0/16")}


def routed(routes: dict[str, str], *, assumptions: dict[str, str] | None = None, **extra: Any) -> Network:
    """VNet v (10.0/16, NIC n in v/s) peered with w (10.1/16); not with x (10.2/16)."""
    return network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t", **extra)}, [peering("w")]),
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v")]),
        vnet("x", "10.2.0.0/16", {"s": "10.2.0.0/24"}),
        nic("n", "v/s", "10.0.0.4"),
        nic("nva", "w/s", "10.1.0.4"),
        table("t", routes),
        service_tags=TAGS,
        assumptions=assumptions,
    )


def user_rows(held: Network) -> list[EffectiveRoute]:
    return [row for row in subnet_routes(held, subnet_id("v/s")) if row.source == "User"]


def hop(held: Network, destination: str) -> tuple[str, str | None]:
    answer = next_hop(held, nic_id("n"), destination)
    return answer.next_hop_type, answer.next_hop_ip


def test_the_longest_prefix_wins_so_a_default_route_captures_no_peer() -> None:
    held = routed({"d": "0.0.0.0/0 -> 10.1.0.4"})
    assert hop(held, "10.1.0.9") == ("VirtualNetworkPeering", None)
    assert hop(held, "10.0.0.9") == ("VirtualNetwork", None)
    assert hop(held, "10.9.0.9") == ("VirtualAppliance", "10.1.0.4")
    assert hop(held, "8.8.8.8") == ("VirtualAppliance", "10.1.0.4")


@pytest.mark.parametrize(("prefix", "state"), [("10.0.0.0/16", "Invalid"), ("10.0.0.0/24", "Active")])
def test_an_equal_user_route_invalidates_the_local_one_and_a_longer_one_leaves_it(prefix: str, state: str) -> None:
    held = routed({"r": f"{prefix} -> 10.1.0.4"})
    (local,) = (row for row in subnet_routes(held, subnet_id("v/s")) if row.next_hop_type == "VnetLocal")
    assert local.state == state
    assert hop(held, "10.0.0.9") == ("VirtualAppliance", "10.1.0.4")


def test_an_appliance_in_a_peer_is_reachable() -> None:
    (row,) = user_rows(routed({"r": "10.2.0.0/16 -> 10.1.0.4"}))
    assert (row.is_reachable, row.virtual_network, row.route_table) == (True, vnet_id("w"), table_id("t"))


def test_an_appliance_out_of_reach_answers_none_with_its_address_and_table() -> None:
    held = routed({"r": "10.9.0.0/16 -> 10.2.0.4"})
    assert [row.is_reachable for row in user_rows(held)] == [False]
    assert next_hop(held, nic_id("n"), "10.9.0.9") == NextHop("None", "10.2.0.4", table_id("t"))


# several appliances


@pytest.mark.parametrize(
    ("addresses", "listed", "reachable", "leads_into", "issues"),
    [
        ("10.1.0.4, 10.1.0.5", ("10.1.0.4", "10.1.0.5"), True, "w", {"VNS2012"}),
        ("10.0.0.5, 10.1.0.4", ("10.0.0.5", "10.1.0.4"), True, None, {"VNS2012"}),
        ("10.1.0.4, 10.2.0.4", ("10.1.0.4", "10.2.0.4"), True, None, {"VNS2013"}),
        ("10.2.0.4, 10.2.0.5", ("10.2.0.4", "10.2.0.5"), False, None, {"VNS2013"}),
        ("10.1.0.4, 10.1.0.4", ("10.1.0.4",), True, "w", {"VNS2060"}),
        ("10.1.0.4, nva", ("10.1.0.4",), True, "w", {"VNS2018"}),
    ],
)
def test_a_route_to_several_appliances_lists_them_and_one_within_reach_is_enough(
    addresses: str, listed: tuple[str, ...], reachable: bool, leads_into: str | None, issues: set[str]
) -> None:
    held = routed({"r": f"10.9.0.0/16 -> {addresses}"})
    (row,) = user_rows(held)
    assert (row.next_hop_type, row.next_hop_ip, row.next_hop_ips) == ("VirtualApplianceEcmp", None, listed)
    assert (row.is_reachable, row.virtual_network) == (reachable, vnet_id(leads_into) if leads_into else None)
    assert hop(held, "10.9.0.9") == ("VirtualApplianceEcmp" if reachable else "None", ", ".join(listed))
    (printed,) = routes_to_azure([row])
    assert (printed["nextHopType"], printed["nextHopIpAddress"]) == ("VirtualApplianceEcmp", list(listed))
    assert codes(held) & {"VNS2012", "VNS2013", "VNS2018", "VNS2060"} == issues


def test_a_route_to_several_appliances_leads_to_each_in_the_graph() -> None:
    held = routed({"r": "10.9.0.0/16 -> 10.0.0.4, 10.1.0.4, 10.1.0.9"})
    edges = network_graph(held).out_edges(table_id("t").key, data=True)
    assert {far for _, far, data in edges if data["kind"] == "next_hop"} == {nic_id("n").key, nic_id("nva").key}


# next hops without an appliance


def test_local_user_routes_keep_what_peering_reaches() -> None:
    held = routed({"a": "10.1.0.0/24 -> VnetLocal", "b": "10.0.1.0/24 -> VnetLocal", "c": "10.0.0.0/8 -> VnetLocal"})
    assert [row.virtual_network for row in user_rows(held)] == [vnet_id("w"), vnet_id("v"), None]


def test_none_drops_and_internet_is_internet() -> None:
    held = routed({"a": "8.8.8.0/24 -> None", "b": "10.9.0.0/16 -> Internet"})
    assert next_hop(held, nic_id("n"), "8.8.8.8") == NextHop("None", None, table_id("t"))
    assert hop(held, "10.9.0.1") == ("Internet", None)


def test_a_route_without_a_match_is_none() -> None:
    assert next_hop(routed({}), nic_id("n"), "fd00::1") == NextHop("None", None, None)


def test_a_destination_that_is_no_address_is_refused() -> None:
    with pytest.raises(QuestionError, match="VNS5102"):
        next_hop(routed({}), nic_id("n"), "web")


# gateway as the next hop


def with_gateways(**kinds: str) -> Network:
    return network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t"), "GatewaySubnet": "10.0.1.0/24"}),
        table("t", {"r": "10.9.0.0/16 -> VirtualNetworkGateway"}),
        *(gateway(name, "v", kind) for name, kind in kinds.items()),
        learned_routes={rid("virtualNetworkGateways", "er"): (LearnedRoute("10.8.0.0/16"),)},
    )


@pytest.mark.parametrize(
    ("kinds", "named"),
    [({"vpn": "Vpn"}, "vpn"), ({"er": "ExpressRoute"}, None), ({"vpn": "Vpn", "er": "ExpressRoute"}, None), ({}, None)],
)
def test_a_route_to_the_gateway_means_a_vpn_gateway(kinds: dict[str, str], named: str | None) -> None:
    (row,) = user_rows(with_gateways(**kinds))
    assert (row.gateway.name if row.gateway else None, row.is_reachable) == (named, named is not None)


def test_the_same_prefix_from_expressroute_comes_before_vpn() -> None:
    learned = (LearnedRoute("192.168.0.0/24"),)
    er, vpn = rid("virtualNetworkGateways", "er"), rid("virtualNetworkGateways", "avpn")
    held = network(
        vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24", "GatewaySubnet": "10.0.1.0/24"}),
        gateway("avpn", "v", bgp=True),
        gateway("er", "v", "ExpressRoute"),
        learned_routes={er: learned, vpn: learned},
    )
    rows = [row for row in subnet_routes(held, subnet_id("v/s")) if row.gateway]
    assert [(row.gateway, row.state) for row in rows] == [(er, "Active"), (vpn, "Invalid")]


def test_user_routes_beat_learned_ones_of_the_same_prefix() -> None:
    held = network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t"), "GatewaySubnet": "10.0.1.0/24"}),
        gateway("gw", "v", bgp=True),
        table("t", {"r": "192.168.0.0/24 -> None"}),
        learned_routes={rid("virtualNetworkGateways", "gw"): (LearnedRoute("192.168.0.0/24"),)},
    )
    states = {
        row.source: row.state for row in subnet_routes(held, subnet_id("v/s")) if "192.168.0.0/24" in row.prefixes
    }
    assert states == {"User": "Active", "VirtualNetworkGateway": "Invalid"}


# service tags


def test_a_route_to_a_tag_holds_its_prefixes() -> None:
    (row,) = user_rows(routed({"r": "storage -> None"}))
    assert (row.prefixes, row.service_tag) == (("20.60.0.0/15", "52.239.0.0/16"), "storage")


def test_a_route_to_an_unknown_tag_is_a_row_without_prefixes() -> None:
    (row,) = user_rows(routed({"r": "NoSuchTag -> None"}))
    assert (row.prefixes, row.service_tag) == ((), "NoSuchTag")


def test_at_equal_prefixes_an_explicit_route_beats_a_regional_tag_beats_a_tag() -> None:
    tags = {"Storage": ("20.60.0.0/16",), "Storage.westeurope": ("20.60.0.0/16",)}
    routes = {"tag": "Storage -> None", "regional": "Storage.WestEurope -> None", "plain": "20.60.0.0/16 -> None"}
    for known in (["tag", "regional", "plain"], ["tag", "regional"], ["tag"]):
        held = network(
            vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")}),
            table("t", {name: routes[name] for name in known}),
            service_tags=tags,
        )
        assert [row.name for row in user_rows(held) if row.state == "Active"] == [known[-1]]


# service endpoints


def endpoint_network(routes: dict[str, str], *, always: bool = False) -> Network:
    storage = {"Microsoft.Storage": ["westeurope"]}
    return routed(routes, assumptions={"se_beats_udr": "true"} if always else None, endpoints=storage)


def test_a_service_endpoint_beats_a_default_route() -> None:
    held = endpoint_network({"d": "0.0.0.0/0 -> 10.1.0.4"})
    assert hop(held, "20.60.1.1") == ("VirtualNetworkServiceEndpoint", None)
    assert hop(held, "52.239.0.1") == ("VirtualAppliance", "10.1.0.4")


@pytest.mark.parametrize("prefix", ["20.60.0.0/16", "20.60.1.0/24", "Storage.WestEurope", "Storage"])
def test_a_route_of_equal_or_longer_prefix_to_an_appliance_beats_it(prefix: str) -> None:
    assert hop(endpoint_network({"r": f"{prefix} -> 10.1.0.4"}), "20.60.1.1") == ("VirtualAppliance", "10.1.0.4")


@pytest.mark.parametrize("prefix", ["20.60.0.0/16", "20.60.1.0/24", "Storage.WestEurope", "Storage"])
def test_a_route_to_internet_leaves_it_in_place(prefix: str) -> None:
    held = endpoint_network({"r": f"{prefix} -> Internet"})
    assert hop(held, "20.60.1.1") == ("VirtualNetworkServiceEndpoint", None)


def test_a_part_of_the_endpoint_may_be_overridden() -> None:
    held = endpoint_network({"r": "20.60.0.0/16 -> 10.1.0.4"})
    rows = [row for row in subnet_routes(held, subnet_id("v/s")) if row.service_tag]
    # The merged list of the tag is one /15, so that the user's /16 is longer and the row stays whole.
    assert [(row.prefixes, row.state) for row in rows] == [(("20.60.0.0/15",), "Active")]
    assert hop(held, "20.61.0.1") == ("VirtualNetworkServiceEndpoint", None)


def test_by_assumption_the_endpoint_beats_every_route() -> None:
    held = endpoint_network({"r": "20.60.1.0/24 -> 10.1.0.4"}, always=True)
    assert hop(held, "20.60.1.1") == ("VirtualNetworkServiceEndpoint", None)


# private endpoints


def private_endpoint(policy: str | None, route: str) -> str:
    held = network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")}, [peering("w")]),
        vnet("w", "10.1.0.0/16", {"pe": subnet("10.1.0.0/24", pe_policy=policy)}, [peering("v")]),
        nic("n", "v/s", "10.0.0.4"),
        nic("nva", "v/s", "10.0.0.5"),
        nic("pe-nic", "w/pe", "10.1.0.9", private_endpoint="pe"),
        table("t", {"r": route}),
    )
    return next_hop(held, nic_id("n"), "10.1.0.9").next_hop_type


@pytest.mark.parametrize(
    ("policy", "route", "kind"),
    [
        ("Enabled", "10.1.0.0/16 -> 10.0.0.5", "VirtualAppliance"),
        ("RouteTableEnabled", "10.1.0.0/24 -> 10.0.0.5", "VirtualAppliance"),
        ("Enabled", "10.1.0.0/16 -> 10.0.0.4, 10.0.0.5", "VirtualApplianceEcmp"),
        ("Enabled", "0.0.0.0/0 -> 10.0.0.5", "InterfaceEndpoint"),
        ("Enabled", "10.0.0.0/8 -> 10.0.0.5", "InterfaceEndpoint"),
        ("Enabled", "10.1.0.0/16 -> VnetLocal", "InterfaceEndpoint"),
        ("NetworkSecurityGroupEnabled", "10.1.0.0/16 -> 10.0.0.5", "InterfaceEndpoint"),
        ("Disabled", "10.1.0.0/24 -> 10.0.0.5", "InterfaceEndpoint"),
        (None, "10.1.0.0/24 -> 10.0.0.5", "InterfaceEndpoint"),
        ("Disabled", "10.1.0.9/32 -> 10.0.0.5", "VirtualAppliance"),
    ],
)
def test_when_a_user_route_takes_the_place_of_a_private_endpoint(policy: str | None, route: str, kind: str) -> None:
    assert private_endpoint(policy, route) == kind


def test_subnets_with_the_same_table_share_their_routes() -> None:
    held = network(
        vnet("v", "10.0.0.0/16", {"a": subnet("10.0.0.0/24", table="t"), "b": subnet("10.0.1.0/24", table="t")}),
        table("t", {}),
    )
    assert subnet_routes(held, subnet_id("v/a")) is subnet_routes(held, subnet_id("v/b"))


def test_a_missing_route_table_leaves_the_system_routes() -> None:
    held = network(vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="gone")}))
    assert {row.source for row in subnet_routes(held, subnet_id("v/s"))} == {"Default"}
    assert isinstance(held.subnets[subnet_id("v/s")].route_table, ResourceId)
