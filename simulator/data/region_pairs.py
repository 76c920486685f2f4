"""Which region Azure pairs with which: a Storage service endpoint reaches its own region and the paired one.

Learn: azure/reliability/regions-paired, azure/virtual-network/virtual-network-service-endpoints-overview
"""

from __future__ import annotations

from simulator.data.regions import find

SOURCE = "Microsoft Learn, azure/reliability/regions-paired"
DATE = "2026-11"

#: Regions that are each other's pair, by ARM name.
_PAIRS = (
    ("australiacentral", "australiacentral2"),
    ("australiaeast", "australiasoutheast"),
    ("canadacentral", "canadaeast"),
    ("centralindia", "southindia"),
    ("centralus", "eastus2"),
    ("eastasia", "southeastasia"),
    ("eastus", "westus"),
    ("francecentral", "francesouth"),
    ("germanywestcentral", "germanynorth"),
    ("japaneast", "japanwest"),
    ("koreacentral", "koreasouth"),
    ("northcentralus", "southcentralus"),
    ("northeurope", "westeurope"),
    ("norwayeast", "norwaywest"),
    ("southafricanorth", "southafricawest"),
    ("swedencentral", "swedensouth"),
    ("switzerlandnorth", "switzerlandwest"),
    ("uaenorth", "uaecentral"),
    ("uksouth", "ukwest"),
    ("westcentralus", "westus2"),
)
#: Regions whose pair has another pair of its own.
_ONE_WAY = {"brazilsouth": "southcentralus", "westindia": "southindia", "westus3": "eastus"}
_PAIRED = {**_ONE_WAY, **dict(_PAIRS), **{second: first for first, second in _PAIRS}}


def paired_region(text: str) -> str | None:
    """The ARM name of the region paired with the one called `text`; None for a region without a pair, or unknown."""
    region = find(text)
    return None if region is None else _PAIRED.get(region.name)
