"""Effective routes as ``az network nic show-effective-route-table`` prints them.

Learn: azure/virtual-network/diagnose-network-routing-problem
"""

from __future__ import annotations

from simulator.network.effective_routes import routes_to_azure
from simulator.network.routes import EffectiveRoute
from simulator.report.document import Line, Report, Row, Table
from simulator.report.text import counted

#: How many prefixes of one row people see: a service endpoint brings hundreds. Programs get all of them.
_SHOWN = 3
_COLUMNS = ("Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP")


def effective_routes_report(
    place: str, routes: tuple[EffectiveRoute, ...], *, propagation_disabled: bool = False
) -> Report:
    """`place` is the NIC or subnet as people call it."""
    rows = tuple(_row(route) for route in routes)
    return Report(
        kind="effective_routes",
        headline=Line(f"Effective routes of {place}: {counted(len(routes), 'row')}", "strong"),
        blocks=(Table((*_COLUMNS, "Name"), tuple(_row(route, _SHOWN) for route in routes)),),
        records=lambda: Table((*_COLUMNS, "Name"), rows),
        data=lambda: {"value": routes_to_azure(routes, propagation_disabled=propagation_disabled)},
        is_azure_shape=True,
    )


def _row(route: EffectiveRoute, shown: int | None = None) -> Row:
    more = len(route.prefixes[shown:]) if shown is not None else 0
    prefixes = " ".join([*route.prefixes[:shown], *([f"+{more:,} more"] if more else [])])
    return (
        route.source,
        route.state,
        prefixes,
        route.next_hop_type,
        " ".join(route.next_hop_addresses) or None,
        route.name,
    )
