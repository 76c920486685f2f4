"""Private endpoint addresses, found by the VNets that see them: their own and its direct peers.

Learn: azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from simulator.dataplane.places import Places
from simulator.space.addresses import parse_address

Int32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


class PrivateEndpoints:
    """Which (VNet, atom) pairs are private endpoints."""

    def __init__(self, places: Places, nearby: Callable[[int], tuple[int, ...]]) -> None:
        self._places = places
        self._keys = np.array(
            sorted(
                self._key(vnet, places.atom(parse_address(text)))
                for place, endpoint in enumerate(places.endpoints)
                if endpoint.private_endpoint is not None
                for vnet in nearby(int(places.vnet[place]))
                for text in endpoint.addresses
            ),
            np.int64,
        )

    def _key(self, vnet: int, atom: int) -> int:
        return vnet << 32 | atom

    def near(self, at: Int32, destination: Int32) -> Bools:
        """Is each destination a private endpoint of the VNet of its place, or of a direct peer?"""
        if not len(self._keys):
            return np.zeros(len(at), bool)
        wanted = self._places.vnet[at].astype(np.int64) << 32 | destination
        found: Bools = np.isin(wanted, self._keys)
        return found
