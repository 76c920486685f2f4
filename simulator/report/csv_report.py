"""A report as CSV (RFC 4180) for spreadsheets: its records under a header, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

from simulator.report.document import Report, Value
from simulator.report.text import printable

#: A cell that begins like this is a formula to Excel and its kin (OWASP: CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@")


def csv_text(report: Report) -> str:
    """Lines end in CR LF, as the RFC has it. Text that a spreadsheet would take for a formula gets a ``'`` in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    records = report.records()
    writer.writerow(records.columns)
    writer.writerows([_cell(value) for value in row] for row in records.rows)
    return text.getvalue()


def _cell(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    safe = printable(value)
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA_STARTS) else safe
