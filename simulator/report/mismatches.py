"""What `vnetsim diff` says: where a flow log and the predictions part, worst first, each with the place in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.comparison.categories import CATEGORIES, Category
from simulator.comparison.mismatches import Mismatch, Mismatches
from simulator.report.document import Line, Lines, Report, Row, Table, Tone
from simulator.report.replay import over_time
from simulator.report.text import counted, printable
from simulator.report.words import encryption_data, rule_data, service
from simulator.walk.predictions import Observation
from simulator.walk.reasons import Verdict

_SEVERITY_TONES: dict[str, Tone] = {"critical": "bad", "high": "bad", "medium": "doubtful", "info": "strong"}


#: How many groups of a category people see; what is only for information gets less room, and none in a brief report.
_SHOWN, _INFO_SHOWN, _BRIEFLY_SHOWN = 10, 2, 1


def mismatches_report(mismatches: Mismatches, *, is_brief: bool = False) -> Report:
    """`is_brief` shows people the worst group only of each category, and no counts but the headline's."""
    categories = [held for held in CATEGORIES.values() if held.severity != "info" or not is_brief]
    groups = (_group(held, mismatches.of(held.name), _BRIEFLY_SHOWN if is_brief else _SHOWN) for held in categories)
    return Report(
        kind="diff",
        headline=_headline(mismatches),
        blocks=(
            *([] if is_brief else [_summary(mismatches)]),
            *(group for group in groups if group.lines),
            *_malformed(mismatches),
        ),
        records=lambda: Table(_COLUMNS, tuple(_row(mismatch) for mismatch in mismatches)),
        data=lambda: _data(mismatches),
    )


def has_nothing_compared(mismatches: Mismatches) -> bool:
    """Whether the log holds nothing that a prediction could be held to, so that finding no mismatch says nothing."""
    return not len(mismatches.replay) or not mismatches.coverage


def _headline(mismatches: Mismatches) -> Line:
    records, summary = mismatches.replay.records, mismatches.summary()
    found = [
        counted(number, name.replace("_", " "), name.replace("_", " ") + "es")
        for name, number in summary.items()
        if number and CATEGORIES[name].is_mismatch
    ]
    where = over_time(counted(len(mismatches.replay), "conversation"), records)
    if has_nothing_compared(mismatches):
        return Line(f"nothing could be compared: {where}", "doubtful")
    covered = f"{mismatches.coverage:.1%} of them could be compared"
    if mismatches.has_mismatch:
        told = " and ".join([*([", ".join(found[:-1])] if found[1:] else []), found[-1]])
        return Line(f"{told}: {where}; {covered}", "bad")
    return Line(f"no mismatch: {where}; {covered}", "good")


def _summary(mismatches: Mismatches) -> Table:
    rows = tuple(
        (name.replace("_", " "), CATEGORIES[name].severity, number, CATEGORIES[name].text)
        for name, number in mismatches.summary().items()
        if number
    )
    return Table(("Category", "Severity", "Conversations", "Meaning"), rows)


def _group(category: Category, rows: tuple[Mismatch, ...], shown: int) -> Lines:
    shown = min(shown, _INFO_SHOWN) if category.severity == "info" else shown
    lines = [line for number, row in enumerate(rows[:shown], 1) for line in _lines(number, row)]
    if len(rows) > shown:
        rest = sum(row.conversations for row in rows[shown:])
        lines.append(
            Line(f"    … and {counted(len(rows) - shown, 'more group')}, {counted(rest, 'conversation')}", "faint")
        )
    return Lines(tuple(lines), title=f"{category.name.replace('_', ' ').capitalize()}: {category.text}")


def _lines(number: int, row: Mismatch) -> Iterator[Line]:
    flow = f"{row.source} → {row.destination} {service(row.protocol, row.port)}"
    yield Line(f"{number:>3} {row.nic}, {row.direction.lower()}: {flow}", _SEVERITY_TONES[row.severity])
    yield Line(f"    {row.text}")
    sources = f" from {counted(row.sources, 'source')}" if row.sources > 1 else ""
    first, last = row.observed.first_time, row.observed.last_time
    when = f"{first:%Y-%m-%d %H:%M:%S}" + (f" to {last:%H:%M:%S}" if last != first else "")
    yield Line(f"    {counted(row.conversations, 'conversation')}{sources}, {when} UTC", "faint")
    if row.note:
        yield Line(f"    {row.note}")
    if row.locators:
        more = f" and {counted(row.observed.records - 1, 'more record')}" if row.observed.records > 1 else ""
        yield Line(f"    at {row.locators[0]}{more}", "faint")


