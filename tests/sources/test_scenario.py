"""The scenario file: what every section becomes, and its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress, VirtualMachine
from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import MODELS, LearnedRoute, Snapshot
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.errors import SourceError
from simulator.sources.scenario import scenario_schema, scenario_snapshot
from simulator.sources.yaml_text import load_yaml

EVERYTHING = Path(__file__).parent / "data" / "everything.yaml"
NETWORK = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-net/providers/Microsoft.Network"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return scenario_snapshot(EVERYTHING)


def named(snapshot: Snapshot, kind: type[Resource], name: str) -> Any:
    return next(resource for resource in snapshot.all(kind) if resource.name == name)


def test_every_kind_of_resource_can_be_written(snapshot: Snapshot) -> None:
    written = {resource.id.type for resource in snapshot.resources.values()}
    policies = {kind for kind in MODELS if kind.startswith("microsoft.authorization/")}
    assert set(MODELS) - written == {"microsoft.network/ipgroups", *policies}
    assert snapshot.issues == ()
    assert snapshot.name == "hub-spoke"


def test_every_key_is_written() -> None:
    """So that the tests over this file, of the schema, of exports and of hostile input, meet all of them."""
    schema = scenario_schema()
    parts = [schema, *(form for part in schema["$defs"].values() for form in (part, *part.get("anyOf", [])))]
    written: set[str] = set()
    waiting = [load_yaml(EVERYTHING.read_text(encoding="utf-8"), EVERYTHING.name).value]
    while waiting:
        value = waiting.pop()
        written |= {*value} if isinstance(value, dict) else set()
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    assert {key for part in parts for key in part.get("properties", {})} - written == {"include"}


def test_names_become_ids(snapshot: Snapshot) -> None:
    hub = named(snapshot, VirtualNetwork, "vnet-hub")
    assert str(hub.id) == f"{NETWORK}/virtualNetworks/vnet-hub"
    subnet = next(held for held in hub.subnets if held.name == "VmSubnet1")
    assert str(subnet.id) == f"{hub.id}/subnets/VmSubnet1"
    assert subnet.network_security_group == ResourceId(f"{NETWORK}/networkSecurityGroups/nsg-web")
    assert subnet.nat_gateway == ResourceId(f"{NETWORK}/natGateways/ng1")


def encryption_of(tmp_path: Path, machine: str, network: str = "true") -> tuple[object, NetworkInterface]:
    path = tmp_path / "one.yaml"
    path.write_text(
        f"virtual_networks: {{v: {{address_space: 10.0.0.0/16, encryption: {network}, subnets: {{s: 10.0.0.0/24}}}}}}\n"
        f"virtual_machines: {{vm: {{subnet: v/s, ip: 10.0.0.4{machine}}}}}\n"
        "network_interfaces: {second: {subnet: v/s, ip: 10.0.0.5, vm: vm}}\n",
        encoding="utf-8",
    )
    read = scenario_snapshot(path)
    return named(read, VirtualNetwork, "v").encryption, named(read, NetworkInterface, "second")


@pytest.mark.parametrize(
    ("machine", "accelerated"),
    [
        (", size: Standard_D2s_v5", True),
        (", size: Standard_D2s_v3", None),
        (", size: Standard_Z9", None),
        ("", None),
    ],
)
def test_accelerated_networking_is_on_where_the_size_supports_encryption(
    tmp_path: Path, machine: str, accelerated: bool | None
) -> None:
    assert encryption_of(tmp_path, machine)[1].enable_accelerated_networking is accelerated


def test_what_is_said_of_a_nic_counts(snapshot: Snapshot) -> None:
    nic = named(snapshot, NetworkInterface, "vm-web1-nic")
    assert (nic.enable_accelerated_networking, nic.vnet_encryption_supported) == (True, True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("true", (True, "AllowUnencrypted")),
        ("{}", (True, "AllowUnencrypted")),
        ("{enforcement: dropunencrypted}", (True, "DropUnencrypted")),
        ("{enabled: true, enforcement: AllowUnencrypted}", (True, "AllowUnencrypted")),
        ("false", None),
        ("{enabled: false, enforcement: DropUnencrypted}", None),
    ],
)
def test_encryption_is_a_switch_or_a_switch_with_enforcement(tmp_path: Path, written: str, read: object) -> None:
    found: Any = encryption_of(tmp_path, "", written)[0]
    assert (found and (found.enabled, found.enforcement)) == read


@pytest.mark.parametrize("written", ["maybe", "{enforcement: Drop}", "{on: true}", "[true]"])
def test_any_other_encryption_is_an_error(tmp_path: Path, written: str) -> None:
    with pytest.raises(SourceError, match="encryption"):
        encryption_of(tmp_path, "", written)


def test_hub_and_spokes_become_both_links(snapshot: Snapshot) -> None:
    links: dict[str, VirtualNetworkPeering] = {
        link.name: link for network in snapshot.virtual_networks for link in network.virtual_network_peerings
    }
    hub, spoke = links["vnet-hub-to-vnet-large"], links["vnet-large-to-vnet-hub"]
    assert (hub.allow_gateway_transit, hub.use_remote_gateways, hub.allow_forwarded_traffic) == (True, False, True)
    assert (spoke.allow_gateway_transit, spoke.use_remote_gateways, spoke.allow_forwarded_traffic) == (
        False,
        True,
        True,
    )
    part = links["vnet-medium-to-vnet-large"]
    assert (part.peer_complete_vnets, part.local_subnet_names) == (False, ("VmSubnet1",))
    assert len(links) == 5


def test_rules_and_routes_take_arms_fields(snapshot: Snapshot) -> None:
    web, _, app = named(snapshot, NetworkSecurityGroup, "nsg-web").security_rules
    assert (web.sources, web.destinations, web.destination_ports) == (("Internet",), ("*",), ("80", "443"))
    assert (app.sources, app.destinations, app.destination_ports) == (("10.1.0.0/22", "10.9.9.9"), (), ("8000-8080",))
    assert (app.access, app.destination_application_security_groups[0].name) == ("Allow", "asg-web")
    table = named(snapshot, RouteTable, "rt-spoke")
    assert [(route.address_prefix, route.next_hop_type, route.next_hop_ip_address) for route in table.routes] == [
        ("0.0.0.0/0", "VirtualAppliance", "10.1.1.4"),
        ("192.168.0.0/16", "VirtualNetworkGateway", None),
        ("172.16.0.0/12", "VirtualAppliance", "10.1.3.132"),
        ("Storage.WestEurope", "Internet", None),
        ("198.18.0.0/15", "VirtualApplianceEcmp", None),
    ]
    assert table.routes[-1].next_hop.next_hop_ip_addresses == ("10.1.3.132", "10.1.3.133")


def test_a_virtual_machine_brings_its_nic_and_public_address(snapshot: Snapshot) -> None:
    machine = named(snapshot, VirtualMachine, "vm-web1")
    nic = named(snapshot, NetworkInterface, "vm-web1-nic")
    assert [reference.name for reference in machine.network_profile.network_interfaces] == ["vm-web1-nic", "nic-second"]
    assert (nic.virtual_machine, nic.mac_address) == (machine.id, "00-0D-3A-00-00-01")
    assert nic.id.resource_group == "rg-web"
    public = snapshot.get(nic.ip_configurations[0].public_ip_address, PublicIpAddress)
    assert public is not None and (public.name, public.ip_address, public.sku.name) == (
        "vm-web1-pip",
        "20.0.0.10",
        "Standard",
    )
    dual = named(snapshot, NetworkInterface, "vm-dual-nic")
    assert [(held.private_ip_address, held.private_ip_address_version) for held in dual.ip_configurations] == [
        ("10.1.4.4", "IPv4"),
        ("fd00:1::4", "IPv6"),
    ]


def test_made_up_macs_are_stable_and_differ(snapshot: Snapshot) -> None:
    macs = {nic.name: nic.mac_address for nic in snapshot.network_interfaces}
    assert macs["vm-dual-nic"] == "02-F1-0F-C2-22-32"
    assert len({*macs.values()}) == len(macs)


def test_regions_are_written_as_exports_write_them(snapshot: Snapshot) -> None:
    assert named(snapshot, VirtualNetwork, "vnet-medium").location == "northeurope"
    assert named(snapshot, NetworkInterface, "nic-alone").location == "northeurope"


def test_services(snapshot: Snapshot) -> None:
    firewall = named(snapshot, AzureFirewall, "fw-hub")
    assert firewall.ip_configurations[0].private_ip_address == "10.1.1.4"
    assert firewall.firewall_policy == ResourceId(f"{NETWORK}/firewallPolicies/pol-hub")
    assert named(snapshot, VirtualNetworkGateway, "ergw").enable_bgp


def test_declarations(snapshot: Snapshot) -> None:
    declared = snapshot.declarations
    ergw = ResourceId(f"{NETWORK}/virtualNetworkGateways/ergw")
    assert declared.learned_routes == {
        ergw: (LearnedRoute("192.168.0.0/16"), LearnedRoute("0.0.0.0/0", "10.1.0.12")),
    }
    manager = ResourceId(f"{NETWORK}/networkManagers/avnm")
    assert declared.deployments == {
        "westeurope": (
            manager.child("securityAdminConfigurations", "baseline"),
            manager.child("routingConfigurations", "udr"),
        ),
        "northeurope": (manager.child("connectivityConfigurations", "mesh"),),
    }
    (appliance,) = declared.appliances.values()
    assert appliance.rules is not None and appliance.rules[0].destination_ports == ("443",)
    assert [network.hosts for network in declared.on_premises] == [{"dc1": "192.168.0.10"}]
    assert declared.service_tags == {"MyTag": ("203.0.113.0/24",)}
    assert declared.assumptions == {"se_beats_udr": "true", "ecmp_is_symmetric": "true"}


def write(folder: Path, text: str, name: str = "topology.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


GATEWAYS = """
virtual_networks: {hub: {address_space: 10.0.0.0/16, subnets: {GatewaySubnet: 10.0.0.0/24}}}
virtual_network_gateways:
  a: {vnet: hub, type: Vpn, bgp: true}
  b: {vnet: hub, type: Vpn, learned: []}
  c: {vnet: hub, type: vpn}
