"""Plausible traffic of a network, to walk and to make flow logs of: who talks to whom, on common ports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.space.addresses import format_address, parse_prefix
from simulator.walk.packets import ICMP, TCP, UDP, Addresses, Packets

Shares = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]

#: Kinds of traffic and how often each is drawn where the network has both ends.
KINDS = {"within": 60, "to Internet": 18, "to on-premises": 9, "from on-premises": 8, "from Internet": 5}
#: (protocol, destination port) of common services, and how often each is drawn.
SERVICES = {
    (TCP, 443): 40,
    (UDP, 53): 12,
    (TCP, 80): 10,
    (TCP, 1433): 8,
    (TCP, 22): 6,
    (TCP, 3389): 5,
    (TCP, 445): 5,
    (TCP, 5432): 4,
    (UDP, 123): 3,
    (TCP, 8080): 3,
    (TCP, 6379): 2,
    (ICMP, 0): 2,
}
#: Where Internet peers are drawn from: public cloud and content networks, and networks known for their scanners.
INTERNET_PEERS = ("13.107.21.0/24", "20.42.73.0/24", "52.239.184.0/24", "104.16.218.0/24", "162.216.149.0/24")
#: What clients of Windows and of Linux draw from.
EPHEMERAL_PORTS = (32768, 65536)
HOSTS_PER_PREFIX = 8
#: Share of the flows that are IPv6 where both ends have it.
IPV6_SHARE = 0.1


class Peer(NamedTuple):
    """One end of a flow: its address, and the virtual network in whose view a packet from it is read (-1: none)."""

    address: str
    context: int = -1


class Peers(Struct, frozen=True):
    """Who may take part in flows. A public address belongs to an endpoint of the network and only answers."""

    inside: tuple[Peer, ...]
    on_premises: tuple[Peer, ...]
    internet: tuple[Peer, ...]
    public: tuple[Peer, ...]

    @classmethod
    def of(cls, network: Network, random: np.random.Generator) -> Peers:
        """The peers of a network, hosts of sites and of the Internet drawn, each kind in random order."""
        inside = _shuffled(_private_peers(network), random)
        on_premises = _shuffled(_on_premises_peers(network, random), random)
        internet = _shuffled([Peer(host) for text in INTERNET_PEERS for host in hosts(text, random)], random)
        public = (Peer(address) for endpoint in network.endpoints for address in endpoint.public_addresses)
        return cls(inside, on_premises, internet, tuple(public))


class _Kind(NamedTuple):
    """One kind of traffic in one address family: who may start it and who may answer, the busiest first."""

    weight: float
    sources: tuple[Peer, ...]
    destinations: tuple[Peer, ...]


def sample_flows(network: Network, count: int, seed: int) -> Packets:
    """`count` packets, each the first of a flow; equal seeds give equal packets.

    Sources are NICs, on-premises hosts and Internet peers; what comes from the Internet is sent to public addresses. A
    few ends carry most of the flows (Zipf). Raises QuestionError when no two ends of the network can talk.
    """
    random = np.random.default_rng(seed)
    kinds = _kinds(Peers.of(network, random))
    if not kinds:
        raise QuestionError(
            "the network holds no two ends that could talk",
            code="VNS5104",
            place=network.snapshot.name,
            hint="give at least one network interface with a private address",
        )
    of_flow = random.choice(len(kinds), count, p=shares([kind.weight for kind in kinds]))
    services = list(SERVICES)
    of_service = random.choice(len(services), count, p=shares(list(SERVICES.values())))
    source_ports = random.integers(*EPHEMERAL_PORTS, count)
    peers = list(dict.fromkeys(peer for kind in kinds for peer in (*kind.sources, *kind.destinations)))
    number = {peer: at for at, peer in enumerate(peers)}
    ends = np.zeros((2, count), np.intp)
    for at, kind in enumerate(kinds):
        rows = np.flatnonzero(of_flow == at)
        sources, destinations = (
            np.array([number[peer] for peer in side], np.intp) for side in (kind.sources, kind.destinations)
        )
        ends[:, rows] = _pairs(sources, destinations, len(rows), random)
    protocols, ports = np.array(services, np.int32)[of_service].T
    addresses = Addresses.parse([peer.address for peer in peers])
    contexts = np.array([peer.context for peer in peers], np.int32)
    return Packets(
        source=addresses[ends[0]],
        destination=addresses[ends[1]],
        source_port=np.where(protocols == ICMP, 0, source_ports).astype(np.int32),
        destination_port=ports,
        protocol=protocols.astype(np.uint8),
        context=contexts[ends[0]],
        service=np.full(count, -1, np.int32),
    )


def _pairs(sources: Numbers, destinations: Numbers, count: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Numbers of peers that talk; nobody talks to itself."""
    source = sources[random.choice(len(sources), count, p=zipf(len(sources)))]
    drawn = random.choice(len(destinations), count, p=zipf(len(destinations)))
    itself = destinations[drawn] == source
    return source, destinations[(drawn + itself) % len(destinations)]


def _kinds(peers: Peers) -> list[_Kind]:
    """The kinds of traffic that the network has both ends for."""
    ends = {
        "within": (peers.inside, peers.inside),
        "to Internet": (peers.inside, peers.internet),
        "to on-premises": (peers.inside, peers.on_premises),
        "from on-premises": (peers.on_premises, peers.inside),
        "from Internet": (peers.internet, peers.public),
    }
    kinds = []
    for name, (sources, destinations) in ends.items():
        for is_ipv6, share in ((False, 1 - IPV6_SHARE), (True, IPV6_SHARE)):
            froms, tos = (
                tuple(peer for peer in held if (":" in peer.address) == is_ipv6) for held in (sources, destinations)
            )
            if froms and tos and len({*froms, *tos}) > 1:
                kinds.append(_Kind(KINDS[name] * share, froms, tos))
    return kinds


def _private_peers(network: Network) -> list[Peer]:
    """Every private address of the NICs that start flows; a private endpoint's NIC only answers."""
    number = {vnet.id: at for at, vnet in enumerate(network.snapshot.virtual_networks)}
    return [
        Peer(address, number.get(endpoint.virtual_network, -1))
        for endpoint in network.endpoints
        if endpoint.kind == "nic" and endpoint.private_endpoint is None
        for address in endpoint.addresses
    ]


def _on_premises_peers(network: Network, random: np.random.Generator) -> list[Peer]:
    places = network.snapshot.declarations.on_premises
    named = [address for place in places for address in place.hosts.values()]
    drawn = [host for place in places for text in place.prefixes for host in hosts(text, random)]
    return [Peer(address) for address in dict.fromkeys(named + drawn)]


def hosts(prefix: str, random: np.random.Generator) -> list[str]:
    """Some addresses of a prefix, without its first and last."""
    low, high = parse_prefix(prefix)
    room = min(high - low - 1, 1 << 16)
    return [format_address(low + 1 + int(at)) for at in random.integers(0, room, HOSTS_PER_PREFIX)] if room > 0 else []


def zipf(count: int) -> Shares:
    """Shares of the busiest, the next, and so on."""
    return shares([1 / rank for rank in range(1, count + 1)])


def shares(weights: Sequence[float]) -> Shares:
    """Weights that sum up to 1."""
    held = np.array(weights, np.float64)
    normed: Shares = held / held.sum()
    return normed


def _shuffled(peers: list[Peer], random: np.random.Generator) -> tuple[Peer, ...]:
    return tuple(peers[at] for at in random.permutation(len(peers)))
