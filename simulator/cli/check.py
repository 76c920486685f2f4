"""``vnetsim check NET``: read a topology and list what is wrong or not understood."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import read_network
from simulator.cli.options import NetworkArgument, verb
from simulator.cli.session import Session

Strict = Annotated[
    bool, typer.Option("--strict", help="End with 3 when there is a warning, as an answer may differ from Azure's.")
]
NoLints = Annotated[
    bool, typer.Option("--no-lints", help="Only what is wrong or unknown in the input, not what looks unintended.")
]


@verb
def command(session: Session, network: NetworkArgument, strict: Strict = False, no_lints: NoLints = False) -> int:
    """List what is wrong with a topology, and what looks unintended.

    Counts the resources, lists every issue with its place and a way out, then what the lints find, such as rules that
    are never reached. Ends with 1 when one is an error.
    """
    import simulator
    from simulator.report.issues import issues_report

    loaded = read_network(session, network)
    with session.step("looking for what may be unintended"):
        findings = None if no_lints else simulator.lint(loaded)
    session.write(issues_report(loaded, findings))
    if any(found.severity == "error" for found in (*loaded.issues, *(findings or ()))):
        return Exit.GATE_FAILED
    is_doubtful = any(issue.severity == "warning" for issue in loaded.issues)
    return Exit.INPUT if strict and is_doubtful else Exit.OK