on_premises: {hq: {prefixes: [192.168.0.0/16], gateway: a}, lab: {prefixes: 172.16.0.0/16, gateway: b}}
"""


def test_what_a_gateway_learned_is_told_known_empty_and_unknown_apart(tmp_path: Path) -> None:
    snapshot = scenario_snapshot(write(tmp_path, GATEWAYS))
    routes = {gateway.name: held for gateway, held in snapshot.declarations.learned_routes.items()}
    assert routes == {"a": (LearnedRoute("192.168.0.0/16"),), "b": ()}


def test_the_smallest_scenario_takes_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "two words").mkdir()
    snapshot = scenario_snapshot(write(tmp_path / "two words", "virtual_networks: {v: {address_space: 10.0.0.0/16}}"))
    (network,) = snapshot.virtual_networks
    assert snapshot.name == "two words"
    assert (network.id.resource_group, network.location) == ("rg-two-words", "westeurope")
    assert network.id.subscription == "00000000-0000-0000-0000-000000000000"
    assert snapshot.declarations.deployments is None


def included(folder: Path) -> None:
    """An export with a VNet, a group and a rule that cannot be read."""
    (folder / "exports").mkdir()
    group = "/subscriptions/x/resourceGroups/prod/providers/Microsoft.Network"
    subnet = {"name": "snet", "properties": {"addressPrefix": "10.9.0.0/24"}}
    resources = [
        {
            "id": f"{group}/virtualNetworks/vnet-old",
            "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": [subnet]},
        },
        {"id": f"{group}/networkSecurityGroups/nsg-old", "properties": {"securityRules": []}},
        {
            "id": f"{group}/routeTables/rt-bad",
            "properties": {"routes": [{"name": "r", "properties": {"nextHopType": "None"}}]},
        },
    ]
    (folder / "exports" / "all.json").write_text(json.dumps(resources))


def test_names_reach_into_included_exports(tmp_path: Path) -> None:
    included(tmp_path)
    text = """
