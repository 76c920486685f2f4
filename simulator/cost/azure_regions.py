"""The Azure region that a public address belongs to, by the ``AzureCloud.<region>`` service tags.

Traffic to Azure's own addresses is no Internet egress, whoever's they are.
Learn: azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

import numpy as np

from simulator.data import regions
from simulator.dataplane.atoms import Atoms
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.service_tags import tag_prefixes
from simulator.walk.packets import Addresses, Int32

#: The number of an address that is not Azure's.
NOT_AZURE = -1


class AzureRegions:
    """Numbers of regions by address; `names` are the ARM names that they index."""

    def __init__(self, network: Network) -> None:
        self.names = regions.names()
        prefixes = [tag_prefixes(network, f"AzureCloud.{name}") or () for name in self.names]
        self._atoms = Atoms([prefix for held in prefixes for prefix in held])
        self._region = np.full(len(self._atoms), NOT_AZURE, np.int32)
        for number, held in enumerate(prefixes):
            for prefix in held:
                for low, stop in self._atoms.interval(prefix):
                    self._region[low:stop] = number

    def of(self, addresses: Addresses) -> Int32:
        """The number of each address's region; NOT_AZURE for others."""
        found: Int32 = self._region[self._atoms.find(addresses.high, addresses.low)]
        return found


@per_network
def azure_regions(network: Network) -> AzureRegions:
    """The regions of Azure's addresses, with what the network declares of the tags."""
    return AzureRegions(network)
