"""The log of direct-peering holds to the byte what traffic.csv says, and fits the topology."""

from __future__ import annotations

import csv
import importlib.util
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import simulator as sim
from simulator.flows.records import FlowRecords
from simulator.whatif.in_brief import via
from tests.scenarios.questions import network_of

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "direct-peering"
TOPOLOGY = FOLDER / "topology.yaml"
GIB = 1 << 30


@cache
def committed_log() -> FlowRecords:
    return sim.read_flow_logs(FOLDER / "flows.json.gz")


def made_log() -> FlowRecords:
    spec = importlib.util.spec_from_file_location("make_log", FOLDER / "make_log.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    records: FlowRecords = module.recorded_log()
    return records


def sums(records: FlowRecords) -> Counter[tuple[str, ...]]:
    """Bytes sent and received by direction of the NIC, its encryption code, addresses and port."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in records:
        key = (row.direction, row.encryption, row.source, row.destination, str(row.destination_port))
        found[(*key, "sent")] += row.bytes_sent or 0
        found[(*key, "received")] += row.bytes_received or 0
    return found


def test_each_nic_counts_what_the_traffic_says() -> None:
    network, found = network_of(TOPOLOGY), sums(committed_log())
    with (FOLDER / "traffic.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def address(name: str) -> str:
        endpoint = network.endpoint(name)
        return endpoint.addresses[0] if endpoint else name

    for row in rows:
        for direction, code in (("Outbound", row["code_at_source"]), ("Inbound", row["code_at_destination"])):
            for what in ("sent", "received") if code else ():
                keys = [
                    (direction, code, address(source), address(row["destination"]), row["port"], what)
                    for source in row["source"].split()
                ]
                assert sum(found.pop(key) for key in keys) == float(row[f"gib_{what}"]) * GIB
    assert not found


def test_the_committed_log_is_the_one_that_the_script_makes() -> None:
    records = committed_log()
    assert not records.malformed and not records.duplicates
    assert sums(records) == sums(made_log())


def test_the_log_contradicts_nothing() -> None:
    assert list(sim.diff(sim.replay(network_of(TOPOLOGY), committed_log())).rows) == []


@pytest.mark.parametrize("change", [sim.load_change(FOLDER / "change-through-the-firewall.yaml"), via("fw-hub")])
def test_spokes_that_meet_at_the_firewall_break_what_it_has_no_rule_for(change: object) -> None:
    impact = sim.what_if(network_of(TOPOLOGY), change, flows=committed_log())  # type: ignore[arg-type]
    assert [(row.source, row.destination, row.after.reason) for row in impact.of("breaks")] == [
        ("vm-reports1", "vm-shop1", "FIREWALL_DEFAULT_DENY")
    ]
    moved = {row.source: row.after.path for row in impact.of("other_route")}
    assert moved == {
        "vm-shop1": ("vm-shop1", "fw-hub", "vm-orders1"),
        "vm-shop2": ("vm-shop2", "fw-hub", "vm-orders1"),
        "vm-reports1": ("vm-reports1", "fw-hub", "vm-sql1"),
        "vm-legacy1": ("vm-legacy1", "fw-hub", "vm-sql1"),
    }
    assert len(impact) == 5, "a route that a copied table holds as before is no other route"
