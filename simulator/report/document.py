"""A report before it has a format: a headline, blocks for people, records for spreadsheets, data for programs.

A file of this room turns one kind of result into a `Report`; the renderers (table_report, json_report, csv_report) turn
any `Report` into text. So a result is described once, and an output is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Value = str | int | float | None
Row = tuple[Value, ...]
#: ``command`` is a line to copy: it is never wrapped.
Tone = Literal["plain", "strong", "good", "bad", "doubtful", "faint", "command"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `tone` colours it where there is colour; the words must say it without."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines under a title."""

    lines: tuple[Line, ...]
    title: str = ""

    @classmethod
    def of(cls, *texts: str, title: str = "", tone: Tone = "plain") -> Lines:
        return cls(tuple(Line(text, tone) for text in texts), title)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns. Numbers stay numbers; None is an empty cell.

    `shown` bounds what people see of it; the rest is counted in one line. Programs get every row.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    title: str = ""
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One result. `kind` names the shape of `data` for programs and never changes its meaning.

    `records` makes what CSV holds. `data` makes what JSON holds: plain dicts, lists and scalars; with `is_azure_shape`
    it is printed as it is, because Azure's own command prints exactly that. Both are functions because they may hold a
    row for every conversation of a log, which a table for people never asks for. `arrow` makes a ``pyarrow.Table`` of
    what `records` would hold, where there is a faster way than row by row.
    """

    kind: str
    headline: Line
    blocks: tuple[Table | Lines, ...]
    records: Callable[[], Table]
    data: Callable[[], Mapping[str, Any] | Sequence[Any]]
    is_azure_shape: bool = False
    arrow: Callable[[], Any] | None = None
