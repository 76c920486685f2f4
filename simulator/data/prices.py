"""The price rows that the product ships, ``prices.json``: compact, dated, each with its source and how sure it is.

Written by hand from readings of the Azure Retail Prices API and of third parties; `simulator.cost.price_sheet` makes
meters of them.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct


class PriceRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One meter. `scope` is what shares it; `at` are the regions it is for, where it is not for the whole scope.

    `tiers` are (from how many GB of the month, price of a GB beyond that).
    """

    key: str
    scope: str
    tiers: tuple[tuple[Decimal, Decimal], ...]
    date: str
    source: str
    certainty: Literal["sure", "unsure"]
    meter_id: str = ""
    at: tuple[str, ...] = ()
    note: str = ""


class PriceFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file: `sources` gives each short name of a source its full one."""

    about: str
    currency: str
    sources: dict[str, str]
    meters: tuple[PriceRow, ...]


@cache
def price_file() -> PriceFile:
    """The shipped rows."""
    return msgspec.json.decode(Path(__file__).with_name("prices.json").read_bytes(), type=PriceFile)
