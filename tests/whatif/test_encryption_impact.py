"""What a change does to the encryption of recorded traffic: each flow once, by the whole of its way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import yaml

import simulator as sim
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import replay
from simulator.network.model import Network
from simulator.whatif.change import parse_change
from simulator.whatif.encryption_impact import ENCRYPTION_KINDS, EncryptionRow, encryption_impact
from simulator.whatif.impact import what_if
from tests.cost.charge_table import network_of
from tests.cost.logs import records

TOPOLOGY = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, encryption: true, subnets: {AzureFirewallSubnet: 10.0.1.0/26}}
  vnet-a: {address_space: 10.1.0.0/16, encryption: true, subnets: {snet: {prefix: 10.1.0.0/24, nsg: nsg}}}
  vnet-b: {address_space: 10.2.0.0/16, encryption: true, subnets: {snet: {prefix: 10.2.0.0/24, nsg: nsg}}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-a, vnet-b], forwarded_traffic: true}
  - {from: vnet-a, to: vnet-b}
  - {from: vnet-b, to: vnet-a}
network_security_groups: {nsg: []}
azure_firewalls: {fw: {vnet: vnet-hub, ip: 10.0.1.4, public_ip: 203.0.113.10, tier: Premium, policy: pol}}
firewall_policies:
  pol: {collections: [{name: all, priority: 200, action: Allow, rules: [{name: all, ports: "*"}]}]}
virtual_machines:
  vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4, size: Standard_D4s_v5}
  vm-b: {subnet: vnet-b/snet, ip: 10.2.0.4, size: Standard_D4s_v5}
  vm-old: {subnet: vnet-b/snet, ip: 10.2.0.5, size: Standard_D4s_v3}
"""
OLD = "resize_virtual_machine: {vm: vm-b, size: Standard_D4s_v3}"
#: Whether an old machine has accelerated networking is not known, and a new size alone leaves it so.
SIZED = "resize_virtual_machine: {vm: vm-old, size: Standard_D4s_v5}"
NEW = [SIZED, "set_accelerated_networking: {vm: vm-old, enabled: true}"]
OFF = "set_encryption: {vnet: vnet-a, enabled: false}"
ALLOW = "set_encryption: {vnet: vnet-a, enabled: true, enforcement: AllowUnencrypted}"
ODD = "resize_virtual_machine: {vm: vm-b, size: Standard_Z9_v9}"
DROP = [
    f"set_encryption: {{vnet: {vnet}, enabled: true, enforcement: DropUnencrypted}}" for vnet in ("vnet-a", "vnet-b")
]
VIA = "route_through: {subnets: [vnet-a/snet, vnet-b/snet], firewall: fw, to: [10.1.0.0/16, 10.2.0.0/16]}"
Rows = list[tuple[str, str, str, str, int]]


def network(*changes: str) -> Network:
    held = network_of(TOPOLOGY)
    return sim.build_network(changed(*changes).apply(held.as_read), held.assumptions) if changes else held


def changed(*steps: str) -> object:
    return parse_change(yaml.safe_dump({"changes": [yaml.safe_load(step) for step in steps]}))


def log(held: Network, to: str, nic: str = "vm-a", direction: str = "Outbound", port: int = 50000) -> list[FlowRecord]:
    address = held.endpoint(to).addresses[0]  # type: ignore[union-attr]
    return records(held, nic, direction, f"10.1.0.4:{port}", f"{address}:443", sent=1, received=1)  # type: ignore[arg-type]


def impact(before: Network, steps: Sequence[str], *flows: Sequence[FlowRecord]) -> tuple[EncryptionRow, ...]:
    held = FlowRecords.of([record for flow in flows for record in flow])
    found = what_if(before, changed(*steps), flows=held)  # type: ignore[arg-type]
    return encryption_impact(found.before, found.after)


def told(rows: Sequence[EncryptionRow]) -> Rows:
    return [(row.kind, row.destination, row.before.extent, row.after.extent, row.conversations) for row in rows]


