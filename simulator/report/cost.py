"""What `vnetsim cost` says: the total, by meter, by whose traffic or where; what is free, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from simulator.comparison.labels import Parties, protocol_name
from simulator.cost.attribution import PlaceShare, Share, Step, by_flow, by_pair, by_place, derivation
from simulator.cost.bill import HOURS_A_MONTH, Bill, BillLine
from simulator.cost.billed import Outcome
from simulator.cost.left_out import Unpriced
from simulator.cost.meters import bands_of
from simulator.network.assumptions import assumption_text
from simulator.report.by import By
from simulator.report.document import Line, Lines, Report, Row, Table
from simulator.report.money import amount_cell, factor_text, gb_cell, money, number, price_text, rate_cell
from simulator.report.text import counted
from simulator.report.words import service
from simulator.space.addresses import parse_address

#: The assumptions that a bill rests on.
_ASSUMPTIONS = ("gigabyte_is_binary", "zones_are_charged", "private_endpoint_peering_is_charged")
#: A log of less than this many minutes is no measure of a month.
SHORT_MINUTES = 60
#: Rows of a table that people see, and pairs whose amounts are derived.
SHOWN, PAIRS_DERIVED = 15, 5
_Cell = Callable[[Decimal], float]


def cost_report(bill: Bill, *, by: By = By.PAIR, explain: bool = False) -> Report:
    """The bill of a log."""
    split = _split(bill, by)
    blocks = (
        Lines(tuple(introduction(bill))),
        _meters(bill),
        *(() if by is By.METER else (split(gb_cell, amount_cell),)),
        *((steps(bill), bands(bill)) if explain else ()),
        _free(bill),
        unpriced(bill),
        Lines.of(*prices(bill), title="Prices"),
        Lines.of(*assumed(bill), title="Assumed"),
    )
    total = "not known" if bill.gaps and not bill.lines else f"{money(bill.total, bill.currency)}{of_a_month(bill)}"
    return Report(
        kind="cost",
        headline=Line(f"Cost of {network_name(bill)}: {total}", "strong"),
        blocks=tuple(block for block in blocks if not is_empty(block)),
        records=lambda: split(number, number),
        data=lambda: bill_data(bill),
    )


def is_empty(block: Table | Lines) -> bool:
    return not (block.lines if isinstance(block, Lines) else block.rows)


def network_name(bill: Bill) -> str:
    return bill.replay.network.snapshot.name or "network"


def of_a_month(bill: Bill) -> str:
    return " a month" if bill.is_of_a_month else ""


def introduction(bill: Bill) -> Iterator[Line]:
    """How much of the log is billed, for which time, and how much of it nobody can price."""
    replay = bill.replay
    if bill.start is None or bill.end is None:
        yield Line("  the log is empty", "faint")
        return
    window = f"{bill.start:%Y-%m-%d %H:%M} to {bill.end:%Y-%m-%d %H:%M} UTC"
    billed = int((bill.billed.outcome == Outcome.BILLED).sum())
    again = f", {bill.duplicates:,} are the same as another NIC logged them" if bill.duplicates else ""
    told = f"{billed:,} of {counted(len(replay), 'conversation')} {'is' if len(replay) == 1 else 'are'} billed"
    yield Line(f"  {told}{again}, {window}", "faint")
    yield _time(bill)
    unknown = sum((gap.gb for gap in bill.gaps), Decimal(0))
    if gb_cell(unknown):
        yield Line(f"  not in it: {gb_cell(unknown)} GB of which nobody knows what they cost, listed below", "doubtful")


def _time(bill: Bill) -> Line:
    if not bill.is_of_a_month:
        return Line("  only the traffic of this time, as if its month held no more; --month extrapolates", "faint")
    told = f"  a month of {HOURS_A_MONTH} hours like {log_span(bill)}: every byte × {factor_text(bill.factor)}"
    if bill.minutes < SHORT_MINUTES:
        return Line(f"{told}; so short a log says little of a month", "doubtful")
    return Line(told, "faint")


def log_span(bill: Bill) -> str:
    """``the log's 60 minutes``, ``the log's 7.5 hours``, ``the log's 31 days``."""
    minutes = bill.minutes
    if minutes < 120:
        return f"the log's {counted(minutes, 'minute')}"
    hours = minutes / 60
    return f"the log's {hours:.4g} hours" if hours < 72 else f"the log's {hours / 24:.4g} days"


def _meters(bill: Bill) -> Table:
    rows = tuple(
        (
            _meter(line),
            line.region,
            gb_cell(line.gb),
            rate_cell(line.average),
            rate_cell(line.marginal),
            amount_cell(line.amount),
        )
        for line in bill.lines
    )
    columns = ("Meter", "Region", "GB", f"{bill.currency}/GB", "Next GB", bill.currency)
    return Table(columns, rows, title="By meter")


