"""The snapshot that changes are applied to."""

from __future__ import annotations

import pytest

from simulator.azure.snapshot import Snapshot
from simulator.sources.scenario import scenario_snapshot
from tests.whatif.changed_network import TOPOLOGY


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path = tmp_path_factory.mktemp("change") / "change.yaml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    return scenario_snapshot(path)
