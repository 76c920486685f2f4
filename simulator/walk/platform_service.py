"""Reaching the public endpoint of a platform service: by a service endpoint, by the Internet, or from on-premises.

What the service's own firewall says depends on the source it sees: the subnet by its service endpoint, a public address
that translates the caller, or, for Storage in the caller's region, a private address that no rule can name. A refusal
is a 403 of the service: flow logs show the flow as allowed.
Learn: azure/virtual-network/virtual-network-service-endpoints-overview, azure/storage/common/storage-network-security
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.dataplane.services import BY_CLIENT, BY_OUTBOUND, BY_PREMISES, BY_SUBNET
from simulator.walk.egress import way_out
from simulator.walk.in_flight import ASSUMPTION_BITS, DELIVERED, InFlight, Outcome, UInt8
from simulator.walk.packets import Bools, Int32
from simulator.walk.reasons import CODE_OF


def service_endpoint(plane: DataPlane, packets: InFlight) -> Outcome:
    """Out by a service endpoint: the subnet's policy, then the service's firewall, which sees the subnet."""
    own = plane.places.owner(plane.places.vnet[packets.at], packets.source) == packets.at
    subnet = plane.places.subnet[packets.at]
    policies = plane.services.policies.ask(subnet, packets.service)
    by_policy = plane.services.policies.column(policies, CODE_OF.__getitem__).astype(np.uint8)
    reason = np.where(own, by_policy, CODE_OF["NO_OUTBOUND_METHOD"])
    reason[(reason == DELIVERED) & (packets.service == NONE)] = CODE_OF["SERVICE_NOT_IN_EXPORT"]
    asked = reason == DELIVERED
    answered = _admitted(plane, packets.where(asked), BY_SUBNET, subnet[asked], np.zeros(int(asked.sum()), np.int32))
    return _placed(reason.astype(np.uint8), asked, answered)


def service_firewall(plane: DataPlane, packets: InFlight) -> Outcome:
    """Arriving by the Internet from the way out that the place in hand has."""
    return _admitted(plane, packets, BY_OUTBOUND, packets.at, way_out(plane, packets))


def from_client(plane: DataPlane, packets: InFlight) -> Outcome:
    """Arriving from a client of the Internet."""
    return _admitted(plane, packets, BY_CLIENT, packets.source, np.zeros(len(packets), np.int32))


def from_premises(plane: DataPlane, packets: InFlight) -> Outcome:
    """Arriving from on-premises, by the NAT of an ExpressRoute circuit or of the site's own way to the Internet."""
    return _admitted(plane, packets, BY_PREMISES, packets.at, packets.source)


def _admitted(plane: DataPlane, packets: InFlight, way: int, first: Int32, second: Int32) -> Outcome:
    """The service's answer to each packet; `row` numbers it in ``plane.services.admissions``."""
    admissions = plane.services.admissions
    numbers = admissions.ask(packets.service, np.full(len(packets), way, np.int32), first, second)
    reason = admissions.column(numbers, lambda held: CODE_OF[held.reason]).astype(np.uint8)
    bits = admissions.column(numbers, lambda held: sum(int(ASSUMPTION_BITS[key]) for key in held.assumptions))
    return Outcome(reason, row=numbers, assumed=bits.astype(np.uint32))


def _placed(reason: UInt8, asked: Bools, answered: Outcome) -> Outcome:
    """The answers to those who were asked, among the reasons of the others."""
    row, assumed = np.full(len(reason), NONE, np.int32), np.zeros(len(reason), np.uint32)
    assert answered.row is not None and answered.assumed is not None
    reason[asked], row[asked], assumed[asked] = answered.reason, answered.row, answered.assumed
    return Outcome(reason, row=row, assumed=assumed)
