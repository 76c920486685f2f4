"""``vnetsim replay NET LOGS``: predict what becomes of every recorded conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.cli.exits import Exit
from simulator.cli.loading import load_flow_logs, load_network, one_location
from simulator.cli.options import FlowsOption, LogsArgument, NetworkArgument, StrictOption, verb
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.cost.bill import Bill
    from simulator.flows.replay import Replay


@verb
def command(
    session: Session,
    network: NetworkArgument,
    logs: LogsArgument = None,
    flows: FlowsOption = None,
    strict: StrictOption = False,
) -> int:
    """Predict every recorded conversation.

    Gives each conversation of the VNet flow logs its verdict, reason, deciding rule, route, path, encryption and cost.
    """
    import simulator
    from simulator.report.replay import replay_report, verdict_counts

    location = one_location(logs, flows)
    loaded = load_network(session, network)
    records = load_flow_logs(session, location, strict=strict)
    with session.step(f"walking {len(records):,} records"):
        replayed = simulator.replay(loaded, records)
        report = replay_report(replayed, _bill(session, replayed))
    session.write(report)
    return Exit.INPUT if strict and verdict_counts(replayed)["UNKNOWN"] else Exit.OK


def _bill(session: Session, replayed: Replay) -> Bill | None:
    """What the traffic costs at the prices that ship; None, and why, where they lack one."""
    import simulator
    from simulator.errors import PriceError

    try:
        return simulator.price(replayed)
    except PriceError as error:
        session.note(f"the traffic is not priced: {error.message}")
        return None
