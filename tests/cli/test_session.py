"""What is said beside a result: messages on stderr, progress on a terminal only, nothing with --quiet."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.cli import session as module
from simulator.cli.session import Session, say


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def wait_for(text: str, stream: io.StringIO) -> bool:
    end = time.monotonic() + 20
    while text not in stream.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    return text in stream.getvalue()


def test_a_terminal_is_shown_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Session().step("reading [red]x[/red]\x1b[2J"):
        assert isinstance(sys.stderr, Terminal)
        assert wait_for("reading [red]x[/red]\\x1b[2J", sys.stderr)
    assert capsys.readouterr().out == ""


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 1000)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Session().step("reading"):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("session", [Session(quiet=True), Session()])
def test_quiet_runs_and_pipes_show_no_progress(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0)
    stream = Terminal() if session.quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with session.step("reading"):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_an_error_within_a_step_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ValueError, match="wrong"), Session().step("reading"):
        raise ValueError("wrong")


def test_messages_are_safe_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    say("one \x1b[31m\n  two \u202e")
    assert capsys.readouterr().err == "one \\x1b[31m\n  two \\u202e\n"


def test_verbose_says_what_was_read(vnetsim: Callable[..., Any], small: Path, log: Path) -> None:
    ended = vnetsim("replay", small, log, "--verbose", "--output-file", small.with_suffix(".txt"))
    assert "3 endpoints" in ended.err and "flow tuples in 1 blobs" in ended.err
    assert vnetsim("replay", small, log, "--output-file", small.with_suffix(".txt")).err.startswith("wrote ")
