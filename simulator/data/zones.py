"""The zones and continents by which Azure prices traffic: three maps of zones that do not agree with each other.

Internet egress is priced by the zone of the region's bandwidth meter, global peering (and VPN between virtual networks)
by the zone of the virtual network pricing page, ExpressRoute by the peering location: Qatar Central lies in zone 2, in
zone 1, and at Doha in zone 3. ``zones.csv`` and ``expressroute_zones.csv`` say where each row comes from.

Learn: azure/expressroute/expressroute-locations-providers
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from simulator.data import regions

SOURCE = "Azure Retail Prices API by meter id, Microsoft's pricing pages, Microsoft Learn"
DATE = "2026-09-24"

#: What to say of a zone, by how the egress and the peering map know it; api, and page of peering, leave no doubt.
_EGRESS_DOUBTS = {
    "page": "the price API had no meter for this region on 2026-09-24; Microsoft's bandwidth page puts it in this zone",
    "disputed": "the price API puts this region in this zone, Microsoft's bandwidth page in zone 3",
    "neighbours": "no source has the price of this region, which has a meter of its own; its neighbours' is taken",
}
_PEERING_DOUBTS = {"neighbours": "no source names the zone of this region; its neighbours' is taken"}


class Zone(NamedTuple):
    """``zone 1``…, and why it may be another. `is_borrowed`: the price is like the zone's, the meter is another one."""

    name: str
    doubt: str = ""
    is_borrowed: bool = False


def egress_zone(region: str) -> Zone | None:
    """The zone of a region's internet egress; None where no source gives a hint."""
    return _zone(region, "egress", _EGRESS_DOUBTS)


def peering_zone(region: str) -> Zone | None:
    """The zone of a region in global peering and in VPN between virtual networks; None where no source gives a hint."""
    return _zone(region, "peering", _PEERING_DOUBTS)


def continent(region: str) -> str | None:
    """``europe``, ``middle east and africa``…; None for a region of another cloud, or one that nobody knows."""
    return _of_region(region).get("continent", "").lower() or None


def other_cloud(region: str) -> str:
    """``us government``, ``china`` or ``germany``, whose prices are not those of global Azure; else nothing."""
    return _of_region(region).get("cloud", "")


def expressroute_zone(peering_location: str) -> str | None:
    """The zone, ``"1"`` to ``"4"``, in which a circuit of a peering location is charged; None for an unknown location.

    Case and spaces do not matter. A metro location (``Amsterdam Metro``) has the zone of its city.
    """
    name = _squash(peering_location)
    return _expressroute_zones().get(name) or _expressroute_zones().get(name.removesuffix("metro"))


def _zone(region: str, which: str, doubts: dict[str, str]) -> Zone | None:
    row = _of_region(region)
    if not row.get(f"{which}_zone"):
        return None
    known_by = row[f"{which}_by"]
    is_borrowed = which == "egress" and known_by == "neighbours"
    return Zone(f"zone {row[f'{which}_zone']}", doubts.get(known_by, ""), is_borrowed)


def _of_region(text: str) -> dict[str, str]:
    region = regions.find(text)
    return _rows_by_region()[region.name] if region else {}


def _squash(text: str) -> str:
    return "".join(text.split()).lower()


@cache
def _rows_by_region() -> dict[str, dict[str, str]]:
    return {row["region"]: row for row in _rows("zones.csv")}


@cache
def _expressroute_zones() -> dict[str, str]:
    return {_squash(row["location"]): row["zone"] for row in _rows("expressroute_zones.csv")}


def _rows(name: str) -> Iterator[dict[str, str]]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return csv.DictReader(line for line in lines if not line.startswith("#"))
