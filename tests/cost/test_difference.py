"""What a change does to a bill: by meter, pair and place, what stops or starts, and what cannot be compared."""

from __future__ import annotations

from decimal import Decimal

import pytest

import simulator as sim
from simulator.cost.bill import Bill, price
from simulator.cost.difference import BillDifference, price_difference
from simulator.cost.price_sheet import PriceSheet
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import replay
from simulator.network.model import Network
from simulator.whatif.change import Change, parse_change
from simulator.whatif.in_brief import read_move, via
from tests.cost.charge_table import network_of
from tests.cost.every_way import network
from tests.cost.logs import bill_of, records
from tests.cost.test_bill import two

#: Two spokes that are peered with each other too, and a firewall that a change may lead their traffic through.
SPOKES = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {AzureFirewallSubnet: 10.0.1.0/26}}
  vnet-a: {address_space: 10.1.0.0/16, subnets: {snet: {prefix: 10.1.0.0/24, nsg: nsg}}}
  vnet-b: {address_space: 10.2.0.0/16, subnets: {snet: {prefix: 10.2.0.0/24, nsg: nsg}}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-a, vnet-b], forwarded_traffic: true}
  - {from: vnet-a, to: vnet-b}
  - {from: vnet-b, to: vnet-a}
network_security_groups: {nsg: []}
azure_firewalls: {fw: {vnet: vnet-hub, ip: 10.0.1.4, public_ip: 203.0.113.10, policy: pol}}
firewall_policies:
  pol: {collections: [{name: all, priority: 200, action: Allow, rules: [{name: all, ports: "*"}]}]}
virtual_machines:
  vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4}
  vm-b: {subnet: vnet-b/snet, ip: 10.2.0.4}
