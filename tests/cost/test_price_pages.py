"""Saved pages of the Retail Prices API: what is taken of them, what wins, and what makes no sheet at all."""

from __future__ import annotations

import gzip
import itertools
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cost.price_sheet import MeterKey, PriceSheet, first_paid_price, load_prices
from simulator.errors import PriceError, SimulatorError
from tests.cost.pages import EGRESS, ISP, MGN, ZONE_1, ZONE_1_TIERS, item, page, save, tiered

QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
NAT = ("NAT Gateway", "NAT Gateway", "Standard Data Processed")
PEERING = ("Virtual Network", "Virtual Network Peering", "Intra-Region Egress")
EXPRESSROUTE = ("ExpressRoute", "ExpressRoute", "Metered Data - Data Transfer Out")
SHIPPED = PriceSheet.default()


def sheet(folder: Path, *documents: Any, over: PriceSheet | None = None) -> PriceSheet:
    return load_prices(save(folder, {f"{n}.json": document for n, document in enumerate(documents)}), over)


def bands(sheet: PriceSheet, key: str, region: str) -> str:
    meter = sheet.meter(cast("MeterKey", key), region)
    return " ".join(f"{tier.from_gb:f}:{tier.price:f}" for tier in meter.tiers)


def refusal(folder: Path, *documents: Any) -> PriceError:
    with pytest.raises(PriceError) as caught:
        sheet(folder, *documents)
    assert caught.value.hint
    return caught.value


# What a row is.


@pytest.mark.parametrize(
    ("names", "region", "key", "asked"),
    [
        (("Bandwidth", MGN, "Standard Data Transfer Out"), "westeurope", "internet_egress", "westeurope"),
        (("Bandwidth", ISP, "Standard Data Transfer Out"), "westeurope", "internet_egress_isp", "westeurope"),
        (("Bandwidth", MGN, "Standard Inter-Region Data Transfer"), "uksouth", "inter_region", "uksouth"),
        (("Bandwidth", "Inter-Region", "Intra Continent Data Transfer Out"), "uksouth", "inter_region", "uksouth"),
        (
            ("Bandwidth", MGN, "Standard Inter-Availability Zone Data Transfer Out"),
            *("uksouth", "inter_zone_out", "uksouth"),
        ),
        (
            ("Bandwidth", MGN, "Standard Inter-Availability Zone Data Transfer In"),
            "uksouth",
            "inter_zone_in",
            "uksouth",
        ),
        (("Virtual Network", "Virtual Network Peering", "Intra-Region Egress"), "Global", "peering_out", "uksouth"),
        (("Virtual Network", "Virtual Network Peering", "Intra-Region Ingress"), "", "peering_in", "uksouth"),
        (
            ("Virtual Network", "Global Virtual Network Peering", "Inter-Region Egress"),
            *("uksouth", "global_peering_out", "uksouth"),
        ),
        (
            ("Virtual Network", "Global Virtual Network Peering", "Inter-Region Ingress"),
            *("Zone 3", "global_peering_in", "brazilsouth"),
        ),
        (
            ("VPN Gateway", "VPN Gateway Bandwidth", "Inter-Virtual Network Data Transfer Out"),
            *("Zone 2", "vpn_inter_vnet", "japaneast"),
        ),
        (
            ("VPN Gateway", "VPN Gateway Bandwidth", "Standard Inter-Virtual Network Data Transfer Out"),
            *("zone1", "vpn_inter_vnet", "uksouth"),
        ),
        (EXPRESSROUTE, "Zone 4", "expressroute_out", "4"),
        (NAT, "Global", "nat_gateway", "westeurope"),
        (("Azure Firewall", "Azure Firewall", "Basic Data Processed"), "uksouth", "firewall_basic", "uksouth"),
        (("Azure Firewall", "Azure Firewall", "Standard Data Processed"), "uksouth", "firewall_standard", "uksouth"),
        (("Azure Firewall", "Azure Firewall", "Premium Data Processed"), "uksouth", "firewall_premium", "uksouth"),
        (
            ("Azure Firewall", "Azure Firewall", "Basic Secured Virtual Hub Data Processed"),
            *("uksouth", "firewall_basic_hub", "uksouth"),
        ),
        (
            ("Azure Firewall", "Azure Firewall", "Standard Secure Virtual Hub Data Processed"),
            *("uksouth", "firewall_standard_hub", "uksouth"),
        ),
        (
            ("Azure Firewall", "Azure Firewall", "Premium Secured Virtual Hub Data Processed"),
            *("uksouth", "firewall_premium_hub", "uksouth"),
        ),
        (("Load Balancer", "Load Balancer", "Standard Data Processed"), "Global", "load_balancer", "uksouth"),
        (("Virtual WAN", "Virtual WAN", "Standard Hub Data Processed"), "Global", "virtual_hub", "uksouth"),
    ],
)
def test_each_meter_is_known_by_its_names(
    names: tuple[str, str, str], region: str, key: str, asked: str, tmp_path: Path
) -> None:
    found = sheet(tmp_path, page([item(names, 0.123, region=region)])).meter(cast("MeterKey", key), asked)
    assert (found.name, found.certainty, found.source) == (names[2], "sure", str(tmp_path / "0.json"))
    assert (first_paid_price(found), found.date) == (Decimal("0.123"), "2018-06-01")


