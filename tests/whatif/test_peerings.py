"""Steps that peer two virtual networks, and that take a peering away."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulator as sim
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.errors import ChangeError
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from tests.whatif.changed_network import applied

TOPOLOGY = """
name: peerings
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/24, subnets: {one: 10.0.0.0/26}}
  vnet-shop: {address_space: 10.1.0.0/24, subnets: {one: 10.1.0.0/26}}
  vnet-sql: {address_space: 10.2.0.0/24, subnets: {one: 10.2.0.0/26}}
  vnet-twin: {address_space: [10.9.0.0/24, 10.1.0.128/25], subnets: {one: 10.9.0.0/26}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-shop], forwarded_traffic: true}
  - {from: vnet-sql, to: vnet-hub, peering_state: Initiated}
virtual_machines:
  vm-shop: {subnet: vnet-shop/one, ip: 10.1.0.4}
  vm-sql: {subnet: vnet-sql/one, ip: 10.2.0.4}
"""
MANAGED = """
name: managed
location: westeurope
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/24}
  vnet-shop: {address_space: 10.1.0.0/24}
  vnet-sql: {address_space: 10.2.0.0/24}
network_managers:
  avnm:
    network_groups: {spokes: [vnet-shop]}
    connectivity_configurations:
      star: {topology: HubAndSpoke, applies_to: [spokes], hub: vnet-hub, delete_existing_peering: true}
    deployments: {westeurope: [star]}
