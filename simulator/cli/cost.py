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
        bool, typer.Option("--infracost", help="Give the measured GB as infracost-usage.yml instead of a bill.")
    ] = False,
    strict: StrictOption = False,
) -> int:
    """Price the recorded traffic.

    Walks every conversation of the VNet flow logs and charges each leg, there and back, as Azure's price list has it.
    With --change, --move or --via it says what the change does to the bill.
    """
    import simulator
    from simulator.cost.usage import usage_text
    from simulator.report.cost import cost_report

    location = one_location(logs, flows)
    loaded = load_network(session, network)
    sheet = price_sheet(prices)
    records = load_flow_logs(session, location, strict=strict)
    with session.step(f"pricing {len(records):,} records"):
        bill = simulator.price(simulator.replay(loaded, records), sheet, month=month)
    if infracost:
        session.write_bytes(usage_text(bill).encode())
        return Exit.OK
    if change is None and not move and not via:
        session.write(cost_report(bill, by=by, explain=explain))
        return Exit.INPUT if strict and bill.has_gaps else Exit.OK
    return _with_change(session, bill, (change, move, via), month=month, explain=explain)


def _with_change(
    session: Session,
    bill: Bill,
    given: tuple[str | None, list[str] | None, list[str] | None],
    *,
    month: bool,
    explain: bool,
) -> int:
    import simulator
    from simulator.cost.difference import price_difference
    from simulator.report.cost import difference_report

    change = read_changes(*given)
    network, records = bill.replay.network, bill.replay.records
    with session.step(f"pricing {len(records):,} records again"):
        changed = simulator.build_network(change.apply(network.as_read), network.assumptions)
        after = simulator.price(simulator.replay(changed, records), bill.sheet, month=month)
    session.write(difference_report(price_difference(bill, after), change.name, explain=explain))
    return Exit.OK
