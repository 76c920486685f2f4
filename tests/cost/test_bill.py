"""The bill: pools and bands, a month, both gigabytes, what is free, what is left out, and logs that are odd."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulator.cost.bill import Bill, month_factor, price
from simulator.cost.price_sheet import PriceSheet, load_prices
from simulator.errors import PriceError
from simulator.flows.records import FlowRecord
from simulator.network.model import Network
from tests.cost.charge_table import network_of
from tests.cost.every_way import network
from tests.cost.logs import GB, bill_of, records, replayed
from tests.cost.pages import item, page, save, tiered

PEER, SQL = "10.5.0.4:50000", "10.4.3.6:1433"
CENT = Decimal("0.005")
TWO = """
virtual_networks:
  vnet-a: {{location: {a}, address_space: [10.1.0.0/16, "fd00:1::/48"], subnets: {{snet: {{prefix: [10.1.0.0/24, "fd00:1::/64"]}}}}}}
  vnet-b: {{location: {b}, address_space: [10.2.0.0/16, "fd00:2::/48"], subnets: {{snet: {{prefix: [10.2.0.0/24, "fd00:2::/64"]}}}}}}
peerings: [{{from: vnet-a, to: vnet-b}}, {{from: vnet-b, to: vnet-a}}]
virtual_machines:
  vm-a: {{subnet: vnet-a/snet, ip: 10.1.0.4, public_ip: 203.0.113.2}}
  vm-b: {{subnet: vnet-b/snet, ip: 10.2.0.4, public_ip: 203.0.113.3}}
  vm-a6: {{subnet: vnet-a/snet, ip: "fd00:1::4"}}
  vm-b6: {{subnet: vnet-b/snet, ip: "fd00:2::4"}}
