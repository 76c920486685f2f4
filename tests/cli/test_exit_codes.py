"""What a script can rely on: exit codes, the result alone on stdout, everything else on stderr."""

from __future__ import annotations

import errno
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.cli import app
from simulator.cli.exits import Exit

Run = Callable[..., Any]


def test_the_codes_are_those_that_are_documented() -> None:
    assert {end.name: end.value for end in Exit} == {
        "OK": 0,
        "GATE_FAILED": 1,
        "USAGE": 2,
        "INPUT": 3,
        "INTERNAL": 4,
        "INTERRUPTED": 130,
        "CLOSED_PIPE": 141,
    }


def test_diff_is_0_where_log_and_predictions_agree(vnetsim: Run, small: Path, log: Path) -> None:
    ended = vnetsim("diff", small, log)
    assert ended.code == 0
    assert ended.out.startswith("no mismatch")


def test_diff_is_1_on_a_verdict_mismatch(vnetsim: Run, small: Path, log: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8").replace("ports: 1433", "ports: 1434"), encoding="utf-8")
    ended = vnetsim("diff", small, log)
    assert ended.code == 1
    assert "verdict mismatch" in ended.out.splitlines()[0]
    assert f"at {log} records[" in ended.out


def test_diff_is_1_on_a_rule_mismatch(vnetsim: Run, small: Path, log: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8").replace("name: deny-all", "name: deny-any"), encoding="utf-8")
    ended = vnetsim("diff", small, log)
    assert ended.code == 1
    assert "rule mismatch" in ended.out.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "newly-denied"], 0),
        (["--fail-on", "newly-allowed"], 1),
        (["--fail-on", "newly-denied,newly-allowed,undecided"], 1),
        (["--fail-on", "undecided"], 0),
        (["--fail-on", "anything"], 2),
    ],
)
def test_what_if_fails_only_when_asked_to(
    options: list[str], code: int, vnetsim: Run, small: Path, change: Path, log: Path
) -> None:
    ended = vnetsim("what-if", small, change, "--flows", log, *options)
    assert ended.code == code
    assert ("would get through" in ended.out) == (code != 2)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ([], 2, "no change is given: name a file, or say it with --move or --via"),
        (["--move", "vnet-b=northeurope"], 0, "What-if move vnet-b to northeurope: "),
        (["--move", "vnet-b"], 2, "error[VNS4010]: 'vnet-b' names no virtual network and region"),
        (["--move", "vnet-b=nowhere"], 2, "at --move vnet-b=nowhere"),
        (["--move", "vnet-x=northeurope"], 2, "did you mean 'vnet-"),
        (["--via", "fw-hub=vnet-a,vnet-b"], 2, "the network has no firewall"),
        (["--via", "fw-hub="], 2, "error[VNS4010]"),
    ],
)
def test_what_if_takes_changes_in_brief(
    options: list[str], code: int, says: str, vnetsim: Run, small: Path, log: Path
) -> None:
    ended = vnetsim("what-if", small, "--flows", log, *options)
    assert ended.code == code
    assert says in ended.out + ended.err
    assert (ended.out == "") == (code != 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["check"],
        ["check", "a", "b"],
        ["check", "a", "-o", "yaml"],
        ["diff", "a"],
        ["what-if", "a", "b"],
        ["cost", "a"],
        ["cost", "a", "b", "--by", "whatever"],
        ["explain", "only-one"],
        ["explain", "a", "b", "c", "d"],
        ["explain", "--direction", "Inbound"],
        ["explain", "--direction", "sideways"],
        ["generate", "a", "--flows", "0"],
        ["generate", "a", "--start", "yesterday"],
        ["generate", "a", "--output-file", "b", "--output-folder", "c"],
        ["generate", "a", "-o", "json"],
        ["schema", "-o", "json"],
        ["show"],
        ["show", "nonsense"],
        ["show", "tags", "a", "b", "c"],
    ],
)
def test_a_wrong_command_line_is_2(arguments: list[str], vnetsim: Run) -> None:
    ended = vnetsim(*arguments)
    assert ended.code == 2
    assert "rror" in ended.err or "Usage" in ended.err


def test_an_output_file_that_cannot_be_written_is_2(vnetsim: Run, small: Path, tmp_path: Path) -> None:
    ended = vnetsim("check", small, "--output-file", tmp_path / "absent" / "out.json")
    assert ended.code == 2
    assert "--output-file" in ended.err and "out.json" in ended.err


