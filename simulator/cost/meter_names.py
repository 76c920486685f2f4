"""What each meter is called in the Azure Retail Prices API, what a row of it is for, and how to ask for it.

Learn: rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simulator.cost.meters import MeterKey
from simulator.data import regions

API = "https://prices.azure.com/api/retail/prices"


class MeterName(NamedTuple):
    """One meter as the API names it; an empty `product` stands for any."""

    key: MeterKey
    service: str
    product: str
    name: str

    def __str__(self) -> str:
        return f"{self.product or self.service} / {self.name}"


_MGN, _ISP = "Rtn Preference: MGN", "Bandwidth - Routing Preference: Internet"
_PEERING, _GLOBAL_PEERING = "Virtual Network Peering", "Global Virtual Network Peering"
_PRIVATE_LINK = "Virtual Network Private Link"

#: The first name of a key is the one of today; the names after it count only where the first is missing.
METER_NAMES = (
    MeterName("internet_egress", "Bandwidth", _MGN, "Standard Data Transfer Out"),
    MeterName("internet_egress_isp", "Bandwidth", _ISP, "Standard Data Transfer Out"),
    MeterName("inter_region", "Bandwidth", _MGN, "Standard Inter-Region Data Transfer"),
    MeterName("inter_region", "Bandwidth", "", "Intra Continent Data Transfer Out"),
    MeterName("inter_continent", "Bandwidth", "", "Inter Continent Data Transfer Out"),
    MeterName("inter_zone_out", "Bandwidth", _MGN, "Standard Inter-Availability Zone Data Transfer Out"),
    MeterName("inter_zone_in", "Bandwidth", _MGN, "Standard Inter-Availability Zone Data Transfer In"),
    MeterName("peering_out", "Virtual Network", _PEERING, "Intra-Region Egress"),
    MeterName("peering_in", "Virtual Network", _PEERING, "Intra-Region Ingress"),
    MeterName("global_peering_out", "Virtual Network", _GLOBAL_PEERING, "Inter-Region Egress"),
    MeterName("global_peering_in", "Virtual Network", _GLOBAL_PEERING, "Inter-Region Ingress"),
    MeterName("vpn_inter_vnet", "VPN Gateway", "VPN Gateway Bandwidth", "Inter-Virtual Network Data Transfer Out"),
    MeterName(
        "vpn_inter_vnet", "VPN Gateway", "VPN Gateway Bandwidth", "Standard Inter-Virtual Network Data Transfer Out"
    ),
    MeterName("expressroute_out", "ExpressRoute", "ExpressRoute", "Metered Data - Data Transfer Out"),
    MeterName("nat_gateway", "NAT Gateway", "", "Standard Data Processed"),
    MeterName("firewall_basic", "Azure Firewall", "", "Basic Data Processed"),
    MeterName("firewall_standard", "Azure Firewall", "", "Standard Data Processed"),
    MeterName("firewall_premium", "Azure Firewall", "", "Premium Data Processed"),
    MeterName("firewall_basic_hub", "Azure Firewall", "", "Basic Secured Virtual Hub Data Processed"),
    MeterName("firewall_standard_hub", "Azure Firewall", "", "Standard Secure Virtual Hub Data Processed"),
    MeterName("firewall_premium_hub", "Azure Firewall", "", "Premium Secured Virtual Hub Data Processed"),
    MeterName("load_balancer", "Load Balancer", "", "Standard Data Processed"),
    MeterName("private_endpoint_out", "Virtual Network", _PRIVATE_LINK, "Standard Data Processed - Egress"),
    MeterName("private_endpoint_in", "Virtual Network", _PRIVATE_LINK, "Standard Data Processed - Ingress"),
    MeterName("virtual_hub", "Virtual WAN", "", "Standard Hub Data Processed"),
)

#: The continents that an inter-continent meter is for stand in its name: "… - NAM or EU To Any", "… (ASIA to Any)".
_CONTINENTS = {
    "nam": "north america",
    "eu": "europe",
    "asia": "asia",
    "oceania": "oceania",
    "oc": "oceania",
    "mea": "middle east and africa",
    "sam": "south america",
    "latam": "south america",
}
#: Keys whose rows are not per region: what the API has in place of the region.
_GLOBAL_KEYS = frozenset(
    {
        *("peering_out", "peering_in", "nat_gateway", "load_balancer", "virtual_hub"),
        *("private_endpoint_out", "private_endpoint_in"),
    }
)


def name_of(key: MeterKey) -> MeterName:
    """The name of today."""
    return next(each for each in METER_NAMES if each.key == key)


def find_name(service: str, product: str, name: str) -> MeterName | None:
    """The meter that a row of the API is of, or None for one that counts no traffic of ours."""
    words = _words(name)
    for each in METER_NAMES:
        is_named = words == _words(each.name) or (each.key == "inter_continent" and words.startswith(_words(each.name)))
        if is_named and service == each.service and each.product in ("", product):
            return each
    return None


def places_of(key: MeterKey, name: str, arm_region: str, location: str) -> tuple[str, ...]:
    """What a row is for: the ARM name of a region, ``zone 1``, ``global``, or continents; empty when nobody can know.

    The API fills `arm_region` with Global, Zone 1 to Zone 4 or nothing where a meter has no region of its own.
    """
    place = _place(arm_region) or _place(location)
    if not place and not arm_region and location:
        return ()  # "EU West" is no ARM name, and nothing else says which region it is
    if place in ("", "global") and key == "inter_continent":
        source = _words(name).partition(" to ")[0].split()
        return tuple(dict.fromkeys(_CONTINENTS[word] for word in source if word in _CONTINENTS)) or ("global",)
    return (place or arm_region.lower() or "global",)


def query(key: MeterKey, place: str, currency: str) -> str:
    """The address at which the Retail Prices API answers with the meter of a region (of ExpressRoute: a zone)."""
    where = "Global" if key in _GLOBAL_KEYS else place.title() if place.startswith("zone ") else place
    asked = f"serviceName eq '{name_of(key).service}' and armRegionName eq '{where}' and priceType eq 'Consumption'"
    return f"{API}?api-version=2023-01-01-preview&currencyCode='{currency}'&$filter={asked}"


def _place(text: str) -> str:
    """A region or pseudo-region by the name we use; nothing for a text that is neither."""
    if region := regions.find(text):
        return region.name
    squashed = "".join(text.split()).lower()
    if zone := re.fullmatch(r"zone([1-9])", squashed):
        return f"zone {zone[1]}"
    return "global" if squashed == "global" else ""


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
