"""Reads ``flows.csv``: the questions of a scenario, one a line.

Columns: ``source,destination,protocol,port`` and, where wanted, ``source_port`` and ``bytes``; others are left alone,
so a file may carry expectations beside its flows. Codes: VNS3101 cannot be opened or is no CSV; VNS3102 a column is
missing; VNS3103 a value is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import FlowLogError
from simulator.walk.packets import PROTOCOLS

COLUMNS = ("source", "destination", "protocol", "port")
#: The protocol by its name in any case, as rules spell it, or by its IANA number.
_PROTOCOL_NUMBERS = {name.lower(): number for name, number in PROTOCOLS.items()} | {"icmpv6": 58}
_WITH_PORTS = {PROTOCOLS["Tcp"], PROTOCOLS["Udp"]}


@dataclass(frozen=True, slots=True)
class FlowQuestion:
    """One line: `source` and `destination` as written (an address, or a name that the caller resolves).

    `protocol` is the IANA number; `port` is 0 for a protocol without ports; `source_port` and `bytes` are None where
    the file does not say.
    """

    source: str
    destination: str
    protocol: int
    port: int
    source_port: int | None = None
    bytes: int | None = None
    line: int = 0


def read_flow_csv(path: str | Path) -> list[FlowQuestion]:
    """The questions of a file, in its order. Empty lines and lines that begin with ``#`` are left out.

    Raises FlowLogError with file, line and column where the file cannot be read as such.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FlowLogError(
            f"the flows cannot be read: {reason}",
            code="VNS3101",
            place=str(path),
            hint=f"give a UTF-8 CSV file with the columns {','.join(COLUMNS)}",
        ) from error
    return parse_flow_csv(text, str(path))


def parse_flow_csv(text: str, name: str = "flows.csv") -> list[FlowQuestion]:
    """As `read_flow_csv`, of the text of a file called `name`."""
    # Comments become empty lines, so that line numbers stay those of the file.
    lines = ["" if line.lstrip().startswith("#") else line for line in io.StringIO(text)]
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    header: dict[str, int] = {}
    questions = []
    try:
        for row in reader:
            values = [value.strip() for value in row]
            if not any(values):
                continue
            if header:
                questions.append(_question(_Line(name, reader.line_num, header, values)))
            else:
                header = _header(values, f"{name}:{reader.line_num}")
    except csv.Error as error:
        raise FlowLogError(
            f"this is no CSV: {error}",
            code="VNS3101",
            place=f"{name}:{reader.line_num}",
            hint="separate values by commas, and quote a value that holds one",
        ) from error
    if not header:
        _header([], name)
    return questions


def _header(values: list[str], place: str) -> dict[str, int]:
    columns = {value.lower(): at for at, value in enumerate(values)}
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise FlowLogError(
            f"the column {missing[0]!r} is missing",
            code="VNS3102",
            place=place,
            hint=f"begin the file with the line {','.join(COLUMNS)}",
        )
    return columns


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    number: int
    header: Mapping[str, int]
    values: list[str]

    def __getitem__(self, column: str) -> str:
        """The value of a column; empty where the line or the file does not have it."""
        at = self.header.get(column, len(self.values))
        return self.values[at] if at < len(self.values) else ""

    def wrong(self, column: str, hint: str) -> FlowLogError:
        return FlowLogError(
            f"{column} {self[column]!r} is not right",
            code="VNS3103",
            place=f"{self.name}:{self.number}, column {column}",
            hint=hint,
        )

    def number_up_to(self, column: str, last: int) -> int:
        text = self[column]
        if text.isascii() and text.isdigit() and len(text) <= len(str(last)) and int(text) <= last:
            return int(text)
        raise self.wrong(column, f"give a whole number from 0 to {last}")


def _question(line: _Line) -> FlowQuestion:
    for column in ("source", "destination"):
        if not line[column]:
            raise line.wrong(column, "give an address or the name of an endpoint")
    protocol = _protocol(line)
    has_ports = protocol in _WITH_PORTS
    if not has_ports and line["port"] not in ("", "0", "*"):
        raise line.wrong("port", f"protocol {line['protocol']} has no ports; leave it empty")
    return FlowQuestion(
        source=line["source"],
        destination=line["destination"],
        protocol=protocol,
        port=line.number_up_to("port", 65535) if has_ports else 0,
        source_port=line.number_up_to("source_port", 65535) if line["source_port"] else None,
        bytes=line.number_up_to("bytes", 10**15) if line["bytes"] else None,
        line=line.number,
    )


def _protocol(line: _Line) -> int:
    named = _PROTOCOL_NUMBERS.get(line["protocol"].lower())
    if named is not None:
        return named
    try:
        return line.number_up_to("protocol", 255)
    except FlowLogError as error:
        raise line.wrong("protocol", f"give {', '.join(PROTOCOLS)} or an IANA number up to 255") from error
