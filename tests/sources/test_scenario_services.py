"""The sections of a scenario for load balancers, services and what lies outside Azure: what each becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.firewall import AzureFirewall, FirewallPolicy
from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress
from simulator.azure.network_manager import NetworkManager
from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.snapshot import CircuitNat, Snapshot, Subscription
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance
from simulator.azure.virtual_network import VirtualNetwork
from simulator.sources.scenario import scenario_snapshot

EVERYTHING = Path(__file__).parent / "data" / "everything.yaml"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network"
SUBNETS = f"{NETWORK}/virtualNetworks/vnet-hub/subnets"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return scenario_snapshot(EVERYTHING)


def named(snapshot: Snapshot, kind: type[Resource], name: str) -> Any:
    return next(resource for resource in snapshot.all(kind) if resource.name == name)


def write(folder: Path, text: str) -> Path:
    path = folder / "topology.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_load_balancer_and_its_members_name_each_other(snapshot: Snapshot) -> None:
    balancer = named(snapshot, LoadBalancer, "lb-web")
    pool = balancer.backend_address_pools[0]
    assert (balancer.sku.name, balancer.id.resource_group) == ("Standard", "rg-web")
    assert [held.name for held in pool.backend_ip_configurations] == ["ipconfig1", "ipconfig1"]
    members = [snapshot.get(held.parent, NetworkInterface) for held in pool.backend_ip_configurations]
    assert [nic.name for nic in members if nic] == ["vm-web1-nic", "nic-second"]
    assert [nic.ip_configurations[0].load_balancer_backend_address_pools for nic in members if nic] == [(pool.id,)] * 2
    (nat_rule,) = balancer.inbound_nat_rules
    assert members[0] is not None
    assert members[0].ip_configurations[0].load_balancer_inbound_nat_rules == (nat_rule.id,)
    assert nat_rule.backend_ip_configuration == members[0].id.child("ipConfigurations", "ipconfig1")


def test_rules_name_the_frontends_pools_and_probes_of_their_load_balancer(snapshot: Snapshot) -> None:
    balancer = named(snapshot, LoadBalancer, "lb-web")
    inside, outside = balancer.frontend_ip_configurations
    assert (inside.private_ip_address, inside.subnet) == ("10.1.3.140", ResourceId(f"{SUBNETS}/VmSubnet1"))
    public = snapshot.get(outside.public_ip_address, PublicIpAddress)
    assert public is not None and (public.ip_address, public.sku.name) == ("203.0.113.30", "Standard")
    http, ports = balancer.load_balancing_rules
    assert (http.frontend_ip_configuration, http.frontend_port, http.backend_port) == (outside.id, 80, 8080)
    assert [(probe.id, probe.port) for probe in balancer.probes] == [(http.probe, 8080)]
    assert (ports.protocol, ports.frontend_port, ports.probe) == ("*", 0, None)
    (outbound,) = balancer.outbound_rules
    assert (outbound.frontend_ip_configurations, outbound.backend_address_pool) == ((outside.id,), http.pools[0])


def test_a_pool_takes_the_family_of_its_frontends(snapshot: Snapshot) -> None:
    (pool,) = named(snapshot, LoadBalancer, "lb-dual").backend_address_pools
    assert [held.name for held in pool.backend_ip_configurations] == ["ipconfig2"]


def test_members_by_address_name_the_network_that_holds_them(snapshot: Snapshot) -> None:
    pool = named(snapshot, LoadBalancer, "lb-web").backend_address_pools[1]
    assert [held.ip_address for held in pool.load_balancer_backend_addresses] == ["10.1.4.4"]
    assert pool.virtual_network == ResourceId(f"{NETWORK}/virtualNetworks/vnet-large")


def test_members_may_be_machines_of_an_included_export(tmp_path: Path) -> None:
    group = "/subscriptions/x/resourceGroups/prod/providers"
    nic, machine = f"{group}/Microsoft.Network/networkInterfaces/n1", f"{group}/Microsoft.Compute/virtualMachines/old"
    subnet = f"{group}/Microsoft.Network/virtualNetworks/v/subnets/s"
    exported = [
        {"id": machine, "properties": {"networkProfile": {"networkInterfaces": [{"id": nic}]}}},
        {
            "id": nic,
            "properties": {
                "ipConfigurations": [
                    {"name": "main", "properties": {"privateIPAddress": "10.0.0.4", "subnet": {"id": subnet}}}
                ]
            },
        },
    ]
    (tmp_path / "prod.json").write_text(json.dumps(exported))
    text = f"""
