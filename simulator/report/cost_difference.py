"""What a change does to a bill: by meter, by whose traffic or where, and why the two may not be comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from simulator.cost.difference import AmountChange, BillDifference
from simulator.report.by import By
from simulator.report.cost import (
    PAIRS_DERIVED,
    SHOWN,
    assumed,
    bands,
    bill_data,
    introduction,
    is_empty,
    log_span,
    network_name,
    of_a_month,
    prices,
    steps,
    unpriced,
)
from simulator.report.document import Line, Lines, Report, Row, Table
from simulator.report.money import amount_cell, factor_text, gb_cell, money, number, signed

#: What a difference can be split by.
SPLITS = (By.METER, By.PAIR, By.SUBNET, By.VNET)


def difference_report(difference: BillDifference, change: str, *, by: By = By.PAIR, explain: bool = False) -> Report:
    """What a change does to the bill; `by` is one of `SPLITS`."""
    before, after, currency = difference.before, difference.after, difference.before.currency
    headline = (
        f"Cost of {network_name(before)} with {change}: {signed(difference.difference, currency)}{of_a_month(before)} "
        f"({money(before.total, currency)} → {money(after.total, currency)})"
    )
    blocks = (
        Lines(tuple(introduction(before))),
        *difference_blocks(difference, by=by, explain=explain),
        unpriced(after),
        Lines.of(*prices(after), title="Prices"),
        Lines.of(*assumed(after), title="Assumed"),
    )
    return Report(
        kind="cost_difference",
        headline=Line(headline, "strong"),
        blocks=tuple(block for block in blocks if not is_empty(block)),
        records=lambda: _records(difference, by),
        data=lambda: {"change": change, **difference_data(difference)},
    )


def difference_blocks(
    difference: BillDifference, *, by: By = By.PAIR, explain: bool = False
) -> Iterator[Table | Lines]:
    """The change of a bill by meter, and by `by`; with `explain` the arithmetic of both bills."""
    blocks: list[Table | Lines] = [
        Lines((*_doubts(difference), *_stopped(difference))),
        _table(difference, By.METER),
        *([] if by is By.METER else [_table(difference, by)]),
    ]
    if explain:
        changed = [(held.name, held.where) for held in difference.pairs[:PAIRS_DERIVED]]
        for bill, when in ((difference.before, "before"), (difference.after, "after")):
            blocks += [steps(bill, f"Step by step, {when}", changed), bands(bill, f"Rates of bands, {when}")]
    return (block for block in blocks if not is_empty(block))


def basis(difference: BillDifference) -> str:
    """What the amounts rest on, in a line."""
    bill = difference.before
    size = "2^30" if bill.bytes_a_gb == 2**30 else "10^9"
    time = f"730 hours like {log_span(bill)} (× {factor_text(bill.factor)})" if bill.is_of_a_month else log_span(bill)
    return f"{time}, list prices in {bill.currency} of {bill.sheet.date}, a GB of {size} bytes"


def difference_data(difference: BillDifference) -> dict[str, Any]:
    """For programs."""
    return {
        "currency": difference.before.currency,
        "difference": number(difference.difference),
        "stopped": number(difference.stopped),
        "started": number(difference.started),
        "is_whole": not difference.gaps,
        "gaps": [
            {"reason": gap.reason, "gb_before": number(gap.before), "gb_after": number(gap.after)}
            for gap in difference.gaps
        ],
        "meters": [_change_data(held, ("meter", "region")) | {"key": held.key} for held in difference.meters],
        "pairs": [_change_data(held, ("source", "destination")) for held in difference.pairs],
        "before": bill_data(difference.before),
        "after": bill_data(difference.after),
    }


def _changes(difference: BillDifference, by: By) -> tuple[tuple[str, ...], Sequence[AmountChange]]:
    """(names of the columns that say what costs, the changes)."""
    if by is By.METER:
        return ("Meter", "Region"), difference.meters
    if by is By.PAIR:
        return ("Source", "Destination"), difference.pairs
    return ("Charged in",), difference.by_place(whole_vnets=by is By.VNET)


def _table(difference: BillDifference, by: By) -> Table:
    title = f"Cost by {by}{of_a_month(difference.before)}"
    return replace(_records(difference, by, amount_cell), title=title, shown=SHOWN)


def _records(difference: BillDifference, by: By, cell: Callable[[Decimal], float] = number) -> Table:
    names, changes = _changes(difference, by)
    rows: list[Row] = []
    for held in changes:
        amounts = (cell(held.before), cell(held.after), cell(held.difference))
        rows.append((held.name, held.where, *amounts) if len(names) > 1 else (held.name, *amounts))
    return Table((*names, "Before", "After", f"{difference.before.currency} more"), tuple(rows))


def _doubts(difference: BillDifference) -> Iterator[Line]:
    """Why the bills cannot be compared in full."""
    for gap in difference.gaps:
        sizes = f"{gb_cell(gap.before)} GB before, {gb_cell(gap.after)} GB after"
        yield Line(f"  not the whole difference, {gap.reason}: {sizes}", "doubtful")


def _stopped(difference: BillDifference) -> Iterator[Line]:
    currency = difference.before.currency
    if difference.stopped:
        amount = money(difference.stopped, currency)
        yield Line(f"  {amount} of it were paid for traffic that the change would stop, or leave undecided")
    if difference.started:
        yield Line(f"  {money(difference.started, currency)} are for traffic that was not billed before")


def _change_data(held: AmountChange, names: tuple[str, str]) -> dict[str, Any]:
    ends = dict(zip(names, (held.name, held.where), strict=True))
    return ends | {"before": number(held.before), "after": number(held.after), "difference": number(held.difference)}
