"""The named assumptions: what holds where Azure's documentation leaves a question open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.data.assumptions import ASSUMPTIONS, Assumption
from simulator.network.assumptions import value_of
from simulator.report.document import Line, Lines, Report, Table
from simulator.report.text import counted


def assumptions_report(said: Mapping[str, str]) -> Report:
    """Every assumption with its default, the value in force and both readings; `said` holds what the user chose."""
    values = {key: value_of(said, key) for key in ASSUMPTIONS}
    switched = sum(values[key] != held.default for key, held in ASSUMPTIONS.items())
    lines = tuple(line for key, held in ASSUMPTIONS.items() for line in _lines(held, values[key]))
    return Report(
        kind="assumptions",
        headline=Line(f"{counted(len(ASSUMPTIONS), 'assumption')}, {switched or 'none'} switched", "strong"),
        blocks=(Lines(lines),),
        records=lambda: Table(
            ("Key", "Value", "Default", "Reading if true", "Reading if false"),
            tuple(
                (key, _word(values[key]), _word(held.default), held.text, held.otherwise)
                for key, held in ASSUMPTIONS.items()
            ),
        ),
        data=lambda: {
            "assumptions": [
                {
                    "key": key,
                    "value": values[key],
                    "default": held.default,
                    "reading_if_true": held.text,
                    "reading_if_false": held.otherwise,
                }
                for key, held in ASSUMPTIONS.items()
            ]
        },
    )


def _lines(held: Assumption, value: bool) -> Iterator[Line]:
    """The key, then both readings, the one in force marked."""
    origin = "the default" if value == held.default else f"the default is {_word(held.default)}"
    yield Line(f"{held.key} = {_word(value)} ({origin})", "plain" if value == held.default else "doubtful")
    for choice, reading in ((True, held.text), (False, held.otherwise)):
        is_in_force = choice == value
        yield Line(f"  {'✓' if is_in_force else ' '} {_word(choice):5}  {reading}", "plain" if is_in_force else "faint")


def _word(value: bool) -> str:
    return str(value).lower()
