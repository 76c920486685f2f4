"""Each lint is silent on a network that is as it should be, and fires when one thing in it is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.azure.resource import ResourceId
from simulator.lints.lint import LINTS, lint
from simulator.network.load import load
from tests.lints.scenario import findings, network_of

#: Two spokes behind the firewall of a hub, with everything that the lints look at set rightly.
SOUND = """
virtual_networks:
  vnet-hub:
    address_space: 10.0.0.0/16
    subnets:
      GatewaySubnet: {prefix: 10.0.0.0/27, route_table: rt-gateway}
      AzureFirewallSubnet: 10.0.1.0/26
      AzureBastionSubnet: {prefix: 10.0.2.0/26, nsg: nsg-bastion}
      snet-agw: {prefix: 10.0.3.0/24, nsg: nsg-agw, route_table: rt-agw}
      snet-nva: 10.0.4.0/24
  vnet-a: {address_space: 10.1.0.0/16, subnets: {snet: {prefix: 10.1.0.0/24, route_table: rt-spoke}}}
  vnet-b: {address_space: 10.2.0.0/16, subnets: {snet: {prefix: 10.2.0.0/24, route_table: rt-spoke}}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-a, vnet-b], gateway_transit: true, forwarded_traffic: true}
route_tables:
  rt-spoke: {disable_bgp_route_propagation: true, routes: {default: 0.0.0.0/0 -> 10.0.1.4}}
  rt-gateway: {routes: {a: 10.1.0.0/16 -> 10.0.1.4, b: 10.2.0.0/16 -> 10.0.1.4}}
  rt-agw: {routes: {out: 0.0.0.0/0 -> Internet}}
azure_firewalls: {fw: {vnet: vnet-hub, ip: 10.0.1.4, policy: pol}}
firewall_policies:
  pol:
    collections:
      - name: net
        priority: 100
        action: Allow
        rules: [{name: web, protocols: [TCP], source: 10.0.0.0/8, destination: 10.0.0.0/8, ports: 443}]
virtual_network_gateways: {gw: {vnet: vnet-hub, type: ExpressRoute}}
on_premises: {hq: {prefixes: [192.168.0.0/16], gateway: gw}}
virtual_machines:
  vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4}
  vm-b: {subnet: vnet-b/snet, ip: 10.2.0.4}
  vm-nva: {subnet: vnet-hub/snet-nva, ip: 10.0.4.4, ip_forwarding: true, appliance: {forwards: true}}
bastion_hosts: {bas: {vnet: vnet-hub}}
application_gateways: {agw: {subnet: vnet-hub/snet-agw, public_ip: 203.0.113.50}}
network_security_groups:
  nsg-bastion:
    - {name: in-web, priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source: Internet, ports: 443}
    - {name: in-manager, priority: 110, direction: Inbound, access: Allow, protocol: Tcp, source: GatewayManager, ports: 443}
    - {name: in-probe, priority: 120, direction: Inbound, access: Allow, protocol: Tcp, source: AzureLoadBalancer, ports: 443}
    - {name: in-plane, priority: 130, direction: Inbound, access: Allow, source: VirtualNetwork, destination: VirtualNetwork, ports: [8080, 5701]}
    - {name: no-more-in, priority: 1000, direction: Inbound, access: Deny}
    - {name: out-hosts, priority: 100, direction: Outbound, access: Allow, protocol: Tcp, destination: VirtualNetwork, ports: [22, 3389]}
    - {name: out-cloud, priority: 110, direction: Outbound, access: Allow, protocol: Tcp, destination: AzureCloud, ports: 443}
    - {name: out-plane, priority: 120, direction: Outbound, access: Allow, source: VirtualNetwork, destination: VirtualNetwork, ports: [8080, 5701]}
    - {name: out-session, priority: 130, direction: Outbound, access: Allow, destination: Internet, ports: [80, 443]}
    - {name: no-more-out, priority: 1000, direction: Outbound, access: Deny}
  nsg-agw:
    - {name: in-manager, priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source: GatewayManager, ports: 65200-65535}
    - {name: in-clients, priority: 110, direction: Inbound, access: Allow, protocol: Tcp, source: Internet, ports: 443}
