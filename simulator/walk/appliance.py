"""Being forwarded or translated by a firewall or a network virtual appliance.

Azure Firewall asks DNAT rules of what is addressed to itself, and of transit its network rules, then its application
rules: the type decides before any priority. What application rules let through always gets the firewall's own source.
Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.appliances import DOES_NOT_FORWARD, IP_FORWARDING_OFF, NOT_DECLARED, POLICY_MISSING
from simulator.dataplane.filter_table import DENY, NO_MATCH, Header
from simulator.dataplane.filters import NO_TABLE, Found
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.space.addresses import parse_address
from simulator.walk.in_flight import DELIVERED, InFlight, Ledger, Outcome, first_of, header_at
from simulator.walk.packets import TCP, Bools, Int32
from simulator.walk.predictions import NOTHING
from simulator.walk.reasons import CODE_OF

#: Number of the layer of appliances' own rules, as `Predictions.decider` writes it; 0-5 are the filters of a NIC.
APPLIANCE_LAYER = 6
#: Denials of an appliance that forwards otherwise.
_BY_RULES = [CODE_OF[code] for code in ("FIREWALL_RULE_DENY", "FIREWALL_DEFAULT_DENY", "APPLIANCE_RULE_DENY")]


Translated = tuple[InFlight, Int32]


def send_on(plane: DataPlane, translated: list[Translated], ledger: Ledger) -> InFlight:
    """Packets that firewalls and appliances let pass go on with the sources that those gave them."""
    packets = InFlight.join([held for held, _ in translated])
    source = np.concatenate([sources for _, sources in translated])
    ledger.appliances[packets.flow] += plane.appliances.key[packets.at]
    ledger.forwarded.add(packets.flow, packets.at, packets.source, source)
    return packets.but(source=source, is_home=np.zeros(len(packets), bool))


def forwarding_appliance(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Translated:
    """Through the appliance at whose NIC the packets are, and the source that it gives them."""
    if not len(packets):
        return packets, packets.source
    packets = _threat_intelligence(plane, packets, ledger)
    by_network, by_application = _network_rules(plane, packets), _application_rules(plane, packets)
    outcome, by_name = appliance(plane, packets, by_network, by_application)
    packets = _decided(packets, outcome, ledger)
    by_name = by_name[outcome.passes] if len(packets) < len(by_name) else by_name
    return packets, translated_source(plane, packets, by_name)


def _decided(packets: InFlight, outcome: Outcome, ledger: Ledger) -> InFlight:
    assert outcome.table is not None and outcome.row is not None
    ledger.decide(packets, APPLIANCE_LAYER, outcome.table, outcome.row, outcome.row >= 0)
    if ledger.past_blockers:
        final = ~outcome.passes & ~np.isin(outcome.reason, _BY_RULES)
        packets, stopped = packets.where(~final), packets.where(final)
        ledger.keep("appliance", stopped, _part(outcome, final))
        return ledger.keep("appliance", packets, _part(outcome, ~final), lets_past=True)
    return ledger.keep("appliance", packets, outcome)


def _part(outcome: Outcome, mask: Bools) -> Outcome:
    assert outcome.table is not None and outcome.row is not None
    return Outcome(outcome.reason[mask], outcome.table[mask], outcome.row[mask])


def _threat_intelligence(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Asked before every rule. Which public addresses the feed knows is told to nobody: that it is none of them is an
    assumption."""
    public = plane.facts.is_public
    ends = public[plane.region_of_atom[packets.source]] | public[plane.region_of_atom[packets.destination]]
    may_deny = ends & plane.appliances.threat_intelligence[packets.at]
    ledger.assume("threat_intelligence_matches", packets.flow[may_deny])
    may_deny &= plane.assumes["threat_intelligence_matches"]
    reason = first_of(len(packets), (may_deny, "FIREWALL_THREAT_INTELLIGENCE"))
    return ledger.keep("threat intelligence", packets, Outcome(reason), lets_past=True)


def _header(plane: DataPlane, packets: InFlight) -> Header:
    """The two floating tags belong to NICs: the rules of appliances have none."""
    untagged = np.zeros(len(packets), np.uint8)
    return header_at(plane, packets)._replace(source_tag=untagged, destination_tag=untagged)


def _network_rules(plane: DataPlane, packets: InFlight) -> Found:
    """A firewall's network rules, or what is declared for another appliance."""
    return plane.filters.match(plane.appliances.table[packets.at], _header(plane, packets))


def _application_rules(plane: DataPlane, packets: InFlight) -> Found:
    tables = np.where(packets.protocol == TCP, plane.appliances.application_table[packets.at], NO_TABLE)
    return plane.filters.match(tables.astype(np.int32), _header(plane, packets))


