"""docs/reference/scenario-files.md names every key of scenario files."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.sources.scenario import scenario_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scenario-files.md"


def test_every_key_is_named() -> None:
    schema = scenario_schema()
    parts = [schema, *(form for part in schema["$defs"].values() for form in (part, *part.get("anyOf", [])))]
    keys = {key for part in parts for key in part.get("properties", {})}
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    assert sorted(keys - named) == []
