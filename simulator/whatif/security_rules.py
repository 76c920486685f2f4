"""Adding, removing and editing rules of network security groups. A rule is written as in a scenario.

Learn: azure/virtual-network/manage-network-security-group
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import ApplicationSecurityGroup, NetworkSecurityGroup, SecurityRule
from simulator.azure.snapshot import Snapshot
from simulator.sources import scenario_models as models
from simulator.sources.scenario_rules import security_rule
from simulator.whatif.lookup import existing_child, find, replaced, with_child
from simulator.whatif.step import Body, Position, read_part

WHAT = "security rule"


class AddSecurityRule(Struct, frozen=True):
    nsg: str
    rule: models.SecurityRule
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> AddSecurityRule:
        body = Body.of(value, position, keys=("nsg", "rule"))
        return cls(body.text("nsg"), body.part("rule", models.SecurityRule), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        group = _group(snapshot, self.nsg, self.position)
        place = self.position / "rule"
        rule = _security_rule(snapshot, group, self.rule, place)
        return _with_rules(snapshot, group, with_child(group.security_rules, rule, WHAT, place))


class RemoveSecurityRule(Struct, frozen=True):
    nsg: str
    rule: str
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> RemoveSecurityRule:
        body = Body.of(value, position, keys=("nsg", "rule"))
        return cls(body.text("nsg"), body.text("rule"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        group = _group(snapshot, self.nsg, self.position)
        rule = existing_child(group.security_rules, group.name, WHAT, self.rule, self.position / "rule")
        return _with_rules(snapshot, group, replaced(group.security_rules, rule, None))


class EditSecurityRule(Struct, frozen=True):
    nsg: str
    rule: str
    settings: Mapping[str, Any]
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> EditSecurityRule:
        body = Body.of(value, position, keys=("nsg", "rule", "set"))
        return cls(body.text("nsg"), body.text("rule"), body.mapping("set"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        group = _group(snapshot, self.nsg, self.position)
        rule = existing_child(group.security_rules, group.name, WHAT, self.rule, self.position / "rule")
        place = self.position / "set"
        edited = read_part(models.SecurityRule, edited_rule(_written(rule), self.settings, place), place)
        rebuilt = _security_rule(snapshot, group, edited, place)
        return _with_rules(snapshot, group, replaced(group.security_rules, rule, rebuilt))


def edited_rule(written: Mapping[str, Any], settings: Mapping[str, Any], position: Position) -> dict[str, Any]:
    """The rule as it is written, with `settings` over it. What replaces a side's addresses replaces its groups too."""
    if "name" in settings:
        raise (position / "name").error("VNS4004", "Azure does not rename rules", "remove the rule and add another")
    kept = dict(written)
    for side in ("source", "destination"):
        if settings.keys() & {side, f"{side}_asgs"}:
            kept = {key: value for key, value in kept.items() if key not in (side, f"{side}_asgs")}
    return kept | dict(settings)


def _group(snapshot: Snapshot, name: str, position: Position) -> NetworkSecurityGroup:
    return find(snapshot, NetworkSecurityGroup, "network security group", name, position / "nsg")


def _with_rules(snapshot: Snapshot, group: NetworkSecurityGroup, rules: tuple[SecurityRule, ...]) -> Snapshot:
    return snapshot.with_resource(group.model_copy(update={"security_rules": rules}))


def _security_rule(
    snapshot: Snapshot, group: NetworkSecurityGroup, rule: models.SecurityRule, position: Position
) -> SecurityRule:
    def groups(side: str, names: list[str]) -> list[ResourceId]:
        return [_application_group(snapshot, name, position / f"{side}_asgs" / at) for at, name in enumerate(names)]

    sources, destinations = groups("source", rule.source_asgs), groups("destination", rule.destination_asgs)
    return SecurityRule.model_validate(security_rule(group.id, rule, sources, destinations))


def _application_group(snapshot: Snapshot, name: str, position: Position) -> ResourceId:
    """Of a group that is given by its id, the NICs say who is in it; the export need not hold the group itself."""
    if "/providers/" in name:
        return ResourceId(name)
    return find(snapshot, ApplicationSecurityGroup, "application security group", name, position).id


def _written(rule: SecurityRule) -> dict[str, Any]:
    """The rule as a scenario writes it."""
    sides = (
        ("source", rule.sources, rule.source_application_security_groups),
        ("destination", rule.destinations, rule.destination_application_security_groups),
    )
    ends = {f"{side}_asgs" if groups else side: [*map(str, groups or addresses)] for side, addresses, groups in sides}
    return {
        "name": rule.name,
        "priority": rule.priority,
        "direction": rule.direction,
        "access": rule.access,
        "protocol": rule.protocol,
        "source_ports": [*rule.source_ports],
        "ports": [*rule.destination_ports],
        **ends,
    }
