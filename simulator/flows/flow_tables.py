"""Flow logs as flat tables, a row a tuple, written part by part: CSV and Parquet. Columns are those of `records_table`.

Parquet needs the extra ``arrow``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from simulator import extras
from simulator.flows.arrow import records_table
from simulator.flows.bulk_text import Piece, addresses, moments, numbers, rows_text, words
from simulator.flows.records import DIRECTIONS, STATES, FlowRecords
from simulator.walk.packets import PROTOCOLS

COLUMNS = (
    "time", "mac", "direction", "source", "source_port", "destination", "destination_port", "protocol", "state", "acl",
    "rule", "encryption", "packets_sent", "bytes_sent", "packets_received", "bytes_received", "target",
)  # fmt: skip

_PROTOCOL_NAMES = {number: name.lower() for name, number in PROTOCOLS.items()}


class CsvTable:
    """CSV on a stream: UTF-8, a header, CRLF, quotes where they are needed (RFC 4180)."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(",".join(COLUMNS).encode() + b"\r\n")

    def write(self, records: FlowRecords) -> None:
        if len(records):
            self._stream.write(rows_text(len(records), _csv_pieces(records)))

    def close(self) -> None:
        """Nothing is left to write."""


class ParquetTable:
    """Parquet on a stream, a row group a part. Raises MissingExtraError without pyarrow."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._writer: Any = None
        self._parquet = extras.load("pyarrow.parquet", extra="arrow", what="Parquet")

    def write(self, records: FlowRecords) -> None:
        table = records_table(records).select(list(COLUMNS))
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._stream, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        """Writes the end of the file."""
        if self._writer is None:
            self.write(FlowRecords.of([]))
        self._writer.close()


def _csv_pieces(records: FlowRecords) -> list[Piece]:
    protocols = [_PROTOCOL_NAMES.get(number, str(number)) for number in range(256)]
    columns: list[list[Piece]] = [
        moments(records.time),
        [_names(records.macs)[records.mac]],
        [_names(DIRECTIONS)[records.direction]],
        addresses(records.source),
        numbers(records.source_port),
        addresses(records.destination),
        numbers(records.destination_port),
        [_names(protocols)[records.protocol]],
        [_names(STATES)[records.state]],
        [_names(records.acls)[records.acl]],
        [_names(records.rules)[records.rule]],
        [_names(records.encryptions)[records.encryption]],
        *(
            numbers(column)
            for column in (records.packets_sent, records.bytes_sent, records.packets_received, records.bytes_received)
        ),
        [_names(records.targets)[records.target]],
    ]
    first, *others = columns
    return [*first, *(piece for column in others for piece in (b",", *column)), b"\r\n"]


def _names(texts: Sequence[str]) -> Any:
    return words(_quoted(text) for text in texts)


def _quoted(text: str) -> bytes:
    """A cell of CSV."""
    escaped = text.replace('"', '""')
    return (f'"{escaped}"' if any(mark in text for mark in ',"\r\n') else text).encode()
