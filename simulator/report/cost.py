"""What `vnetsim cost` says: the total, by meter, by whose traffic or where; what is free, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from simulator.comparison.labels import Parties, protocol_name
from simulator.cost.attribution import PlaceShare, Share, Step, by_flow, by_pair, by_place, derivation
from simulator.cost.bill import Bill, BillLine, Unpriced
from simulator.cost.billed import Outcome
from simulator.cost.difference import AmountChange, BillDifference
from simulator.network.assumptions import assumption_text
from simulator.report.by import By
from simulator.report.document import Line, Lines, Report, Row, Table
from simulator.report.text import counted
from simulator.report.words import service
from simulator.space.addresses import parse_address

#: The assumptions that a bill rests on.
_ASSUMPTIONS = ("gigabyte_is_binary", "zones_are_charged", "private_endpoint_peering_is_charged")
_SHOWN = 15
_PAIRS_DERIVED = 5


def cost_report(bill: Bill, *, by: By = By.PAIR, explain: bool = False) -> Report:
    """The bill of a log."""
    split = _split(bill, by)
    blocks = (
        Lines(tuple(_introduction(bill))),
        _meters(bill),
        *(() if by is By.METER else (split,)),
        *((_steps(bill),) if explain else ()),
        _free(bill),
        _unpriced(bill),
        Lines.of(*_prices(bill), title="Prices"),
        Lines.of(*_assumed(bill), title="Assumed"),
    )
    return Report(
        kind="cost",
        headline=Line(f"Cost of {_where(bill)}: {money(bill.total, bill.currency)}{_for(bill)}", "strong"),
        blocks=tuple(block for block in blocks if not _is_empty(block)),
        records=lambda: split,
        data=lambda: _data(bill),
    )


def difference_report(difference: BillDifference, change: str, *, explain: bool = False) -> Report:
    """What a change does to the bill."""
    before, after, currency = difference.before, difference.after, difference.before.currency
    headline = (
        f"Cost of {_where(before)} with {change}: {signed(difference.difference, currency)}{_for(before)} "
        f"({money(before.total, currency)} → {money(after.total, currency)})"
    )
    blocks = (
        Lines(tuple(_introduction(before))),
        *difference_blocks(difference, explain=explain),
        _unpriced(after),
        Lines.of(*_prices(after), title="Prices"),
        Lines.of(*_assumed(after), title="Assumed"),
    )
    return Report(
        kind="cost_difference",
        headline=Line(headline, "strong"),
        blocks=tuple(block for block in blocks if not _is_empty(block)),
        records=lambda: _pair_changes(difference),
        data=lambda: {"change": change, **difference_data(difference)},
    )


def difference_blocks(difference: BillDifference, *, explain: bool = False) -> Iterator[Table | Lines]:
    """The change of a bill by meter and by pair; with `explain` the arithmetic of both bills."""
    currency = difference.before.currency
    blocks: list[Table | Lines] = [
        Lines.of(*_stopped(difference)),
        _changes(difference.meters, ("Meter", "Region"), f"Cost by meter{_for(difference.before)}", currency),
        _pair_changes(difference),
    ]
    if explain:
        changed = [(held.name, held.where) for held in difference.pairs[:_PAIRS_DERIVED]]
        blocks.append(_steps(difference.before, "Step by step, before", changed))
        blocks.append(_steps(difference.after, "Step by step, after", changed))
    return (block for block in blocks if not _is_empty(block))


def difference_data(difference: BillDifference) -> dict[str, Any]:
    """For programs."""
    return {
        "currency": difference.before.currency,
        "difference": number(difference.difference),
        "stopped": number(difference.stopped),
        "started": number(difference.started),
        "meters": [_change_data(held, ("meter", "region")) for held in difference.meters],
        "pairs": [_change_data(held, ("source", "destination")) for held in difference.pairs],
        "before": _data(difference.before),
        "after": _data(difference.after),
    }


def _pair_changes(difference: BillDifference) -> Table:
    title = f"Cost by pair{_for(difference.before)}"
    return _changes(difference.pairs, ("Source", "Destination"), title, difference.before.currency)


def money(amount: Decimal, currency: str) -> str:
    """``12.34 USD``; of less than a cent enough digits to tell."""
    if amount and abs(amount) < Decimal("0.01"):
        return f"{amount:.2g} {currency}" if abs(amount) < Decimal("0.0001") else f"{amount:.4f} {currency}"
    return f"{amount:,.2f} {currency}"


def signed(amount: Decimal, currency: str) -> str:
    """The amount with its sign, ``±0`` where nothing changes."""
    if not amount:
        return f"±0.00 {currency}"
    return f"{'+' if amount > 0 else '-'}{money(abs(amount), currency)}"


def number(amount: Decimal) -> float:
    """For programs."""
    return float(amount)


def _is_empty(block: Table | Lines) -> bool:
    return not (block.lines if isinstance(block, Lines) else block.rows)


def _where(bill: Bill) -> str:
    return bill.replay.network.snapshot.name or "network"


def _for(bill: Bill) -> str:
    return " a month" if bill.factor != 1 else ""


def _introduction(bill: Bill) -> Iterator[Line]:
    replay = bill.replay
    if bill.start is None or bill.end is None:
        yield Line("  the log is empty", "faint")
        return
    window = f"{bill.start:%Y-%m-%d %H:%M} to {bill.end:%Y-%m-%d %H:%M} UTC"
    billed = int((bill.billed.outcome == Outcome.BILLED).sum())
    again = f", {bill.duplicates:,} are the same as another NIC logged them" if bill.duplicates else ""
    yield Line(f"  {billed:,} of {counted(len(replay), 'conversation')} are billed{again}, {window}", "faint")
    if bill.factor != 1:
        yield Line(f"  a month of 730 hours like these: every byte × {bill.factor:.4g}", "faint")
    else:
        yield Line("  only the traffic of this time, as if its month held no more; --month extrapolates", "faint")


def _meters(bill: Bill) -> Table:
    rows = tuple(
        (_meter(line), line.region, _gb(line.gb), _rate(line.average), _rate(line.marginal), _amount(line.amount))
        for line in bill.lines
    )
    columns = ("Meter", "Region", "GB", f"{bill.currency}/GB", "Next GB", bill.currency)
    return Table(columns, rows, title="By meter")


def _meter(line: BillLine) -> str:
    product = line.meter.product if line.meter.product.split(" ", 1)[0] not in line.meter.name else ""
    doubt = " ?" if line.meter.certainty == "unsure" else ""
    return f"{line.meter.name}{f' ({product})' if product else ''}{doubt}"


def _split(bill: Bill, by: By) -> Table:
    if by is By.METER:
        return Table(_METER_COLUMNS, tuple(map(_meter_record, bill.lines)))
    if by in (By.SUBNET, By.VNET):
        places = by_place(bill, whole_vnets=by is By.VNET)
        return Table(("Charged in", "GB", bill.currency), tuple(map(_place, places)), title=f"By {by}", shown=_SHOWN)
    if by is By.FLOW:
        parties = Parties(bill.replay.network)
        rows = tuple(_flow(parties, share) for share in by_flow(bill))
        return Table(("Source", "Destination", "Service", *_carried(bill)), rows, title="By flow", shown=_SHOWN)
    rows = tuple(map(_pair, by_pair(bill)))
    return Table(("Source", "Destination", *_carried(bill)), rows, title="By pair", shown=_SHOWN)


_METER_COLUMNS = (
    "Meter", "Key", "Meter id", "Scope", "Region", "GB", "Amount", "Average", "Marginal", "Certainty", "Date",
)  # fmt: skip


def _meter_record(line: BillLine) -> Row:
    meter = line.meter
    figures = map(number, (line.gb, line.amount, line.average, line.marginal))
    return (meter.name, meter.key, meter.meter_id, meter.scope, line.region, *figures, meter.certainty, meter.date)


def _carried(bill: Bill) -> tuple[str, str, str]:
    return ("GB there", "GB back", bill.currency)


def _pair(share: Share) -> Row:
    return (share.source, share.destination, _gb(share.there), _gb(share.back), _amount(share.amount))


def _place(share: PlaceShare) -> Row:
    return (share.place, _gb(share.gb), _amount(share.amount))


def _flow(parties: Parties, share: Share) -> Row:
    ends = (parties.label(None, parse_address(text)) for text in (share.source, share.destination))
    what = service(protocol_name(share.protocol), share.port)
    return (*ends, what, _gb(share.there), _gb(share.back), _amount(share.amount))


def _steps(bill: Bill, title: str = "Step by step", pairs: Sequence[tuple[str, str]] | None = None) -> Lines:
    """Each leg's arithmetic, of these pairs, or of the dearest."""
    shown = [(held.source, held.destination) for held in by_pair(bill)[:_PAIRS_DERIVED]] if pairs is None else pairs
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
        return f"{_gb(step.gb)} GB: {'free' if step.kind == 'free' else 'not known'}, {step.why}"
    return f"{_gb(step.gb)} GB × {_rate(step.rate)} = {step.amount:.4f} {currency}: {step.why} ({step.region})"