name: extended
include: exports/
virtual_networks: {vnet-new: {address_space: 10.8.0.0/16, subnets: {a: {prefix: 10.8.0.0/24, nsg: nsg-old}}}}
peerings: [{hub: vnet-old, spokes: [vnet-new]}]
virtual_machines: {vm: {subnet: VNET-OLD/SNET, ip: 10.9.0.4}}
"""
    snapshot = scenario_snapshot(write(tmp_path, text))
    old = named(snapshot, VirtualNetwork, "vnet-old")
    assert [link.remote_virtual_network.name for link in old.virtual_network_peerings] == ["vnet-new"]
    nic = named(snapshot, NetworkInterface, "vm-nic")
    assert nic.ip_configurations[0].subnet == old.subnets[0].id
    assert old.id.resource_group == "prod"
    assert [(issue.code, issue.place) for issue in snapshot.issues] == [
        ("VNS1101", "exports/all.json[2].routes[0].addressPrefix")
    ]


def test_deployments_of_an_included_manager_can_be_declared(tmp_path: Path) -> None:
    manager = "/subscriptions/x/resourceGroups/prod/providers/Microsoft.Network/networkManagers/avnm"
    base = f"{manager}/securityAdminConfigurations/base"
    exported = {"id": manager, "name": "avnm", "type": "Microsoft.Network/networkManagers", "location": "westeurope"}
    configuration = {"id": base, "name": "base", "properties": {"ruleCollections": []}}
    exported["properties"] = {"securityAdminConfigurations": [configuration]}
    (tmp_path / "avnm.json").write_text(json.dumps([exported]))
    said = "include: avnm.json\nnetwork_managers: {AVNM: {deployments: {westeurope: [base]}}}"
    snapshot = scenario_snapshot(write(tmp_path, said))
    assert snapshot.declarations.deployments == {"westeurope": (ResourceId(base),)}
    assert [held.id for held in snapshot.all(NetworkManager)] == [ResourceId(manager)]
    assert snapshot.declarations.are_deployments_known(ResourceId(manager))


def test_deployments_of_two_included_managers_of_one_name_are_refused(tmp_path: Path) -> None:
    manager = "/subscriptions/x/resourceGroups/{}/providers/Microsoft.Network/networkManagers/avnm"
    managers = [
        {"id": manager.format(group), "name": "avnm", "type": "Microsoft.Network/networkManagers", "properties": {}}
        for group in ("one", "two")
    ]
    (tmp_path / "avnm.json").write_text(json.dumps(managers))
    with pytest.raises(SourceError, match="2 included network managers are named 'avnm'") as caught:
        scenario_snapshot(
            write(tmp_path, "include: avnm.json\nnetwork_managers: {avnm: {deployments: {westeurope: []}}}")
        )
    assert caught.value.code == "VNS1205"


def test_a_manager_that_nobody_speaks_of_stays_unknown_beside_one_that_is_declared(tmp_path: Path) -> None:
    declared = scenario_snapshot(
        write(tmp_path, "network_managers: {told: {deployments: {westeurope: []}}, untold: {scope: []}}")
    ).declarations
    assert [held.name for held in declared.undeclared_managers] == ["untold"]


def test_the_scenario_wins_over_what_it_includes(tmp_path: Path) -> None:
    included(tmp_path)
    text = """
