"""Platform services, load balancers and the like as Azure's tools write them, in the spelling of each."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.network_interface import NetworkInterface
from simulator.azure.network_manager import NetworkManager
from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    NetworkRuleSet,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.snapshot import Snapshot
from simulator.azure.subnet_service import ApplicationGateway, RoutingAppliance
from simulator.sources.resource_json import resources_snapshot

Json = dict[str, Any]

GROUP = "/subscriptions/s/resourceGroups/g/providers"
NETWORK = f"{GROUP}/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/web"


def read(*resources: Json) -> Snapshot:
    return resources_snapshot([("export.json", [*resources])])


def addresses(rules: NetworkRuleSet | CosmosAccount | None) -> list[str]:
    return [rule.value for rule in rules.ip_rules] if rules else []


def subnets(rules: NetworkRuleSet | CosmosAccount | None) -> list[ResourceId]:
    return [rule.subnet for rule in rules.virtual_network_rules] if rules else []


STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/st01"
STORAGE_FORMS: dict[str, Json] = {
    "ARM": {
        "id": STORAGE,
        "type": "Microsoft.Storage/storageAccounts",
        "sku": {"name": "Standard_LRS", "tier": "Standard"},
        "kind": "StorageV2",
        "properties": {
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "resourceAccessRules": [],
                "bypass": "AzureServices",
                "virtualNetworkRules": [{"id": SUBNET, "action": "Allow", "state": "Succeeded"}],
                "ipRules": [{"value": "203.0.113.4", "action": "Allow"}],
                "defaultAction": "Deny",
            },
        },
    },
    "az": {
        "id": STORAGE,
        "type": "Microsoft.Storage/storageAccounts",
        "publicNetworkAccess": None,
        "networkRuleSet": {
            "bypass": "AzureServices",
            "defaultAction": "Deny",
            "ipRules": [{"action": "Allow", "ipAddressOrRange": "203.0.113.4"}],
            "ipv6Rules": [],
            "resourceAccessRules": None,
            "virtualNetworkRules": [{"action": "Allow", "state": "Succeeded", "virtualNetworkResourceId": SUBNET}],
        },
    },
}


@pytest.mark.parametrize("form", sorted(STORAGE_FORMS))
def test_storage_accounts(form: str) -> None:
    snapshot = read(STORAGE_FORMS[form])
    (account,) = snapshot.all(StorageAccount)
    assert snapshot.issues == ()
    assert account.rules is not None and account.rules.default_action == "Deny"
    assert (addresses(account.rules), subnets(account.rules)) == (["203.0.113.4"], [ResourceId(SUBNET)])


@pytest.mark.parametrize("is_nested", [True, False])
def test_key_vaults(is_nested: bool) -> None:
    fields = {
        "publicNetworkAccess": "enabled",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "deny",
            "ipRules": [{"value": "203.0.113.4/32"}],
            "virtualNetworkRules": [{"id": SUBNET, "ignoreMissingVnetServiceEndpoint": False}],
        },
    }
    vault = {"id": f"{GROUP}/Microsoft.KeyVault/vaults/kv", "type": "Microsoft.KeyVault/vaults"}
    (held,) = read(vault | ({"properties": fields} if is_nested else fields)).all(KeyVault)
    assert (addresses(held.network_acls), subnets(held.network_acls)) == (["203.0.113.4/32"], [ResourceId(SUBNET)])


def test_the_rules_of_a_sql_server_are_resources_of_their_own() -> None:
    server = f"{GROUP}/Microsoft.Sql/servers/sql"
    snapshot = read(
        {"id": server, "type": "Microsoft.Sql/servers", "properties": {"publicNetworkAccess": "Enabled"}},
        {
            "endIpAddress": "0.0.0.0",
            "id": f"{server}/firewallRules/AllowAllWindowsAzureIps",
            "name": "AllowAllWindowsAzureIps",
            "resourceGroup": "g",
            "startIpAddress": "0.0.0.0",
            "type": "Microsoft.Sql/servers/firewallRules",
        },
        {
            "id": f"{server}/virtualNetworkRules/web",
            "type": "Microsoft.Sql/servers/virtualNetworkRules",
            "properties": {"virtualNetworkSubnetId": SUBNET, "state": "Ready"},
        },
    )
    (held,) = snapshot.all(SqlServer)
    assert snapshot.issues == ()
    assert [(rule.name, rule.start_ip_address) for rule in held.firewall_rules] == [
        ("AllowAllWindowsAzureIps", "0.0.0.0")
    ]
    assert [rule.virtual_network_subnet_id for rule in held.virtual_network_rules] == [ResourceId(SUBNET)]


@pytest.mark.parametrize(
    ("provider", "kind"), [("Microsoft.EventHub", EventHubNamespace), ("Microsoft.ServiceBus", ServiceBusNamespace)]
)
@pytest.mark.parametrize("is_nested", [True, False])
def test_the_rule_set_of_a_namespace(
    provider: str, kind: type[EventHubNamespace] | type[ServiceBusNamespace], is_nested: bool
) -> None:
    namespace = f"{GROUP}/{provider}/namespaces/ns"
    fields = {
        "publicNetworkAccess": "Enabled",
        "defaultAction": "Deny",
        "trustedServiceAccessEnabled": True,
        "virtualNetworkRules": [{"subnet": {"id": SUBNET}, "ignoreMissingVnetServiceEndpoint": False}],
        "ipRules": [{"ipMask": "203.0.113.0/24", "action": "Allow"}],
    }
    head = {"id": f"{namespace}/networkrulesets/default", "type": f"{provider}/Namespaces/NetworkRuleSets"}
    snapshot = read(
        head | ({"properties": fields} if is_nested else fields),
        {"id": namespace, "sku": {"name": "Standard", "tier": "Standard"}, "properties": {"status": "Active"}},
    )
    (held,) = snapshot.all(kind)
    assert snapshot.issues == ()
    (rules,) = held.network_rule_sets
    assert (rules.name, rules.default_action, rules.trusted_service_access_enabled) == ("default", "Deny", True)
    assert (addresses(rules), subnets(rules)) == (["203.0.113.0/24"], [ResourceId(SUBNET)])


def test_cosmos_accounts() -> None:
    account = {
        "id": f"{GROUP}/Microsoft.DocumentDB/databaseAccounts/cosmos",
        "kind": "GlobalDocumentDB",
        "properties": {
            "publicNetworkAccess": "Enabled",
            "isVirtualNetworkFilterEnabled": True,
            "virtualNetworkRules": [{"id": SUBNET, "ignoreMissingVNetServiceEndpoint": False}],
            "ipRules": [{"ipAddressOrRange": "0.0.0.0"}, {"ipAddressOrRange": "203.0.113.0/24"}],
            "networkAclBypass": "None",
        },
    }
    (held,) = read(account).all(CosmosAccount)
    assert (addresses(held), subnets(held)) == (["0.0.0.0", "203.0.113.0/24"], [ResourceId(SUBNET)])
    assert held.is_virtual_network_filter_enabled


def test_the_rules_of_an_old_cosmos_account_are_one_text() -> None:
    account = {
        "id": f"{GROUP}/Microsoft.DocumentDB/databaseAccounts/cosmos",
        "properties": {"ipRangeFilter": "203.0.113.4, 198.51.100.0/24", "isVirtualNetworkFilterEnabled": False},
    }
    (held,) = read(account).all(CosmosAccount)
    assert addresses(held) == ["203.0.113.4", "198.51.100.0/24"]


#: Export → what is said of it, beside the services that are read.
LACKING: list[tuple[str, list[Json], list[str]]] = [
    ("a SQL server", [{"id": f"{GROUP}/Microsoft.Sql/servers/x", "properties": {"state": "Ready"}}], ["VNS1111"]),
    (
        "a SQL server without public access",
        [{"id": f"{GROUP}/Microsoft.Sql/servers/x", "properties": {"publicNetworkAccess": "Disabled"}}],
        [],
    ),
    (
        "a namespace",
        [{"id": f"{GROUP}/Microsoft.EventHub/namespaces/x", "sku": {"name": "Standard"}, "properties": {}}],
        ["VNS1111"],
    ),
    (
        "a namespace of tier Basic, which has no firewall",
        [{"id": f"{GROUP}/Microsoft.ServiceBus/namespaces/x", "sku": {"name": "Basic"}, "properties": {}}],
        [],
    ),
    (
        "a server of which the name alone is there",
        [{"id": f"{GROUP}/Microsoft.Sql/servers/x", "location": "westeurope"}],
        ["VNS1108"],
    ),
]


@pytest.mark.parametrize(("resources", "codes"), [row[1:] for row in LACKING], ids=[row[0] for row in LACKING])
def test_services_without_their_rules_are_said(resources: list[Json], codes: list[str]) -> None:
    assert [issue.code for issue in read(*resources).issues] == codes


LB = f"{NETWORK}/loadBalancers/lb"
FRONTEND, POOL = f"{LB}/frontendIPConfigurations/fe", f"{LB}/backendAddressPools/pool"
BALANCER: Json = {
    "id": LB,
    "type": "Microsoft.Network/loadBalancers",
    "sku": {"name": "Standard", "tier": "Regional"},
    "properties": {
        "frontendIPConfigurations": [
            {"name": "fe", "properties": {"privateIPAddress": "10.0.0.9", "subnet": {"id": SUBNET}}}
        ],
        "backendAddressPools": [{"name": "pool"}],
        "loadBalancingRules": [
            {
                "name": "ports",
                "properties": {
                    "frontendIPConfiguration": {"id": FRONTEND},
                    "backendAddressPool": {"id": POOL},
                    "backendAddressPools": [{"id": POOL}],
                    "protocol": "All",
                    "frontendPort": 0,
                    "backendPort": 0,
                    "enableFloatingIP": True,
                },
            }
        ],
        "probes": [],
        "inboundNatRules": None,
    },
}


def test_a_load_balancer_whose_pool_says_its_name_only() -> None:
    """So Bicep writes a pool whose members name it themselves."""
    snapshot = read(BALANCER)
    (held,) = snapshot.all(LoadBalancer)
    assert snapshot.issues == ()
    assert [pool.id for pool in held.backend_address_pools] == [ResourceId(POOL)]
    (rule,) = held.load_balancing_rules
    assert (rule.id.name, rule.protocol, rule.enable_floating_ip, rule.pools) == (
        "ports",
        "*",
        True,
        (ResourceId(POOL),),
    )


def test_pools_and_nat_rules_beside_their_load_balancer() -> None:
    configuration = f"{NETWORK}/networkInterfaces/n/ipConfigurations/one"
    snapshot = read(
        {"id": POOL, "name": "pool", "properties": {"backendIPConfigurations": [{"id": configuration}]}},
        {
            "backendIpConfiguration": {"id": configuration, "resourceGroup": "g"},
            "backendPort": 22,
            "enableFloatingIp": False,
            "frontendIpConfiguration": {"id": FRONTEND, "resourceGroup": "g"},
            "frontendPort": 50001,
            "id": f"{LB}/inboundNatRules/ssh",
            "name": "ssh",
            "protocol": "Tcp",
            "type": "Microsoft.Network/loadBalancers/inboundNatRules",
        },
        BALANCER,
    )
    (held,) = snapshot.all(LoadBalancer)
    assert snapshot.issues == ()
    assert held.backend_address_pools[0].backend_ip_configurations == (ResourceId(configuration),)
    (rule,) = held.inbound_nat_rules
    assert (rule.frontend_port, rule.backend_port, rule.frontend_ip_configuration) == (50001, 22, ResourceId(FRONTEND))


def test_a_nic_learns_its_private_endpoint() -> None:
    nic, endpoint = f"{NETWORK}/networkInterfaces/pe.nic.1", f"{NETWORK}/privateEndpoints/pe"
    connection = {
        "name": "pe",
        "properties": {
            "privateLinkServiceId": STORAGE,
            "groupIds": ["blob"],
            "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
        },
    }
    snapshot = read(
        {"id": nic, "properties": {"ipConfigurations": []}},
        {
            "id": endpoint,
            "properties": {
                "subnet": {"id": SUBNET},
                "networkInterfaces": [{"id": nic.upper()}],
                "privateLinkServiceConnections": [connection],
                "manualPrivateLinkServiceConnections": [],
            },
        },
    )
    assert [held.private_endpoint for held in snapshot.all(NetworkInterface)] == [ResourceId(endpoint)]
    (held,) = snapshot.all(PrivateEndpoint)
    assert [(one.private_link_service_id, one.group_ids) for one in held.connections] == [
        (ResourceId(STORAGE), ("blob",))
    ]


def test_perimeters_from_resources_of_three_levels() -> None:
    perimeter = f"{NETWORK}/networkSecurityPerimeters/nsp"
    profile = f"{perimeter}/profiles/p1"
    snapshot = read(
        {"id": perimeter, "type": "Microsoft.Network/networkSecurityPerimeters", "location": "westeurope"},
        {"id": profile, "name": "p1", "properties": {}},
        {
            "id": f"{profile}/accessRules/r",
            "properties": {
                "direction": "Inbound",
                "addressPrefixes": [],
                "subscriptions": [{"id": "/subscriptions/a"}],
                "fullyQualifiedDomainNames": [],
            },
        },
        {
            "id": f"{perimeter}/resourceAssociations/a",
            "properties": {
                "privateLinkResource": {"id": STORAGE},
                "profile": {"id": profile},
                "accessMode": "Enforced",
                "hasProvisioningIssues": "no",
            },
        },
    )
    (held,) = snapshot.all(NetworkSecurityPerimeter)
    assert snapshot.issues == ()
    assert [rule.subscriptions for rule in held.profiles[0].access_rules] == [("/subscriptions/a",)]
    assert [(one.private_link_resource, one.access_mode) for one in held.resource_associations] == [
        (ResourceId(STORAGE), "Enforced")
    ]


def test_definitions_of_service_endpoint_policies_without_ids() -> None:
    definition = {"name": "def", "service": "Microsoft.Storage", "serviceResources": [STORAGE]}
    policy = {"id": f"{NETWORK}/serviceEndpointPolicies/sep", "serviceEndpointPolicyDefinitions": [definition]}
    (held,) = read(policy).all(ServiceEndpointPolicy)
    assert [one.service_resources for one in held.service_endpoint_policy_definitions] == [(STORAGE,)]


def test_a_tag_tells_that_an_application_gateway_is_isolated() -> None:
    gateway = {
        "id": f"{NETWORK}/applicationGateways/agw",
        "tags": {"EnhancedNetworkControl": "True"},
        "properties": {"gatewayIPConfigurations": [{"name": "g", "properties": {"subnet": {"id": SUBNET}}}]},
    }
    tagged, plain = (
        read(one).all(ApplicationGateway)[0].enable_network_isolation for one in (gateway, gateway | {"tags": None})
    )
    assert (tagged, plain) == (True, False)


def test_routing_appliances() -> None:
    appliance = {
        "id": f"{NETWORK}/virtualNetworkAppliances/ra",
        "type": "Microsoft.Network/virtualNetworkAppliances",
        "properties": {
            "bandwidthInGbps": 100,
            "subnet": {"id": SUBNET},
            "ipConfigurations": [{"name": "ipconfig1", "properties": {"privateIPAddress": "10.0.0.4"}}],
        },
    }
    (held,) = read(appliance).all(RoutingAppliance)
    assert (held.subnet, held.ip_configurations[0].private_ip_address) == (ResourceId(SUBNET), "10.0.0.4")


def test_routing_configurations_are_hung_on_every_level() -> None:
    manager = f"{NETWORK}/networkManagers/avnm"
    collection = f"{manager}/routingConfigurations/udr/ruleCollections/hub"
    snapshot = read(
        {
            "id": f"{collection}/rules/all",
            "properties": {
                "destination": {"type": "AddressPrefix", "destinationAddress": "0.0.0.0/0"},
                "nextHop": {"nextHopType": "VirtualAppliance", "nextHopAddress": "10.0.0.4"},
            },
        },
        {
            "id": collection,
            "properties": {
                "appliesTo": [{"networkGroupId": f"{manager}/networkGroups/g"}],
                "disableBgpRoutePropagation": "True",
            },
        },
        {"id": f"{manager}/routingConfigurations/udr", "properties": {"description": ""}},
        {"id": manager, "properties": {"networkManagerScopeAccesses": ["Routing"]}},
    )
    assert snapshot.issues == ()
    (held,) = snapshot.all(NetworkManager)
    (rules,) = held.routing_configurations[0].rule_collections
    assert [(rule.next_hop.next_hop_address, rules.applies_to[0].network_group_id.name) for rule in rules.rules] == [
        ("10.0.0.4", "g")
    ]
