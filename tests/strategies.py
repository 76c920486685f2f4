"""Random networks and packets that aim at edges, shared by every property test.

`random_snapshot` and `random_packets` are plain functions of a seed; `snapshots` and `networks_with_packets` let
Hypothesis steer the same choices, so that it can shrink them. The networks are made in `tests.oracle.random_network`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

from hypothesis import strategies as st

from simulator.azure.firewall import AzureFirewall, FirewallPolicy
from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.network_manager import NetworkManager
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from tests.oracle.judgement import Judgement
from tests.oracle.random_network import random_world
from tests.oracle.random_world import CLIENTS, CLIENTS_V6, network_of

#: (source, destination, source port, destination port, IANA protocol), as `Packets.of` takes them.
Flow = tuple[str, str, int, int, int]


def random_snapshot(seed: int) -> Snapshot:
    return random_world(Random(seed)).snapshot()


# --- packets -------------------------------------------------------------------------------------------------------
class Aims:
    """The addresses and ports of a snapshot at which verdicts change."""

    def __init__(self, snapshot: Snapshot) -> None:
        nics = snapshot.network_interfaces
        self.hosts = [c.private_ip_address for nic in nics for c in nic.ip_configurations if c.private_ip_address]
        self.public = [resource.ip_address for resource in snapshot.all(PublicIpAddress) if resource.ip_address]
        prefixes, ports = _named_in_rules(snapshot)
        sites = [prefix for site in snapshot.declarations.on_premises for prefix in site.prefixes]
        sites += [r.prefix for routes in snapshot.declarations.learned_routes.values() for r in routes]
        self.edges = sorted({edge for prefix in (*prefixes, *sites) for edge in _edges(prefix)})
        self.sites = sorted({edge for prefix in sites if not prefix.endswith("/0") for edge in _edges(prefix)[1:3]})
        self.firewalls = [
            c.private_ip_address
            for firewall in snapshot.all(AzureFirewall)
            for c in firewall.ip_configurations
            if c.private_ip_address
        ]
        self.ports = sorted({near for text in ports for near in _near_ports(text)} | {22, 25, 80, 443})


def _named_in_rules(snapshot: Snapshot) -> tuple[set[str], set[str]]:
    """Every address text and port text that a rule, route or subnet of the snapshot holds."""
    addresses = {prefix for vnet in snapshot.virtual_networks for prefix in vnet.prefixes}
    addresses |= {p for vnet in snapshot.virtual_networks for subnet in vnet.subnets for p in subnet.prefixes}
    addresses |= {route.address_prefix for table in snapshot.all(RouteTable) for route in table.routes}
    ports: set[str] = set()
    for group in snapshot.all(NetworkSecurityGroup):
        for rule in group.security_rules:
            addresses |= {*rule.sources, *rule.destinations}
            ports |= {*rule.destination_ports, *rule.source_ports}
    for manager in snapshot.all(NetworkManager):
        for configuration in manager.security_admin_configurations:
            for held in (rule for c in configuration.rule_collections for rule in c.rules):
                addresses |= {item.address_prefix for item in (*held.sources, *held.destinations)}
                ports |= {*held.destination_port_ranges}
    collections = [c for firewall in snapshot.all(AzureFirewall) for c in firewall.network_rule_collections]
    for policy in snapshot.all(FirewallPolicy):
        collections += [c for group in policy.rule_collection_groups for c in group.rule_collections]
    for network in (rule for c in collections for rule in c.rules):
        addresses |= {*network.source_addresses, *network.destination_addresses}
        ports |= {*network.destination_ports}
    return addresses, ports


def _edges(text: str) -> list[str]:
    """One below, first, last, one above; nothing for a tag or for everything."""
    try:
        network = network_of(text)
    except ValueError:
        return []
    first, last = int(network.network_address), int(network.broadcast_address)
    top = (1 << network.max_prefixlen) - 1
    kind = type(network.network_address)
    return [str(kind(min(max(value, 0), top))) for value in (first - 1, first, last, last + 1)]


def _near_ports(text: str) -> list[int]:
    if text == "*":
        return []
    first, _, last = text.partition("-")
    return [
        min(max(value, 0), 65535) for end in (first, last or first) for value in (int(end) - 1, int(end), int(end) + 1)
    ]


def aimed_packets(snapshot: Snapshot, random: Random, count: int) -> list[Flow]:
    """`count` packets at the edges of `snapshot`, source and destination of one family."""
    aims = Aims(snapshot)
    found: list[Flow] = []
    while len(found) < count:
        source, destination = _end(aims, random, sends=True), _end(aims, random, sends=False)
        if (":" in source) != (":" in destination):
            continue
        protocol = random.choice([6, 6, 6, 6, 17, 17, 58 if ":" in source else 1, 50, 51])
        source_port = random.choice([50000, random.choice(aims.ports)])
        destination_port = random.choice([443, random.choice(aims.ports)])
        if protocol not in (6, 17):
            source_port = destination_port = random.choice([0, 8])
        found.append((source, destination, source_port, destination_port, protocol))
    return found


def _end(aims: Aims, random: Random, *, sends: bool) -> str:
    kind = random.randrange(100)
    if kind < 58:
        return random.choice(aims.hosts)
    if kind < 72 and aims.sites:
        return random.choice(aims.sites)
    if kind < 84:
        return random.choice([*CLIENTS, *CLIENTS_V6])
    if kind < 92:
        return random.choice(aims.edges)
    if kind < 97:
        return random.choice([*aims.public, *aims.hosts]) if not sends else random.choice(aims.hosts)
    if kind == 97:
        return random.choice(["168.63.129.16", "169.254.169.254", "198.51.100.5", "198.51.100.63"])
    return random.choice(
        [*aims.firewalls, "10.250.0.1", "10.200.0.4", "172.31.255.255", "100.127.0.1", "fd99::1", "192.168.77.1"]
    )


def random_packets(snapshot: Snapshot, seed: int, count: int) -> list[Flow]:
    return aimed_packets(snapshot, Random(seed), count)


# --- Hypothesis ----------------------------------------------------------------------------------------------------
def snapshots() -> st.SearchStrategy[Snapshot]:
    """Networks whose every choice Hypothesis makes, and can shrink."""
    return st.randoms(use_true_random=False).map(lambda random: random_world(random).snapshot())


@st.composite
def networks_with_packets(draw: st.DrawFn, *, most: int = 20) -> tuple[Snapshot, list[Flow]]:
    """A network and up to `most` packets at its edges."""
    snapshot = draw(snapshots())
    count = draw(st.integers(1, most))
    return snapshot, aimed_packets(snapshot, draw(st.randoms(use_true_random=False)), count)


# --- coverage ------------------------------------------------------------------------------------------------------
def coverage(judgements: Iterable[Judgement]) -> Counter[str]:
    """How often each reason ended a packet and each kind of rule decided, so that a vacuous law shows."""
    counts: Counter[str] = Counter()
    for judgement in judgements:
        counts[judgement.reason] += 1
        for decision in judgement.decisions:
            kind = decision.rule.type.rsplit("/", 1)[-1] if decision.rule else "nothing"
            counts[f"{kind} {decision.direction} {decision.verdict}"] += 1
    return counts