def appliance(plane: DataPlane, packets: InFlight, network: Found, application: Found) -> tuple[Outcome, Bools]:
    """What the endpoint does with a packet that is not for it, and which packets an application rule let through.

    A firewall that matches no rule denies.
    """
    appliances = plane.appliances
    behaviour, is_firewall = appliances.behaviour[packets.at], appliances.is_firewall[packets.at]
    tables = appliances.table[packets.at]
    unmatched = (tables != NO_TABLE) & (network.action == NO_MATCH)
    denied = network.action == DENY
    by_name = unmatched & is_firewall & (application.action != NO_MATCH)
    reason = first_of(
        len(packets),
        (behaviour == IP_FORWARDING_OFF, "NVA_IP_FORWARDING_OFF"),
        (behaviour == NOT_DECLARED, "APPLIANCE_NOT_DECLARED"),
        (behaviour == DOES_NOT_FORWARD, "APPLIANCE_DOES_NOT_FORWARD"),
        (behaviour == POLICY_MISSING, "FIREWALL_POLICY_NOT_IN_EXPORT"),
        (~network.is_certain, "RULE_NOT_RESOLVED"),
        (denied & is_firewall, "FIREWALL_RULE_DENY"),
        (denied, "APPLIANCE_RULE_DENY"),
        (by_name & ~application.is_certain, "FIREWALL_APPLICATION_RULES"),
        (by_name & (application.action == DENY), "FIREWALL_RULE_DENY"),
        (unmatched & is_firewall & ~by_name, "FIREWALL_DEFAULT_DENY"),
        (unmatched & ~is_firewall, "APPLIANCE_RULE_DENY"),
    )
    matched = network.action != NO_MATCH
    table = np.where(matched, tables, np.where(by_name, appliances.application_table[packets.at], NOTHING))
    row = np.where(matched, network.row, np.where(by_name, application.row, NOTHING))
    return Outcome(reason, table.astype(np.int32), row.astype(np.int32)), by_name


def translated_source(plane: DataPlane, packets: InFlight, always: Bools) -> Int32:
    """The source after the appliance: its own address where it does source NAT for this destination, or `always`."""
    appliances = plane.appliances
    translates = appliances.snat[appliances.snat_row[packets.at], plane.region_of_atom[packets.destination]]
    return _own_address(plane, packets, translates | always)


def _own_address(plane: DataPlane, packets: InFlight, mask: Bools) -> Int32:
    own = plane.places.address(packets.at, plane.is_ipv4[packets.destination])
    source: Int32 = np.where(mask & (own != NONE), own, packets.source).astype(np.int32)
    return source


def translated_destination(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Translated:
    """What is addressed to a firewall itself: the DNAT rule that matches translates and allows it.

    The source becomes the firewall's own. Whether a network rule can still deny it is an assumption.
    """
    if not len(packets):
        return packets, packets.source
    packets = _threat_intelligence(plane, packets, ledger)
    tables = plane.appliances.dnat_table[packets.at]
    found = plane.filters.match(tables, _header(plane, packets))
    matched = found.action != NO_MATCH
    address, port = _translations(plane, tables, np.where(matched, found.row, NOTHING), packets)
    missing = plane.appliances.behaviour[packets.at] == POLICY_MISSING
    reason = first_of(
        len(packets),
        (missing, "FIREWALL_POLICY_NOT_IN_EXPORT"),
        (~found.is_certain | (matched & (address == NONE)), "RULE_NOT_RESOLVED"),
        (~matched, "FIREWALL_DEFAULT_DENY"),
    )
    outcome = Outcome(reason, np.where(matched, tables, NOTHING), np.where(matched, found.row, NOTHING))
    assert outcome.table is not None and outcome.row is not None
    ledger.decide(packets, APPLIANCE_LAYER, outcome.table, outcome.row, matched)
    passes = outcome.passes
    packets = ledger.keep("destination NAT", packets, outcome)
    to = address[passes].astype(np.int32)
    packets = packets.but(destination=to, destination_port=port[passes].astype(np.int32), service=plane.services.at(to))
    packets = _not_overridden(plane, packets, ledger)
    return packets, _own_address(plane, packets, np.ones(len(packets), bool))


def _translations(plane: DataPlane, tables: Int32, rows: Int32, packets: InFlight) -> tuple[Int32, Int32]:
    """The address (NONE: by name, unknown) and the port that each packet's DNAT rule translates to."""
    address = np.full(len(packets), NONE, np.int32)
    port = packets.destination_port.copy()
    pairs = np.stack([tables, rows], axis=1)
    for table, row in set(map(tuple, pairs[rows != NOTHING].tolist())):
        held = plane.appliances.translations[table][row]
        at = (tables == table) & (rows == row)
        if held.translated_address is not None:
            address[at] = plane.places.atom(parse_address(held.translated_address))
        if held.translated_port is not None:
            port[at] = held.translated_port
    return address, port


def _not_overridden(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Network rules that would deny what a DNAT rule translated: asked only under the older reading."""
    network = _network_rules(plane, packets)
    denied = network.is_certain & (network.action == DENY)
    ledger.assume("dnat_implicit_allow_overridable", packets.flow[denied | ~network.is_certain])
    if not plane.assumes["dnat_implicit_allow_overridable"]:
        return packets
    tables = plane.appliances.table[packets.at]
    reason = first_of(len(packets), (~network.is_certain, "RULE_NOT_RESOLVED"), (denied, "FIREWALL_RULE_DENY"))
    stopped = reason != DELIVERED
    ledger.decide(packets, APPLIANCE_LAYER, tables, network.row, stopped)
    outcome = Outcome(reason, np.where(stopped, tables, NOTHING), np.where(stopped, network.row, NOTHING))
    return ledger.keep("appliance", packets, outcome)
