"""How the ExpressRoute circuits behind a gateway are charged.

Learn: azure/expressroute/expressroute-faqs, azure/expressroute/expressroute-introduction
"""

from __future__ import annotations

from msgspec import Struct

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.gateway import Connection
from simulator.azure.resource import ResourceId
from simulator.data import zones
from simulator.network.memo import per_network
from simulator.network.model import Network


class ExpressRouteBilling(Struct, frozen=True):
    """`zone` of metered data, None of unlimited data; or why it is `unknown`."""

    zone: str | None = None
    unknown: str = ""


@per_network
def expressroute_billing(network: Network, gateway: ResourceId) -> ExpressRouteBilling:
    """The billing of what leaves by a gateway; circuits that differ leave it unknown."""
    circuits = _circuits(network, gateway)
    if not circuits:
        return ExpressRouteBilling(unknown=f"the export holds no circuit of {gateway.name}")
    found = {_billing(network, circuit) for circuit in circuits}
    if len(found) == 1:
        return found.pop()
    names = ", ".join(circuit.name for circuit in circuits)
    return ExpressRouteBilling(unknown=f"the circuits of {gateway.name} are charged differently: {names}")


def _circuits(network: Network, gateway: ResourceId) -> list[ResourceId]:
    connections = network.snapshot.all(Connection)
    joined = [held.peer for held in connections if held.virtual_network_gateway1 == gateway and held.peer is not None]
    sites = (site for site in network.snapshot.declarations.on_premises if site.gateway == gateway)
    return sorted({*joined, *(circuit for site in sites for circuit in site.circuits)})


def _billing(network: Network, circuit: ResourceId) -> ExpressRouteBilling:
    held = network.snapshot.get(circuit, ExpressRouteCircuit)
    family = (held.sku.family or "").lower() if held is not None else ""
    if family == "unlimiteddata":
        return ExpressRouteBilling()
    if held is None or family != "metereddata":
        return ExpressRouteBilling(unknown=f"whether {circuit.name} is metered or unlimited")
    location = held.service_provider_properties.peering_location
    zone = zones.expressroute_zone(location) if location else None
    if zone is None:
        what = f"the zone of the peering location {location!r}"
        return ExpressRouteBilling(unknown=what if location else f"the peering location of {circuit.name}")
    return ExpressRouteBilling(zone)