def _meter(line: BillLine) -> str:
    return f"{line.meter.title}{' ?' if line.meter.certainty == 'unsure' else ''}"


def _split(bill: Bill, by: By) -> Callable[[_Cell, _Cell], Table]:
    """The rows of a split; the two functions write GB and amounts."""
    carried, currency = ("GB there", "GB back", bill.currency), bill.currency
    if by is By.METER:
        return lambda _, __: Table(_METER_COLUMNS, tuple(map(_meter_record, bill.lines)))
    columns: tuple[str, ...]
    found: list[tuple[tuple[str, ...], tuple[Decimal, ...], Decimal]]
    if by in (By.SUBNET, By.VNET):
        places = by_place(bill, whole_vnets=by is By.VNET)
        columns, found = ("Charged in", "GB", currency), [((held.place,), (held.gb,), held.amount) for held in places]
    elif by is By.FLOW:
        parties, columns = Parties(bill.replay.network), ("Source", "Destination", "Service", *carried)
        found = [(_flow(parties, share), (share.there, share.back), share.amount) for share in by_flow(bill)]
    else:
        columns, shares = ("Source", "Destination", *carried), by_pair(bill)
        found = [((share.source, share.destination), (share.there, share.back), share.amount) for share in shares]

    def table(gb: _Cell, amount: _Cell) -> Table:
        rows: Iterator[Row] = ((*names, *map(gb, sizes), amount(total)) for names, sizes, total in found)
        return Table(columns, tuple(rows), title=f"By {by}", shown=SHOWN)

    return table


_METER_COLUMNS = (
    "Meter", "Key", "Meter id", "Scope", "Region", "GB", "Amount", "Average", "Marginal", "Certainty", "Date",
)  # fmt: skip


def _meter_record(line: BillLine) -> Row:
    meter = line.meter
    figures = map(number, (line.gb, line.amount, line.average, line.marginal))
    return (meter.name, meter.key, meter.meter_id, meter.scope, line.region, *figures, meter.certainty, meter.date)


def _flow(parties: Parties, share: Share) -> tuple[str, str, str]:
    source, destination = (parties.label(None, parse_address(text)) for text in (share.source, share.destination))
    return (source, destination, service(protocol_name(share.protocol), share.port))


def steps(bill: Bill, title: str = "Step by step", pairs: Sequence[tuple[str, str]] | None = None) -> Lines:
    """Each leg's arithmetic, of these pairs, or of the dearest."""
    shown = [(held.source, held.destination) for held in by_pair(bill)[:PAIRS_DERIVED]] if pairs is None else pairs
    lines: list[Line] = []
    pair: tuple[str, str] | None = None
    way: bool | None = None
    for step in derivation(bill, shown):
        if (step.source, step.destination) != pair:
            pair, way = (step.source, step.destination), None
            lines.append(Line(f"  {step.source} → {step.destination}", "strong"))
        if step.is_return != way:
            way = step.is_return
            lines.append(Line(f"    {'back' if way else 'there'}", "faint"))
        lines.append(Line(f"      {_arithmetic(step, bill.currency)}"))
    return Lines(tuple(lines), title=title)


def _arithmetic(step: Step, currency: str) -> str:
    if step.rate is None:
        return f"{gb_cell(step.gb)} GB: {'free' if step.kind == 'free' else 'not known'}, {step.why}"
    return f"{gb_cell(step.gb)} GB × {rate_cell(step.rate)} = {step.amount:.4f} {currency}: {step.why} ({step.region})"


def bands(bill: Bill, title: str = "Rates of bands") -> Lines:
    """How the average rates of meters with bands come about, from all that the meter counts in the month."""
    lines = []
    for pool in dict.fromkeys(line.meter.pool for line in bill.lines):
        counted_by = [line for line in bill.lines if line.meter.pool == pool]
        meter, gb = counted_by[0].meter, sum((line.gb for line in counted_by), Decimal(0))
        if len(meter.tiers) > 1:
            parts = " + ".join(f"{gb_cell(part)} × {price_text(price)}" for part, price in bands_of(meter, gb))
            average = f"{gb_cell(gb)} GB cost {rate_cell(counted_by[0].average)} each on average"
            where = ", ".join(line.region for line in counted_by)
            lines.append(f"  {meter.title}, {where}: {parts} {bill.currency}; {average}")
    return Lines.of(*lines, title=title)


def _free(bill: Bill) -> Table:
    return Table(("Free", "GB"), tuple((line.why, gb_cell(line.gb)) for line in bill.free), title="Free", shown=SHOWN)


