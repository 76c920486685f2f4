"""Whose traffic a bill is for, and where it is charged: every split has one total, and steps add up to their pair."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cost import sums
from simulator.cost.attribution import Share, by_flow, by_pair, by_place, derivation
from simulator.cost.bill import Bill
from tests.cost.charge_table import bill_of as billed
from tests.cost.charge_table import records_of, seen_of
from tests.cost.every_way import TOPOLOGY, WAYS, network
from tests.cost.logs import GB, bill_of, records
from tests.cost.test_bill import two

TINY = Decimal("1e-9")


@cache
def every_way() -> Bill:
    """A bill of a flow over every way, all of different size, the larger ones beyond the first band."""
    flows = [
        seen
        for at, way in enumerate(WAYS)
        for seen in seen_of(network(), way, 49152 + at, (at + 1) * 37 * GB, (at + 2) * 11 * GB)
    ]
    bill: Bill = billed(TOPOLOGY, records_of(flows))
    return bill


def total(shares: tuple[Share, ...]) -> Decimal:
    return sum((share.amount for share in shares), Decimal(0))


def test_every_split_adds_up_to_the_bill() -> None:
    bill = every_way()
    assert bill.total > 700
    for split in (by_pair(bill), by_flow(bill)):
        assert abs(total(split) - bill.total) < TINY
        assert [share.amount for share in split] == sorted((share.amount for share in split), reverse=True)
    for whole in (False, True):
        places = by_place(bill, whole_vnets=whole)
        assert abs(sum(place.amount for place in places) - bill.total) < TINY
        assert abs(sum(place.gb for place in places) - sum(line.gb for line in bill.lines)) < TINY


def test_subnets_add_up_to_their_virtual_networks() -> None:
    bill = every_way()
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for place in by_place(bill, whole_vnets=False):
        found[place.place.partition("/")[0]] += place.amount
    wanted = {place.place: place.amount for place in by_place(bill, whole_vnets=True)}
    assert {*found} == {*wanted} and all(abs(found[name] - wanted[name]) < TINY for name in wanted)


def test_bytes_and_conversations_are_counted_once() -> None:
    bill = every_way()
    for split in (by_pair(bill), by_flow(bill)):
        assert sum(share.conversations for share in split) == int((bill.billed.sent > 0).sum())
        assert sum(share.there for share in split) * GB == int(bill.billed.sent.sum())
        assert sum(share.back for share in split) * GB == int(bill.billed.received.sum())


def test_the_ends_of_a_pair_are_named() -> None:
    names = {(share.source, share.destination) for share in by_pair(every_way())}
    assert {
        ("vnet-a/snet", "vnet-b/snet"),
        ("vnet-a/snet", "on-premises"),
        ("on-premises", "vnet-transit/snet"),
        ("vnet-edge/snet-nat", "Internet"),
        ("Internet", "vnet-edge/snet-public"),
        ("vnet-edge/snet-public", "steast"),
    } <= names


def test_an_address_of_azure_is_named_by_its_region() -> None:
    """13.68.163.40 would be that of a storage account; 13.70.192.1 is nobody's that the export knows."""
    [share] = by_pair(
        bill_of(network(), records(network(), "vm-public", "Outbound", "10.4.0.4:50000", "13.70.192.1:443", sent=1))
    )
    assert share.destination == "Azure in northeurope"


def test_a_flow_has_the_port_it_goes_to_and_only_where_there_are_ports() -> None:
    held = network()
    asked = records(held, "vm-peer", "Outbound", "10.5.0.4:50000", "10.4.3.6:1433", sent=1)
    again = records(held, "vm-peer", "Outbound", "10.5.0.4:50001", "10.4.3.6:1433", sent=1)
    other = records(held, "vm-peer", "Outbound", "10.5.0.4:50000", "10.4.3.6:443", sent=1)
    gre = records(held, "vm-peer", "Outbound", "10.5.0.4:0", "10.4.3.6:0", sent=3, protocol=50)
    found = [
        (share.source, share.destination, share.protocol, share.port, share.conversations, share.amount)
        for share in by_flow(bill_of(held, asked, again, other, gre))
    ]
    assert found == [
        ("10.5.0.4", "10.4.3.6", 50, -1, 1, Decimal("0.06")),
        ("10.5.0.4", "10.4.3.6", 6, 1433, 2, Decimal("0.04")),
        ("10.5.0.4", "10.4.3.6", 6, 443, 1, Decimal("0.02")),
    ]


