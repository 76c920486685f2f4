"""Arriving at a private endpoint: its connection decides; the firewall of the service behind it is not asked.

Learn: azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome
from simulator.walk.reasons import CODE_OF


def private_endpoint(plane: DataPlane, packets: InFlight) -> Outcome:
    """Is the connection of the endpoint approved?"""
    states = plane.private_endpoint_states
    reason = states.column(states.ask(packets.at), CODE_OF.__getitem__).astype(np.uint8)
    return Outcome(reason)
