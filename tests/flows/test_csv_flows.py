"""The questions of a scenario's flows.csv."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import FlowLogError
from simulator.flows.csv_flows import FlowQuestion, parse_flow_csv, read_flow_csv


def test_questions_are_read_in_order_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "flows.csv"
    file.write_text(
        "\ufeffsource, destination, protocol, port, source_port, bytes, expected\n"
        "# web\n"
        "vm-web1, 10.1.5.4, Tcp, 443, 50000, 1200, ALLOW\n"
        "\n"
        '"2001:db8::1",vm-db,17,53,,,\n'
        "vm-web1,vm-db,icmp,,,\n",
        encoding="utf-8",
    )
    assert read_flow_csv(file) == [
        FlowQuestion("vm-web1", "10.1.5.4", 6, 443, 50000, 1200, line=3),
        FlowQuestion("2001:db8::1", "vm-db", 17, 53, line=5),
        FlowQuestion("vm-web1", "vm-db", 1, 0, line=6),
    ]


@pytest.mark.parametrize(
    ("line", "place", "value"),
    [
        (",b,tcp,1", "flows.csv:2, column source", "''"),
        ("a,,tcp,1", "flows.csv:2, column destination", "''"),
        ("a,b,quic,1", "flows.csv:2, column protocol", "'quic'"),
        ("a,b,256,1", "flows.csv:2, column protocol", "'256'"),
        ("a,b,tcp,65536", "flows.csv:2, column port", "'65536'"),
        ("a,b,tcp,", "flows.csv:2, column port", "''"),
        ("a,b,icmp,80", "flows.csv:2, column port", "'80'"),
        ("a,b,tcp", "flows.csv:2, column port", "''"),
    ],
)
def test_a_wrong_value_is_named_with_line_and_column(line: str, place: str, value: str) -> None:
    with pytest.raises(FlowLogError) as caught:
        parse_flow_csv(f"source,destination,protocol,port\n{line}\n")
    assert (caught.value.code, caught.value.place) == ("VNS3103", place)
    assert value in caught.value.message
    assert caught.value.hint


def test_a_missing_column_is_named() -> None:
    with pytest.raises(FlowLogError, match="'port' is missing"):
        parse_flow_csv("source,destination,protocol\n")
    with pytest.raises(FlowLogError, match="'source' is missing"):
        parse_flow_csv("")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FlowLogError, match="VNS3101"):
        read_flow_csv(tmp_path / "none.csv")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, "source,destination,protocol,port\n" + text):
        try:
            parse_flow_csv(whole)
        except FlowLogError as error:
            assert error.code.startswith("VNS31")