def test_a_fault_of_ours_is_4_in_one_line(vnetsim: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken\nin two lines")

    monkeypatch.setattr("simulator.network.load.load", fail)
    monkeypatch.setattr("simulator.load", fail, raising=False)
    ended = vnetsim("check", small)
    assert ended.code == 4
    assert ended.out == ""
    [line] = ended.err.splitlines()
    assert line.startswith("internal error: RuntimeError: broken") and "report" in line and "--debug" in line
    with pytest.raises(RuntimeError):
        vnetsim("check", small, "--debug")


def test_interrupting_is_130(vnetsim: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.load", interrupt, raising=False)
    assert vnetsim("check", small).code == 130


def test_stdout_holds_the_result_and_nothing_else(process: Run, small: Path, log: Path) -> None:
    text = small.read_text(encoding="utf-8")
    small.write_text(text.replace("source: 10.1.0.0/24", "source: Storag"), encoding="utf-8")
    ended = process("replay", small, log, "-o", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["kind"] == "replay"
    assert "vnetsim check" in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_quiet_says_nothing(process: Run, small: Path, log: Path, tmp_path: Path) -> None:
    ended = process("replay", small, log, "--quiet", "--output-file", tmp_path / "out.txt")
    assert ended == (0, "", "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").count("ALLOW") > 1


def test_a_reader_that_goes_away_is_no_error(process: Run, small: Path, log: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "run = subprocess.Popen([sys.executable, '-m', 'simulator', *sys.argv[1:]], stdout=subprocess.PIPE,"
        " stderr=subprocess.PIPE)\n"
        "run.stdout.close()\n"
        "print(run.stderr.read().decode(), run.wait())\n"
    )
    ended = process("replay", small, log, "-o", "json", code=code)
    assert ended.out.strip() == "141"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", ["check SMALL", "check SMALL -o csv", "generate SMALL", "schema", "run", "--help"])
def test_a_full_disk_is_no_fault_of_ours(command: str, process: Run, small: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "with open('/dev/full', 'w') as full:\n"
        "    run = subprocess.run([sys.executable, '-m', 'simulator', *sys.argv[1:]], stdout=full, stderr=-1)\n"
        "print(run.returncode, run.stderr.decode())\n"
    )
    ended = process(*(str(small) if word == "SMALL" else word for word in command.split()), code=code)
    status, _, said = ended.out.partition(" ")
    assert (status, said.strip()) == ("3", "error: cannot write to stdout: No space left on device")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_file_on_a_full_disk_is_3(vnetsim: Run, small: Path) -> None:
    ended = vnetsim("check", small, "--output-file", "/dev/full")
    assert ended.code == 3
    assert ended.err.strip() == "error: cannot write /dev/full: No space left on device"


def test_a_folder_on_a_full_disk_is_3(
    vnetsim: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "blob")

    monkeypatch.setattr("simulator.flows.block_blobs.FolderBlobs.append", fail)
    ended = vnetsim("generate", small, "--flows", 5, "--output-folder", tmp_path / "logs")
    assert ended.code == 3 and "cannot write below" in ended.err and "No space left" in ended.err


def test_a_closed_stdout_is_3(vnetsim: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    ended = vnetsim("check", small)
    assert (ended.code, ended.err.strip()) == (3, "error: cannot write to stdout: it is closed")


def test_the_help_of_check_says_what_strict_does(vnetsim: Run) -> None:
    assert "End with 3 when there is a warning" in " ".join(vnetsim("check", "--help").out.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"], ["show", "--help"], ["diff", "--help"]])
def test_help_and_version_are_0(arguments: list[str], vnetsim: Run) -> None:
    ended = vnetsim(*arguments)
    assert ended.code == 0
    assert "vnetsim" in ended.out


def test_every_command_has_help_and_the_common_options(vnetsim: Run) -> None:
    for name in (name for name in app.COMMANDS if name != "show"):
        text = vnetsim(name, "--help").out
        for option in ("--output-file", "--quiet", "--verbose", "--debug"):
            assert option in text, name
        assert ("--output <" in text) == (name not in ("generate", "schema")), name


@pytest.fixture
def no_log(tmp_path: Path) -> Path:
    """A flow log without a record."""
    path = tmp_path / "empty.json"
    path.write_text('{"records": []}', encoding="utf-8")
    return path


@pytest.fixture
def elsewhere(log: Path, tmp_path: Path) -> Path:
    """A log of machines that `small` does not hold."""
    moved = log.read_text(encoding="utf-8").replace("10.1.", "10.77.").replace("10.2.", "10.78.")
    path = tmp_path / "elsewhere.json"
    path.write_text(re.sub("000D3A0000", "000D3B0000", moved), encoding="utf-8")
    return path


@pytest.mark.parametrize("which", ["no_log", "elsewhere"])
@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 3)])
def test_diff_is_not_green_on_nothing(
    which: str, options: list[str], code: int, vnetsim: Run, small: Path, request: pytest.FixtureRequest
) -> None:
    ended = vnetsim("diff", small, request.getfixturevalue(which), *options)
    assert ended.code == code
    assert ended.out.startswith("nothing could be compared: ")
    assert "100.0%" not in ended.out and "no time at all" not in ended.out


@pytest.mark.parametrize("which", ["no_log", "elsewhere"])
@pytest.mark.parametrize(
    ("options", "code"), [([], 0), (["--strict"], 3), (["--fail-on", "newly-denied"], 3), (["--fail-on", ""], 0)]
)
def test_what_if_is_not_green_on_nothing(
    which: str, options: list[str], code: int, vnetsim: Run, small: Path, change: Path, request: pytest.FixtureRequest
) -> None:
    ended = vnetsim("what-if", small, change, "--flows", request.getfixturevalue(which), *options)
    assert ended.code == code
    assert ended.out.startswith("What-if open-sql: nothing could be decided (")
    assert "no time at all" not in ended.out


def test_replay_of_nothing_covers_no_time(vnetsim: Run, small: Path, no_log: Path) -> None:
    ended = vnetsim("replay", small, no_log)
    assert ended.out.startswith("0 conversations in 0 records: 0 ALLOW")
    assert json.loads(vnetsim("diff", small, no_log, "-o", "json").out)["coverage"] is None
