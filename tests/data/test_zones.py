"""Three maps of zones, which disagree; a region that none of them knows is never guessed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.data import regions, zones

CONTINENTS = {"africa", "asia", "europe", "middle east and africa", "north america", "oceania", "south america"}


def test_every_region_has_a_continent_or_belongs_to_another_cloud() -> None:
    for name in regions.names():
        assert (zones.continent(name) is None) == bool(zones.other_cloud(name)), name
        assert zones.continent(name) in {*CONTINENTS, None}


@pytest.mark.parametrize(
    ("region", "egress", "peering", "continent"),
    [
        ("westeurope", "zone 1", "zone 1", "europe"),
        ("East US 2", "zone 1", "zone 1", "north america"),
        ("japaneast", "zone 2", "zone 2", "asia"),
        ("brazilsouth", "zone 3", "zone 3", "south america"),
        ("southafricanorth", "zone 3", "zone 3", "middle east and africa"),
        # Where the maps part.
        ("qatarcentral", "zone 2", "zone 1", "middle east and africa"),
        ("jioindiawest", "zone 2", "zone 1", "asia"),
        ("australiacentral", "zone 2", "zone 1", "oceania"),
        ("australiacentral2", "zone 2", "zone 1", "oceania"),
        ("australiaeast", "zone 2", "zone 2", "oceania"),
        # Added since the older lists.
        ("mexicocentral", "zone 1", "zone 1", "north america"),
        ("israelcentral", "zone 1", "zone 1", "middle east and africa"),
        ("polandcentral", "zone 1", "zone 1", "europe"),
        ("newzealandnorth", "zone 2", "zone 2", "oceania"),
        # Their neighbours lie in several zones.
        ("saudiarabiaeast", None, None, "middle east and africa"),
        ("israelnorthwest", None, None, "middle east and africa"),
        # Other clouds, and no region at all.
        ("usgovvirginia", None, None, None),
        ("chinanorth3", None, None, None),
        ("germanycentral", None, None, None),
        ("atlantis", None, None, None),
        ("", None, None, None),
    ],
)
def test_the_zones_of_a_region(region: str, egress: str | None, peering: str | None, continent: str | None) -> None:
    found = [zones.egress_zone(region), zones.peering_zone(region)]
    assert [zone and zone.name for zone in found] == [egress, peering]
    assert zones.continent(region) == continent


def test_the_clouds_of_other_prices() -> None:
    found = [zones.other_cloud(name) for name in ("usdodeast", "chinaeast2", "germanynortheast", "westeurope", "mars")]
    assert found == ["us government", "china", "germany", "", ""]


@pytest.mark.parametrize(
    ("region", "doubt", "is_borrowed"),
    [
        ("westeurope", "", False),
        ("mexicocentral", "", False),
        ("polandcentral", "no meter", False),
        ("israelcentral", "zone 3", False),
        ("austriaeast", "a meter of its own", True),
        ("brazilsoutheast", "a meter of its own", True),
    ],
)
def test_what_is_not_sure_of_an_egress_zone_says_why(region: str, doubt: str, is_borrowed: bool) -> None:
    zone = zones.egress_zone(region)
    assert zone is not None and zone.is_borrowed == is_borrowed
    assert doubt in zone.doubt and bool(doubt) == bool(zone.doubt)


def test_the_zones_are_those_that_were_read(shared: Path) -> None:
    rows = csv.DictReader((shared / "data" / "prices" / "egress_zones.csv").read_text().splitlines())
    read = [row for row in rows if regions.find(row["arm_region"])]
    assert len(read) > 50
    for row in read:
        egress, peering = zones.egress_zone(row["arm_region"]), zones.peering_zone(row["arm_region"])
        if row["internet_egress_zone_api_2026_09_24"]:
            assert egress and egress.name == f"zone {row['internet_egress_zone_api_2026_09_24']}", row
        if row["vnet_peering_zone_infracost"]:
            assert peering and peering.name == row["vnet_peering_zone_infracost"].lower(), row


@pytest.mark.parametrize(
    ("location", "zone"),
    [
        ("Amsterdam", "1"),
        ("amsterdam2", "1"),
        ("Amsterdam Metro", "1"),
        ("Canberra", "1"),
        ("Sydney", "2"),
        ("Auckland", "2"),
        ("Tel Aviv2", "2"),
        ("Sao Paulo", "3"),
        ("Doha", "3"),
        ("Queretaro(Mexico)", "4"),
        ("Newport (Wales)", "1"),
        ("Beijing", None),
        ("Metro", None),
        ("westeurope", None),
        ("", None),
    ],
)
def test_an_expressroute_circuit_is_charged_where_it_peers(location: str, zone: str | None) -> None:
    assert zones.expressroute_zone(location) == zone
