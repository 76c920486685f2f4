"""The examples of README, docs and scenarios are run: each shown line must occur in what the command prints, in order.

In a ``console`` block, ``$ vnetsim …`` is a command (a line that ends with ``\\`` goes on), other lines are its output.
A line that is ``…`` stands for any lines, ``…`` within a line for any text. ``$ echo $?`` shows the exit code, which is
0 where a block does not say. A fence such as ``yaml shop.yaml`` gives a file that later commands of the page use.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    REPOSITORY / "README.md",
    *sorted(page for part in ("docs", "scenarios") for page in (REPOSITORY / part).rglob("*.md")),
]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A command of a page with what the page shows of its output."""

    command: str
    shown: list[str]
    code: int


def examples(block: str) -> Iterator[Example]:
    for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield Example(command, [line for line in shown if line.strip() not in ("", "…")], 0)


def with_exit_codes(found: Iterator[Example]) -> Iterator[Example]:
    """``$ echo $?`` belongs to the command before it."""
    held: Example | None = None
    for example in found:
        if example.command == "echo $?" and held is not None:
            held = held._replace(code=int(example.shown[0]))
            continue
        if held is not None:
            yield held
        held = example
    if held is not None:
        yield held


def missing_line(shown: list[str], printed: str) -> str | None:
    """The first shown line that does not occur after the one before it."""
    lines = iter(printed.splitlines())
    for wanted in shown:
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("…"))))
        if not any(pattern.fullmatch(line.rstrip()) for line in lines):
            return wanted
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_a_page_shows_what_is_printed(
    page: Path, vnetsim: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").symlink_to(REPOSITORY / "scenarios")
    for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
        words, body = fence["info"].split(), fence["body"]
        if len(words) == 2:
            assert Path(words[1]).name == words[1]
            (tmp_path / words[1]).write_text(body, encoding="utf-8")
        if words[:1] == ["console"]:
            for example in with_exit_codes(examples(body)):
                if example.command.startswith("vnetsim "):
                    ended = vnetsim(*shlex.split(example.command, comments=True)[1:])
                    assert ended.code == example.code, f"{example.command}\n{ended.out}{ended.err}"
                    missing = missing_line(example.shown, ended.err + ended.out)
                    assert missing is None, f"{example.command}\ndoes not print\n{missing}\nbut\n{ended.err}{ended.out}"


def test_the_guide_has_examples() -> None:
    text = (REPOSITORY / "docs" / "guides" / "getting-started.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\$ vnetsim ", text, re.MULTILINE)) >= 8


def test_a_line_that_is_not_printed_is_found() -> None:
    assert missing_line(["a … c", "d"], "x\na b c\ny\nd") is None
    assert missing_line(["d", "a"], "a\nd") == "a"
    assert missing_line(["a"], "ab") == "a"
