"""Every recorded topology file loads, or is answered with what it is; the resolved ones hold the right resources."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.azure.network_interface import NetworkInterface
from simulator.errors import SourceError
from simulator.sources.load import load_snapshot
from simulator.sources.resource_json import resources_snapshot

Record = Callable[[str, Any, str], None]

#: Family of inputs → how each of its files is answered while it is not read. The rest must load.
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

RECORDINGS = ("recorded-export", "recorded-resource-graph", "recorded-whatif")

#: Folder of an export → resources of each kind in it, and the kinds that are left out with an info.
BATFISH = "az-resource-json/batfish__batfish"
UNIT = f"{BATFISH}/projects/batfish/src/test/resources/org/batfish/representation/azure"
EXPORTS: dict[str, tuple[dict[str, int], list[str]]] = {
    f"{BATFISH}/networks/cloud-azure/azure_configs": (
        {
            "VirtualNetwork": 1,
            "NetworkInterface": 2,
            "NetworkSecurityGroup": 3,
            "PublicIpAddress": 2,
            "VirtualMachine": 2,
        },
        ["VNS1105"],
    ),
    f"{UNIT}/test-nat-gateway/azure_configs": (
        {"VirtualNetwork": 1, "NetworkInterface": 2, "PublicIpAddress": 2, "VirtualMachine": 2},
        ["VNS1105"],
    ),
    f"{UNIT}/test-nsg/azure_configs": (
        {"VirtualNetwork": 1, "NetworkInterface": 3, "NetworkSecurityGroup": 2, "VirtualMachine": 3},
        [],
    ),
    f"{UNIT}/test-postgres/azure_configs": (
        {"VirtualNetwork": 1, "NetworkInterface": 1, "VirtualMachine": 1},
        ["VNS1106"],
    ),
    f"{UNIT}/test-subnet/azure_configs": ({"VirtualNetwork": 1, "NetworkInterface": 2, "VirtualMachine": 2}, []),
}


@pytest.fixture(scope="module")
def topologies(shared: Path) -> Path:
    return shared / "truth" / "topologies"


def test_every_file_loads_or_says_what_it_is(topologies: Path, record: Record) -> None:
    files = [path for path in sorted(topologies.rglob("*.json")) if path.is_file()]
    assert len(files) == 121
    for path in files:
        family = path.relative_to(topologies).parts[0]
        kind = f"topology: {family}"
        try:
            snapshot = load_snapshot(path)
        except SourceError as error:
            assert error.place and error.hint, path
            if path.name in NOT_JSON:
                assert error.code == "VNS1006", path
            else:
                assert error.code == "VNS1014", path
                assert NOT_READ_YET[family] in error.message, path
            record(kind, "not askable", error.message)
        else:
            assert family not in NOT_READ_YET, path
            unexplained = [issue for issue in snapshot.issues if issue.severity != "info"]
            assert unexplained == [], path
            record(kind, "right", path.name)


def test_exported_folders_hold_the_right_resources(topologies: Path) -> None:
    for folder, (counts, codes) in EXPORTS.items():
        snapshot = load_snapshot(topologies / folder)
        assert Counter(type(held).__name__ for held in snapshot.resources.values()) == counts, folder
        assert [issue.code for issue in snapshot.issues] == codes, folder
        nics = snapshot.all(NetworkInterface)
        assert all(nic.virtual_machine in snapshot.resources for nic in nics), folder


def recorded(topologies: Path, family: str) -> list[Any]:
    """The answers in one recorded conversation with Azure, without the requests around them."""
    (path,) = (found for found in (topologies / family).rglob("*") if found.is_file())
    return [interaction["response"] for interaction in json.loads(path.read_text(encoding="utf-8"))]


def test_a_recorded_resource_graph_answer(topologies: Path, record: Record) -> None:
    """The query projected the id alone: three resources are named, none is described, and the answer is one page."""
    (answer,) = recorded(topologies, "recorded-resource-graph")
    snapshot = resources_snapshot([("answer.json", answer)])
    assert not snapshot.resources
    assert [issue.code for issue in snapshot.issues] == ["VNS1109", "VNS1108", "VNS1108", "VNS1108"]
    assert [issue.message.split(" left out")[0] for issue in snapshot.issues[1:]] == [
        "1 of type microsoft.network/networkinterfaces",
        "1 of type microsoft.network/networksecuritygroups",
        "1 of type microsoft.network/publicipaddresses",
    ]
    record("topology: recorded-resource-graph", "right", "3 resources named, one page of 2995")


@pytest.mark.parametrize(
    ("family", "words"), [("recorded-export", "ARM template"), ("recorded-whatif", "what-if result")]
)
def test_recorded_answers_that_are_not_read_yet(topologies: Path, record: Record, family: str, words: str) -> None:
    for answer in recorded(topologies, family):
        with pytest.raises(SourceError, match=words) as caught:
            resources_snapshot([("answer.json", answer)])
        assert caught.value.code == "VNS1014"
        record(f"topology: {family}", "not askable", caught.value.message)


@pytest.mark.parametrize("family", RECORDINGS)
def test_a_recording_itself_is_no_topology(topologies: Path, family: str) -> None:
    (path,) = (found for found in (topologies / family).rglob("*") if found.is_file())
    with pytest.raises(SourceError) as caught:
        load_snapshot(path)
    assert caught.value.code == "VNS1013"


def test_every_recorded_state_reads_without_an_unexplained_issue(shared: Path) -> None:
    explained = {"VNS1105", "VNS1106", "VNS1110"}
    for path in sorted((shared / "truth" / "cases").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        for state in case["states"]:
            found = [held["resource"] for held in state]
            snapshot = resources_snapshot([(path.name, found)]) if found else None
            issues = snapshot.issues if snapshot else ()
            assert {issue.code for issue in issues} <= explained, path


def test_recorded_answers_are_never_taken_for_a_configuration(shared: Path) -> None:
    """Effective rules and routes, next hops, diagnostics and the like are named as answers; an empty one is empty."""
    for path in sorted((shared / "truth" / "cases").glob("*.json")):
        for question in json.loads(path.read_text(encoding="utf-8"))["questions"]:
            try:
                snapshot = resources_snapshot([("answer.json", question["answer"])])
            except SourceError as error:
                assert error.code == "VNS1015", (path, question["kind"])
            else:
                assert not snapshot.resources and not question["answer"]["value"], (path, question["kind"])
