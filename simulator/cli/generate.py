"""``vnetsim generate NET``: a flow log that the network would have written, in any of the formats that there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_network
from simulator.cli.options import NetworkArgument, verb_without
from simulator.cli.session import FULL_DISK, CannotWriteError, Session

if TYPE_CHECKING:
    from simulator.flows.block_blobs import Frame
    from simulator.flows.records import FlowRecords
    from simulator.network.model import Network

_START = "2026-01-12T08:00:00Z"


class LogFormat(StrEnum):
    """What ``--format`` takes."""

    VNET = "vnet-flow-log"
    NSG = "nsg-v2"
    TRAFFIC_ANALYTICS = "traffic-analytics"
    CSV = "csv"
    PARQUET = "parquet"


class Traffic(StrEnum):
    """What ``--profile`` takes: the names of `simulator.flows.profiles.PROFILES`."""

    REALISTIC = "realistic"
    EDGES = "edges"
    NOISE = "noise"
    ADVERSARIAL = "adversarial"


_PROFILE_HELP = (
    "realistic; edges: packets just inside and outside of what rules name; noise: realistic among scans, clocks and "
    "probes; adversarial: all of these with what makes logs hard to read."
)
_FORMAT_HELP = (
    "vnet-flow-log (version 4), nsg-v2 and traffic-analytics (NTANetAnalytics, JSON lines) as Azure writes them; csv "
    "and parquet have a row a tuple."
)


@verb_without("output")
def command(
    session: Session,
    network: NetworkArgument,
    flows: Annotated[int, typer.Option("--flows", min=1, max=1_000_000_000, help="How many flows begin.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same log.")] = 1,
    log_format: Annotated[LogFormat, typer.Option("--format", help=_FORMAT_HELP)] = LogFormat.VNET,
    profile: Annotated[Traffic, typer.Option("--profile", help=_PROFILE_HELP)] = Traffic.REALISTIC,
    start: Annotated[str, typer.Option("--start", help="When the log begins: ISO 8601, UTC if no zone.")] = _START,
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=44_640, help="How long the log is.")] = 60,
    output_folder: Annotated[
        Path | None,
        typer.Option(
            "--output-folder", help="Write blobs here, by hour and NIC, at the paths Azure uses.", show_default=False
        ),
    ] = None,
) -> int:
    """Write a flow log of made-up traffic.

    The log holds what the predictions say Azure would record, and is written minute by minute: its size is bounded by
    the disk. Give --output-file or --output-folder, or it goes to stdout as one blob.
    """
    from simulator.flows.generation import flow_log_parts

    if output_folder is not None and session.output_file is not None:
        message = "give --output-file for one blob or --output-folder for many, not both"
        raise typer.BadParameter(message, param_hint="--output-folder")
    if output_folder is not None and log_format in _TABLES:
        message = f"{log_format} is one table: name its file with --output-file"
        raise typer.BadParameter(message, param_hint="--output-folder")
    if log_format is LogFormat.PARQUET:
        session.refuse_terminal(log_format)
    beginning = _moment(start)
    loaded = load_network(session, network)
    with session.step(f"generating {flows:,} flows"):
        parts = flow_log_parts(loaded, flows=flows, seed=seed, start=beginning, minutes=minutes, profile=profile.value)
        if log_format in _TABLES:
            _write_table(session, log_format, parts)
        else:
            _write_blobs(session, log_format, parts, loaded, seed, profile, output_folder)
    return Exit.OK


_TABLES = (LogFormat.CSV, LogFormat.PARQUET)


def _write_table(session: Session, log_format: LogFormat, parts: Iterator[FlowRecords]) -> None:
    from simulator.flows.flow_tables import CsvTable, ParquetTable

    first = next(parts)  # what is wrong with the question is said before a file is touched
    with session.opened() as stream:
        table = CsvTable(stream) if log_format is LogFormat.CSV else ParquetTable(stream)
        table.write(first)
        for part in parts:
            table.write(part)
        table.close()


def _write_blobs(
    session: Session,
    log_format: LogFormat,
    parts: Iterator[FlowRecords],
    network: Network,
    seed: int,
    profile: Traffic,
    folder: Path | None,
) -> None:
    from itertools import chain

    from simulator.flows.block_blobs import FolderBlobs, OneBlob

    writer, frame = _writer(log_format, network, seed, profile)
    blocks = writer.blocks(chain([next(parts)], parts))
    if folder is None:
        with session.opened() as stream:
            blob = OneBlob(stream, frame)
            blob.add(blocks)
            blob.close()
        return
    with _below(folder):
        blobs = FolderBlobs(folder, frame)
        blobs.add(blocks)
    session.note(f"wrote {len(blobs.files):,} blobs below {folder}")


def _writer(log_format: LogFormat, network: Network, seed: int, profile: Traffic) -> tuple[Any, Frame]:
    """What gives the blocks of a format, and what stands around them."""
    from simulator.flows.block_blobs import LINES, RECORDS
    from simulator.flows.nsg_flow_log_writer import NsgFlowLogWriter
    from simulator.flows.profiles import PROFILES
    from simulator.flows.vnet_flow_log_writer import VnetFlowLogWriter

    regions = {held.id.key: held.location for held in network.snapshot.virtual_networks if held.location}
    doubled = PROFILES[profile.value].doubled
    if log_format is LogFormat.VNET:
        return VnetFlowLogWriter(regions=regions, phase_seed=seed, doubled=doubled), RECORDS
    if log_format is LogFormat.NSG:
        return NsgFlowLogWriter(phase_seed=seed, doubled=doubled), RECORDS
    from simulator.flows.traffic_analytics_writer import TrafficAnalyticsWriter

    return TrafficAnalyticsWriter(network, regions=regions), LINES


@contextmanager
def _below(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write below {folder}: {error.strerror}"
        if error.errno in FULL_DISK:
            raise CannotWriteError(message) from None
        raise typer.BadParameter(message, param_hint="--output-folder") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is no moment in ISO 8601, such as {_START}"
        raise typer.BadParameter(message, param_hint="--start") from None
