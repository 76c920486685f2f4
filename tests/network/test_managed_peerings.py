"""Peerings that hub-and-spoke configurations make and remove (SEMANTICS 2.2)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource
from simulator.network.effective_routes import subnet_routes
from simulator.network.managers.connected_groups import connectivity_deployment_unknown
from simulator.network.model import Network
from tests.network.arm import Json, codes, gateway, network, peering, subnet_id, vnet, vnet_id
from tests.network.managers import configuration_id, deployed, everywhere, manager

GATEWAY_SUBNET = {"GatewaySubnet": "10.0.255.0/24"}


def hub(peerings: list[Json] | None = None, prefix: str = "10.0.0.0/16", location: str = "westeurope") -> Resource:
    return vnet("hub", prefix, {"s": "10.0.0.0/24", **GATEWAY_SUBNET}, peerings or [], location)


def spoke(name: str, peerings: list[Json] | None = None, *, third: int = 1, location: str = "westeurope") -> Resource:
    prefix = f"10.{third}.0.0/16"
    return vnet(
        name, prefix, {"s": f"10.{third}.0.0/24", "GatewaySubnet": f"10.{third}.255.0/24"}, peerings or [], location
    )


def hub_and_spoke(*members: str, use_gateway: bool = False, groups: Json | None = None, **more: Any) -> NetworkManager:
    body = {"groups": ["g"], "hub": "hub", "item": {"useHubGateway": str(use_gateway)}, **more}
    return manager(groups=groups or {"g": list(members)}, connectivity={"c": body})


def links(held: Network) -> set[tuple[str, str]]:
    return {(owner.name, link.remote_virtual_network.name) for owner, all in held.links.items() for link in all}


def test_a_deployed_hub_and_spoke_peers_both_ways_with_forwarded_traffic() -> None:
    held = everywhere(hub(), spoke("a"), spoke("b", third=2), hub_and_spoke("a", "b", "hub"))
    assert links(held) == {("hub", "a"), ("a", "hub"), ("hub", "b"), ("b", "hub")}
    made = held.peerings[vnet_id("a"), vnet_id("hub")]
    assert (made.allow_forwarded_traffic, made.allow_virtual_network_access) == (True, True)
    assert (made.use_remote_gateways, made.allow_gateway_transit, made.name) == (False, False, "ANM_a_hub")
    kinds = {row.next_hop_type for row in subnet_routes(held, subnet_id("a/s")) if "10.0.0.0/16" in row.prefixes}
    assert kinds == {"VNetPeering"}


def test_a_change_starts_from_what_was_read() -> None:
    held = everywhere(hub(), spoke("a"), hub_and_spoke("a"))
    assert all(not one.virtual_network_peerings for one in held.as_read.virtual_networks)
    plain = network(hub(), spoke("a"))
    assert plain.as_read is plain.snapshot


def test_links_that_the_export_holds_stay_as_they_are() -> None:
    own = [peering("hub", allowForwardedTraffic=False)]
    held = everywhere(hub(), spoke("a", own), hub_and_spoke("a", use_gateway=False))
    assert links(held) == {("hub", "a"), ("a", "hub")}
    assert held.peerings[vnet_id("a"), vnet_id("hub")].allow_forwarded_traffic is False
    both = everywhere(hub([peering("a")]), spoke("a", own), hub_and_spoke("a"))
    assert both.snapshot is both.as_read


def test_the_hub_gateway_is_lent() -> None:
    held = everywhere(hub(), spoke("a"), gateway("gw", "hub"), hub_and_spoke("a", use_gateway=True))
    assert held.peerings[vnet_id("a"), vnet_id("hub")].use_remote_gateways
    assert held.peerings[vnet_id("hub"), vnet_id("a")].allow_gateway_transit
    assert "VNS2031" not in codes(held)


@pytest.mark.parametrize(
    "more",
    [
        [],  # no gateway in the hub
        [gateway("gw", "hub"), gateway("own", "a")],
    ],
)
def test_a_gateway_that_cannot_be_lent_leaves_the_peering_unmade(more: list[Resource]) -> None:
    held = everywhere(hub(), spoke("a"), *more, hub_and_spoke("a", use_gateway=True))
    assert links(held) == set()
    assert "VNS2067" in codes(held)


def test_a_spoke_uses_the_gateways_of_one_peer() -> None:
    other = vnet("other", "10.9.0.0/16", {"GatewaySubnet": "10.9.0.0/24"}, [peering("a", allowGatewayTransit=True)])
    borrowing = spoke("a", [peering("other", useRemoteGateways=True)])
    managed = hub_and_spoke("a", use_gateway=True)
    held = everywhere(hub(), borrowing, other, gateway("gw", "hub"), gateway("far", "other"), managed)
    assert ("a", "hub") not in links(held)
    assert "VNS2067" in codes(held)


def test_overlapping_spaces_are_not_peered() -> None:
    held = everywhere(hub(prefix="10.0.0.0/8"), spoke("a"), hub_and_spoke("a"))
    assert links(held) == set()
    assert "VNS2067" in codes(held)


def test_a_hub_outside_the_export_gets_its_half_of_the_peering_from_the_spoke() -> None:
    held = everywhere(spoke("a"), hub_and_spoke("a", use_gateway=True))
    assert links(held) == {("a", "hub")}


@pytest.mark.parametrize("regions", [(), ("westeurope",), ("eastus",)])
def test_hub_and_spoke_must_both_be_in_a_region_of_the_deployment(regions: tuple[str, ...]) -> None:
    held = everywhere(hub(), spoke("a", location="eastus"), hub_and_spoke("a"), regions=regions)
    assert links(held) == set()
    assert not connectivity_deployment_unknown(held, vnet_id("a"))


def test_where_nobody_said_what_is_deployed_the_export_says_who_is_peered() -> None:
    held = network(hub(), spoke("a"), hub_and_spoke("a"))
    assert links(held) == set()
    assert not connectivity_deployment_unknown(held, vnet_id("a"))
    assert "VNS2016" in codes(held)


def test_a_spoke_that_may_be_a_member_may_be_peered() -> None:
    held = everywhere(hub(), spoke("a"), hub_and_spoke(groups={"g": {}}))
    assert links(held) == set()
    assert connectivity_deployment_unknown(held, vnet_id("a"))
    linked = everywhere(hub([peering("a")]), spoke("a", [peering("hub")]), hub_and_spoke(groups={"g": {}}))
    assert not connectivity_deployment_unknown(linked, vnet_id("a"))


def test_the_manager_of_the_higher_scope_decides_about_the_gateway() -> None:
    low = hub_and_spoke("a", use_gateway=True)
    connectivity = {"c": {"groups": ["g"], "hub": "hub"}}
    high = manager("high", groups={"g": ["a"]}, connectivity=connectivity, scopes={"managementGroups": ["mg"]})
    held = everywhere(hub(), spoke("a"), gateway("gw", "hub"), low, high)
    assert not held.peerings[vnet_id("a"), vnet_id("hub")].use_remote_gateways


def test_existing_peerings_are_deleted_but_for_those_of_the_configuration() -> None:
    own = [peering("hub"), peering("b"), peering("x")]
    held = everywhere(
        hub([peering("a"), peering("x")]),
        spoke("a", own),
        spoke("b", [peering("a")], third=2),
        vnet("x", "10.9.0.0/16", {}, [peering("a"), peering("hub"), peering("y")]),
        vnet("y", "10.8.0.0/16", {}, [peering("x")]),
        hub_and_spoke("a", "b", deleteExistingPeering="True"),
    )
    assert links(held) == {("hub", "a"), ("a", "hub"), ("hub", "b"), ("b", "hub"), ("x", "y"), ("y", "x")}
    states = {
        link.remote_virtual_network.name: link.peering_state
        for link in held.virtual_networks[vnet_id("x")].virtual_network_peerings
    }
    assert states == {"a": "Disconnected", "hub": "Disconnected", "y": "Connected"}


def test_a_mesh_that_deletes_peerings_leaves_the_group() -> None:
    held = everywhere(
        spoke("a", [peering("b")]),
        spoke("b", [peering("a")], third=2),
        manager(groups={"g": ["a", "b"]}, connectivity={"c": {"groups": ["g"], "deleteExistingPeering": "True"}}),
    )
    (row,) = [row for row in subnet_routes(held, subnet_id("a/s")) if "10.2.0.0/16" in row.prefixes]
    assert row.next_hop_type == "ConnectedGroup"


def test_a_deployment_of_another_configuration_changes_nothing() -> None:
    other = deployed(configuration_id("connectivity", "other"))
    held = network(hub(), spoke("a"), hub_and_spoke("a"), **other)
    assert held.snapshot is held.as_read
