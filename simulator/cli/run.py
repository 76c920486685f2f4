"""``vnetsim run``: the scenario that ships with vnetsim, through every step once."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from simulator.cli.exits import Exit
from simulator.cli.loading import load_flow_logs, load_network
from simulator.cli.options import verb_without
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.flows.replay import Replay
    from simulator.report.demonstration import Section
    from simulator.report.document import Report

#: What the scenario has beside its topology, and the packet that is explained.
_LOG = "flows.json.gz"
_CHANGE = "change-lock-down-sql.yaml"
_CHANGE_OF_COST = "change-direct-peering.yaml"
_OTHER_CHANGE = "change-edge-behind-firewall.yaml"
_QUESTION = ("vm-batch1", "vm-sql1:1433/tcp")


@verb_without("assume")
def command(session: Session) -> int:
    """Run the demonstration that ships with vnetsim.

    Replays a recorded flow log over the hub-spoke scenario, compares the two, prices the traffic, tries two changes and
    explains a packet.
    """
    from simulator.data.scenarios import DEFAULT, scenario_folder
    from simulator.report.demonstration import demonstration_report

    folder = scenario_folder()
    session.write(demonstration_report(DEFAULT, _sections(session, folder), _next(folder)))
    return Exit.OK


def _sections(session: Session, folder: Path) -> list[Section]:
    """Each command a user would type, with the report it gives."""
    import simulator
    from simulator.report.cost import cost_report
    from simulator.report.demonstration import Section
    from simulator.report.mismatches import mismatches_report
    from simulator.report.replay import replay_report
    from simulator.report.trace import trace_report

    place, log, change, of_cost = (
        _shown(path) for path in (folder, folder / _LOG, folder / _CHANGE, folder / _CHANGE_OF_COST)
    )
    network = load_network(session, place)
    records = load_flow_logs(session, log)
    with session.step("walking and pricing the recorded flows"):
        replay = simulator.replay(network, records)
        mismatches = simulator.diff(replay)
        bill = simulator.price(replay, month=True)
    return [
        Section(
            "replay",
            "Replay: what should become of every recorded conversation",
            f"vnetsim replay {quote(place)} {quote(log)}",
            replay_report(replay),
            without=("Rules that decided most",),
            shown=4,
        ),
        Section(
            "diff",
            "Diff: where the log says something else",
            f"vnetsim diff {quote(place)} {quote(log)}",
            mismatches_report(mismatches, is_brief=True),
        ),
        Section(
            "cost",
            "Cost: what the traffic costs a month",
            f"vnetsim cost {quote(place)} {quote(log)} --month",
            cost_report(bill),
            without=("By meter", "Free", "Not in the bill", "Prices", "Assumed"),
            shown=5,
        ),
        Section(
            "what_if",
            "What-if: a change, tried on the recorded conversations",
            f"vnetsim what-if {quote(place)} {quote(change)} --flows {quote(log)}",
            _impact(session, replay, place, change),
            without=("Cost by meter a month", "Cost by pair a month", "Keep in mind"),
        ),
        Section(
            "what_if_cost",
            "What-if: what a way round the firewall would save",
            f"vnetsim what-if {quote(place)} {quote(of_cost)} --flows {quote(log)}",
            _impact(session, replay, place, of_cost),
            without=("Cost by meter a month", "Keep in mind"),
            shown=1,
        ),
        Section(
            "explain",
            "Explain: one packet, layer by layer",
            f"vnetsim explain {quote(place)} {' '.join(_QUESTION)}",
            trace_report(simulator.explain(network, *_QUESTION)),
        ),
    ]


def _impact(session: Session, replay: Replay, place: str, change: str) -> Report:
    import simulator
    from simulator.cli.what_if import side_effects
    from simulator.report.impact import impact_report

    with session.step("walking the recorded flows as the network would be"):
        impact = simulator.what_if(replay.network, simulator.load_change(change), flows=replay.records)
        effects = side_effects(impact)
    return impact_report(impact, network=place, change=change, is_brief=True, effects=effects)


def _next(folder: Path) -> list[str]:
    place, log, change = (quote(_shown(path)) for path in (folder, folder / _LOG, folder / _OTHER_CHANGE))
    return [
        *_activation(),
        f"vnetsim explain {place} vm-jump1 vm-sql1:22",
        f"vnetsim what-if {place} {change} --flows {log}",
        f"vnetsim show effective-routes {place} vm-web1",
        f"vnetsim show encryption {place}",
        "vnetsim check FOLDER-WITH-YOUR-EXPORT",
        "vnetsim --help",
    ]


def _activation() -> list[str]:
    """What makes the shell find ``vnetsim``, where it runs from a virtual environment that is not activated."""
    if shutil.which("vnetsim") or sys.prefix == sys.base_prefix:
        return []
    place = Path(sys.prefix)
    is_windows = os.name == "nt"
    here = (
        _shown(place / "Scripts" / "Activate.ps1") if is_windows else f". {quote(_shown(place / 'bin' / 'activate'))}"
    )
    other = "" if is_windows else f" (in PowerShell: {_shown(place / 'bin' / 'Activate.ps1')})"
    return [f"{here}    # so that your shell finds vnetsim{other}"]


def _shown(path: Path) -> str:
    """The path as one would type it here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
