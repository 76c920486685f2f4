"""Bills, their differences, and what a change does beside verdicts, as people, spreadsheets and programs get them."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator.cost.attribution import by_flow, by_pair, by_place, derivation
from simulator.cost.bill import Bill, price
from simulator.cost.difference import BillDifference
from simulator.cost.per_gb import LegCost
from simulator.cost.price_sheet import load_prices
from simulator.report.by import By
from simulator.report.cost import cost_report
from simulator.report.cost_difference import SPLITS, basis, difference_report
from simulator.report.document import Lines, Report, Table
from simulator.report.formats import OutputFormat, render
from simulator.report.money import factor_text, money, price_text, signed
from simulator.report.side_effects import SideEffects, effects_basis, effects_blocks, effects_data, effects_line
from simulator.report.text import printable
from simulator.report.trace import trace_report
from simulator.walk.explain import explain
from simulator.whatif.change import parse_change
from simulator.whatif.encryption_impact import EncryptionRow, WayEncryption
from simulator.whatif.in_brief import read_move, via
from tests.cost.every_way import network
from tests.cost.logs import bill_of, records
from tests.cost.pages import item, page, save
from tests.cost.test_attribution import every_way
from tests.cost.test_bill import two
from tests.cost.test_difference import difference, spokes


def printed(report: Report, output: OutputFormat = OutputFormat.TABLE) -> str:
    return render(report, output, stream=None, tool_version="1")


def data(report: Report) -> dict[str, Any]:
    parsed = json.loads(printed(report, OutputFormat.JSON))
    assert isinstance(parsed, dict)
    return parsed


def rows(report: Report) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(printed(report, OutputFormat.CSV), newline=""))]


def titles(report: Report) -> list[str]:
    return [block.title for block in report.blocks if block.title]


def small(*, month: bool = False) -> Bill:
    """2 GB from one peered network to another, and 1 GB back."""
    flow = records(network(), "vm-peer", "Outbound", "10.5.0.4:50000", "10.4.3.6:1433", sent=2, received=1)
    return bill_of(network(), flow, month=month)


# A bill


def test_people_read_the_total_and_what_it_rests_on() -> None:
    lines = printed(cost_report(small())).splitlines()
    assert lines[0] == "Cost of network: 0.06 USD"
    assert lines[2:4] == [
        "  1 of 1 conversation is billed, 2026-09-01 00:00 to 2026-09-01 00:00 UTC",
        "  only the traffic of this time, as if its month held no more; --month extrapolates",
    ]
    assert "  list prices in USD, without taxes, discounts and fees by the hour; the newest of 2026-09-19" in lines
    assert "  gigabyte_is_binary = true: a GB of a price is 2^30 bytes; with 10^9 the total is 0.06 USD" in lines


def test_a_month_says_what_it_was_reckoned_from() -> None:
    report = cost_report(small(month=True))
    assert report.headline.text == "Cost of network: 2,628.00 USD a month"
    short = "  a month of 730 hours like the log's 1 minute: every byte × 43,800; so short a log says little of a month"
    assert short in printed(report)
    flow = records(network(), "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1)
    late = records(network(), "vm-a", "Outbound", "10.1.0.4:50001", "10.2.0.4:443", sent=1, seconds=5 * 86400 - 31)
    told = printed(cost_report(bill_of(network(), flow, late, month=True)))
    assert "  a month of 730 hours like the log's 5 days: every byte × 6.083\n" in told


@pytest.mark.parametrize("by", By)
def test_csv_holds_every_row_with_all_digits(by: By) -> None:
    bill = every_way()
    found = rows(cost_report(bill, by=by))
    shares = {
        By.METER: bill.lines,
        By.PAIR: by_pair(bill),
        By.FLOW: by_flow(bill),
        By.SUBNET: by_place(bill, whole_vnets=False),
        By.VNET: by_place(bill, whole_vnets=True),
    }[by]
    column = "Amount" if by is By.METER else "USD"
    assert [float(row[column]) for row in found] == [float(share.amount) for share in shares]
    assert sum(float(row[column]) for row in found) == pytest.approx(float(bill.total))


@pytest.mark.parametrize("by", By)
def test_people_see_the_split_that_they_ask_for(by: By) -> None:
    assert [title for title in titles(cost_report(every_way(), by=by)) if title.startswith("By ")] == (
        ["By meter"] if by is By.METER else ["By meter", f"By {by}"]
    )


def test_json_holds_all_of_it() -> None:
    bill = every_way()
    said = data(cost_report(bill))
    assert said["total"] == float(bill.total)
    for key in ("meters", "pairs", "flows", "subnets", "virtual_networks"):
        assert sum(row["amount"] for row in said[key]) == pytest.approx(said["total"])
    assert len(said["steps"]) == len(derivation(bill))
    assert sum(step["amount"] for step in said["steps"]) == pytest.approx(said["total"])
    assert {row["key"] for row in said["meters"]} == {line.meter.key for line in bill.lines}
    assert said["window"] == {
        "start": "2026-09-01T00:00:00+00:00",
        "end": "2026-09-01T00:01:00+00:00",
        "minutes": 2,
        "is_of_a_month": False,
        "factor": 1.0,
    }
    assert said["bytes_a_gb"] == 2**30 and said["other_gigabyte"]["bytes_a_gb"] == 10**9
    assert said["prices"] == {"date": "2026-09-19", "is_shipped": True, "notes": []}
    assert [row["is_gap"] for row in said["not_billed"]] == [line.is_gap for line in bill.unpriced]


def test_steps_and_bands_are_derived_when_asked_for() -> None:
    held = two("westeurope", "eastus")
    flows = [
        records(held, "vm-a", "Outbound", "10.1.0.4:50000", "198.51.100.7:443", sent=6000),
        records(held, "vm-b", "Outbound", "10.2.0.4:50000", "198.51.100.7:443", sent=6000),
    ]
    bill = bill_of(held, *flows)
    assert "Step by step" not in printed(cost_report(bill))
    told = printed(cost_report(bill, explain=True))
    assert "      6000.0 GB × 0.08572 = 514.3200 USD: Internet egress of westeurope (westeurope)" in told
    assert (
        "  Standard Data Transfer Out (Rtn Preference: MGN), eastus, westeurope: 100.0 × 0.000 + 10235.0 × 0.087 "
        "+ 1665.0 × 0.083 USD; 12000.0 GB cost 0.08572 each on average" in told
    )


def test_an_empty_log_says_so() -> None:
    told = printed(cost_report(bill_of(network())))
    assert told.startswith("Cost of network: 0.00 USD\n\n  the log is empty\n")
    assert rows(cost_report(bill_of(network()))) == []


def test_what_nobody_knows_is_said_at_once() -> None:
    held = two("westeurope", "saudiarabiaeast")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=2)
    told = printed(cost_report(bill_of(held, flow)))
    assert told.startswith("Cost of network: 0.07 USD\n")
    assert "  not in it: 2.0 GB of which nobody knows what they cost, listed below\n" in told
    assert "not known: no price of Global Virtual Network Peering / Inter-Region Ingress in saudiarabiaeast" in told
    assert "  prices that are not known can be given: --prices takes saved pages, see docs/concepts/prices.md\n" in told
    nowhere = two("atlantis", "atlantis")
    told = printed(cost_report(bill_of(nowhere, flow)))
    assert told.startswith("Cost of network: not known\n")


def test_a_price_that_is_not_certain_is_told_once() -> None:
    held = two("japaneast", "japanwest")
    flows = [
        records(held, "vm-a", "Outbound", "10.1.0.4:50000", "198.51.100.7:443", sent=200),
        records(held, "vm-b", "Outbound", "10.2.0.4:50000", "198.51.100.7:443", sent=200),
    ]
    told = printed(cost_report(bill_of(held, *flows)))
    assert told.count("  ? Standard Data Transfer Out (Rtn Preference: MGN) (zone 2, 2026-09-19): ") == 1
    assert told.count("Standard Data Transfer Out (Rtn Preference: MGN) ?") == 2


def test_notes_of_price_pages_stand_below_the_bill(tmp_path: Path) -> None:
    rows_of = [item(price=0.09, meterId="own"), item(price=0.08, meterId="own", effectiveStartDate="2020-01-01")]
    [path] = save(tmp_path, {"e.json": page(rows_of)})
    sheet = load_prices([path])
    assert sheet.notes
    bill = price(small().replay, sheet)
    assert f"  {sheet.notes[0]}\n" in printed(cost_report(bill))
    assert data(cost_report(bill))["prices"] == {"date": sheet.date, "is_shipped": False, "notes": [*sheet.notes]}


@pytest.mark.parametrize("output", [OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.CSV])
def test_a_hostile_name_reaches_no_terminal(output: OutputFormat, tmp_path: Path) -> None:
    """Of a network, in a note, and in a reason."""
    hostile = "\x1b[2J\u202eevil[bold]"
    [path] = save(tmp_path, {"e.json": page([item(price=0.09, meterId="own")], Count=2)})
    evil = path.rename(path.with_name("\x1b[2J\u202eevil[bold].json"))
    held = two("westeurope", "westeurope", f"name: {json.dumps(hostile)}\n")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "198.51.100.7:443", sent=2)
    bill = bill_of(held, flow, sheet=load_prices([evil]))
    for report in (
        cost_report(bill, explain=True),
        difference_report(difference(held, read_move("vnet-b=eastus"), flow), hostile),
    ):
        text = printed(report, output)
        assert all(printable(letter) == letter or letter in "\r\n" for letter in text)
        assert output is OutputFormat.CSV or "evil[bold]" in text


# A difference


def test_a_difference_says_by_how_much_and_by_what() -> None:
    held, there, _ = spokes()
    found = difference(held, via("fw=vnet-a,vnet-b"), there)
    report = difference_report(found, "via fw", explain=True)
    told = printed(report)
    assert told.startswith("Cost of network with via fw: +0.54 USD (0.30 USD → 0.84 USD)\n")
    assert [title for title in titles(report) if title not in ("Free", "Not in the bill", "Prices", "Assumed")] == [
        "Cost by meter", "Cost by pair", "Step by step, before", "Step by step, after",
    ]  # fmt: skip
    assert "      10.0 GB × 0.016 = 0.1600 USD: processed by fw (westeurope)\n" in told
    said = data(report)
    assert (said["difference"], said["stopped"], said["is_whole"], said["gaps"]) == (0.54, 0.0, True, [])
    assert said["before"]["total"] + said["difference"] == pytest.approx(said["after"]["total"])
    assert {row["key"] for row in said["meters"]} == {"firewall_standard", "peering_out", "peering_in"}


@pytest.mark.parametrize("by", SPLITS)
def test_a_difference_by_whatever_adds_up(by: By) -> None:
    held, there, _ = spokes()
    report = difference_report(difference(held, via("fw=vnet-a,vnet-b"), there), "c", by=by)
    assert [title for title in titles(report) if title.startswith("Cost by")] == (
        ["Cost by meter"] if by is By.METER else ["Cost by meter", f"Cost by {by}"]
    )
    assert sum(float(row["USD more"]) for row in rows(report)) == pytest.approx(0.54)


def test_a_difference_that_is_not_whole_says_why() -> None:
    held = two("westeurope", "westeurope")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=10)
    found = difference(held, read_move("vnet-b=saudiarabiaeast"), flow)
    told = printed(difference_report(found, "move"))
    assert told.startswith("Cost of network with move: +0.15 USD and what is not known (0.20 USD → 0.35 USD)\n")
    assert "  not the whole difference, not known: no price of Global Virtual Network Peering" in told
    assert "0.0 GB before, 10.0 GB after" in told
    said = data(difference_report(found, "move"))
    assert not said["is_whole"] and said["gaps"][0]["gb_after"] == 10


# Beside the verdicts of what-if


def what_if_difference() -> BillDifference:
    held, there, _ = spokes()
    return difference(held, via("fw=vnet-a,vnet-b"), there, month=True)


def test_the_basis_of_an_amount_is_one_line() -> None:
    told = "730 hours like the log's 1 minute (× 43,800), list prices in USD of 2026-09-19, a GB of 2^30 bytes"
    assert basis(what_if_difference()) == told
    assert effects_basis(SideEffects(costs=what_if_difference())) == f"cost: {told}"
    assert effects_basis(SideEffects()) == ""
    assert effects_data(SideEffects(costs=what_if_difference()))["cost"]["basis"] == told


def test_side_effects_in_a_line() -> None:
    assert effects_line(SideEffects(costs=what_if_difference())) == "COST +23,652.00 USD a month"
    assert effects_line(SideEffects()) == ""
    held = two("westeurope", "westeurope")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=10)
    unknown = difference(held, read_move("vnet-b=saudiarabiaeast"), flow, month=True)
    assert effects_line(SideEffects(costs=unknown)) == "COST +6,570.00 USD a month and what is not known"


def test_where_nothing_changes_nothing_is_said() -> None:
    held, there, _ = spokes()
    found = difference(held, parse_change("changes: []"), there, month=True)
    effects = SideEffects(costs=found)
    assert found.is_nothing
    assert (effects_line(effects), effects_basis(effects), [*effects_blocks(effects)]) == ("", "", [])


def test_traffic_that_is_not_priced_says_why() -> None:
    effects = SideEffects(unpriced="the log is empty")
    [block] = effects_blocks(effects)
    assert isinstance(block, Lines) and block.lines[0].text == "  the traffic is not priced: the log is empty"
    assert effects_data(effects) == {"encryption": [], "cost": None, "not_priced": "the log is empty"}


def encryption_row(at: int, kind: Any = "encryption_lost") -> EncryptionRow:
    was, becomes = WayEncryption("encrypted", ""), WayEncryption("partly", f"vm-{at}: old", would_be_dropped=True)
    return EncryptionRow(kind, f"vm-{at}", "vm-sql", "TCP", 1433, 2, 5000, was, becomes)


def test_what_loses_encryption_is_a_table_of_the_worst() -> None:
    effects = SideEffects((*(encryption_row(at) for at in range(12)), encryption_row(12, "encryption_unclear")))
    lost, unclear = effects_blocks(effects)
    assert isinstance(lost, Table) and isinstance(unclear, Table)
    assert lost.title == "Loses encryption"
    assert lost.rows[0] == ("vm-0 → vm-sql tcp/1433", "2 conv., 5.0 kB", "encrypted", "partly encrypted: vm-0: old")
    assert (len(lost.rows), lost.rows[-1][0]) == (11, "… and 2 more groups (all with -o json)")
    assert unclear.title == "May lose or gain encryption: the export does not say"
    assert effects_line(effects) == "LOSES ENCRYPTION 24 conversations"
    said = effects_data(effects)["encryption"]
    assert len(said) == 13
    assert said[0]["after"] == {"extent": "partly", "blocker": "vm-0: old", "would_be_dropped": True}
    assert said[0]["port"] == 1433 and said[0]["before"]["blocker"] is None


# explain


def test_explain_says_what_a_gb_costs() -> None:
    trace = explain(network(), "vm-a", "vm-b:443")
    costs = [
        LegCost(False, "out of vnet-a", "Egress", "westeurope", Decimal("0.0875"), "unsure"),
        LegCost(False, "within vnet-a", "", "westeurope", Decimal(0)),
        LegCost(True, "whatever", "", "", None),
    ]
    told = printed(trace_report(trace, costs=costs, currency="EUR"))
    assert "  there  0.0875 EUR  out of vnet-a (westeurope) ?\n" in told
    assert "         free        within vnet-a\n" in told
    assert "  back   not known   whatever\n" in told
    assert "  in all there 0.0875, back not known EUR, the first band that costs anything\n" in told
    [first, *_] = data(trace_report(trace, costs=costs, currency="EUR"))["cost_per_gb"]
    assert (first["price"], first["currency"], first["way"], first["certainty"]) == (0.0875, "EUR", "there", "unsure")
    assert "Costs for each GB" not in printed(trace_report(trace))


# Amounts


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00 USD"),
        ("12.345", "12.35 USD"),
        ("-12.345", "-12.35 USD"),
        ("1234567.891", "1,234,567.89 USD"),
        ("0.0099", "0.0099 USD"),
        ("0.00001", "less than 0.0001 USD"),
        ("-0.0000000001", "-less than 0.0001 USD"),
        ("-5", "-5.00 USD"),
    ],
)
def test_money(amount: str, text: str) -> None:
    assert money(Decimal(amount), "USD") == text


def test_signs() -> None:
    assert [signed(Decimal(text), "USD") for text in ("0", "1.5", "-1.5", "0.00001")] == [
        "±0.00 USD",
        "+1.50 USD",
        "-1.50 USD",
        "+less than 0.0001 USD",
    ]


def test_prices_and_factors_have_the_digits_that_they_need() -> None:
    assert [price_text(Decimal(text)) for text in ("0.01", "0.0875", "1", "0.00035", "10")] == [
        "0.010",
        "0.0875",
        "1.000",
        "0.00035",
        "10.000",
    ]
    assert [factor_text(Decimal(text)) for text in ("1", "730", "43800", "1.01388", "0.5")] == [
        "1",
        "730",
        "43,800",
        "1.014",
        "0.5",
    ]
