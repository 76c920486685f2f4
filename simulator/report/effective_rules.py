"""Effective security rules as ``az network nic list-effective-nsg`` prints them.

Learn: azure/virtual-network/diagnose-network-traffic-filter-problem
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.network_manager import AddressItem, AdminRule, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction
from simulator.network.effective_rules import EffectiveSecurityRules
from simulator.network.managers.admin_rules import admin_rules, is_admin_exempt
from simulator.network.model import Endpoint, Network
from simulator.report.document import Line, Lines, Report, Row, Table
from simulator.report.text import counted, listed

_COLUMNS = ("Direction", "Priority", "Name", "Access", "Protocol", "Source", "Source ports", "Destination", "Ports")
DIRECTIONS: tuple[Direction, ...] = ("Inbound", "Outbound")
#: What Azure prints for "any".
_ANY = {"0-65535", "0.0.0.0/0", "All"}


def effective_rules_report(
    place: str, rules: EffectiveSecurityRules, *, admin: AdminRulesAsked | None = None
) -> Report:
    """`place` is the NIC as people call it.

    `admin` comes before the groups for people and in CSV; Azure's JSON does not have it.
    """
    data = rules.to_azure()
    groups = [*data.get("value", [])]
    records = (
        *((_collection(rule), "admin", *_admin_row(rule)) for rule, _ in (admin.rules if admin else ())),
        *((_group_name(group), _level(group), *row) for group in groups for row in _rows(group)),
    )
    count = counted(len(groups), "network security group")
    return Report(
        kind="effective_rules",
        headline=Line(f"Effective security rules of {place}: {count}", "strong"),
        blocks=(
            *(_admin_blocks(admin) if admin else ()),
            *(
                tuple(table for group in groups for table in _tables(group))
                or (Lines.of("no NSG on the subnet or the NIC: all passes"),)
            ),
        ),
        records=lambda: Table(("NSG", "Level", *_COLUMNS), records),
        data=lambda: data,
        is_azure_shape=True,
    )


class AdminRulesAsked(Struct, frozen=True):
    """The security admin rules of a virtual network in the order Azure asks them, each with whether it is deployed.

    None stands for a deployment that nobody declared. `is_exempt`: they skip the subnet.
    """

    virtual_network: str
    rules: tuple[tuple[AdminRule, bool | None], ...]
    is_exempt: bool = False


def admin_rules_asked(network: Network, endpoint: Endpoint) -> AdminRulesAsked | None:
    """What security admin rules say at `endpoint` before its groups do; None where the network has no such rules."""
    declared = {
        rule.id: rule
        for manager in network.snapshot.all(NetworkManager)
        for configuration in manager.security_admin_configurations
        for collection in configuration.rule_collections
        for rule in collection.rules
    }
    is_exempt = is_admin_exempt(network, endpoint.subnet)
    asked = (
        (declared[rule.id], None if rule.deployment_unknown else True)
        for direction in DIRECTIONS
        for rule in admin_rules(network, endpoint.virtual_network, direction)
        if not is_exempt
    )
    return AdminRulesAsked(endpoint.virtual_network.name, tuple(asked), is_exempt) if declared else None


def _admin_blocks(admin: AdminRulesAsked) -> Iterator[Table | Lines]:
    """A table a direction, as for a group; or why there is none."""
    where = admin.virtual_network
    if admin.is_exempt or not admin.rules:
        why = "this subnet is exempt from them" if admin.is_exempt else "none reaches it"
        yield Lines.of(f"Security admin rules of {where}: {why}")
        return
    yield Lines.of("Asked first: Deny and AlwaysAllow end the matter, Allow leaves it to the groups below")
    columns = ("Priority", "Name", "Access", "Protocol", "Source", "Destination", "Ports", "Collection", "Deployed")
    for direction in DIRECTIONS:
        rows = tuple(
            (*_without_direction(rule), _collection(rule), "yes" if deployed else "not declared")
            for rule, deployed in admin.rules
            if rule.direction == direction
        )
        if rows:
            yield Table(columns, rows, title=f"Security admin rules of {where}, {direction.lower()}")


def _without_direction(rule: AdminRule) -> Row:
    _, priority, name, access, protocol, source, _, destination, ports = _admin_row(rule)
    return priority, name, access, protocol, source, destination, ports


def _admin_row(rule: AdminRule) -> Row:
    """As the row of a rule of a group."""
    sides = [[_name_of(item) for item in items] or ["*"] for items in (rule.sources, rule.destinations)]
    ports = [[*map(_short, held)] or ["*"] for held in (rule.source_port_ranges, rule.destination_port_ranges)]
    return (
        rule.direction,
        rule.priority,
        rule.name,
        rule.access,
        rule.protocol,
        listed(sides[0], 4),
        listed(ports[0], 4),
        listed(sides[1], 4),
        listed(ports[1], 4),
    )


def _name_of(item: AddressItem) -> str:
    is_group = item.address_prefix_type.lower() == "networkgroup"
    return ResourceId(item.address_prefix).name if is_group else _short(item.address_prefix)


def _collection(rule: AdminRule) -> str:
    """``avnm/baseline/spokes``: manager, configuration, rule collection."""
    collection = rule.id.parent
    return f"{collection.parent.parent.name}/{collection.parent.name}/{collection.name}"


def _tables(group: Mapping[str, Any]) -> Iterator[Table]:
    """A table a direction, without the direction; source ports only where a rule names any."""
    rows = [*_rows(group)]
    source_ports = _COLUMNS.index("Source ports")
    names_ports = any(row[source_ports] != "*" for row in rows)
    shown = [at for at, name in enumerate(_COLUMNS) if name != "Direction" and (names_ports or at != source_ports)]
    for direction in DIRECTIONS:
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