@pytest.mark.parametrize(("way", "key"), [("Egress", "private_endpoint_out"), ("Ingress", "private_endpoint_in")])
def test_a_private_endpoint_has_a_meter_a_way(way: str, key: str, tmp_path: Path) -> None:
    names = ("Virtual Network", "Virtual Network Private Link", f"Standard Data Processed - {way}")
    held = sheet(tmp_path, page(tiered([(0, 0.02), (10**6, 0.01), (5 * 10**6, 0.005)], names, region="Global")))
    assert bands(held, key, "uksouth") == "0:0.02 1000000:0.01 5000000:0.005"


@pytest.mark.parametrize(
    ("meter", "region", "places"),
    [
        ("Inter Continent Data Transfer Out - NAM or EU To Any", "", {"westeurope", "eastus"}),
        ("Inter-Continent Data Transfer Out (ASIA to Any)", "Global", {"japaneast"}),
        ("Inter Continent Data Transfer Out - SAM To Any", "Zone 3", set()),
        ("Inter Continent Data Transfer Out - NAM or EU To Any", "uksouth", {"uksouth"}),
    ],
)
def test_an_inter_continent_meter_is_for_the_continents_of_its_name(
    meter: str, region: str, places: set[str], tmp_path: Path
) -> None:
    rows = [item(("Bandwidth", "Inter-Region", meter), 0.77, region=region, location="")]
    held = sheet(tmp_path, page(rows))
    regions = ("westeurope", "uksouth", "eastus", "japaneast", "brazilsouth", "australiaeast")
    priced = {each for each in regions if first_paid_price(held.meter("inter_continent", each)) == Decimal("0.77")}
    assert priced - {"uksouth"} == places - {"uksouth"}


def test_what_prices_no_traffic_is_counted_and_left_out(tmp_path: Path) -> None:
    rows = [
        item(("Virtual Machines", "Virtual Machines BS Series", "B1s"), unitOfMeasure="1 Hour"),
        item(("Bandwidth", "Some new product", "Standard Data Transfer Out")),
        item(NAT, 0.5, region="Global", type="DevTestConsumption"),
        item(NAT, 0.5, region="Global", type="Reservation", reservationTerm="1 Year"),
        item(NAT, 0.5, region="Global", reservationTerm="1 Year"),
        item(NAT, 0.5, region="Global", unitOfMeasure="1 Hour"),
        item(NAT, 0.5, region="", location="EU West"),
    ]
    held = sheet(tmp_path, page(rows))
    assert (held.meters, held.ignored, held.notes) == (SHIPPED.meters, 7, ())


