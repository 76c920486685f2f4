"""Every recorded topology file loads, or is answered with what it is; the resolved ones hold the right resources."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from simulator.azure.network_interface import NetworkInterface
from simulator.errors import SourceError
from simulator.sources.load import load_snapshot
from simulator.sources.resource_json import resources_snapshot
from tests.conformance.families.topologies import RECORDINGS, files_loaded, recorded

#: Folder of an export → resources of each kind in it, and the kinds that are left out with an info.
BATFISH = "az-resource-json/batfish__batfish"
UNIT = f"{BATFISH}/projects/batfish/src/test/resources/org/batfish/representation/azure"
EXPORTS: dict[str, tuple[dict[str, int], list[str]]] = {
    f"{BATFISH}/networks/cloud-azure/azure_configs": (
        {
            "VirtualNetwork": 1,
            "NetworkInterface": 2,
            "NetworkSecurityGroup": 3,
            "NatGateway": 1,
            "PublicIpAddress": 2,
            "VirtualMachine": 2,
        },
        [],
    ),
    f"{UNIT}/test-nat-gateway/azure_configs": (
        {"VirtualNetwork": 1, "NetworkInterface": 2, "NatGateway": 1, "PublicIpAddress": 2, "VirtualMachine": 2},
        [],
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


def test_no_file_is_forgotten(shared: Path) -> None:
    assert len([*files_loaded(shared)]) == 121


def test_exported_folders_hold_the_right_resources(topologies: Path) -> None:
    for folder, (counts, codes) in EXPORTS.items():
        snapshot = load_snapshot(topologies / folder)
        assert Counter(type(held).__name__ for held in snapshot.resources.values()) == counts, folder
        assert [issue.code for issue in snapshot.issues] == codes, folder
        nics = snapshot.all(NetworkInterface)
        assert all(nic.virtual_machine in snapshot.resources for nic in nics), folder


def test_a_recorded_resource_graph_answer(shared: Path) -> None:
    """The query projected the id alone: three resources are named, none is described, and the answer is one page."""
    (answer,) = recorded(shared, "recorded-resource-graph")
    snapshot = resources_snapshot([("answer.json", answer)])
    assert not snapshot.resources
    assert [issue.code for issue in snapshot.issues] == ["VNS1109", "VNS1108", "VNS1108", "VNS1108"]
    assert [issue.message.split(" left out")[0] for issue in snapshot.issues[1:]] == [
        "1 of type microsoft.network/networkinterfaces",
        "1 of type microsoft.network/networksecuritygroups",
        "1 of type microsoft.network/publicipaddresses",
    ]


@pytest.mark.parametrize(
    ("family", "words"), [("recorded-export", "ARM template"), ("recorded-whatif", "what-if result")]
)
def test_recorded_answers_that_are_not_read_yet(shared: Path, family: str, words: str) -> None:
    for answer in recorded(shared, family):
        with pytest.raises(SourceError, match=words) as caught:
            resources_snapshot([("answer.json", answer)])
        assert caught.value.code == "VNS1014"


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