@pytest.mark.parametrize(
    ("before", "steps", "to", "wanted"),
    [
        ([], [OLD], "vm-b", [("encryption_lost", "vm-b", "encrypted", "not", 1)]),
        ([], [SIZED], "vm-old", [("encryption_unclear", "vm-old", "not", "unknown", 1)]),
        ([], NEW, "vm-old", [("encryption_gained", "vm-old", "not", "encrypted", 1)]),
        ([], [ODD], "vm-b", [("encryption_unclear", "vm-b", "encrypted", "unknown", 1)]),
        ([ODD], [OLD], "vm-b", [("encryption_unclear", "vm-b", "unknown", "not", 1)]),
        ([], [OFF], "vm-b", [("encryption_lost", "vm-b", "encrypted", "not", 1)]),
        ([], DROP, "vm-old", [("would_be_dropped", "vm-old", "not", "not", 1)]),
        ([], [*DROP, OLD], "vm-b", [("would_be_dropped", "vm-b", "encrypted", "not", 1)]),
        (DROP, [ALLOW], "vm-old", [("drop_lifted", "vm-old", "not", "not", 1)]),
        (DROP, [OFF], "vm-old", [("drop_lifted", "vm-old", "not", "not", 1)]),
        (DROP, NEW, "vm-old", [("encryption_gained", "vm-old", "not", "encrypted", 1)]),
        ([], [VIA], "vm-b", []),
        ([], [VIA], "vm-old", [("encryption_gained", "vm-old", "not", "partly", 1)]),
        ([VIA], [OLD], "vm-b", [("encryption_lost", "vm-b", "encrypted", "partly", 1)]),
        ([], DROP, "vm-b", []),
        ([OLD], [ODD, OLD], "vm-b", []),
    ],
)  # fmt: skip
def test_what_becomes_of_encryption(before: list[str], steps: list[str], to: str, wanted: Rows) -> None:
    held = network(*before)
    assert told(impact(held, steps, log(held, to))) == wanted


def test_the_blocker_is_named() -> None:
    held = network()
    [row] = impact(held, [OLD], log(held, "vm-b"))
    assert (row.before.blocker, row.after.blocker) == ("", "vm-b: Standard_D4s_v3 does not support it")
    assert (row.source, row.protocol, row.port, row.bytes) == ("vm-a", "TCP", 443, 2**31)
    [row] = impact(held, [ODD], log(held, "vm-b"))
    assert "Standard_Z9_v9" in row.after.blocker


def test_a_flow_counts_once_whoever_logged_it() -> None:
    held = network()
    flows = [log(held, "vm-b"), log(held, "vm-b", "vm-b", "Inbound"), log(held, "vm-b", port=50001)]
    [row] = impact(held, [OLD], *flows)
    assert (row.conversations, row.bytes) == (2, 2**32)


def test_an_answer_that_was_logged_apart_is_no_flow() -> None:
    held = network()
    back = records(held, "vm-a", "Inbound", "10.2.0.4:443", "10.1.0.4:50000", sent=1, seconds=1)
    [row] = impact(held, [OLD], log(held, "vm-b"), back)
    assert row.conversations == 1


def test_what_the_change_stops_or_opens_is_told_by_its_verdict_alone() -> None:
    deny = "add_security_rule: {nsg: nsg, rule: {name: closed, priority: 100, direction: Inbound, access: Deny}}"
    held = network()
    assert impact(held, [OLD, deny], log(held, "vm-b")) == ()
    closed = network(deny)
    assert impact(closed, [OLD, "remove_security_rule: {nsg: nsg, rule: closed}"], log(closed, "vm-b")) == ()


def test_the_worst_comes_first() -> None:
    held = network()
    flows = [log(held, "vm-b"), log(held, "vm-old", port=50001), log(held, "vm-old", port=50002)]
    found = impact(held, [OLD, *NEW, *DROP], *flows)
    assert told(found) == [
        ("would_be_dropped", "vm-b", "encrypted", "not", 1),
        ("encryption_gained", "vm-old", "not", "encrypted", 2),
    ]
    kinds = [ENCRYPTION_KINDS.index(row.kind) for row in found]
    assert kinds == sorted(kinds)


def test_a_projection_is_no_verdict() -> None:
    held = network(*DROP)
    found = what_if(held, changed(OLD), flows=FlowRecords.of(log(held, "vm-b")))  # type: ignore[arg-type]
    assert found.rows == ()
    [row] = encryption_impact(found.before, found.after)
    assert row.after.would_be_dropped and not row.before.would_be_dropped


def test_nothing_changes_in_an_empty_log() -> None:
    held = network()
    empty = replay(held, FlowRecords.of([]))
    assert encryption_impact(empty, replay(network(OLD), empty.records)) == ()