def test_an_empty_answer_changes_nothing(tmp_path: Path) -> None:
    assert sheet(tmp_path, page([])).meters == SHIPPED.meters


@pytest.mark.parametrize(
    ("unit", "expected", "certainty"),
    [
        ("1 GB", "0:0.5 20:0.25", "sure"),
        ("10 GB", "0:0.05 200:0.025", "sure"),
        ("100GB", "0:0.005 2000:0.0025", "sure"),
        ("1 TB", "0:0.0005 20000:0.00025", "unsure"),
    ],
)
def test_a_price_is_per_gigabyte(unit: str, expected: str, certainty: str, tmp_path: Path) -> None:
    held = sheet(tmp_path, page(tiered([(0, 0.5), (20, 0.25)], NAT, region="Global", unitOfMeasure=unit)))
    assert bands(held, "nat_gateway", "uksouth") == expected
    meter = held.meter("nat_gateway", "uksouth")
    assert meter.certainty == certainty and ("1,000 GB" in meter.note) == (certainty == "unsure")


def test_another_unit_is_left_out_with_a_note(tmp_path: Path) -> None:
    held = sheet(tmp_path, page([item(NAT, 0.5, region="Global", unitOfMeasure="1 GiB")]))
    assert held.meters == SHIPPED.meters
    assert [("'1 GiB'" in note, "Items[0]" in note) for note in held.notes] == [(True, True)]


# What wins.


def test_a_region_has_its_own_row_and_its_zone_keeps_the_older_one(tmp_path: Path) -> None:
    held = sheet(tmp_path, page(tiered([(0, 0), (100, 0.09)])))
    assert bands(held, "internet_egress", "westeurope") == "0:0 100:0.09"
    assert held.meter("internet_egress", "eastus") == SHIPPED.meter("internet_egress", "eastus")


def test_a_meter_has_one_price_wherever_it_counts(tmp_path: Path) -> None:
    dearer = [(edge, round(price + 0.01, 3) if price else 0) for edge, price in ZONE_1_TIERS]
    held = sheet(tmp_path, page(tiered(dearer, meterId=ZONE_1.upper(), effectiveStartDate="2026-11-01T00:00:00Z")))
    expected = "0:0 100:0.097 10335:0.093 51295:0.08 153695:0.06 512095:0.06"
    assert bands(held, "internet_egress", "westeurope") == bands(held, "internet_egress", "eastus") == expected
    assert {held.meter("internet_egress", region).pool for region in ("westeurope", "eastus", "polandcentral")} == {
        ZONE_1
    }
    assert held.meter("internet_egress", "polandcentral").certainty == "unsure"
    assert held.date == "2026-11-01"


def test_a_page_settles_a_price_that_was_not_sure(tmp_path: Path) -> None:
    zone_2 = SHIPPED.meter("internet_egress", "japaneast")
    tiers = [(float(tier.from_gb), float(tier.price)) for tier in zone_2.tiers]
    held = sheet(tmp_path, page(tiered(tiers, region="koreacentral", meterId=zone_2.meter_id)))
    assert [held.meter("internet_egress", each).certainty for each in ("koreacentral", "japaneast")] == ["sure", "sure"]


def test_a_doubt_about_one_region_outlives_the_page_of_another(tmp_path: Path) -> None:
    basic = SHIPPED.meter("firewall_basic", "westeurope")
    rows = [item(("Azure Firewall", "Azure Firewall", "Basic Data Processed"), 0.07, meterId=basic.meter_id)]
    held = sheet(tmp_path, page(rows))
    found = [held.meter("firewall_basic", each) for each in ("westeurope", "eastus", "swedencentral")]
    assert {first_paid_price(each) for each in found} == {Decimal("0.07")}
    assert [each.certainty for each in found] == ["sure", "sure", "unsure"]


