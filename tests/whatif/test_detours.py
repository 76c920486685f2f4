"""Routes through a firewall: which tables and routes they are, and which way the packets then go."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulator as sim
from simulator.azure.route_table import RouteTable
from simulator.azure.snapshot import Snapshot
from simulator.errors import ChangeError
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from tests.whatif.changed_network import applied

TOPOLOGY = """
name: detours
virtual_networks:
  vnet-hub:
    address_space: 10.0.0.0/22
    subnets:
      AzureFirewallSubnet: 10.0.0.0/26
      AzureBastionSubnet: 10.0.1.0/26
      GatewaySubnet: 10.0.2.0/26
      shared: 10.0.3.0/24
  vnet-a: {address_space: 10.1.0.0/16, subnets: {web: 10.1.0.0/24, app: {prefix: 10.1.1.0/24, route_table: rt-own}}}
  vnet-b:
    address_space: [10.2.0.0/16, "fd00:2::/48"]
    subnets: {web: {prefix: 10.2.0.0/24, route_table: rt-shared}, GatewaySubnet: 10.2.255.0/27}
  vnet-c: {address_space: 10.3.0.0/16, subnets: {web: {prefix: 10.3.0.0/24, route_table: rt-shared}}}
  vnet-far: {address_space: 10.9.0.0/16, subnets: {web: 10.9.0.0/24}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-a, vnet-b, vnet-c], forwarded_traffic: true}
  - {from: vnet-a, to: vnet-b}
  - {from: vnet-b, to: vnet-a}
route_tables:
  rt-own: {routes: {to-b: 10.2.0.0/16 -> VnetLocal, out: 0.0.0.0/0 -> Internet}}
  rt-shared: {disable_bgp_route_propagation: true, routes: {to-c: 10.3.0.0/24 -> None}}
azure_firewalls: {fw-hub: {vnet: vnet-hub, ip: 10.0.0.4, public_ip: 203.0.113.1, policy: pol}}
firewall_policies:
  pol:
    collections:
      - name: all
        priority: 100
        action: Allow
        rules: [{name: all, source: 10.0.0.0/8, destination: 10.0.0.0/8, ports: "*"}]
virtual_machines:
  vm-a: {subnet: vnet-a/web, ip: 10.1.0.4}
  vm-app: {subnet: vnet-a/app, ip: 10.1.1.4}
  vm-b: {subnet: vnet-b/web, ip: 10.2.0.4}
  vm-c: {subnet: vnet-c/web, ip: 10.3.0.4}
  vm-hub: {subnet: vnet-hub/shared, ip: 10.0.3.4}
