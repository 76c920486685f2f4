"""Noise: what stands in the log of every machine that is on the Internet and in Azure, whoever uses it.

Scanners try ports of public addresses, clocks are set, load balancers probe their backends, agents ask the host, and
Azure's platform probes NICs by a rule of its own.
"""

from __future__ import annotations

import numpy as np

from simulator.flows.points import Probe
from simulator.flows.sample_traffic import EPHEMERAL_PORTS, hosts
from simulator.network.model import Endpoint, Network
from simulator.walk.packets import TCP, UDP, Packets

#: Scans that one public address sees in a minute, at least and at most.
SCANS = (8, 30)
#: Networks that scan the Internet, as a public machine's log of 2024 shows them.
SCANNERS = ("35.203.210.0/23", "64.62.197.0/24", "79.110.62.0/24", "147.185.133.0/24", "162.216.149.0/24",
            "167.94.145.0/24", "194.180.49.0/24", "198.235.24.0/24")  # fmt: skip
SCANNED = (22, 23, 80, 123, 143, 443, 445, 1433, 2123, 3389, 5060, 5900, 8080, 8728)
TIME_SERVER = "40.119.6.228"
HOST, HOST_PORTS = "168.63.129.16", (80, 32526)
#: What probes NICs by the platform's own rule, from which port, and the lowest and highest port that it tries.
PROBER, PROBER_PORT, PROBED_PORTS = "40.87.168.8", 23456, (23_000, 30_000)
PROBE_BYTES = 128
NTP = 123
#: How often a minute the host and a machine call each other, each way, and how often a NIC is probed.
CALLS_A_MINUTE, PROBES_A_MINUTE = 4.0, 0.6
PORTS_PROBED = 8


def scans(network: Network, count: int, random: np.random.Generator) -> Packets:
    """`count` packets of scanners; none where nothing is public."""
    public = [text for endpoint in network.endpoints for text in endpoint.public_addresses if ":" not in text]
    if not public:
        return Packets.of([])
    scanners = [host for text in SCANNERS for host in hosts(text, random)]
    ports = np.where(
        random.random(count) < 0.3, random.choice(SCANNED, count), random.integers(1, 65536, count)
    ).tolist()
    sources = [scanners[at] for at in random.integers(0, len(scanners), count)]
    targets = [public[at] for at in random.integers(0, len(public), count)]
    own = random.integers(*EPHEMERAL_PORTS, count).tolist()
    protocols = np.where(random.random(count) < 0.9, TCP, UDP).tolist()
    return Packets.of(list(zip(sources, targets, own, ports, protocols, strict=True)))


def scans_a_minute(network: Network, random: np.random.Generator) -> float:
    """How many scans all public addresses see together."""
    public = [text for endpoint in network.endpoints for text in endpoint.public_addresses if ":" not in text]
    return float(random.integers(SCANS[0], SCANS[1] + 1, len(public)).sum())


def clocks(network: Network) -> Packets:
    """The packet with which each machine asks for the time, from the port of the clock itself."""
    return Packets.of([(address, TIME_SERVER, NTP, NTP, UDP) for address in _addresses(network)])


def host_calls(network: Network, random: np.random.Generator) -> Packets:
    """What the platform's host and machines say to each other: health probes in, an agent's calls out."""
    flows = []
    for address in _addresses(network):
        first, second = (int(port) for port in random.integers(*EPHEMERAL_PORTS, 2))
        flows.append((HOST, address, first, 80, TCP))
        flows.append((address, HOST, second, HOST_PORTS[second % len(HOST_PORTS)], TCP))
    return Packets.of(flows)


def probes(network: Network, random: np.random.Generator) -> list[Probe]:
    """The ports of each machine that the platform tries."""
    nics = [nic for nic in _machines(network) if ":" not in nic.addresses[0]]
    ports = random.integers(*PROBED_PORTS, (len(nics), PORTS_PROBED)).tolist()
    return [Probe(nic, PROBER, port) for nic, tried in zip(nics, ports, strict=True) for port in tried]


def _addresses(network: Network) -> list[str]:
    """The first IPv4 address of every machine."""
    firsts = (next((text for text in nic.addresses if ":" not in text), None) for nic in _machines(network))
    return [text for text in firsts if text is not None]


def _machines(network: Network) -> list[Endpoint]:
    return [one for one in network.endpoints if one.kind == "nic" and one.private_endpoint is None and one.addresses]
