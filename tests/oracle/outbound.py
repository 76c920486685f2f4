"""What carries a packet to the Internet, and which public addresses it may show there (SEMANTICS 3.6, 1.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from simulator.azure.load_balancer import FrontendIpConfiguration, LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Subscription
from tests.oracle.balancers import is_in_pool, pools_of
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Address, Fate
from tests.oracle.places import Places

TCP, UDP = 6, 17
PROTOCOL_NAMES = {"Tcp": (TCP,), "Udp": (UDP,), "*": (TCP, UDP)}
#: Offers whose TCP 25 is open, closed until exempted, closed for ever (SEMANTICS 1.6).
OPEN_OFFERS = {"ea"}
CLOSED_OFFERS = {"payg", "csp", "mpn", "bizsparkplus", "sponsorship"} | {
    *("msdn", "pass", "azureinopen", "education", "students", "freetrial", "visualstudio"),
}


@dataclass(frozen=True)
class Outbound:
    """`pool` None: nobody knows which address."""

    method: str
    pool: tuple[Address, ...] | None


NOTHING = Outbound("none", ())
DEFAULT_ACCESS = Outbound("default access", None)


def outbound(places: Places, endpoint: Endpoint, version: int, protocol: int) -> Outbound:
    """NAT gateway, public IP, load balancer, default access: the first that carries this family and protocol."""
    has_ports = protocol in (TCP, UDP)
    gateway = _nat_gateway(places, endpoint, version) if has_ports else None
    if gateway is not None:
        return gateway
    own = tuple(public for public, _, _ in endpoint.public if public.version == version)
    if own:
        return Outbound("public IP", own)
    if endpoint.kind == "firewall" or not has_ports:
        return NOTHING
    return _by_balancer(places, endpoint, version, protocol) or _by_default(places, endpoint, version)


def _by_default(places: Places, endpoint: Endpoint, version: int) -> Outbound:
    """Not beside a NAT gateway, nor for a NIC in the pool of a Standard load balancer."""
    balancers = [places.snapshot.get(pool.parent, LoadBalancer) for pool in pools_of(places, endpoint)]
    is_pooled = any(balancer is not None and balancer.sku.name.lower() != "basic" for balancer in balancers)
    is_private = endpoint.subnet.default_outbound_access is False or endpoint.subnet.nat_gateway is not None
    return DEFAULT_ACCESS if version == 4 and not is_pooled and not is_private else NOTHING


# --- NAT gateway --------------------------------------------------------------------------------------------------
def _nat_gateway(places: Places, endpoint: Endpoint, version: int) -> Outbound | None:
    """IPv6 by a StandardV2 gateway that has IPv6 addresses; one that is not in the export carries IPv4."""
    reference = endpoint.subnet.nat_gateway
    if reference is None:
        return None
    held = places.snapshot.get(reference, NatGateway)
    if version == 4:
        addresses, prefixes = (held.public_ip_addresses, held.public_ip_prefixes) if held else ((), ())
        return Outbound("nat gateway", _pool(places, addresses, prefixes))
    if held is None or held.sku.name.lower() != "standardv2":
        return None
    pool = _pool(places, held.public_ip_addresses_v6, held.public_ip_prefixes_v6)
    has_any = held.public_ip_addresses_v6 or held.public_ip_prefixes_v6
    return Outbound("nat gateway", pool) if has_any else None


def _pool(
    places: Places, addresses: Iterable[ResourceId], prefixes: Iterable[ResourceId]
) -> tuple[Address, ...] | None:
    """None when there is none, or when the export lacks one of them."""
    found: list[Address] = []
    for reference in addresses:
        address = places.public_address(reference)
        if address is None:
            return None
        found.append(address)
    for reference in prefixes:
        held = places.snapshot.get(reference, PublicIpPrefix)
        if held is None or not held.ip_prefix:
            return None
        found += ip_network(held.ip_prefix)
    return tuple(found) or None


# --- load balancer ------------------------------------------------------------------------------------------------
def _by_balancer(places: Places, endpoint: Endpoint, version: int, protocol: int) -> Outbound | None:
    """By outbound rules and by balancing rules that translate too: any of their addresses may be the source.

    Unknown when a load balancer is missing.
    """
    pools = pools_of(places, endpoint, by_address=True)
    balancers = [places.snapshot.get(pool.parent, LoadBalancer) for pool in pools]
    if None in balancers:
        return Outbound("unknown", None)
    known = [balancer for balancer in balancers if balancer is not None]
    found = [
        front
        for balancer in known
        for front in _fronts(places, balancer, endpoint, protocol)
        if _version(places, front) == version
    ]
    if not found:
        return None
    addresses = [front.public_ip_address for front in found if front.public_ip_address]
    prefixes = [front.public_ip_prefix for front in found if front.public_ip_prefix]
    return Outbound("load balancer", _pool(places, addresses, prefixes))


def _fronts(places: Places, balancer: LoadBalancer, endpoint: Endpoint, protocol: int) -> list[FrontendIpConfiguration]:
    """The public frontends of the rules of that protocol that translate what the endpoint sends."""
    named: list[ResourceId] = []
    for rule in balancer.outbound_rules:
        in_pool = rule.backend_address_pool and is_in_pool(places, endpoint, rule.backend_address_pool)
        if in_pool and protocol in PROTOCOL_NAMES[rule.protocol]:
            named += rule.frontend_ip_configurations
    for balancing in balancer.load_balancing_rules:
        translates = not balancing.disable_outbound_snat and protocol in PROTOCOL_NAMES[balancing.protocol]
        if translates and any(is_in_pool(places, endpoint, pool) for pool in balancing.pools):
            named += [balancing.frontend_ip_configuration] if balancing.frontend_ip_configuration else []
    fronts = balancer.frontend_ip_configurations
    return [front for front in fronts if front.id in named and (front.public_ip_address or front.public_ip_prefix)]


def _version(places: Places, front: FrontendIpConfiguration) -> int:
    """Of its public address, IPv4 when nobody tells."""
    address = places.public_address(front.public_ip_address)
    held = places.snapshot.get(front.public_ip_prefix, PublicIpPrefix)
    if address is None and held is not None and held.ip_prefix:
        return ip_network(held.ip_prefix).version
    return address.version if address is not None else 4


# --- SMTP ---------------------------------------------------------------------------------------------------------
def pass_smtp(places: Places, endpoint: Endpoint) -> None:
    """Raises Fate unless TCP 25 may leave. A firewall's own traffic is no VM's, so no exemption covers it."""
    declared = {key.lower(): held for key, held in places.snapshot.declarations.subscriptions.items()}
    held = declared.get(endpoint.id.subscription.lower()) or declared.get("*") or Subscription()
    if endpoint.kind != "firewall" and held.allow_smtp is not None:
        if not held.allow_smtp:
            raise Fate("SMTP_BLOCKED")
        return
    offer = (held.offer or "").replace(" ", "").lower()
    if offer in OPEN_OFFERS:
        return
    raise Fate("SMTP_BLOCKED" if offer in CLOSED_OFFERS else "SMTP_OFFER_UNKNOWN")
