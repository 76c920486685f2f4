"""Every fate a packet can meet, with a stable code, the verdict it means and one line for people.

Codes are public: reports, logs and tickets quote them. A code is never reused for another meaning.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Verdict(IntEnum):
    """ALLOW: delivered, and the reply comes back. DENY: it does not. UNKNOWN: the export does not say.

    INTERMITTENT: some packets of the flow's kind pass and others do not, as Azure picks a backend, next hop or address.
    """

    ALLOW = 0
    DENY = 1
    UNKNOWN = 2
    INTERMITTENT = 3


class Reason(NamedTuple):
    """One fate: its code, the verdict it means, and what it says to an Azure engineer."""

    code: str
    verdict: Verdict
    text: str


_ALLOW, _DENY, _UNKNOWN, _INTERMITTENT = Verdict
REASONS: tuple[Reason, ...] = (
    Reason("DELIVERED", _ALLOW, "delivered, and the reply finds its way back"),
    Reason("ADMIN_RULE_DENY", _DENY, "denied by a security admin rule of Virtual Network Manager"),
    Reason("NSG_RULE_DENY", _DENY, "denied by a rule of a network security group"),
    Reason("NSG_DEFAULT_DENY", _DENY, "denied by the default rule of a network security group"),
    Reason("ROUTE_NONE", _DENY, "the effective route has next hop None"),
    Reason("ROUTE_MISSING", _DENY, "no effective route covers the destination"),
    Reason(
        "NEXT_HOP_UNREACHABLE",
        _DENY,
        "nothing in this virtual network, its direct peers or their gateways answers at the next hop",
    ),
    Reason("NOT_PUBLIC", _DENY, "routed to the Internet, but the destination is no public address"),
    Reason(
        "PEERING_ACCESS_BLOCKED", _DENY, "the peering does not allow virtual network access and no NSG rule allows it"
    ),
    Reason("PEERING_FORWARDED_BLOCKED", _DENY, "the receiving peering does not allow forwarded traffic"),
    Reason("SUBNET_PEERING", _DENY, "the peering joins only some subnets, and this one is not among them"),
    Reason("GATEWAY_TRANSIT_OFF", _DENY, "gateway transit is not set on both sides of the peering"),
    Reason("GATEWAY_NO_TRANSIT", _DENY, "a gateway is no transit to another gateway"),
    Reason("NOT_CARRIED", _DENY, "virtual networks do not carry multicast, broadcast or loopback"),
    Reason("NVA_IP_FORWARDING_OFF", _DENY, "the next hop is a NIC without IP forwarding"),
    Reason("APPLIANCE_DOES_NOT_FORWARD", _DENY, "the appliance is declared not to forward"),
    Reason("APPLIANCE_RULE_DENY", _DENY, "denied by the appliance's declared rules"),
    Reason("FIREWALL_RULE_DENY", _DENY, "denied by a network rule of Azure Firewall"),
    Reason("FIREWALL_DEFAULT_DENY", _DENY, "no rule of Azure Firewall allows it"),
    Reason("ROUTING_LOOP", _DENY, "the packet comes back to where it was"),
    Reason(
        "ASYMMETRIC_RETURN", _DENY, "the reply does not pass the same stateful appliances or leaves by another door"
    ),
    Reason("NO_RETURN_ROUTE", _DENY, "the reply finds no route back"),
    Reason(
        "NO_OUTBOUND_METHOD",
        _DENY,
        "the NIC has no way to the Internet for this family and protocol: it needs a NAT gateway or a public IP",
    ),
    Reason("PUBLIC_IP_CLOSED", _DENY, "a Standard public IP is closed until a network security group allows inbound"),
    Reason("NO_PUBLIC_IP", _DENY, "nothing translates a public address to this NIC"),
    Reason("NO_SENDER", _DENY, "a load balancer's frontend or a private endpoint begins no flow of its own"),
    Reason("SMTP_BLOCKED", _DENY, "the platform lets no TCP 25 to the Internet out of this subscription"),
    Reason("CONNECTED_GROUP_OVERLAP", _DENY, "members of the connected group share this range, so Azure drops it"),
    Reason("LOAD_BALANCER_NO_RULE", _DENY, "no rule of the load balancer's frontend takes this protocol and port"),
    Reason("LOAD_BALANCER_NO_BACKEND", _DENY, "the backend pool is empty"),
    Reason("LOAD_BALANCER_PROBE_DOWN", _DENY, "the filters of every backend deny the health probe, so none is up"),
    Reason("LOAD_BALANCER_HAIRPIN", _DENY, "the load balancer gives the packet back to its own sender"),
    Reason("PRIVATE_ENDPOINT_NOT_APPROVED", _DENY, "the connection of the private endpoint is not approved"),
    Reason("SERVICE_ENDPOINT_POLICY_DENY", _DENY, "the subnet's service endpoint policy does not list this account"),
    Reason("PUBLIC_ACCESS_DISABLED", _DENY, "the service answers private endpoints only"),
    Reason(
        "PAAS_FIREWALL_DENY", _DENY, "the firewall of the service refuses with 403; flow logs show the flow as allowed"
    ),
    Reason(
        "STORAGE_IP_RULE_SAME_REGION",
        _DENY,
        "the account's IP rules list the address, but in its own region they do not apply: the source is private there",
    ),
    Reason("PERIMETER_DENY", _DENY, "no rule of the network security perimeter admits the caller"),
    Reason(
        "NAT_POOL_PARTLY_ALLOWED", _INTERMITTENT, "the firewall of the service lists only some of the NAT addresses"
    ),
    Reason("PATHS_DIFFER", _INTERMITTENT, "the fate depends on which backend or next hop the packet is given"),
    Reason("SOURCE_NOT_IN_EXPORT", _UNKNOWN, "no endpoint or on-premises network of the export holds the source"),
    Reason(
        "OUTSIDE_AZURE", _UNKNOWN, "neither end lies in a virtual network: the packet need not come to Azure at all"
    ),
    Reason("DESTINATION_NOT_IN_EXPORT", _UNKNOWN, "no endpoint of the export holds the destination"),
    Reason("NEXT_HOP_NOT_IN_EXPORT", _UNKNOWN, "no endpoint of the export answers at the next hop address"),
    Reason("RULE_NOT_RESOLVED", _UNKNOWN, "a rule that may match names a tag or group that is not known"),
    Reason("NSG_NOT_IN_EXPORT", _UNKNOWN, "the network security group is not in the export"),
    Reason("ROUTE_TABLE_NOT_IN_EXPORT", _UNKNOWN, "the route table is not in the export"),
    Reason(
        "PEER_NOT_IN_EXPORT", _UNKNOWN, "the peered virtual network, or its side of the peering, is not in the export"
    ),
    Reason(
        "ADMIN_DEPLOYMENT_UNKNOWN",
        _UNKNOWN,
        "an admin rule may decide, and whether it reaches the network is not known",
    ),
    Reason("CONNECTIVITY_DEPLOYMENT_UNKNOWN", _UNKNOWN, "a network manager may give the route, which is not known"),
    Reason("GATEWAY_ROUTES_UNKNOWN", _UNKNOWN, "a gateway may have learned a route for the destination"),
    Reason("APPLIANCE_NOT_DECLARED", _UNKNOWN, "what the appliance's guest does is not declared"),
    Reason(
        "FIREWALL_APPLICATION_RULES",
        _UNKNOWN,
        "an application rule of Azure Firewall may decide by the name asked for, which the address does not tell",
    ),
    Reason(
        "FIREWALL_THREAT_INTELLIGENCE", _UNKNOWN, "threat intelligence of Azure Firewall may know one of the addresses"
    ),
    Reason("FIREWALL_POLICY_NOT_IN_EXPORT", _UNKNOWN, "the firewall's policy, or a parent of it, is not in the export"),
    Reason("LOAD_BALANCER_NOT_IN_EXPORT", _UNKNOWN, "a load balancer takes part that is not in the export"),
    Reason("LOAD_BALANCER_BACKEND_NOT_IN_EXPORT", _UNKNOWN, "the backends of the load balancer are not in the export"),
    Reason("PRIVATE_ENDPOINT_NOT_IN_EXPORT", _UNKNOWN, "the private endpoint of this NIC is not in the export"),
    Reason("SERVICE_NOT_IN_EXPORT", _UNKNOWN, "leaves by a service endpoint to a service that is not in the export"),
    Reason("SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT", _UNKNOWN, "a service endpoint policy is not in the export"),
    Reason(
        "OUTBOUND_ADDRESS_UNKNOWN", _UNKNOWN, "the service's IP rules decide, and the caller's address is not known"
    ),
    Reason("ON_PREMISES_NAT_UNKNOWN", _UNKNOWN, "the address that on-premises shows to the service is not declared"),
    Reason("PERIMETER_NOT_IN_EXPORT", _UNKNOWN, "the network security perimeter decides and is not in the export"),
    Reason("PLATFORM_SERVICE_UNKNOWN", _UNKNOWN, "what the platform's address answers here is not documented"),
    Reason("SMTP_OFFER_UNKNOWN", _UNKNOWN, "TCP 25 depends on the subscription's offer, which is not declared"),
    Reason("TOO_MANY_PATHS", _UNKNOWN, "the packet can take more paths than are tried"),
    Reason("PUBLIC_IP_HAIRPIN_NOT_MODELLED", _UNKNOWN, "leaves and comes back by a public IP of the network itself"),
)
CODE_OF = {reason.code: number for number, reason in enumerate(REASONS)}
