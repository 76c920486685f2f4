"""Regions: what routes and tags can tell apart, far fewer than atoms; and the facts of each region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.egress import storage_near_private_subnets
from simulator.dataplane.filter_table import (
    BY_DEFAULT_ROUTE,
    IN_INTERNET,
    IN_VIRTUAL_NETWORK,
    INTERNET_READINGS,
    MAYBE_VIRTUAL_NETWORK,
)
from simulator.network.managers.connected_groups import possible_neighbours
from simulator.network.managers.groups import region_name
from simulator.network.model import Network
from simulator.network.peerings import peers_of_unknown_space, unknown_gateways
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.network.service_tags import (
    INTERNET,
    default_routes_widen,
    internet_by_reading,
    internet_tag,
    virtual_network_tag,
    virtual_network_without_default_routes,
)
from simulator.space.addresses import Prefix, parse_prefix

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
NONE = -1
#: What no virtual network carries: loopback, multicast and broadcast.
NOT_CARRIED = tuple(parse_prefix(text) for text in ("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::1", "ff00::/8"))
#: The host's own addresses: DHCP, DNS and health probes; the IPv6 one sends probes only.
HOST = (parse_prefix("168.63.129.16/32"), parse_prefix("fe80::1234:5678:9abc/128"))
#: The instance metadata service.
METADATA = (parse_prefix("169.254.169.254/32"),)
#: The key management service that activates Windows, by TCP port 1688: exempt from rules, unless a default route leads
#: elsewhere. Learn: azure/virtual-network/network-security-groups-overview (Azure platform considerations)
KEY_MANAGEMENT = tuple(parse_prefix(text) for text in ("23.102.135.246", "20.118.99.224", "40.83.235.53"))
KEY_MANAGEMENT_PORT = 1688


def mask_of(prefixes: Iterable[Prefix], regions: Atoms) -> Bools:
    """Which regions lie in any of the prefixes."""
    mask = np.zeros(len(regions), bool)
    for prefix in prefixes:
        for low, stop in regions.interval(prefix):
            mask[low:stop] = True
    return mask


def region_prefixes(network: Network) -> set[Prefix]:
    """Every prefix but those of routes that a region must not straddle."""
    prefixes = {*INTERNET, *HOST, *METADATA, *KEY_MANAGEMENT, *NOT_CARRIED}
    for vnet in network.snapshot.virtual_networks:
        prefixes.update(readable_prefixes(vnet.prefixes))
    for subnet in network.subnets:
        prefixes.update(virtual_network_tag(network, subnet))
        prefixes.update(virtual_network_without_default_routes(network, subnet))
        for key in INTERNET_READINGS:
            for reading in internet_by_reading(network, subnet, key):
                prefixes.update(reading)
        prefixes.update(internet_tag(network, subnet))
    for gateway in network.gateways:
        prefixes.update(readable_prefixes(route.prefix for route in gateway.known_routes))
    for site in network.snapshot.declarations.on_premises:
        prefixes.update(readable_prefixes(site.prefixes))
    for storage in storage_near_private_subnets(network).values():
        prefixes.update(storage)
    return prefixes


class RegionFacts:
    """Columns by region: which VNet, which gateway, public or not; and by subnet what the two floating tags hold.

    VNets that are not joined may share space: `vnet` is the last of them, and ``in_vnet[vnet, region]`` says it of each
    (its last row, of no VNet, is empty).
    """

    def __init__(self, network: Network, regions: Atoms) -> None:
        self._network, self._regions = network, regions
        self.is_public = mask_of(INTERNET, regions)
        self.is_host = mask_of(HOST, regions)
        self.is_metadata = mask_of(METADATA, regions)
        self.is_key_management = mask_of(KEY_MANAGEMENT, regions)
        self.is_not_carried = mask_of(NOT_CARRIED, regions)
        self.vnet = np.full(len(regions), NONE, np.int32)
        held = [mask_of(readable_prefixes(vnet.prefixes), regions) for vnet in network.snapshot.virtual_networks]
        for number, mask in enumerate(held):
            self.vnet[mask] = number
        self.in_vnet = np.stack([*held, np.zeros(len(regions), bool)])
        self.gateway = self._gateways()
        self._tags()
        self._storage()

    def _gateways(self) -> Int32:
        """The gateway that leads to each region's on-premises space; NONE elsewhere.

        The longest prefix wins, then the gateway that a declared site names, then ExpressRoute. A learned default route
        says how VNets reach the Internet, not that the Internet lies on premises.
        """
        column = np.full(len(self._regions), NONE, np.int32)
        for prefix, _, _, number in sorted(self._on_premises(), key=lambda row: (row[0].length, *row[1:3])):
            column[mask_of([prefix], self._regions)] = number
        column[self.vnet != NONE] = NONE
        return column

    def _on_premises(self) -> Iterator[tuple[Prefix, bool, bool, int]]:
        """(prefix, is declared by a site, is ExpressRoute, gateway) of all behind gateways but default routes."""
        sites = self._network.snapshot.declarations.on_premises
        for number, gateway in enumerate(self._network.gateways):
            declared = [text for site in sites if site.gateway == gateway.id for text in site.prefixes]
            learned = [route.prefix for route in gateway.known_routes]
            for text in (*declared, *learned):
                prefix = readable_prefix(text)
                if prefix is not None and prefix.length:
                    yield prefix, text in declared, gateway.kind == "ExpressRoute", number

    def _tags(self) -> None:
        """`tag[context_of_subnet[s], region]`; equal contexts are kept once, the last is for places without subnet."""
        contexts: dict[bytes, int] = {}
        rows: list[UInt8] = []
        numbers = []
        for subnet in (*self._network.subnets, None):
            row = self._tag_row(subnet)
            number = contexts.setdefault(row.tobytes(), len(rows))
            if number == len(rows):
                rows.append(row)
            numbers.append(number)
        self.tag = np.stack(rows)
        self.context_of_subnet = np.array(numbers, np.int32)

    def _storage(self) -> None:
        """`near_storage[storage_of_vnet[v], region]`: Storage of the VNet's own region; the last row holds none."""
        near = storage_near_private_subnets(self._network)
        number = {region: at for at, region in enumerate(near)}
        rows = [mask_of(prefixes, self._regions) for prefixes in near.values()]
        self.near_storage = np.stack([*rows, np.zeros(len(self._regions), bool)])
        located = [region_name(vnet.location) for vnet in self._network.snapshot.virtual_networks]
        self.storage_of_vnet = np.array([*(number.get(region, NONE) for region in located), NONE], np.int32)

    def _tag_row(self, subnet: ResourceId | None) -> UInt8:
        if subnet is None:
            return np.where(self.is_public, IN_INTERNET, 0).astype(np.uint8)
        internet = mask_of(internet_tag(self._network, subnet), self._regions)
        row = np.where(internet, IN_INTERNET, 0).astype(np.uint8)
        inside = mask_of(virtual_network_tag(self._network, subnet), self._regions)
        row[inside] |= IN_VIRTUAL_NETWORK
        if default_routes_widen(self._network, subnet):
            anyway = mask_of(virtual_network_without_default_routes(self._network, subnet), self._regions)
            row[~anyway] |= BY_DEFAULT_ROUTE
        for key, bit in INTERNET_READINGS.items():
            one, other = (
                mask_of(prefixes, self._regions) for prefixes in internet_by_reading(self._network, subnet, key)
            )
            row[one != other] |= bit
        row[~inside & self._doubtful(subnet)] |= MAYBE_VIRTUAL_NETWORK
        return row

    def _doubtful(self, subnet: ResourceId) -> Bools:
        """Regions that something outside the export could add to ``VirtualNetwork`` on this subnet."""
        network, held = self._network, self._network.subnets[subnet]
        table = held.route_table
        if table is not None and network.snapshot.get(table, RouteTable) is None:
            return np.ones(len(self._regions), bool)
        vnet = held.virtual_network
        if unknown_gateways(network, vnet) or peers_of_unknown_space(network, vnet):
            return ~self.is_public
        return self.possibly_near(vnet)

    def possibly_near(self, virtual_network: ResourceId) -> Bools:
        """Regions to which a network manager might connect the VNet: all private ones, if to one outside the export."""
        near = np.zeros(len(self._regions), bool)
        for other in possible_neighbours(self._network, virtual_network):
            held = self._network.virtual_networks.get(other)
            near |= ~self.is_public if held is None else mask_of(readable_prefixes(held.prefixes), self._regions)
        return near