def test_a_sheet_lies_over_a_sheet(tmp_path: Path) -> None:
    first = sheet(tmp_path, page([item(NAT, 0.5, region="Global")]))
    second = sheet(tmp_path, page([item(PEERING, 0.02, region="Global")]), over=first)
    assert (bands(second, "nat_gateway", "uksouth"), bands(second, "peering_out", "uksouth")) == ("0:0.5", "0:0.02")


ROWS = [
    *tiered(ZONE_1_TIERS, meterId=ZONE_1),
    *tiered(ZONE_1_TIERS, meterId=ZONE_1, region="northeurope"),
    item(NAT, 0.045, region="Global", meterId="nat"),
]


@QUIET
@given(rows=st.permutations(ROWS), cut=st.integers(0, len(ROWS)))
def test_the_order_of_rows_and_pages_does_not_matter(rows: list[dict[str, Any]], cut: int, tmp_path: Path) -> None:
    expected = sheet(tmp_path, page(ROWS))
    held = sheet(tmp_path, page(rows[:cut]), page(rows[cut:]))
    for key, region in (("internet_egress", "westeurope"), ("internet_egress", "eastus"), ("nat_gateway", "uksouth")):
        assert bands(held, key, region) == bands(expected, key, region)
    assert held.ignored == 0


def test_a_row_given_twice_counts_once(tmp_path: Path) -> None:
    assert bands(sheet(tmp_path, page(ROWS), page(ROWS)), "internet_egress", "westeurope").count("100:") == 1


@pytest.mark.parametrize("first", [0, 1])
def test_the_later_start_wins_and_a_note_says_so(first: int, tmp_path: Path) -> None:
    old, new = (
        item(NAT, price, region="Global", effectiveStartDate=f"{year}-01-01T00:00:00Z")
        for price, year in ((0.04, 2019), (0.05, 2031))
    )
    held = sheet(tmp_path, page([(old, new)[first], (new, old)[first]]))
    assert bands(held, "nat_gateway", "uksouth") == "0:0.05"
    assert [("0.04 since 2019-01-01 is left out" in note) for note in held.notes] == [True]


def test_the_primary_row_of_a_meter_is_the_one_charged(tmp_path: Path) -> None:
    rows = [item(NAT, 0.04, region="Global"), item(NAT, 0.05, region="Global", isPrimaryMeterRegion=True)]
    assert bands(sheet(tmp_path, page(rows)), "nat_gateway", "uksouth") == "0:0.05"
    apart = [
        *tiered([(0, 0), (100, 0.1)], region="westeurope"),
        *tiered([(0, 0), (100, 0.2)], region="northeurope", isPrimaryMeterRegion=True),
    ]
    held = sheet(tmp_path, page(apart))
    assert (
        bands(held, "internet_egress", "westeurope") == bands(held, "internet_egress", "northeurope") == "0:0 100:0.2"
    )


def test_the_name_of_today_wins_over_an_older_one(tmp_path: Path) -> None:
    rows = [
        item(("Bandwidth", "Inter-Region", "Intra Continent Data Transfer Out"), 0.9, meterId="a"),
        item(("Bandwidth", MGN, "Standard Inter-Region Data Transfer"), 0.8, meterId="b"),
    ]
    assert bands(sheet(tmp_path, page(rows)), "inter_region", "westeurope") == "0:0.8"


def test_meters_of_one_price_are_one(tmp_path: Path) -> None:
    """Each size of circuit has its own meter of data out."""
    rows = [item(EXPRESSROUTE, 0.03, region="Zone 1", meterId=name, skuName=name) for name in ("b", "a", "c")]
    held = sheet(tmp_path, page(rows))
    assert (bands(held, "expressroute_out", "1"), held.meter("expressroute_out", "1").pool) == ("0:0.03", "a")


def test_of_two_meters_the_later_one_wins(tmp_path: Path) -> None:
    rows = [
        item(NAT, 0.04, region="Global", meterId="a"),
        item(NAT, 0.05, region="Global", meterId="b", effectiveStartDate="2026-01-01T00:00:00Z"),
    ]
    held = sheet(tmp_path, page(rows))
    assert bands(held, "nat_gateway", "uksouth") == "0:0.05"
    assert ["meter b, not by a" in note for note in held.notes] == [True]


