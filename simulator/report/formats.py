"""The outputs there are: a name on the command line → what renders a report. An output is one line here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import IO

from simulator.report.document import Report
from simulator.report.text import fitted


class OutputFormat(StrEnum):
    """What ``-o`` takes; the letters and meanings are those of the az CLI."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def render(report: Report, output: OutputFormat, *, stream: IO[str] | None, tool_version: str) -> str:
    """The text of `report`. `stream` is where it will go, None for a file, which is UTF-8."""
    return _RENDERERS[output](report, stream, tool_version)


def _table(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.table_report import table_text

    return table_text(report, stream)


def _json(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.json_report import json_text

    return json_text(report, tool_version, stream)


def _csv(report: Report, stream: IO[str] | None, tool_version: str) -> str:
    from simulator.report.csv_report import csv_text

    return fitted(csv_text(report), stream)


_RENDERERS: dict[OutputFormat, Callable[[Report, IO[str] | None, str], str]] = {
    OutputFormat.TABLE: _table,
    OutputFormat.JSON: _json,
    OutputFormat.CSV: _csv,
}
