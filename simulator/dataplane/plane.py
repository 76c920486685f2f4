"""The data plane: a Network as arrays that a batch of packets can be walked over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.resource import ResourceId
from simulator.data.assumptions import ASSUMPTIONS
from simulator.dataplane.appliances import Appliances
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.balancers import Balancers
from simulator.dataplane.egress import Egress
from simulator.dataplane.filters import Filters
from simulator.dataplane.forwarding import Forwarding, route_prefixes
from simulator.dataplane.interned import Interned
from simulator.dataplane.links import Links
from simulator.dataplane.places import Places, endpoint_column, managed_prefixes
from simulator.dataplane.regions import RegionFacts, region_prefixes
from simulator.dataplane.services import PlatformServices
from simulator.network.assumptions import is_assumed
from simulator.network.model import Network
from simulator.network.platform.platform_services import services
from simulator.network.platform.private_endpoints import endpoint_state
from simulator.network.platform.service_firewall import named_prefixes
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import IPV4_SPACE, Prefix, parse_address

Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]


class DataPlane:
    """Everything the walk reads. Filters are compiled when a packet first meets them; the rest is compiled here.

    `atoms` number the addresses that any filter, route or endpoint tells apart; `regions` the coarser ones that routes
    and tags tell apart, with `region_of_atom` between them.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.filters = Filters(network)
        self.appliances = Appliances(network, self.filters)
        coarse = region_prefixes(network) | route_prefixes(network) | self.appliances.prefixes()
        self.regions = Atoms(coarse)
        self.atoms = Atoms([*coarse, *self._fine_prefixes()])
        starts = self.atoms.find(*_halves(self.regions.points))
        every = np.arange(len(self.atoms))
        self.region_of_atom: Int32 = (np.searchsorted(starts, every, "right") - 1).astype(np.int32)
        self.filters.use(self.atoms)
        self.places = Places(network, self.atoms)
        self.facts = RegionFacts(network, self.regions)
        self.forwarding = Forwarding(network, self.regions, self.places, self.facts)
        self.links = Links(network, self.places)
        self.appliances.translate(self.facts.is_public, self.regions)
        first, last = self.atoms.interval(IPV4_SPACE)[0]
        self.is_ipv4 = (np.arange(len(self.atoms)) >= first) & (np.arange(len(self.atoms)) < last)
        self.seen_vnets = Interned(self._seen_vnet)
        self.told_on_premises = self._told_on_premises()
        self.egress = Egress(network, self.places)
        self.balancers = Balancers(network, self.places)
        self.services = PlatformServices(network, self.places, self.atoms, self.egress)
        self.assumes = {key: is_assumed(network, key) for key in ASSUMPTIONS}
        self._nearby: dict[int, tuple[int, ...]] = {}
        self._peers: dict[ResourceId, list[ResourceId]] = {}
        for own, remote in network.peerings:
            self._peers.setdefault(own, []).append(remote)
        self.is_private_endpoint = endpoint_column(network, lambda one: one.private_endpoint is not None, False)
        self.private_endpoint_states = Interned(self._private_endpoint_state)
        # What sends and receives by itself, behind the filters of a NIC.
        self.is_nic = endpoint_column(network, lambda one: one.kind in ("nic", "appliance", "managed"), False)
        self.has_public_ip = endpoint_column(network, lambda one: bool(one.public_addresses), False)
        self.has_standard_public_ip = endpoint_column(network, lambda one: one.public_sku == "Standard", False)
        self.gateway_routes_unknown = np.zeros(self.places.nowhere + 1, bool)
        self.gateway_has_default = np.zeros((self.places.nowhere + 1, 2), bool)  # by family: IPv6, IPv4
        for number, gateway in enumerate(network.gateways, start=self.places.first_gateway):
            self.gateway_routes_unknown[number] = gateway.routes is None
            prefixes = readable_prefixes(one.prefix for one in gateway.known_routes)
            held = network.snapshot.get(gateway.id, VirtualNetworkGateway)
            forced = held is not None and held.gateway_default_site is not None  # forced tunnelling of a VPN gateway
            families = {prefix.is_ipv4 for prefix in prefixes if not prefix.length}
            self.gateway_has_default[number] = False in families, forced or True in families

    def _told_on_premises(self) -> npt.NDArray[np.bool_]:
        """Which regions each gateway tells on-premises of: its VNet, peers with gateway transit, what is no VNet."""
        network, facts = self.network, self.facts
        numbers = self.places.vnet_number
        told = np.stack([*(facts.vnet < 0 for _ in self.places.gateways), np.zeros(len(self.regions), bool)])
        for at, gateway in enumerate(self.places.gateways):
            hub = gateway.virtual_network
            spokes = (remote for own, remote in network.peerings if own == hub)
            lent = (spoke for spoke in spokes if self._uses_gateways_of(hub, spoke))
            for vnet in (hub, *lent):
                if vnet in numbers:
                    told[at] |= facts.in_vnet[numbers[vnet]]
        return told

    def _uses_gateways_of(self, hub: ResourceId, spoke: ResourceId) -> bool:
        own, theirs = self.network.peerings.get((hub, spoke)), self.network.peerings.get((spoke, hub))
        return own is not None and theirs is not None and own.allow_gateway_transit and theirs.use_remote_gateways

    def _seen_vnet(self, vnet: int, region: int) -> int:
        """The VNet that has a region as seen from one: itself, else a direct peer, else whichever there is."""
        near = (held for held in self.nearby(vnet) if self.facts.in_vnet[held, region])
        return next(near, int(self.facts.vnet[region]))

    def _private_endpoint_state(self, place: int) -> str:
        endpoint = self.places.endpoints[place].private_endpoint
        return "DELIVERED" if endpoint is None else endpoint_state(self.network, endpoint)

    def nearby(self, vnet: int) -> tuple[int, ...]:
        """The VNet and its direct peers, as numbers; nothing for -1."""
        if vnet not in self._nearby:
            networks = self.network.snapshot.virtual_networks
            numbers = self.places.vnet_number
            peers = self._peers.get(networks[vnet].id, []) if vnet >= 0 else []
            self._nearby[vnet] = (vnet, *(numbers[peer] for peer in peers if peer in numbers)) if vnet >= 0 else ()
        return self._nearby[vnet]

    def _fine_prefixes(self) -> Iterator[Prefix]:
        for _, rules in self.filters.rule_lists:
            for rule in rules:
                yield from rule.sources.prefixes
                yield from rule.destinations.prefixes
        for endpoint in self.network.endpoints:
            yield from _hosts((*endpoint.addresses, *endpoint.public_addresses))
        for _, prefix in managed_prefixes(self.network):
            yield prefix
        for service in services(self.network):
            yield from _hosts(service.addresses)
        yield from named_prefixes(self.network)
        yield from self.appliances.translated_prefixes()


def _hosts(texts: Iterable[str]) -> Iterator[Prefix]:
    for text in texts:
        address = parse_address(text)
        yield Prefix(address, address)


def _halves(points: list[int]) -> tuple[UInt64, UInt64]:
    high = np.array([point >> 64 for point in points], np.uint64)
    return high, np.array([point & (1 << 64) - 1 for point in points], np.uint64)
