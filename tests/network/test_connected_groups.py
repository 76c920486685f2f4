"""Connected groups whose members share addresses, or of which not everything is known (SEMANTICS 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource
from simulator.network.effective_routes import next_hop, subnet_routes
from simulator.network.managers.connected_groups import connectivity_deployment_unknown
from simulator.network.model import Network
from simulator.network.peerings import peers_of_unknown_space
from simulator.network.routes import EffectiveRoute
from tests.network.arm import Json, codes, network, nic, nic_id, peering, subnet, subnet_id, table, vnet, vnet_id
from tests.network.managers import everywhere, manager

SPACES = {"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"], "x": ["10.1.128.0/17", "10.2.0.0/16"], "y": ["10.3.0.0/16"]}


def mesh(*members: str, groups: Json | None = None, **more: Any) -> NetworkManager:
    return manager(groups=groups or {"g": list(members)}, connectivity={"c": {"groups": ["g"], **more}})


def spaces(held: Mapping[str, Sequence[str]], **peerings: list[Json]) -> list[Resource]:
    """One VNet a name, each with a subnet ``s`` over its first prefix."""
    return [vnet(name, list(prefixes), {"s": prefixes[0]}, peerings.get(name, [])) for name, prefixes in held.items()]


def group_rows(held: Network, name: str = "v") -> list[EffectiveRoute]:
    return [row for row in subnet_routes(held, subnet_id(f"{name}/s")) if row.next_hop_type == "ConnectedGroup"]


def brought(held: Network, name: str = "v", *, overlaps: bool = False) -> dict[str, str]:
    """Prefix → member, of the rows that overlap or of the others."""
    return {
        text: member.name
        for row in group_rows(held, name)
        if row.overlaps is overlaps
        for text, member in zip(row.prefixes, row.members, strict=True)
    }


def test_a_range_of_two_members_stands_in_a_row_that_overlaps() -> None:
    held = everywhere(*spaces(SPACES), mesh("v", "w", "x", "y"))
    assert brought(held) == {"10.1.0.0/17": "w", "10.2.0.0/16": "x", "10.3.0.0/16": "y"}
    assert brought(held, overlaps=True) == {"10.1.128.0/17": "w"}
    assert "VNS2068" in codes(held)


def test_the_own_space_of_a_member_stays_its_own() -> None:
    held = everywhere(*spaces(SPACES), mesh("v", "w", "x"))
    assert brought(held, "w") == {"10.0.0.0/16": "v", "10.2.0.0/16": "x"}
    assert brought(held, "w", overlaps=True) == {}


def test_equal_ranges_are_all_overlap() -> None:
    held = everywhere(*spaces({"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"], "x": ["10.1.0.0/16"]}), mesh("v", "w", "x"))
    assert (brought(held), brought(held, overlaps=True)) == ({}, {"10.1.0.0/16": "w"})
    (row,) = group_rows(held)
    assert row.virtual_network == vnet_id("w")


def test_without_overlap_there_is_one_row_and_no_issue() -> None:
    held = everywhere(*spaces({"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16", "fd00::/64"]}), mesh("v", "w"))
    assert brought(held) == {"10.1.0.0/16": "w", "fd00::/64": "w"}
    assert "VNS2068" not in codes(held)


def test_a_peer_of_one_member_takes_its_range_from_the_others() -> None:
    """The member itself routes to its peer, for a peering beats the group."""
    spread = {"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"], "y": ["10.3.0.0/16"], "out": ["10.1.0.0/17"]}
    held = everywhere(*spaces(spread, y=[peering("out")], out=[peering("y")]), mesh("v", "w", "y"))
    assert brought(held) == {"10.1.128.0/17": "w", "10.3.0.0/16": "y"}
    assert brought(held, overlaps=True) == {"10.1.0.0/17": "w"}
    assert brought(held, "y") == {"10.0.0.0/16": "v", "10.1.0.0/16": "w"}


def test_a_hub_that_overlaps_nobody_changes_nothing() -> None:
    spread = {"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"], "hub": ["10.9.0.0/16"]}
    links = {"v": [peering("hub")], "w": [peering("hub")], "hub": [peering("v"), peering("w")]}
    held = everywhere(*spaces(spread, **links), mesh("v", "w"))
    assert (brought(held), brought(held, overlaps=True)) == ({"10.1.0.0/16": "w"}, {})


@pytest.mark.parametrize(("remote", "active"), [("10.1.0.0/16", False), ("10.0.0.0/8", False), ("10.1.0.0/24", True)])
def test_a_peering_beats_the_group_for_equal_and_covering_prefixes(remote: str, active: bool) -> None:
    far = peering("far", remoteAddressSpace={"addressPrefixes": [remote]})
    held = everywhere(*spaces({"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"]}, v=[far]), mesh("v", "w"))
    assert {row.state for row in group_rows(held)} == {"Active" if active else "Invalid"}


def test_a_subnet_peering_beats_the_group_between_the_same_networks() -> None:
    link = peering("w", peerCompleteVnets=False, remoteSubnetNames=["s"], localSubnetNames=["s"])
    held = everywhere(
        vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [link]),
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}),
        nic("n", "v/s", "10.0.0.4"),
        mesh("v", "w"),
    )
    assert next_hop(held, nic_id("n"), "10.1.0.4").next_hop_type == "VirtualNetworkPeering"
    assert next_hop(held, nic_id("n"), "10.1.1.4").next_hop_type == "None"  # what it leaves out is dropped


def test_without_peering_routes_the_group_carries() -> None:
    held = everywhere(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")}, [peering("w")]),
        vnet("w", "10.1.0.0/16", {}, [peering("v")]),
        table("t", {}).model_copy(update={"disable_peering_route": "All"}),
        mesh("v", "w"),
    )
    assert {row.state for row in group_rows(held)} == {"Active"}


# overlap that is not allowed


def refusing(*members: str, **more: Any) -> NetworkManager:
    return mesh(*members, connectivityCapabilities={"connectedGroupAddressOverlap": "Disallowed"}, **more)


@pytest.mark.parametrize(("members", "left_out"), [(("v", "w", "x"), "x"), (("x", "v", "w"), "w")])
def test_a_member_that_overlaps_an_earlier_one_is_left_out(members: tuple[str, ...], left_out: str) -> None:
    held = everywhere(*spaces(SPACES), refusing(*members))
    assert set(brought(held).values()) == {"w", "x"} - {left_out}
    assert brought(held, left_out) == brought(held, overlaps=True) == {}
    assert [issue.place for issue in held.issues if issue.code == "VNS2068"] == [str(vnet_id(left_out))]


def test_members_of_two_regions_meet_only_in_a_global_group() -> None:
    near = spaces({"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"]})
    far = vnet("far", "10.1.0.0/16", {"s": "10.1.0.0/24"}, location="eastus")
    assert set(brought(everywhere(*near, far, refusing("v", "w", "far"))).values()) == {"w"}
    assert brought(everywhere(*near, far, mesh("v", "w", "far"))) == {"10.1.0.0/16": "w"}
    held = everywhere(*near, far, mesh("v", "w", "far", isGlobal="True"))
    assert (brought(held), brought(held, overlaps=True)) == ({}, {"10.1.0.0/16": "far"})


# what is not known


@pytest.mark.parametrize(
    ("groups", "unknown"),
    [
        ({"g": {}}, {"v": True, "w": True}),
        ({"g": {"policy": {"field": "name", "equals": "v"}}}, {"v": False, "w": False}),
        ({"g": {"policy": {"anyOf": [{"field": "name", "equals": "v"}, {"field": "alias"}]}}}, {"v": True, "w": True}),
        (
            {"g": {"policy": {"allOf": [{"field": "name", "equals": "v"}, {"field": "alias"}]}}},
            {"v": False, "w": False},
        ),
        ({"g": ["v"]}, {"v": False, "w": False}),
    ],
)
def test_networks_that_may_be_members_together_may_be_connected(groups: Json, unknown: dict[str, bool]) -> None:
    held = everywhere(*spaces({"v": ["10.0.0.0/16"], "w": ["10.1.0.0/16"]}), mesh(groups=groups))
    assert {name: connectivity_deployment_unknown(held, vnet_id(name)) for name in unknown} == unknown
    assert brought(held) == {}


def test_a_member_outside_the_export_is_a_peer_of_unknown_space() -> None:
    held = everywhere(*spaces({"v": ["10.0.0.0/16"]}), mesh("v", "gone"))
    assert peers_of_unknown_space(held, vnet_id("v")) == (vnet_id("gone"),)
    untold = network(*spaces({"v": ["10.0.0.0/16"]}), mesh("v", "gone"))
    assert peers_of_unknown_space(untold, vnet_id("v")) == ()
    assert connectivity_deployment_unknown(untold, vnet_id("v"))