# Forms of a file.


def test_a_list_of_items_and_gzip_are_pages_as_well(tmp_path: Path) -> None:
    rows = [item(NAT, 0.5, region="Global")]
    packed = gzip.compress(json.dumps(page(rows)).encode())
    marked = b"\xef\xbb\xbf" + json.dumps(rows).encode()
    for document in (rows, packed, marked, json.dumps(page(rows)).encode("utf-16")):
        assert bands(sheet(tmp_path, document), "nat_gateway", "uksouth") == "0:0.5"


def test_a_folder_is_all_its_pages(tmp_path: Path) -> None:
    save(tmp_path, {"a.json": page([item(NAT, 0.5, region="Global")]), "b.json": page([item(PEERING, 0.2, region="")])})
    held = load_prices([tmp_path])
    assert (bands(held, "nat_gateway", "uksouth"), bands(held, "peering_out", "uksouth")) == ("0:0.5", "0:0.2")


def test_numbers_are_taken_as_they_are_written(tmp_path: Path) -> None:
    text = json.dumps(page([item(NAT, 987654321, region="Global")])).replace("987654321", "1.2345678901234567890123e-2")
    assert bands(sheet(tmp_path, text), "nat_gateway", "uksouth") == "0:0.012345678901234567890123"


LINK = "https://prices.azure.com:443/api/retail/prices?$filter=serviceName%20eq%20'NAT%20Gateway'&$skip="


def chain(*links: int | None, services: tuple[tuple[str, str, str], ...] = ()) -> list[dict[str, Any]]:
    names = services or (NAT,) * len(links)
    return [
        page([item(each, 0.5, region="Global")], NextPageLink=link and f"{LINK}{link}")
        for link, each in zip(links, names, strict=True)
    ]


@pytest.mark.parametrize(
    ("pages", "is_whole"),
    [
        (chain(None), True),
        (chain(1, None), True),
        (chain(1, 2, None), True),
        (chain(1), False),
        (chain(1, 3, None), False),
        (chain(2, None), False),
        (chain(1, None, services=(NAT, PEERING)), False),
        ([*chain(1, None), page([])], True),
        ([*chain(1), page([])], True),
    ],
)
def test_a_page_that_is_not_there_is_noted(pages: list[Any], is_whole: bool, tmp_path: Path) -> None:
    held = sheet(tmp_path, *pages)
    assert ["NextPageLink" in note for note in held.notes] == ([] if is_whole else [True])


def test_a_page_with_fewer_items_than_it_says_is_noted(tmp_path: Path) -> None:
    held = sheet(tmp_path, page([item(NAT, 0.5, region="Global")], Count=2))
    assert ["has 1" in note for note in held.notes] == [True]


# What makes no sheet.


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("", "VNS7001", "empty"),
        ("[", "VNS7001", "not JSON"),
        ('{"Items": [1,]}', "VNS7001", "not JSON"),
        ('{"Items": [], "Items": []}', "VNS7001", "'Items' twice"),
        ('{"Items": [{"retailPrice": NaN}]}', "VNS7001", "not JSON"),
        ('{"Items": [{"retailPrice": 1e99999999999999999999999}]}', "VNS7001", "not JSON"),
        ("[" * 5000 + "]" * 5000, "VNS7001", "nested deeper"),
        (b"\xff\xff\xff", "VNS7001", "not text"),
        (gzip.compress(b"{}")[:-9], "VNS7001", "cannot be unpacked"),
        (gzip.compress(b"[" + b" " * (65 << 20) + b"]"), "VNS7001", "larger than 64 MiB"),
        ("{}", "VNS7002", "no list Items"),
        ("3", "VNS7002", "no list Items"),
        ('{"Items": {}}', "VNS7002", "no list Items"),
        ('{"records": []}', "VNS7002", "no list Items"),
        ('{"Items": [], "BillingCurrency": 3}', "VNS7002", "no texts"),
        ('{"Items": [], "BillingCurrency": "euros"}', "VNS7002", "'EUROS'"),
        ('{"Items": [], "BillingCurrency": "USD", "NextPageLink": 3}', "VNS7002", "no texts"),
        ('{"Items": [3], "BillingCurrency": "USD"}', "VNS7003", "no object"),
        ('{"Items": [{"a": 1}], "BillingCurrency": "USD"}', "VNS7003", "serviceName is missing"),
    ],
)
def test_what_is_no_page_makes_no_sheet(document: str | bytes, code: str, message: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, page(ROWS), document)
    assert (error.code, message in error.message) == (code, True), error
    assert "1.json" in error.place


