"""Random packets that aim at the edges of a snapshot: hosts, prefixes, ports, and what each layer answers for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, FirewallRule
from simulator.azure.load_balancer import InboundNatRule, LoadBalancer, LoadBalancingRule
from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.network_manager import NetworkManager
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet
from tests.oracle.random_world import CLIENTS, CLIENTS_V6, network_of
from tests.oracle.service_endpoints import SERVICE_TAGS
from tests.oracle.services import services

T = TypeVar("T")
#: (source, destination, source port, destination port, IANA protocol), as `Packets.of` takes them.
Flow = tuple[str, str, int, int, int]
TCP, UDP = 6, 17
HOST, METADATA, KMS = "168.63.129.16", "169.254.169.254", ("23.102.135.246", "20.118.99.224")
PLATFORM = (
    (HOST, TCP, 53),
    (HOST, UDP, 53),
    (HOST, UDP, 67),
    (HOST, TCP, 80),
    (METADATA, TCP, 80),
    (METADATA, TCP, 81),
)


class Aims:
    """The addresses and ports of a snapshot at which verdicts change."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        nics = snapshot.network_interfaces
        plain = [nic for nic in nics if nic.private_endpoint is None]
        self.hosts = [c.private_ip_address for nic in plain for c in nic.ip_configurations if c.private_ip_address]
        guests = [nic for nic in nics if nic.private_endpoint is not None]
        self.endpoints = [c.private_ip_address for nic in guests for c in nic.ip_configurations if c.private_ip_address]
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
        self.services = sorted({one for held in snapshot.declarations.service_addresses.values() for one in held})
        self.listed = _by_service_endpoint(snapshot)
        self.tunnelled = _tunnelled(snapshot, self.firewalls)
        self.balanced = _balanced(snapshot)
        self.translated = _translated(snapshot)
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
    for network in _firewall_rules(snapshot):
        addresses |= {*network.source_addresses, *network.destination_addresses}
        ports |= {*network.destination_ports}
    return addresses, ports


def _firewall_rules(snapshot: Snapshot) -> list[FirewallRule]:
    collections = []
    for firewall in snapshot.all(AzureFirewall):
        collections += [*firewall.network_rule_collections, *firewall.nat_rule_collections]
    for policy in snapshot.all(FirewallPolicy):
        collections += [c for group in policy.rule_collection_groups for c in group.rule_collections]
    return [rule for collection in collections for rule in collection.rules]


