"""Where flow logs are found: files, folders, globs, gzip and standard input."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulator.errors import FlowLogError
from simulator.flows import read as reading
from simulator.flows.read import read_flow_logs


def blob(port: int) -> bytes:
    entry = f"1735636357995,10.1.0.4,20.10.127.193,{port},443,6,O,B,NX,0,0,0,0"
    flows = [{"aclID": "unspecified", "flowGroups": [{"rule": "UserRule_x", "flowTuples": [entry]}]}]
    return json.dumps({"records": [{"macAddress": "000D3A359573", "flowRecords": {"flows": flows}}]}).encode()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    for port, name in enumerate(["h=10/PT1H.json", "h=09/PT1H.json", "h=11/deep/PT1H.json"], start=1):
        file = folder / name
        file.parent.mkdir(parents=True)
        file.write_bytes(blob(port))
    (folder / "h=12").mkdir()
    (folder / "h=12" / "PT1H.json.gz").write_bytes(gzip.compress(blob(4)))
    (folder / "README.md").write_text("not a log")
    return folder


def ports(location: str | Path) -> list[int]:
    found: list[int] = read_flow_logs(location).source_port.tolist()
    return found


def test_a_folder_is_read_at_any_depth_in_order_of_paths(logs: Path) -> None:
    records = read_flow_logs(logs)
    assert records.source_port.tolist() == [2, 1, 3, 4]
    assert records[0].locator.blob == str(logs / "h=09" / "PT1H.json")


def test_a_glob_is_read_in_order_of_paths(logs: Path) -> None:
    assert ports(f"{logs}/h=1?/**/PT1H.json") == [1, 3]


def test_a_file_is_read_plain_or_gzip_whatever_its_name(logs: Path) -> None:
    assert ports(str(logs / "h=10" / "PT1H.json")) == [1]
    renamed = logs / "renamed.json"
    renamed.write_bytes(gzip.compress(blob(5)) + gzip.compress(b"\n" + blob(6)))
    assert ports(renamed) == [5, 6]


def test_a_folder_that_cannot_be_listed_is_not_passed_over(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: str) -> object:
        if path.endswith("h=09"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(logs)
    assert (caught.value.code, caught.value.place) == ("VNS3001", str(logs / "h=09"))


def test_standard_input_is_read_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(gzip.compress(blob(7)))))
    records = read_flow_logs("-")
    assert records[0].source_port == 7
    assert records[0].locator.blob == "standard input"


@pytest.mark.parametrize("name", ["none.json", "none/*.json", "empty", "nul\0.json", "a" * 5000])
def test_nothing_there_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    location = f"{tmp_path}/{name}"
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(location)
    assert (caught.value.code, caught.value.place) == ("VNS3001", location)
    assert caught.value.hint


def test_a_link_out_of_the_folder_is_not_followed(logs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes(blob(8))
    os.symlink(outside, logs / "inside.json")
    with pytest.raises(FlowLogError, match="link out of the folder"):
        read_flow_logs(logs)
    assert ports(logs / "inside.json") == [8]


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ALWAYS_EXPANDED", 1 << 10)
    file = tmp_path / "bomb.json"
    file.write_bytes(gzip.compress(b" " * (8 << 20)))
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(file)
    assert caught.value.code == "VNS3008"


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_BLOB", 100)
    file = tmp_path / "large.json"
    file.write_bytes(blob(1))
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(file)
    assert caught.value.code == "VNS3008"


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:40] + b"\0\0\0" + data[43:]])
def test_a_damaged_gzip_is_one_clear_error(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "PT1H.json.gz"
    file.write_bytes(damage(gzip.compress(blob(1))))
    with pytest.raises(FlowLogError) as caught:
        read_flow_logs(file)
    assert (caught.value.code, caught.value.place) == ("VNS3002", str(file))


def test_strict_is_passed_on(tmp_path: Path) -> None:
    file = tmp_path / "PT1H.json"
    file.write_bytes(blob(70000))
    assert len(read_flow_logs(file).malformed) == 1
    with pytest.raises(FlowLogError, match="VNS3007"):
        read_flow_logs(file, strict=True)
