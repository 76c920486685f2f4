"""What `vnetsim run` says: several reports, each under the command that gives it, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from msgspec import Struct

from simulator.report.document import Line, Lines, Report, Table


class Section(Struct, frozen=True):
    """One step: its name for programs, what it is about, the command that a user would type, and its report.

    People see here no blocks of the titles in `without`, and `shown` rows of a table.
    """

    name: str
    title: str
    command: str
    report: Report
    without: tuple[str, ...] = ()
    shown: int | None = None


def demonstration_report(name: str, sections: Sequence[Section], commands: Sequence[str]) -> Report:
    """`name` is the scenario; `commands` is what to type next."""
    return Report(
        kind="run",
        headline=Line(f"vnetsim on the {name} scenario, in {len(sections)} steps", "strong"),
        blocks=(
            *(block for number, section in enumerate(sections, 1) for block in _blocks(number, section)),
            Lines.of(*(f"  {command}" for command in commands), title="Next", tone="command"),
        ),
        records=lambda: Table(
            ("Command", "Result"), tuple((held.command, held.report.headline.text) for held in sections)
        ),
        data=lambda: {held.name: held.report.data() for held in sections},
    )


def _blocks(number: int, section: Section) -> Iterator[Table | Lines]:
    title = f"─── {number}. {section.title} {'─' * (74 - len(section.title))}"
    yield Lines((Line(f"$ {section.command}", "command"), Line(""), section.report.headline), title=title)
    for block in section.report.blocks:
        if block.title not in section.without:
            yield replace(block, shown=section.shown or block.shown) if isinstance(block, Table) else block
