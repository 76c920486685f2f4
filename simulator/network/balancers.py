"""The rules of load balancer frontends, with the backends that they lead to.

Learn: azure/load-balancer/components, azure/load-balancer/load-balancer-ha-ports-overview
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.load_balancer import InboundNatRule, LoadBalancer, LoadBalancingRule
from simulator.azure.resource import ResourceId
from simulator.network.backend_pools import BackendPools, Members
from simulator.network.filter_rules import ANY_PORT, PortRange
from simulator.network.memo import per_network
from simulator.network.model import Network

TCP, UDP = 6, 17
#: What a load balancer carries, by the protocol of a rule in lower case.
_PROTOCOLS = {"tcp": (TCP,), "udp": (UDP,)}


class Backend(Struct, frozen=True):
    """One member of a backend pool: the endpoint and its private address."""

    endpoint: ResourceId
    address: str


class BalancedRule(Struct, frozen=True):
    """What a frontend does with some ports. `ports` are closed ranges of the frontend.

    `backend_port` None: the port stays (HA ports). `floating`: the backend gets the packet as it is. `probe_port` None:
    nothing is probed. `has_unknown_members`: the rule leads also to members that the export does not hold.
    """

    id: ResourceId
    name: str
    protocols: tuple[int, ...]
    ports: tuple[PortRange, ...]
    backends: tuple[Backend, ...]
    backend_port: int | None
    floating: bool
    probe_port: int | None
    has_unknown_members: bool


@per_network
def balanced_rules(network: Network, frontend: ResourceId) -> tuple[BalancedRule, ...]:
    """The frontend's rules in the order they are asked: NAT rules, then balancing rules, an HA ports rule last.

    Backends are of the frontend's family. () also where the export holds no such frontend.
    """
    balancer = network.snapshot.get(frontend.parent, LoadBalancer)
    endpoint = network.endpoint(frontend)
    if balancer is None or endpoint is None:
        return ()
    families = {":" in address for address in (*endpoint.addresses, *endpoint.public_addresses)}
    rules = frontend_rules(backend_pools(network), balancer, frontend)
    return tuple(
        replace(rule, backends=tuple(held for held in rule.backends if (":" in held.address) in families))
        for rule in rules
    )


@per_network
def backend_pools(network: Network) -> BackendPools:
    return BackendPools(network.snapshot)


def frontend_rules(pools: BackendPools, balancer: LoadBalancer, frontend: ResourceId) -> tuple[BalancedRule, ...]:
    """`balanced_rules` of one of the balancer's frontends, with backends of both families."""
    nat = (_nat_rule(pools, rule) for rule in balancer.inbound_nat_rules if rule.frontend_ip_configuration == frontend)
    balancing = [
        _balancing_rule(pools, balancer, rule)
        for rule in balancer.load_balancing_rules
        if rule.frontend_ip_configuration == frontend
    ]
    return (*nat, *sorted(balancing, key=lambda rule: rule.backend_port is None))


def carried_protocols(protocol: str) -> tuple[int, ...]:
    """IANA numbers of what a rule of the protocol carries; ``*`` is TCP and UDP."""
    return _PROTOCOLS.get(protocol.lower(), (TCP, UDP))


def is_basic(balancer: LoadBalancer) -> bool:
    return balancer.sku.name.lower() == "basic"


def _nat_rule(pools: BackendPools, rule: InboundNatRule) -> BalancedRule:
    first, last = rule.frontend_port_range_start, rule.frontend_port_range_end
    ports = (rule.frontend_port, rule.frontend_port) if first is None or last is None else (first, last)
    return _balanced(rule, pools.of_nat_rule(rule), ports, rule.backend_port or rule.frontend_port, None)


def _balancing_rule(pools: BackendPools, balancer: LoadBalancer, rule: LoadBalancingRule) -> BalancedRule:
    found = [pools.of_pool(balancer, pool) for pool in rule.pools]
    known = tuple(member for members in found for member in members.known)
    members = Members(known, all(members.is_complete for members in found))
    port, is_ha_ports = rule.frontend_port, rule.frontend_port == 0
    ports = ANY_PORT[0] if is_ha_ports else (port, port)
    backend_port = None if is_ha_ports else rule.backend_port or port
    probe_port = next((probe.port for probe in balancer.probes if probe.id == rule.probe), None)
    return _balanced(rule, members, ports, backend_port, probe_port)


def _balanced(
    rule: InboundNatRule | LoadBalancingRule,
    members: Members,
    ports: PortRange,
    backend_port: int | None,
    probe_port: int | None,
) -> BalancedRule:
    backends = {Backend(member.network_interface, member.address): None for member in members.known}
    return BalancedRule(
        id=rule.id,
        name=rule.name,
        protocols=carried_protocols(rule.protocol),
        ports=(ports,),
        backends=tuple(sorted(backends, key=lambda held: (held.endpoint, held.address))),
        backend_port=backend_port,
        floating=rule.enable_floating_ip,
        probe_port=probe_port,
        has_unknown_members=not members.is_complete,
    )
