"""The bands of a meter: amounts to the cent by hand, and the laws that no division of the month may break."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cost.price_sheet import Meter, PriceSheet, Tier, first_paid_price, marginal_price, tier_amount


def meter(*tiers: tuple[str, str]) -> Meter:
    bands = tuple(Tier(Decimal(from_gb), Decimal(price)) for from_gb, price in tiers)
    return Meter("internet_egress", "", "n", "p", "zone 1", bands, "2026-09", "by hand", "sure")


ZONE_1 = PriceSheet.default().meter("internet_egress", "westeurope")


# Zone 1: 100 GB free, then 10,235 GB at 0.087, 40,960 at 0.083, 102,400 at 0.07, and 0.05 beyond.
@pytest.mark.parametrize(
    ("gb", "amount"),
    [
        ("0", "0"),
        ("99.5", "0"),
        ("100", "0"),
        ("101", "0.087"),
        ("10335", "890.445"),  # 10235 × 0.087
        ("10336", "890.528"),
        ("51295", "4290.125"),  # + 40960 × 0.083 = 3399.68
        ("153695", "11458.125"),  # + 102400 × 0.07 = 7168
        ("153697", "11458.225"),
        ("512095", "29378.125"),  # + 358400 × 0.05 = 17920
        ("600000", "33773.375"),  # + 87905 × 0.05 = 4395.25
    ],
)
def test_the_month_of_zone_1(gb: str, amount: str) -> None:
    assert tier_amount(ZONE_1, Decimal(gb)) == Decimal(amount)


@pytest.mark.parametrize(
    ("after", "gb", "amount"),
    [("0", "200", "8.7"), ("50", "100", "4.35"), ("10235", "200", "17.0"), ("153694", "2", "0.12"), ("100", "0", "0")],
)
def test_usage_goes_on_where_the_month_stands(after: str, gb: str, amount: str) -> None:
    assert tier_amount(ZONE_1, Decimal(gb), Decimal(after)) == Decimal(amount)


@pytest.mark.parametrize(
    ("at", "price"),
    [
        *(("0", "0"), ("99.999", "0"), ("100", "0.087"), ("10334", "0.087"), ("10335", "0.083")),
        *(("51295", "0.07"), ("153695", "0.05"), ("512095", "0.05"), ("1e9", "0.05")),
    ],
)
def test_the_next_gigabyte(at: str, price: str) -> None:
    assert marginal_price(ZONE_1, Decimal(at)) == Decimal(price)


def test_the_first_price_that_is_paid() -> None:
    assert first_paid_price(ZONE_1) == Decimal("0.087")
    assert first_paid_price(meter(("0", "0.045"))) == Decimal("0.045")
    assert first_paid_price(meter(("0", "0"))) == 0


def test_a_gigabyte_of_bytes_is_never_rounded() -> None:
    gb = Decimal("8589934591.99999999906867742538452148437500")  # 2**63 - 1 bytes
    amount = tier_amount(meter(("0", "0.0123456789")), gb)
    assert Fraction(amount) == Fraction(Decimal("0.0123456789")) * Fraction(gb)


@pytest.mark.parametrize(("gb", "after"), [("-1", "0"), ("1", "-1")])
def test_there_is_no_negative_usage(gb: str, after: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        tier_amount(ZONE_1, Decimal(gb), Decimal(after))


QUANTITIES = st.decimals(0, 10**7, places=6) | st.sampled_from(
    [Decimal(edge) for edge in (100, 10335, 51295, 153695, 512095)]
)
PRICES = st.decimals(0, 10, places=6)


@st.composite
def meters(draw: st.DrawFn) -> Meter:
    edges = draw(st.lists(QUANTITIES.filter(bool), unique=True, max_size=6).map(sorted))
    return meter(*((str(edge), str(draw(PRICES))) for edge in [Decimal(0), *edges]))


@given(meters(), st.lists(QUANTITIES, max_size=5), QUANTITIES)
def test_consecutive_quantities_add_up(held: Meter, parts: list[Decimal], after: Decimal) -> None:
    counted, amount = after, Decimal(0)
    for part in parts:
        amount += tier_amount(held, part, counted)
        counted += part
    assert amount == tier_amount(held, counted - after, after)


@given(meters(), QUANTITIES, QUANTITIES, QUANTITIES)
def test_more_never_costs_less(held: Meter, gb: Decimal, more: Decimal, after: Decimal) -> None:
    assert 0 <= tier_amount(held, gb, after) <= tier_amount(held, gb + more, after)


@given(meters(), QUANTITIES, st.decimals("0.000001", 1, places=6))
def test_a_sliver_within_a_band_costs_the_marginal_price(held: Meter, at: Decimal, sliver: Decimal) -> None:
    ends = [tier.from_gb for tier in held.tiers if tier.from_gb > at]
    if not ends or at + sliver <= ends[0]:
        assert tier_amount(held, sliver, at) == sliver * marginal_price(held, at)
