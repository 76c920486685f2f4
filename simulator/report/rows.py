"""The records of a report, one JSON object a line or as an Arrow table, under names that programs can use."""

from __future__ import annotations

import json
import re
from typing import IO, Any

from simulator import extras
from simulator.report.document import Report, Table
from simulator.report.text import escape_json, fits


def json_lines(report: Report, stream: IO[str] | None) -> str:
    """A line for each record, its keys in the order of the columns. In ASCII where `stream` cannot hold it."""
    records = report.records()
    names = field_names(records)
    rows = [dict(zip(names, row, strict=True)) for row in records.rows]
    text = "".join(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n" for row in rows)
    if not fits(text, stream):
        text = "".join(f"{json.dumps(row, allow_nan=False)}\n" for row in rows)
    return escape_json(text)


def arrow_table(report: Report) -> Any:
    """The records as a ``pyarrow.Table``. Raises MissingExtraError without pyarrow."""
    arrow = extras.load("pyarrow", extra="arrow", what="Parquet")
    records = report.records()
    columns = zip(*records.rows, strict=True) if records.rows else ([] for _ in records.columns)
    return arrow.table(dict(zip(field_names(records), (_column(arrow, [*held]) for held in columns), strict=True)))


def field_names(records: Table) -> list[str]:
    """``Source port`` becomes ``source_port``."""
    return [re.sub(r"[^0-9a-z]+", "_", column.lower()).strip("_") or "value" for column in records.columns]


def _column(arrow: Any, values: list[Any]) -> Any:
    """Numbers stay numbers; a column of numbers and texts becomes one of texts."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds != {int, float}:
        values = [None if value is None else str(value) for value in values]
    return arrow.array(values)