"""
A, B = "10.1.0.4:50000", "10.2.0.4:443"
DENY = "changes: [add_security_rule: {nsg: nsg, rule: {name: closed, priority: 100, direction: Inbound, access: Deny}}]"


def difference(held: Network, change: Change, *flows: list[FlowRecord], month: bool = False) -> BillDifference:
    log = FlowRecords.of([record for flow in flows for record in flow])
    after = sim.build_network(change.apply(held.as_read), held.assumptions)
    return price_difference(*(price(replay(one, log), month=month) for one in (held, after)))


def spokes() -> tuple[Network, list[FlowRecord], list[FlowRecord]]:
    """The network, a flow from a to b as its source logs it, and as its destination does."""
    held = network_of(SPOKES)
    there = records(held, "vm-a", "Outbound", A, B, sent=10, received=5)
    return held, there, records(held, "vm-b", "Inbound", A, B, sent=10, received=5)


def told(changes: tuple[object, ...]) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {(held.name, held.where): (held.before, held.after) for held in changes}  # type: ignore[attr-defined]


def test_the_way_through_the_firewall_costs_two_more_peerings_and_the_firewall() -> None:
    held, there, _ = spokes()
    found = difference(held, via("fw=vnet-a,vnet-b"), there)
    each = Decimal("0.15")
    assert told(found.meters) == {
        ("Standard Data Processed (Azure Firewall)", "westeurope"): (0, Decimal("0.24")),
        ("Intra-Region Egress (Virtual Network Peering)", "westeurope"): (each, 2 * each),
        ("Intra-Region Ingress (Virtual Network Peering)", "westeurope"): (each, 2 * each),
    }
    assert told(found.pairs) == {("vnet-a/snet", "vnet-b/snet"): (Decimal("0.3"), Decimal("0.84"))}
    assert told(found.by_place(whole_vnets=True)) == {("vnet-hub", ""): (0, Decimal("0.54"))}
    assert {held.name for held in found.by_place(whole_vnets=False)} == {"vnet-hub/AzureFirewallSubnet"}
    assert (found.difference, found.stopped, found.started, found.gaps) == (Decimal("0.54"), 0, 0, ())
    assert not found.is_nothing


def test_meters_of_one_name_are_kept_apart() -> None:
    """Azure Firewall, NAT gateway and load balancer all count ``Standard Data Processed``."""
    held = network()
    flows = [
        records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=100),
        records(held, "vm-nat", "Outbound", "10.4.1.4:50000", "198.51.100.7:443", sent=100),
        records(held, "vm-peer", "Outbound", "10.5.0.4:50000", "10.4.3.100:443", sent=100),
    ]
    before, after = bill_of(held, *flows), bill_of(held)
    keys = {line.meter.key for line in before.lines if line.meter.name == "Standard Data Processed"}
    assert keys == {"firewall_standard", "nat_gateway", "load_balancer"}
    log = before.replay.records
    nothing = price(replay(network_of("virtual_networks: {vnet: {address_space: 10.99.0.0/16}}"), log))
    found = price_difference(before, nothing)
    assert {(held.key, held.before) for held in found.meters if held.key in keys} == {
        ("firewall_standard", Decimal("1.6")),
        ("nat_gateway", Decimal("4.5")),
        ("load_balancer", Decimal("0.5")),
    }
    assert sum(held.difference for held in found.meters) == found.difference == -before.total
    assert after.total == 0


@pytest.mark.parametrize("logged_by", ["source", "destination", "both"])
def test_traffic_that_stops_is_no_saving(logged_by: str) -> None:
    held, there, here = spokes()
    flows = {"source": [there], "destination": [here], "both": [here, there]}[logged_by]
    found = difference(held, parse_change(DENY), *flows)
    assert (found.difference, found.stopped, found.started) == (Decimal("-0.3"), Decimal("0.3"), 0)


def test_traffic_that_starts_is_told_apart() -> None:
    denied = network_of(
        SPOKES.replace("nsg: []", "nsg: [{name: closed, priority: 100, direction: Inbound, access: Deny}]")
    )
    allow = "changes: [remove_security_rule: {nsg: nsg, rule: closed}]"
    flow = records(denied, "vm-a", "Outbound", A, B, sent=10, received=5)
    found = difference(denied, parse_change(allow), flow)
    assert (found.difference, found.stopped, found.started) == (Decimal("0.3"), 0, Decimal("0.3"))


def test_another_record_of_a_flow_is_the_same_flow() -> None:
    """Of a flow that the source and the destination logged one is billed, whichever: nothing stops or starts."""
    held, there, here = spokes()
    before = bill_of(held, there, here)
    outcome = before.billed.outcome[::-1].copy()
    swapped = Bill(
        **{name: getattr(before, name) for name in Bill.__struct_fields__}
        | {
            "billed": type(before.billed)(
                outcome, before.billed.sent[::-1].copy(), before.billed.received[::-1].copy(), before.billed.flow
            )
        }
    )
    found = price_difference(before, swapped)
    assert (found.stopped, found.started, found.difference) == (0, 0, 0)


def test_no_change_is_nothing_however_the_bands_divide() -> None:
    """Averages of bands are no finite decimals; what their rounding leaves is no difference."""
    held = two("westeurope", "eastus")
    flow = [
        records(held, "vm-a", "Outbound", "10.1.0.4:50000", "198.51.100.7:443", sent=7001 / 3),
        records(held, "vm-b", "Outbound", "10.2.0.4:50000", "198.51.100.7:443", sent=7003 / 7),
    ]
    found = difference(held, read_move("vnet-b=westus"), *flow, month=True)
    assert found.difference == 0
    assert {(held.name, held.where) for held in found.meters} == {
        ("Standard Data Transfer Out (Rtn Preference: MGN)", "eastus"),
        ("Standard Data Transfer Out (Rtn Preference: MGN)", "westus"),
    }
    assert found.pairs == ()
    same = difference(held, parse_change("changes: []"), *flow)
    assert same.is_nothing


def test_what_only_one_bill_lacks_a_price_for_is_told() -> None:
    held = two("westeurope", "westeurope")
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=10)
    found = difference(held, read_move("vnet-b=saudiarabiaeast"), flow)
    [gap] = found.gaps
    assert "saudiarabiaeast" in gap.reason and (gap.before, gap.after) == (0, 10)
    assert not found.is_nothing
    back = price_difference(found.after, found.before)
    assert [(gap.before, gap.after) for gap in back.gaps] == [(10, 0)]


def test_bills_that_cannot_be_compared_are_refused() -> None:
    held, there, _ = spokes()
    bill = bill_of(held, there)
    with pytest.raises(ValueError, match="records and prices"):
        price_difference(bill, bill_of(held, there))
    other = PriceSheet("USD", "", PriceSheet.default().meters)
    with pytest.raises(ValueError, match="records and prices"):
        price_difference(bill, price(bill.replay, other))
    with pytest.raises(ValueError, match="time"):
        price_difference(bill, price(bill.replay, month=True))
    tens = sim.build_network(held.as_read, {"gigabyte_is_binary": "false"})
    with pytest.raises(ValueError, match="gigabytes"):
        price_difference(bill, price(replay(tens, bill.replay.records)))