include: prod.json
load_balancers: {{lb: {{frontends: {{fe: {{subnet: {subnet}, ip: 10.0.0.9}}}}, pools: {{p: [OLD]}}}}}}
"""
    snapshot = scenario_snapshot(write(tmp_path, text))
    (held,) = snapshot.network_interfaces
    (balancer,) = snapshot.all(LoadBalancer)
    assert held.ip_configurations[0].load_balancer_backend_address_pools == (balancer.backend_address_pools[0].id,)
    assert balancer.backend_address_pools[0].backend_ip_configurations == (ResourceId(f"{nic}/ipConfigurations/main"),)


def test_a_basic_load_balancer_has_basic_addresses_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = """
load_balancers:
  lb: {sku: Basic, frontends: {a: {public_ip: 203.0.113.1}, b: {public_ip: {ip: 203.0.113.2, sku: Standard}}}}
"""
    addresses = scenario_snapshot(write(tmp_path, text)).all(PublicIpAddress)
    assert [held.sku.name for held in addresses] == ["Basic", "Standard"]


def test_nat_gateways_keep_the_families_apart(snapshot: Snapshot) -> None:
    four, six = named(snapshot, NatGateway, "ng1"), named(snapshot, NatGateway, "ng2")
    address = snapshot.get(four.public_ip_addresses[0], PublicIpAddress)
    prefix = snapshot.get(four.public_ip_prefixes[0], PublicIpPrefix)
    assert address is not None and address.ip_address == "203.0.113.40"
    assert prefix is not None and prefix.ip_prefix == "203.0.113.48/30"
    assert (six.sku.name, six.public_ip_addresses, len(six.public_ip_addresses_v6)) == ("StandardV2", (), 1)
    hub = named(snapshot, VirtualNetwork, "vnet-hub")
    assert [held.nat_gateway for held in hub.subnets if held.nat_gateway] == [four.id]


def test_a_nat_gateway_that_nothing_describes_may_be_named(tmp_path: Path) -> None:
    text = "virtual_networks: {v: {address_space: 10.0.0.0/16, subnets: {a: {prefix: 10.0.0.0/24, nat_gateway: ng}}}}"
    snapshot = scenario_snapshot(write(tmp_path, text))
    assert [held.nat_gateway.name for held in snapshot.virtual_networks[0].subnets if held.nat_gateway] == ["ng"]
    assert not snapshot.all(NatGateway)


def test_a_private_endpoint_brings_its_nic(snapshot: Snapshot) -> None:
    blob, sql = named(snapshot, PrivateEndpoint, "pe-st01"), named(snapshot, PrivateEndpoint, "pe-sql01")
    nic = snapshot.get(blob.network_interfaces[0], NetworkInterface)
    assert nic is not None and (nic.name, nic.private_endpoint, nic.virtual_machine) == ("pe-st01-nic", blob.id, None)
    assert (nic.ip_configurations[0].private_ip_address, nic.ip_configurations[0].subnet) == (
        "10.1.2.140",
        ResourceId(f"{SUBNETS}/snet-pe"),
    )
    (connection,) = blob.connections
    assert connection.private_link_service_id == named(snapshot, StorageAccount, "st01").id
    assert (connection.group_ids, sql.connections[0].group_ids) == (("blob",), ("sqlServer",))
    assert [held.connections[0].private_link_service_connection_state.status for held in (blob, sql)] == [
        "Approved",
        "Pending",
    ]


def test_a_private_endpoint_may_stand_for_something_that_is_not_modelled(tmp_path: Path) -> None:
    service = "/subscriptions/x/resourceGroups/g/providers/Microsoft.Web/sites/app"
    text = f"""
