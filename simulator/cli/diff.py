"""``vnetsim diff NET LOGS``: where the flow logs and the predictions part."""

from __future__ import annotations

from simulator.cli.exits import Exit
from simulator.cli.loading import load_flow_logs, load_network, one_location
from simulator.cli.options import FlowsOption, LogsArgument, NetworkArgument, StrictOption, verb
from simulator.cli.session import Session


@verb
def command(
    session: Session,
    network: NetworkArgument,
    logs: LogsArgument = None,
    flows: FlowsOption = None,
    strict: StrictOption = False,
) -> int:
    """Find where flow logs and predictions part.

    Groups what differs, worst first, with its place in the log. Ends with 1 when a verdict, a deciding rule or the
    encryption differs.
    """
    import simulator
    from simulator.report.mismatches import has_nothing_compared, mismatches_report

    location = one_location(logs, flows)
    loaded = load_network(session, network)
    records = load_flow_logs(session, location, strict=strict)
    with session.step(f"comparing {len(records):,} records"):
        mismatches = simulator.diff(simulator.replay(loaded, records))
    session.write(mismatches_report(mismatches))
    if mismatches.has_mismatch:
        return Exit.GATE_FAILED
    is_doubtful = has_nothing_compared(mismatches) or mismatches.summary()["undecided"]
    return Exit.INPUT if strict and is_doubtful else Exit.OK
