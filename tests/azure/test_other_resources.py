"""What Azure spells in more than one way in firewalls, route tables and network managers reads as one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.azure.firewall import AzureFirewall, FirewallPolicy
from simulator.azure.network_manager import AdminRule
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable

NETWORK = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("VirtualAppliance", "VirtualAppliance"),
        ("virtualappliance", "VirtualAppliance"),
        ("VNETLOCAL", "VnetLocal"),
        ("VirtualNetwork", "VnetLocal"),
        ("none", "None"),
        ("internet", "Internet"),
        ("VirtualNetworkGateway", "VirtualNetworkGateway"),
    ],
)
def test_next_hop_types(written: str, expected: str) -> None:
    table = {
        "id": f"{NETWORK}/routeTables/rt",
        "properties": {
            "routes": [
                {
                    "id": f"{NETWORK}/routeTables/rt/routes/default",
                    "properties": {
                        "addressPrefix": "0.0.0.0/0",
                        "nextHopType": written,
                        "nextHopIpAddress": "10.0.0.4",
                    },
                }
            ]
        },
    }
    (route,) = RouteTable.model_validate(table).routes
    assert (route.name, route.address_prefix, route.next_hop_type) == ("default", "0.0.0.0/0", expected)
    assert route.next_hop_ip_address == "10.0.0.4"


def test_a_next_hop_type_azure_does_not_know_is_refused() -> None:
    route = {"id": f"{NETWORK}/routeTables/rt/routes/r", "addressPrefix": "0.0.0.0/0", "nextHopType": "Moon"}
    with pytest.raises(ValidationError):
        Route.model_validate(route)


@pytest.mark.parametrize("access", ["Allow", "AlwaysAllow", "Deny"])
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_admin_rules(access: str, spell: Any) -> None:
    rule = AdminRule.model_validate(
        {
            "id": f"{NETWORK}/networkManagers/m/securityAdminConfigurations/c/ruleCollections/rc/rules/r",
            "kind": "Custom",
            "properties": {
                "priority": 10,
                "direction": spell("Inbound"),
                "access": spell(access),
                "protocol": "Any",
                "sources": [{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}],
                "destinations": None,
                "destinationPortRanges": ["22", "3389"],
            },
        }
    )
    assert (rule.access, rule.direction, rule.protocol) == (access, "Inbound", "*")
    assert [(one.address_prefix, one.address_prefix_type) for one in rule.sources] == [("Internet", "ServiceTag")]
    assert rule.destinations == ()


def test_a_network_rule_is_the_same_in_a_classic_firewall_and_in_a_policy() -> None:
    addresses = {"sourceAddresses": ["10.0.0.0/24"], "destinationAddresses": ["*"], "destinationPorts": ["443"]}
    classic = AzureFirewall.model_validate(
        {
            "id": f"{NETWORK}/azureFirewalls/fw",
            "properties": {
                "networkRuleCollections": [
                    {
                        "name": "net",
                        "properties": {
                            "priority": 200,
                            "action": {"type": "deny"},
                            "rules": [{"name": "web", "protocols": ["TCP"], **addresses}],
                        },
                    }
                ]
            },
        }
    )
    policy = FirewallPolicy.model_validate(
        {
            "id": f"{NETWORK}/firewallPolicies/p",
            "properties": {
                "ruleCollectionGroups": [
                    {
                        "id": f"{NETWORK}/firewallPolicies/p/ruleCollectionGroups/g",
                        "properties": {
                            "priority": 200,
                            "ruleCollections": [
                                {
                                    "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
                                    "name": "net",
                                    "priority": 200,
                                    "action": {"type": "Deny"},
                                    "rules": [
                                        {"ruleType": "NetworkRule", "name": "web", "ipProtocols": ["TCP"], **addresses}
                                    ],
                                }
                            ],
                        },
                    }
                ]
            },
        }
    )
    assert classic.network_rule_collections == policy.rule_collection_groups[0].rule_collections
    assert classic.network_rule_collections[0].action.type == "Deny"
    assert classic.network_rule_collections[0].rules[0].ip_protocols == ("TCP",)


def test_the_protocols_of_an_application_rule_are_no_ip_protocols() -> None:
    rule = {"name": "web", "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": ["example.com"]}
    firewall = AzureFirewall.model_validate(
        {"id": f"{NETWORK}/azureFirewalls/fw", "applicationRuleCollections": [{"name": "app", "rules": [rule]}]}
    )
    (read,) = firewall.application_rule_collections[0].rules
    assert (read.ip_protocols, read.target_fqdns) == ((), ("example.com",))


def test_a_firewall_names_its_policy_and_addresses() -> None:
    firewall = AzureFirewall.model_validate(
        {
            "id": f"{NETWORK}/azureFirewalls/fw",
            "properties": {
                "firewallPolicy": {"id": f"{NETWORK}/firewallPolicies/p"},
                "ipConfigurations": [{"name": "c", "properties": {"privateIPAddress": "10.1.1.4"}}],
            },
        }
    )
    assert firewall.firewall_policy == ResourceId(f"{NETWORK}/firewallpolicies/P")
    assert firewall.ip_configurations[0].private_ip_address == "10.1.1.4"
