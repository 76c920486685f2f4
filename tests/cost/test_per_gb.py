"""What each GB of a packet's flow costs, before there is a log."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from simulator.cost.per_gb import cost_per_gb
from simulator.cost.price_sheet import load_prices
from simulator.walk.questions import Question
from tests.cost.every_way import WAYS, network
from tests.cost.pages import item, page, save
from tests.cost.test_bill import two

PEERING = Decimal("0.01")


def question(source: str, destination: str, held: object = None) -> Question:
    from simulator.walk.explain import explain

    return explain(held or network(), source, destination).question  # type: ignore[arg-type]


def test_each_charge_in_the_order_of_travel() -> None:
    found = cost_per_gb(network(), question("vm-a", "vm-b:443"))
    assert [(held.is_return, held.why, held.price) for held in found[:5]] == [
        (False, "peering, out of vnet-a", PEERING),
        (False, "peering, into vnet-hub", PEERING),
        (False, "processed by fw", Decimal("0.016")),
        (False, "peering, out of vnet-hub", PEERING),
        (False, "peering, into vnet-b", PEERING),
    ]
    assert [held.is_return for held in found] == [False] * 5 + [True] * 5
    assert {held.region for held in found} == {"westeurope"}
    assert found[2].meter == "Standard Data Processed"


def test_the_first_band_that_costs_anything() -> None:
    """The 100 GB of each month that are free say nothing of a GB more."""
    [found] = cost_per_gb(network(), question("vm-public", "198.51.100.77:443"))[:1]
    assert (found.why, found.price, found.certainty) == ("Internet egress of westeurope", Decimal("0.087"), "sure")


def test_what_is_free_costs_nothing_and_has_no_meter() -> None:
    there, back = cost_per_gb(network(), question("vm-web", "vm-sql:1433"))
    assert (there.price, there.meter, there.why) == (0, "", "within vnet-edge")
    assert back.is_return


def test_what_does_not_arrive_has_no_costs() -> None:
    assert cost_per_gb(network(), question("vm-peer", "vm-sql:22")) == ()


def test_every_way_that_is_charged_has_a_price() -> None:
    for way in WAYS:
        if way.kind == "charged":
            held = cost_per_gb(network(), question(way.source, way.destination))
            assert any(one.price for one in held), way
            assert all(one.price is not None for one in held), way


@pytest.mark.parametrize(("region", "known"), [("northeurope", True), ("saudiarabiaeast", False), ("atlantis", False)])
def test_what_nobody_knows_has_no_price(region: str, known: bool) -> None:
    held = two("westeurope", region)
    prices = [one.price for one in cost_per_gb(held, question("vm-a", "vm-b:443", held))]
    assert (None not in prices) == known


def test_prices_of_ones_own(tmp_path: Path) -> None:
    [path] = save(tmp_path, {"e.json": page([item(price=0.0875, currencyCode="EUR")], BillingCurrency="EUR")})
    found = cost_per_gb(network(), question("vm-public", "198.51.100.77:443"), load_prices([path]))
    assert found[0].price == Decimal("0.0875")
    assert cost_per_gb(network(), question("vm-peer", "vm-sql:1433"), load_prices([path]))[0].price is None
