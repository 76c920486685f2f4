"""What holds for every bill, whatever flows: sums, order, who logged, and what is never charged."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.flows.records import FlowRecords
from simulator.flows.vnet_flow_log_writer import write_vnet_flow_log
from simulator.network.model import Network
from tests.cost.charge_table import (
    BINARY_GB,
    FIRST_PORT,
    Flow,
    Lines,
    Logged,
    bill_lines,
    bill_of,
    explained,
    lines_of,
    network_of,
    not_priced,
    records_of,
    seen_of,
)

#: Meters whose price falls with the amount: their GB add up, their amounts need not.
TIERED = {"internet_egress", "internet_egress_isp", "private_endpoint_out", "private_endpoint_in"}
#: Sums of quotients may differ in the last digits.
TINY = Decimal("1e-6")


class Way(Flow):
    """A flow of ``every_way.yaml``, and whether its bytes are charged."""

    kind: Literal["charged", "free", "ingress", "denied"]


class Sent(NamedTuple):
    """Bytes both ways over one of `WAYS`."""

    way: int
    bytes_sent: int
    bytes_received: int


_FILE = yaml.safe_load(Path(__file__).with_name("every_way.yaml").read_text(encoding="utf-8"))
TOPOLOGY: str = yaml.safe_dump(_FILE["topology"], sort_keys=False)
WAYS = tuple(Way.model_validate(flow) for flow in _FILE["flows"])


def ways(*kinds: str) -> list[int]:
    return [at for at, way in enumerate(WAYS) if way.kind in kinds]


#: Up to 20,000 GB: beyond the second edge of the tiers of egress.
COUNTS = st.integers(0, 20_000 * BINARY_GB)


def traffic(*kinds: str) -> st.SearchStrategy[list[Sent]]:
    """Flows over the ways of some kinds, or of all."""
    numbers = ways(*kinds) if kinds else [*range(len(WAYS))]
    return st.lists(st.builds(Sent, st.sampled_from(numbers), COUNTS, COUNTS), min_size=1, max_size=8)


@cache
def network() -> Network:
    return network_of(TOPOLOGY)


def logged(flows: Iterable[Sent], first_port: int = FIRST_PORT) -> tuple[Logged, ...]:
    """The flows as the default NIC of each logs them, each with a source port of its own."""
    return tuple(
        seen
        for at, flow in enumerate(flows)
        for seen in seen_of(network(), WAYS[flow.way], first_port + at, flow.bytes_sent, flow.bytes_received)
    )


def billed(flows: Iterable[Sent], first_port: int = FIRST_PORT) -> Lines:
    return bill_lines(TOPOLOGY, logged(flows, first_port))


def total(lines: Lines) -> Decimal:
    return sum((amount for _, amount in lines.values()), Decimal(0))


def assert_same(found: Lines, wanted: Lines) -> None:
    for key in {*found, *wanted}:
        gb, amount = found.get(key, (Decimal(0), Decimal(0)))
        wanted_gb, wanted_amount = wanted.get(key, (Decimal(0), Decimal(0)))
        assert abs(gb - wanted_gb) <= TINY, key
        assert abs(amount - wanted_amount) <= TINY, key


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.source} to {way.destination}")
def test_the_network_has_the_way(way: Way) -> None:
    trace = explained(network(), way)
    assert (trace.prediction.verdict.name, trace.prediction.reason) == (way.verdict, way.reason)
    assert (trace.prediction.path, tuple(hop.place for hop in trace.return_hops)) == (way.path, way.back)


def test_every_charged_way_costs_something() -> None:
    for at in ways("charged"):
        assert total(billed([Sent(at, 1000 * BINARY_GB, 1000 * BINARY_GB)])) > 0, WAYS[at]


@given(traffic(), traffic())
@settings(max_examples=25)
def test_cost_adds_up_over_disjoint_flows(some: list[Sent], others: list[Sent]) -> None:
    one, two, both = billed(some), billed(others, FIRST_PORT + len(some)), billed([*some, *others])
    assert set(both) == {*one, *two}
    nothing = (Decimal(0), Decimal(0))
    for key, (gb, amount) in both.items():
        parts = [one.get(key, nothing), two.get(key, nothing)]
        assert abs(gb - sum(part for part, _ in parts)) <= TINY, key
        if key[0] not in TIERED:
            assert abs(amount - sum(part for _, part in parts)) <= TINY, key
        else:  # the free and the dear tiers are given once
            assert amount <= sum(part for _, part in parts) + _free_tier(key[0]), key


def _free_tier(meter: str) -> Decimal:
    """What 100 GB cost at most: two bills have the free tier of egress twice, one bill has it once."""
    return 100 * Decimal("0.087") + TINY if meter.startswith("internet_egress") else TINY


@given(traffic(), st.data())
@settings(max_examples=25)
def test_more_bytes_never_cost_less(flows: list[Sent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(flows) - 1))
    more_sent, more_received = data.draw(COUNTS), data.draw(COUNTS)
    grown = flows[at]._replace(
        bytes_sent=flows[at].bytes_sent + more_sent, bytes_received=flows[at].bytes_received + more_received
    )
    before, after = billed(flows), billed([*flows[:at], grown, *flows[at + 1 :]])
    assert set(before) <= set(after)
    for key, (gb, amount) in before.items():
        assert after[key][0] >= gb - TINY, key
        assert after[key][1] >= amount - TINY, key


@given(st.lists(st.builds(Sent, st.sampled_from(ways("ingress")), COUNTS, st.just(0)), max_size=5), traffic("free"))
@settings(max_examples=25)
def test_ingress_and_traffic_within_a_network_cost_nothing(ingress: list[Sent], free: list[Sent]) -> None:
    assert total(billed([*ingress, *free])) == 0


@given(traffic("free", "ingress"), traffic("charged"))
@settings(max_examples=15)
def test_what_is_free_changes_no_line(free: list[Sent], charged: list[Sent]) -> None:
    ingress = [flow._replace(bytes_received=0) if WAYS[flow.way].kind == "ingress" else flow for flow in free]
    assert_same(billed([*charged, *ingress]), billed(charged))


@given(traffic(), st.data())
@settings(max_examples=15)
def test_the_order_of_flows_and_records_does_not_matter(flows: list[Sent], data: st.DataObject) -> None:
    seen = logged(flows)
    wanted = bill_lines(TOPOLOGY, seen)
    assert_same(bill_lines(TOPOLOGY, tuple(data.draw(st.permutations(seen)))), wanted)
    shuffled = FlowRecords.of(data.draw(st.permutations([*records_of(seen)])))
    assert_same(lines_of(bill_of(TOPOLOGY, shuffled)), wanted)


@given(traffic(), st.data())
@settings(max_examples=20)
def test_both_ends_logging_cost_what_one_end_does(flows: list[Sent], data: st.DataObject) -> None:
    """Between two NICs that see the same addresses; the ends are logged in any order."""
    once, twice = [], []
    for at, flow in enumerate(flows):
        way = WAYS[flow.way]
        ends = [place for place in (way.path[0], way.path[-1]) if logs(place)]
        sees_the_same = way.verdict == "ALLOW" and not way.logged_as and "ilb" not in way.path and len(ends) == 2
        chosen = tuple(data.draw(st.permutations(ends))) if sees_the_same else ()
        for names, into in (((), once), (chosen, twice)):
            said = way.model_copy(update={"logged_by": names})
            into += seen_of(network(), said, FIRST_PORT + at, flow.bytes_sent, flow.bytes_received)
    assert_same(bill_lines(TOPOLOGY, tuple(twice)), bill_lines(TOPOLOGY, tuple(once)))


def logs(place: str) -> bool:
    """Is `place` a NIC with a flow log? A private endpoint's has none."""
    endpoint = network().endpoint(place)
    return endpoint is not None and endpoint.mac is not None and not endpoint.name.startswith("pe-")


@given(traffic())
@settings(max_examples=10)
def test_a_log_that_is_read_twice_costs_what_it_does_once(flows: list[Sent]) -> None:
    blob = write_vnet_flow_log(records_of(logged(flows)))
    with TemporaryDirectory() as folder:
        Path(folder, "a.json").write_bytes(blob)
        once = lines_of(bill_of(TOPOLOGY, sim.read_flow_logs(folder)))
        Path(folder, "b.json").write_bytes(blob)
        twice = lines_of(bill_of(TOPOLOGY, sim.read_flow_logs(folder)))
    assert twice == once


@given(st.lists(st.builds(Sent, st.sampled_from(ways("denied")), COUNTS, COUNTS), min_size=1, max_size=3))
@settings(max_examples=15)
def test_a_flow_that_is_denied_costs_nothing_and_is_listed(flows: list[Sent]) -> None:
    seen = logged(flows)
    assert bill_lines(TOPOLOGY, seen) == {}
    gb = sum(Decimal(flow.bytes_sent + flow.bytes_received) / BINARY_GB for flow in flows)
    assert abs(not_priced(TOPOLOGY, seen) - gb) <= TINY
