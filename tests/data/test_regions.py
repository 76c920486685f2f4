"""Regions are found under every name that Azure's files give them."""

from __future__ import annotations

import pytest

from simulator.data import regions


@pytest.mark.parametrize("text", ["francecentral", "France Central", "centralfrance", "FRANCECENTRAL"])
def test_every_spelling_is_one_region(text: str) -> None:
    assert regions.find(text) == regions.Region("francecentral", "France Central", "centralfrance")


@pytest.mark.parametrize("text", ["", "global", "nowhere", "name"])
def test_what_is_no_region_is_none(text: str) -> None:
    assert regions.find(text) is None


def test_no_two_regions_share_a_spelling() -> None:
    found = [regions.find(name) for name in regions.names()]
    spellings = [spelling.lower() for region in found if region for spelling in {region.name, region.service_tag_name}]
    assert len(spellings) == len(set(spellings))
    assert all(regions.find(region.display_name) == region for region in found if region)