subscription: x
resource_group: prod
include: [exports/all.json]
network_security_groups: {nsg-old: [{name: no, priority: 100, direction: Inbound, access: Deny}]}
"""
    (group,) = scenario_snapshot(write(tmp_path, text)).all(NetworkSecurityGroup)
    assert [rule.name for rule in group.security_rules] == ["no"]


@pytest.mark.parametrize(
    ("include", "code"),
    [
        ("../secret.json", "VNS1012"),
        ("/etc", "VNS1012"),
        ("missing.json", "VNS1001"),
        ('"\\0"', "VNS1012"),
        (".", "VNS1002"),
    ],
)
def test_includes_stay_in_their_folder(tmp_path: Path, include: str, code: str) -> None:
    (tmp_path / "secret.json").write_text("[]")
    (tmp_path / "scenario").mkdir()
    path = write(tmp_path / "scenario", f"include: [{include}]\n")
    with pytest.raises(SourceError) as caught:
        scenario_snapshot(path)
    assert (caught.value.code, caught.value.place) == (code, f"{path.as_posix()}:1:11")


def test_full_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    elsewhere = "/subscriptions/y/resourceGroups/z/providers/Microsoft.Network/virtualNetworks/other"
    text = f"""
virtual_networks: {{v: {{address_space: 10.0.0.0/16}}}}
peerings: [{{from: v, to: {elsewhere}}}]
network_interfaces: {{nic: {{subnet: {elsewhere}/subnets/s, ip: 10.7.0.4}}}}
"""
    snapshot = scenario_snapshot(write(tmp_path, text))
    assert snapshot.virtual_networks[0].virtual_network_peerings[0].remote_virtual_network == ResourceId(elsewhere)
    assert snapshot.network_interfaces[0].ip_configurations[0].subnet == ResourceId(f"{elsewhere}/subnets/s")


def test_the_schema_is_valid_and_its_example_loads(tmp_path: Path) -> None:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    (example,) = schema["examples"]
    jsonschema.validate(example, schema)
    assert scenario_snapshot(write(tmp_path, json.dumps(example), "example.yaml")).virtual_networks


def test_the_schema_accepts_every_scenario(scenarios: Path) -> None:
    validator = jsonschema.Draft202012Validator(scenario_schema())
    for path in [EVERYTHING, *sorted(scenarios.glob("**/topology.yaml"))]:
        errors = [error.message for error in validator.iter_errors(load_yaml(path.read_text("utf-8"), path.name).value)]
        assert errors == [], path
        assert not [issue for issue in scenario_snapshot(path).issues if issue.severity == "error"], path


WRONG = [
    {"virtual_network": {}},
    {"virtual_networks": {"v": {"subnets": {}}}},
    {"virtual_networks": {"v": {"address_space": 5}}},
    {"network_security_groups": {"n": [{"name": "r", "priority": 90, "direction": "Inbound", "access": "Allow"}]}},
    {"network_security_groups": {"n": [{"name": "r", "priority": 100, "direction": "Up", "access": "Allow"}]}},
    {"virtual_machines": {"v": {"subnet": "a/b", "ip": "10.0.0.4", "vm": "w"}}},
]


@pytest.mark.parametrize("document", WRONG)
def test_the_schema_refuses_what_the_loader_refuses(document: dict[str, Any], tmp_path: Path) -> None:
    assert not jsonschema.Draft202012Validator(scenario_schema()).is_valid(document)
    with pytest.raises(SourceError):
        scenario_snapshot(write(tmp_path, json.dumps(document)))
