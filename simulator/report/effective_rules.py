"""Effective security rules as ``az network nic list-effective-nsg`` prints them.

Learn: azure/virtual-network/diagnose-network-traffic-filter-problem
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.network.effective_rules import EffectiveSecurityRules
from simulator.report.document import Line, Lines, Report, Row, Table
from simulator.report.text import counted, listed

_COLUMNS = ("Priority", "Name", "Access", "Protocol", "Direction", "Source", "Source ports", "Destination", "Ports")


def effective_rules_report(place: str, rules: EffectiveSecurityRules) -> Report:
    """`place` is the NIC as people call it."""
    data = rules.to_azure()
    groups = [*data.get("value", [])]
    records = tuple((_group_name(group), _level(group), *row) for group in groups for row in _rows(group))
    count = counted(len(groups), "network security group")
    return Report(
        kind="effective_rules",
        headline=Line(f"Effective security rules of {place}: {count}", "strong"),
        blocks=tuple(_table(group) for group in groups) or (Lines.of("No NSG: everything passes here."),),
        records=lambda: Table(("NSG", "Level", *_COLUMNS), records),
        data=lambda: data,
        is_azure_shape=True,
    )


def _table(group: Mapping[str, Any]) -> Table:
    return Table(_COLUMNS, tuple(_rows(group)), title=f"{_group_name(group)} ({_level(group)})")


def _rows(group: Mapping[str, Any]) -> Iterator[Row]:
    """The group's rules as Azure asks them: inbound, then outbound, by priority."""
    rules = sorted(group["effectiveSecurityRules"], key=lambda rule: (rule["direction"], rule["priority"]))
    for rule in rules:
        yield (
            rule["priority"],
            rule["name"].rsplit("/", 1)[-1],
            rule["access"],
            rule["protocol"],
            rule["direction"],
            _side(rule, "sourceAddress"),
            _side(rule, "sourcePort"),
            _side(rule, "destinationAddress"),
            _side(rule, "destinationPort"),
        )


def _side(rule: Mapping[str, Any], field: str) -> str:
    """One field of a rule, whichever of the singular and plural spellings Azure filled."""
    suffix = "Range" if field.endswith("Port") else "Prefix"
    plural = f"{field}{suffix}es" if suffix == "Prefix" else f"{field}{suffix}s"
    many = [str(text) for text in rule.get(plural) or ()]
    return listed(many, 4) if many else str(rule.get(f"{field}{suffix}") or "*")


def _group_name(group: Mapping[str, Any]) -> str:
    return ResourceId(group["networkSecurityGroup"]["id"]).name


def _level(group: Mapping[str, Any]) -> str:
    return "NIC" if (group.get("association") or {}).get("networkInterface") else "subnet"
