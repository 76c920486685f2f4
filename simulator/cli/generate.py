"""``vnetsim generate NET``: a VNet flow log that the network would have written."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_network
from simulator.cli.options import NetworkArgument, verb
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.network.model import Network

NAME = "generate"
_START = "2026-01-12T08:00:00Z"


@verb
def command(
    session: Session,
    network: NetworkArgument,
    flows: Annotated[int, typer.Option("--flows", min=1, max=5_000_000, help="How many flows begin.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same log.")] = 1,
    start: Annotated[str, typer.Option("--start", help="When the log begins: ISO 8601, UTC if no zone.")] = _START,
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=44_640, help="How long the log is.")] = 60,
) -> int:
    """Write a flow log of made-up traffic.

    The log is a VNet flow log, version 4, and holds what the predictions say Azure would record. Give --output-file,
    or it goes to stdout.
    """
    beginning = _moment(start)
    loaded = load_network(session, network)
    with session.step(f"generating {flows:,} flows"):
        blob = _blob(loaded, flows, seed, beginning, minutes)
    if session.output_file is not None:
        session.save(blob)
    else:
        sys.stdout.buffer.write(blob)
        sys.stdout.buffer.flush()
    return Exit.OK


def _blob(network: Network, flows: int, seed: int, start: datetime, minutes: int) -> bytes:
    from simulator.flows.sample_traffic import sample_flows
    from simulator.flows.synthetic import generate
    from simulator.flows.vnet_flow_log_writer import write_vnet_flow_log
    from simulator.walk.explain import data_plane
    from simulator.walk.packet_walk import packet_walk

    predictions = packet_walk(data_plane(network), sample_flows(network, flows, seed))
    records = generate(predictions, start=start, minutes=minutes, seed=seed)
    regions = {held.id.key: held.location for held in network.snapshot.virtual_networks if held.location}
    return write_vnet_flow_log(records, regions=regions, phase_seed=seed)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is no moment in ISO 8601, such as {_START}"
        raise typer.BadParameter(message, param_hint="--start") from None
