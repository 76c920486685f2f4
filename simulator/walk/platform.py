"""Azure's own addresses: health probes from the host, and the platform services that virtual machines ask.

Traffic to the platform's DNS, DHCP, host agent, metadata and key management services is not subject to security groups,
but for rules that name the service's tag; health probes are.
Learn: azure/virtual-network/network-security-groups-overview (Azure platform considerations),
azure/virtual-network/what-is-ip-address-168-63-129-16
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.filter_table import DENY, NO_MATCH
from simulator.dataplane.filters import INBOUND, MISSING_TABLE, NO_TABLE, OUTBOUND, PLATFORM_TAGS
from simulator.dataplane.forwarding import TO_INTERNET
from simulator.dataplane.plane import DataPlane
from simulator.dataplane.regions import KEY_MANAGEMENT_PORT
from simulator.walk.in_flight import DELIVERED, InFlight, Ledger, Outcome, first_of, header_at
from simulator.walk.origin import holders
from simulator.walk.packets import TCP, UDP, Bools, Int32
from simulator.walk.predictions import NOTHING
from simulator.walk.routing import effective_route, next_place, route_of
from simulator.walk.security import pass_checkpoint

_UNTAGGED, _UNKNOWN = len(PLATFORM_TAGS), len(PLATFORM_TAGS) + 1
_DNS, _METADATA, _KEY_MANAGEMENT = range(len(PLATFORM_TAGS))
#: Protocol and port of each service at the host's address, with the number of its tag.
_HOST_SERVICES = ((TCP, 53, _DNS), (UDP, 53, _DNS), (UDP, 67, _UNTAGGED), (TCP, 80, _UNTAGGED), (TCP, 32526, _UNTAGGED))


def probed(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """End the way of health probes: they meet the inbound filters of their NIC and nothing else. Give the others."""
    probes, others = packets.split(packets.at == plane.places.platform)
    if not len(probes):
        return packets
    anywhere = np.full(len(probes), NOTHING, np.int32)
    place = holders(plane, anywhere, probes.destination)
    reason = first_of(len(probes), (~plane.is_nic[place], "DESTINATION_NOT_IN_EXPORT"))
    probes = ledger.keep("platform", probes.but(target=place), Outcome(reason))
    probes = probes.but(at=probes.target)
    ledger.visit(probes)
    answered, _ = pass_checkpoint(plane, probes, INBOUND, ledger)
    ledger.close(answered)
    return others


def platform_services(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """End the way of what NICs send to the platform's services; give the others."""
    region = plane.region_of_atom[packets.destination]
    facts = plane.facts
    if not (facts.is_host[region] | facts.is_metadata[region] | facts.is_key_management[region]).any():
        return packets
    tags = _services(plane, packets)
    activation = tags == _KEY_MANAGEMENT
    if activation.any():
        tags[activation] = np.where(_leads_straight_out(plane, packets.where(activation)), _KEY_MANAGEMENT, NOTHING)
    asking, others = packets.split(tags != NOTHING)
    if len(asking):
        _ask(plane, asking.but(target=np.full(len(asking), plane.places.platform, np.int32)), tags, ledger)
    return others


def _services(plane: DataPlane, packets: InFlight) -> Int32:
    """The service that each packet is for, as the number of its tag; NOTHING for packets to other addresses."""
    facts, region = plane.facts, plane.region_of_atom[packets.destination]
    protocol, port = packets.protocol, packets.destination_port
    tags = np.full(len(packets), NOTHING, np.int32)
    tags[facts.is_host[region] | facts.is_metadata[region]] = _UNKNOWN
    for of_protocol, of_port, tag in _HOST_SERVICES:
        tags[facts.is_host[region] & (protocol == of_protocol) & (port == of_port)] = tag
    tags[facts.is_metadata[region] & (protocol == TCP) & (port == 80)] = _METADATA
    tags[(tags != NOTHING) & ~plane.is_nic[packets.at]] = _UNKNOWN
    activates = facts.is_key_management[region] & (protocol == TCP) & (port == KEY_MANAGEMENT_PORT)
    tags[activates & plane.is_nic[packets.at]] = _KEY_MANAGEMENT
    return tags


def _leads_straight_out(plane: DataPlane, packets: InFlight) -> Bools:
    """Activation is exempt from rules unless its route leads elsewhere than to the Internet."""
    ledger = Ledger(packets.but(flow=np.arange(len(packets), dtype=np.int32)))
    packets = next_place(plane, ledger.started.but(route=route_of(plane, packets)), ledger)
    leads = plane.forwarding.leads[packets.route]
    straight: Bools = effective_route(plane, packets, ledger).passes & (leads == TO_INTERNET)
    return straight


def _ask(plane: DataPlane, packets: InFlight, tags: Int32, ledger: Ledger) -> None:
    """Ask the rules that name the tag, of the NIC's group and then its subnet's; write down who decided."""
    tags = tags[tags != NOTHING]
    reason = first_of(len(packets), (tags == _UNKNOWN, "PLATFORM_SERVICE_UNKNOWN"))
    packets, tags = ledger.keep("platform", packets, Outcome(reason)), tags[reason == DELIVERED]
    tables, rows = np.full((len(packets), 3), NOTHING, np.int32), np.full((len(packets), 3), NOTHING, np.int32)
    reason = first_of(len(packets))
    for layer, is_subnet in ((1, False), (2, True)):
        asked = _platform_tables(plane, packets, tags, is_subnet)
        asked = np.where(reason == DELIVERED, asked, NO_TABLE).astype(np.int32)
        outcome = _named_rules(plane, packets, asked)
        assert outcome.table is not None and outcome.row is not None
        tables[:, layer], rows[:, layer] = outcome.table, outcome.row
        ledger.decide(packets, 3 * OUTBOUND + layer, outcome.table, outcome.row, outcome.table != NOTHING)
        ledger.note(f"{'subnet' if is_subnet else 'NIC'} NSG outbound", packets, outcome)
        reason = np.where(reason == DELIVERED, outcome.reason, reason).astype(np.uint8)
    ledger.observe(packets, OUTBOUND, reason, tables, rows)
    passes = reason == DELIVERED
    ledger.stop(packets.where(~passes), reason[~passes])
    delivered = packets.where(passes)
    ledger.visit(delivered.but(at=delivered.target))
    ledger.note("platform", delivered, Outcome(first_of(len(delivered))))
    ledger.close(delivered)


def _platform_tables(plane: DataPlane, packets: InFlight, tags: Int32, is_subnet: bool) -> Int32:
    tagged = tags < _UNTAGGED
    numbers = plane.filters.platform.ask(packets.at, np.full(len(tags), is_subnet), np.where(tagged, tags, 0))
    tables = plane.filters.platform.column(numbers, int)
    found: Int32 = np.where(tagged, tables, NO_TABLE).astype(np.int32)
    return found


def _named_rules(plane: DataPlane, packets: InFlight, tables: Int32) -> Outcome:
    found = plane.filters.match(tables, header_at(plane, packets))
    reason = first_of(
        len(packets),
        (tables == MISSING_TABLE, "NSG_NOT_IN_EXPORT"),
        (~found.is_certain, "RULE_NOT_RESOLVED"),
        (found.action == DENY, "NSG_RULE_DENY"),
    )
    matched = found.action != NO_MATCH
    return Outcome(reason, np.where(matched, tables, NOTHING), np.where(matched, found.row, NOTHING))
