"""The scenario file: a network written by hand in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.azure.snapshot import Snapshot


def scenario_snapshot(path: str | Path) -> Snapshot:
    """The network of one scenario file."""
    raise NotImplementedError


def scenario_assumptions(path: str | Path) -> Mapping[str, str]:
    """The ``assumptions:`` of one scenario file."""
    raise NotImplementedError


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of scenario files."""
    raise NotImplementedError
