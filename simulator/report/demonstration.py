"""What `vnetsim run` says: several reports, each under the command that gives it, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from simulator.report.document import Line, Lines, Report, Table


class Section(Struct, frozen=True):
    """One step: what it is about, the command that a user would type, and its report."""

    title: str
    command: str
    report: Report


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
        data=lambda: {held.report.kind: held.report.data() for held in sections},
    )


def _blocks(number: int, section: Section) -> Iterator[Table | Lines]:
    title = f"─── {number}. {section.title} {'─' * (74 - len(section.title))}"
    yield Lines((Line(f"$ {section.command}", "command"), Line(""), section.report.headline), title=title)
    yield from section.report.blocks