"""  # noqa: E501
#: Name → (code, severity, the last part of its place, what is written instead of what).
BROKEN: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "access on one side": (
        "VNS6010",
        "warning",
        "peer-a",
        {
            "peerings:\n": "peerings:\n"
            "  - {name: peer-a, from: vnet-a, to: vnet-hub, allow_virtual_network_access: false, "
            "allow_forwarded_traffic: true, use_remote_gateways: true}\n"
            "  - {name: peer-hub, from: vnet-hub, to: vnet-a, allow_gateway_transit: true, "
            "allow_forwarded_traffic: true}\n",
            "spokes: [vnet-a, vnet-b]": "spokes: [vnet-b]",
        },
    ),
    "no forwarded traffic": (
        "VNS6011",
        "warning",
        "vnet-a-to-vnet-hub",
        {"gateway_transit: true, forwarded_traffic: true": "gateway_transit: true, forwarded_traffic: false"},
    ),
    "no IP forwarding": (
        "VNS6020",
        "error",
        "b",
        {
            "ip: 10.0.4.4, ip_forwarding: true": "ip: 10.0.4.4",
            "b: 10.2.0.0/16 -> 10.0.1.4": "b: 10.2.0.0/16 -> 10.0.4.4",
        },
    ),
    "own appliance": (
        "VNS6021",
        "warning",
        "snet-nva",
        {
            "snet-nva: 10.0.4.0/24": "snet-nva: {prefix: 10.0.4.0/24, route_table: rt-nva}",
            "  rt-agw:": "  rt-nva: {routes: {a: 10.1.0.0/16 -> 10.0.4.4}}\n  rt-agw:",
        },
    ),
    "propagation off for the gateway": (
        "VNS6022",
        "warning",
        "GatewaySubnet",
        {"rt-gateway: {": "rt-gateway: {disable_bgp_route_propagation: true, "},
    ),
    "default route for the gateway": (
        "VNS6022",
        "warning",
        "GatewaySubnet",
        {"rt-gateway: {routes: {": "rt-gateway: {routes: {all: 0.0.0.0/0 -> 10.0.1.4, "},
    ),
    "private subnet": (
        "VNS6023",
        "warning",
        "snet-nva",
        {
            "snet-nva: 10.0.4.0/24": "snet-nva: {prefix: 10.0.4.0/24, route_table: rt-agw, "
            "default_outbound_access: false}"
        },
    ),
    "the way back": (
        "VNS6030",
        "warning",
        "snet",
        {"b: 10.2.0.0/16 -> 10.0.1.4}": "}", "10.1.0.0/16 -> 10.0.1.4, ": "10.1.0.0/16 -> 10.0.1.4"},
    ),
    "endpoint round the firewall": (
        "VNS6040",
        "warning",
        "snet",
        {"prefix: 10.1.0.0/24, route": "prefix: 10.1.0.0/24, service_endpoints: [Microsoft.Storage], route"},
    ),
    "endpoint and route of one tag": (
        "VNS6041",
        "info",
        "snet",
        {
            "prefix: 10.1.0.0/24, route_table": "prefix: 10.1.0.0/24, service_endpoints: [Microsoft.Sql], route_table",
            "routes: {default: ": "routes: {sql: Sql.WestEurope -> 10.0.1.4, default: ",
        },
    ),
    "peers that overlap": (
        "VNS6060",
        "warning",
        "vnet-a",
        {"vnet-b: {address_space: 10.2.0.0/16,": "vnet-b: {address_space: [10.2.0.0/16, 10.1.128.0/17],"},
    ),
    "on-premises space inside": ("VNS6061", "warning", "vnet-a", {"[192.168.0.0/16]": "[192.168.0.0/16, 10.1.7.0/24]"}),
    "default route of a gateway": ("VNS6070", "error", "snet-agw", {"0.0.0.0/0 -> Internet": "0.0.0.0/0 -> 10.0.1.4"}),
    "learned default route": (
        "VNS6070",
        "error",
        "snet-agw",
        {", route_table: rt-agw": "", "type: ExpressRoute": "type: ExpressRoute, learned: [0.0.0.0/0]"},
    ),
    "no management of the gateway": (
        "VNS6071",
        "error",
        "nsg-agw",
        {
            ", route_table: rt-agw": "",
            "source: GatewayManager, ports: 65200-65535": "source: GatewayManager, ports: 65200-65534",
        },
    ),
    "no way out of the gateway": (
        "VNS6071",
        "warning",
        "nsg-agw",
        {
            "  nsg-agw:\n": "  nsg-agw:\n"
            "    - {name: no, priority: 200, direction: Outbound, access: Deny, destination: Storage}\n"
        },
    ),
    "no control plane of Bastion": (
        "VNS6072",
        "error",
        "nsg-bastion",
        {"ports: [8080, 5701]}\n    - {name: no-more-in": "ports: [8080]}\n    - {name: no-more-in"},
    ),
    "no session information of Bastion": (
        "VNS6072",
        "error",
        "nsg-bastion",
        {"destination: Internet, ports: [80, 443]": "destination: Internet, ports: 443"},
    ),
}


def broken(changes: dict[str, str]) -> str:
    text = SOUND
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_a_sound_network_has_no_finding(tmp_path: Path) -> None:
    found = lint(network_of(tmp_path, SOUND))
    assert [one.message for one in found] == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_lint_fires_where_one_thing_is_not_as_it_should_be(case: str, tmp_path: Path) -> None:
    code, severity, place, changes = BROKEN[case]
    found = [one for one in lint(network_of(tmp_path, broken(changes))) if one.code == code]
    assert found, case
    assert {one.severity for one in found} == {severity}
    assert place in {ResourceId(one.place).name for one in found}
    assert all(one.hint and one.message for one in found)
    assert all(isinstance(identity, ResourceId) for one in found for identity in one.involved)


def test_a_way_back_names_the_routes_and_the_firewall(tmp_path: Path) -> None:
    text = broken(BROKEN["the way back"][3])
    [found] = findings(tmp_path, text, "VNS6030")
    assert found.message == (
        "vnet-b/snet → hq (and 1 more way alike): there by rt-spoke/default to VirtualAppliance 10.0.1.4, back by "
        "10.2.0.0/16 to VNetPeering; only one of the two passes fw, so the reply is dropped"
    )
    assert [one.name for one in found.involved] == ["rt-spoke", "snet", "gw"]


def test_filters_do_not_hide_a_way_back(tmp_path: Path) -> None:
    """The firewall denies what the lint asks; the routes are what it is about."""
    text = broken(BROKEN["the way back"][3]).replace("action: Allow\n", "action: Deny\n")
    assert len(findings(tmp_path, text, "VNS6030")) == 1


def test_routes_of_two_appliances_that_send_to_each_other_are_a_loop(tmp_path: Path) -> None:
    text = broken(
        {
            "snet-nva: 10.0.4.0/24": "snet-nva: {prefix: 10.0.4.0/24, route_table: rt-one}\n"
            "      snet-other: {prefix: 10.0.5.0/24, route_table: rt-two}",
            "  rt-agw:": "  rt-one: {routes: {b: 10.2.0.0/16 -> 10.0.5.4}}\n"
            "  rt-two: {routes: {b: 10.2.0.0/16 -> 10.0.4.4}}\n  rt-agw:",
            "default: 0.0.0.0/0 -> 10.0.1.4": "default: 0.0.0.0/0 -> 10.0.4.4",
            "forwards: true}}\n": "forwards: true}}\n  vm-other: {subnet: vnet-hub/snet-other, ip: 10.0.5.4, "
            "ip_forwarding: true, appliance: {forwards: true}}\n",
        }
    )
    found = findings(tmp_path, text, "VNS6031")
    assert found and all(one.severity == "error" for one in found)
    assert any("vnet-a/snet → vnet-b/snet" in one.message and "vm-nva and vm-other" in one.message for one in found)


def test_a_machine_with_several_nics_may_send_on_from_another_subnet(tmp_path: Path) -> None:
    changes = BROKEN["own appliance"][3]
    second = "network_interfaces: {second: {vm: vm-nva, subnet: vnet-a/snet, ip: 10.1.0.9, ip_forwarding: true}}\n"
    assert findings(tmp_path, broken(changes) + second, "VNS6021") == []


def test_an_appliance_that_translates_sends_nothing_that_is_forwarded(tmp_path: Path) -> None:
    refused = BROKEN["no forwarded traffic"][3]
    by_machine = refused | {"default: 0.0.0.0/0 -> 10.0.1.4": "default: 0.0.0.0/0 -> 10.0.4.4"}
    assert len(findings(tmp_path, broken(by_machine), "VNS6011")) == 2
    for translating in (
        by_machine | {"{forwards: true}": "{forwards: true, snat: all}"},
        refused | {"  pol:\n": "  pol:\n    snat_private_ranges: [172.16.0.0/12]\n"},
    ):
        assert findings(tmp_path, broken(translating), "VNS6011") == []


def test_gateways_of_a_network_without_any(tmp_path: Path) -> None:
    text = broken(
        {
            "virtual_network_gateways: {gw: {vnet: vnet-hub, type: ExpressRoute}}\n": "",
            "on_premises: {hq: {prefixes: [192.168.0.0/16], gateway: gw}}\n": "",
        }
    )
    assert [one.place.rsplit("/", 1)[-1] for one in findings(tmp_path, text, "VNS6012")] == [
        "vnet-a-to-vnet-hub",
        "vnet-b-to-vnet-hub",
    ]


def test_peering_routes_kept_out_ask_for_an_appliance_in_the_network(tmp_path: Path) -> None:
    text = broken({"rt-spoke: {": "rt-spoke: {disable_peering_route: All, "})
    assert {one.place.rsplit("/", 1)[-1] for one in findings(tmp_path, text, "VNS6024")} == {"default"}


def test_a_default_route_to_the_internet_opens_what_the_group_opens_to_its_network(tmp_path: Path) -> None:
    opened = broken(
        {
            "snet-nva: 10.0.4.0/24": "snet-nva: {prefix: 10.0.4.0/24, nsg: nsg-nva, route_table: rt-agw}",
            "  nsg-agw:\n": "  nsg-nva: []\n  nsg-agw:\n",
            "ip: 10.0.4.4,": "ip: 10.0.4.4, public_ip: 203.0.113.9,",
        }
    )
    [found] = findings(tmp_path, opened, "VNS6007")
    assert found.message == (
        "vm-nva is open to the Internet by nsg-nva/AllowVnetInBound (65000): the default route rt-agw/out makes "
        "VirtualNetwork every address on snet-nva"
    )
    assert [one.name for one in found.involved] == ["AllowVnetInBound", "out"]
    closed = "  nsg-nva: [{name: no, priority: 100, direction: Inbound, access: Deny, source: Internet}]\n"
    for mended in (
        opened.replace("  nsg-nva: []\n", closed),
        opened.replace(", route_table: rt-agw}\n  vnet-a", "}\n  vnet-a").replace(
            "nsg: nsg-nva, route_table: rt-agw", "nsg: nsg-nva"
        ),
        opened.replace(" public_ip: 203.0.113.9,", ""),
    ):
        assert findings(tmp_path, mended, "VNS6007") == []
    at_nic = closed.replace("nsg-nva", "nsg-nic")
    both = opened.replace("  nsg-nva: []\n", f"  nsg-nva: []\n{at_nic}").replace(
        "ip: 10.0.4.4,", "ip: 10.0.4.4, nsg: nsg-nic,"
    )
    assert findings(tmp_path, both, "VNS6007") == []


def test_members_of_a_connected_group_that_overlap(tmp_path: Path) -> None:
    text = """
