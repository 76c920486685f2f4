"""Every tuple of the real flow logs of one lab VM is explained: as predicted, or as the platform's own doing."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.comparison.diff import diff
from simulator.flows.read import read_flow_logs
from simulator.flows.replay import replay
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot


@pytest.mark.parametrize(
    ("log", "tuples", "of_the_platform"),
    [
        ("vnet-v4-real-vnet-scope-2024.json", 83, 9),
        ("vnet-v4-real-nic-scope-2024.json", 49, 2),
    ],
)
def test_every_tuple_is_predicted_or_the_platforms(
    shared: Path, scenarios: Path, log: str, tuples: int, of_the_platform: int
) -> None:
    records = read_flow_logs(shared / "flowlogs" / log)
    assert len(records) == tuples
    network = build_network(scenario_snapshot(scenarios / "lab-2024" / "topology.yaml"))
    found = diff(replay(network, records))
    explained = {name: count for name, count in found.summary().items() if count}
    assert explained == {"match": len(found.replay) - of_the_platform, "platform_rule": of_the_platform}
    assert not found.has_mismatch
    assert {row.observed.rule for row in found} == {"PlatformRule"}
