"""Findings of a scenario text, for lints whose networks are shorter as scenarios than as ARM resources."""

from __future__ import annotations

from pathlib import Path

from simulator.lints.finding import Finding
from simulator.lints.lint import lint
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot


def network_of(folder: Path, text: str) -> Network:
    path = folder / "topology.yaml"
    path.write_text(f"name: linted\n{text}", encoding="utf-8")
    return build_network(scenario_snapshot(path))


def findings(folder: Path, text: str, *codes: str) -> list[Finding]:
    """Those of the given codes, in the order of their messages."""
    found = (finding for finding in lint(network_of(folder, text)) if finding.code in codes)
    return sorted(found, key=lambda finding: finding.message)
