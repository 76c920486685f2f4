"""A price sheet: which meter, at which price, counts the traffic of a region.

A region's own row is taken first, then that of its zone or continent, then the one for all regions. Which zone, is
told by three maps (`simulator.data.zones`). Codes: VNS7010 the sheet has no price of it; VNS7011 nobody says how this
region is priced.

Learn: rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from simulator.cost.meter_names import name_of, query
from simulator.cost.meters import Meter, MeterKey, Tier, first_paid_price, marginal_price, tier_amount
from simulator.cost.page_meters import Place, lay_over, page_meters
from simulator.cost.price_pages import read_price_pages
from simulator.data import regions, zones
from simulator.data.prices import PriceRow, price_file
from simulator.errors import PriceError

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

#: Keys whose price, where the region has no row of its own, is that of a zone or of the continent of the region.
_BY_EGRESS_ZONE = frozenset({"internet_egress", "internet_egress_isp"})
_BY_PEERING_ZONE = frozenset({"global_peering_out", "global_peering_in", "vpn_inter_vnet"})
_BY_CONTINENT = frozenset({"inter_region", "inter_continent"})


class PriceSheet(Struct, frozen=True):
    """Meters of one currency, by what they count and what they are for.

    `date` is the newest date among its meters. `notes` say what a reader should know of the pages that were read, and
    `ignored` counts their rows for which the product has no use.
    """

    currency: str
    date: str
    meters: Mapping[Place, Meter]
    notes: tuple[str, ...] = ()
    ignored: int = 0

    def meter(self, key: MeterKey, region: str) -> Meter:
        """The meter of traffic that is charged in `region` (ARM name; of ``expressroute_out`` the zone, ``"1"``…).

        Where the place of the price is a guess, the meter is ``unsure`` and its note says why. Raises PriceError
        VNS7010 (no price in this sheet) and VNS7011 (nobody says how this region is priced).
        """
        for place, doubt, is_borrowed in _places(key, region):
            if held := self.meters.get((key, place)):
                return _doubted(held, region, doubt, is_borrowed)
        raise _no_price(self, key, region)

    @property
    def is_shipped(self) -> bool:
        """Whether this is `default`, of which it is known that it has gaps: they are told, and are no errors."""
        return self is _shipped()

    @classmethod
    def default(cls) -> PriceSheet:
        """The dated sheet that the product ships, in USD."""
        return _shipped()


def load_prices(paths: Sequence[str | Path], over: PriceSheet | None = None) -> PriceSheet:
    """Saved pages of the Azure Retail Prices API as a sheet, laid over `over`, or over the shipped sheet.

    Parameters
    ----------
    paths : files, or folders of files, each one answer of the API as it came (JSON, also gzip): every page of every
        query, in any order.
    over : the sheet that answers for what no page prices. Where its currency is another one it only tells which regions
        share a meter: amounts of two currencies are never added.

    Raises
    ------
    PriceError : VNS7001 to VNS7006; no sheet is made of pages of which a part is wrong.

    Learn: rest/api/cost-management/retail-prices/azure-retail-prices
    """
    older = over or PriceSheet.default()
    pages = read_price_pages(paths)
    found, notes = page_meters(pages.rows, older.meters)
    is_same_currency = pages.currency == older.currency
    meters = lay_over(older.meters, found, keep=is_same_currency)
    return PriceSheet(
        currency=pages.currency,
        date=_newest(meters),
        meters=meters,
        notes=tuple(dict.fromkeys((*(older.notes if is_same_currency else ()), *pages.notes, *notes))),
        ignored=pages.ignored,
    )


def _places(key: MeterKey, region: str) -> Iterator[tuple[str, str, bool]]:
    """Where to look for the price, in order: the place, the doubt about it, and whether only its price is borrowed."""
    if key == "expressroute_out":
        yield f"zone {region.lower().removeprefix('zone').strip()}", "", False
        return
    yield _name(region), "", False
    if zones.other_cloud(region):
        return
    if key in _BY_EGRESS_ZONE and (zone := zones.egress_zone(region)):
        yield zone
    if key in _BY_PEERING_ZONE and (zone := zones.peering_zone(region)):
        yield zone
    if key in _BY_CONTINENT and (continent := zones.continent(region)):
        yield continent, "", False
    yield "global", "", False


def _doubted(meter: Meter, region: str, doubt: str, is_borrowed: bool) -> Meter:
    """`meter` as it holds for `region`. A borrowed price is of a meter of its own, so nobody else's usage fills it."""
    if not doubt:
        return meter
    note = "; ".join(text for text in (meter.note, doubt) if text)
    doubted = replace(meter, certainty="unsure", note=note)
    return replace(doubted, meter_id="", scope=_name(region)) if is_borrowed else doubted


def _no_price(sheet: PriceSheet, key: MeterKey, region: str) -> PriceError:
    what, place = name_of(key), _name(region)
    if key == "expressroute_out":
        place = next(_places(key, region))[0]
    hint = f"save every page of {query(key, place, sheet.currency)} and give the files as prices"
    if cloud := zones.other_cloud(region):
        message = f"no price of {what} in {place}: it is a region of the {cloud} cloud"
        hint = f"prices are those of global Azure; give saved price pages that have rows of {place}"
    elif key != "expressroute_out" and regions.find(region) is None:
        message = f"no price of {what} in {place!a}: no region of that name is known"
        hint = "give the ARM name of a region, such as westeurope, or saved price pages that have rows of this one"
    elif key in _BY_EGRESS_ZONE | _BY_PEERING_ZONE and len(list(_places(key, region))) < 3:
        message = f"no price of {what} in {place}: no source says in which zone it is priced"
    else:
        message = f"no price of {what} in {place} in {sheet.currency}"
        return PriceError(message, code="VNS7010", hint=hint)
    return PriceError(message, code="VNS7011", hint=hint)


def _name(region: str) -> str:
    known = regions.find(region)
    return known.name if known else " ".join(region.lower().split())


def _newest(meters: Mapping[Place, Meter]) -> str:
    return max((meter.date for meter in meters.values()), default="")


@cache
def _shipped() -> PriceSheet:
    file = price_file()
    meters = {
        (meter.key, place): meter
        for row in file.meters
        for meter in [_shipped_meter(row, file.sources)]
        for place in row.at or (row.scope,)
    }
    return PriceSheet(currency=file.currency, date=_newest(meters), meters=meters)


def _shipped_meter(row: PriceRow, sources: Mapping[str, str]) -> Meter:
    key = cast("MeterKey", row.key)
    return Meter(
        key=key,
        meter_id=row.meter_id,
        name=name_of(key).name,
        product=name_of(key).product or name_of(key).service,
        scope=row.scope,
        tiers=tuple(Tier(from_gb, price) for from_gb, price in row.tiers),
        date=row.date,
        source=sources[row.source],
        certainty=row.certainty,
        note=row.note,
    )
