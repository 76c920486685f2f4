"""--assume: one option on every command that answers about a network, and what is said of a wrong one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator.data.assumptions import ASSUMPTIONS
from simulator.errors import QuestionError
from simulator.network.assumptions import is_assumed

Run = Callable[..., Any]

#: SMALL, LOG and CHANGE stand for files.
COMMANDS = (
    "check SMALL",
    "explain SMALL vm-web vm-sql:1433",
    "replay SMALL LOG",
    "diff SMALL LOG",
    "what-if SMALL CHANGE --flows LOG",
    "generate SMALL --flows 5",
    "show topology SMALL",
    "show effective-routes SMALL vm-web",
    "show effective-rules SMALL vm-sql",
    "show tags SMALL Storage",
    "show assumptions SMALL",
    "show assumptions",
)


@pytest.fixture
def disputed(tmp_path: Path) -> Path:
    """A service endpoint beside a user route to a prefix of its tag; the file says which wins."""
    path = tmp_path / "disputed.yaml"
    path.write_text(
        """\
virtual_networks:
  vnet:
    address_space: 10.0.0.0/16
    subnets:
      web: {prefix: 10.0.0.0/24, route_table: rt, service_endpoints: [Microsoft.Storage]}
      nva: 10.0.1.0/24
route_tables: {rt: {routes: {to-nva: "20.33.145.0/24 -> 10.0.1.4"}}}
location: westeurope
virtual_machines:
  vm: {subnet: vnet/web, ip: 10.0.0.4}
  nva: {subnet: vnet/nva, ip: 10.0.1.4, ip_forwarding: true}
assumptions: {se_beats_udr: true}
""",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_about_a_network_takes_it(
    command: str, vnetsim: Run, small: Path, log: Path, change: Path
) -> None:
    files = {"SMALL": small, "LOG": log, "CHANGE": change}
    words = [files.get(word, word) for word in command.split()]
    assert vnetsim(*words, "--assume", "se_beats_udr=true", "--assume", "ecmp_is_symmetric=no").code == 0
    ended = vnetsim(*words, "--assume", "se_beat_udr=true")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error[VNS5019]: there is no assumption 'se_beat_udr'\n  hint: did you mean 'se_beats_udr'?\n"


@pytest.mark.parametrize("command", ["schema", "run"])
def test_what_no_network_has_a_part_in_does_not(command: str, vnetsim: Run) -> None:
    assert vnetsim(command, "--assume", "se_beats_udr=true").code == 2


@pytest.mark.parametrize("text", ["se_beats_udr=perhaps", "se_beats_udr=", "se_beats_udr"])
def test_a_value_is_true_or_false(text: str, vnetsim: Run, small: Path) -> None:
    ended = vnetsim("check", small, "--assume", text)
    assert ended.code == 2
    assert "VNS5020" in ended.err and "write se_beats_udr=true or se_beats_udr=false" in ended.err


def state(vnetsim: Run, path: Path, *options: str) -> str:
    """The state of the user's route."""
    [row] = [
        row
        for row in json.loads(vnetsim("show", "effective-routes", path, "vm", "-o", "json", *options).out)["value"]
        if row["source"] == "User"
    ]
    return str(row["state"])


def test_the_option_wins_over_the_file(vnetsim: Run, disputed: Path) -> None:
    assert state(vnetsim, disputed) == "Invalid"
    assert state(vnetsim, disputed, "--assume", "se_beats_udr=false") == "Active"


def test_the_last_of_two_counts(vnetsim: Run, disputed: Path) -> None:
    assert state(vnetsim, disputed, "--assume", "se_beats_udr=no", "--assume", "se_beats_udr=on") == "Invalid"


def test_commands_to_go_on_with_keep_the_option(vnetsim: Run, small: Path, change: Path, log: Path) -> None:
    ended = vnetsim("what-if", small, change, "--flows", log, "--assume", "se_beats_udr=true")
    assert f"--change {change} --assume se_beats_udr=true\n" in ended.out
    small.write_text(small.read_text(encoding="utf-8").replace("source: 10.1.0.0/24", "source: Storag"), "utf-8")
    ended = vnetsim("replay", small, log, "--assume", "se_beats_udr=true")
    assert f"vnetsim check {small} --assume se_beats_udr=true\n" in ended.err


def test_assumptions_are_listed_with_both_readings(vnetsim: Run, disputed: Path) -> None:
    listed = json.loads(vnetsim("show", "assumptions", disputed, "-o", "json").out)["assumptions"]
    assert [row["key"] for row in listed] == [*ASSUMPTIONS]
    assert [row["key"] for row in listed if row["value"] != row["default"]] == ["se_beats_udr"]
    rows = [*csv.DictReader(io.StringIO(vnetsim("show", "assumptions", "-o", "csv").out))]
    assert all(row["Value"] == row["Default"] for row in rows)
    for held, row in zip(ASSUMPTIONS.values(), rows, strict=True):
        assert [held.text, held.otherwise] == [row["Reading if true"], row["Reading if false"]]


def test_the_reading_in_force_is_marked(vnetsim: Run, disputed: Path) -> None:
    held = ASSUMPTIONS["se_beats_udr"]
    lines = vnetsim("show", "assumptions", disputed).out.splitlines()
    at = lines.index("se_beats_udr = true (the default is false)")
    assert lines[at + 1 : at + 3] == [f"  ✓ true   {held.text}", f"    false  {held.otherwise}"]


def test_a_caller_chooses_with_words_or_truth(disputed: Path) -> None:
    for choice in (False, "false", "No", " off "):
        network = simulator.load(disputed, assumptions={"se_beats_udr": choice})
        assert not is_assumed(network, "se_beats_udr")
    assert is_assumed(simulator.load(disputed), "se_beats_udr")
    with pytest.raises(QuestionError, match="no assumption 'nonsense'") as raised:
        simulator.load(disputed, assumptions={"nonsense": True})
    assert raised.value.code == "VNS5019"
