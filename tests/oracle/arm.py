"""ARM's shapes of rules and references, so that tests say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.azure.snapshot import ApplianceRule

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers"


def arm_id(kind: str, name: str) -> str:
    """`kind` is a type of Microsoft.Network, or one with its provider (``Microsoft.Storage/storageAccounts``)."""
    return f"{GROUP}/{kind if '/' in kind else f'Microsoft.Network/{kind}'}/{name}"


def reference(kind: str, name: str) -> dict[str, str]:
    return {"id": arm_id(kind, name)}


def subnet_id(network: str, subnet: str) -> str:
    return f"{arm_id('virtualNetworks', network)}/subnets/{subnet}"


def nsg_rule(
    name: str,
    priority: int,
    access: str,
    direction: str,
    *,
    protocol: str = "*",
    source: str | Sequence[str] = "*",
    destination: str | Sequence[str] = "*",
    source_ports: str | Sequence[str] = "*",
    ports: str | Sequence[str] = "*",
    source_asgs: Sequence[str] = (),
    destination_asgs: Sequence[str] = (),
) -> dict[str, Any]:
    """A security rule; one text fills the singular ARM field, a list the plural."""
    rule: dict[str, Any] = {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": direction,
        "protocol": protocol,
    }
    for field, value in (("sourceAddressPrefix", source), ("destinationAddressPrefix", destination)):
        rule |= {field: value} if isinstance(value, str) else {f"{field}es": list(value)}
    for field, value in (("sourcePortRange", source_ports), ("destinationPortRange", ports)):
        rule |= {field: value} if isinstance(value, str) else {f"{field}s": list(value)}
    for field, names in (
        ("sourceApplicationSecurityGroups", source_asgs),
        ("destinationApplicationSecurityGroups", destination_asgs),
    ):
        if names:
            rule[field] = [{"id": arm_id("applicationSecurityGroups", name)} for name in names]
    return rule


def admin_rule(
    name: str,
    priority: int,
    access: str,
    direction: str,
    *,
    protocol: str = "Any",
    sources: Sequence[str] = (),
    destinations: Sequence[str] = (),
    ports: Sequence[str] = (),
) -> dict[str, Any]:
    """An admin rule. An address that starts with ``group:`` is a network group, one without ``/`` or ``.`` a tag."""
    return {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": direction,
        "protocol": protocol,
        "sources": [_admin_address(text) for text in sources],
        "destinations": [_admin_address(text) for text in destinations],
        "destinationPortRanges": list(ports),
    }


def _admin_address(text: str) -> dict[str, str]:
    if text.startswith("group:"):
        return {"addressPrefix": text.removeprefix("group:"), "addressPrefixType": "NetworkGroup"}
    kind = "IPPrefix" if text == "*" or any(mark in text for mark in "./:") else "ServiceTag"
    return {"addressPrefix": text, "addressPrefixType": kind}


def network_rule(
    name: str,
    *,
    protocols: Sequence[str] = ("Any",),
    sources: Sequence[str] = ("*",),
    destinations: Sequence[str] = ("*",),
    ports: Sequence[str] = ("*",),
    **more: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "ruleType": "NetworkRule",
        "ipProtocols": list(protocols),
        "sourceAddresses": list(sources),
        "destinationAddresses": list(destinations),
        "destinationPorts": list(ports),
    } | more


def collection(name: str, priority: int, action: str, *rules: dict[str, Any], is_nat: bool = False) -> dict[str, Any]:
    kind = "FirewallPolicyNatRuleCollection" if is_nat else "FirewallPolicyFilterRuleCollection"
    return {
        "ruleCollectionType": kind,
        "name": name,
        "priority": priority,
        "action": {"type": action},
        "rules": list(rules),
    }


def appliance_rule(name: str, access: Any, **matches: Any) -> ApplianceRule:
    return ApplianceRule(name, access, **matches)


def application_rule(
    name: str,
    *,
    sources: Sequence[str] = ("*",),
    names: Sequence[str] = ("*",),
    protocols: Mapping[str, int | None] | None = None,
) -> dict[str, Any]:
    """`protocols`: Http, Https or Mssql → port, None its usual one."""
    made = [{"protocolType": kind, "port": port} for kind, port in (protocols or {"Http": 80, "Https": 443}).items()]
    return {
        "name": name,
        "ruleType": "ApplicationRule",
        "sourceAddresses": list(sources),
        "targetFqdns": list(names),
        "protocols": made,
    }


def dnat_rule(name: str, destination: str, port: str, to: str | None, to_port: str | None = None, **more: Any) -> Any:
    """`to` None translates to a name. `more`: as of `network_rule`, sources for one."""
    found = {"translatedAddress": to} if to else {"translatedFqdn": "backend.example"}
    found |= {"translatedPort": to_port} if to_port else {}
    return network_rule(name, destinations=[destination], ports=[port], ruleType="NatRule", **found, **more)


REFERENCES = {
    "nsg": ("networkSecurityGroup", "networkSecurityGroups"),
    "rt": ("routeTable", "routeTables"),
    "nat": ("natGateway", "natGateways"),
}


def references(fields: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in REFERENCES:
            found[key] = value
        elif value is not None:
            field, kind = REFERENCES[key]
            found[field] = {"id": arm_id(kind, value)}
    return found