def test_nothing_is_split_of_an_empty_log() -> None:
    bill = bill_of(network())
    assert (by_pair(bill), by_flow(bill), derivation(bill)) == ((), (), ())
    assert by_place(bill, whole_vnets=True) == ()


def test_the_steps_of_a_pair_add_up_to_its_amount() -> None:
    bill = every_way()
    by_pair_of: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for step in derivation(bill):
        by_pair_of[step.source, step.destination] += step.amount
        assert step.amount == (step.gb * step.rate if step.rate is not None else 0)
        assert (step.rate is None) == (step.kind != "metered")
    wanted = {(share.source, share.destination): share.amount for share in by_pair(bill)}
    assert {*by_pair_of} == {*wanted}
    assert all(abs(by_pair_of[pair] - wanted[pair]) < TINY for pair in wanted)


def test_steps_stand_in_the_order_of_travel() -> None:
    held = network()
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=2, received=1)
    other = records(held, "vm-web", "Outbound", "10.4.3.5:50000", "10.4.3.4:443", sent=2, received=1)
    bill = bill_of(held, flow, other)
    told = [(step.is_return, step.gb, step.why) for step in derivation(bill, [("vnet-a/snet", "vnet-b/snet")])]
    there, back = [False, Decimal(2)], [True, Decimal(1)]
    assert told == [
        (*there, "peering, out of vnet-a"),
        (*there, "peering, into vnet-hub"),
        (*there, "processed by fw"),
        (*there, "peering, out of vnet-hub"),
        (*there, "peering, into vnet-b"),
        (*back, "peering, out of vnet-b"),
        (*back, "peering, into vnet-hub"),
        (*back, "processed by fw"),
        (*back, "peering, out of vnet-hub"),
        (*back, "peering, into vnet-a"),
    ]
    pairs = [(share.source, share.destination) for share in by_pair(bill)]
    assert [*dict.fromkeys((step.source, step.destination) for step in derivation(bill))] == pairs
    asked = pairs[::-1]
    assert [*dict.fromkeys((step.source, step.destination) for step in derivation(bill, asked))] == asked


def test_a_step_that_nobody_can_price_is_told() -> None:
    held = two("westeurope", "saudiarabiaeast")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=2)
    found = {(step.why, step.kind, step.rate) for step in derivation(bill_of(held, flow))}
    assert found == {
        ("global peering, out of vnet-a", "metered", Decimal("0.035")),
        ("global peering, into vnet-b", "unpriced", None),
    }


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2**40)), max_size=30), st.booleans())
@settings(max_examples=50)
def test_sums_by_key_are_those_of_a_dictionary(rows: list[tuple[int, int]], is_sparse: bool) -> None:
    """Many keys take another way than few."""
    wanted: defaultdict[int, int] = defaultdict(int)
    scale = 1 << 40 if is_sparse else 1
    for key, value in rows:
        wanted[key * scale] += value
    keys = np.array([key * scale for key, _ in rows], np.intp)
    found, amounts = sums.sums_by(keys, np.array([value for _, value in rows], np.int64))
    told = dict(zip(found.tolist(), amounts.tolist(), strict=True))
    assert {key: value for key, value in told.items() if value} == {
        key: value for key, value in wanted.items() if value
    }
    assert [*told] == sorted(told)


@pytest.mark.parametrize("dense", [1, 1 << 22])
def test_amounts_are_the_same_whichever_way_sums_are_made(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = every_way()
    wanted = by_flow(bill)
    monkeypatch.setattr(sums, "_DENSE", dense)
    assert by_flow(bill) == wanted
