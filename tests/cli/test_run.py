"""The demonstration that ships with vnetsim: what a newcomer sees first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def shown(vnetsim: Run, monkeypatch: pytest.MonkeyPatch, scenarios: Path) -> str:
    monkeypatch.chdir(scenarios.parent)
    monkeypatch.setenv("COLUMNS", "100")
    ended = vnetsim("run")
    assert (ended.code, ended.err) == (0, "")
    return str(ended.out)


def test_every_step_is_shown_with_its_command(shown: str) -> None:
    for command in ("replay", "diff", "cost", "what-if", "explain"):
        assert f"\n$ vnetsim {command} scenarios/hub-spoke" in shown
    assert (
        max(len(line) for line in shown.splitlines() if not line.lstrip().startswith(("vnetsim", "az", "$", ". ")))
        <= 100
    )


def test_it_finds_what_was_planted_and_what_the_change_breaks(shown: str) -> None:
    assert "verdict mismatch" in shown and "rule mismatch" in shown
    assert "✕ BREAKS" in shown and "! OPENS" in shown
    assert "decided by nsg-sql1/deny-batch, priority 100, NIC NSG" in shown


def test_it_shows_what_is_encrypted_and_what_the_traffic_costs_and_what_a_change_does_to_both(shown: str) -> None:
    for line in (
        r"^encrypted +X +[\d,]+ +[\d.]+ MB$",
        r"^ +log: NX_FALLBACK; predicted: encrypted \(X\)$",
        r"^Cost of hub-spoke: 1\.93 USD a month$",
        r"^on-premises +vnet-large/VmSubnet1 .* 0\.7685$",
        r"^  ✕ BREAKS 3 groups.*   COST \+0\.0076 USD a month$",
        r"^  GAINS ENCRYPTION 92 conversations   COST -0\.12 USD a month$",
        r"^vnet-medium/VmSubnet2 +vnet-large/VmSubnet3 +0\.182 +0\.065 +-0\.117$",
    ):
        assert re.search(line, shown, re.MULTILINE), line


def test_it_stays_brief(shown: str) -> None:
    """As long as it was when it knew nothing of encryption and cost."""
    assert len(shown.splitlines()) <= 187


def test_the_commands_that_it_suggests_work(shown: str, vnetsim: Run) -> None:
    suggested = [line.split()[1:] for line in shown.splitlines() if line.startswith(("$ vnetsim ", "  vnetsim "))]
    assert len(suggested) > 6
    for words in suggested:
        arguments = words[1:] if words[0] == "vnetsim" else words
        if "FOLDER-WITH-YOUR-EXPORT" not in arguments:
            assert vnetsim(*arguments).code in (0, 1), arguments


def test_it_works_anywhere_and_in_every_output(vnetsim: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = json.loads(vnetsim("run", "-o", "json").out)
    assert {"replay", "diff", "cost", "what_if", "what_if_cost", "explain"} <= set(data)
    assert (
        data["cost"]["total"]
        == data["what_if"]["cost"]["before"]["total"]
        > data["what_if_cost"]["cost"]["after"]["total"]
    )
    assert vnetsim("run", "-o", "csv").out.startswith("Command,Result\r\n")


@pytest.mark.parametrize("is_found", [True, False])
def test_it_says_how_the_shell_finds_the_command(
    is_found: bool, vnetsim: Run, monkeypatch: pytest.MonkeyPatch, scenarios: Path
) -> None:
    monkeypatch.chdir(scenarios.parent)
    monkeypatch.setattr("sys.prefix", str(scenarios.parent / ".venv"))
    monkeypatch.setattr("shutil.which", lambda _: "/bin/vnetsim" if is_found else None)
    following = vnetsim("run").out.partition("\nNext\n")[2]
    assert following.startswith("  . .venv/bin/activate    # so that your shell finds vnetsim") == (not is_found)
    assert ("Activate.ps1" in following) == (not is_found)
