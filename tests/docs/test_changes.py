"""docs/reference/changes.md tells every kind of step with its keys, and its examples fit the hub-spoke scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.azure.snapshot import Snapshot
from simulator.cli import what_if
from simulator.sources.load import load_snapshot
from simulator.sources.scenario_managers import AdminRule
from simulator.sources.scenario_models import SecurityRule
from simulator.whatif.change import KINDS, parse_change
from simulator.whatif.routes import NamedRoute

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "changes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def hub_spoke(scenarios: Path) -> Snapshot:
    return load_snapshot(scenarios / "hub-spoke")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_changes_the_hub_spoke_scenario(example: str, hub_spoke: Snapshot) -> None:
    assert parse_change(example).apply(hub_spoke) != hub_spoke


def test_every_kind_has_a_section_with_an_example_of_it() -> None:
    assert [*SECTIONS] == [*KINDS]
    assert all(f"- {kind}:" in text for kind, text in SECTIONS.items())


@pytest.mark.parametrize(
    ("kind", "model"),
    [("add_security_rule", SecurityRule), ("add_route", NamedRoute), ("add_admin_rule", AdminRule)],
)
def test_the_keys_of_rules_and_routes_are_those_that_are_read(
    kind: str, model: type[SecurityRule | NamedRoute | AdminRule]
) -> None:
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", SECTIONS[kind], re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(cells))) == sorted(model.model_fields)


def test_the_help_of_what_if_lists_every_kind() -> None:
    assert [*re.findall(r"\w+_\w+", what_if.STEPS)] == [*KINDS]