def unpriced(bill: Bill) -> Table:
    rows = tuple((line.reason, line.conversations, gb_cell(line.gb)) for line in bill.unpriced)
    return Table(("Why", "Conversations", "GB"), rows, title="Not in the bill", shown=SHOWN)


def prices(bill: Bill) -> Iterator[str]:
    kind = "without taxes, discounts and fees by the hour"
    yield f"  list prices in {bill.currency}, {kind}; the newest of {bill.sheet.date}"
    meters = (line.meter for line in bill.lines if line.meter.certainty == "unsure")
    yield from dict.fromkeys(
        f"  ? {meter.title} ({meter.scope}, {meter.date}): {meter.note or 'not certain'}" for meter in meters
    )
    yield from (f"  {note}" for note in bill.sheet.notes)
    if bill.lacks_prices:
        yield "  prices that are not known can be given: --prices takes saved pages, see docs/concepts/prices.md"


def assumed(bill: Bill) -> Iterator[str]:
    network = bill.replay.network
    for key in _ASSUMPTIONS:
        text = f"  {assumption_text(network, key)}"
        if key == "gigabyte_is_binary":
            size, total = bill.other_gigabyte
            text += f"; with {'2^30' if size == 2**30 else '10^9'} the total is {money(total, bill.currency)}"
        yield text


def bill_data(bill: Bill) -> dict[str, Any]:
    size, total = bill.other_gigabyte
    return {
        "network": bill.replay.network.snapshot.name,
        "currency": bill.currency,
        "total": number(bill.total),
        "is_unsure": bill.is_unsure,
        "window": {
            "start": bill.start.isoformat() if bill.start else None,
            "end": bill.end.isoformat() if bill.end else None,
            "minutes": bill.minutes,
            "is_of_a_month": bill.is_of_a_month,
            "factor": number(bill.factor),
        },
        "conversations": {
            "billed": int((bill.billed.outcome == Outcome.BILLED).sum()),
            "logged_by_another_nic": bill.duplicates,
        },
        "bytes_a_gb": bill.bytes_a_gb,
        "other_gigabyte": {"bytes_a_gb": size, "total": number(total)},
        "prices": {"date": bill.sheet.date, "is_shipped": bill.sheet.is_shipped, "notes": [*bill.sheet.notes]},
        "meters": [_line_data(line) for line in bill.lines],
        "pairs": [_share_data(share) for share in by_pair(bill)],
        "subnets": [_place_data(share) for share in by_place(bill, whole_vnets=False)],
        "virtual_networks": [_place_data(share) for share in by_place(bill, whole_vnets=True)],
        "flows": [_flow_data(share) for share in by_flow(bill)],
        "free": [{"why": line.why, "gb": number(line.gb)} for line in bill.free],
        "not_billed": [_unpriced_data(line) for line in bill.unpriced],
        "steps": [_step_data(step) for step in derivation(bill)],
        "assumptions": [assumption_text(bill.replay.network, key) for key in _ASSUMPTIONS],
    }


def _unpriced_data(line: Unpriced) -> dict[str, Any]:
    return {
        "reason": line.reason,
        "is_gap": line.is_gap,
        "conversations": line.conversations,
        "gb": number(line.gb),
    }


def _line_data(line: BillLine) -> dict[str, Any]:
    meter = line.meter
    return {
        "meter": meter.name,
        "key": meter.key,
        "meter_id": meter.meter_id or None,
        "product": meter.product,
        "scope": meter.scope,
        "region": line.region,
        "gb": number(line.gb),
        "amount": number(line.amount),
        "average": number(line.average),
        "marginal": number(line.marginal),
        "certainty": meter.certainty,
        "note": meter.note or None,
        "date": meter.date,
        "source": meter.source,
    }


def _share_data(share: Share) -> dict[str, Any]:
    return {
        "source": share.source,
        "destination": share.destination,
        "gb_there": number(share.there),
        "gb_back": number(share.back),
        "amount": number(share.amount),
        "conversations": share.conversations,
    }


def _flow_data(share: Share) -> dict[str, Any]:
    port = share.port if share.port >= 0 else None
    return _share_data(share) | {"protocol": protocol_name(share.protocol), "port": port}


def _place_data(share: PlaceShare) -> dict[str, Any]:
    return {"place": share.place, "gb": number(share.gb), "amount": number(share.amount)}


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "source": step.source,
        "destination": step.destination,
        "way": "back" if step.is_return else "there",
        "kind": step.kind,
        "why": step.why,
        "key": step.meter,
        "region": step.region,
        "gb": number(step.gb),
        "rate": None if step.rate is None else number(step.rate),
        "amount": number(step.amount),
    }