virtual_networks: {{v: {{address_space: 10.0.0.0/16, subnets: {{a: 10.0.0.0/24}}}}}}
private_endpoints: {{pe: {{subnet: v/a, ip: 10.0.0.4, service: {service}, group: sites}}}}
"""
    (held,) = scenario_snapshot(write(tmp_path, text)).all(PrivateEndpoint)
    assert (str(held.connections[0].private_link_service_id), held.connections[0].group_ids) == (service, ("sites",))


def test_storage_accounts_and_key_vaults(snapshot: Snapshot) -> None:
    account, open_one = named(snapshot, StorageAccount, "st01"), named(snapshot, StorageAccount, "stopen")
    assert (account.id.type, account.id.resource_group) == ("microsoft.storage/storageaccounts", "rg-data")
    rules = account.rules
    assert (rules.default_action, rules.bypass) == ("Deny", "AzureServices, Logging")
    assert [held.value for held in rules.ip_rules] == ["203.0.113.0/24", "198.51.100.7"]
    assert [held.subnet for held in rules.virtual_network_rules] == [ResourceId(f"{SUBNETS}/VmSubnet1")]
    assert (open_one.rules.default_action, open_one.public_network_access) == ("Allow", "Enabled")
    vault = named(snapshot, KeyVault, "kv01")
    assert (vault.public_network_access, vault.network_acls.bypass) == ("Disabled", "None")


def test_sql_servers_have_ranges(snapshot: Snapshot) -> None:
    server = named(snapshot, SqlServer, "sql01")
    assert [(held.name, held.start_ip_address, held.end_ip_address) for held in server.firewall_rules] == [
        ("rule-1", "203.0.113.1", "203.0.113.9"),
        ("rule-2", "198.51.100.0", "198.51.100.255"),
        ("AllowAllWindowsAzureIps", "0.0.0.0", "0.0.0.0"),
    ]
    assert [held.virtual_network_subnet_id for held in server.virtual_network_rules] == [
        ResourceId(f"{SUBNETS}/snet-pe")
    ]


def test_messaging_namespaces_have_one_rule_set(snapshot: Snapshot) -> None:
    hub, bus = named(snapshot, EventHubNamespace, "eh01"), named(snapshot, ServiceBusNamespace, "sb01")
    (rules,) = hub.network_rule_sets
    assert (rules.name, rules.default_action, rules.trusted_service_access_enabled) == ("default", "Deny", True)
    assert [held.value for held in rules.ip_rules] == ["203.0.113.0/24"]
    assert [held.subnet.name for held in rules.virtual_network_rules] == ["snet-pe"]
    assert (bus.sku.name, bus.network_rule_sets[0].public_network_access) == ("Premium", "SecuredByPerimeter")


def test_cosmos_accounts_are_closed_by_rules(tmp_path: Path, snapshot: Snapshot) -> None:
    account = named(snapshot, CosmosAccount, "cos01")
    assert ([held.value for held in account.ip_rules], account.network_acl_bypass) == (
        ["0.0.0.0", "203.0.113.4"],
        "AzureServices",
    )
    assert account.is_virtual_network_filter_enabled
    text = (
        "cosmos_accounts: {open: {}, shut: {default_action: Deny}, some: {default_action: Deny, ip_rules: 203.0.113.4}}"
    )
    accounts = scenario_snapshot(write(tmp_path, text)).all(CosmosAccount)
    assert [held.is_virtual_network_filter_enabled for held in accounts] == [False, True, False]


def test_service_endpoint_policies_hold_aliases_apart(snapshot: Snapshot) -> None:
    policy = named(snapshot, ServiceEndpointPolicy, "sep1")
    account = str(named(snapshot, StorageAccount, "st01").id)
    other = "/subscriptions/00000000-0000-0000-0000-000000000002"
    assert [(held.service, held.service_resources) for held in policy.service_endpoint_policy_definitions] == [
        ("Microsoft.Storage", (account, other)),
        ("Global", ("/services/Azure",)),
    ]
    hub = named(snapshot, VirtualNetwork, "vnet-hub")
    assert {held.name: held.service_endpoint_policies for held in hub.subnets}["snet-pe"] == (policy.id,)
    endpoints = {held.name: [(one.service, one.locations) for one in held.service_endpoints] for held in hub.subnets}
    assert endpoints["snet-pe"] == [("Microsoft.Sql", ("westeurope",))]
    assert endpoints["VmSubnet1"] == [("Microsoft.Storage", ())]


def test_perimeters(snapshot: Snapshot) -> None:
    perimeter = named(snapshot, NetworkSecurityPerimeter, "nsp1")
    (profile,) = perimeter.profiles
    office, partner, updates = profile.access_rules
    assert (office.direction, office.address_prefixes) == ("Inbound", ("203.0.113.0/24",))
    assert partner.subscriptions == ("/subscriptions/00000000-0000-0000-0000-000000000003",)
    assert (updates.direction, updates.fully_qualified_domain_names) == ("Outbound", ("updates.example.com",))
    (association,) = perimeter.resource_associations
    assert (association.private_link_resource, association.profile, association.access_mode) == (
        named(snapshot, ServiceBusNamespace, "sb01").id,
        profile.id,
        "Enforced",
    )


def test_services_in_subnets_of_their_own(snapshot: Snapshot) -> None:
    (host,), (gateway,), (appliance,) = (
        snapshot.all(kind) for kind in (BastionHost, ApplicationGateway, RoutingAppliance)
    )
    assert isinstance(host, BastionHost) and host.ip_configurations[0].subnet == ResourceId(
        f"{SUBNETS}/AzureBastionSubnet"
    )
    assert isinstance(gateway, ApplicationGateway)
    assert gateway.gateway_ip_configurations[0].subnet == ResourceId(f"{SUBNETS}/snet-agw")
    assert [bool(held.public_ip_address) for held in gateway.frontend_ip_configurations] == [True, False]
    assert gateway.frontend_ip_configurations[1].private_ip_address == "10.1.2.10"
    assert isinstance(appliance, RoutingAppliance)
    assert (appliance.subnet, appliance.ip_configurations[0].private_ip_address) == (
        ResourceId(f"{SUBNETS}/VirtualNetworkApplianceSubnet"),
        "10.1.1.132",
    )


def test_firewalls_take_several_addresses_and_rules_of_every_kind(snapshot: Snapshot) -> None:
    firewall = named(snapshot, AzureFirewall, "fw-hub")
    public = [snapshot.get(held.public_ip_address, PublicIpAddress) for held in firewall.ip_configurations]
    assert [held.ip_address for held in public if held] == ["20.0.0.1", "20.0.0.2"]
    assert [held.subnet is not None for held in firewall.ip_configurations] == [True, False]
    policy = named(snapshot, FirewallPolicy, "pol-hub")
    assert (firewall.threat_intel_mode, policy.threat_intel_mode) == ("Alert", "Deny")
    _, application, nat = policy.rule_collection_groups[0].rule_collections
    protocols = [[(one.protocol_type, one.port) for one in rule.application_protocols] for rule in application.rules]
    assert protocols == [[("Http", 80), ("Https", 443)], [("Https", 8443), ("Http", 80), ("Mssql", 1433)]]
    assert [(rule.translated_address, rule.translated_fqdn, rule.translated_port) for rule in nat.rules] == [
        ("10.1.4.4", None, "22"),
        (None, "web.example.com", None),
    ]


def test_network_managers_have_routing_configurations_scopes_and_conditions(snapshot: Snapshot) -> None:
    manager = named(snapshot, NetworkManager, "avnm")
    assert manager.network_manager_scopes.subscriptions == (SUBSCRIPTION,)
    assert manager.network_manager_scopes.management_groups == (
        "/providers/Microsoft.Management/managementGroups/mg-root",
    )
    prod, front, tagged = manager.network_groups
    assert (prod.member_type, front.member_type, tagged.static_members) == ("VirtualNetwork", "Subnet", ())
    assert tagged.policy == {"field": "tags['environment']", "equals": "prod"}
    assert named(snapshot, VirtualNetwork, "vnet-hub").tags == {"environment": "prod"}
    (configuration,) = manager.routing_configurations
    (collection,) = configuration.rule_collections
    assert (configuration.route_table_usage_mode, collection.disable_bgp_route_propagation) == ("UseExisting", "True")
    assert [held.network_group_id for held in collection.applies_to] == [front.id]
    assert [
        (rule.destination.type, rule.destination.destination_address, rule.next_hop.next_hop_type)
        for rule in collection.rules
    ] == [("AddressPrefix", "0.0.0.0/0", "VirtualAppliance"), ("ServiceTag", "AzureMonitor", "NoNextHop")]
    assert collection.rules[0].next_hop.next_hop_address == "10.1.1.4"
    (mesh,) = manager.connectivity_configurations
    assert (mesh.delete_existing_peering, mesh.connectivity_capabilities.connected_group_address_overlap) == (
        "True",
        "Disallowed",
    )
    (baseline,) = manager.security_admin_configurations
    assert baseline.apply_on_network_intent_policy_based_services == ("AllowRulesOnly",)


def test_what_no_export_holds_is_declared(snapshot: Snapshot) -> None:
    declared = snapshot.declarations
    (circuit,) = snapshot.all(ExpressRouteCircuit)
    assert [held.peering_type for held in circuit.peerings] == ["AzurePrivatePeering", "MicrosoftPeering"]
    nat = CircuitNat("microsoft_peering", ("198.51.100.1", "198.51.100.2"), "customer", ("Storage",))
    assert declared.circuit_nat == {circuit.id: nat}
    (site,) = declared.on_premises
    assert (site.internet_nat, site.circuits) == (("198.51.100.9",), (circuit.id,))
    assert {service.name: addresses for service, addresses in declared.service_addresses.items()} == {
        "st01": ("20.60.26.10",),
        "kv01": ("20.60.26.11",),
    }
    assert declared.names == {"updates.example.com": ("203.0.113.9",)}
    assert declared.management_groups == {"mg-child": "mg-root"}
    assert declared.subscriptions == {"*": Subscription("EA", True)}


def test_the_owner_of_a_legacy_peering_is_microsoft(tmp_path: Path) -> None:
    text = """
express_route_circuits: {er: {peerings: public, nat: {mode: public_peering, pool: [198.51.100.1, 198.51.100.2]}}}
"""
    (nat,) = scenario_snapshot(write(tmp_path, text)).declarations.circuit_nat.values()
    assert nat.owner == "microsoft"


def test_nothing_is_declared_of_subscriptions_that_say_nothing(tmp_path: Path) -> None:
    assert scenario_snapshot(write(tmp_path, "name: empty")).declarations.subscriptions == {}
