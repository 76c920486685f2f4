"""One resource of every kind as ARM writes it, and what must have been read of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

ROOT = "/subscriptions/s/resourceGroups/r/providers"
NETWORK = f"{ROOT}/Microsoft.Network"
VNET = f"{NETWORK}/virtualNetworks/vnet"
SUBNET = f"{VNET}/subnets/web"
NIC = f"{NETWORK}/networkInterfaces/nic"
MANAGER = f"{NETWORK}/networkManagers/avnm"
STORAGE = f"{ROOT}/Microsoft.Storage/storageAccounts/st01"
BALANCER = f"{NETWORK}/loadBalancers/lb"
PERIMETER = f"{NETWORK}/networkSecurityPerimeters/nsp"
SQL = f"{ROOT}/Microsoft.Sql/servers/sql"


class Sample(NamedTuple):
    """`properties` as ARM has them; `reads`: path of attributes and positions in the model → its value."""

    id: str
    properties: Mapping[str, Any]
    reads: Mapping[str, Any]


def _reference(identity: str) -> dict[str, str]:
    return {"id": identity}


_ACLS = {
    "defaultAction": "Deny",
    "ipRules": [{"value": "203.0.113.0/24"}],
    "virtualNetworkRules": [{"id": SUBNET}],
}
_DENIES = {"network_acls.default_action": "Deny", "network_acls.ip_rules.0.value": "203.0.113.0/24"}
_RULE_SET = {"defaultAction": "Deny", "ipRules": [{"ipMask": "203.0.113.7"}]}
_LISTS = {"default_action": "Deny", "ip_rules.0.value": "203.0.113.7"}
_ROUTING = f"{MANAGER}/routingConfigurations/rc"
_ADMIN = f"{MANAGER}/securityAdminConfigurations/sac"
_ADMIN_RULE = {
    "priority": 10,
    "access": "AlwaysAllow",
    "direction": "Inbound",
    "protocol": "Tcp",
    "sources": [{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}],
}

_POLICIES = "/subscriptions/s/providers/Microsoft.Authorization"
_POLICY = f"{_POLICIES}/policyDefinitions/p"
_ADDS = {"effect": "addToNetworkGroup", "details": {"networkGroupId": f"{MANAGER}/networkGroups/g"}}

#: ARM type in lower case → a resource of it.
SAMPLES: Mapping[str, Sample] = {
    "microsoft.eventhub/namespaces/networkrulesets": Sample(
        f"{ROOT}/Microsoft.EventHub/namespaces/eh/networkRuleSets/default", _RULE_SET, _LISTS
    ),
    "microsoft.servicebus/namespaces/networkrulesets": Sample(
        f"{ROOT}/Microsoft.ServiceBus/namespaces/sb/networkRuleSets/default", _RULE_SET, _LISTS
    ),
    "microsoft.sql/servers/firewallrules": Sample(
        f"{SQL}/firewallRules/r",
        {"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.9"},
        {"start_ip_address": "203.0.113.1", "end_ip_address": "203.0.113.9"},
    ),
    "microsoft.sql/servers/virtualnetworkrules": Sample(
        f"{SQL}/virtualNetworkRules/r", {"virtualNetworkSubnetId": SUBNET}, {"virtual_network_subnet_id.name": "web"}
    ),
    "microsoft.network/expressroutecircuits/peerings": Sample(
        f"{NETWORK}/expressRouteCircuits/er/peerings/p",
        {"peeringType": "MicrosoftPeering"},
        {"peering_type": "MicrosoftPeering"},
    ),
    "microsoft.network/loadbalancers/backendaddresspools": Sample(
        f"{BALANCER}/backendAddressPools/pool",
        {"loadBalancerBackendAddresses": [{"name": "a", "properties": {"ipAddress": "10.0.0.4"}}]},
        {"load_balancer_backend_addresses.0.ip_address": "10.0.0.4"},
    ),
    "microsoft.network/loadbalancers/frontendipconfigurations": Sample(
        f"{BALANCER}/frontendIPConfigurations/fe",
        {"privateIPAddress": "10.0.0.10"},
        {"private_ip_address": "10.0.0.10"},
    ),
    "microsoft.network/loadbalancers/inboundnatrules": Sample(
        f"{BALANCER}/inboundNatRules/ssh",
        {"frontendPort": 50001, "backendPort": 22},
        {"frontend_port": 50001, "backend_port": 22},
    ),
    "microsoft.network/loadbalancers/loadbalancingrules": Sample(
        f"{BALANCER}/loadBalancingRules/r",
        {"protocol": "All", "frontendPort": 0},
        {"protocol": "*", "frontend_port": 0},
    ),
    "microsoft.network/loadbalancers/outboundrules": Sample(
        f"{BALANCER}/outboundRules/out", {"protocol": "Tcp"}, {"protocol": "Tcp"}
    ),
    "microsoft.network/loadbalancers/probes": Sample(
        f"{BALANCER}/probes/p", {"protocol": "Tcp", "port": 8080}, {"port": 8080}
    ),
    "microsoft.network/networkmanagers/routingconfigurations": Sample(
        _ROUTING, {"description": "routes of the spokes"}, {"name": "rc"}
    ),
    "microsoft.network/networkmanagers/routingconfigurations/rulecollections": Sample(
        f"{_ROUTING}/ruleCollections/c",
        {"disableBgpRoutePropagation": "True", "appliesTo": [{"networkGroupId": f"{MANAGER}/networkGroups/g"}]},
        {"disable_bgp_route_propagation": "True", "applies_to.0.network_group_id.name": "g"},
    ),
    "microsoft.network/networkmanagers/routingconfigurations/rulecollections/rules": Sample(
        f"{_ROUTING}/ruleCollections/c/rules/r",
        {
            "destination": {"type": "AddressPrefix", "destinationAddress": "10.0.0.0/8"},
            "nextHop": {"nextHopType": "VirtualAppliance", "nextHopAddress": "10.0.1.4"},
        },
        {"destination.destination_address": "10.0.0.0/8", "next_hop.next_hop_address": "10.0.1.4"},
    ),
    "microsoft.network/networksecurityperimeters/profiles": Sample(f"{PERIMETER}/profiles/p", {}, {"name": "p"}),
    "microsoft.network/networksecurityperimeters/profiles/accessrules": Sample(
        f"{PERIMETER}/profiles/p/accessRules/r",
        {"direction": "Inbound", "addressPrefixes": ["203.0.113.0/24"]},
        {"direction": "Inbound", "address_prefixes.0": "203.0.113.0/24"},
    ),
    "microsoft.network/networksecurityperimeters/resourceassociations": Sample(
        f"{PERIMETER}/resourceAssociations/a",
        {"accessMode": "Enforced", "privateLinkResource": _reference(STORAGE)},
        {"access_mode": "Enforced", "private_link_resource.name": "st01"},
    ),
    "microsoft.network/serviceendpointpolicies/serviceendpointpolicydefinitions": Sample(
        f"{NETWORK}/serviceEndpointPolicies/sep/serviceEndpointPolicyDefinitions/d",
        {"service": "Microsoft.Storage", "serviceResources": [STORAGE]},
        {"service_resources.0": STORAGE},
    ),
    "microsoft.authorization/policyassignments": Sample(
        f"{_POLICIES}/policyAssignments/a",
        {"policyDefinitionId": _POLICY, "scope": "/subscriptions/s", "enforcementMode": "DoNotEnforce"},
        {"policy_definition_id.name": "p", "enforcement_mode": "DoNotEnforce"},
    ),
    "microsoft.authorization/policydefinitions": Sample(
        _POLICY,
        {"policyRule": {"if": {"field": "name", "equals": "[parameters('name')]"}, "then": _ADDS}},
        {"name": "p"},
    ),
    "microsoft.authorization/policysetdefinitions": Sample(
        f"{_POLICIES}/policySetDefinitions/s",
        {"policyDefinitions": [{"policyDefinitionId": _POLICY}]},
        {"policy_definitions.0.policy_definition_id.name": "p"},
    ),
    "microsoft.compute/virtualmachines": Sample(
        f"{ROOT}/Microsoft.Compute/virtualMachines/vm",
        {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}},
        {"hardware_profile.vm_size": "Standard_D2s_v5"},
    ),
    "microsoft.documentdb/databaseaccounts": Sample(
        f"{ROOT}/Microsoft.DocumentDB/databaseAccounts/cosmos",
        {"ipRules": [{"ipAddressOrRange": "0.0.0.0"}], "publicNetworkAccess": "Enabled"},
        {"ip_rules.0.value": "0.0.0.0", "public_network_access": "Enabled"},
    ),
    "microsoft.eventhub/namespaces": Sample(
        f"{ROOT}/Microsoft.EventHub/namespaces/eh",
        {"publicNetworkAccess": "Disabled"},
        {"public_network_access": "Disabled"},
    ),
    "microsoft.keyvault/vaults": Sample(f"{ROOT}/Microsoft.KeyVault/vaults/kv", {"networkAcls": _ACLS}, _DENIES),
    "microsoft.network/applicationgateways": Sample(
        f"{NETWORK}/applicationGateways/agw",
        {"gatewayIPConfigurations": [{"properties": {"subnet": _reference(SUBNET)}}], "enableNetworkIsolation": True},
        {"gateway_ip_configurations.0.subnet.name": "web", "enable_network_isolation": True},
    ),
    "microsoft.network/applicationsecuritygroups": Sample(
        f"{NETWORK}/applicationSecurityGroups/asg", {}, {"name": "asg"}
    ),
    "microsoft.network/azurefirewalls": Sample(
        f"{NETWORK}/azureFirewalls/fw",
        {"ipConfigurations": [{"name": "c", "properties": {"privateIPAddress": "10.0.1.4"}}]},
        {"ip_configurations.0.private_ip_address": "10.0.1.4"},
    ),
    "microsoft.network/bastionhosts": Sample(
        f"{NETWORK}/bastionHosts/bas",
        {"ipConfigurations": [{"properties": {"subnet": _reference(f"{VNET}/subnets/AzureBastionSubnet")}}]},
        {"ip_configurations.0.subnet.name": "AzureBastionSubnet"},
    ),
    "microsoft.network/connections": Sample(
        f"{NETWORK}/connections/c",
        {"connectionType": "IPsec", "localNetworkGateway2": _reference(f"{NETWORK}/localNetworkGateways/lng")},
        {"connection_type": "IPsec", "local_network_gateway2.name": "lng"},
    ),
    "microsoft.network/expressroutecircuits": Sample(
        f"{NETWORK}/expressRouteCircuits/er",
        {
            "peerings": [
                {
                    "id": f"{NETWORK}/expressRouteCircuits/er/peerings/p",
                    "properties": {"peeringType": "MicrosoftPeering"},
                }
            ]
        },
        {"peerings.0.peering_type": "MicrosoftPeering"},
    ),
    "microsoft.network/firewallpolicies": Sample(
        f"{NETWORK}/firewallPolicies/p",
        {"threatIntelMode": "Deny", "basePolicy": _reference(f"{NETWORK}/firewallPolicies/parent")},
        {"threat_intel_mode": "Deny", "base_policy.name": "parent"},
    ),
    "microsoft.network/firewallpolicies/rulecollectiongroups": Sample(
        f"{NETWORK}/firewallPolicies/p/ruleCollectionGroups/g", {"priority": 300}, {"priority": 300}
    ),
    "microsoft.network/ipgroups": Sample(
        f"{NETWORK}/ipGroups/ips", {"ipAddresses": ["10.0.0.0/24"]}, {"ip_addresses.0": "10.0.0.0/24"}
    ),
    "microsoft.network/loadbalancers": Sample(
        BALANCER,
        {
            "frontendIPConfigurations": [
                {"id": f"{BALANCER}/frontendIPConfigurations/fe", "properties": {"privateIPAddress": "10.0.0.10"}}
            ],
            "loadBalancingRules": [
                {"id": f"{BALANCER}/loadBalancingRules/r", "properties": {"protocol": "All", "frontendPort": 0}}
            ],
        },
        {"frontend_ip_configurations.0.private_ip_address": "10.0.0.10", "load_balancing_rules.0.protocol": "*"},
    ),
    "microsoft.network/localnetworkgateways": Sample(
        f"{NETWORK}/localNetworkGateways/lng",
        {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]}},
        {"local_network_address_space.address_prefixes.0": "192.168.0.0/16"},
    ),
    "microsoft.network/natgateways": Sample(
        f"{NETWORK}/natGateways/ng",
        {"publicIpAddresses": [_reference(f"{NETWORK}/publicIPAddresses/pip")]},
        {"public_ip_addresses.0.name": "pip"},
    ),
    "microsoft.network/networkinterfaces": Sample(
        NIC,
        {
            "ipConfigurations": [{"name": "c", "properties": {"privateIPAddress": "10.0.0.4"}}],
            "enableIPForwarding": True,
        },
        {"ip_configurations.0.private_ip_address": "10.0.0.4", "enable_ip_forwarding": True},
    ),
    "microsoft.network/networkinterfaces/ipconfigurations": Sample(
        f"{NIC}/ipConfigurations/c", {"privateIPAddress": "10.0.0.4"}, {"private_ip_address": "10.0.0.4"}
    ),
    "microsoft.network/networkmanagers": Sample(
        MANAGER,
        {"networkManagerScopes": {"managementGroups": ["mg"]}},
        {"network_manager_scopes.management_groups.0": "mg"},
    ),
    "microsoft.network/networkmanagers/connectivityconfigurations": Sample(
        f"{MANAGER}/connectivityConfigurations/cc", {"connectivityTopology": "Mesh"}, {"connectivity_topology": "Mesh"}
    ),
    "microsoft.network/networkmanagers/networkgroups": Sample(
        f"{MANAGER}/networkGroups/g", {"memberType": "Subnet"}, {"member_type": "Subnet"}
    ),
    "microsoft.network/networkmanagers/networkgroups/staticmembers": Sample(
        f"{MANAGER}/networkGroups/g/staticMembers/m", {"resourceId": VNET}, {"resource_id.name": "vnet"}
    ),
    "microsoft.network/networkmanagers/securityadminconfigurations": Sample(
        _ADMIN,
        {"applyOnNetworkIntentPolicyBasedServices": ["None"]},
        {"apply_on_network_intent_policy_based_services.0": "None"},
    ),
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections": Sample(
        f"{_ADMIN}/ruleCollections/rc",
        {"appliesToGroups": [{"networkGroupId": f"{MANAGER}/networkGroups/g"}]},
        {"applies_to_groups.0.network_group_id.name": "g"},
    ),
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": Sample(
        f"{_ADMIN}/ruleCollections/rc/rules/r", _ADMIN_RULE, {"access": "AlwaysAllow", "priority": 10}
    ),
    "microsoft.network/networksecuritygroups": Sample(
        f"{NETWORK}/networkSecurityGroups/nsg", {"securityRules": []}, {"name": "nsg"}
    ),
    "microsoft.network/networksecuritygroups/securityrules": Sample(
        f"{NETWORK}/networkSecurityGroups/nsg/securityRules/r",
        {"priority": 100, "direction": "Inbound", "access": "Deny", "protocol": "Tcp", "destinationPortRange": "22"},
        {"priority": 100, "access": "Deny", "destination_ports.0": "22"},
    ),
    "microsoft.network/networksecurityperimeters": Sample(
        f"{NETWORK}/networkSecurityPerimeters/nsp",
        {
            "resourceAssociations": [
                {
                    "id": f"{NETWORK}/networkSecurityPerimeters/nsp/resourceAssociations/a",
                    "properties": {"accessMode": "Enforced", "privateLinkResource": _reference(STORAGE)},
                }
            ]
        },
        {"resource_associations.0.access_mode": "Enforced"},
    ),
    "microsoft.network/privateendpoints": Sample(
        f"{NETWORK}/privateEndpoints/pe",
        {
            "privateLinkServiceConnections": [
                {"name": "c", "properties": {"privateLinkServiceId": STORAGE, "groupIds": ["blob"]}}
            ]
        },
        {"connections.0.private_link_service_id.name": "st01", "connections.0.group_ids.0": "blob"},
    ),
    "microsoft.network/publicipaddresses": Sample(
        f"{NETWORK}/publicIPAddresses/pip", {"ipAddress": "203.0.113.1"}, {"ip_address": "203.0.113.1"}
    ),
    "microsoft.network/publicipprefixes": Sample(
        f"{NETWORK}/publicIPPrefixes/pre", {"ipPrefix": "203.0.113.0/30"}, {"ip_prefix": "203.0.113.0/30"}
    ),
    "microsoft.network/routetables": Sample(
        f"{NETWORK}/routeTables/rt", {"disableBgpRoutePropagation": True}, {"disable_bgp_route_propagation": True}
    ),
    "microsoft.network/routetables/routes": Sample(
        f"{NETWORK}/routeTables/rt/routes/r",
        {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"},
        {"address_prefix": "0.0.0.0/0", "next_hop_type": "VirtualAppliance", "next_hop_ip_address": "10.0.1.4"},
    ),
    "microsoft.network/serviceendpointpolicies": Sample(
        f"{NETWORK}/serviceEndpointPolicies/sep",
        {
            "serviceEndpointPolicyDefinitions": [
                {
                    "id": f"{NETWORK}/serviceEndpointPolicies/sep/serviceEndpointPolicyDefinitions/d",
                    "properties": {"service": "Microsoft.Storage", "serviceResources": [STORAGE]},
                }
            ]
        },
        {"service_endpoint_policy_definitions.0.service_resources.0": STORAGE},
    ),
    "microsoft.network/virtualnetworkappliances": Sample(
        f"{NETWORK}/virtualNetworkAppliances/ra",
        {"subnet": _reference(f"{VNET}/subnets/VirtualNetworkApplianceSubnet")},
        {"subnet.name": "VirtualNetworkApplianceSubnet"},
    ),
    "microsoft.network/virtualnetworkgateways": Sample(
        f"{NETWORK}/virtualNetworkGateways/gw", {"gatewayType": "ExpressRoute"}, {"gateway_type": "ExpressRoute"}
    ),
    "microsoft.network/virtualnetworks": Sample(
        VNET, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}, {"prefixes.0": "10.0.0.0/16"}
    ),
    "microsoft.network/virtualnetworks/subnets": Sample(
        SUBNET, {"addressPrefix": "10.0.0.0/24", "defaultOutboundAccess": False}, {"prefixes.0": "10.0.0.0/24"}
    ),
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": Sample(
        f"{VNET}/virtualNetworkPeerings/to-hub",
        {"remoteVirtualNetwork": _reference(f"{NETWORK}/virtualNetworks/hub"), "useRemoteGateways": True},
        {"remote_virtual_network.name": "hub", "use_remote_gateways": True},
    ),
    "microsoft.servicebus/namespaces": Sample(
        f"{ROOT}/Microsoft.ServiceBus/namespaces/sb",
        {"publicNetworkAccess": "Disabled"},
        {"public_network_access": "Disabled"},
    ),
    "microsoft.sql/servers": Sample(
        f"{ROOT}/Microsoft.Sql/servers/sql", {"publicNetworkAccess": "Disabled"}, {"public_network_access": "Disabled"}
    ),
    "microsoft.storage/storageaccounts": Sample(STORAGE, {"networkAcls": _ACLS}, _DENIES),
}
