"""Lints of rules that decide nothing: shadowed, redundant, or without any packet.

Learn: azure/virtual-network/network-security-groups-overview (rules are asked by priority, the first match decides)
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Severity
from simulator.lints.finding import Finding
from simulator.lints.rule_lists import listings
from simulator.lints.useless_rules import Useless, examine
from simulator.lints.wording import listed
from simulator.network.filter_rules import FilterRule
from simulator.network.model import Network

_ADMIN_TYPE = "microsoft.network/networkmanagers"


def useless_rules(network: Network) -> Iterator[Finding]:
    """A rule that stands in several lists is told only where it decides nothing in all of them."""
    for listing in listings(network):
        found = examine(listing.lists)
        for useless in found.useless:
            yield _finding(useless, listing.direction)
        if found.unexamined:
            where = f"{listing.place}, {listing.direction}" if listing.direction else listing.place
            yield unexamined(where, "whether they decide anything", found.unexamined)


def unexamined(where: str, what: str, rules: tuple[FilterRule, ...]) -> Finding:
    """The rules at `where` of which it would take too long to tell `what`."""
    message = f"{where}: of {len(rules)} rules nobody can say in bounded time {what}"
    hint = "nothing is reported of them; rules with fewer prefixes, or fewer rules, can be examined"
    return Finding("info", "VNS6004", message, str(rules[0].id), hint, ids_of(rules))


def _finding(useless: Useless, direction: str) -> Finding:
    rule, by = useless.rule, useless.by
    name = rule_name(rule) + (f", {direction}" if direction else "")
    if useless.kind == "shadowed":
        return _shadowed(rule, name, by)
    if useless.kind == "redundant":
        message = f"{name}: without it the same packets would {_without(rule, by)}"
        return Finding("info", "VNS6002", message, str(rule.id), "remove it, unless logs need its name", ids_of(by))
    message = f"{name}: no packet can match it: a side of it names no address, or its sides are of two families"
    return Finding("info", "VNS6003", message, str(rule.id), "add members or addresses, or remove the rule")


def _without(rule: FilterRule, by: tuple[FilterRule, ...]) -> str:
    if by:
        return f"be {_PARTICIPLES[rule.action]} by {listed([rule_name(other) for other in by])}"
    return "go on to the security groups too" if rule.action == "Allow" else "be denied by default"


_PARTICIPLES = {"Allow": "allowed", "AlwaysAllow": "always allowed", "Deny": "denied"}


def _shadowed(rule: FilterRule, name: str, by: tuple[FilterRule, ...]) -> Finding:
    is_against = any(other.action != rule.action for other in by)
    severity: Severity = "warning" if is_against else "info"
    verb = "matches all of it" if len(by) == 1 else "together match all of it"
    before = listed([f"{rule_name(other)} {other.action}" for other in by])
    message = f"{name}: this {rule.action} is never reached: {before} {verb} before it"
    hint = "give it a smaller priority number, or remove it" if is_against else "remove it"
    return Finding(severity, "VNS6001", message, str(rule.id), hint, ids_of(by))


def rule_name(rule: FilterRule) -> str:
    """``nsg-web/allow-web (100)``: an admin rule goes by its configuration, a firewall's by its collection."""
    owner = rule.id.parent.parent if rule.id.type.startswith(_ADMIN_TYPE) else rule.id.parent
    return f"{owner.name}/{rule.name} ({rule.priority})"


def ids_of(rules: tuple[FilterRule, ...]) -> tuple[ResourceId, ...]:
    return tuple(rule.id for rule in rules)
