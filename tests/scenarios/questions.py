"""Ask a scenario: load it once, name senders and receivers as its author does, walk the packets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from simulator.dataplane.plane import DataPlane
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.load import load_snapshot
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.predictions import Prediction
from simulator.whatif.change import load_change

SOURCE_PORT = 50000
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}


class Question(NamedTuple):
    """May `source` talk to `destination`? Both are a VM's name, an on-premises host's name or an address."""

    source: str
    destination: str
    protocol: str = "tcp"
    port: int = 443

    def __str__(self) -> str:
        return f"{self.source}->{self.destination}:{self.port}/{self.protocol}"


@cache
def network_of(topology: Path, change: Path | None = None) -> Network:
    """The network of a scenario file, after the change of a change file."""
    snapshot = load_snapshot(topology)
    changed = load_change(change).apply(snapshot) if change else snapshot
    return build_network(changed, changed.declarations.assumptions)


@cache
def plane_of(network: Network) -> DataPlane:
    return DataPlane(network)


def ask(network: Network, questions: Sequence[Question]) -> list[Prediction]:
    """The predictions for `questions`, in their order."""
    flows = [
        (
            address_of(network, question.source),
            address_of(network, question.destination),
            SOURCE_PORT,
            question.port,
            PROTOCOLS[question.protocol],
        )
        for question in questions
    ]
    return list(packet_walk(plane_of(network), Packets.of(flows)))


def address_of(network: Network, name: str) -> str:
    """The private address of a VM, the address of an on-premises host, or `name` itself."""
    endpoint = network.endpoint(name) if not name[0].isdigit() else None
    if endpoint is not None:
        return endpoint.addresses[0]
    hosts = (places.hosts for places in network.snapshot.declarations.on_premises)
    return next((held[name] for held in hosts if name in held), name)
