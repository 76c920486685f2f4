"""Reads saved pages of the Azure Retail Prices API: files into the rows that price traffic, each checked, none judged.

A page is `{BillingCurrency, Items, NextPageLink, Count}`, or the list of items alone, plain or gzip. Rows that price
anything else are counted and left out. Codes: VNS7001 it cannot be read; VNS7002 it is no page of prices; VNS7003 a row
without a value, or with one of the wrong kind; VNS7004 more than one currency.

Learn: rest/api/cost-management/retail-prices/azure-retail-prices#api-response-examples
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from simulator.cost.meter_names import API, MeterName, find_name, places_of
from simulator.errors import PriceError, SourceError
from simulator.sources.json_text import load_json
from simulator.sources.reading import json_files, read_text

#: A page has 1,000 items of 600 bytes; someone may have joined some hundred of them.
LARGEST_FILE = 64 << 20
#: No currency needs a larger number for a gigabyte, and no month a larger quantity.
LARGEST_PRICE = Decimal(10) ** 9
LARGEST_QUANTITY = Decimal(10) ** 15
MOST_DIGITS = 30
LONGEST_QUOTE = 80

#: GB in a unit of measure. The bands of private endpoints put a petabyte at 1,000,000 GB, so a terabyte is 1,000.
_GB_IN = {"gb": Decimal(1), "tb": Decimal(1000)}
_UNIT = re.compile(r"([1-9]\d{0,5}) ?(gb|tb)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])(T[0-9:.]{1,20}(Z|[+-]\d\d:\d\d)?)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_METER_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_REGION = re.compile(r"[\w .()-]{0,60}")
_SKIP = re.compile(r"[?&](?:\$|%24)skip=(\d{1,9})", re.IGNORECASE)

_HINT_PAGE = f"save the answer of {API} as it is, a file for each page"
_HINT_ROW = "save the page again: the API gives every row whole"


class PriceRow(Struct, frozen=True):
    """One band of one meter in one place, as a page has it. `from_gb` and `price` are per GB; `since` is a date."""

    meter: MeterName
    name: str
    product: str
    meter_id: str
    place: str
    from_gb: Decimal
    price: Decimal
    since: str
    is_primary: bool
    file: str
    item: int
    doubt: str = ""

    @property
    def where(self) -> str:
        return f"{self.file} Items[{self.item}]"


class PricePages(Struct, frozen=True):
    """The rows of all pages, their one currency, how many rows were left out, and what a reader should know."""

    currency: str
    rows: tuple[PriceRow, ...]
    ignored: int
    notes: tuple[str, ...]


class _Page(Struct, frozen=True):
    file: str
    items: list[Any]
    currency: str
    next_link: str
    count: int | None

    @property
    def services(self) -> frozenset[str]:
        return frozenset(str(item.get("serviceName")) for item in self.items if isinstance(item, dict))


def read_price_pages(paths: Sequence[str | Path]) -> PricePages:
    """The pages in files and in folders of JSON files.

    Raises PriceError VNS7001 to VNS7004: no part of a set of pages is taken when another part is wrong.
    """
    pages = [_page(file) for file in _files(paths)]
    currency = _currency(pages)
    rows: list[PriceRow] = []
    notes = [*_missing_pages(pages), *_short_pages(pages)]
    used = total = 0
    for page in pages:
        total += len(page.items)
        for number, item in enumerate(page.items):
            found = _rows(item, page.file, number, notes)
            used += bool(found)
            rows += found
    return PricePages(currency, tuple(rows), total - used, tuple(dict.fromkeys(notes)))


def _files(paths: Sequence[str | Path]) -> list[Path]:
    if not paths:
        raise PriceError("no page of prices is given", code="VNS7001", hint=_HINT_PAGE)
    return [file for path in paths for file in _files_at(Path(path))]


def _files_at(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        files, _ = json_files(path)
    except (OSError, ValueError, SourceError) as error:
        message = error.message if isinstance(error, SourceError) else "not a file name"
        raise PriceError(message, code="VNS7001", place=str(path), hint=_HINT_PAGE) from None
    if not files:
        raise PriceError("the folder holds no JSON file", code="VNS7001", place=str(path), hint=_HINT_PAGE)
    return files


def _page(path: Path) -> _Page:
    document = _document(path)
    file = str(path)
    if isinstance(document, list):
        return _Page(file, document, "", "", None)
    items = document.get("Items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise PriceError("no page of prices: it has no list Items", code="VNS7002", place=file, hint=_HINT_PAGE)
    link, count = document.get("NextPageLink"), document.get("Count")
    currency = document.get("BillingCurrency") or ""
    if not isinstance(currency, str) or not (link is None or isinstance(link, str)):
        message = "no page of prices: BillingCurrency and NextPageLink are no texts"
        raise PriceError(message, code="VNS7002", place=file, hint=_HINT_PAGE)
    is_count = isinstance(count, Decimal) and 0 <= count <= LARGEST_QUANTITY
    return _Page(file, items, currency.upper(), link or "", int(count) if is_count else None)


def _document(path: Path) -> Any:
    """The JSON of a file, numbers as they are written. The second reading is for exact numbers and doubled names."""
    try:
        text = read_text(path, limit=LARGEST_FILE)
        load_json(text, str(path))
    except SourceError as error:
        raise PriceError(error.message, code="VNS7001", place=error.place, hint=_HINT_PAGE) from None
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_once)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise PriceError(f"not JSON: {error}", code="VNS7001", place=str(path), hint=_HINT_PAGE) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object says {_quote(next(name for name in names if names.count(name) > 1))} twice")
    return held


def _currency(pages: Iterable[_Page]) -> str:
    """The one currency that pages and their items name."""
    said: dict[str, str] = {}
    for page in pages:
        if page.currency:
            said.setdefault(page.currency, page.file)
        for number, item in enumerate(page.items):
            currency = item.get("currencyCode") if isinstance(item, dict) else None
            if isinstance(currency, str) and currency:
                said.setdefault(currency.upper(), f"{page.file} Items[{number}]")
    if not said:
        message = "no page says its currency"
        raise PriceError(message, code="VNS7002", place=", ".join(page.file for page in pages), hint=_HINT_PAGE)
    for currency, place in said.items():
        if not _CURRENCY.fullmatch(currency):
            raise PriceError(f"no currency: {_quote(currency)}", code="VNS7002", place=place, hint=_HINT_PAGE)
    first, *others = said
    if others:
        message = f"prices in more than one currency: {first} and {others[0]}"
        hint = "ask for every page with the same currencyCode, and give the pages of one currency at a time"
        raise PriceError(message, code="VNS7004", place=said[others[0]], hint=hint)
    return first


def _rows(item: Any, file: str, number: int, notes: list[str]) -> list[PriceRow]:
    """The rows an item is: none where it prices no traffic of ours, several for a meter of several continents."""
    where = f"{file} Items[{number}]"
    if not isinstance(item, dict):
        raise PriceError("no row of prices: it is no object", code="VNS7003", place=where, hint=_HINT_ROW)
    service, product, name, kind = (
        _text(item, key, where) for key in ("serviceName", "productName", "meterName", "type")
    )
    meter = find_name(service, product, name)
    if meter is None or kind != "Consumption" or item.get("reservationTerm"):
        return []
    unit = _text(item, "unitOfMeasure", where)
    gb = _gb_in(unit)
    if gb is None:
        if "hour" not in unit.lower():
            notes.append(f"{_quote(name)} is left out: its unit is {_quote(unit)} ({where})")
        return []
    row = PriceRow(
        meter=meter,
        name=name,
        product=product,
        meter_id=_matched(item, "meterId", _METER_ID, "an id", where).lower(),
        place="",
        from_gb=_number(item, "tierMinimumUnits", where, LARGEST_QUANTITY) * gb,
        price=_number(item, "retailPrice" if "retailPrice" in item else "unitPrice", where, LARGEST_PRICE) / gb,
        since=_matched(item, "effectiveStartDate", _DATE, "a date", where)[:10],
        is_primary=item.get("isPrimaryMeterRegion") is True,
        file=file,
        item=number,
        doubt="" if unit.upper().endswith("GB") else f"priced per {unit}, with 1 TB taken as 1,000 GB",
    )
    region, location = (_region(item, key, where) for key in ("armRegionName", "location"))
    return [replace(row, place=place) for place in places_of(meter.key, name, region, location)]


def _gb_in(unit: str) -> Decimal | None:
    found = _UNIT.fullmatch(unit.strip())
    return Decimal(found[1]) * _GB_IN[found[2].lower()] if found else None


def _text(item: dict[str, Any], key: str, place: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        raise _wrong(item, key, "a text", place)
    return value


def _matched(item: dict[str, Any], key: str, pattern: re.Pattern[str], what: str, place: str) -> str:
    value = _text(item, key, place)
    if not pattern.fullmatch(value):
        raise _wrong(item, key, what, place)
    return value


def _region(item: dict[str, Any], key: str, place: str) -> str:
    return _matched(item, key, _REGION, "a region", place) if item.get(key) else ""


def _number(item: dict[str, Any], key: str, place: str, largest: Decimal) -> Decimal:
    """A number from 0 to `largest`, of no more digits than money has; texts and true are none."""
    value = item.get(key)
    if not isinstance(value, Decimal):
        raise _wrong(item, key, "a number", place)
    if not value:
        return Decimal(0)
    if not 0 < value <= largest or len(value.as_tuple().digits) > MOST_DIGITS or value.adjusted() < -MOST_DIGITS:
        raise _wrong(item, key, f"a number from 0 to {largest:,}", place)
    return value


def _wrong(item: dict[str, Any], key: str, what: str, place: str) -> PriceError:
    said = _quote(str(item[key])) if key in item else "missing"
    return PriceError(f"{key} is {said}, not {what}", code="VNS7003", place=place, hint=_HINT_ROW)


def _quote(text: str) -> str:
    return ascii(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…")


def _missing_pages(pages: Sequence[_Page]) -> Iterator[str]:
    """A note for each query of which a page that NextPageLink names was not given.

    Pages do not say which query they answer, only where the next one begins ($skip). So the pages of a query are whole
    when each begins at 0 or where another ends, and a page without a link, which shares a service with them, ends them.
    """
    queries: defaultdict[str, list[tuple[int, _Page]]] = defaultdict(list)
    for page in pages:
        if page.next_link:
            skip = _SKIP.search(page.next_link)
            queries[_SKIP.sub("", page.next_link)].append((int(skip[1]) if skip else 0, page))
    last_pages = [page for page in pages if not page.next_link]
    for chain in queries.values():
        beginnings = {0, *(skip for skip, _ in chain)}
        services = frozenset[str]().union(*(page.services for _, page in chain))
        ends = [page for page in last_pages if not page.items or page.services & services]
        if ends and all(skip - len(page.items) in beginnings for skip, page in chain):
            last_pages.remove(ends[0])
        else:
            _, page = max(chain, key=lambda each: each[0])
            yield f"{page.file} is not the whole answer: a page before it, or the one at its NextPageLink, is not given"


def _short_pages(pages: Iterable[_Page]) -> Iterator[str]:
    for page in pages:
        if page.count is not None and page.count != len(page.items):
            yield f"{page.file} says that it has {page.count:,} items, and has {len(page.items):,}"
