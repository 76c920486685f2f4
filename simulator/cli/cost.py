"""``vnetsim cost NET LOGS``: what the recorded traffic costs, and what a change would do to that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_flow_logs, load_network, one_location, price_sheet, read_changes
from simulator.cli.options import (
    FlowsOption,
    LogsArgument,
    MoveOption,
    NetworkArgument,
    PricesOption,
    StrictOption,
    ViaOption,
    verb,
)
from simulator.cli.session import Session
from simulator.report.by import By

if TYPE_CHECKING:
    from simulator.cost.bill import Bill
    from simulator.whatif.change import Change


@verb
def command(
    session: Session,
    network: NetworkArgument,
    logs: LogsArgument = None,
    flows: FlowsOption = None,
    by: Annotated[By, typer.Option("--by", help="Whose traffic, or where it is charged.")] = By.PAIR,
    prices: PricesOption = None,
    month: Annotated[
        bool, typer.Option("--month", help="Reckon with 730 hours of traffic like the log's; the factor is shown.")
    ] = False,
    change: Annotated[
        str | None,
        typer.Option("--change", metavar="CHANGE", help="Say what this change (YAML) does to the bill."),
    ] = None,
    move: MoveOption = None,
    via: ViaOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Derive the dearest amounts step by step.")] = False,
    infracost: Annotated[
        bool,
        typer.Option(
            "--infracost",
            help="Give the measured GB as infracost-usage.yml instead of a bill; with a change, after it.",
        ),
    ] = False,
    strict: StrictOption = False,
) -> int:
    """Price the recorded traffic.

    Walks every conversation of the VNet flow logs and charges each leg, there and back, as Azure's price list has it.
    With --change, --move or --via it says what the change does to the bill. With --strict it ends with 3 when an answer
    or a price is not known.
    """
    import simulator

    location = one_location(logs, flows)
    changed = change is not None or bool(move) or bool(via)
    if changed and by is By.FLOW and not infracost:
        raise typer.BadParameter("a change is told by meter, pair, subnet or vnet, not by flow", param_hint="--by")
    sheet = price_sheet(session, prices)
    loaded = load_network(session, network)
    proposed = read_changes(change, move, via) if changed else None
    records = load_flow_logs(session, location, strict=strict)
    with session.step(f"pricing {len(records):,} records"):
        bills = [simulator.price(simulator.replay(loaded, records), sheet, month=month)]
        if proposed is not None:
            after = simulator.build_network(proposed.apply(loaded.as_read), loaded.assumptions)
            bills.append(simulator.price(simulator.replay(after, records), sheet, month=month))
    _write(session, bills, proposed, by=by, explain=explain, infracost=infracost)
    return Exit.INPUT if strict and any(bill.gaps for bill in bills) else Exit.OK


def _write(
    session: Session, bills: list[Bill], change: Change | None, *, by: By, explain: bool, infracost: bool
) -> None:
    """The usage of the last bill, the one bill, or the difference of two."""
    from simulator.cost.difference import price_difference
    from simulator.cost.usage import usage_text
    from simulator.report.cost import cost_report
    from simulator.report.cost_difference import difference_report

    if infracost:
        session.write_bytes(usage_text(bills[-1]).encode())
    elif change is None:
        session.write(cost_report(bills[0], by=by, explain=explain))
    else:
        session.write(difference_report(price_difference(*bills), change.name, by=by, explain=explain))
