"""``vnetsim what-if NET CHANGE --flows LOGS``: what a change would break and open, before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import as_typed, load_flow_logs, load_network, price_sheet, read_changes
from simulator.cli.options import (
    CHANGE_HELP,
    LOGS_HELP,
    STANDARD_INPUT,
    MoveOption,
    NetworkArgument,
    PricesOption,
    StrictOption,
    ViaOption,
    verb,
)
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.cost.price_sheet import PriceSheet
    from simulator.report.side_effects import SideEffects
    from simulator.whatif.impact import Impact

#: Written out, since help loads no engine; a test holds it to the kinds there are.
STEPS = (
    "add_security_rule, remove_security_rule, edit_security_rule, add_route, remove_route, edit_route, route_through, "
    "add_admin_rule, remove_admin_rule, edit_admin_rule, attach_security_group, detach_security_group, "
    "attach_route_table, detach_route_table, peer_virtual_networks, remove_peering, set_encryption, "
    "resize_virtual_machine, set_accelerated_networking, move_virtual_network"
)
#: What --fail-on takes → the kinds of impact that it means.
_GATES = {
    "newly-denied": ("breaks", "breaks_in_part"),
    "newly-allowed": ("opens", "opens_in_part"),
    "undecided": ("may_break", "may_open"),
}


@verb
def command(
    session: Session,
    network: NetworkArgument,
    flows: Annotated[str, typer.Option("--flows", metavar="LOGS", help=LOGS_HELP, show_default=False)],
    change: Annotated[
        str | None, typer.Argument(metavar="CHANGE", help=f"{CHANGE_HELP} {STEPS}.", show_default=False)
    ] = None,
    move: MoveOption = None,
    via: ViaOption = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="LIST", help=f"End with 1 on any of these: {','.join(_GATES)}.", show_default=False
        ),
    ] = "",
    new_flows_only: Annotated[
        bool,
        typer.Option(
            "--new-flows-only",
            help="Let flows that stand when the log ends go on under changed security groups and admin rules, as Azure "
            "does; else every flow is decided anew.",
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Derive what the change does to the bill step by step.")
    ] = False,
    prices: PricesOption = None,
    strict: StrictOption = False,
) -> int:
    """Say what a change would break and open.

    Walks the recorded conversations through the network as it is and as it would be after CHANGE, every --move and
    every --via. Never fails on what it finds unless --fail-on says so; with --fail-on it ends with 3 when no recorded
    conversation can be decided.
    """
    import simulator
    from simulator.report.impact import has_nothing_decided, impact_report

    gates = _gates(fail_on)
    sheet = price_sheet(session, prices)
    loaded = load_network(session, network)
    proposed = read_changes(change, move, via)
    records = load_flow_logs(session, flows, strict=strict)
    with session.step(f"walking {len(records):,} records twice"):
        impact = simulator.what_if(loaded, proposed, flows=records, new_flows_only=new_flows_only)
    shown = "NET" if network == STANDARD_INPUT else network
    told = "CHANGE" if change == STANDARD_INPUT else None if move or via else change
    effects = side_effects(impact, sheet, explain=explain)
    session.write(impact_report(impact, network=shown, change=told, options=as_typed(session), effects=effects))
    met = [gate for gate in gates if _is_met(impact, gate)]
    if met:
        session.note(f"--fail-on {','.join(met)}: met")
        return Exit.GATE_FAILED
    if has_nothing_decided(impact) and (gates or strict):
        session.note("no gate was tried: no recorded conversation could be decided" if gates else "nothing was decided")
        return Exit.INPUT
    return Exit.INPUT if strict and _is_met(impact, "undecided") else Exit.OK


def side_effects(impact: Impact, sheet: PriceSheet | None = None, *, explain: bool = False) -> SideEffects:
    """What the change does to encryption and to the bill of a month like the log.

    Raises PriceError where a sheet of the user's does not price all of it.
    """
    import simulator
    from simulator.cost.difference import price_difference
    from simulator.errors import PriceError
    from simulator.report.side_effects import SideEffects
    from simulator.whatif.encryption_impact import encryption_impact

    encryption = encryption_impact(impact.before, impact.after)
    if not len(impact.before.records):
        return SideEffects(encryption, None, "the log is empty")
    try:
        before, after = (simulator.price(held, sheet, month=True) for held in (impact.before, impact.after))
    except PriceError as error:
        if sheet is not None and not sheet.is_shipped:
            raise
        return SideEffects(encryption, None, error.message)
    return SideEffects(encryption, price_difference(before, after), "", explain)


def _gates(text: str) -> list[str]:
    gates = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [gate for gate in gates if gate not in _GATES]
    if unknown:
        message = f"{unknown[0]!r} is not one of {', '.join(_GATES)}"
        raise typer.BadParameter(message, param_hint="--fail-on")
    return gates


def _is_met(impact: Impact, gate: str) -> bool:
    """Conversations that neither network decides count as undecided too."""
    summary = impact.summary()
    return any(summary[kind] for kind in _GATES[gate]) or (gate == "undecided" and impact.undecided > 0)
