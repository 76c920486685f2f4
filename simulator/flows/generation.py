"""Made-up traffic over a network, recorded as its flow logs would record it."""

from __future__ import annotations

from datetime import datetime

from simulator.flows.records import FlowRecords
from simulator.flows.sample_traffic import sample_flows
from simulator.flows.synthetic import generate
from simulator.network.model import Network
from simulator.walk.explain import data_plane
from simulator.walk.packet_walk import packet_walk


def generate_flow_log(
    network: Network, *, flows: int = 1000, seed: int = 1, start: datetime, minutes: int = 60
) -> FlowRecords:
    """The tuples that the network's NICs would write of plausible traffic.

    Parameters
    ----------
    flows : how many flows begin.
    seed : the same seed gives the same records.
    start : when the log begins.
    minutes : how long it is.

    Raises
    ------
    QuestionError : the network holds no two ends that could talk.
    """
    predictions = packet_walk(data_plane(network), sample_flows(network, flows, seed))
    return generate(predictions, start=start, minutes=minutes, seed=seed)
