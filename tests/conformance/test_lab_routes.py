"""Effective route tables against those that people pasted into their labs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.network.effective_routes import effective_routes, routes_to_azure
from tests.conformance.conftest import Record
from tests.conformance.lab_topologies import ONLY_SHOWN, Lab, labs
from tests.conformance.test_effective_routes import Row, comparable
from tests.network.arm import nic_id

KIND = "lab effective routes"


def pasted(lab: dict[str, Any]) -> set[Row]:
    """The pasted rows, as comparable as recorded ones."""
    return comparable(
        [
            {
                "source": row["source"],
                "state": row["state"],
                "addressPrefix": row["prefixes"],
                "nextHopType": row["next_hop_type"],
                "nextHopIpAddress": [row["next_hop_ip"]] if row["next_hop_ip"] else [],
            }
            for row in lab["observed_routes"]
        ]
    )


def is_right(lab: Lab, theirs: set[Row]) -> bool:
    ours = comparable(routes_to_azure(effective_routes(lab.network, nic_id(lab.interface))))
    if lab.cut == ONLY_SHOWN:
        return theirs <= ours
    if lab.cut:
        ours = {row for row in ours if row[3] != "None"}
    return ours == theirs


def test_lab_routes_equal_the_pasted_ones(shared: Path, record: Record) -> None:
    known, wrong = labs(), []
    for path in sorted((shared / "truth" / "lab").glob("*.json")):
        if path.stem not in known:
            record(KIND, "not askable", f"{path.stem}: its network is not rebuilt")
            continue
        right = is_right(known[path.stem], pasted(json.loads(path.read_text())))
        record(KIND, "right" if right else "wrong", path.stem)
        wrong += [] if right else [path.stem]
        for what in (known[path.stem].given, known[path.stem].cut):
            if what:
                record(f"{KIND}: parts of a table", "not askable", f"{path.stem}: {what}")
    assert wrong == []


def test_every_lab_is_rebuilt(shared: Path) -> None:
    assert set(labs()) == {path.stem for path in (shared / "truth" / "lab").glob("*.json")}
