"""``vnetsim generate NET``: a VNet flow log that the network would have written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_network
from simulator.cli.options import NetworkArgument, verb_without
from simulator.cli.session import FULL_DISK, CannotWriteError, Session

if TYPE_CHECKING:
    from simulator.flows.records import FlowRecords

_START = "2026-01-12T08:00:00Z"


@verb_without("output")
def command(
    session: Session,
    network: NetworkArgument,
    flows: Annotated[int, typer.Option("--flows", min=1, max=5_000_000, help="How many flows begin.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same log.")] = 1,
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

    The log is a VNet flow log, version 4, and holds what the predictions say Azure would record. Give --output-file or
    --output-folder, or it goes to stdout as one blob.
    """
    import simulator
    from simulator.flows.vnet_flow_log_writer import write_vnet_flow_log

    if output_folder is not None and session.output_file is not None:
        message = "give --output-file for one blob or --output-folder for many, not both"
        raise typer.BadParameter(message, param_hint="--output-folder")
    beginning = _moment(start)
    loaded = load_network(session, network)
    regions = {held.id.key: held.location for held in loaded.snapshot.virtual_networks if held.location}
    with session.step(f"generating {flows:,} flows"):
        records = simulator.generate_flow_log(loaded, flows=flows, seed=seed, start=beginning, minutes=minutes)
    if output_folder is not None:
        _write_below(session, output_folder, records, regions, seed)
        return Exit.OK
    blob = write_vnet_flow_log(records, regions=regions, phase_seed=seed)
    session.write_bytes(blob)
    return Exit.OK


def _write_below(session: Session, folder: Path, records: FlowRecords, regions: Mapping[str, str], seed: int) -> None:
    from simulator.flows.vnet_flow_log_writer import write_vnet_flow_logs

    try:
        files = write_vnet_flow_logs(folder, records, regions=regions, phase_seed=seed)
    except OSError as error:
        message = f"cannot write below {folder}: {error.strerror}"
        if error.errno in FULL_DISK:
            raise CannotWriteError(message) from None
        raise typer.BadParameter(message, param_hint="--output-folder") from None
    session.note(f"wrote {len(files):,} blobs below {folder}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is no moment in ISO 8601, such as {_START}"
        raise typer.BadParameter(message, param_hint="--start") from None
