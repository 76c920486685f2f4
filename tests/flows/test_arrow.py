"""Records and predictions leave as Arrow: the same values that the rows for people have."""

from __future__ import annotations

import builtins
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import simulator as sim
from simulator.errors import MissingExtraError
from simulator.flows.arrow import parquet, records_table, replay_table
from simulator.flows.records import FlowRecords
from simulator.flows.replay import Replay
from simulator.report.formats import OutputFormat, parquet_bytes, render
from simulator.report.replay import replay_report

pa = pytest.importorskip("pyarrow")
HUB_SPOKE = Path(__file__).resolve().parents[2] / "scenarios" / "hub-spoke"


@pytest.fixture(scope="module")
def replayed() -> Replay:
    return sim.replay(sim.load(HUB_SPOKE), sim.read_flow_logs(HUB_SPOKE / "flows.json.gz"))


def test_predictions_have_the_values_of_the_report(replayed: Replay) -> None:
    rows: Sequence[Mapping[str, Any]] = pa.table(replayed).to_pylist()
    data = json.loads(render(replay_report(replayed), OutputFormat.JSON, stream=None, tool_version="1"))
    same = ("nic", "source", "destination", "observed", "observed_rule", "verdict", "reason", "encryption", "records")
    for row, told in zip(rows, data["conversations"], strict=True):
        assert {key: row[key] for key in same} == {key: told[key] for key in same}
        assert row["path"] == (" > ".join(told["path"]) or None)
        assert row["bytes_sent"] + row["bytes_received"] == told["bytes"]
        filters = (
            {"filter": told["rule"]["acl"].rsplit("/", 1)[-1], "name": told["rule"]["name"]} if told["rule"] else {}
        )
        assert row["rule"] == ("/".join(filters.values()) or None)


def test_records_have_the_values_of_the_log(replayed: Replay) -> None:
    table = pa.table(replayed.records)
    for at in (0, 17, len(replayed.records) - 1):
        row, record = table.slice(at, 1).to_pylist()[0], replayed.records[at]
        assert (row["time"], row["mac"], row["direction"]) == (record.time, record.mac, record.direction)
        assert (row["source"], row["destination_port"]) == (record.source, record.destination_port)
        assert (row["state"], row["acl"], row["rule"]) == (record.state, record.acl, record.rule)
        assert (row["bytes_sent"], row["encryption"]) == (record.bytes_sent, record.encryption)
        assert (row["blob"], row["at_record"]) == (record.locator.blob, record.locator.record)


def test_an_empty_log_has_the_same_columns(replayed: Replay) -> None:
    nothing = FlowRecords.of([])
    assert records_table(nothing).schema == records_table(replayed.records).schema
    empty = replay_table(sim.replay(replayed.network, nothing))
    assert empty.num_rows == 0 and empty.schema == replay_table(replayed).schema


def test_a_parquet_file_holds_the_table_and_the_costs(replayed: Replay) -> None:
    parquet_module = pytest.importorskip("pyarrow.parquet")
    table = parquet_module.read_table(io.BytesIO(parquet(replay_table(replayed))))
    assert table.num_rows == len(replayed)
    bill = sim.price(replayed)
    priced = parquet_module.read_table(io.BytesIO(parquet_bytes(replay_report(replayed, bill))))
    assert priced.column_names == [*table.column_names, "cost"]
    assert sum(cost for cost in priced["cost"].to_pylist() if cost) == pytest.approx(float(bill.total), rel=1e-9)


def test_a_data_frame_has_a_row_for_each_conversation(replayed: Replay) -> None:
    pytest.importorskip("pandas")
    assert len(replayed.to_pandas()) == len(replayed)
    assert replayed.records.to_pandas()["bytes_sent"].sum() == sum(
        record.bytes_sent or 0 for record in replayed.records
    )


def test_without_the_library_the_extra_is_named(replayed: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **named: Any) -> Any:
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr("simulator.extras.import_module", lambda name: missing(name))
    with pytest.raises(MissingExtraError) as refused:
        records_table(replayed.records)
    assert (refused.value.code, refused.value.hint) == ("VNS9001", "pip install 'vnetsim[arrow]'")
