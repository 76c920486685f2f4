"""How a platform service sees a caller from on-premises.

Learn: azure/expressroute/expressroute-nat, azure/expressroute/expressroute-circuit-peerings
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import OnPremisesNetwork
from simulator.network.model import Network
from simulator.network.platform.platform_services import Service, service_of
from simulator.network.platform.service_firewall import Caller
from simulator.network.prefixes import holds, readable_prefixes
from simulator.space.addresses import Prefix, merge

_PUBLIC_PEERINGS = frozenset({"microsoftpeering", "azurepublicpeering"})


def premises_caller(
    network: Network, gateway: ResourceId | None, source_address: int, service: ResourceId
) -> Caller | None:
    """The caller behind an on-premises address; None when nobody declared what it shows to the service.

    The site is the one whose longest prefix holds the address, of those behind `gateway` where one is given. A circuit
    whose Microsoft (or legacy public) peering advertises the service carries the request, with its NAT addresses; else
    the site's Internet connection does. A private peering or a VPN carries none to a public endpoint.
    """
    site = _site(network, gateway, source_address)
    wanted = service_of(network, service)
    if site is None or wanted is None:
        return None
    pools = [_circuit_pool(network, circuit, wanted) for circuit in site.circuits]
    if None in pools:
        return None
    texts = [text for pool in pools for text in pool or ()] or site.internet_nat
    addresses = merge(readable_prefixes(texts))
    return Caller("public", pool=addresses, is_azure=False) if addresses else None


def _site(network: Network, gateway: ResourceId | None, address: int) -> OnPremisesNetwork | None:
    sites = network.snapshot.declarations.on_premises
    near = (site for site in sites if gateway in (None, site.gateway))
    found = [(prefix.length, site) for site in near for prefix in _holding(site, address)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _holding(site: OnPremisesNetwork, address: int) -> Iterator[Prefix]:
    host = Prefix(address, address)
    yield from (prefix for prefix in readable_prefixes(site.prefixes) if holds(prefix, host))


def _circuit_pool(network: Network, circuit: ResourceId, service: Service) -> tuple[str, ...] | None:
    """The NAT addresses by which the circuit reaches the service: () when it does not, None when nobody says."""
    nat = network.snapshot.declarations.circuit_nat.get(circuit)
    if nat is not None:
        return nat.pool if _advertises(nat.services, service) else ()
    held = network.snapshot.get(circuit, ExpressRouteCircuit)
    if held is None:
        return None
    kinds = {one.peering_type.lower() for one in held.peerings if one.state.lower() == "enabled"}
    return None if kinds & _PUBLIC_PEERINGS else ()


def _advertises(tags: Iterable[str], service: Service) -> bool:
    """Whether the service's tag is among `tags`, with its region or without; no tag at all means all of them."""
    wanted = {service.tag.lower(), f"{service.tag.lower()}.{service.region}"}
    listed = {tag.strip().lower() for tag in tags}
    return not listed or bool(listed & wanted)
