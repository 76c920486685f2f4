"""Being forwarded by a firewall or a network virtual appliance.

Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.appliances import DOES_NOT_FORWARD, IP_FORWARDING_OFF, NOT_DECLARED, POLICY_MISSING
from simulator.dataplane.filter_table import DENY, NO_MATCH
from simulator.dataplane.filters import NO_TABLE
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of, header_at
from simulator.walk.packets import TCP, Int32
from simulator.walk.predictions import NOTHING


def appliance(plane: DataPlane, packets: InFlight) -> Outcome:
    """What the endpoint does with a packet that is not for it. A firewall that matches no rule denies."""
    appliances = plane.appliances
    behaviour = appliances.behaviour[packets.at]
    tables = appliances.table[packets.at]
    header = header_at(plane, packets)
    untagged = np.zeros(len(packets), np.uint8)  # the two floating tags belong to NICs: an appliance's rules have none
    found = plane.filters.match(tables, header._replace(source_tag=untagged, destination_tag=untagged))
    is_firewall = appliances.is_firewall[packets.at]
    unmatched = (tables != NO_TABLE) & (found.action == NO_MATCH)
    denied = found.action == DENY
    application = appliances.has_application_rules[packets.at] & (packets.protocol == TCP)
    reason = first_of(
        len(packets),
        (behaviour == IP_FORWARDING_OFF, "NVA_IP_FORWARDING_OFF"),
        (behaviour == NOT_DECLARED, "APPLIANCE_NOT_DECLARED"),
        (behaviour == DOES_NOT_FORWARD, "APPLIANCE_DOES_NOT_FORWARD"),
        (behaviour == POLICY_MISSING, "FIREWALL_POLICY_NOT_IN_EXPORT"),
        (~found.is_certain, "RULE_NOT_RESOLVED"),
        (denied & is_firewall, "FIREWALL_RULE_DENY"),
        (denied, "APPLIANCE_RULE_DENY"),
        (unmatched & is_firewall & application, "FIREWALL_APPLICATION_RULES"),
        (unmatched & is_firewall, "FIREWALL_DEFAULT_DENY"),
        (unmatched, "APPLIANCE_RULE_DENY"),
    )
    matched = found.action != NO_MATCH
    return Outcome(reason, np.where(matched, tables, NOTHING), np.where(matched, found.row, NOTHING))


def translated_source(plane: DataPlane, packets: InFlight) -> Int32:
    """The source after the appliance: its own address where it does source NAT for this destination."""
    appliances = plane.appliances
    translates = appliances.snat[appliances.snat_row[packets.at], plane.region_of_atom[packets.destination]]
    own = plane.places.address(packets.at, plane.is_ipv4[packets.destination])
    source: Int32 = np.where(translates & (own != NONE), own, packets.source).astype(np.int32)
    return source
