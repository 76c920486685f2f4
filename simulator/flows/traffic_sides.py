"""What Traffic Analytics knows of the two ends of a flow: who stands behind an address, and what kind of flow it is.

Learn: azure/network-watcher/traffic-analytics-schema#notes
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.network.prefixes import readable_prefixes
from simulator.network.service_tags import HOST_ADDRESS, INTERNET, tag_prefixes
from simulator.space.addresses import Prefix, format_address, merge, parse_address, parse_prefix

#: Where an address is: in a virtual network, at a site, public in Azure or elsewhere, or private and of nobody.
Place = Literal["vnet", "site", "azure", "external", "private"]
PUBLIC: frozenset[Place] = frozenset({"azure", "external"})


class Side(Struct, frozen=True):
    """One end of a flow. Names are ``group/name`` in lower case, `subnet` is ``group/network/subnet``; empty where
    Traffic Analytics finds nothing."""

    place: Place
    virtual_network: str = ""
    nic: str = ""
    machine: str = ""
    subnet: str = ""
    subscription: str = ""
    region: str = ""


def flow_type(source: Side, destination: Side) -> str:
    """``FlowType`` of a flow between these."""
    places = {source.place, destination.place}
    if places == {"vnet"}:
        return "IntraVNet" if source.virtual_network == destination.virtual_network else "InterVNet"
    if "vnet" not in places:
        return "Unknown"
    (other,) = places - {"vnet"}
    return {"site": "S2S", "azure": "AzurePublic", "external": "ExternalPublic", "private": "UnknownPrivate"}[other]


class Sides:
    """Finds the sides of flows in one network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._azure = _Ranges(_azure(network))
        self._internet = _Ranges(merge(INTERNET))
        self._sites = _Ranges(_sites(network))
        self._known: dict[tuple[ResourceId | None, int], Side] = {}

    def of_endpoint(self, endpoint: Endpoint) -> Side:
        """A NIC of the network."""
        vnet = self._network.virtual_networks.get(endpoint.virtual_network)
        machine = endpoint.virtual_machine
        return Side(
            place="vnet",
            virtual_network=_short(endpoint.virtual_network),
            nic=_short(endpoint.id),
            machine=_short(machine) if machine else "",
            subnet=f"{_short(endpoint.virtual_network)}/{endpoint.subnet.name.lower()}",
            subscription=endpoint.id.subscription.lower(),
            region=(vnet.location or "") if vnet is not None else "",
        )

    def of_address(self, virtual_network: ResourceId | None, address: int) -> Side:
        """Whoever has `address` as `virtual_network` sees it."""
        key = (virtual_network, address)
        if key not in self._known:
            self._known[key] = self._find(virtual_network, address)
        return self._known[key]

    def _find(self, virtual_network: ResourceId | None, address: int) -> Side:
        text = format_address(address)
        here = self._network.endpoint_at(virtual_network, text) if virtual_network is not None else None
        endpoint = here or self._network.endpoint(text)
        if endpoint is not None and text in endpoint.addresses:
            return self.of_endpoint(endpoint)
        if address in self._sites:
            return Side("site")
        if address in self._azure:
            return Side("azure")
        return Side("external" if address in self._internet else "private")


class _Ranges:
    """Disjoint prefixes in order; asks whether one of them holds an address by bisection."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        held = sorted(prefixes)
        self._lows, self._highs = [prefix.low for prefix in held], [prefix.high for prefix in held]

    def __contains__(self, address: int) -> bool:
        at = bisect_right(self._lows, address) - 1
        return at >= 0 and address <= self._highs[at]


def _short(identity: ResourceId) -> str:
    return f"{identity.resource_group}/{identity.name}".lower()


@per_network
def _azure(network: Network) -> tuple[Prefix, ...]:
    """The public addresses of Azure, and the host's, which Traffic Analytics counts among them."""
    return merge((*(tag_prefixes(network, "AzureCloud") or ()), parse_prefix(HOST_ADDRESS)))


@per_network
def _sites(network: Network) -> tuple[Prefix, ...]:
    """Everything on premises that is declared or that a gateway knows, without default routes."""
    texts = [text for site in network.snapshot.declarations.on_premises for text in site.prefixes]
    texts += [route.prefix for gateway in network.gateways for route in gateway.known_routes]
    hosts = (address for site in network.snapshot.declarations.on_premises for address in site.hosts.values())
    single = (Prefix(value, value) for value in map(parse_address, hosts))
    return merge((*(prefix for prefix in readable_prefixes(texts) if prefix.length), *single))
