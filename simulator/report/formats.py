"""The outputs there are: a name on the command line → what renders a report. An output is one line here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import IO

from simulator.report.document import Report
from simulator.report.text import fitted


class OutputFormat(StrEnum):
    """What ``-o`` takes; table and json mean what they mean to the az CLI, the others hold the same rows as csv."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


#: What is no text: see `parquet_bytes`.
BINARY = frozenset({OutputFormat.PARQUET})


def render(report: Report, output: OutputFormat, *, stream: IO[str] | None, tool_version: str) -> str:
    """The text of `report`, in an output that is not `BINARY`.

    `stream` is where it will go, None for a file, which is UTF-8.
    """
    return _RENDERERS[output](report, stream, tool_version)


def parquet_bytes(report: Report) -> bytes:
    """`report` as a Parquet file. Raises MissingExtraError without pyarrow."""
    from simulator.flows.arrow import parquet
    from simulator.report.rows import arrow_table

    return parquet(arrow_table(report) if report.arrow is None else report.arrow())


def _table(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.table_report import table_text

    return table_text(report, stream)


def _json(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.json_report import json_text

    return json_text(report, tool_version, stream)


def _csv(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.csv_report import csv_text

    return fitted(csv_text(report), stream)


def _jsonl(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.rows import json_lines

    return json_lines(report, stream)


_RENDERERS: dict[OutputFormat, Callable[[Report, IO[str] | None, str], str]] = {
    OutputFormat.TABLE: _table,
    OutputFormat.JSON: _json,
    OutputFormat.CSV: _csv,
    OutputFormat.JSONL: _jsonl,
}
