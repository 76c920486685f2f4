"""The recorded log of hub-spoke: a comparison finds what planted.csv lists, and nothing else."""

from __future__ import annotations

import csv
import importlib.util
from functools import cache
from pathlib import Path

import pytest

from simulator.comparison.diff import diff
from simulator.comparison.mismatches import Mismatch, Mismatches
from simulator.flows.read import read_flow_logs
from simulator.flows.records import FlowRecords
from simulator.flows.replay import replay
from tests.scenarios.questions import network_of

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "hub-spoke"
TOPOLOGY = FOLDER / "topology.yaml"
KEY = ("category", "kind", "nic", "direction", "source", "destination", "protocol", "port")


def planted() -> list[dict[str, str]]:
    with (FOLDER / "planted.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def key_of(row: Mismatch) -> tuple[str, ...]:
    port = str(row.port) if row.port >= 0 else ""
    source, destination = (label.partition(" (")[0] for label in (row.source, row.destination))
    return row.category, row.kind, row.nic, row.direction, source, destination, row.protocol, port


def keys_of(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted(tuple(row[column] for column in KEY) for row in rows)


@cache
def committed_log() -> FlowRecords:
    return read_flow_logs(FOLDER / "flows.json.gz")


def made_log() -> FlowRecords:
    spec = importlib.util.spec_from_file_location("make_log", FOLDER / "make_log.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    records: FlowRecords = module.recorded_log()
    return records


def compared(records: FlowRecords, change: Path | None = None) -> Mismatches:
    return diff(replay(network_of(TOPOLOGY, change), records))


@pytest.mark.parametrize("log", [committed_log, made_log])
def test_the_comparison_finds_what_was_planted_and_nothing_else(log: object) -> None:
    assert callable(log)
    assert sorted(map(key_of, compared(log()).rows)) == keys_of(planted())


def test_the_drift_explains_every_difference_that_comes_from_a_rule() -> None:
    beyond = [row for row in planted() if row["planted_by"] != "drift.yaml"]
    assert sorted(map(key_of, compared(committed_log(), FOLDER / "drift.yaml").rows)) == keys_of(beyond)


def test_the_committed_log_is_whole_and_small() -> None:
    records = committed_log()
    assert not records.malformed and not records.duplicates
    assert 2_000 <= len(records) <= 10_000
    assert (FOLDER / "flows.json.gz").stat().st_size < 300_000
