"""The filters that stand at a NIC: security admin rules, then the security groups of subnet and NIC.

Inbound the subnet's group is asked before the NIC's, outbound the other way round. A Deny ends; an admin AlwaysAllow
goes round the groups of this NIC in this direction only; an admin Allow, or no admin match, goes on to the groups.
Learn: azure/virtual-network/network-security-group-how-it-works, azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.dataplane.filter_table import (
    ALWAYS_ALLOW,
    BY_DEFAULT_ROUTE,
    DENY,
    IN_INTERNET,
    IN_VIRTUAL_NETWORK,
    INTERNET_READINGS,
    NO_MATCH,
    Header,
)
from simulator.dataplane.filters import INBOUND, MISSING_TABLE, NO_TABLE, Found
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import DELIVERED, InFlight, Ledger, Outcome, UInt8, first_of, header_at
from simulator.walk.packets import ICMP, ICMP_V6, TCP, UDP, Bools, Int32
from simulator.walk.predictions import LAYERS_OF, NOTHING
from simulator.walk.reasons import CODE_OF


class Checkpoint(NamedTuple):
    """What the filters of one NIC decide in one direction: the reason, and the (table, row) each of the three met.

    `header` is how they saw the packets.
    """

    reason: UInt8
    outcomes: tuple[Outcome, Outcome, Outcome]
    bypass: Bools
    tables: Int32
    rows: Int32
    header: Header


def checkpoint(
    plane: DataPlane,
    packets: InFlight,
    direction: int,
    transit: Bools | None = None,
    past_blockers: bool = False,
    header: Header | None = None,
) -> Checkpoint:
    """Ask the three filters of each packet's place; a filter after the one that stopped is not asked.

    `transit` marks packets that their place only forwards: its groups are not asked of them where the assumption
    ``appliance_filters_see_transit`` is switched off. With `past_blockers` all filters are asked. `header` is how the
    filters see the packets, by default as the assumptions in force have it.
    """
    header = header_at(plane, packets) if header is None else header
    admin, bypass = admin_rules(plane, packets, header, direction)
    groups = plane.filters
    order = (groups.subnet_group, groups.nic_group) if direction == INBOUND else (groups.nic_group, groups.subnet_group)
    outcomes, reason = [admin], admin.reason
    skipped = bypass if transit is None or plane.assumes["appliance_filters_see_transit"] else bypass | transit
    for group in order:
        asked = ~skipped if past_blockers else (reason == DELIVERED) & ~skipped
        tables = np.where(asked, group[direction][packets.at], NO_TABLE)
        outcome = security_group(plane, packets, tables, header)
        outcomes.append(outcome)
        reason = np.where(reason == DELIVERED, outcome.reason, reason)
    tables = np.stack([_column(outcome.table) for outcome in outcomes], axis=1)
    rows = np.stack([_column(outcome.row) for outcome in outcomes], axis=1)
    return Checkpoint(reason, (outcomes[0], outcomes[1], outcomes[2]), bypass, tables, rows, header)


def _column(column: Int32 | None) -> Int32:
    assert column is not None
    return column


def admin_rules(
    plane: DataPlane, packets: InFlight, header: Header, direction: int, *, other: bool = False
) -> tuple[Outcome, Bools]:
    """The admin rules of the VNet, and which packets go round the security groups.

    One list is asked after the other: a Deny or an AlwaysAllow ends the matter. `other` asks them as under the other
    reading of ``first_manager_decides``.
    """
    lists = (plane.filters.other_admin if other else plane.filters.admin)[direction]
    outcome, bypass = _admin_list(plane, packets, header, lists[0][packets.at])
    for tables in lists[1:]:
        goes_on = outcome.passes & ~bypass
        asked = np.where(goes_on, tables[packets.at], NO_TABLE).astype(np.int32)
        further, round_groups = _admin_list(plane, packets, header, asked)
        outcome, bypass = _later(outcome, further), bypass | round_groups
    return outcome, bypass


def _admin_list(plane: DataPlane, packets: InFlight, header: Header, tables: Int32) -> tuple[Outcome, Bools]:
    found = plane.filters.match(tables, header)
    reason = first_of(
        len(packets),
        *_doubts(plane, packets, found),
        (found.deployment_matters, "ADMIN_DEPLOYMENT_UNKNOWN"),
        (found.action == DENY, "ADMIN_RULE_DENY"),
    )
    bypass = (found.action == ALWAYS_ALLOW) & (reason == DELIVERED)
    matched = found.action != NO_MATCH
    return Outcome(reason, np.where(matched, tables, NOTHING), np.where(matched, found.row, NOTHING)), bypass


def _later(outcome: Outcome, further: Outcome) -> Outcome:
    """What a further list says, where it says anything."""
    table, row = _column(outcome.table), _column(outcome.row)
    later_table, later_row = _column(further.table), _column(further.row)
    said = later_table != NOTHING
    reason = np.where(further.passes, outcome.reason, further.reason)
    return Outcome(reason, np.where(said, later_table, table), np.where(said, later_row, row))


def security_group(plane: DataPlane, packets: InFlight, tables: Int32, header: Header) -> Outcome:
    """One level of security groups; no group there lets everything pass."""
    found = plane.filters.match(tables, header)
    denied = found.action == DENY
    is_default = denied & plane.filters.is_default(tables, found.row)
    reason = first_of(
        len(tables),
        (tables == MISSING_TABLE, "NSG_NOT_IN_EXPORT"),
        *_doubts(plane, packets, found),
        (is_default, "NSG_DEFAULT_DENY"),
        (denied, "NSG_RULE_DENY"),
    )
    matched = found.action != NO_MATCH
    return Outcome(reason, np.where(matched, tables, NOTHING), np.where(matched, found.row, NOTHING))


def _assumptions(
    plane: DataPlane, packets: InFlight, direction: int, transit: Bools | None, found: Checkpoint, ledger: Ledger
) -> None:
    """Write down which assumptions the filters' answers rest on."""
    header = found.header
    readings = {"default_route_in_virtual_network": (BY_DEFAULT_ROUTE, IN_VIRTUAL_NETWORK)}
    readings |= {key: (bit, IN_INTERNET) for key, bit in INTERNET_READINGS.items()}
    for key, (bit, tag) in readings.items():
        disputed = ((header.source_tag | header.destination_tag) & bit) != 0
        if disputed.any():
            ledger.assume(key, _decided_otherwise(plane, packets, direction, found, disputed, bit, tag))
    uncommon = ~np.isin(packets.protocol, (TCP, UDP, ICMP, ICMP_V6))
    if uncommon.any():
        tables = [np.where(uncommon, found.tables[:, layer], NOTHING).astype(np.int32) for layer in range(3)]
        rows = found.rows.T
        asked = np.stack([plane.filters.is_any_protocol(*held) for held in zip(tables, rows, strict=True)]).any(axis=0)
        by_any = asked if plane.assumes["any_protocol_is_every_protocol"] else uncommon
        ledger.assume("any_protocol_is_every_protocol", packets.flow[by_any])
    ledger.assume("first_manager_decides", _by_another_manager(plane, packets, direction, found))
    if transit is not None and transit.any():
        has_group = plane.filters.has_group[packets.at]
        ledger.assume("appliance_filters_see_transit", packets.flow[transit & has_group])


