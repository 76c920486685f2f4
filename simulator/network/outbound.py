"""Which public addresses an endpoint shows to the Internet.

Learn: azure/nat-gateway/nat-overview, azure/virtual-network/ip-services/default-outbound-access,
azure/load-balancer/load-balancer-outbound-connections
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from simulator.azure.load_balancer import FrontendIpConfiguration, LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.network.balancers import TCP, UDP, backend_pools, carried_protocols, is_basic
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.network.prefixes import host_prefix, readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix, merge

Method = Literal["nat gateway", "public IP", "load balancer", "default access", "none", "unknown"]


class Outbound(Struct, frozen=True):
    """A way out. `pool` are the addresses of which any may be the source; None where nobody can know them.

    Method ``unknown``: a load balancer that is not in the export may be the way out.
    """

    method: Method
    pool: tuple[Prefix, ...] | None = None


class _Membership(Struct, frozen=True):
    """A pool that a NIC is in: its load balancer (None: not in the export), and whether it is listed by address."""

    balancer: LoadBalancer | None
    pool: ResourceId
    by_address: bool


@per_network
def outbound(network: Network, endpoint: ResourceId, *, is_ipv4: bool, protocol: int) -> Outbound:
    """The first of NAT gateway, instance public IP, load balancer, default access that carries family and protocol.

    `protocol` is an IANA number: nothing but an instance public IP carries others than TCP and UDP, and a load balancer
    those that its rules name.
    """
    has_ports = protocol in (TCP, UDP)
    held = network.endpoint(endpoint)
    if held is None or held.kind == "frontend":
        return Outbound("none")
    ways = (
        _nat_gateway(network, held, is_ipv4) if has_ports else None,
        _public_ip(held, is_ipv4),
        _load_balancer(network, held, is_ipv4, protocol) if has_ports else None,
        _default_access(network, held) if has_ports and is_ipv4 else None,
    )
    return next((way for way in ways if way is not None), Outbound("none"))


def public_balancers(network: Network, endpoint: ResourceId) -> tuple[ResourceId, ...]:
    """The load balancers with a public frontend that an endpoint stands behind; Azure allows one."""
    members = _memberships(network).get(endpoint, ())
    found = (held.balancer for held in members if held.balancer is not None)
    return tuple(dict.fromkeys(held.id for held in found if any(map(_is_public, held.frontend_ip_configurations))))


def _is_public(frontend: FrontendIpConfiguration) -> bool:
    return frontend.public_ip_address is not None or frontend.public_ip_prefix is not None


def _nat_gateway(network: Network, endpoint: Endpoint, is_ipv4: bool) -> Outbound | None:
    """Every gateway carries IPv4, one that is not in the export too; StandardV2 carries IPv6 where it has addresses."""
    subnet = network.subnets.get(endpoint.subnet)
    if subnet is None or subnet.nat_gateway is None:
        return None
    held = network.snapshot.get(subnet.nat_gateway, NatGateway)
    if is_ipv4:
        return Outbound(
            "nat gateway", _pool(network, held.public_ip_addresses, held.public_ip_prefixes) if held else None
        )
    if held is None or held.sku.name.lower() != "standardv2":
        return None
    addresses, prefixes = held.public_ip_addresses_v6, held.public_ip_prefixes_v6
    return Outbound("nat gateway", _pool(network, addresses, prefixes)) if addresses or prefixes else None


def _public_ip(endpoint: Endpoint, is_ipv4: bool) -> Outbound | None:
    """A public IP that Azure has not assigned yet, or that the export lacks, is taken as an IPv4 one."""
    own = _of_family(readable_prefixes(endpoint.public_addresses), is_ipv4)
    if own:
        return Outbound("public IP", own)
    return Outbound("public IP") if is_ipv4 and endpoint.public_sku and not endpoint.public_addresses else None


def _load_balancer(network: Network, endpoint: Endpoint, is_ipv4: bool, protocol: int) -> Outbound | None:
    """By the public frontends of outbound rules, and of balancing rules that do not switch SNAT off: by all of them."""
    memberships = _memberships(network).get(endpoint.id, ())
    if any(held.balancer is None for held in memberships):
        return Outbound("unknown")
    frontends = [
        frontend
        for held in memberships
        if held.balancer is not None
        for frontend in _public_frontends(held.balancer, held.pool, protocol)
        if _is_ipv4(network, frontend) == is_ipv4
    ]
    if not frontends:
        return None
    addresses = [held.public_ip_address for held in frontends if held.public_ip_address is not None]
    prefixes = [held.public_ip_prefix for held in frontends if held.public_ip_prefix is not None]
    return Outbound("load balancer", _pool(network, addresses, prefixes))


def _public_frontends(balancer: LoadBalancer, pool: ResourceId, protocol: int) -> list[FrontendIpConfiguration]:
    """Those that the pool's members leave by."""
    wanted = {
        frontend
        for rule in balancer.outbound_rules
        if rule.backend_address_pool == pool and protocol in carried_protocols(rule.protocol)
        for frontend in rule.frontend_ip_configurations
    } | {
        rule.frontend_ip_configuration
        for rule in balancer.load_balancing_rules
        if pool in rule.pools and not rule.disable_outbound_snat and protocol in carried_protocols(rule.protocol)
    }
    frontends = balancer.frontend_ip_configurations
    return [held for held in frontends if held.id in wanted and _is_public(held)]


