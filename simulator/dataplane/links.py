"""Peering links as columns, found by (own VNet, remote VNet).

Learn: azure/virtual-network/virtual-network-manage-peering
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.azure.virtual_network import VirtualNetworkPeering
from simulator.dataplane.places import Places
from simulator.network.model import Network

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Links:
    """Each link belongs to its own VNet and says what that VNet accepts; the last row stands for "no link"."""

    def __init__(self, network: Network, places: Places) -> None:
        self._count = len(places.vnet_number)
        known = _sorted_links(network, places, self._count)
        self._keys: Int64 = np.array([key for key, _ in known], np.int64)
        links = [link for _, link in known]
        self.none = len(links)
        self.allows_access = _column([link.allow_virtual_network_access for link in links], False)
        self.allows_forwarded = _column([link.allow_forwarded_traffic for link in links], False)
        self.allows_gateway_transit = _column([link.allow_gateway_transit for link in links], False)
        self.uses_remote_gateways = _column([link.use_remote_gateways for link in links], False)
        self.joins_all_subnets = _column([link.peer_complete_vnets for link in links], True)
        self._subnets = [frozenset(name.lower() for name in link.local_subnet_names) for link in links]
        self._subnet_names = [identity.name.lower() for identity in network.subnets]

    def between(self, own: Int32, remote: Int32) -> Int32:
        """The link that each own VNet has towards each remote VNet; `none` where it has none."""
        wanted = own.astype(np.int64) * self._count + remote
        if not len(self._keys):
            return np.full(len(own), self.none, np.int32)
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        found: Int32 = np.where((self._keys[at] == wanted) & (own >= 0) & (remote >= 0), at, self.none).astype(np.int32)
        return found

    def joins(self, link: Int32, subnet: Int32) -> Bools:
        """Does each link take part for each local subnet? All subnets do, unless the peering lists some."""
        joined: Bools = self.joins_all_subnets[link].copy()
        for at in np.flatnonzero(~joined):
            joined[at] = subnet[at] >= 0 and self._subnet_names[subnet[at]] in self._subnets[link[at]]
        return joined


def _sorted_links(network: Network, places: Places, count: int) -> list[tuple[int, VirtualNetworkPeering]]:
    numbers = places.vnet_number
    keyed = (
        (numbers[own] * count + numbers[remote], link)
        for (own, remote), link in network.peerings.items()
        if own in numbers and remote in numbers
    )
    return sorted(keyed, key=lambda row: row[0])


def _column(values: list[bool], of_none: bool) -> Bools:
    return np.array([*values, of_none])
