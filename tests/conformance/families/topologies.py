"""Recorded topology files: each loads, or is answered with what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.azure.snapshot import Snapshot
from simulator.errors import SourceError
from simulator.sources.load import load_snapshot
from simulator.sources.resource_json import resources_snapshot
from tests.conformance.answers import Answer, Outcome, judged, not_askable

#: Family of inputs that is not read → what its files are called instead. The rest must load.
NOT_READ_YET = {
    "arm-enterprise-scale": "ARM template",
    "arm-lab": "ARM template",
    "arm-quickstart": "ARM template",
    "bicep-compiled": "ARM template",
    "bicep-compiled-avm-module": "ARM template",
    "tfplan-json": "Terraform plan",
}
#: Two ARM templates of a public lab hold trailing commas, which are no JSON.
NOT_JSON = {"slb.json", "nva_2nic_noVnet.json"}
#: Recorded conversations with Azure, whose answers are asked instead of the files.
RECORDINGS = ("recorded-export", "recorded-resource-graph", "recorded-whatif")


def files_loaded(shared: Path) -> Iterator[Answer]:
    folder = shared / "truth" / "topologies"
    for path in sorted(folder.rglob("*.json")):
        family = path.relative_to(folder).parts[0]
        case = f"{family}: {'/'.join(path.parts[-2:])}"
        try:
            snapshot = load_snapshot(path)
        except SourceError as error:
            outcome: Outcome = "not askable" if _is_named(error, path, family) else "wrong"
            yield Answer(case, outcome, error.message)
        else:
            yield judged(case, _is_explained(snapshot) and family not in NOT_READ_YET, "it holds what is not explained")


def _is_named(error: SourceError, path: Path, family: str) -> bool:
    """Whether the error calls the file what it is, with the place and the way out."""
    expected = ("VNS1006", "not JSON") if path.name in NOT_JSON else ("VNS1014", NOT_READ_YET.get(family, "\0"))
    return error.code == expected[0] and expected[1] in error.message and bool(error.place and error.hint)


def _is_explained(snapshot: Snapshot) -> bool:
    return all(issue.severity == "info" for issue in snapshot.issues)


def answers_loaded(shared: Path) -> Iterator[Answer]:
    """The answers within recorded conversations with Azure."""
    for family in RECORDINGS:
        for number, answer in enumerate(recorded(shared, family)):
            case = f"{family} #{number}"
            try:
                resources_snapshot([("answer.json", answer)])
            except SourceError as error:
                yield not_askable(case, error.message)
            else:
                yield Answer(case, "right")


def recorded(shared: Path, family: str) -> list[Any]:
    """The answers in one recorded conversation with Azure, without the requests around them."""
    (path,) = (found for found in (shared / "truth" / "topologies" / family).rglob("*") if found.is_file())
    return [interaction["response"] for interaction in json.loads(path.read_text(encoding="utf-8"))]
