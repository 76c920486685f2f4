"""A price sheet: which meter, at which price, counts the traffic of a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from simulator.cost.meters import Meter, MeterKey, Tier, first_paid_price, marginal_price, tier_amount

__all__ = (
    "Meter",
    "MeterKey",
    "PriceSheet",
    "Tier",
    "first_paid_price",
    "load_prices",
    "marginal_price",
    "tier_amount",
)


class PriceSheet(Struct, frozen=True):
    """Meters of one currency, by what they count and what they are for.

    `date` is the newest date among its meters. `notes` say what a reader should know of the pages that were read, and
    `ignored` counts their rows for which the product has no use.
    """

    currency: str
    date: str
    meters: Mapping[tuple[MeterKey, str], Meter]
    notes: tuple[str, ...] = ()
    ignored: int = 0

    def meter(self, key: MeterKey, region: str) -> Meter:
        """The meter of traffic that is charged in `region` (ARM name; of ``expressroute_out`` the zone, ``"1"``…).

        Raises PriceError VNS7010 when the sheet has none.
        """
        raise NotImplementedError

    @classmethod
    def default(cls) -> PriceSheet:
        """The dated sheet that the product ships, in USD."""
        raise NotImplementedError


def load_prices(paths: Sequence[str | Path], over: PriceSheet | None = None) -> PriceSheet:
    """Saved pages of the Azure Retail Prices API, laid over `over`, or over the shipped sheet."""
    raise NotImplementedError
