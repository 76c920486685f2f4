"""What the oracle says about a packet: words shared by all its files."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from simulator.azure.resource import ResourceId

Address = IPv4Address | IPv6Address
Verdict = Literal["ALLOW", "DENY", "UNKNOWN"]
Direction = Literal["Inbound", "Outbound"]

DENIALS = frozenset(
    {
        "ADMIN_RULE_DENY",
        "NSG_RULE_DENY",
        "NSG_DEFAULT_DENY",
        "ROUTE_NONE",
        "ROUTE_MISSING",
        "NEXT_HOP_UNREACHABLE",
        "NOT_PUBLIC",
        "PEERING_ACCESS_BLOCKED",
        "PEERING_FORWARDED_BLOCKED",
        "SUBNET_PEERING",
        "GATEWAY_TRANSIT_OFF",
        "GATEWAY_NO_TRANSIT",
        "NOT_CARRIED",
        "NVA_IP_FORWARDING_OFF",
        "APPLIANCE_DOES_NOT_FORWARD",
        "APPLIANCE_RULE_DENY",
        "FIREWALL_RULE_DENY",
        "FIREWALL_DEFAULT_DENY",
        "ROUTING_LOOP",
        "ASYMMETRIC_RETURN",
        "NO_RETURN_ROUTE",
        "NO_OUTBOUND_METHOD",
        "PUBLIC_IP_CLOSED",
        "NO_PUBLIC_IP",
    }
)
UNKNOWNS = frozenset(
    {
        "SOURCE_NOT_IN_EXPORT",
        "OUTSIDE_AZURE",
        "DESTINATION_NOT_IN_EXPORT",
        "NEXT_HOP_NOT_IN_EXPORT",
        "RULE_NOT_RESOLVED",
        "NSG_NOT_IN_EXPORT",
        "ROUTE_TABLE_NOT_IN_EXPORT",
        "PEER_NOT_IN_EXPORT",
        "ADMIN_DEPLOYMENT_UNKNOWN",
        "GATEWAY_ROUTES_UNKNOWN",
        "APPLIANCE_NOT_DECLARED",
        "FIREWALL_APPLICATION_RULES",
        "FIREWALL_DNAT",
        "FIREWALL_POLICY_NOT_IN_EXPORT",
        "LOAD_BALANCER_NOT_MODELLED",
        "SERVICE_ENDPOINT_NOT_MODELLED",
        "PRIVATE_ENDPOINT_NOT_MODELLED",
        "PLATFORM_TRAFFIC_NOT_MODELLED",
        "STORAGE_PATH_NOT_MODELLED",
        "SMTP_NOT_MODELLED",
        "PUBLIC_IP_HAIRPIN_NOT_MODELLED",
    }
)
REASONS = frozenset({"DELIVERED"}) | DENIALS | UNKNOWNS


def verdict_of(reason: str) -> Verdict:
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is no reason code of the contract")
    if reason == "DELIVERED":
        return "ALLOW"
    return "DENY" if reason in DENIALS else "UNKNOWN"


class Fate(Exception):
    """The packet goes no further. `rule` is the rule that decided, where one did."""

    def __init__(self, reason: str, rule: ResourceId | None = None) -> None:
        super().__init__(reason)
        self.reason, self.rule = reason, rule


@dataclass(frozen=True)
class Packet:
    source: Address
    destination: Address
    protocol: int
    source_port: int
    destination_port: int


@dataclass(frozen=True)
class Decision:
    """What the filters of one NIC said; `rule` is the last rule that spoke there, None when nothing filters."""

    endpoint: ResourceId
    direction: Direction
    verdict: Verdict
    rule: ResourceId | None


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    reason: str
    path: tuple[str, ...]
    decisions: tuple[Decision, ...]