def _malformed(mismatches: Mismatches) -> Iterator[Lines]:
    if mismatches.malformed:
        pieces = mismatches.malformed[:_SHOWN]
        lines = tuple(
            line
            for piece in pieces
            for line in (Line(f"    {piece.reason}: {piece.text[:80]}"), Line(f"    at {piece.locator}", "faint"))
        )
        yield Lines(lines, title=f"Malformed: {CATEGORIES['malformed'].text}")


_COLUMNS = (
    "Category", "Kind", "Severity", "NIC", "Direction", "Source", "Destination", "Protocol", "Port", "Conversations",
    "Sources", "Predicted", "Predicted rule", "Observed", "Observed rule", "Observed ACL", "Predicted encryption",
    "Observed encryption", "First", "Last", "Reason", "Note", "Place",
)  # fmt: skip


def _row(row: Mismatch) -> Row:
    predicted = row.predicted
    return (
        row.category,
        row.kind,
        row.severity,
        row.nic,
        row.direction,
        row.source,
        row.destination,
        row.protocol,
        row.port if row.port >= 0 else None,
        row.conversations,
        row.sources,
        _verdict(predicted),
        str(predicted.rule) if predicted and predicted.rule else None,
        row.observed.verdict,
        row.observed.rule,
        row.observed.acl,
        row.encryption.code or None,
        row.observed.encryption,
        row.observed.first_time.isoformat(),
        row.observed.last_time.isoformat(),
        predicted.reason if predicted else row.prediction.reason,
        row.note,
        str(row.locators[0]) if row.locators else None,
    )


def _verdict(predicted: Observation | None) -> str | None:
    return None if predicted is None else Verdict(predicted.verdict).name


def _data(mismatches: Mismatches) -> dict[str, Any]:
    return {
        "network": mismatches.replay.network.snapshot.name,
        "records": len(mismatches.replay.records),
        "conversations": len(mismatches.replay),
        "coverage": round(mismatches.coverage, 6) if len(mismatches.replay) else None,
        "has_mismatch": mismatches.has_mismatch,
        "summary": mismatches.summary(),
        "mismatches": [_mismatch_data(row) for row in mismatches],
        "malformed": [
            {"place": str(piece.locator), "reason": piece.reason, "text": printable(piece.text)}
            for piece in mismatches.malformed
        ],
    }


def _mismatch_data(row: Mismatch) -> dict[str, Any]:
    predicted = row.predicted
    return {
        "category": row.category,
        "kind": row.kind,
        "severity": row.severity,
        "text": row.text,
        "note": row.note,
        "nic": row.nic,
        "direction": row.direction,
        "source": row.source,
        "destination": row.destination,
        "protocol": row.protocol,
        "port": row.port if row.port >= 0 else None,
        "conversations": row.conversations,
        "sources": row.sources,
        "observed": {
            "verdict": row.observed.verdict,
            "rule": row.observed.rule,
            "acl": row.observed.acl,
            "encryption": row.observed.encryption,
            "records": row.observed.records,
            "first_time": row.observed.first_time.isoformat(),
            "last_time": row.observed.last_time.isoformat(),
        },
        "predicted": predicted
        and {
            "verdict": _verdict(predicted),
            "reason": predicted.reason,
            "rule": rule_data(predicted.rule),
            "also": [rule_data(rule) for rule in predicted.also],
        },
        "predicted_encryption": encryption_data(row.encryption),
        "end_to_end": {
            "verdict": Verdict(row.prediction.verdict).name,
            "reason": row.prediction.reason,
            "rule": rule_data(row.prediction.rule),
            "path": list(row.prediction.path),
        },
        "places": [str(locator) for locator in row.locators],
    }
