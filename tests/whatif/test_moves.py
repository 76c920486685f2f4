"""A virtual network in another region: what goes along, what stays, and what is read anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import simulator as sim
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from simulator.errors import ChangeError
from simulator.network.effective_routes import effective_routes
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from simulator.whatif.change import Change
from simulator.whatif.impact import MOVE_NOTE
from simulator.whatif.in_brief import move
from simulator.whatif.moves import going_along
from tests.whatif.changed_network import applied

TOPOLOGY = """
name: moves
location: westeurope
virtual_networks:
  vnet-hub:
    address_space: 10.1.0.0/22
    subnets:
      GatewaySubnet: 10.1.0.0/26
      AzureFirewallSubnet: 10.1.1.0/26
      AzureBastionSubnet: 10.1.2.0/26
  vnet-shop:
    address_space: 10.2.0.0/22
    subnets:
      web:
        prefix: 10.2.0.0/24
        nsg: nsg-web
        route_table: rt-shop
        nat_gateway: nat-shop
        service_endpoints: [{service: Microsoft.Storage, locations: [westeurope, northeurope]}, Microsoft.Sql]
        service_endpoint_policies: [policy-shop]
      links: {prefix: 10.2.1.0/24, nsg: nsg-shared}
  vnet-other: {address_space: 10.3.0.0/24, subnets: {one: {prefix: 10.3.0.0/25, nsg: nsg-shared}}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-shop, vnet-other], gateway_transit: true, forwarded_traffic: true}
network_security_groups:
  nsg-web: [{name: from-web, priority: 100, direction: Inbound, access: Allow, source_asgs: asg-web, ports: 443}]
  nsg-shared: []
  nsg-of-nobody: []
application_security_groups: [asg-web, asg-shared]
route_tables: {rt-shop: {routes: {default: 0.0.0.0/0 -> 10.1.1.4}}}
nat_gateways: {nat-shop: {public_ips: 203.0.113.1}}
service_endpoint_policies: {policy-shop: {resources: [stshop]}}
storage_accounts: {stshop: {}}
azure_firewalls: {fw-hub: {vnet: vnet-hub, ip: 10.1.1.4, public_ip: 203.0.113.2}}
virtual_network_gateways: {vpn-hub: {vnet: vnet-hub, type: Vpn, public_ip: 203.0.113.3}}
local_network_gateways: {hq: {prefixes: 192.168.0.0/16, gateway: vpn-hub, ip: 203.0.113.7}}
bastion_hosts: {bastion-hub: {vnet: vnet-hub, public_ip: 203.0.113.4}}
load_balancers:
  lb-inside:
    frontends: {front: {subnet: vnet-shop/web, ip: 10.2.0.100}}
    pools: {all: [vm-web1]}
    rules: [{name: web, frontend: front, pool: all, protocol: Tcp, port: 443}]
  lb-outside:
    frontends: {front: {public_ip: 203.0.113.5}}
    pools: {all: [vm-web1]}
    rules: [{name: web, frontend: front, pool: all, protocol: Tcp, port: 443}]
private_endpoints: {pe-shop: {subnet: vnet-shop/links, ip: 10.2.1.4, service: stshop, group: blob}}
virtual_machines:
  vm-web1: {subnet: vnet-shop/web, ip: 10.2.0.4, asgs: [asg-web, asg-shared], public_ip: 203.0.113.6}
  vm-other: {subnet: vnet-other/one, ip: 10.3.0.4, asgs: [asg-shared]}
network_managers:
  avnm:
    network_groups: {all: [vnet-shop, vnet-other]}
    security_admin_configurations:
      baseline:
        rule_collections:
          block:
            applies_to: [all]
            rules: [{name: no-ssh, priority: 10, direction: Inbound, access: Deny, ports: 22}]
    deployments: {westeurope: [baseline]}
