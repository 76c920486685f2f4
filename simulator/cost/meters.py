"""What Azure counts and what it takes for it: a meter with its bands of price, and the arithmetic of bands."""

from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from typing import Literal

from msgspec import Struct

#: What traffic can be charged for. Of Azure Firewall, ``_hub`` is the meter of a secured virtual hub.
MeterKey = Literal[
    "internet_egress",
    "internet_egress_isp",
    "inter_region",
    "inter_continent",
    "inter_zone_out",
    "inter_zone_in",
    "peering_out",
    "peering_in",
    "global_peering_out",
    "global_peering_in",
    "vpn_inter_vnet",
    "expressroute_out",
    "nat_gateway",
    "firewall_basic",
    "firewall_standard",
    "firewall_premium",
    "firewall_basic_hub",
    "firewall_standard_hub",
    "firewall_premium_hub",
    "load_balancer",
    "private_endpoint_out",
    "private_endpoint_in",
    "virtual_hub",
]
Certainty = Literal["sure", "unsure"]

#: Wide enough that no product of a price and of bytes over a divisor is ever rounded.
_EXACT = Context(prec=200)


class Tier(Struct, frozen=True):
    """One band of a meter: what each GB beyond `from_gb` of the month costs, until the next band begins."""

    from_gb: Decimal
    price: Decimal


class Meter(Struct, frozen=True):
    """One meter of one price sheet.

    `name` and `product` are Azure's meterName and productName; `scope` is what its price is for: a region, ``zone 1``,
    a continent or ``global``. `tiers` ascend, and the first begins at 0. `date` is when the price was read, or of a
    saved page since when it is in force.
    """

    key: MeterKey
    meter_id: str
    name: str
    product: str
    scope: str
    tiers: tuple[Tier, ...]
    date: str
    source: str
    certainty: Certainty
    note: str = ""

    @property
    def title(self) -> str:
        """The name, with the product where that does not say it: ``Standard Data Processed (Azure Firewall)``."""
        is_said = self.product.split(" ", 1)[0] in self.name
        return f"{self.name} ({self.product})" if self.product and not is_said else self.name

    @property
    def pool(self) -> str:
        """Usage of equal pool counts together: one meter serves many regions, and its bands fill from all of them."""
        return self.meter_id or f"{self.key} {self.scope}"


def tier_amount(meter: Meter, gb: Decimal, after: Decimal = Decimal(0)) -> Decimal:
    """What `gb` GB cost, exactly, when `after` GB of the month are counted already.

    Each GB costs the price of its own band, so the amounts of consecutive quantities add up. Raises ValueError for a
    negative quantity.
    """
    if gb < 0 or after < 0:
        raise ValueError(f"no quantity: {gb} GB after {after} GB")
    with localcontext(_EXACT):
        return _up_to(meter, after + gb) - _up_to(meter, after)


def marginal_price(meter: Meter, at_gb: Decimal) -> Decimal:
    """What the next GB costs when `at_gb` GB of the month are counted already."""
    return next(tier.price for tier in reversed(meter.tiers) if tier.from_gb <= at_gb)


def first_paid_price(meter: Meter) -> Decimal:
    """The price of the first band that costs anything; 0 where none does."""
    return next((tier.price for tier in meter.tiers if tier.price), Decimal(0))


def bands_of(meter: Meter, gb: Decimal) -> tuple[tuple[Decimal, Decimal], ...]:
    """(GB, price) of each band that `gb` GB of a month reach into; bands of one price in a row are one."""
    found: list[tuple[Decimal, Decimal]] = []
    for size, price in _parts(meter, gb):
        if found and found[-1][1] == price:
            size += found.pop()[0]
        found.append((size, price))
    return tuple(found)


def _up_to(meter: Meter, gb: Decimal) -> Decimal:
    return sum((price * size for size, price in _parts(meter, gb)), Decimal(0))


def _parts(meter: Meter, gb: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    ends = [tier.from_gb for tier in meter.tiers[1:]] + [gb]
    for tier, end in zip(meter.tiers, ends, strict=True):
        if tier.from_gb < gb:
            yield min(end, gb) - tier.from_gb, tier.price