virtual_networks: {vnet-a: {address_space: 10.1.0.0/16}, vnet-b: {address_space: [10.2.0.0/16, 10.1.0.0/24]}}
network_managers:
  avnm:
    network_groups: {mesh: [vnet-a, vnet-b]}
    connectivity_configurations: {cc: {topology: Mesh, applies_to: [mesh]}}
    deployments: {westeurope: [cc]}
"""
    [found] = findings(tmp_path, text, "VNS6060")
    assert "share 10.1.0.0/24" in found.message and found.involved[1].name == "mesh"
    assert findings(tmp_path, text.replace("10.1.0.0/24]", "10.3.0.0/24]"), "VNS6060") == []


def test_a_supernet_on_premises_is_usual(tmp_path: Path) -> None:
    assert findings(tmp_path, broken({"[192.168.0.0/16]": "[10.0.0.0/8]"}), "VNS6061") == []


def test_an_isolated_application_gateway_needs_nothing(tmp_path: Path) -> None:
    changes = BROKEN["default route of a gateway"][3] | BROKEN["no management of the gateway"][3]
    isolated = {"public_ip: 203.0.113.50}": "public_ip: 203.0.113.50, network_isolation: true}"}
    assert findings(tmp_path, broken(changes), "VNS6070", "VNS6071") != []
    assert findings(tmp_path, broken(changes | isolated), "VNS6070", "VNS6071") == []


def test_every_lint_has_words_of_its_own() -> None:
    assert len({lint.__name__ for lint in LINTS}) == len(LINTS)


@pytest.mark.parametrize("name", ["hub-spoke", "lab-2024", "fta-routes"])
def test_the_shipped_scenarios_have_no_error(name: str, scenarios: Path) -> None:
    folder = scenarios / name
    places = [folder] if (folder / "topology.yaml").exists() else [one.parent for one in folder.glob("*/topology.yaml")]
    assert all(one.severity != "error" for place in places for one in lint(load(place)))
