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

_COLUMNS = ("Direction", "Priority", "Name", "Access", "Protocol", "Source", "Source ports", "Destination", "Ports")
#: What Azure prints for "any".
_ANY = {"0-65535", "0.0.0.0/0", "All"}


def effective_rules_report(place: str, rules: EffectiveSecurityRules) -> Report:
    """`place` is the NIC as people call it."""
    data = rules.to_azure()
    groups = [*data.get("value", [])]
    records = tuple((_group_name(group), _level(group), *row) for group in groups for row in _rows(group))
    count = counted(len(groups), "network security group")
    return Report(
        kind="effective_rules",
        headline=Line(f"Effective security rules of {place}: {count}", "strong"),
        blocks=tuple(table for group in groups for table in _tables(group))
        or (Lines.of("no NSG on the subnet or the NIC: all passes"),),
        records=lambda: Table(("NSG", "Level", *_COLUMNS), records),
        data=lambda: data,
        is_azure_shape=True,
    )


def _tables(group: Mapping[str, Any]) -> Iterator[Table]:
    """A table a direction, without the direction; source ports only where a rule names any."""
    rows = [*_rows(group)]
    source_ports = _COLUMNS.index("Source ports")
    names_ports = any(row[source_ports] != "*" for row in rows)
    shown = [at for at, name in enumerate(_COLUMNS) if name != "Direction" and (names_ports or at != source_ports)]
    for direction in ("Inbound", "Outbound"):
        yield Table(
            tuple(_COLUMNS[at] for at in shown),
            tuple(tuple(row[at] for at in shown) for row in rows if row[0] == direction),
            title=f"{_group_name(group)} ({_level(group)}), {direction.lower()}",
        )


def _rows(group: Mapping[str, Any]) -> Iterator[Row]:
    """The group's rules as Azure asks them: inbound, then outbound, by priority."""
    rules = sorted(group["effectiveSecurityRules"], key=lambda rule: (rule["direction"], rule["priority"]))
    for rule in rules:
        yield (
            rule["direction"],
            rule["priority"],
            rule["name"].rsplit("/", 1)[-1],
            rule["access"],
            "*" if rule["protocol"] in _ANY else rule["protocol"],
            _side(rule, "sourceAddress"),
            _side(rule, "sourcePort"),
            _side(rule, "destinationAddress"),
            _side(rule, "destinationPort"),
        )


def _side(rule: Mapping[str, Any], field: str) -> str:
    """One field of a rule, whichever of the singular and plural spellings Azure filled."""
    suffix = "Range" if field.endswith("Port") else "Prefix"
    plural = f"{field}{suffix}es" if suffix == "Prefix" else f"{field}{suffix}s"
    texts = [*dict.fromkeys(_short(str(text)) for text in rule.get(plural) or [rule.get(f"{field}{suffix}") or "*"])]
    return listed(texts, 4)


def _short(text: str) -> str:
    """``*`` for what means any, ``443`` for ``443-443``."""
    first, _, last = text.partition("-")
    return "*" if text in _ANY else first if first == last else text


def _group_name(group: Mapping[str, Any]) -> str:
    return ResourceId(group["networkSecurityGroup"]["id"]).name


def _level(group: Mapping[str, Any]) -> str:
    return "NIC" if (group.get("association") or {}).get("networkInterface") else "subnet"
