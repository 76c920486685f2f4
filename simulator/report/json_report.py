"""A report as JSON for programs: its data in an envelope that says what it is and which data it rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO

from simulator.data import service_tags
from simulator.report.document import Report
from simulator.report.text import escape_json, fits

#: Raised when a field changes its meaning or goes away; new fields do not raise it.
SCHEMA_VERSION = 1


def json_text(report: Report, tool_version: str, stream: IO[str] | None = None) -> str:
    """The same report always gives the same text: sorted keys, no clock. In ASCII where `stream` cannot hold it."""
    data = report.data()
    if not report.is_azure_shape:
        data = {**_envelope(report, tool_version), **(data if isinstance(data, Mapping) else {"items": data})}
    is_sorted = not report.is_azure_shape
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=is_sorted, allow_nan=False)
    if not fits(text, stream):
        text = json.dumps(data, indent=2, sort_keys=is_sorted, allow_nan=False)
    return escape_json(text) + "\n"


def _envelope(report: Report, tool_version: str) -> dict[str, object]:
    return {
        "kind": report.kind,
        "schema_version": SCHEMA_VERSION,
        "tool_version": tool_version,
        "service_tags_date": service_tags.DATE,
    }
