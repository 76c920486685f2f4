"""Azure regions under every name that Azure's own files give them.

ARM writes ``francecentral``, portals and templates ``France Central``, the service tag file ``centralfrance``.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: Where the names come from; the file itself says which row comes from where.
SOURCE = "FinOps toolkit open data, Regions.csv, and the region names of ServiceTags_Public.json"
DATE = "2026-05"


class Region(NamedTuple):
    """One region. `service_tag_name` is what the service tag file calls it, most often the ARM name as well."""

    name: str
    display_name: str
    service_tag_name: str


def find(text: str) -> Region | None:
    """The region that is called `text` in any of its spellings and any case, or None when no file knows it."""
    return _regions().get(_squash(text))


def names() -> tuple[str, ...]:
    """The ARM names of all regions, sorted."""
    return tuple(sorted({region.name for region in _regions().values()}))


def _squash(text: str) -> str:
    return text.replace(" ", "").lower()


@cache
def _regions() -> dict[str, Region]:
    lines = Path(__file__).with_name("regions.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    regions = [Region(row["name"], row["display_name"], row["service_tag_name"] or row["name"]) for row in rows]
    return {_squash(spelling): region for region in regions for spelling in region}
