"""Every output of one report: what people, spreadsheets and programs get, and that hostile text cannot reach them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.data import service_tags
from simulator.report.csv_report import csv_text
from simulator.report.document import Line, Lines, Report, Table
from simulator.report.formats import BINARY, OutputFormat, render
from simulator.report.json_report import SCHEMA_VERSION, json_text
from simulator.report.table_report import table_text
from simulator.report.text import counted, data_size, escape_json, fitted, listed, printable

HOSTILE = "\x1b[31mred\x1b[0m\r\n\u202e[bold]x[/bold]\x9b"


class Stream(io.StringIO):
    """A text stream that says of itself what a test wants."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self.terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def report(text: str = "10.0.0.0/8", number: int = 65000) -> Report:
    table = Table(("State", "Prefix", "Priority"), (("Active", text, number), ("Invalid", None, -1)), title="Routes")
    return Report(
        kind="routes",
        headline=Line("DENY  a → b", "bad"),
        blocks=(table, Lines.of("  ✓ one", "  ✕ two")),
        records=lambda: table,
        data=lambda: {"rows": [text, number]},
    )


def test_a_piped_table_is_plain_rows_without_trailing_blanks() -> None:
    assert table_text(report(), Stream()).splitlines() == [
        "DENY  a → b",
        "",
        "Routes",
        "State    Prefix      Priority",
        "-----------------------------",
        "Active   10.0.0.0/8     65000",
        "Invalid                    -1",
        "",
        "  ✓ one",
        "  ✕ two",
    ]


def test_a_file_gets_what_a_pipe_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = table_text(report(), Stream())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert table_text(report(), None) == piped


def test_colour_follows_the_terminal_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in table_text(report(), Stream(terminal=True))
    assert "\x1b[" not in table_text(report(), Stream())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in table_text(report(), Stream())
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in table_text(report(), Stream(terminal=True))
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" not in table_text(report(), Stream(terminal=True))


def test_columns_bounds_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    long = report("10.0.0.0/8 " * 30)
    assert max(map(len, table_text(long, Stream()).splitlines())) > 300
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, table_text(long, Stream()).splitlines())) <= 60


def test_a_wrapped_line_keeps_its_indentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = Lines.of("    " + "word " * 20)
    text = table_text(Report("x", Line("h"), (lines,), lambda: Table((), ()), dict), Stream())
    assert all(line.startswith("    word") and len(line) <= 40 for line in text.splitlines()[2:])


@pytest.mark.parametrize("columns", ["20", "40", "80"])
def test_no_word_is_broken_however_narrow_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    words = [f"{word}-{'x' * 30}" for word in ("nsg", "rt", "vnet", "SERVICE_ENDPOINT")]
    table = Table(("Name", "A long column name", "Number"), tuple((word, f"of {word} and more", 7) for word in words))
    lines = Lines.of(*(f"  at {word}" for word in words))
    for stream in (Stream(), Stream(terminal=True)):
        text = table_text(Report("x", Line("h"), (table, lines), lambda: table, dict), stream)
        assert all(text.count(word) == 3 for word in words), text


def test_a_command_is_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "az network watcher test-ip-flow " * 5
    lines = Lines.of(command, tone="command")
    text = table_text(Report("x", Line("h"), (lines,), lambda: Table((), ()), dict), Stream())
    assert command.rstrip() in text


def test_a_stream_without_unicode_gets_ascii() -> None:
    text = table_text(report("netz-ü"), Stream(encoding="ascii"))
    assert text.isascii()
    assert "DENY  a -> b" in text and "x two" in text


def test_rows_beyond_what_is_shown_are_counted() -> None:
    table = Table(("n",), tuple((number,) for number in range(1500)), shown=2)
    text = table_text(Report("x", Line("h"), (table,), lambda: table, dict), Stream())
    assert text.splitlines()[2:] == ["n", "-", "0", "1", "… and 1,498 more (all with -o json or -o csv)"]


@pytest.mark.parametrize("output", [each for each in OutputFormat if each not in BINARY])
def test_no_output_lets_a_control_character_through(output: OutputFormat) -> None:
    text = render(report(HOSTILE), output, stream=Stream(), tool_version="1")
    unsafe = [character for character in text if printable(character) != character and character not in "\r\n"]
    assert not unsafe
    assert "[bold]x[/bold]" in text  # rich markup is text like any other


def test_json_says_what_it_is_and_is_the_same_every_time() -> None:
    first, second = (json_text(report(), "1.2.3") for _ in range(2))
    assert first == second
    assert json.loads(first) == {
        "kind": "routes",
        "schema_version": SCHEMA_VERSION,
        "tool_version": "1.2.3",
        "service_tags_date": service_tags.DATE,
        "rows": ["10.0.0.0/8", 65000],
    }


def test_json_in_azures_shape_is_not_wrapped() -> None:
    data = {"value": [{"b": 1, "a": 2}]}
    azure = Report("r", Line("h"), (), lambda: Table((), ()), lambda: data, is_azure_shape=True)
    assert json.loads(json_text(azure, "1")) == data


@given(st.text())
def test_escaped_json_means_the_same(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    written = escape_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text


def test_csv_is_rfc_4180() -> None:
    text = csv_text(report('a,"b"'))
    assert text == 'State,Prefix,Priority\r\nActive,"a,""b""",65000\r\nInvalid,,-1\r\n'


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1+1", "@SUM(A1)", "  =1", "=cmd|' /C calc'!A0"])
def test_csv_holds_no_formula(formula: str) -> None:
    [_, row, _] = csv.reader(io.StringIO(csv_text(report(formula)), newline=""))
    assert row[1] == f"'{formula}"


@given(st.text())
def test_printable_text_is_one_safe_line(text: str) -> None:
    safe = printable(text)
    assert len(safe.splitlines()) <= 1
    assert printable(safe) == safe
    safe.encode()


@given(st.text(), st.sampled_from(["ascii", "cp1252", "utf-8"]))
def test_fitted_text_can_be_written(text: str, encoding: str) -> None:
    fitted(printable(text), Stream(encoding=encoding)).encode(encoding)


def test_what_a_stream_can_hold_stays() -> None:
    assert fitted("ü → ✓", Stream(encoding="cp1252")) == "ü -> +"
    assert fitted("ü → ✓", Stream()) == "ü → ✓"


@pytest.mark.parametrize("output", [each for each in OutputFormat if each not in BINARY])
def test_every_output_can_be_written_to_an_old_terminal(output: OutputFormat) -> None:
    text = render(report("Zürich → 東京"), output, stream=Stream(encoding="cp1252"), tool_version="1")
    text.encode("cp1252")
    if output is OutputFormat.JSON:
        assert json.loads(text)["rows"][0] == "Zürich → 東京"


def test_counts_sizes_and_lists() -> None:
    assert [counted(1, "flow"), counted(1204, "flow"), counted(2, "prefix", "prefixes")] == [
        "1 flow",
        "1,204 flows",
        "2 prefixes",
    ]
    assert [data_size(number) for number in (0, 999, 1000, 312_400_000_000, 5_000 * 10**12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "312.4 GB",
        "5,000.0 TB",
    ]
    assert listed(["a", "b", "c", "d"], 2) == "a, b, +2 more"
