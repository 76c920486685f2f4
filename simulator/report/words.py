"""Small things that several reports say in the same words: services, rules, routes."""

from __future__ import annotations

from typing import Any

from simulator.network.routes import EffectiveRoute
from simulator.walk.encryption import Encryption
from simulator.walk.predictions import RuleReference


def service(protocol: str, port: int) -> str:
    """``tcp/1433``, or ``icmp`` where there is no port."""
    name = protocol.lower()
    return f"{name}/{port}" if port >= 0 and name in {"tcp", "udp"} else name


def rule_text(rule: RuleReference) -> str:
    """``nsg-web/allow-web, priority 100, subnet NSG``."""
    return f"{rule}, priority {rule.priority}, {rule.layer}"


def rule_data(rule: RuleReference | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "layer": rule.layer,
        "acl": str(rule.acl),
        "name": rule.name,
        "priority": rule.priority,
        "action": rule.action,
    }


def encryption_data(found: Encryption) -> dict[str, Any]:
    return {
        "code": found.code or None,
        "accepted": sorted(found.accepted),
        "is_encrypted": found.is_encrypted,
        "reason": found.reason,
        "text": found.text,
        "would_be_dropped": found.would_be_dropped,
    }


def route_data(route: EffectiveRoute | None) -> dict[str, Any] | None:
    if route is None:
        return None
    return {
        "source": route.source,
        "prefixes": list(route.prefixes),
        "next_hop_type": route.next_hop_type,
        "next_hop_ip": route.next_hop_ip,
        "name": route.name,
    }