"""


@pytest.fixture(scope="module")
def meshed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path: Path = tmp_path_factory.mktemp("detours") / "detours.yaml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    return scenario_snapshot(path)


def through(snapshot: Snapshot, body: str) -> Snapshot:
    return applied(snapshot, f"route_through: {{{body}}}")


def tables(snapshot: Snapshot) -> dict[str, str]:
    """Subnet → its route table, of those that have one."""
    return {
        f"{network.name}/{subnet.name}": subnet.route_table.name
        for network in snapshot.virtual_networks
        for subnet in network.subnets
        if subnet.route_table is not None
    }


def routes(snapshot: Snapshot, table: str) -> dict[str, str]:
    """Name of each route of the table → ``prefix -> next hop``."""
    held = next(held for held in snapshot.all(RouteTable) if held.name == table)
    return {
        route.name: f"{route.address_prefix} -> {route.next_hop_ip_address or route.next_hop_type}"
        for route in held.routes
    }


def way(snapshot: Snapshot, source: str, target: str) -> tuple[str, list[str], list[str]]:
    """Verdict, and the places there and back."""
    trace = sim.explain(build_network(snapshot), source, target)
    return trace.prediction.verdict.name, list(trace.prediction.path), [hop.place for hop in trace.return_hops]


OWN = {"to-b": "10.2.0.0/16 -> VnetLocal", "out": "0.0.0.0/0 -> Internet"}
SHARED = {"to-c": "10.3.0.0/24 -> None"}


def test_both_ends_named_is_symmetric(meshed: Snapshot) -> None:
    assert way(meshed, "vm-a", "vm-b:443") == ("ALLOW", ["vm-a", "vm-b"], ["vm-b", "vm-a"])
    after = through(meshed, "firewall: fw-hub, subnets: [vnet-a, vnet-b], to: [vnet-a, vnet-b]")
    for source, target in (("vm-a", "vm-b"), ("vm-app", "vm-b"), ("vm-b", "vm-a"), ("vm-b", "vm-app")):
        there, back = [source, "fw-hub", target], [target, "fw-hub", source]
        assert way(after, source, f"{target}:443") == ("ALLOW", there, back)


def test_one_end_named_is_told_as_azure_has_it(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: fw-hub, subnets: vnet-a, to: vnet-b")
    trace = sim.explain(build_network(after), "vm-a", "vm-b:443")
    assert (trace.prediction.verdict.name, trace.prediction.reason) == ("DENY", "ASYMMETRIC_RETURN")


def test_the_table_of_a_subnet_grows_and_one_is_made_where_there_is_none(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: fw-hub, subnets: vnet-a, to: [vnet-c]")
    assert tables(after) == {**tables(meshed), "vnet-a/web": "rt-vnet-a"}
    assert routes(after, "rt-vnet-a") == {"vnet-c-by-fw-hub": "10.3.0.0/16 -> 10.0.0.4"}
    assert routes(after, "rt-own") == {**OWN, "vnet-c-by-fw-hub": "10.3.0.0/16 -> 10.0.0.4"}


def test_a_route_for_the_very_same_prefix_is_edited(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: FW-HUB, subnets: vnet-a/app, to: vnet-b")
    assert routes(after, "rt-own") == {**OWN, "to-b": "10.2.0.0/16 -> 10.0.0.4"}
    assert tables(after) == tables(meshed)


def test_a_table_that_others_use_is_copied_for_the_named_ones(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: fw-hub, subnets: vnet-b/web, to: [vnet-c, 192.168.0.0/16]")
    assert tables(after) == {**tables(meshed), "vnet-b/web": "rt-shared-vnet-b"}
    assert routes(after, "rt-shared") == SHARED
    assert routes(after, "rt-shared-vnet-b") == {
        **SHARED,
        "vnet-c-by-fw-hub": "10.3.0.0/16 -> 10.0.0.4",
        "192.168.0.0-16-by-fw-hub": "192.168.0.0/16 -> 10.0.0.4",
    }
    copy = next(held for held in after.all(RouteTable) if held.name == "rt-shared-vnet-b")
    assert copy.disable_bgp_route_propagation
    assert all(route.id.parent == copy.id for route in copy.routes)


def test_a_table_that_all_named_ones_share_grows_if_they_route_the_same(meshed: Snapshot) -> None:
    same = through(meshed, "firewall: fw-hub, subnets: [vnet-b, vnet-c], to: [vnet-a, 192.168.0.0/16]")
    assert tables(same) == tables(meshed)
    assert routes(same, "rt-shared") == {
        **SHARED,
        "vnet-a-by-fw-hub": "10.1.0.0/16 -> 10.0.0.4",
        "192.168.0.0-16-by-fw-hub": "192.168.0.0/16 -> 10.0.0.4",
    }
    each = through(meshed, "firewall: fw-hub, subnets: [vnet-b, vnet-c], to: [vnet-b, vnet-c]")
    assert tables(each) == {
        **tables(meshed),
        "vnet-b/web": "rt-shared-vnet-b",
        "vnet-c/web": "rt-shared-vnet-c",
    }
    assert routes(each, "rt-shared") == SHARED
    assert routes(each, "rt-shared-vnet-c") == {**SHARED, "vnet-b-by-fw-hub": "10.2.0.0/16 -> 10.0.0.4"}


def test_without_names_every_spoke_reaches_every_other_by_the_firewall(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: fw-hub")
    assert {subnet for subnet in tables(after) if tables(after)[subnet] != tables(meshed).get(subnet)} == {
        "vnet-a/web",
        "vnet-b/web",
        "vnet-c/web",
    }
    for source, target in (("vm-a", "vm-b"), ("vm-b", "vm-app")):
        assert way(after, source, f"{target}:443")[1] == [source, "fw-hub", target]
    assert way(after, "vm-a", "vm-hub:443")[1] == ["vm-a", "vm-hub"]
    assert way(after, "vm-a", "vm-app:443")[1] == ["vm-a", "vm-app"]


def test_without_targets_all_networks_that_the_firewalls_is_peered_with_are_meant(meshed: Snapshot) -> None:
    after = through(meshed, "firewall: fw-hub, subnets: [vnet-a/web, vnet-hub/shared]")
    assert routes(after, "rt-vnet-a").keys() == {"vnet-b-by-fw-hub", "vnet-c-by-fw-hub"}
    assert routes(after, "rt-vnet-hub").keys() == {"vnet-a-by-fw-hub", "vnet-b-by-fw-hub", "vnet-c-by-fw-hub"}


def test_the_own_network_is_routed_only_if_asked_by_prefix_or_subnet(meshed: Snapshot) -> None:
    by_name = through(meshed, "firewall: fw-hub, subnets: [vnet-a/web, vnet-b], to: [vnet-a, vnet-b]")
    assert routes(by_name, "rt-vnet-a") == {"vnet-b-by-fw-hub": "10.2.0.0/16 -> 10.0.0.4"}
    by_prefix = through(meshed, "firewall: fw-hub, subnets: vnet-a/web, to: 10.1.0.0/16")
    assert routes(by_prefix, "rt-vnet-a") == {"10.1.0.0-16-by-fw-hub": "10.1.0.0/16 -> 10.0.0.4"}
    tiers = through(meshed, "firewall: fw-hub, subnets: vnet-a, to: [vnet-a/web, vnet-a/app]")
    assert routes(tiers, "rt-vnet-a") == {"vnet-a-app-by-fw-hub": "10.1.1.0/24 -> 10.0.0.4"}
    assert routes(tiers, "rt-own") == {**OWN, "vnet-a-web-by-fw-hub": "10.1.0.0/24 -> 10.0.0.4"}
    assert way(tiers, "vm-a", "vm-app:443")[:2] == ("ALLOW", ["vm-a", "fw-hub", "vm-app"])


def test_a_peering_that_routes_longer_prefixes_is_caught_too(meshed: Snapshot) -> None:
    """A subnet peering routes the prefixes of its subnets: the space of the VNet alone would lose to them."""
    network = next(held for held in meshed.virtual_networks if held.name == "vnet-a")
    links = tuple(
        link.model_copy(update={"peer_complete_vnets": False, "remote_subnet_names": ("web",)})
        if link.remote_virtual_network.name == "vnet-b"
        else link
        for link in network.virtual_network_peerings
    )
    narrow = meshed.with_resource(network.model_copy(update={"virtual_network_peerings": links}))
    after = through(narrow, "firewall: fw-hub, subnets: vnet-a/web, to: vnet-b")
    assert routes(after, "rt-vnet-a") == {
        "vnet-b-by-fw-hub": "10.2.0.0/16 -> 10.0.0.4",
        "vnet-b-by-fw-hub-2": "10.2.0.0/24 -> 10.0.0.4",
    }
    assert way(after, "vm-a", "vm-b:443")[1] == ["vm-a", "fw-hub", "vm-b"]


def test_a_connected_group_is_led_round_by_the_firewall_too(scenarios: Path) -> None:
    group = sim.load_snapshot(scenarios / "avnm-connected-group")
    assert way(group, "vm-nonprod1", "10.101.0.4:53/udp")[1] == ["vm-nonprod1", "vm-nonprod2"]
    after = through(group, "firewall: fw-hub, subnets: [vnet-nonprod1, vnet-nonprod2]")
    assert way(after, "vm-nonprod1", "10.101.0.4:53/udp")[1] == ["vm-nonprod1", "fw-hub", "vm-nonprod2"]


def test_twice_is_once(meshed: Snapshot) -> None:
    body = "firewall: fw-hub, subnets: [vnet-a, vnet-b], to: [vnet-a, vnet-b]"
    once = through(meshed, body)
    assert through(once, body) == once


def test_names_that_are_taken_get_a_number(meshed: Snapshot) -> None:
    [own] = (held for held in meshed.all(RouteTable) if held.name == "rt-own")
    named = own.id.parent.child("routeTables", "RT-vnet-a")
    taken = meshed.with_resource(own.model_copy(update={"id": named, "name": named.name}))
    after = through(taken, "firewall: fw-hub, subnets: vnet-a/web, to: vnet-b")
    assert tables(after)["vnet-a/web"] == "rt-vnet-a-2"


@pytest.mark.parametrize(
    ("body", "code", "column", "says", "hint"),
    [
        ("subnets: vnet-a", "VNS4004", 20, "firewall is missing", "add firewall: …"),
        ("firewall: fw-hob", "VNS4005", 31, "no firewall is named 'fw-hob'", "did you mean 'fw-hub'?"),
        ("firewall: fw-hub, subnets: vnet-x", "VNS4005", 48, "no virtual network is named 'vnet-x'", "vnet-"),
        ("firewall: fw-hub, subnets: [vnet-a/wbe]", "VNS4005", 49, "no subnet of vnet-a", "'web'"),
        ("firewall: fw-hub, subnets: []", "VNS4004", 48, "subnets is empty", "write subnets: [NAME, …]"),
        ("firewall: fw-hub, subnets: [vnet-a, 5]", "VNS4004", 57, "subnets should hold names, not 5", "[NAME, …]"),
        (
            "firewall: fw-hub, subnets: vnet-hub/AzureFirewallSubnet",
            "VNS4004",
            48,
            "AzureFirewallSubnet takes no routes to a firewall",
            "subnets of machines",
        ),
        ("firewall: fw-hub, to: [vnet-a, vnet-y]", "VNS4005", 52, "'vnet-y'", "did you mean"),
        ("firewall: fw-hub, to: 10.0.0.0/33", "VNS4004", 43, "'10.0.0.0/33' is not a prefix", "10.1.0.0/24"),
        ("firewall: fw-hub, to: 10.1.0.4/16", "VNS4004", 43, "bits beyond its length", "10.1.0.0/16"),
        ("firewall: fw-hub, to: 10.1.0.4", "VNS4004", 43, "has no length", "10.1.0.4/32"),
        ("firewall: fw-hub, to: 'fd00::/8'", "VNS4004", 43, "fd00::/8 is IPv6", "an IPv4 address"),
        ("firewall: fw-hub, to: {a: b}", "VNS4004", 43, "to should hold names", "write to"),
        (
            "firewall: fw-hub, subnets: vnet-a, to: vnet-a",
            "VNS4004",
            20,
            "nothing to route through fw-hub",
            "other targ",
        ),
        ("firewall: fw-hub, subnet: vnet-a", "VNS4003", 39, "unknown key 'subnet'", "'subnets'"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_the_way_out(
    meshed: Snapshot, body: str, code: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        through(meshed, body)
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.place == f"change.yaml:2:{column}"


def test_a_table_that_the_export_does_not_hold_is_not_guessed(meshed: Snapshot) -> None:
    left = Snapshot({key: held for key, held in meshed.resources.items() if held.name != "rt-own"})
    with pytest.raises(ChangeError, match="rt-own is not in the network: nobody knows which routes it has") as refused:
        through(left, "firewall: fw-hub, subnets: vnet-a, to: vnet-b")
    assert (refused.value.code, refused.value.place) == ("VNS4005", "change.yaml:2:48")


def test_a_firewall_without_a_subnet_is_no_next_hop(meshed: Snapshot) -> None:
    firewall = next(held for held in meshed.resources.values() if held.name == "fw-hub")
    in_hub = meshed.with_resource(firewall.model_copy(update={"ip_configurations": ()}))
    with pytest.raises(ChangeError, match="fw-hub has no private address") as refused:
        through(in_hub, "firewall: fw-hub")
    assert (refused.value.code, refused.value.place) == ("VNS4004", "change.yaml:2:31")
    assert "Virtual WAN" in refused.value.hint
