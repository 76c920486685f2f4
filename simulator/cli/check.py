"""``vnetsim check NET``: read a topology and list what is wrong or not understood."""

from __future__ import annotations

from simulator.cli.exits import Exit
from simulator.cli.options import NetworkArgument, StrictOption, verb
from simulator.cli.session import Session

NAME = "check"


@verb
def command(session: Session, network: NetworkArgument, strict: StrictOption = False) -> int:
    """List what is wrong with a topology.

    Counts the resources and lists every issue with its place and a way out. Ends with 1 when one is an error.
    """
    import simulator
    from simulator.report.issues import issues_report

    with session.step(f"reading {network}"):
        loaded = simulator.load(network)
    session.write(issues_report(loaded))
    severities = {issue.severity for issue in loaded.issues}
    if "error" in severities:
        return Exit.GATE_FAILED
    return Exit.INPUT if strict and "warning" in severities else Exit.OK
