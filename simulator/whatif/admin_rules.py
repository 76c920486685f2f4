"""Adding, removing and editing security admin rules of Virtual Network Manager. A rule is written as in a scenario.

The configuration stays deployed where it is: the change is taken as deployed there too.

Learn: azure/virtual-network-manager/how-to-block-network-traffic-portal
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.network_manager import (
    AddressItem,
    AdminRule,
    AdminRuleCollection,
    NetworkManager,
    SecurityAdminConfiguration,
)
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.sources import scenario_managers as models
from simulator.sources.scenario_rules import admin_rule
from simulator.whatif.lookup import existing_child, find, one_of, replaced, with_child
from simulator.whatif.security_rules import edited_rule
from simulator.whatif.step import Body, Position, read_part

WHAT = "admin rule"
_WHERE = ("network_manager", "configuration", "collection")


class CollectionName(Struct, frozen=True):
    """The three names that lead to a rule collection."""

    network_manager: str
    configuration: str
    collection: str
    position: Position

    @classmethod
    def read(cls, body: Body) -> CollectionName:
        manager, configuration, collection = (body.text(key) for key in _WHERE)
        return cls(manager, configuration, collection, body.position)

    def find(self, snapshot: Snapshot) -> Collection:
        places = [self.position / key for key in _WHERE]
        manager = find(snapshot, NetworkManager, "network manager", self.network_manager, places[0])
        configurations = manager.security_admin_configurations
        what = f"security admin configuration of {manager.name}"
        configuration = one_of(configurations, what, self.configuration, places[1])
        what = f"rule collection of {configuration.name}"
        return Collection(
            manager, configuration, one_of(configuration.rule_collections, what, self.collection, places[2])
        )


class Collection(Struct, frozen=True):
    """A rule collection with what it stands in."""

    manager: NetworkManager
    configuration: SecurityAdminConfiguration
    collection: AdminRuleCollection

    def with_rules(self, snapshot: Snapshot, rules: tuple[AdminRule, ...]) -> Snapshot:
        collection = self.collection.model_copy(update={"rules": rules})
        collections = replaced(self.configuration.rule_collections, self.collection, collection)
        configuration = self.configuration.model_copy(update={"rule_collections": collections})
        configurations = replaced(self.manager.security_admin_configurations, self.configuration, configuration)
        return snapshot.with_resource(self.manager.model_copy(update={"security_admin_configurations": configurations}))


class AddAdminRule(Struct, frozen=True):
    where: CollectionName
    rule: models.AdminRule
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> AddAdminRule:
        body = Body.of(value, position, keys=(*_WHERE, "rule"))
        return cls(CollectionName.read(body), body.part("rule", models.AdminRule), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        held = self.where.find(snapshot)
        rule = _admin_rule(held, self.rule)
        return held.with_rules(snapshot, with_child(held.collection.rules, rule, WHAT, self.position / "rule"))


class RemoveAdminRule(Struct, frozen=True):
    where: CollectionName
    rule: str
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> RemoveAdminRule:
        body = Body.of(value, position, keys=(*_WHERE, "rule"))
        return cls(CollectionName.read(body), body.text("rule"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        held = self.where.find(snapshot)
        rules = held.collection.rules
        rule = existing_child(rules, held.collection.name, WHAT, self.rule, self.position / "rule")
        return held.with_rules(snapshot, replaced(rules, rule, None))


class EditAdminRule(Struct, frozen=True):
    where: CollectionName
    rule: str
    settings: Mapping[str, Any]
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> EditAdminRule:
        body = Body.of(value, position, keys=(*_WHERE, "rule", "set"))
        return cls(CollectionName.read(body), body.text("rule"), body.mapping("set"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        held = self.where.find(snapshot)
        rules = held.collection.rules
        rule = existing_child(rules, held.collection.name, WHAT, self.rule, self.position / "rule")
        place = self.position / "set"
        edited = read_part(models.AdminRule, edited_rule(_written(rule), self.settings, place), place)
        return held.with_rules(snapshot, replaced(rules, rule, _admin_rule(held, edited)))


def _admin_rule(held: Collection, rule: models.AdminRule) -> AdminRule:
    groups = {group.name.lower(): group.id for group in held.manager.network_groups}
    return AdminRule.model_validate(admin_rule(held.collection.id, rule, groups))


def _written(rule: AdminRule) -> dict[str, Any]:
    """The rule as a scenario writes it."""
    return {
        "name": rule.name,
        "priority": rule.priority,
        "direction": rule.direction,
        "access": rule.access,
        "protocol": rule.protocol,
        "source": [*map(_text_of, rule.sources)] or ["*"],
        "destination": [*map(_text_of, rule.destinations)] or ["*"],
        "source_ports": [*rule.source_port_ranges] or ["*"],
        "ports": [*rule.destination_port_ranges] or ["*"],
    }


def _text_of(item: AddressItem) -> str:
    is_group = item.address_prefix_type.lower() == "networkgroup"
    return ResourceId(item.address_prefix).name if is_group else item.address_prefix
