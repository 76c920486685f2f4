"""Amounts, rates and GB as reports print them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT, _SHARE_OF_A_CENT = Decimal("0.01"), Decimal("0.0001")


def money(amount: Decimal, currency: str) -> str:
    """``12.34 USD``; of less than a cent enough digits to tell."""
    if not amount or abs(amount) >= _CENT:
        return f"{_rounded(amount, _CENT):,.2f} {currency}"
    if abs(amount) >= _SHARE_OF_A_CENT:
        return f"{_rounded(amount, _SHARE_OF_A_CENT):.4f} {currency}"
    return f"{'-' if amount < 0 else ''}less than {_SHARE_OF_A_CENT} {currency}"


def _rounded(amount: Decimal, step: Decimal) -> Decimal:
    """Half of it goes up, as merchants round."""
    return amount.quantize(step, ROUND_HALF_UP)


def signed(amount: Decimal, currency: str) -> str:
    """The amount with its sign, ``±0`` where nothing changes."""
    if not amount:
        return f"±0.00 {currency}"
    return f"{'+' if amount > 0 else '-'}{money(abs(amount), currency)}"


def price_text(price: Decimal) -> str:
    """A price of a GB with all the digits that prices have, and no fewer than three: ``0.035``, ``0.0875``."""
    return f"{price:.3f}" if price == round(price, 3) else f"{round(price, 6).normalize():f}"


def factor_text(factor: Decimal) -> str:
    """``730``, ``43,800``, ``1.014``."""
    return f"{factor:,.0f}" if factor >= 1000 else f"{factor:.4g}"


def number(amount: Decimal) -> float:
    """For programs."""
    return float(amount)


def gb_cell(value: Decimal) -> float:
    return float(round(value, 3 if abs(value) >= Decimal("0.01") else 6))


def rate_cell(value: Decimal) -> float:
    return float(round(value, 5))


def amount_cell(value: Decimal) -> float:
    return float(_rounded(value, _CENT if abs(value) >= 1 else _SHARE_OF_A_CENT))
