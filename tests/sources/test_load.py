"""What `load_snapshot` makes of a path: the kind of file, and a clear answer where there is nothing to read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simulator.azure.virtual_network import VirtualNetwork
from simulator.errors import SourceError
from simulator.sources import reading
from simulator.sources.load import load_snapshot

NETWORK = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
    "type": "Microsoft.Network/virtualNetworks",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
}
SCENARIO = "virtual_networks: {v: {address_space: 10.0.0.0/16}}\n"


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        load_snapshot(path)
    return caught.value


def test_each_kind_of_source_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "topology.yaml").write_text(SCENARIO)
    (tmp_path / "folder" / "v.JSON").write_text(json.dumps(NETWORK))
    (tmp_path / "one.json").write_text(json.dumps(NETWORK))
    (tmp_path / "export.txt").write_text(json.dumps([NETWORK]))
    (tmp_path / "json-inside.yaml").write_text(json.dumps({"value": [NETWORK]}))
    (tmp_path / "mine.yml").write_text(SCENARIO)
    (tmp_path / "flow.yaml").write_text("{" + SCENARIO.strip() + "}")
    for name in ("folder", "scenario", "one.json", "export.txt", "json-inside.yaml", "mine.yml", "flow.yaml"):
        snapshot = load_snapshot(tmp_path / name)
        assert [network.prefixes for network in snapshot.virtual_networks] == [("10.0.0.0/16",)], name
        assert snapshot.name == name.split(".")[0], name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_windows_tools_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "v.json").write_text(json.dumps(NETWORK), encoding=encoding)
    assert len(load_snapshot(tmp_path / "v.json").resources) == 1


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "nothing.json").code == "VNS1001"
    assert refusal(Path("\0")).code == "VNS1001"
    assert refusal(tmp_path / ("x" * 5000)).code == "VNS1001"
    assert refusal(tmp_path / "empty").code == "VNS1002"
    if Path("/dev/zero").exists():
        assert refusal(Path("/dev/zero")).code == "VNS1001"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for name, content in (
        ("a.json", b"\x93NUMPY\x01\x00\xff\xfe"),
        ("b.yaml", b"PK\x03\x04\x00"),
        ("c", b"\xff\xfe\x00"),
    ):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name).code == "VNS1005"


def test_size_and_depth_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep.json").write_text("[" * 150 + "]" * 150)
    assert refusal(tmp_path / "deep.json").code == "VNS1004"
    (tmp_path / "deeper.json").write_text('{"a":' * 200_000)
    assert refusal(tmp_path / "deeper.json").code == "VNS1004"
    (tmp_path / "deeper.yaml").write_text("- " * 200_000)
    assert refusal(tmp_path / "deeper.yaml").code == "VNS1004"
    (tmp_path / "large.yaml").write_bytes(b"#" * (17 * 1024 * 1024))
    assert refusal(tmp_path / "large.yaml").code == "VNS1003"
    monkeypatch.setattr(reading, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / f"{name}.json").write_text(json.dumps(NETWORK))
    assert refusal(tmp_path).code == "VNS1003"


def test_json_errors_have_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "nsgs.json"
    path.write_text('[\n  {"näme": 01}\n]')
    assert str(refusal(path)) == (
        f"error[VNS1006]: not JSON: invalid number\n  at {path.as_posix()}:2:13\n"
        "  hint: export it again with -o json, and keep messages of the tool out of the file"
    )
    path.write_text("")
    assert refusal(path).message == "not JSON: the file is empty"
    path.write_text('{"a": 123456789012345678901234567890123')
    assert refusal(path).code == "VNS1006"
    path.write_text("9" * 100_000)
    assert refusal(path).code in {"VNS1006", "VNS1013"}


def test_source_of_other_tools_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text("resource v 'Microsoft.Network/virtualNetworks@2024-05-01' = {}")
    assert "bicep snapshot" in refusal(tmp_path / "main.bicep").hint
    (tmp_path / "main.tf").write_text("resource {}")
    assert refusal(tmp_path / "main.tf").code == "VNS1014"


def test_a_folder_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "v.json").write_text(json.dumps(NETWORK))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.json").write_text("junk")
    (tmp_path / "azuredeploy.parameters.json").write_text(
        '{"$schema": "…deploymentParameters.json#", "parameters": {}}'
    )
    (tmp_path / "broken.json").write_text("{")
    snapshot = load_snapshot(tmp_path)
    assert len(snapshot.all(VirtualNetwork)) == 1
    assert [(issue.code, issue.place) for issue in snapshot.issues] == [
        ("VNS1014", "azuredeploy.parameters.json"),
        ("VNS1006", "broken.json"),
    ]


def test_a_folder_without_one_readable_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[1]")
    assert refusal(tmp_path).code == "VNS1016"
    assert "VNS1006" in refusal(tmp_path).message and "VNS1013" in refusal(tmp_path).message


def test_a_folder_that_cannot_be_listed_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: str) -> object:
        if path.endswith("below"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    scandir = os.scandir
    (tmp_path / "below").mkdir()
    (tmp_path / "v.json").write_text(json.dumps(NETWORK))
    monkeypatch.setattr(os, "scandir", refusing)
    assert (refusal(tmp_path).code, refusal(tmp_path).place) == ("VNS1001", str(tmp_path / "below"))


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.json").write_text(json.dumps(NETWORK))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "more.json").write_text(json.dumps(NETWORK))
    (inside / "v.json").write_text(json.dumps([]))
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    (inside / "loop.json").symlink_to(inside / "loop.json")
    (inside / "more").symlink_to(tmp_path / "secrets")
    snapshot = load_snapshot(inside)
    assert not snapshot.resources
    assert "VNS1012" in {issue.code for issue in snapshot.issues}