def _free(bill: Bill) -> Table:
    return Table(("Free", "GB"), tuple((line.why, _gb(line.gb)) for line in bill.free), title="Free", shown=_SHOWN)


def _unpriced(bill: Bill) -> Table:
    rows = tuple((line.reason, line.conversations, _gb(line.gb)) for line in bill.unpriced)
    return Table(("Why", "Conversations", "GB"), rows, title="Not in the bill", shown=_SHOWN)


def _prices(bill: Bill) -> Iterator[str]:
    kind = "without taxes, discounts and fees by the hour"
    yield f"  list prices in {bill.currency}, {kind}; the newest of {bill.sheet.date}"
    for line in bill.lines:
        if line.meter.certainty == "unsure":
            yield f"  ? {line.meter.name} ({line.meter.scope}, {line.meter.date}): {line.meter.note or 'not certain'}"
    yield from (f"  {note}" for note in bill.sheet.notes)


def _assumed(bill: Bill) -> Iterator[str]:
    network = bill.replay.network
    for key in _ASSUMPTIONS:
        text = f"  {assumption_text(network, key)}"
        if key == "gigabyte_is_binary":
            size, total = bill.other_gigabyte
            text += f"; with {'2^30' if size == 2**30 else '10^9'} the total is {money(total, bill.currency)}"
        yield text