@pytest.mark.parametrize("document", ["[]", '{"Items": []}', '[{"currencyCode": ""}]'])
def test_prices_have_a_currency(document: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, document)
    assert (error.code, error.message) == ("VNS7002", "no page says its currency")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"retailPrice": None, "unitPrice": None}, "unitPrice is missing"),
        ({"retailPrice": "0.5"}, "retailPrice is '0.5', not a number"),
        ({"retailPrice": True}, "not a number"),
        ({"retailPrice": [1]}, "not a number"),
        ({"retailPrice": -0.01}, "retailPrice is '-0.01', not a number from 0"),
        ({"retailPrice": 1e300}, "not a number from 0"),
        ({"retailPrice": 1e-300}, "not a number from 0"),
        ({"tierMinimumUnits": -1}, "tierMinimumUnits is '-1', not a number from 0"),
        ({"tierMinimumUnits": "0"}, "not a number"),
        ({"tierMinimumUnits": None}, "tierMinimumUnits is missing"),
        ({"effectiveStartDate": "yesterday"}, "effectiveStartDate is 'yesterday', not a date"),
        ({"effectiveStartDate": "2026-13-01"}, "not a date"),
        ({"meterId": "\x1b[2J"}, "meterId is '\\x1b[2J', not an id"),
        ({"meterId": None}, "meterId is missing"),
        ({"armRegionName": "\x1b[2J"}, "not a region"),
        ({"armRegionName": 3}, "armRegionName is '3', not a text"),
        ({"type": None}, "type is missing"),
        ({"unitOfMeasure": 1}, "not a text"),
    ],
)
def test_a_row_that_is_wrong_makes_no_sheet(said: dict[str, Any], message: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, page([*ROWS, item(NAT, 0.5, **{"region": "Global", **said})]))
    assert (error.code, message in error.message) == ("VNS7003", True), error
    assert error.place.endswith(f"0.json Items[{len(ROWS)}]")


@pytest.mark.parametrize(
    "documents",
    [
        [page(ROWS), page([], BillingCurrency="EUR")],
        [page([*ROWS, item(NAT, 0.5, currencyCode="EUR")])],
        [ROWS, [item(("Virtual Machines", "B", "B1s"), currencyCode="GBP")]],
    ],
)
def test_currencies_are_never_mixed(documents: list[Any], tmp_path: Path) -> None:
    error = refusal(tmp_path, *documents)
    assert error.code == "VNS7004" and "USD" in error.message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([item(NAT, 0.4), item(NAT, 0.5)], "costs 0.4"),
        ([item(NAT, 0.4, isPrimaryMeterRegion=True), item(NAT, 0.5, isPrimaryMeterRegion=True)], "costs 0.4"),
        ([item(NAT, 0.4), item(NAT, 0.5, region="uksouth")], "is one meter"),
        ([item(NAT, 0.4, meterId="a"), item(NAT, 0.5, meterId="b")], "two meters with different prices"),
    ],
)
def test_rows_that_contradict_each_other_make_no_sheet(rows: list[Any], message: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, page(rows))
    assert (error.code, message in error.message) == ("VNS7005", True), error
    assert error.place.endswith("0.json Items[1]") or "two meters" in message


