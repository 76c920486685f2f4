"""What the oracle says about a packet: words shared by all its files."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from simulator.azure.resource import ResourceId

Address = IPv4Address | IPv6Address
Verdict = Literal["ALLOW", "DENY", "UNKNOWN", "INTERMITTENT"]
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
        "NO_SENDER",
        "SMTP_BLOCKED",
        "CONNECTED_GROUP_OVERLAP",
        "LOAD_BALANCER_NO_RULE",
        "LOAD_BALANCER_NO_BACKEND",
        "LOAD_BALANCER_PROBE_DOWN",
        "LOAD_BALANCER_HAIRPIN",
        "PRIVATE_ENDPOINT_NOT_APPROVED",
        "SERVICE_ENDPOINT_POLICY_DENY",
        "PUBLIC_ACCESS_DISABLED",
        "PAAS_FIREWALL_DENY",
        "STORAGE_IP_RULE_SAME_REGION",
        "PERIMETER_DENY",
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
        "CONNECTIVITY_DEPLOYMENT_UNKNOWN",
        "FIREWALL_APPLICATION_RULES",
        "FIREWALL_POLICY_NOT_IN_EXPORT",
        "FIREWALL_THREAT_INTELLIGENCE",
        "LOAD_BALANCER_NOT_IN_EXPORT",
        "LOAD_BALANCER_BACKEND_NOT_IN_EXPORT",
        "PRIVATE_ENDPOINT_NOT_IN_EXPORT",
        "SERVICE_NOT_IN_EXPORT",
        "SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT",
        "OUTBOUND_ADDRESS_UNKNOWN",
        "ON_PREMISES_NAT_UNKNOWN",
        "PERIMETER_NOT_IN_EXPORT",
        "PLATFORM_SERVICE_UNKNOWN",
        "SMTP_OFFER_UNKNOWN",
        "TOO_MANY_PATHS",
        "PUBLIC_IP_HAIRPIN_NOT_MODELLED",
    }
)
INTERMITTENTS = frozenset({"NAT_POOL_PARTLY_ALLOWED", "PATHS_DIFFER"})
REASONS = frozenset({"DELIVERED"}) | DENIALS | UNKNOWNS | INTERMITTENTS


def verdict_of(reason: str) -> Verdict:
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is no reason code of the contract")
    if reason == "DELIVERED":
        return "ALLOW"
    if reason in INTERMITTENTS:
        return "INTERMITTENT"
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
    """`layers`: the names of `LAYERS` that the packet met on any of its paths."""

    verdict: Verdict
    reason: str
    path: tuple[str, ...]
    decisions: tuple[Decision, ...]
    layers: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, reason: str, path: tuple[str, ...], decisions: tuple[Decision, ...], layers: frozenset[str]
    ) -> Judgement:
        """The verdict follows from the reason."""
        return cls(verdict_of(reason), reason, path, decisions, layers)


#: What a packet may meet; the shares of the random packets that do are printed, and none may be vacuous.
LAYERS = (
    "platform",
    "probe",
    "KMS",
    "SMTP",
    "admin rules",
    "NIC NSG",
    "subnet NSG",
    "ASG",
    "IPv6",
    "user-defined route",
    "routing configuration",
    "ECMP",
    "peering",
    "subnet peering",
    "connected group",
    "gateway",
    "appliance",
    "Azure Firewall network rules",
    "Azure Firewall application rules",
    "Azure Firewall DNAT",
    "load balancer",
    "several paths",
    "private endpoint",
    "service endpoint",
    "service endpoint policy",
    "service firewall",
    "perimeter",
    "on-premises NAT",
    "Internet egress",
    "NAT gateway",
    "Internet ingress",
    "return path",
    "assumption",
)
