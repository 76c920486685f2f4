"""Effective route tables against those that people pasted into their labs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.network.effective_routes import effective_routes, routes_to_azure
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.families.effective_routes import Row, comparable
from tests.conformance.lab_topologies import ONLY_SHOWN, Lab, labs
from tests.network.arm import nic_id


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


def lab_tables(shared: Path) -> Iterator[Answer]:
    known = labs()
    for path in sorted((shared / "truth" / "lab").glob("*.json")):
        if path.stem in known:
            right = is_right(known[path.stem], pasted(json.loads(path.read_text())))
            yield judged(path.stem, right, "the tables differ")
        else:
            yield not_askable(path.stem, "its network is not rebuilt")


def parts_of_tables(shared: Path) -> Iterator[Answer]:
    """What of the labs' tables is no measure: what was taken from the table itself, or the paste leaves out."""
    for name, lab in sorted(labs().items()):
        if lab.given:
            yield not_askable(name, f"taken from the table itself: {lab.given}")
        if lab.cut:
            yield not_askable(name, lab.cut)
