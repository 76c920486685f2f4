"""A flow log from predictions: the tuples that the NICs on each predicted path would write of one flow a packet.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from datetime import datetime, timedelta

from simulator.flows.lives import Span, drawn_alike, flow_tuples, skews
from simulator.flows.points import PredictedPackets, WithoutAcl, points_of
from simulator.flows.records import FlowRecords, milliseconds


def generate(
    predictions: PredictedPackets,
    *,
    start: datetime,
    minutes: int,
    seed: int,
    without_acl: WithoutAcl = "platform",
) -> FlowRecords:
    """The flow log of one flow for each predicted packet, sorted by time.

    Parameters
    ----------
    predictions : the packets and what becomes of them; TCP and UDP are logged.
    start : when the window begins, with its zone.
    minutes : length of the window; flows begin in it, and what they write after it is left out. A NIC whose clock runs
        behind sees none begin before it.
    seed : equal seeds and predictions give equal logs.
    without_acl : what a NIC without any network security group or admin rule writes, which is not documented:
        ``platform`` writes ``PlatformRule``, ``omit`` nothing.
    """
    points = points_of(predictions, without_acl=without_acl)
    log = Span(milliseconds(start), milliseconds(start + timedelta(minutes=minutes)))
    lives = drawn_alike(len(predictions), predictions.packets.source_port, log, seed)
    return flow_tuples(points, lives, log, log, skews(seed, points.macs))