@pytest.mark.parametrize("lost", range(5))
def test_a_band_that_is_missing_makes_no_sheet(lost: int, tmp_path: Path) -> None:
    left = [tier for number, tier in enumerate(ZONE_1_TIERS) if number != lost]
    error = refusal(tmp_path, page(tiered(left, meterId=ZONE_1)))
    assert error.code == "VNS7006"
    assert f"has no band from {ZONE_1_TIERS[lost][0]} GB" in error.message


def test_a_band_that_changes_no_price_may_be_missing(tmp_path: Path) -> None:
    held = sheet(tmp_path, page(tiered(ZONE_1_TIERS[:-1], meterId=ZONE_1)))
    assert bands(held, "internet_egress", "eastus").endswith("153695:0.05")


def test_a_band_that_another_region_has_is_missing(tmp_path: Path) -> None:
    rows = [*tiered([(0, 0), (100, 0.1), (500, 0.05)]), *tiered([(0, 0), (100, 0.1)], region="uksouth")]
    error = refusal(tmp_path, page(rows))
    assert (error.code, "uksouth has no band from 500 GB" in error.message) == ("VNS7006", True)


def test_a_newer_price_list_may_have_other_bands(tmp_path: Path) -> None:
    rows = tiered([(0, 0), (500, 0.08)], meterId=ZONE_1, effectiveStartDate="2027-01-01T00:00:00Z")
    assert bands(sheet(tmp_path, page(rows)), "internet_egress", "eastus") == "0:0 500:0.08"


def test_an_unknown_meter_without_a_first_band_is_no_concern(tmp_path: Path) -> None:
    assert sheet(tmp_path, page([item(("Bandwidth", "x", "y"), 0.5, tier=100)])).ignored == 1


@pytest.mark.parametrize("name", ["nowhere.json", "a\0b", "empty"])
def test_a_page_that_is_not_there_makes_no_sheet(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PriceError) as caught:
        load_prices([tmp_path / name])
    assert caught.value.code == "VNS7001"
    with pytest.raises(PriceError):
        load_prices([])


# Another currency.


def test_amounts_of_two_currencies_are_never_added(tmp_path: Path) -> None:
    rows = [
        item(NAT, 0.04, region="Global", currencyCode="EUR"),
        *tiered(ZONE_1_TIERS, meterId=ZONE_1, currencyCode="EUR"),
    ]
    held = sheet(tmp_path, page(rows, BillingCurrency="EUR"))
    assert held.currency == "EUR"
    assert bands(held, "nat_gateway", "uksouth") == "0:0.04"
    # The meter of zone 1 is the same in every currency, so its other regions are priced; zone 2 is not.
    assert bands(held, "internet_egress", "eastus").startswith("0:0 100:0.087")
    for key, region, where in (
        ("internet_egress", "japaneast", "serviceName eq 'Bandwidth' and armRegionName eq 'japaneast'"),
        ("peering_out", "westeurope", "serviceName eq 'Virtual Network' and armRegionName eq 'Global'"),
        ("firewall_standard", "westeurope", "serviceName eq 'Azure Firewall' and armRegionName eq 'westeurope'"),
        ("expressroute_out", "2", "serviceName eq 'ExpressRoute' and armRegionName eq 'Zone 2'"),
    ):
        with pytest.raises(PriceError) as caught:
            held.meter(cast("MeterKey", key), region)
        assert (caught.value.code, "EUR" in caught.value.message) == ("VNS7010", True)
        assert "currencyCode='EUR'" in caught.value.hint and where in caught.value.hint


# Real pages, and anything at all.


def test_every_real_page_is_a_sheet(shared: Path) -> None:
    for file in real_pages(shared):
        held = load_prices([file])
        assert (held.currency, held.notes) == ("USD", ()), file
        service = file.name.split(".")[1]
        taken = {"azure_firewall": 6, "virtual_network": 2}.get(service, 0)
        assert held.ignored == len(json.loads(file.read_text())["Items"]) - taken, file
        assert {place for place, meter in held.meters.items() if meter.source == str(file)} or not taken


