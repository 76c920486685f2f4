"""``vnetsim --help`` answers at once: it loads none of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]

#: Modules that cost tens of milliseconds each, and the rooms that load them.
HEAVY = (
    "matplotlib",
    "msgspec",
    "networkx",
    "numpy",
    "rich",
    "yaml",
    "simulator.azure",
    "simulator.dataplane",
    "simulator.flows",
    "simulator.network",
    "simulator.sources",
    "simulator.walk",
    "simulator.whatif",
    "simulator.cost",
)
PROBE = f"""
import json, sys
from simulator.cli.app import run_command
code = run_command(sys.argv[1:])
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["diff", "--help"], ["cost", "--help"], ["show", "--help"], ["nonsense"]]
)
def test_help_loads_no_engine(arguments: list[str], process: Run) -> None:
    ended = process(*arguments, code=PROBE)
    code, loaded = json.loads(ended.out.splitlines()[-1])
    assert (code, loaded) == (2 if arguments == ["nonsense"] else 0, [])


def test_help_lists_the_commands(process: Run) -> None:
    ended = process("--help")
    assert ended.err == ""
    for verb in ("run", "check", "show", "explain", "replay", "diff", "what-if", "cost", "generate", "schema"):
        assert f"\n  {verb} " in ended.out
    assert "…" not in ended.out and "..." not in ended.out.split("Commands:")[1]
