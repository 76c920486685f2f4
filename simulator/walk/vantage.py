"""One NIC's own view: what its filters say of packets in one direction, whatever the path did.

This is what Network Watcher's IP flow verify asks, and what a flow log's record can be compared with when the walk does
not bring the packet to the NIC that logged it.
Learn: azure/network-watcher/ip-flow-verify-overview
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import UInt8
from simulator.walk.origin import through_the_door
from simulator.walk.packets import Int32, Packets
from simulator.walk.predictions import NOTHING, ObservationColumns
from simulator.walk.security import checkpoint


def judge_at(plane: DataPlane, endpoint: Int32, direction: UInt8, packets: Packets) -> ObservationColumns:
    """The decision of each endpoint's filters (rows of ``plane.places.endpoints``) on each packet, in packet order.

    `direction` is 0 for Inbound, 1 for Outbound. No route, peering or appliance is asked.
    """
    batch = through_the_door(plane, packets).but(at=endpoint.astype(np.int32))
    count = len(packets)
    reason = np.zeros(count, np.uint8)
    tables, rows = np.empty((count, 3), np.int32), np.empty((count, 3), np.int32)
    for way in (0, 1):
        mask = direction == way
        found = checkpoint(plane, batch.where(mask), way)
        reason[mask], tables[mask], rows[mask] = found.reason, found.tables, found.rows
    as_it_came = np.full(count, NOTHING, np.int32)
    return ObservationColumns(
        batch.flow, batch.at, direction.astype(np.uint8), reason, tables, rows, as_it_came, as_it_came, as_it_came
    )