def _balanced(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    """Private address of a frontend, or its public one, with protocol and port of a rule; HA ports as port 443."""
    found = []
    for balancer in snapshot.all(LoadBalancer):
        for front in balancer.frontend_ip_configurations:
            public = snapshot.get(front.public_ip_address, PublicIpAddress)
            address = front.private_ip_address or (public.ip_address if public else None)
            rules: list[LoadBalancingRule | InboundNatRule] = [*balancer.load_balancing_rules]
            for rule in (*rules, *balancer.inbound_nat_rules):
                if address and rule.frontend_ip_configuration == front.id:
                    found.append((address, UDP if rule.protocol == "Udp" else TCP, rule.frontend_port or 443))
    return found


def _translated(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Address and port of every DNAT rule."""
    nat = [rule for rule in _firewall_rules(snapshot) if rule.translated_address or rule.translated_fqdn]
    return [(rule.destination_addresses[0], int(rule.destination_ports[0])) for rule in nat]


def _homes(snapshot: Snapshot) -> list[tuple[str, Subnet]]:
    """Every IPv4 host and its subnet."""
    subnets = {subnet.id: subnet for network in snapshot.virtual_networks for subnet in network.subnets}
    held = [c for nic in snapshot.network_interfaces if nic.private_endpoint is None for c in nic.ip_configurations]
    return [
        (c.private_ip_address, subnets[c.subnet])
        for c in held
        if c.private_ip_address and "." in c.private_ip_address and c.subnet in subnets
    ]


def _by_service_endpoint(snapshot: Snapshot) -> list[tuple[str, str]]:
    """A host whose subnet has a service endpoint, and the address of a service of that kind."""
    found = []
    for host, subnet in _homes(snapshot):
        tags = {SERVICE_TAGS[endpoint.service.lower()] for endpoint in subnet.service_endpoints}
        found += [(host, one) for service in services(snapshot) if service.tag in tags for one in service.addresses]
    return found


def _tunnelled(snapshot: Snapshot, firewalls: list[str]) -> list[str]:
    """Hosts whose table sends 0/0 to a firewall."""
    found = []
    for host, subnet in _homes(snapshot):
        table = snapshot.get(subnet.route_table, RouteTable)
        for route in table.routes if table else ():
            if route.address_prefix == "0.0.0.0/0" and route.next_hop_ip_address in firewalls:
                found.append(host)
    return found


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


# --- draws ------------------------------------------------------------------------------------------------------------
def aimed_packets(snapshot: Snapshot, random: Random, count: int) -> list[Flow]:
    """`count` packets at the edges of `snapshot`, source and destination of one family."""
    aims = Aims(snapshot)
    themes = [theme for theme in THEMES if theme(aims, random) is not None]
    found: list[Flow] = []
    while len(found) < count:
        drawn = random.choice(themes)(aims, random) if random.randrange(100) < 50 else _anywhere(aims, random)
        if drawn is not None and (":" in drawn[0]) == (":" in drawn[1]):
            found.append(drawn)
    return found


def random_packets(snapshot: Snapshot, seed: int, count: int) -> list[Flow]:
    return aimed_packets(snapshot, Random(seed), count)


def _anywhere(aims: Aims, random: Random) -> Flow:
    source, destination = _end(aims, random, sends=True), _end(aims, random, sends=False)
    protocol = random.choice([TCP] * 8 + [UDP] * 4 + [58 if ":" in source else 1] * 2 + [50, 51] * 2 + [47])
    source_port = random.choice([50000, random.choice(aims.ports)])
    destination_port = random.choice([443, random.choice(aims.ports)])
    if protocol not in (TCP, UDP):
        source_port = destination_port = random.choice([0, 8])
    return source, destination, source_port, destination_port, protocol


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
        return random.choice([*aims.public, *aims.hosts, *aims.endpoints, *aims.services])
    if kind == 97:
        return random.choice([HOST, METADATA, "20.60.0.9", "20.60.0.70", "20.62.0.1", "20.60.0.200"])
    return random.choice(
        [*aims.firewalls, "10.250.0.1", "10.200.0.4", "172.31.255.255", "100.127.0.1", "fd99::1", "192.168.77.1"]
    )


# --- themes: a packet that reaches one layer, or None where the snapshot has nothing of it ----------------------------
def _some(random: Random, items: Sequence[T]) -> T | None:
    return random.choice(items) if items else None


def _v4(addresses: Sequence[str]) -> list[str]:
    return [address for address in addresses if "." in address]


def _inside(aims: Aims, random: Random) -> str:
    """A host, now and then on premises."""
    held = [*_v4(aims.hosts)] * 5 + [*_v4(aims.sites)]
    return random.choice(held)


def _to_service(aims: Aims, random: Random) -> Flow | None:
    address = _some(random, aims.services)
    source = random.choice([_inside(aims, random), _inside(aims, random), random.choice(_v4(CLIENTS))])
    return (source, address, 50000, random.choice([443, 443, 443, 1433, 25]), TCP) if address else None


def _through_service_endpoint(aims: Aims, random: Random) -> Flow | None:
    pair = _some(random, aims.listed)
    return (*pair, 50000, random.choice([443, 443, 1433]), TCP) if pair else None


def _through_firewall(aims: Aims, random: Random) -> Flow | None:
    source = _some(random, aims.tunnelled)
    destination = random.choice([*_v4(CLIENTS), *aims.services, random.choice(_v4(aims.hosts))])
    return (source, destination, 50000, random.choice([80, 443, 443, 8080, 1433]), TCP) if source else None


def _on_premises_to_service(aims: Aims, random: Random) -> Flow | None:
    source, address = _some(random, _v4(aims.sites)), _some(random, aims.services)
    return (source, address, 50000, 443, TCP) if source and address else None


def _to_private_endpoint(aims: Aims, random: Random) -> Flow | None:
    address = _some(random, _v4(aims.endpoints))
    return (_inside(aims, random), address, random.choice([50000, 80]), 443, TCP) if address else None


def _to_frontend(aims: Aims, random: Random) -> Flow | None:
    front = _some(random, aims.balanced)
    if front is None:
        return None
    address, protocol, port = front
    is_public = address in aims.public
    source = random.choice(_v4(CLIENTS)) if is_public and random.randrange(10) else _inside(aims, random)
    return source, address, 50000, port + random.choice([0] * 9 + [1]), protocol


def _to_backend(aims: Aims, random: Random) -> Flow | None:
    if not aims.balanced:
        return None
    return random.choice(_v4(CLIENTS)), random.choice(_v4(aims.hosts)), 50000, random.choice([8080, 443, 22]), TCP


def _to_firewall(aims: Aims, random: Random) -> Flow | None:
    target = _some(random, aims.translated)
    if target is None:
        return None
    address, port = target
    source = random.choice(_v4(CLIENTS)) if address in aims.public else _inside(aims, random)
    return source, address, 50000, port, random.choice([TCP] * 8 + [UDP])


def _to_platform(aims: Aims, random: Random) -> Flow | None:
    address, protocol, port = random.choice(PLATFORM)
    return _inside(aims, random), address, 50000, port, protocol


def _probe(aims: Aims, random: Random) -> Flow | None:
    return HOST, random.choice(_v4([*aims.hosts, *aims.endpoints])), 49152, random.choice([8080, 443, 22]), TCP


def _activation(aims: Aims, random: Random) -> Flow | None:
    return random.choice(_v4(aims.hosts)), random.choice(KMS), 50000, 1688, TCP


def _mail(aims: Aims, random: Random) -> Flow | None:
    return random.choice(_v4(aims.hosts)), random.choice(_v4(CLIENTS)), 50000, 25, TCP


def _web(aims: Aims, random: Random) -> Flow | None:
    port = random.choice([80, 443, 443, 8080, 1433])
    return random.choice(_v4(aims.hosts)), random.choice(_v4(CLIENTS)), 50000, port, random.choice([TCP, TCP, UDP])


def _neighbour(aims: Aims, random: Random) -> Flow | None:
    return random.choice(_v4(aims.hosts)), random.choice(_v4(aims.hosts)), 50000, random.choice([22, 80, 443]), TCP


def _of_six(aims: Aims, random: Random) -> Flow | None:
    hosts = [address for address in aims.hosts if ":" in address]
    if not hosts:
        return None
    ends = [random.choice(hosts), random.choice([*hosts, *hosts, *CLIENTS_V6])]
    random.shuffle(ends)
    return ends[0], ends[1], 50000, random.choice([22, 80, 443]), random.choice([TCP, UDP, 58])


THEMES: tuple[Callable[[Aims, Random], Flow | None], ...] = (
    _to_service,
    *[_through_service_endpoint] * 2,
    *[_through_firewall] * 4,
    *[_on_premises_to_service] * 2,
    _to_private_endpoint,
    *[_to_frontend] * 2,
    _to_backend,
    *[_to_firewall] * 2,
    _to_platform,
    _probe,
    _activation,
    _mail,
    _web,
    *[_neighbour] * 2,
    _of_six,
)
