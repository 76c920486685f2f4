"""The same network with filters that let everything pass: what is left is decided by routes, peerings and the like."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, FirewallRuleCollection, RuleCollectionGroup
from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.security_group import Direction, NetworkSecurityGroup, SecurityRule
from simulator.azure.snapshot import Snapshot

_DIRECTIONS: tuple[Direction, Direction] = ("Inbound", "Outbound")


def without_nic_filters(snapshot: Snapshot) -> Snapshot:
    """No security group denies anything, and no security admin rule is there. A group outside the export stays so."""
    opened: Mapping[ResourceId, Resource] = {
        **{group.id: _open_group(group) for group in snapshot.all(NetworkSecurityGroup)},
        **{
            manager.id: manager.model_copy(update={"security_admin_configurations": ()})
            for manager in snapshot.all(NetworkManager)
        },
    }
    return replace(snapshot, resources={**snapshot.resources, **opened})


def without_filters(snapshot: Snapshot) -> Snapshot:
    """As `without_nic_filters`; firewalls and appliances forward everything too, and translate as they do."""
    opened = without_nic_filters(snapshot)
    firewalls = {firewall.id: _open_firewall(firewall) for firewall in snapshot.all(AzureFirewall)}
    policies = {policy.id: _open_policy(policy) for policy in snapshot.all(FirewallPolicy)}
    appliances = {nic: replace(held, rules=None) for nic, held in snapshot.declarations.appliances.items()}
    return replace(
        opened,
        resources={**opened.resources, **firewalls, **policies},
        declarations=replace(snapshot.declarations, appliances=appliances),
    )


def _open_group(group: NetworkSecurityGroup) -> NetworkSecurityGroup:
    rules = tuple(
        SecurityRule.model_validate(
            {
                "id": str(group.id.child("securityRules", f"Everything{direction}")),
                "priority": 100,
                "direction": direction,
                "access": "Allow",
                "sourceAddressPrefix": "*",
                "destinationAddressPrefix": "*",
            }
        )
        for direction in _DIRECTIONS
    )
    return group.model_copy(update={"security_rules": rules})


def _open_firewall(firewall: AzureFirewall) -> AzureFirewall:
    opened = {"network_rule_collections": (_OPEN,), "application_rule_collections": (), "nat_rule_collections": ()}
    return firewall.model_copy(update=opened)


def _open_policy(policy: FirewallPolicy) -> FirewallPolicy:
    group = RuleCollectionGroup(id=policy.id.child("ruleCollectionGroups", "everything"), rule_collections=(_OPEN,))
    return policy.model_copy(update={"rule_collection_groups": (group,)})


_OPEN = FirewallRuleCollection.model_validate(
    {
        "name": "everything",
        "priority": 100,
        "action": {"type": "Allow"},
        "rules": [
            {
                "name": "everything",
                "ruleType": "NetworkRule",
                "ipProtocols": ["Any"],
                "sourceAddresses": ["*"],
                "destinationAddresses": ["*"],
                "destinationPorts": ["*"],
            }
        ],
    }
)
