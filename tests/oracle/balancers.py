"""Load balancers: which rule takes a packet, and which backends are up (SEMANTICS 1.3, 3.7; ORDER 12)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from simulator.azure.load_balancer import InboundNatRule, LoadBalancer, LoadBalancingRule
from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import VirtualNetwork
from tests.oracle.endpoints import Endpoint, Frontend
from tests.oracle.filters import pass_filters
from tests.oracle.judgement import Address, Fate, Packet, verdict_of
from tests.oracle.places import Places

TCP, UDP = 6, 17
PROTOCOL_NAMES = {"Tcp": (TCP,), "Udp": (UDP,), "*": (TCP, UDP)}
PROBE_SOURCE = {4: ip_address("168.63.129.16"), 6: ip_address("fe80::1234:5678:9abc")}
PROBE_SOURCE_PORT = 49152


@dataclass(frozen=True)
class Backend:
    endpoint: Endpoint
    address: Address


@dataclass(frozen=True)
class BalancedRule:
    """`backend_port` None keeps the port. `floating`: the backend answers for the frontend's own address."""

    protocols: tuple[int, ...]
    ports: tuple[int, int]
    backends: tuple[Backend, ...]
    backend_port: int | None
    floating: bool
    probe_port: int | None
    has_unknown_members: bool


def choose_rule(places: Places, frontend: Frontend, packet: Packet) -> BalancedRule:
    """Raises Fate when no rule of the frontend takes the packet."""
    places.layers.add("load balancer")
    for rule in balanced_rules(places, frontend):
        first, last = rule.ports
        if packet.protocol in rule.protocols and first <= packet.destination_port <= last:
            return rule
    raise Fate("LOAD_BALANCER_NO_RULE")


def backends_up(places: Places, rule: BalancedRule) -> list[Backend]:
    """In order of endpoint, then address. Raises Fate when there is none."""
    if not rule.backends:
        unknown = rule.has_unknown_members
        raise Fate("LOAD_BALANCER_BACKEND_NOT_IN_EXPORT" if unknown else "LOAD_BALANCER_NO_BACKEND")
    up = [backend for backend in rule.backends if _answers_probe(places, backend, rule.probe_port)]
    if not up:
        raise Fate("LOAD_BALANCER_PROBE_DOWN")
    return up


def _answers_probe(places: Places, backend: Backend, port: int | None) -> bool:
    """Only a filter that denies for certain takes a backend down."""
    if port is None:
        return True
    probe = Packet(PROBE_SOURCE[backend.address.version], backend.address, TCP, PROBE_SOURCE_PORT, port)
    try:
        pass_filters(places, backend.endpoint, "Inbound", probe)
    except Fate as fate:
        return verdict_of(fate.reason) != "DENY"
    return True


# --- rules of a frontend ------------------------------------------------------------------------------------------
def balanced_rules(places: Places, frontend: Frontend) -> list[BalancedRule]:
    """NAT rules first, then balancing rules, HA ports last."""
    balancer = frontend.balancer
    nat = [r for r in balancer.inbound_nat_rules if r.frontend_ip_configuration == frontend.id]
    balancing = [r for r in balancer.load_balancing_rules if r.frontend_ip_configuration == frontend.id]
    ordered = sorted(balancing, key=lambda rule: rule.frontend_port == 0)
    version = frontend.own.version
    return [
        *(_nat_rule(places, rule, version) for rule in nat),
        *(_balancing_rule(places, balancer, rule, version) for rule in ordered),
    ]


def _nat_rule(places: Places, rule: InboundNatRule, version: int) -> BalancedRule:
    targets = [rule.backend_ip_configuration] if rule.backend_ip_configuration else []
    for nic in places.snapshot.network_interfaces:
        for configuration in nic.ip_configurations:
            if rule.id in configuration.load_balancer_inbound_nat_rules:
                targets.append(nic.id.child("ipConfigurations", configuration.name))
    backends, is_complete = _configurations(places, targets)
    return BalancedRule(
        PROTOCOL_NAMES[rule.protocol],
        (rule.frontend_port, rule.frontend_port),
        _ordered(backends, version),
        rule.backend_port,
        rule.enable_floating_ip,
        None,
        not is_complete,
    )


