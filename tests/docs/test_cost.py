"""docs/concepts/cost.md has every meter with the price that ships, every assumption, and every reason to leave out."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from simulator.cost.left_out import WHY_NOT
from simulator.cost.meters import MeterKey, first_paid_price
from simulator.cost.price_sheet import PriceSheet
from simulator.data.assumptions import ASSUMPTIONS
from simulator.errors import PriceError

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "concepts" / "cost.md").read_text()
#: Where the table gives a price of.
PLACES = ("westeurope", "northeurope", "1")


def rows() -> list[list[str]]:
    """The cells of the table of legs."""
    table = PAGE.partition("## What a leg is charged")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def keys(text: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", text)


def test_every_leg_has_bytes_a_price_and_what_it_rests_on() -> None:
    for _, counted, meter, price, source in rows():
        assert counted and meter and price
        assert source or price == "free"
        assert (meter == "none") == (price == "free")


def test_every_price_is_the_one_that_ships() -> None:
    sheet = PriceSheet.default()
    for row in rows():
        for key in keys(row[2]):
            shipped = set()
            for place in PLACES:
                try:
                    shipped.add(first_paid_price(sheet.meter(cast("MeterKey", key), place)))
                except PriceError:
                    continue
            assert Decimal(row[3].partition(" ")[0]) in shipped, row


def test_every_meter_is_told_with_its_legs_or_among_what_is_not_walked() -> None:
    charged = {key for row in rows() for key in keys(row[2])}
    waiting = set(keys(PAGE.partition("## What is not in the bill")[2]))
    assert charged | waiting == set(get_args(MeterKey))
    assert not charged & waiting


def test_every_assumption_is_told_with_its_default() -> None:
    told = dict(re.findall(r"^\| `([a-z_]+)` \| (true|false) \|", PAGE, re.MULTILINE))
    assert told == {key: str(held.default).lower() for key, held in ASSUMPTIONS.items() if held.about == "bills"}


def test_every_reason_to_leave_a_conversation_out_is_told() -> None:
    for why in WHY_NOT.values():
        words = why.split(" that ")[0].split(" behind ")[0]
        assert words in PAGE, why
    assert "counters that reach back before the log" in PAGE and "not decided" in PAGE and "*not known*" in PAGE
