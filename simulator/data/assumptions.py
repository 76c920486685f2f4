"""What Azure's documentation leaves open: each question has a name, a default that is printed, and a switch.

The evidence for each default stands in docs/decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

#: Ways of saying true and false.
SPELLINGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Assumption(Struct, frozen=True):
    """One open question: `text` says what holds while it is true, `otherwise` what holds while it is false.

    `about` says what rests on it: the fate of packets, or only bills.
    """

    key: str
    default: bool
    text: str
    otherwise: str
    about: Literal["packets", "bills"] = "packets"


_ALL = (
    Assumption(
        "se_beats_udr",
        False,
        "a service endpoint's route beats every user-defined route",
        "a user-defined route of equal or longer prefix to an appliance, a gateway or None beats a service endpoint",
    ),
    Assumption(
        "dnat_implicit_allow_overridable",
        False,
        "a network rule of Azure Firewall can deny what a DNAT rule translated",
        "a DNAT match of Azure Firewall is allowed, and no network rule is asked",
    ),
    Assumption(
        "any_protocol_is_every_protocol",
        True,
        "protocol * of a rule matches every protocol, ESP and AH too",
        "protocol * of a rule matches TCP, UDP and ICMP only",
    ),
    Assumption(
        "default_route_in_virtual_network",
        True,
        "a default route of the user or a gateway makes VirtualNetwork hold every address",
        "a default route of the user or a gateway adds nothing to VirtualNetwork",
    ),
    Assumption(
        "on_premises_in_internet",
        True,
        "public addresses that a gateway routes to on-premises are in Internet as well as in VirtualNetwork",
        "public addresses that a gateway routes to on-premises are in VirtualNetwork and not in Internet",
    ),
    Assumption(
        "tag_routes_leave_internet",
        False,
        "what a user-defined route to a service tag covers is no longer in Internet",
        "a user-defined route to a service tag takes nothing out of Internet",
    ),
    Assumption(
        "first_manager_decides",
        True,
        "an Allow of a network manager of higher scope keeps the rules of lower managers from being asked",
        "after an Allow of a network manager of higher scope the rules of lower managers are asked too",
    ),
    Assumption(
        "forwarded_traffic_enforced",
        True,
        "a virtual network drops forwarded traffic unless its own peering link allows it",
        "forwarded traffic passes whatever the peering link says",
    ),
    Assumption(
        "vnet_local_route_reaches_peers",
        True,
        "a user-defined route VnetLocal for the space of a peer still delivers by the peering",
        "a user-defined route VnetLocal for the space of a peer delivers nothing",
    ),
    Assumption(
        "appliance_filters_see_transit",
        True,
        "the security groups at an appliance's NIC are asked of packets that it forwards, by their original addresses",
        "the security groups at an appliance's NIC are not asked of packets that it forwards",
    ),
    Assumption(
        "ecmp_is_symmetric",
        False,
        "the reply of a flow over VirtualApplianceEcmp returns by the appliance that saw the request",
        "the reply of a flow over VirtualApplianceEcmp may return by any of the appliances",
    ),
    Assumption(
        "service_bus_open_without_rules",
        True,
        "Service Bus with default action Deny and no rule at all is open, as Event Hubs is documented to be",
        "Service Bus with default action Deny and no rule at all is closed",
    ),
    Assumption(
        "threat_intelligence_matches",
        False,
        "threat intelligence of Azure Firewall may deny any public address while its mode is Deny",
        "threat intelligence of Azure Firewall knows none of the addresses",
    ),
    Assumption(
        "gigabyte_is_binary",
        True,
        "a GB of a price is 2^30 bytes",
        "a GB of a price is 10^9 bytes",
        "bills",
    ),
    Assumption(
        "zones_are_charged",
        False,
        "traffic between availability zones of one virtual network is charged, as its meters in the price list say",
        "traffic between availability zones is free, as Microsoft announced",
        "bills",
    ),
    Assumption(
        "private_endpoint_peering_is_charged",
        False,
        "traffic over a peering to a private endpoint is charged as peering too",
        "traffic over a peering to a private endpoint is charged as Private Link only",
        "bills",
    ),
)
#: Key → assumption, in the order in which they are listed for people.
ASSUMPTIONS: Mapping[str, Assumption] = MappingProxyType({held.key: held for held in _ALL})


def is_choice(text: str) -> bool:
    """Is `text` a way of saying true or false?"""
    return text.strip().lower() in SPELLINGS
