"""Whether the ACL and rule that a flow log names are the rule that was predicted.

Logs spell rules with prefixes, cut long names, and name an ACL by its ARM id, by its ``resourceGuid`` or not at all.

Learn: azure/network-watcher/vnet-flow-logs-overview, azure/network-watcher/nsg-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from simulator.flows.rule_names import RuleKind, RuleName, acl_kind
from simulator.walk.predictions import RuleReference


class LoggedRules:
    """Reads the ACLs and rules of a flow log against one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_guid = _by_guid(snapshot)

    def acl(self, text: str) -> ResourceId | None:
        """The filter that a logged ``aclID`` names; None where it names none, or one that the export does not hold."""
        kind = acl_kind(text)
        if kind == "guid":
            return self._by_guid.get(text.lower())
        return ResourceId(text) if kind == "arm_id" else None

    def is_same(self, acl: str, rule: RuleName, predicted: RuleReference) -> bool:
        """Whether the log may mean `predicted`. An ACL that is not known does not speak against it."""
        is_same_kind = rule.kind == _logged_kind(predicted)
        return is_same_kind and rule.is_name_of(predicted.name) and self.is_same_acl(acl, predicted)

    def is_same_acl(self, acl: str, predicted: RuleReference) -> bool:
        """Whether the ACL is that of `predicted`. Of admin rules the log may name any level of the configuration."""
        logged = self.acl(acl)
        if logged is None or logged == predicted.acl:
            return True
        is_related = _is_below(logged, predicted.acl) or _is_below(predicted.acl, logged)
        return predicted.layer == "admin rules" and is_related

    def unknown_part(self, acl: str, rule: RuleName) -> str:
        """What the export lacks of a logged rule, as a sentence; empty when it has the rule or nobody can tell."""
        logged = self.acl(acl)
        if logged is None:
            return ""
        group = self._snapshot.get(logged, NetworkSecurityGroup)
        if group is None:
            return f"the export holds no {logged.name}" if "networksecuritygroups" in logged.type else ""
        if rule.kind != "user" or any(rule.is_name_of(held.name) for held in group.security_rules):
            return ""
        return f"{group.name} has no rule {rule.name} in the export: renamed, removed, or the export is of another time"


def _logged_kind(predicted: RuleReference) -> RuleKind:
    """Security groups' rules are logged with a prefix, admin rules without."""
    if predicted.layer == "admin rules":
        return "admin"
    return "default" if predicted.is_default else "user"


def _is_below(inner: ResourceId, outer: ResourceId) -> bool:
    return inner.key.startswith(outer.key + "/")


def _by_guid(snapshot: Snapshot) -> Mapping[str, ResourceId]:
    return {
        resource.resource_guid.lower(): resource.id
        for top in snapshot.resources.values()
        for resource in _with_children(top)
        if resource.resource_guid
    }


def _with_children(resource: Resource) -> Iterator[Resource]:
    """The resource, and of a network manager everything that a log might call an ACL."""
    yield resource
    if isinstance(resource, NetworkManager):
        for configuration in resource.security_admin_configurations:
            yield configuration
            for collection in configuration.rule_collections:
                yield collection
                yield from collection.rules
