"""Routes that routing configurations write into route tables (SEMANTICS 2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource
from simulator.azure.route_table import RouteTable
from simulator.network.effective_routes import NextHop, is_propagation_disabled, next_hop, subnet_routes
from simulator.network.model import Network
from simulator.network.service_tags import virtual_network_tag
from simulator.space.addresses import parse_prefix
from tests.network.arm import (
    SUBSCRIPTION,
    Json,
    codes,
    network,
    nic,
    nic_id,
    peering,
    subnet,
    subnet_id,
    table,
    table_id,
    vnet,
)
from tests.network.managers import everywhere, manager

FIREWALL = "10.9.0.4"


def routed(*managers: NetworkManager, own: dict[str, str] | None = None, **more: Any) -> Network:
    """VNet v with subnets a and b, a with the table ``t`` if `own` gives its routes; the peer w has the firewall."""
    a: Any = subnet("10.0.0.0/24", table="t") if own is not None else "10.0.0.0/24"
    return everywhere(
        vnet("v", "10.0.0.0/16", {"a": a, "b": "10.0.1.0/24", "AzureBastionSubnet": "10.0.2.0/26"}, [peering("w")]),
        vnet("w", "10.9.0.0/16", {"s": "10.9.0.0/24"}, [peering("v")]),
        nic("n", "v/a", "10.0.0.4"),
        nic("fw", "w/s", FIREWALL),
        *([table("t", own)] if own is not None else []),
        *managers,
        **more,
    )


def routing(
    rules: dict[str, str], members: Any = ("v",), *, name: str = "m", scopes: Json | None = None, **more: Any
) -> NetworkManager:
    body = {"collections": {"g": rules}, **more}
    return manager(name, groups={"g": members}, routing={"c": body}, scopes=scopes)


def user_rows(held: Network, path: str = "v/a") -> dict[str, tuple[str, str | None]]:
    return {
        text: (row.next_hop_type, row.next_hop_ip)
        for row in subnet_routes(held, subnet_id(path))
        if row.source == "User"
        for text in row.prefixes
    }


DEFAULT = {"out": f"0.0.0.0/0 -> {FIREWALL}"}
TO_FIREWALL = {"0.0.0.0/0": ("VirtualAppliance", FIREWALL)}


def test_a_subnet_without_a_table_gets_a_managed_one_that_the_network_shares() -> None:
    held = routed(routing(DEFAULT))
    assert user_rows(held) == user_rows(held, "v/b") == TO_FIREWALL
    (made,) = {held.subnets[subnet_id(f"v/{name}")].route_table for name in ("a", "b")}
    assert made is not None
    assert made.resource_group == f"AVNM_Managed_ResourceGroup_{SUBSCRIPTION.rsplit('/', 1)[1]}"
    assert held.subnets[subnet_id("v/AzureBastionSubnet")].route_table is None
    assert next_hop(held, nic_id("n"), "8.8.8.8") == NextHop("VirtualAppliance", FIREWALL, made)
    assert held.as_read.virtual_networks != held.snapshot.virtual_networks


def test_a_destination_that_the_table_has_already_is_left_as_it_is() -> None:
    rules = {**DEFAULT, "corp": f"192.168.0.0/16 -> {FIREWALL}", "tag": "Storage -> Internet"}
    held = routed(routing(rules), own={"mine": "0.0.0.0/0 -> Internet", "tag": "storage -> None"})
    assert user_rows(held)["0.0.0.0/0"] == ("Internet", None)
    assert user_rows(held)["192.168.0.0/16"] == ("VirtualAppliance", FIREWALL)
    kinds = {row.name: row.next_hop_type for row in subnet_routes(held, subnet_id("v/a")) if row.service_tag}
    assert kinds == {"tag": "None"}


def test_a_table_that_shows_the_work_of_a_deployment_is_left_alone() -> None:
    held = routed(routing(DEFAULT, ["v/a"]), own={"out": f"0.0.0.0/0 -> {FIREWALL}"})
    assert held.snapshot is held.as_read


def test_the_members_of_a_table_alone_are_changed() -> None:
    both = vnet(
        "v", "10.0.0.0/16", {name: subnet(f"10.0.{at}.0/24", table="t") for at, name in enumerate("ab")}, [peering("w")]
    )
    held = everywhere(both, table("t", {"x": "10.5.0.0/16 -> None"}), routing(DEFAULT, ["v/a"]))
    assert set(user_rows(held)) == {"0.0.0.0/0", "10.5.0.0/16"}
    assert set(user_rows(held, "v/b")) == {"10.5.0.0/16"}
    used = everywhere(both, table("t", {}), routing(DEFAULT, ["v/a"], routeTableUsageMode="UseExisting"))
    assert user_rows(used) == user_rows(used, "v/b") != {}
    assert used.subnets[subnet_id("v/a")].route_table == table_id("t")


def test_a_table_that_is_not_in_the_export_stays_unknown() -> None:
    missing = vnet("v", "10.0.0.0/16", {"a": subnet("10.0.0.0/24", table="gone")})
    held = everywhere(missing, routing(DEFAULT))
    assert (user_rows(held), held.subnets[subnet_id("v/a")].route_table) == ({}, table_id("gone"))


@pytest.mark.parametrize(
    ("hop", "kind"),
    [
        ("NoNextHop", "None"),
        ("Internet", "Internet"),
        ("VnetLocal", "VnetLocal"),
        ("VirtualNetworkGateway", "VirtualNetworkGateway"),
    ],
)
def test_next_hops_are_those_of_user_defined_routes(hop: str, kind: str) -> None:
    held = routed(routing({"r": f"10.5.0.0/16 -> {hop}"}))
    assert user_rows(held) == {"10.5.0.0/16": (kind, None)}


def test_routes_widen_the_virtual_network_tag() -> None:
    held = routed(routing({"r": f"10.5.0.0/16 -> {FIREWALL}"}))
    assert any(held_.covers(parse_prefix("10.5.0.0/16")) for held_ in virtual_network_tag(held, subnet_id("v/a")))


def test_a_new_table_keeps_gateway_routes_out_where_a_collection_says_so_and_an_own_one_stays() -> None:
    rules = {"collections": {"g": DEFAULT}}
    closed = manager(groups={"g": ["v"]}, routing={"c": rules})
    (configuration,) = closed.routing_configurations
    (collection,) = configuration.rule_collections
    shut = collection.model_copy(update={"disable_bgp_route_propagation": "True"})
    closed = closed.model_copy(
        update={"routing_configurations": (configuration.model_copy(update={"rule_collections": (shut,)}),)}
    )
    held = routed(closed, own={})
    assert not is_propagation_disabled(held, subnet_id("v/a"))
    assert is_propagation_disabled(held, subnet_id("v/b"))
    assert not is_propagation_disabled(routed(routing(DEFAULT)), subnet_id("v/b"))


def test_rules_that_conflict_give_a_route_that_nobody_knows() -> None:
    held = routed(routing({**DEFAULT, "other": "0.0.0.0/0 -> Internet"}))
    (row,) = [row for row in subnet_routes(held, subnet_id("v/a")) if row.source == "User"]
    assert (row.next_hop_type, row.next_hop_ip, row.is_certain) == ("VirtualAppliance", None, False)
    assert {"VNS2064"} == codes(held) & {"VNS2064", "VNS2018"}
    agreeing = routed(routing({**DEFAULT, "other": f"0.0.0.0/0 -> {FIREWALL}"}))
    assert user_rows(agreeing) == TO_FIREWALL
    assert "VNS2064" not in codes(agreeing)


def test_of_two_managers_the_higher_scope_routes() -> None:
    low = routing({"low": "0.0.0.0/0 -> Internet", "more": "10.5.0.0/16 -> NoNextHop"})
    high = routing(DEFAULT, name="high", scopes={"managementGroups": ["mg"]})
    held = routed(low, high)
    assert user_rows(held) == {**TO_FIREWALL, "10.5.0.0/16": ("None", None)}
    assert "VNS2064" not in codes(held)


def test_a_network_that_may_be_a_member_may_have_the_route() -> None:
    held = routed(routing(DEFAULT, {}))
    (row,) = [row for row in subnet_routes(held, subnet_id("v/a")) if row.source == "User"]
    assert (row.prefixes, row.next_hop_ip, row.is_certain) == (("0.0.0.0/0",), None, False)
    certain = routing(DEFAULT, name="high", scopes={"managementGroups": ["mg"]})
    assert user_rows(routed(routing({"x": "0.0.0.0/0 -> Internet"}, {}), certain)) == TO_FIREWALL


@pytest.mark.parametrize("declared", [None, {}, {"eastus": ()}])
def test_what_is_not_said_to_be_deployed_here_writes_nothing(declared: Any) -> None:
    held = network(vnet("v", "10.0.0.0/16", {"a": "10.0.0.0/24"}), routing(DEFAULT), deployments=declared)
    assert held.snapshot is held.as_read
    assert ("VNS2016" in codes(held)) is (declared is None)


def test_more_than_a_thousand_routes_are_an_issue() -> None:
    rules = {f"r{at}": f"10.{at // 256}.{at % 256}.0/24 -> NoNextHop" for at in range(1001)}
    held = routed(routing(rules, ["v/a"]))
    assert "VNS2066" in codes(held)
    tables = held.snapshot.all(RouteTable)
    assert [len(one.routes) for one in tables] == [1001]


# what Azure asks of route tables


def with_table(routes: dict[str, str], **update: Any) -> Network:
    held: Resource = table("t", routes).model_copy(update=update)
    return network(
        vnet("v", "10.0.0.0/16", {"a": subnet("10.0.0.0/24", table="t")}, [peering("w")]),
        vnet("w", "10.9.0.0/16", {"s": "10.9.0.0/24"}, [peering("v")]),
        nic("near", "v/a", "10.0.0.4"),
        nic("fw", "w/s", FIREWALL),
        held,
        service_tags={f"Tag{at}": (f"20.{at}.0.0/16",) for at in range(30)},
    )


@pytest.mark.parametrize(
    ("hop", "mode", "said"), [(FIREWALL, "All", True), ("10.0.0.4", "All", False), (FIREWALL, "None", False)]
)
def test_beside_disable_peering_route_the_next_hop_lies_in_the_network_itself(hop: str, mode: str, said: bool) -> None:
    held = with_table({"r": f"10.9.0.0/16 -> {hop}"}, disable_peering_route=mode)
    assert ("VNS2069" in codes(held)) is said


@pytest.mark.parametrize(("count", "said"), [(25, False), (26, True)])
def test_a_table_takes_25_service_tags(count: int, said: bool) -> None:
    held = with_table({f"r{at}": f"Tag{at} -> Internet" for at in range(count)})
    assert ("VNS2070" in codes(held)) is said