"""
TO_NORTH = "move_virtual_network: {vnet: vnet-shop, region: North Europe}"


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path: Path = tmp_path_factory.mktemp("moves") / "moves.yaml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    return scenario_snapshot(path)


def names_in(snapshot: Snapshot, region: str) -> set[str]:
    return {held.name for held in snapshot.resources.values() if held.location == region}


def vnet(snapshot: Snapshot, name: str) -> VirtualNetwork:
    return next(held for held in snapshot.virtual_networks if held.name == name)


@pytest.mark.parametrize(
    ("moved", "names"),
    [
        (
            "vnet-shop",
            {
                *(
                    "vnet-shop",
                    "vm-web1",
                    "vm-web1-nic",
                    "vm-web1-pip",
                    "lb-inside",
                    "lb-outside",
                    "lb-outside-front-pip",
                ),
                *("pe-shop", "pe-shop-nic", "nat-shop", "nat-shop-pip", "nsg-web", "asg-web", "rt-shop", "policy-shop"),
            },
        ),
        (
            "vnet-hub",
            {
                "vnet-hub",
                "fw-hub",
                "fw-hub-pip",
                "vpn-hub",
                "vpn-hub-pip",
                "hq-connection",
                "bastion-hub",
                "bastion-hub-pip",
            },
        ),
        ("vnet-other", {"vnet-other", "vm-other", "vm-other-nic"}),
    ],
)
def test_what_lives_in_the_network_goes_along_and_what_others_use_too_stays(
    placed: Snapshot, moved: str, names: set[str]
) -> None:
    after = applied(placed, f"move_virtual_network: {{vnet: {moved}, region: northeurope}}")
    assert names_in(after, "northeurope") == names
    assert names_in(after, "westeurope") == names_in(placed, "westeurope") - names
    assert {held.name for held in (placed.resources[one] for one in going_along(placed, vnet(placed, moved).id))} == (
        names - {moved}
    )


def test_only_regions_differ(placed: Snapshot) -> None:
    after = applied(placed, TO_NORTH)
    assert after.resources.keys() == placed.resources.keys()
    assert after.declarations == placed.declarations
    changed = [key for key, held in after.resources.items() if held != placed.resources[key]]
    back = {
        held.id: held.model_copy(update={"location": placed.resources[held.id].location})
        for held in after.resources.values()
        if held.id != vnet(after, "vnet-shop").id
    }
    assert len(changed) == len(names_in(after, "northeurope"))
    assert all(held == placed.resources[key] for key, held in back.items())


def test_there_and_back_is_no_change_but_for_what_azure_fills_in(placed: Snapshot) -> None:
    there = applied(placed, TO_NORTH)
    back = applied(there, "move_virtual_network: {vnet: vnet-shop, region: westeurope}")
    again = applied(back, TO_NORTH)
    assert again == there
    assert names_in(back, "westeurope") == names_in(placed, "westeurope")
    shops = {held.id for held in (vnet(placed, "vnet-shop"),)}
    assert {key for key, held in back.resources.items() if held != placed.resources[key]} == shops


@pytest.mark.parametrize(("mover", "kind"), [("", "VNetPeering"), (TO_NORTH, "VNetGlobalPeering")])
def test_the_peering_becomes_a_global_one_at_both_ends(placed: Snapshot, mover: str, kind: str) -> None:
    network = build_network(applied(placed, mover) if mover else placed)
    for machine, far in (("vm-web1", "10.1.0.0/22"), ("fw-hub", "10.2.0.0/22")):
        endpoint = network.endpoint(machine)
        assert endpoint is not None
        routes = {route.prefixes[0]: route.next_hop_type for route in effective_routes(network, endpoint.id)}
        assert routes[far] == kind


def test_service_endpoints_reach_the_new_region(placed: Snapshot) -> None:
    def tags(snapshot: Snapshot) -> list[str | None]:
        network = build_network(snapshot)
        endpoint = network.endpoint("vm-web1")
        assert endpoint is not None
        return [route.service_tag for route in effective_routes(network, endpoint.id) if route.service_tag]

    assert tags(placed) == ["Storage.westeurope", "Storage.northeurope", "Sql.westeurope"]
    to_poland = applied(placed, "move_virtual_network: {vnet: vnet-shop, region: japaneast}")
    assert tags(to_poland) == ["Storage.japaneast", "Storage.japanwest", "Sql.japaneast"]


def test_an_endpoint_for_all_regions_stays_one(placed: Snapshot) -> None:
    shop = vnet(placed, "vnet-shop")
    web = shop.subnets[0]
    everywhere = web.service_endpoints[0].model_copy(update={"service": "Microsoft.KeyVault", "locations": ("*",)})
    subnets = (web.model_copy(update={"service_endpoints": (everywhere,)}), *shop.subnets[1:])
    after = applied(placed.with_resource(shop.model_copy(update={"subnets": subnets})), TO_NORTH)
    assert vnet(after, "vnet-shop").subnets[0].service_endpoints == (everywhere,)


def test_what_managers_deployed_to_the_old_region_does_not_follow(placed: Snapshot) -> None:
    def verdict(snapshot: Snapshot) -> str:
        return sim.explain(build_network(snapshot), "198.51.100.9", "203.0.113.6:22").prediction.reason

    assert verdict(placed) == "ADMIN_RULE_DENY"
    assert verdict(applied(placed, TO_NORTH)) != "ADMIN_RULE_DENY"


def test_the_impact_says_that_azure_moves_no_network(placed: Snapshot) -> None:
    network = build_network(placed)
    records = sim.generate_flow_log(network, flows=10, start=datetime(2026, 11, 24, tzinfo=UTC))
    moved = sim.what_if(network, move("vnet-shop", "northeurope"), flows=records)
    assert MOVE_NOTE in moved.notes
    assert MOVE_NOTE not in sim.what_if(network, Change("nothing"), flows=records).notes


@pytest.mark.parametrize("region", ["northeurope", "North Europe", "NORTHEUROPE", "northEurope"])
def test_a_region_is_named_in_any_of_its_spellings(placed: Snapshot, region: str) -> None:
    after = applied(placed, f"move_virtual_network: {{vnet: vnet-shop, region: {region}}}")
    assert vnet(after, "vnet-shop").location == "northeurope"


@pytest.mark.parametrize(
    ("step", "code", "column", "says", "hint"),
    [
        ("{vnet: vnet-shop, region: nortEurope}", "VNS4005", 53, "'nortEurope'", "did you mean 'northeurope'?"),
        ("{vnet: vnet-shop, region: mars}", "VNS4005", 53, "no region is called 'mars'", "known are: "),
        ("{vnet: vnet-shopp, region: northeurope}", "VNS4005", 34, "'vnet-shopp'", "'vnet-shop'"),
        ("{vnet: vnet-shop, region: West Europe}", "VNS4007", 53, "is in westeurope already", "another region"),
        ("{vnet: vnet-shop}", "VNS4004", 27, "region is missing", "add region: …"),
        ("{vnet: vnet-shop, region: [a]}", "VNS4004", 53, "region should be a name", "write region"),
        ("{vnet: vnet-shop, location: northeurope}", "VNS4003", 45, "'location'", "known keys are: region, vnet"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_the_way_out(
    placed: Snapshot, step: str, code: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        applied(placed, f"move_virtual_network: {step}")
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.place == f"change.yaml:2:{column}"
