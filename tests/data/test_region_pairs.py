"""Region pairs are of known regions, and mutual but for the few that are not."""

from __future__ import annotations

import pytest

from simulator.data import regions
from simulator.data.region_pairs import paired_region


def test_pairs_are_regions_and_mostly_mutual() -> None:
    paired = {name: paired_region(name) for name in regions.names()}
    known = {name: pair for name, pair in paired.items() if pair is not None}
    assert set(known.values()) <= set(regions.names())
    assert {name for name, pair in known.items() if known.get(pair) != name} == {"brazilsouth", "westindia", "westus3"}


@pytest.mark.parametrize(
    ("region", "pair"),
    [("West Europe", "northeurope"), ("NORTHEUROPE", "westeurope"), ("qatarcentral", None), ("atlantis", None)],
)
def test_a_region_is_found_in_any_spelling(region: str, pair: str | None) -> None:
    assert paired_region(region) == pair
