"""Where inputs come from and what is never done to them: standard input, gzip, JSON by line, and no overwriting."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.errors import SourceError
from simulator.sources import reading
from simulator.sources.json_text import load_documents

Run = Callable[..., Any]


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""
    return lambda data: monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
@pytest.mark.parametrize("which", ["small", "export"])
def test_a_topology_comes_from_standard_input(
    which: str,
    packed: Callable[[bytes], bytes],
    piped: Callable[[bytes], None],
    vnetsim: Run,
    request: pytest.FixtureRequest,
) -> None:
    path: Path = request.getfixturevalue(which)
    expected = vnetsim("explain", path, "vm-web", "vm-sql:1433")
    assert expected.code == 0
    piped(packed(path.read_bytes()))
    assert vnetsim("explain", "-", "vm-web", "vm-sql:1433").out == expected.out


def test_a_change_comes_from_standard_input(
    piped: Callable[[bytes], None], vnetsim: Run, small: Path, change: Path, log: Path
) -> None:
    piped(change.read_bytes())
    ended = vnetsim("what-if", small, "-", "--flows", log)
    assert ended.code == 0 and ended.out.startswith("What-if open-sql: ")
    assert f"vnetsim explain {small} " in ended.out and "--change CHANGE" in ended.out
    piped(b"changes:\n  - nothing: {}\n")
    ended = vnetsim("explain", small, "vm-web", "vm-sql:1433", "--change", "-")
    assert ended.code == 3 and "at standard input:2:5" in ended.err


def test_what_is_wrong_on_standard_input_is_told(piped: Callable[[bytes], None], vnetsim: Run) -> None:
    for text in (b"", b"[{]", b"virtual_network: {}"):
        piped(text)
        ended = vnetsim("check", "-")
        assert ended.code == 3 and "standard input" in ended.err


def test_standard_input_is_read_once(vnetsim: Run, small: Path) -> None:
    ended = vnetsim("what-if", "-", "-", "--flows", small)
    assert ended.code == 2 and "standard input can be read once" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", ""],
        ["cost", "SMALL", ""],
        ["replay", "SMALL", ""],
        ["diff", "SMALL", "--flows", " "],
        ["explain", "", "vm-web", "vm-sql:1"],
    ],
)
def test_an_empty_path_is_a_wrong_command_line(arguments: list[str], vnetsim: Run, small: Path) -> None:
    ended = vnetsim(*[small if word == "SMALL" else word for word in arguments])
    assert ended.code == 2 and "an empty text names no file" in ended.err


def test_an_empty_change_is_a_wrong_command_line(vnetsim: Run, small: Path, log: Path) -> None:
    assert vnetsim("what-if", small, "", "--flows", log).code == 2


@pytest.mark.parametrize("name", ["export.json.gz", "export.json", "export"])
def test_an_export_may_be_gzip(name: str, vnetsim: Run, export: Path) -> None:
    expected = vnetsim("show", "topology", export, "-o", "csv").out
    path = export.with_name(name)
    path.write_bytes(gzip.compress(export.read_bytes()))
    assert vnetsim("show", "topology", path, "-o", "csv").out == expected
    folder = export.parent / "folder"
    folder.mkdir()
    path.rename(folder / "all.json.gz")
    assert vnetsim("show", "topology", folder, "-o", "csv").out == expected


def test_damaged_gzip_is_called_gzip(vnetsim: Run, export: Path) -> None:
    export.write_bytes(gzip.compress(export.read_bytes())[:-12])
    ended = vnetsim("check", export)
    assert ended.code == 3
    assert "this is gzip, and it cannot be unpacked" in ended.err


def test_gzip_is_unpacked_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json"
    path.write_bytes(gzip.compress(b" " * 5_000_000))
    with pytest.raises(SourceError) as raised:
        reading.read_text(path, limit=1024 * 1024)
    assert raised.value.code == "VNS1003"


def test_resources_may_stand_on_a_line_each(vnetsim: Run, export: Path) -> None:
    expected = vnetsim("show", "topology", export, "-o", "csv").out
    lines = "\n".join(json.dumps(resource) for resource in json.loads(export.read_text(encoding="utf-8")))
    for name in ("export.json", "export.ndjson"):
        path = export.with_name(name)
        path.write_text(lines + "\n\n", encoding="utf-8")
        assert vnetsim("show", "topology", path, "-o", "csv").out == expected


def test_a_broken_line_is_named() -> None:
    with pytest.raises(SourceError) as raised:
        load_documents('{"id": 1}\n\n{"id": }\n', "a.json")
    assert raised.value.code == "VNS1006" and raised.value.place.startswith("a.json, line 3")
    with pytest.raises(SourceError) as raised:
        load_documents('{"id":\n{', "a.json")
    assert raised.value.code == "VNS1006"


def test_an_input_is_not_overwritten(vnetsim: Run, small: Path, change: Path, log: Path, tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(small)
    commands = (
        ["check", small, "--output-file", small],
        ["check", small, "--output-file", alias],
        ["explain", small, "vm-web", "vm-sql:1433", "--change", change, "--output-file", change],
        ["replay", small, log, "--output-file", log],
        ["cost", small, log, "--output-file", log],
        ["cost", small, log, "--change", change, "--output-file", change],
        ["diff", small, str(tmp_path / "*.json"), "--output-file", log],
        ["diff", small, tmp_path, "--output-file", log],
        ["generate", small, "--output-file", small],
    )
    before = {path: path.read_bytes() for path in (small, change, log)}
    for command in commands:
        ended = vnetsim(*command)
        assert ended.code == 2, command
        assert "is an input of this command" in ended.err
    assert {path: path.read_bytes() for path in before} == before


def test_another_file_is_overwritten(vnetsim: Run, small: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.parent)
    result = small.with_name("result.json")
    for _ in range(2):
        assert vnetsim("what-if", small, _nothing(small), "--flows", log, "--output-file", result).code == 0


def _nothing(small: Path) -> Path:
    path = small.with_name("nothing.yaml")
    path.write_text("changes: []\n", encoding="utf-8")
    return path