def _balancing_rule(places: Places, balancer: LoadBalancer, rule: LoadBalancingRule, version: int) -> BalancedRule:
    is_ha = rule.frontend_port == 0
    backends: list[Backend] = []
    is_complete = True
    for pool in rule.pools:
        members, all_known = _members(places, balancer, pool)
        backends, is_complete = backends + members, is_complete and all_known
    probe = next((probe for probe in balancer.probes if probe.id == rule.probe), None)
    return BalancedRule(
        PROTOCOL_NAMES[rule.protocol],
        (0, 65535) if is_ha else (rule.frontend_port, rule.frontend_port),
        _ordered(backends, version),
        None if is_ha else rule.backend_port,
        rule.enable_floating_ip,
        probe.port if probe else None,
        not is_complete,
    )


def _ordered(backends: list[Backend], version: int) -> tuple[Backend, ...]:
    kept = {(b.endpoint.id, b.address): b for b in backends if b.address.version == version}
    return tuple(sorted(kept.values(), key=lambda b: (b.endpoint.id.key, int(b.address))))


# --- members of a pool --------------------------------------------------------------------------------------------
def _members(places: Places, balancer: LoadBalancer, reference: ResourceId) -> tuple[list[Backend], bool]:
    """NIC configurations that name the pool, those that it names, and its addresses; whether all are known."""
    pool = next((pool for pool in balancer.backend_address_pools if pool.id == reference), None)
    targets = [
        nic.id.child("ipConfigurations", configuration.name)
        for nic in places.snapshot.network_interfaces
        for configuration in nic.ip_configurations
        if reference in configuration.load_balancer_backend_address_pools
    ]
    found, is_complete = _configurations(places, [*targets, *(pool.backend_ip_configurations if pool else ())])
    for item in pool.load_balancer_backend_addresses if pool else ():
        if item.ip_address is None:
            continue
        network = places.snapshot.get(item.virtual_network or (pool.virtual_network if pool else None), VirtualNetwork)
        endpoint = _endpoint_at(places, network, ip_address(item.ip_address))
        found += [Backend(endpoint, ip_address(item.ip_address))] if endpoint else []
        is_complete = is_complete and endpoint is not None
    return found, is_complete and pool is not None


def _endpoint_at(places: Places, network: VirtualNetwork | None, address: Address) -> Endpoint | None:
    place = places.place_at(network, address) if network is not None else None
    return place if isinstance(place, Endpoint) else None


def _configurations(places: Places, targets: list[ResourceId]) -> tuple[list[Backend], bool]:
    """The backends behind NIC configurations, ``…/networkInterfaces/<nic>/ipConfigurations/<name>``."""
    found: list[Backend] = []
    is_complete = True
    for target in targets:
        endpoint = next((endpoint for endpoint in places.endpoints if endpoint.id == target.parent), None)
        held = endpoint.interface.ip_configurations if endpoint and endpoint.interface else ()
        address = next((c.private_ip_address for c in held if c.name.lower() == target.name.lower()), None)
        if endpoint is None or address is None:
            is_complete = False
        else:
            found.append(Backend(endpoint, ip_address(address)))
    return found, is_complete


def pools_of(places: Places, endpoint: Endpoint, *, by_address: bool = False) -> list[ResourceId]:
    """The pools that a NIC is a member of by its configurations, those of missing load balancers included.

    Who is in a pool by address alone keeps default outbound access; `by_address` adds these pools.
    """
    configurations = endpoint.interface.ip_configurations if endpoint.interface else ()
    named = [pool for c in configurations for pool in c.load_balancer_backend_address_pools]
    for balancer in places.snapshot.all(LoadBalancer):
        for pool in balancer.backend_address_pools:
            members = {held.parent for held in pool.backend_ip_configurations}
            if by_address:
                members |= {backend.endpoint.id for backend in _members(places, balancer, pool.id)[0]}
            if pool.id not in named and endpoint.id in members:
                named.append(pool.id)
    return named


def names_missing_balancer(places: Places, endpoint: Endpoint) -> bool:
    return any(places.snapshot.get(pool.parent, LoadBalancer) is None for pool in pools_of(places, endpoint))


def balancer_skus(places: Places, endpoint: Endpoint, packet: Packet) -> list[str]:
    """The SKUs of public frontends that would have translated the packet to this address and port (ORDER 9)."""
    return [
        frontend.balancer.sku.name.capitalize()
        for frontend in places.frontends
        if frontend.public is not None
        for rule in balanced_rules(places, frontend)
        if packet.protocol in rule.protocols and not rule.floating
        if rule.backend_port in (None, packet.destination_port)
        if Backend(endpoint, packet.destination) in rule.backends
    ]


def is_in_pool(places: Places, endpoint: Endpoint, pool: ResourceId) -> bool:
    return pool in pools_of(places, endpoint, by_address=True)
