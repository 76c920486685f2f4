"""Makes meters of the rows of saved price pages: one price for each band, every band there, nothing contradictory.

What wins where rows contend: in one place the row with the later effectiveStartDate, whatever the day (a note says so);
of equal dates the primary one, since Azure charges by the primary meter; then nothing, which is an error. Codes:
VNS7005 rows that contradict each other; VNS7006 a band that is missing.

Learn: rest/api/cost-management/retail-prices/azure-retail-prices#api-property-details
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from simulator.cost.meter_names import METER_NAMES
from simulator.cost.meters import Meter, MeterKey, Tier
from simulator.cost.price_pages import PriceRow
from simulator.errors import PriceError

Place = tuple[MeterKey, str]
#: The rows of one meter in one place that count, one a band, ascending.
_Bands = list[PriceRow]

_HINT_TIERS = "save all pages of the answer, following NextPageLink to its end, and give them together"
_HINT_ONCE = "give pages that were saved at one time, each once"


def page_meters(rows: Iterable[PriceRow], older: Mapping[Place, Meter]) -> tuple[dict[Place, Meter], list[str]]:
    """The meter of each key and place, and what a reader should know of the choice.

    `older` is what another sheet knows: a page of the same price list that lacks one of its bands has lost it. Raises
    PriceError VNS7005, VNS7006.
    """
    notes: list[str] = []
    grouped: defaultdict[tuple[MeterKey, str], defaultdict[str, list[PriceRow]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        grouped[row.meter.key, row.meter_id][row.place].append(row)
    candidates: defaultdict[Place, list[_Bands]] = defaultdict(list)
    for (key, meter_id), by_place in sorted(grouped.items()):
        agreed = _agreed([_bands(by_place[place], notes) for place in sorted(by_place)])
        known = [meter for meter in older.values() if meter.key == key and meter.meter_id == meter_id]
        known += [older[key, place] for place in by_place if (key, place) in older and not older[key, place].meter_id]
        _check_whole(agreed, known)
        for place in by_place:
            candidates[key, place].append(agreed)
    return {place: _meter(_chosen(meters, notes), place) for place, meters in candidates.items()}, notes


def _bands(rows: Sequence[PriceRow], notes: list[str]) -> _Bands:
    """Of the rows of one meter in one place the one that counts in each band."""
    by_edge: defaultdict[Decimal, list[PriceRow]] = defaultdict(list)
    for row in rows:
        by_edge[row.from_gb].append(row)
    return [_one(by_edge[edge], notes) for edge in sorted(by_edge)]


def _one(rows: Sequence[PriceRow], notes: list[str]) -> PriceRow:
    newest = [row for row in rows if row.since == max(row.since for row in rows)]
    if any(row.price != newest[0].price for row in newest):
        newest = [row for row in newest if row.is_primary] or newest
    first = min(newest, key=lambda row: (row.file, row.item))
    for row in rows:
        if row.price == first.price:
            continue
        if row.since == first.since and (row.is_primary or not first.is_primary):
            message = f"{_said(first)} costs {first.price} at {first.where} and {row.price} at {row.where}"
            raise PriceError(message, code="VNS7005", place=row.where, hint=_HINT_ONCE)
        notes.append(
            f"{_said(first)} costs {first.price} since {first.since}, {row.price} since {row.since} is left out"
        )
    return first


def _agreed(places: Sequence[_Bands]) -> _Bands:
    """The bands of one meter, which are the same wherever it counts; the primary ones where they differ."""
    distinct = {_prices(bands): bands for bands in reversed(places)}
    if len(distinct) > 1:
        primary = {prices: bands for prices, bands in distinct.items() if all(row.is_primary for row in bands)}
        distinct = primary if len(primary) == 1 else distinct
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    first, second = sorted(distinct.values(), key=lambda bands: -len(bands))[:2]
    theirs = {row.from_gb: row for row in second}
    for row in first:
        if row.from_gb not in theirs:
            raise _lost(second, row.from_gb, f"which {row.where} has")
    row = next(row for row in first if theirs[row.from_gb].price != row.price)
    other = theirs[row.from_gb]
    message = f"{_said(row)} costs {row.price} in {row.place} and {other.price} in {other.place}, and is one meter"
    raise PriceError(message, code="VNS7005", place=other.where, hint=_HINT_ONCE)


def _check_whole(bands: _Bands, known: Iterable[Meter]) -> None:
    """A meter begins at 0 GB, and has each band that an older sheet knows of the same price list.

    Rows in force since after that sheet was read are a new price list, which may have other bands.
    """
    first = bands[0]
    if first.from_gb:
        raise _lost(bands, Decimal(0), "where every meter begins")
    edges = {row.from_gb for row in bands}
    since = max(row.since for row in bands)
    for meter in known:
        missing = [edge for edge in _edges(meter) if edge not in edges]
        if missing and since <= meter.date:
            raise _lost(bands, missing[0], f"which it had on {meter.date}")


def _edges(meter: Meter) -> list[Decimal]:
    """Where the price changes."""
    pairs = zip(meter.tiers, meter.tiers[1:], strict=False)
    return [meter.tiers[0].from_gb, *(after.from_gb for before, after in pairs if after.price != before.price)]


def _chosen(meters: Sequence[_Bands], notes: list[str]) -> _Bands:
    """Of several meters that count the same in one place: the name of today, then the later start, then the primary."""

    def rank(bands: _Bands) -> tuple[int, str, bool]:
        newest = max(row.since for row in bands)
        return -METER_NAMES.index(bands[0].meter), newest, all(row.is_primary for row in bands)

    best = max(map(rank, meters))
    first = min((each for each in meters if rank(each) == best), key=lambda bands: bands[0].meter_id)
    for other in meters:
        if rank(other)[0] < best[0] or _prices(other) == _prices(first):
            continue
        if rank(other) == best:
            message = f"{_said(first[0])} has two meters with different prices, {first[0].where} and {other[0].where}"
            raise PriceError(message, code="VNS7005", place=other[0].where, hint=_HINT_ONCE)
        notes.append(f"{_said(first[0])} is charged by meter {first[0].meter_id}, not by {other[0].meter_id}")
    return first


def _meter(bands: _Bands, place: Place) -> Meter:
    first = bands[0]
    doubts = dict.fromkeys(row.doubt for row in bands if row.doubt)
    return Meter(
        key=place[0],
        meter_id=first.meter_id,
        name=first.name,
        product=first.product,
        scope=place[1],
        tiers=tuple(Tier(row.from_gb, row.price) for row in bands),
        date=max(row.since for row in bands),
        source=first.file,
        certainty="unsure" if doubts else "sure",
        note="; ".join(doubts),
    )


def lay_over(older: Mapping[Place, Meter], pages: Mapping[Place, Meter], *, keep: bool) -> dict[Place, Meter]:
    """`pages` over `older`. A meter has one price, so a page of one region renews all places that share its meter id.

    With `keep` false, because the currencies differ, what no page renews is left out.
    """
    by_id = {(meter.key, meter.meter_id): meter for meter in pages.values()}
    held = dict(older) if keep else {}
    for place, meter in older.items():
        if meter.meter_id and (renewed := by_id.get((meter.key, meter.meter_id))):
            held[place] = _renewed(meter, renewed, is_for_scope=place[1] == meter.scope)
    return {**held, **pages}


def _renewed(old: Meter, new: Meter, *, is_for_scope: bool) -> Meter:
    """`new` for the scope of `old`. A doubt about a single region is none about the price, and stays."""
    if is_for_scope or old.certainty == "sure":
        return replace(new, scope=old.scope)
    return replace(new, scope=old.scope, certainty="unsure", note=old.note)


def _prices(bands: _Bands) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((row.from_gb, row.price) for row in bands)


def _said(row: PriceRow) -> str:
    return f"{row.product} / {row.name} from {row.from_gb} GB in {row.place}"


def _lost(bands: _Bands, edge: Decimal, why: str) -> PriceError:
    row = bands[0]
    message = f"{row.product} / {row.name} in {row.place} has no band from {edge} GB, {why}"
    return PriceError(message, code="VNS7006", place=row.where, hint=_HINT_TIERS)
