"""A snapshot holds resources by id, and declarations join with the later one winning."""

from __future__ import annotations

from typing import TypeVar

import pytest

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.snapshot import (
    MODELS,
    Issue,
    Snapshot,
)
from simulator.azure.virtual_network import VirtualNetwork

NETWORK = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"
R = TypeVar("R", bound=Resource)


def make(kind: type[R], path: str, location: str = "westeurope") -> R:
    return kind.model_validate({"id": f"{NETWORK}/{path}", "location": location})


HUB = make(VirtualNetwork, "virtualNetworks/hub")
SPOKE = make(VirtualNetwork, "virtualNetworks/Spoke")
TABLE = make(RouteTable, "routeTables/rt")


def test_resources_are_got_by_id_in_any_case_and_by_kind() -> None:
    snapshot = Snapshot.of([HUB, TABLE])
    assert snapshot.get(ResourceId(str(HUB.id).upper()), VirtualNetwork) is HUB
    assert snapshot.get(HUB.id, RouteTable) is None
    assert snapshot.get(SPOKE.id, VirtualNetwork) is None
    assert snapshot.get(None, VirtualNetwork) is None


def test_all_of_a_kind_come_sorted_by_id_in_any_order_of_reading() -> None:
    expected = (HUB, SPOKE)
    assert Snapshot.of([SPOKE, TABLE, HUB]).all(VirtualNetwork) == expected
    assert Snapshot.of([HUB, SPOKE, TABLE]).virtual_networks == expected
    assert Snapshot.of([HUB]).all(NetworkInterface) == Snapshot.of([]).network_interfaces == ()


def test_a_resource_is_added_or_put_in_place_and_the_old_snapshot_stays() -> None:
    before = Snapshot.of([HUB, TABLE], name="before")
    assert before.virtual_networks == (HUB,)  # the cached view is not carried over
    added = before.with_resource(SPOKE)
    moved = before.with_resource(make(VirtualNetwork, "virtualNetworks/HUB", "northeurope"))
    assert added.virtual_networks == (HUB, SPOKE)
    assert [one.location for one in moved.virtual_networks] == ["northeurope"]
    assert before.virtual_networks == (HUB,)
    assert added.name == "before"


def test_issues_are_kept_in_the_order_they_were_met() -> None:
    first, second = Issue("warning", "VNS1001", "one"), Issue("error", "VNS2001", "two")
    assert Snapshot.of([]).with_issues([first]).with_issues([second]).issues == (first, second)


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_is_read_by_its_model(kind: str) -> None:
    provider, *types = kind.split("/")
    identity = ResourceId(f"/subscriptions/s/resourceGroups/r/providers/{provider}/{types[0].upper()}/x")
    assert identity.type == kind
    assert MODELS[kind].model_validate({"id": str(identity)}).name == "x"


GATEWAY = ResourceId(f"{NETWORK}/virtualNetworkGateways/gw")
OTHER = ResourceId(f"{NETWORK}/virtualNetworkGateways/other")
NIC = ResourceId(f"{NETWORK}/networkInterfaces/nva-nic")
CONFIGURATION = ResourceId(f"{NETWORK}/networkManagers/m/securityAdminConfigurations/c")