def test_the_real_pages_together_are_one_sheet(shared: Path) -> None:
    files = real_pages(shared)
    held = load_prices(files)
    assert held.meters.items() == load_prices(list(reversed(files))).meters.items()
    assert load_prices([files[0].parent]).meters == held.meters
    expected: dict[str, dict[MeterKey, str]] = {
        "westeurope": {"global_peering_out": "0.035", "global_peering_in": "0.035", "firewall_basic": "0.065"},
        "eastus2": {"global_peering_out": "0.035", "firewall_standard": "0.016", "firewall_standard_hub": "0.016"},
        "brazilsouth": {"global_peering_out": "0.16", "global_peering_in": "0.16", "firewall_premium": "0.016"},
        # By the meter of the zone, which a page of another region has.
        "northeurope": {"global_peering_out": "0.035", "firewall_premium": "0.016"},
        "uaenorth": {"global_peering_in": "0.16"},
        # From the shipped sheet.
        "japaneast": {"global_peering_out": "0.09", "nat_gateway": "0.045", "internet_egress": "0.12"},
    }
    for region, prices in expected.items():
        for key, price in prices.items():
            assert str(first_paid_price(held.meter(key, region))) == price, (region, key)
    pools = {held.meter("global_peering_out", region).pool for region in ("westeurope", "eastus2", "northeurope")}
    assert pools == {"6e7b8c6a-46af-441d-b6e3-49e5f7424f75"}


def test_real_pages_of_one_currency_do_not_mix_with_another(shared: Path, tmp_path: Path) -> None:
    euros = page([item(NAT, 0.04, region="Global", currencyCode="EUR")], BillingCurrency="EUR")
    with pytest.raises(PriceError) as caught:
        load_prices([*real_pages(shared), *save(tmp_path, {"eur.json": euros})])
    assert caught.value.code == "VNS7004"


def real_pages(shared: Path) -> list[Path]:
    files = sorted((shared / "data" / "prices" / "retail-api").glob("*.json"))
    assert len(files) == 15
    return files


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
FIELDS = sorted(item())


@QUIET
@given(
    changes=st.lists(st.dictionaries(st.sampled_from(FIELDS), SCALARS, max_size=3), max_size=3),
    header=st.dictionaries(st.sampled_from(["BillingCurrency", "NextPageLink", "Count", "Items"]), SCALARS, max_size=2),
)
def test_whatever_a_page_holds_the_answer_is_a_sheet_or_an_error(
    changes: list[dict[str, Any]], header: dict[str, Any], tmp_path: Path
) -> None:
    rows = [{**row, **change} for row, change in zip(itertools.cycle(ROWS), changes, strict=False)]
    try:
        held = sheet(tmp_path, {**page(rows), **header})
    except SimulatorError as error:
        assert error.code.startswith("VNS7") and str(error)
    else:
        assert held.currency and held.meters


@QUIET
@given(
    document=st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    )
)
def test_any_json_is_a_sheet_or_an_error(document: Any, tmp_path: Path) -> None:
    try:
        sheet(tmp_path, json.dumps(document))
    except SimulatorError as error:
        assert error.code.startswith("VNS7") and error.place


def test_egress_over_the_internet_is_no_egress_over_the_microsoft_network(tmp_path: Path) -> None:
    rows = [
        *tiered([(0, 0), (100, 0.5)], EGRESS, meterId="mgn"),
        *tiered([(0, 0), (100, 0.4)], ("Bandwidth", ISP, "Standard Data Transfer Out"), meterId="isp"),
    ]
    held = sheet(tmp_path, page(rows))
    assert bands(held, "internet_egress", "westeurope") == "0:0 100:0.5"
    assert bands(held, "internet_egress_isp", "westeurope") == "0:0 100:0.4"