def _stopped(difference: BillDifference) -> Iterator[str]:
    currency = difference.before.currency
    if difference.stopped:
        amount = money(difference.stopped, currency)
        yield f"  {amount} of it were paid for traffic that the change would stop, or leave undecided"
    if difference.started:
        yield f"  {money(difference.started, currency)} are for traffic that was not billed before"


def _changes(changes: Sequence[AmountChange], names: tuple[str, str], title: str, currency: str) -> Table:
    rows = tuple(
        (held.name, held.where, _amount(held.before), _amount(held.after), _amount(held.difference)) for held in changes
    )
    return Table((*names, "Before", "After", f"{currency} more"), rows, title=title, shown=_SHOWN)


def _gb(value: Decimal) -> float:
    return float(round(value, 3 if abs(value) >= Decimal("0.01") else 6))


def _rate(value: Decimal) -> float:
    return float(round(value, 5))


def _amount(value: Decimal) -> float:
    return float(round(value, 2 if abs(value) >= 1 else 4))


def _change_data(held: AmountChange, names: tuple[str, str]) -> dict[str, Any]:
    ends = dict(zip(names, (held.name, held.where), strict=True))
    return ends | {"before": number(held.before), "after": number(held.after), "difference": number(held.difference)}


def _data(bill: Bill) -> dict[str, Any]:
    size, total = bill.other_gigabyte
    return {
        "network": bill.replay.network.snapshot.name,
        "currency": bill.currency,
        "total": number(bill.total),
        "is_unsure": bill.is_unsure,
        "window": {
            "start": bill.start.isoformat() if bill.start else None,
            "end": bill.end.isoformat() if bill.end else None,
            "factor": number(bill.factor),
        },
        "conversations": {
            "billed": int((bill.billed.outcome == Outcome.BILLED).sum()),
            "logged_by_another_nic": bill.duplicates,
        },
        "bytes_a_gb": bill.bytes_a_gb,
        "other_gigabyte": {"bytes_a_gb": size, "total": number(total)},
        "prices": {"date": bill.sheet.date, "notes": [*bill.sheet.notes]},
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
    return {"reason": line.reason, "conversations": line.conversations, "gb": number(line.gb)}


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