def _by_another_manager(plane: DataPlane, packets: InFlight, direction: int, found: Checkpoint) -> Int32:
    """The packets that the admin rules would treat otherwise if every manager were asked, or only the first."""
    if len(plane.filters.admin[direction]) == len(plane.filters.other_admin[direction]):
        return packets.flow[:0]
    outcome, bypass = admin_rules(plane, packets, found.header, direction, other=True)
    differs = (outcome.reason != found.outcomes[0].reason) | (bypass != found.bypass)
    otherwise: Int32 = packets.flow[differs]
    return otherwise


def _decided_otherwise(
    plane: DataPlane,
    packets: InFlight,
    direction: int,
    found: Checkpoint,
    disputed: Bools,
    bit: int,
    tag: int,
) -> Int32:
    """The packets that the filters would decide by other rules if the other reading put its addresses in (or out)."""
    at = np.flatnonzero(disputed)
    other = found.header.at(at)
    flipped = [np.where(column & bit, column ^ tag, column) for column in (other.source_tag, other.destination_tag)]
    other = other._replace(source_tag=flipped[0].astype(np.uint8), destination_tag=flipped[1].astype(np.uint8))
    read = checkpoint(plane, packets.where(disputed), direction, header=other)
    before = found.tables[at], found.rows[at]
    differs = (read.tables != before[0]).any(axis=1) | (read.rows != before[1]).any(axis=1)
    otherwise: Int32 = packets.flow[at[differs]]
    return otherwise


def _doubts(plane: DataPlane, packets: InFlight, found: Found) -> list[tuple[Bools, str]]:
    """Why a rule only may match: a name nobody resolved, or routes that would widen VirtualNetwork."""
    doubtful = ~found.is_certain
    subnet = plane.places.subnet[packets.at]
    return [
        (doubtful & ~found.is_resolved, "RULE_NOT_RESOLVED"),
        (doubtful & plane.forwarding.table_missing[subnet], "ROUTE_TABLE_NOT_IN_EXPORT"),
        (doubtful & plane.forwarding.gateways_unknown[subnet], "GATEWAY_ROUTES_UNKNOWN"),
        (doubtful & plane.forwarding.peers_unknown[subnet], "PEER_NOT_IN_EXPORT"),
        (doubtful, "CONNECTIVITY_DEPLOYMENT_UNKNOWN"),
    ]


def pass_checkpoint(
    plane: DataPlane, packets: InFlight, direction: int, ledger: Ledger, transit: Bools | None = None
) -> tuple[InFlight, Bools]:
    """Ask the filters, write down what they observe and who decided; give those who pass, and who by AlwaysAllow."""
    if not len(packets):
        return packets, np.zeros(0, bool)
    found = checkpoint(plane, packets, direction, transit, ledger.past_blockers)
    _assumptions(plane, packets, direction, transit, found, ledger)
    logged = ~plane.is_private_endpoint[packets.at]  # Azure writes no flow log at a private endpoint
    ledger.observe(packets.where(logged), direction, found.reason[logged], found.tables[logged], found.rows[logged])
    asked = np.ones(len(packets), bool)
    for layer, outcome in enumerate(found.outcomes):
        table, row = found.tables[:, layer], found.rows[:, layer]
        ledger.decide(packets, 3 * direction + layer, table, row, table != NOTHING)
        name = f"{LAYERS_OF[direction][layer]} {'inbound' if direction == INBOUND else 'outbound'}"
        some = Outcome(outcome.reason[asked], table[asked], row[asked])
        ledger.note(name, packets.where(asked), some)
        asked = asked & (outcome.passes | ledger.past_blockers)
    passes = found.reason == DELIVERED
    if not passes.all():
        ledger.stop(packets.where(~passes), found.reason[~passes])
        ledger.undecide(packets.flow[found.reason == CODE_OF["NSG_NOT_IN_EXPORT"]])
    if ledger.past_blockers:
        return packets, found.bypass
    return packets.where(passes), found.bypass[passes]