"""  # noqa: E501


@cache
def two(a: str, b: str, more: str = "") -> Network:
    """Two peered networks in regions `a` and `b`, with a machine each that has a public address."""
    return network_of(TWO.format(a=a, b=b) + more)


def log(nic: str, direction: str, source: str, destination: str, **said: Any) -> list[FlowRecord]:
    return records(said.pop("held", network()), nic, direction, source, destination, **said)  # type: ignore[arg-type]


def out(held: Network, nic: str, gb: float, **said: Any) -> list[FlowRecord]:
    address = next(one for one in held.endpoint(nic).addresses if "." in one)  # type: ignore[union-attr]
    return log(nic, "Outbound", f"{address}:50000", "198.51.100.7:443", sent=gb, held=held, **said)


def amounts(bill: Bill) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {(line.meter.key, line.region): (round(line.gb, 6), round(line.amount, 6)) for line in bill.lines}


def reasons(bill: Bill) -> dict[str, tuple[int, Decimal]]:
    return {line.reason: (line.conversations, round(line.gb, 6)) for line in bill.unpriced}


# Pools and bands


def test_regions_of_one_meter_fill_its_bands_together() -> None:
    held = two("westeurope", "eastus")
    bill = bill_of(held, out(held, "vm-a", 6000), out(held, "vm-b", 6000))
    in_all = 100 * 0 + 10235 * Decimal("0.087") + 1665 * Decimal("0.083")
    half = round(in_all / 2, 6)
    assert amounts(bill) == {
        ("internet_egress", "westeurope"): (6000, half),
        ("internet_egress", "eastus"): (6000, half),
    }
    assert [line.marginal for line in bill.lines] == [Decimal("0.083")] * 2
    assert abs(bill.total - in_all) < CENT


def test_zones_are_meters_of_their_own() -> None:
    held = two("westeurope", "japaneast")
    bill = bill_of(held, out(held, "vm-a", 1000), out(held, "vm-b", 1000))
    assert amounts(bill) == {
        ("internet_egress", "westeurope"): (1000, Decimal("78.3")),
        ("internet_egress", "japaneast"): (1000, 108),
    }


def test_a_region_whose_price_is_borrowed_has_a_pool_of_its_own() -> None:
    """austriaeast is priced as zone 1 because its neighbours are; its meter is another one."""
    held = two("westeurope", "austriaeast")
    bill = bill_of(held, out(held, "vm-a", 1000), out(held, "vm-b", 1000))
    assert [line.amount for line in bill.lines] == [Decimal("78.3")] * 2
    assert [line.meter.certainty for line in sorted(bill.lines, key=lambda line: line.region)] == ["unsure", "sure"]
    assert bill.is_unsure


# A month


@pytest.mark.parametrize(
    ("seconds", "minutes"), [([0], 1), ([0, 59], 2), ([0, 60], 2), ([0, 3569], 60), ([0, 730 * 3600 - 60], 43800)]
)
def test_a_month_is_730_hours_like_the_minutes_of_the_log(seconds: list[float], minutes: int) -> None:
    """A flow of `log` ends 30 seconds after it begins, in the same minute unless it begins later in it."""
    flows = [log("vm-peer", "Outbound", PEER, SQL, sent=1, seconds=at) for at in seconds]
    bill = bill_of(network(), *flows, month=True)
    assert (bill.minutes, bill.factor) == (minutes, Decimal(43800) / minutes)
    assert month_factor(bill.replay) == bill.factor
    assert bill.is_of_a_month
    own = bill_of(network(), *flows)
    assert (own.factor, own.is_of_a_month) == (1, False)
    assert abs(bill.total - own.total * bill.factor) < CENT


def test_the_bands_of_a_month_fill_from_a_month() -> None:
    """One minute of 1 GB is a month of 43,800 GB."""
    held = two("westeurope", "eastus")
    bill = bill_of(held, out(held, "vm-a", 1), month=True)
    assert bill.total == 10235 * Decimal("0.087") + (43800 - 10335) * Decimal("0.083")
    assert bill_of(held, out(held, "vm-a", 1)).total == 0


def test_a_month_of_a_single_tuple_is_a_month_of_nothing() -> None:
    begin = log("vm-peer", "Outbound", PEER, SQL)[:1]
    bill = bill_of(network(), begin, month=True)
    assert (bill.minutes, bill.total, bill.lines, bill.is_empty) == (1, 0, (), False)


# Gigabytes


@pytest.mark.parametrize(("is_binary", "size", "other"), [("true", 2**30, 10**9), ("false", 10**9, 2**30)])
def test_both_gigabytes_are_told(is_binary: str, size: int, other: int) -> None:
    held = two("westeurope", "westeurope", f"\nassumptions: {{gigabyte_is_binary: {is_binary}}}\n")
    flow = log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1000, held=held)
    bill = bill_of(held, flow, out(held, "vm-a", 20000))

    def total(bytes_a_gb: int) -> Decimal:
        peered, egress = (Decimal(gb * GB) / bytes_a_gb for gb in (1000, 20000))
        return peered * Decimal("0.02") + 10235 * Decimal("0.087") + (egress - 10335) * Decimal("0.083")

    assert bill.bytes_a_gb == size
    assert abs(bill.total - total(size)) < CENT
    assert bill.other_gigabyte[0] == other
    assert abs(bill.other_gigabyte[1] - total(other)) < CENT


# Free, and left out


def test_what_is_free_says_why() -> None:
    within = log("vm-web", "Outbound", "10.4.3.5:50000", SQL, sent=3, received=1)
    arrives = log("vm-public", "Inbound", "198.51.100.7:50000", "10.4.0.4:443", sent=5)
    bill = bill_of(network(), within, arrives)
    assert {line.why: line.gb for line in bill.free} == {"data transfer in": 5, "within vnet-edge": 4}
    assert (bill.total, bill.lines, bill.gaps) == (0, (), ())


def test_what_is_left_out_says_why() -> None:
    flows = [
        log("vm-peer", "Outbound", PEER, "10.4.3.6:22", sent=1, received=2),
        log("vm-sql", "Inbound", "10.99.0.4:50000", SQL, sent=3),
        log("vm-sql", "Inbound", "10.99.0.5:50000", SQL, sent=4),
        log("vm-peer", "Outbound", PEER, SQL, sent=1, received=1),
        log("vm-peer", "Inbound", SQL, PEER, sent=5, seconds=1),
        log("vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:443", sent=6),
        log("vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:8443", sent=7),
        log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=6),
    ]
    bill = bill_of(network(), *flows)
    unseen = "not known: who sent what a firewall or an appliance passed on by its own address, as no sender logged it"
    unknown = "not decided: SOURCE_NOT_IN_EXPORT, no endpoint or on-premises network of the export holds the source"
    assert reasons(bill) == {
        "replies that were logged as flows of their own": (1, 5),
        "legs behind a firewall that put its own address in place of the sender's": (1, 6),
        "predicted to be denied, though the log shows it": (1, 3),
        unseen: (1, 7),
        unknown: (2, 7),
    }
    assert [gap.reason for gap in bill.gaps] == [unseen, unknown]


def test_counters_that_reach_back_before_the_log_are_listed() -> None:
    begin, end = log("vm-peer", "Outbound", PEER, SQL, sent=1)
    said = {name: getattr(end, name) for name in FlowRecord.__struct_fields__} | {"packets_sent": 10**6}
    bill = bill_of(network(), [FlowRecord(**said)], [begin, end])
    assert reasons(bill) == {"counters that reach back before the log": (1, 1)}
    assert bill.gaps == ()


def test_conversations_of_an_unknown_charge_are_counted_and_not_packets() -> None:
    """Two conversations of one packet are two; what their way costs otherwise is billed."""
    held = two("westeurope", "saudiarabiaeast")
    first = log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=2, received=1, held=held)
    again = [
        FlowRecord(**{name: getattr(one, name) for name in FlowRecord.__struct_fields__} | {"rule": "another"})
        for one in log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1, held=held, seconds=60)
    ]
    bill = bill_of(held, first, again)
    assert amounts(bill) == {
        ("global_peering_out", "westeurope"): (3, Decimal("0.105")),
        ("global_peering_in", "westeurope"): (1, Decimal("0.035")),
    }
    what = "no price of Global Virtual Network Peering / Inter-Region {} in saudiarabiaeast"
    why = ": no source says in which zone it is priced (VNS7011)"
    assert reasons(bill) == {
        f"not known: {what.format('Ingress')}{why}": (2, 3),
        f"not known: {what.format('Egress')}{why}": (2, 1),
    }
    assert all(line.is_gap for line in bill.unpriced)
    assert bill.lacks_prices and not bill_of(network()).lacks_prices


@pytest.mark.parametrize("region", ["usgovvirginia", "chinanorth3", "saudiarabiaeast", "israelnorthwest"])
def test_a_region_without_a_price_ends_no_bill(region: str) -> None:
    held = two("westeurope", region)
    bill = bill_of(held, out(held, "vm-a", 1000), out(held, "vm-b", 1000))
    assert amounts(bill) == {("internet_egress", "westeurope"): (1000, Decimal("78.3"))}
    [gap] = bill.gaps
    assert region in gap.reason and "VNS7011" in gap.reason
    assert (gap.gb, gap.conversations) == (1000, 1)


def test_a_sheet_of_ones_own_has_to_price_everything(tmp_path: Path) -> None:
    """Laid over the shipped one in the same currency too: whoever gives prices wants to know what they lack."""
    held = two("westeurope", "saudiarabiaeast")
    [path] = save(tmp_path, {"egress.json": page(tiered([(0, 0), (100, 0.1)], meterId="own"))})
    sheet = load_prices([path])
    assert amounts(bill_of(held, out(held, "vm-a", 1000), sheet=sheet)) == {
        ("internet_egress", "westeurope"): (1000, 90)
    }
    with pytest.raises(PriceError) as raised:
        bill_of(held, out(held, "vm-b", 1000), sheet=sheet)
    assert raised.value.code == "VNS7011"
    assert "(needed for: Internet egress of saudiarabiaeast)" in raised.value.message


def test_prices_of_another_currency_are_never_filled_up(tmp_path: Path) -> None:
    held = two("westeurope", "westeurope")
    rows = [item(price=0.09, currencyCode="EUR", tier=0)]
    [path] = save(tmp_path, {"egress.json": page(rows, BillingCurrency="EUR")})
    sheet = load_prices([path])
    bill = bill_of(held, out(held, "vm-a", 1000), sheet=sheet)
    assert (bill.currency, bill.total) == ("EUR", 90)
    peered = log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1, held=held)
    with pytest.raises(PriceError) as raised:
        bill_of(held, peered, sheet=sheet)
    assert raised.value.code == "VNS7010" and "currencyCode='EUR'" in raised.value.hint


def test_what_carried_no_bytes_needs_no_price(tmp_path: Path) -> None:
    held = two("westeurope", "westeurope")
    [path] = save(tmp_path, {"e.json": page([item(price=0.09, currencyCode="EUR")], BillingCurrency="EUR")})
    nothing = log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", held=held)
    bill = bill_of(held, nothing, sheet=load_prices([path]))
    assert (bill.total, bill.unpriced) == (0, ())


def test_the_sheet_that_ships_knows_that_it_does() -> None:
    assert PriceSheet.default().is_shipped
    assert not PriceSheet("USD", "", {}).is_shipped


def test_a_network_whose_region_nobody_knows_is_named() -> None:
    held = two("westeurope", "atlantis")
    flows = [log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=2, held=held), out(held, "vm-b", 1)]
    assert reasons(bill_of(held, *flows)) == {"not known: the region of vnet-b is not known": (2, 3)}


# Odd logs


def test_an_empty_log_costs_nothing() -> None:
    bill = bill_of(network(), month=True)
    assert (bill.total, bill.lines, bill.free, bill.unpriced, bill.gaps) == (0, (), (), (), ())
    assert (bill.start, bill.end, bill.minutes, bill.factor, bill.is_empty) == (None, None, 0, 1, True)
    assert bill.other_gigabyte == (10**9, 0)


def test_ipv6_is_charged_as_ipv4_is() -> None:
    held = two("westeurope", "westeurope")
    bill = bill_of(
        held, log("vm-a6", "Outbound", "[fd00:1::4]:50000", "[fd00:2::4]:443", sent=10, received=1, held=held)
    )
    assert amounts(bill) == {
        ("peering_out", "westeurope"): (11, Decimal("0.11")),
        ("peering_in", "westeurope"): (11, Decimal("0.11")),
    }


def odd(flow: Sequence[FlowRecord], count: int) -> list[FlowRecord]:
    """`flow` with `count` counters of 2^50 bytes, the largest that a log may hold."""
    begin, end = flow
    said = {name: getattr(end, name) for name in FlowRecord.__struct_fields__}
    huge = said | {"packets_sent": 2**50, "bytes_sent": 2**50, "state": "C"}
    return [begin, *(FlowRecord(**huge) for _ in range(count))]


def test_petabytes_are_exact() -> None:
    flow = odd(log("vm-peer", "Outbound", PEER, SQL), 100)
    bill = bill_of(network(), flow)
    assert bill.lines[0].gb == 100 * 2**20
    assert bill.total == 100 * 2**20 * Decimal("0.02")


@pytest.mark.parametrize("count", [300, 8200, 17000])
def test_more_bytes_than_can_be_right_are_refused(count: int) -> None:
    """Sums of 64 bits run over from 8,192 such counters on."""
    with pytest.raises(PriceError) as raised:
        price(replayed(network(), odd(log("vm-peer", "Outbound", PEER, SQL), count)))
    assert raised.value.code == "VNS7012" and "288 PB" in raised.value.message
