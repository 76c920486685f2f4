"""``vnetsim run``: the scenario that ships with vnetsim, through every step once."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_flow_logs, load_network
from simulator.cli.options import verb
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.report.document import Report

NAME = "run"
#: What the scenario has beside its topology, and the packet that is explained.
_LOG = "flows.json.gz"
_CHANGE = "change-lock-down-sql.yaml"
_QUESTION = ("vm-batch1", "vm-sql1:1433/tcp")


@verb
def command(
    session: Session,
    scenario: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="A scenario that ships with vnetsim.")
    ] = "hub-spoke",
) -> int:
    """Run the demonstration that ships with vnetsim.

    Replays a recorded flow log over the hub-spoke scenario, compares the two, tries a change and explains a packet.
    """
    from simulator.data.scenarios import scenario_folder
    from simulator.report.demonstration import demonstration_report

    folder = scenario_folder(scenario)
    session.write(demonstration_report(_sections(session, folder), _next(folder)))
    return Exit.OK


def _sections(session: Session, folder: Path) -> list[tuple[str, Report]]:
    """Each command a user would type, with the report it gives."""
    import simulator
    from simulator.report.impact import impact_report
    from simulator.report.mismatches import mismatches_report
    from simulator.report.replay import replay_report
    from simulator.report.trace import trace_report

    place, log, change = (_shown(path) for path in (folder, folder / _LOG, folder / _CHANGE))
    network = load_network(session, str(folder))
    records = load_flow_logs(session, str(folder / _LOG))
    proposed = simulator.load_change(folder / _CHANGE)
    with session.step("walking the recorded flows, as the network is and as it would be"):
        impact = simulator.what_if(network, proposed, flows=records)
        mismatches = simulator.diff(impact.before)
    return [
        (f"vnetsim replay {place} {log}", replay_report(impact.before, rules_shown=5)),
        (f"vnetsim diff {place} {log}", mismatches_report(mismatches, shown=2)),
        (
            f"vnetsim what-if {place} {change} --flows {log}",
            impact_report(impact, network=place, change=change, shown=4),
        ),
        (f"vnetsim explain {place} {' '.join(_QUESTION)}", trace_report(simulator.explain(network, *_QUESTION))),
    ]


def _next(folder: Path) -> list[str]:
    place, change = _shown(folder), _shown(folder / "change-edge-behind-firewall.yaml")
    return [
        f"vnetsim explain {place} vm-jump1 vm-sql1:22      # an admin Allow is not the last word",
        f"vnetsim what-if {place} {change} --flows {_shown(folder / _LOG)}",
        f"vnetsim show effective-routes {place} vm-web1",
        "vnetsim check my-export.json                # your own network: az network vnet list, nsg list, … or YAML",
        "vnetsim --help",
    ]


def _shown(path: Path) -> str:
    """The path as one would type it here."""
    relative = os.path.relpath(path)
    return shlex.quote(str(path) if relative.startswith("..") else relative)
