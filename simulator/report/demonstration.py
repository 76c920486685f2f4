"""What `vnetsim run` says: several reports, each under the command that gives it, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.report.document import Line, Lines, Report, Table


def demonstration_report(sections: Sequence[tuple[str, Report]], commands: Sequence[str]) -> Report:
    """`sections` are (command, its report); `commands` is what to type next."""
    count = len(sections)
    return Report(
        kind="run",
        headline=Line(f"A recorded day of the hub-spoke scenario in {count} commands", "strong"),
        blocks=(
            *(block for number, section in enumerate(sections, 1) for block in _blocks(number, *section)),
            Lines.of(*(f"  {command}" for command in commands), title="Next", tone="command"),
        ),
        records=lambda: Table(
            ("Command", "Result"), tuple((command, report.headline.text) for command, report in sections)
        ),
        data=lambda: {report.kind: report.data() for _, report in sections},
    )


def _blocks(number: int, command: str, report: Report) -> Iterator[Table | Lines]:
    yield Lines((Line(f"$ {command}", "command"), report.headline), title=f"{'─' * 3} {number} {'─' * 60}")
    yield from report.blocks
