"""``vnetsim check NET``: read a topology and list what is wrong or not understood."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import read_network
from simulator.cli.options import NetworkArgument, verb
from simulator.cli.session import Session

NAME = "check"
Strict = Annotated[
    bool, typer.Option("--strict", help="End with 3 when there is a warning, as an answer may differ from Azure's.")
]


@verb
def command(session: Session, network: NetworkArgument, strict: Strict = False) -> int:
    """List what is wrong with a topology.

    Counts the resources and lists every issue with its place and a way out. Ends with 1 when one is an error.
    """
    from simulator.report.issues import issues_report

    loaded = read_network(session, network)
    session.write(issues_report(loaded))
    severities = {issue.severity for issue in loaded.issues}
    if "error" in severities:
        return Exit.GATE_FAILED
    return Exit.INPUT if strict and "warning" in severities else Exit.OK
