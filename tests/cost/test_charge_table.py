"""Every row of the charge table: the predicted way is the one that the row prices, and the bill has its amounts.

Adding a row is adding it to a file of ``charges``; `tests.cost.charge_table` says what one may hold.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

import simulator as sim
from simulator.cost.meters import tier_amount
from simulator.network.model import Network
from tests.cost.charge_table import (
    FIRST_PORT,
    MANAGED_MAC,
    Case,
    Flow,
    Line,
    Lines,
    Row,
    bill_lines,
    explained,
    logged,
    network_of,
    not_priced,
    records_of,
    rows,
    topologies,
    topology_of,
)

#: An amount is right to the cent: half a cent may be rounded either way.
HALF_A_CENT = Decimal("0.005")
METERS = {
    "internet_egress",
    "internet_egress_isp",
    "inter_region",
    "inter_continent",
    "inter_zone_out",
    "inter_zone_in",
    "peering_out",
    "peering_in",
    "global_peering_out",
    "global_peering_in",
    "vpn_inter_vnet",
    "expressroute_out",
    "nat_gateway",
    "firewall_basic",
    "firewall_standard",
    "firewall_premium",
    "load_balancer",
    "private_endpoint_out",
    "private_endpoint_in",
    "virtual_hub",
}

ROWS = [pytest.param(row, id=row.name) for row in rows()]
FLOWS = [
    pytest.param(row, flow, id=f"{row.name}: {flow.source} to {flow.destination}")
    for row in rows()
    for flow in row.flows
]
CASES = [pytest.param(row, case, id=f"{row.name}: {case}") for row in rows() for case in row.bills]


def products(line: Line) -> list[tuple[Decimal, Decimal]]:
    """(GB, USD a GB) of each part of the line's arithmetic."""
    parts = (part.split("×") for part in line.arithmetic.split("+"))
    return [(Decimal(gb.strip()), Decimal(price.strip())) for gb, price in parts]


def by_meter(lines: Lines, regions: set[tuple[str, str]]) -> dict[str, object]:
    """The lines by "key" or "key region", those without a region of their own added up."""
    found: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (key, region), (gb, amount) in lines.items():
        said = f"{key} {region}" if (key, region) in regions else key
        found[said][0] += gb
        found[said][1] += amount
    return dict(found)


@pytest.mark.parametrize(("row", "flow"), FLOWS)
def test_the_flow_goes_the_way_that_the_row_prices(row: Row, flow: Flow) -> None:
    trace = explained(network_of(topology_of(row, assumed=False)), flow)
    found = trace.prediction
    assert (found.verdict.name, found.reason) == (flow.verdict, flow.reason)
    assert (found.path, tuple(hop.place for hop in trace.return_hops)) == (flow.path, flow.back)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_what_the_nics_log_is_read_as_the_flow(row: Row, case: Case) -> None:
    """A member of a load balancer's pool logs no frontend; every other NIC logs the whole way."""
    network = network_of(topology_of(row, assumed=False))
    flows = logged(network, row, case)
    replay = sim.replay(network, records_of(flows))
    conversations = replay.conversations
    counted = zip(conversations.bytes_sent.tolist(), conversations.bytes_received.tolist(), strict=True)
    assert [*counted] == [(flow.bytes_sent, flow.bytes_received) for flow in flows]
    for at, flow in enumerate(flows):
        told = row.flows[flow.source_port - FIRST_PORT]
        nic, prediction = replay.nic(at), replay.predictions[at]
        assert nic is not None or flow.mac == MANAGED_MAC
        places = {nic.name, nic.virtual_machine.name if nic.virtual_machine else ""} if nic else set()
        without = [place for place in told.path if not _is_frontend(network, place)]
        passed = without if places & {*told.logged_as} else told.path
        assert (prediction.verdict.name, prediction.path) == (told.verdict, tuple(passed))


def _is_frontend(network: Network, place: str) -> bool:
    endpoint = network.endpoint(place)
    return endpoint is not None and endpoint.kind == "frontend"


@pytest.mark.parametrize("row", ROWS)
def test_the_topology_has_no_errors(row: Row) -> None:
    issues = network_of(topology_of(row, assumed=False)).issues
    assert [issue for issue in issues if issue.severity == "error"] == []


@pytest.mark.parametrize(("row", "case"), CASES)
def test_the_arithmetic_of_the_row_is_right(row: Row, case: Case) -> None:
    for line in case.lines:
        assert sum(gb for gb, _ in products(line)) == line.gb, line.meter
        assert sum(gb * price for gb, price in products(line)) == line.usd, line.meter
    assert sum(line.usd for line in case.lines) == case.total
    assert {line.meter for line in case.lines} <= METERS
    assert len({(line.meter, line.region) for line in case.lines}) == len(case.lines)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_the_bill_has_the_amounts_of_the_row(row: Row, case: Case) -> None:
    topology = topology_of(row)
    lines = bill_lines(topology, logged(network_of(topology), row, case))
    regions = {(line.meter, line.region) for line in case.lines if line.region}
    found = by_meter(lines, regions)
    wanted = {f"{line.meter} {line.region}".strip(): line for line in case.lines}
    assert set(found) == set(wanted)
    for said, line in wanted.items():
        gb, amount = found[said]
        assert round(gb, 6) == line.gb, said
        assert abs(amount - line.usd) <= HALF_A_CENT, f"{said}: {amount}, and {line.arithmetic} is {line.usd}"
    assert abs(sum(amount for _, amount in lines.values()) - case.total) <= HALF_A_CENT * max(1, len(lines))


@pytest.mark.parametrize(("row", "case"), CASES)
def test_what_has_no_price_is_listed(row: Row, case: Case) -> None:
    topology = topology_of(row)
    assert round(not_priced(topology, logged(network_of(topology), row, case)), 6) == case.not_priced


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{row.name}: {line.meter}") for row in rows() for line in row.by_the_sheet]
)
def test_what_is_not_walked_has_its_price_on_the_sheet(line: Line) -> None:
    meter = sim.PriceSheet.default().meter(line.meter, line.region)  # type: ignore[arg-type]
    assert tier_amount(meter, line.gb) == line.usd


def test_every_row_that_is_not_walked_says_what_the_sheet_would_make_of_it() -> None:
    assert [row.name for row in rows() if not row.walked and not row.by_the_sheet] == []


def test_what_cannot_be_walked_has_no_amount() -> None:
    for row in rows():
        is_walked = all(flow.verdict == "ALLOW" for flow in row.flows)
        assert is_walked or all(not case.lines and case.not_priced for case in row.bills), row.name
        assert row.walked == all(flow.verdict != "UNKNOWN" for flow in row.flows), row.name


def test_every_topology_is_used_and_every_row_has_its_own_name() -> None:
    assert {row.topology for row in rows()} == set(topologies())
    assert len({row.name for row in rows()}) == len(rows())