def _is_ipv4(network: Network, frontend: FrontendIpConfiguration) -> bool:
    """The family of the frontend's public address; IPv4 where the export does not tell."""
    address = network.snapshot.get(frontend.public_ip_address, PublicIpAddress)
    prefixes = network.snapshot.get(frontend.public_ip_prefix, PublicIpPrefix)
    text = (address.ip_address if address else None) or (prefixes.ip_prefix if prefixes else None) or ""
    return ":" not in text


def _default_access(network: Network, endpoint: Endpoint) -> Outbound | None:
    """Not for firewalls, nor in a private subnet, nor where a Standard load balancer lists the NIC in a pool.

    A member that a pool lists by address keeps it. A subnet that does not say is an old one, with default access.
    """
    subnet = network.subnets.get(endpoint.subnet)
    if endpoint.kind == "firewall" or subnet is None or subnet.default_outbound_access is False:
        return None
    memberships = _memberships(network).get(endpoint.id, ())
    by_nic = [held.balancer for held in memberships if held.balancer is not None and not held.by_address]
    return None if any(not is_basic(balancer) for balancer in by_nic) else Outbound("default access")


@per_network
def _memberships(network: Network) -> dict[ResourceId, tuple[_Membership, ...]]:
    """NIC → the pools that it is in, from whichever side names the other."""
    found: dict[ResourceId, list[_Membership]] = {}
    for balancer in network.snapshot.all(LoadBalancer):
        for pool in balancer.backend_address_pools:
            for member in backend_pools(network).of_pool(balancer, pool.id).known:
                held = _Membership(balancer, pool.id, member.by_address)
                found.setdefault(member.network_interface, []).append(held)
    for nic in network.snapshot.network_interfaces:
        for pool_id in _named_pools(nic):
            if network.snapshot.get(pool_id.parent, LoadBalancer) is None:
                found.setdefault(nic.id, []).append(_Membership(None, pool_id, False))
    return {nic: tuple(held) for nic, held in found.items()}


def _named_pools(nic: NetworkInterface) -> Iterator[ResourceId]:
    for held in nic.ip_configurations:
        yield from held.load_balancer_backend_address_pools


def _pool(
    network: Network, addresses: Iterable[ResourceId], prefixes: Iterable[ResourceId]
) -> tuple[Prefix, ...] | None:
    """The addresses of public IPs and of prefixes of them; None without any, or when the export lacks one of them."""
    held = [network.snapshot.get(reference, PublicIpAddress) for reference in addresses]
    ranges = [network.snapshot.get(reference, PublicIpPrefix) for reference in prefixes]
    found = [host_prefix(one.ip_address or "") if one else None for one in held]
    found += [readable_prefix(one.ip_prefix or "") if one else None for one in ranges]
    known = [prefix for prefix in found if prefix is not None]
    return merge(known) if known and len(known) == len(found) else None


def _of_family(prefixes: Iterable[Prefix], is_ipv4: bool) -> tuple[Prefix, ...]:
    return merge(prefix for prefix in prefixes if prefix.is_ipv4 == is_ipv4)
