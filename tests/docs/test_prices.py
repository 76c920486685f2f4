"""docs/concepts/prices.md tells every doubt about a shipped price with its date, and every service that is read."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.cost.meter_names import METER_NAMES
from simulator.data import regions, zones
from simulator.data.prices import price_file

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "concepts" / "prices.md").read_text()


def test_every_doubt_is_told_with_its_date() -> None:
    told = re.findall(r"^\| [^|]+ \| [^|]+ \| ([0-9-]+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert set(told) == {(row.date, row.note) for row in price_file().meters if row.certainty == "unsure"}


def test_every_service_is_told() -> None:
    told = {name for row in re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    assert told - {"serviceName"} == {each.service for each in METER_NAMES}


def test_the_regions_without_a_zone_are_told() -> None:
    lost = [name for name in regions.names() if zones.continent(name) and not zones.egress_zone(name)]
    assert lost == [name for name in lost if name in PAGE] != []
