"""As whom a platform service sees on-premises: by a circuit's NAT or by the Internet's (SEMANTICS 3.8, 4.4)."""

from __future__ import annotations

from ipaddress import ip_address

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import OnPremisesNetwork
from tests.oracle.addresses import covers, length_of
from tests.oracle.endpoints import Gateway
from tests.oracle.judgement import Address, Fate
from tests.oracle.places import Places
from tests.oracle.service_firewall import Caller
from tests.oracle.services import Service

PUBLIC_PEERINGS = {"microsoftpeering", "azurepublicpeering"}


def premises_caller(places: Places, gateway: Gateway, source: Address, service: Service) -> Caller:
    """Raises Fate when nobody declared the addresses that the site shows."""
    site = _site(places, gateway, source)
    if site is None:
        raise Fate("ON_PREMISES_NAT_UNKNOWN")
    pool: list[str] = []
    for circuit in site.circuits:
        nat = places.snapshot.declarations.circuit_nat.get(circuit)
        if nat is None and _may_reach_services(places, circuit):
            raise Fate("ON_PREMISES_NAT_UNKNOWN")
        if nat is not None and _advertises(nat.services, service):
            pool += nat.pool
    pool = pool or list(site.internet_nat)
    if not pool:
        raise Fate("ON_PREMISES_NAT_UNKNOWN")
    places.layers.add("on-premises NAT")
    return Caller("public", pool=tuple(ip_address(text) for text in pool), is_azure=False)


def _site(places: Places, gateway: Gateway, source: Address) -> OnPremisesNetwork | None:
    """By the longest prefix; of equal ones the site behind the gateway that the address is known by."""
    claims = [
        (length_of(prefix), site.gateway == gateway.id, site)
        for site in places.snapshot.declarations.on_premises
        for prefix in site.prefixes
        if covers(prefix, source)
    ]
    return max(claims, key=lambda claim: claim[:2])[2] if claims else None


def _advertises(tags: tuple[str, ...], service: Service) -> bool:
    """Nothing named is everything; a tag of another region is not this service's."""
    own = {service.tag.lower(), f"{service.tag}.{service.region}".lower()}
    return not tags or any(tag.lower() in own for tag in tags)


def _may_reach_services(places: Places, circuit: ResourceId) -> bool:
    """Whether the circuit has, or for all we know may have, a peering for Microsoft's public services."""
    held = places.snapshot.get(circuit, ExpressRouteCircuit)
    return held is None or any(peering.peering_type.lower() in PUBLIC_PEERINGS for peering in held.peerings)
