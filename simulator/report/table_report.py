"""A report for people: a headline, tables and lines; coloured and as wide as the terminal, or plain in a pipe.

A pipe gets no colour, no wrapping and nothing but ASCII rules, as ``az … -o table`` does, so that ``grep`` and ``awk``
find whole rows. COLUMNS, NO_COLOR, FORCE_COLOR and TERM=dumb are honoured.
"""

from __future__ import annotations

import os
from typing import IO

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from simulator.report.document import Line, Lines, Report, Row, Table, Tone, Value
from simulator.report.text import fitted, printable

_UNBOUNDED = 100_000
_GAP = 2
#: A column that must wrap keeps at least this many characters.
_NARROWEST = 16
_TONES: dict[Tone, str] = {
    "plain": "",
    "strong": "bold",
    "good": "bold green",
    "bad": "bold red",
    "doubtful": "bold yellow",
    "faint": "dim",
    "command": "cyan",
}
#: Cells that hold exactly one of these words take its colour.
_WORDS: dict[str, Tone] = {
    **dict.fromkeys(("ALLOW", "Allow", "AlwaysAllow", "pass"), "good"),
    **dict.fromkeys(("DENY", "Deny", "error", "stop"), "bad"),
    **dict.fromkeys(("UNKNOWN", "Unknown", "unknown", "warning"), "doubtful"),
    **dict.fromkeys(("Invalid", "info"), "faint"),
}
#: Column names over a dashed rule, as az prints tables.
_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def table_text(report: Report, stream: IO[str] | None = None) -> str:
    """The report as it should look on `stream`; None is a file, which gets what a pipe gets."""
    console = _console(stream)
    with console.capture() as captured:
        _print_line(console, report.headline)
        for block in report.blocks:
            console.print()
            _print(console, block)
    text = captured.get()
    if not console.color_system:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    return fitted(text, stream)


def _console(stream: IO[str] | None) -> Console:
    terminal = stream is not None and stream.isatty()
    width = None if terminal or os.environ.get("COLUMNS", "").isdigit() else _UNBOUNDED
    forced = None if stream is not None else False
    return Console(file=stream, width=width, force_terminal=forced, highlight=False, markup=False, emoji=False)


def _print(console: Console, block: Table | Lines) -> None:
    if block.title:
        _print_line(console, Line(block.title, "strong"))
    if isinstance(block, Table):
        _print_table(console, block)
    else:
        for line in block.lines:
            _print_line(console, line)


def _print_table(console: Console, table: Table) -> None:
    rows = table.rows[: table.shown]
    drawn = RichTable(box=_RULED, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="bold")
    needs, words = _widths(table.columns, rows)
    whole = _whole_columns(needs, words, console.width)
    for at, name in enumerate(table.columns):
        is_number = bool(rows) and all(isinstance(row[at], int | float | None) for row in rows)
        least = needs[at] if at in whole else words[at]
        drawn.add_column(Text(name), justify="right" if is_number else "left", min_width=least, no_wrap=at in whole)
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    least = sum((needs[at] if at in whole else words[at]) + _GAP for at in needs)
    console.print(drawn, width=max(console.width, least), crop=False)
    if len(rows) < len(table.rows):
        more = len(table.rows) - len(rows)
        _print_line(console, Line(f"… and {more:,} more (all with -o json or -o csv)", "faint"))


def _widths(columns: tuple[str, ...], rows: tuple[Row, ...]) -> tuple[dict[int, int], dict[int, int]]:
    """For each column the widest cell, and the widest word: names and codes are copied, so no word is ever broken."""
    needs, words = {}, {}
    for at, name in enumerate(columns):
        texts = [_text(row[at]) for row in rows]
        words[at] = max(map(cell_len, (word for text in (name, *texts) for word in text.split())), default=0)
        needs[at] = max((words[at], *map(cell_len, texts)))
    return needs, words


def _whole_columns(needs: dict[int, int], words: dict[int, int], width: int) -> set[int]:
    """The columns that need not wrap: the narrow ones first, as long as the others keep room."""
    whole: set[int] = set()
    for at in sorted(needs, key=lambda at: needs[at]):
        taken = sum(needs[held] + _GAP for held in (*whole, at))
        rest = (max(words[held], _NARROWEST) + _GAP for held in needs if held != at and held not in whole)
        if taken + sum(rest) > width:
            break
        whole.add(at)
    return whole


def _cell(value: Value) -> Text:
    text = _text(value)
    return Text(text, style=_TONES[_WORDS.get(text, "plain")])


def _text(value: Value) -> str:
    return printable("" if value is None else str(value))


def _print_line(console: Console, line: Line) -> None:
    """The line, wrapped under its own indentation; a word that is too long for it stays whole."""
    style, text = _TONES[line.tone], printable(line.text)
    body = text.lstrip(" ")
    indentation = " " * (len(text) - len(body))
    width = _UNBOUNDED if line.tone == "command" else max(console.width - len(indentation), 20)
    for part in Text(body, style=style, overflow="ignore").wrap(console, width) or [Text()]:
        part.rstrip()
        console.print(Text(indentation) + part, soft_wrap=True)