"""


def written(tmp_path_factory: pytest.TempPathFactory, text: str) -> Snapshot:
    path: Path = tmp_path_factory.mktemp("peerings") / "topology.yaml"
    path.write_text(text, encoding="utf-8")
    return scenario_snapshot(path)


@pytest.fixture(scope="module")
def peered(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return written(tmp_path_factory, TOPOLOGY)


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return written(tmp_path_factory, MANAGED)


def vnet(snapshot: Snapshot, name: str) -> VirtualNetwork:
    return next(held for held in snapshot.virtual_networks if held.name == name)


def links(snapshot: Snapshot) -> dict[str, VirtualNetworkPeering]:
    """The links by owner and remote."""
    return {
        f"{owner.name} {link.remote_virtual_network.name}": link
        for owner in snapshot.virtual_networks
        for link in owner.virtual_network_peerings
    }


def verdict(snapshot: Snapshot) -> str:
    return sim.explain(build_network(snapshot), "vm-shop", "vm-sql:1433").prediction.verdict.name


@pytest.mark.parametrize(("said", "forwarded"), [("", False), (", forwarded_traffic: true", True)])
def test_both_links_are_made_and_connected(peered: Snapshot, said: str, forwarded: bool) -> None:
    after = applied(peered, f"peer_virtual_networks: {{vnets: [vnet-shop, VNET-SQL]{said}}}")
    made = {key: link for key, link in links(after).items() if key not in links(peered)}
    assert {key: link.name for key, link in made.items()} == {
        "vnet-shop vnet-sql": "vnet-shop-to-vnet-sql",
        "vnet-sql vnet-shop": "vnet-sql-to-vnet-shop",
    }
    for link in made.values():
        assert (link.peering_state, link.allow_virtual_network_access) == ("Connected", True)
        assert (link.allow_gateway_transit, link.use_remote_gateways) == (False, False)
        assert link.allow_forwarded_traffic is forwarded
        assert link.virtual_network == vnet(after, link.virtual_network.name).id


def test_traffic_passes_a_peering_and_no_longer_when_it_is_gone(peered: Snapshot) -> None:
    step = "peer_virtual_networks: {vnets: [vnet-shop, vnet-sql]}"
    assert verdict(peered) == "DENY"
    assert verdict(applied(peered, step)) == "ALLOW"
    assert verdict(applied(peered, step, "remove_peering: {vnets: [vnet-sql, vnet-shop]}")) == "DENY"


def test_a_change_and_its_inverse_are_no_change(peered: Snapshot) -> None:
    there, back = (
        "peer_virtual_networks: {vnets: [vnet-shop, vnet-sql]}",
        "remove_peering: {vnets: [vnet-shop, vnet-sql]}",
    )
    assert applied(peered, there, back) == peered
    hub = "vnets: [vnet-hub, vnet-shop]"
    again = applied(peered, f"remove_peering: {{{hub}}}", f"peer_virtual_networks: {{{hub}, forwarded_traffic: true}}")
    assert links(again) == links(peered)


def test_the_order_of_the_two_does_not_matter(peered: Snapshot) -> None:
    one, other = (
        applied(peered, f"peer_virtual_networks: {{vnets: [{pair}]}}")
        for pair in ("vnet-shop, vnet-sql", "vnet-sql, vnet-shop")
    )
    assert one == other


def test_a_link_takes_no_name_that_is_taken(peered: Snapshot) -> None:
    """As where two spokes in different resource groups have one name."""
    shop = vnet(peered, "vnet-shop")
    [link] = shop.virtual_network_peerings
    taken = link.model_copy(
        update={
            "id": link.id.parent.child("virtualNetworkPeerings", "VNET-SHOP-to-vnet-sql"),
            "name": "VNET-SHOP-to-vnet-sql",
        }
    )
    named = peered.with_resource(shop.model_copy(update={"virtual_network_peerings": (taken,)}))
    after = applied(named, "peer_virtual_networks: {vnets: [vnet-shop, vnet-sql]}")
    assert links(after)["vnet-shop vnet-sql"].name == "vnet-shop-to-vnet-sql-2"


def test_networks_of_long_names_get_links_of_names_that_azure_takes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    one, other = (f"vnet-{letter * 59}" for letter in "ab")
    text = f"virtual_networks: {{{one}: {{address_space: 10.1.0.0/24}}, {other}: {{address_space: 10.2.0.0/24}}}}"
    after = applied(written(tmp_path_factory, text), f"peer_virtual_networks: {{vnets: [{one}, {other}]}}")
    assert [len(link.name) for link in links(after).values()] == [80, 80]


def test_a_peering_is_removed_with_both_links_or_the_one_that_is_there(peered: Snapshot) -> None:
    after = applied(peered, "remove_peering: {vnets: [vnet-shop, vnet-hub]}")
    assert [*links(after)] == ["vnet-sql vnet-hub"]
    assert [*links(applied(after, "remove_peering: {vnets: [vnet-hub, vnet-sql]}"))] == []


@pytest.mark.parametrize(
    ("step", "code", "column", "says", "hint"),
    [
        ("peer_virtual_networks: {vnets: [vnet-shop, vnet-sq]}", "VNS4005", 48, "'vnet-sq'", "'vnet-sql'"),
        ("peer_virtual_networks: {vnets: [vnet-shop, vnet-shop]}", "VNS4004", 48, "both are vnet-shop", "two virtual"),
        ("peer_virtual_networks: {vnets: [vnet-shop]}", "VNS4004", 36, "vnets names 1", "[NAME, NAME]"),
        ("peer_virtual_networks: {vnets: [a, b, c]}", "VNS4004", 36, "vnets names 3", "[NAME, NAME]"),
        ("peer_virtual_networks: {vnets: [vnet-shop, 5]}", "VNS4004", 48, "should hold names, not 5", "[NAME, …]"),
        ("peer_virtual_networks: {vnet: [vnet-shop]}", "VNS4003", 29, "unknown key 'vnet'", "'vnets'"),
        ("peer_virtual_networks: {forwarded_traffic: true}", "VNS4004", 28, "vnets is missing", "add vnets"),
        (
            "peer_virtual_networks: {vnets: [vnet-shop, vnet-sql], forwarded_traffic: perhaps}",
            "VNS4004",
            78,
            "true or false, not 'perhaps'",
            "forwarded_traffic: true",
        ),
        (
            "peer_virtual_networks: {vnets: [vnet-shop, vnet-hub]}",
            "VNS4007",
            28,
            "vnet-shop has the link vnet-shop-to-vnet-hub to vnet-hub already",
            "it is Connected; remove_peering takes it away",
        ),
        (
            "peer_virtual_networks: {vnets: [vnet-hub, vnet-sql]}",
            "VNS4007",
            28,
            "vnet-sql has the link vnet-sql-to-vnet-hub to vnet-hub already",
            "it is Initiated",
        ),
        (
            "peer_virtual_networks: {vnets: [vnet-shop, vnet-twin]}",
            "VNS4009",
            28,
            "vnet-shop 10.1.0.0/24 overlaps vnet-twin 10.1.0.128/25; Azure peers no overlapping spaces (VNS2003)",
            "renumber one",
        ),
        (
            "peer_virtual_networks: {vnets: [vnet-hub, vnet-twin]}",
            "VNS4009",
            28,
            "vnet-twin 10.1.0.128/25 overlaps vnet-shop 10.1.0.0/24, and vnet-hub is peered with that already",
            "remove the other peering first",
        ),
        (
            "remove_peering: {vnets: [vnet-shop, vnet-sql]}",
            "VNS4008",
            21,
            "are not peered",
            "vnet-shop is peered with vnet-hub",
        ),
        (
            "remove_peering: {vnets: [vnet-twin, vnet-sql]}",
            "VNS4008",
            21,
            "are not peered",
            "vnet-twin has no peerings",
        ),
        ("remove_peering: {vnets: vnet-shop}", "VNS4004", 29, "vnets names 1", "[NAME, NAME]"),
        (
            "remove_peering: {vnets: [vnet-shop, vnet-hub], forwarded_traffic: true}",
            "VNS4003",
            52,
            "'forwarded_traffic'",
            "",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_the_way_out(
    peered: Snapshot, step: str, code: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        applied(peered, step)
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.place == f"change.yaml:2:{column}"


@pytest.mark.parametrize(
    ("step", "code", "says"),
    [
        (
            "peer_virtual_networks: {vnets: [vnet-hub, vnet-shop]}",
            "VNS4007",
            "a network manager peers vnet-hub and vnet-shop",
        ),
        ("remove_peering: {vnets: [vnet-hub, vnet-shop]}", "VNS4009", "would do so again"),
        (
            "peer_virtual_networks: {vnets: [vnet-shop, vnet-sql]}",
            "VNS4009",
            "takes the peering of vnet-shop and vnet-sql away",
        ),
    ],
)
def test_what_a_network_manager_deploys_it_decides(managed: Snapshot, step: str, code: str, says: str) -> None:
    with pytest.raises(ChangeError, match=code) as refused:
        applied(managed, step)
    assert says in refused.value.message
