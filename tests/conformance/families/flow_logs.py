"""Real flow logs: every tuple is read as it is written, and what the lab's machine did is predicted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.comparison.diff import diff
from simulator.errors import FlowLogError
from simulator.flows.conversations import Conversations
from simulator.flows.read import read_flow_logs
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import replay
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from tests.conformance.answers import Answer, judged, not_askable

SCENARIOS = Path(__file__).resolve().parents[3] / "scenarios"
#: Log → the scenario that holds the network it was written by.
NETWORKS = {
    "vnet-v4-real-vnet-scope-2024.json": "lab-2024",
    "vnet-v4-real-nic-scope-2024.json": "lab-2024",
}
#: How a conversation fares → why it is no measure. `match` is right, every other category wrong.
UNASKED = {"platform_rule": "PlatformRule: the platform's own doing, which no rule of a network decides"}


def files_read(shared: Path) -> Iterator[Answer]:
    """A VNet flow log is read, each tuple as it is written; anything else is refused and called what it is."""
    for path in sorted((shared / "flowlogs").glob("*.json")):
        try:
            records = read_flow_logs(path, strict=True)
        except FlowLogError as error:
            is_bad = path.name.startswith("bad-")
            yield Answer(path.name, "right") if is_bad else not_askable(path.name, error.message)
        else:
            yield judged(path.name, _is_as_written(path, records), "a tuple is read otherwise than it is written")


def _is_as_written(path: Path, records: FlowRecords) -> bool:
    document = json.loads(path.read_bytes())
    return not records.malformed and all(_text(row) == _written(document, row) for row in records)


def _text(row: FlowRecord) -> list[str]:
    """The columns of a tuple after its time, then the rule."""
    counters = (row.packets_sent, row.bytes_sent, row.packets_received, row.bytes_received)
    return [
        *(row.source, row.destination, str(row.source_port), str(row.destination_port), str(row.protocol)),
        *(row.direction[0], row.state, row.encryption),
        *("" if value is None else str(value) for value in counters),
        row.rule,
    ]


def _written(document: dict[str, Any], row: FlowRecord) -> list[str]:
    """The tuple that the row's locator leads to, in the same form."""
    place = row.locator
    record = document["records"][place.record] if "records" in document else document
    group = record["flowRecords"]["flows"][place.flow]["flowGroups"][place.group]
    return [*group["flowTuples"][place.tuple].split(",")[1:], group["rule"]]


def conversations_predicted(shared: Path) -> Iterator[Answer]:
    """Verdict and rule of every conversation, held to what the network beside the log predicts."""
    for path in sorted((shared / "flowlogs").glob("vnet-v4-*.json")):
        if path.name not in NETWORKS:
            held = len(Conversations.of(read_flow_logs(path)))
            yield not_askable(path.name, "no topology is published beside the log", held)
            continue
        for category, times in _compared(path).items():
            if category in UNASKED:
                yield not_askable(path.name, UNASKED[category], times)
            else:
                yield Answer(path.name, "right" if category == "match" else "wrong", category, times)


@lru_cache(maxsize=4)
def _compared(path: Path) -> Mapping[str, int]:
    """Category → how many conversations fall into it."""
    topology = SCENARIOS / NETWORKS[path.name] / "topology.yaml"
    found = diff(replay(build_network(scenario_snapshot(topology)), read_flow_logs(path)))
    return {name: times for name, times in found.summary().items() if times}
