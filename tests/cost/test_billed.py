"""Which conversations are billed: each flow once, and of what is not the reason that is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulator.cost.billed import Outcome, billed
from simulator.flows.records import FlowRecord
from simulator.network.model import Network
from tests.cost.charge_table import MANAGED_MAC, network_of
from tests.cost.every_way import network
from tests.cost.logs import GB, records, replayed

#: An appliance and a firewall that put their own address in, and a pool of which one member is closed.
TRANSLATING = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {snet-nva: 10.0.1.0/26}}
  vnet-a: {address_space: 10.1.0.0/16, subnets: {snet: {prefix: 10.1.0.0/24, route_table: rt}}}
  vnet-b: {address_space: 10.2.0.0/16, subnets: {snet: 10.2.0.0/24, snet-pool: 10.2.1.0/24}}
peerings: [{hub: vnet-hub, spokes: [vnet-a, vnet-b], forwarded_traffic: true}, {from: vnet-a, to: vnet-b}, {from: vnet-b, to: vnet-a}]
route_tables: {rt: {routes: {b: 10.2.0.0/24 -> 10.0.1.4}}}
network_security_groups:
  nsg-closed: [{name: deny-all, priority: 100, direction: Inbound, access: Deny}]
load_balancers:
  ilb:
    frontends: {fe: {subnet: vnet-b/snet-pool, ip: 10.2.1.100}}
    pools: {web: [vm-open, vm-closed]}
    rules: [{name: https, frontend: fe, pool: web, protocol: Tcp, port: 443, backend_port: 443}]
virtual_machines:
  nva: {subnet: vnet-hub/snet-nva, ip: 10.0.1.4, ip_forwarding: true, appliance: {forwards: true, snat: all}}
  vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4}
  vm-b: {subnet: vnet-b/snet, ip: 10.2.0.4}
  vm-open: {subnet: vnet-b/snet-pool, ip: 10.2.1.4}
  vm-closed: {subnet: vnet-b/snet-pool, ip: 10.2.1.5, nsg: nsg-closed}
"""  # noqa: E501


def outcomes(held: Network, *flows: Sequence[FlowRecord]) -> list[Outcome]:
    return [Outcome(number) for number in billed(replayed(held, *flows)).outcome.tolist()]


def log(nic: str, direction: str, source: str, destination: str, **said: float) -> list[FlowRecord]:
    return records(network(), nic, direction, source, destination, **said)  # type: ignore[arg-type]


PEER, SQL = "10.5.0.4:50000", "10.4.3.6:1433"
ASKED = log("vm-peer", "Outbound", PEER, SQL, sent=2, received=1)
ANSWERED = log("vm-peer", "Inbound", SQL, PEER, sent=1, seconds=1)
#: The end where the connection was made logs only what it sends, as a flow of its own.
SEEN_LATE = log("vm-sql", "Outbound", SQL, PEER, sent=1, seconds=1)
#: What a spoke sends to the other passes the firewall.
THROUGH = log("vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1)

CASES: dict[str, tuple[list[list[FlowRecord]], list[Outcome]]] = {
    "the source's record": ([ASKED], [Outcome.BILLED]),
    "the destination's, where the source does not log": (
        [log("vm-sql", "Inbound", PEER, SQL, sent=2)],
        [Outcome.BILLED],
    ),
    "the source's, whoever comes first in the log": (
        [log("vm-sql", "Inbound", PEER, SQL, sent=3), ASKED],
        [Outcome.LOGGED_BY_ANOTHER_NIC, Outcome.BILLED],
    ),
    "that of a NIC that nobody knows, where no end logs": (
        [log(MANAGED_MAC, "Inbound", PEER, SQL, sent=2)],
        [Outcome.BILLED],
    ),
    "not twice that of a NIC that nobody knows": (
        [log(MANAGED_MAC, "Inbound", PEER, SQL, sent=2), log(MANAGED_MAC, "Outbound", PEER, SQL, sent=2)],
        [Outcome.BILLED, Outcome.LOGGED_BY_ANOTHER_NIC],
    ),
    "nothing that the log denies": (
        [log("vm-peer", "Outbound", PEER, SQL, is_denied=True)],
        [Outcome.LOGGED_AS_DENIED],
    ),
    "what another NIC let pass of what one denied": (
        [log("vm-peer", "Outbound", PEER, SQL, is_denied=True), log("vm-sql", "Inbound", PEER, SQL, sent=1)],
        [Outcome.LOGGED_AS_DENIED, Outcome.BILLED],
    ),
    "no answer that the same NIC logged apart": ([ASKED, ANSWERED], [Outcome.BILLED, Outcome.REPLY_LOGGED_APART]),
    "no answer that another NIC logged apart": ([ASKED, SEEN_LATE], [Outcome.BILLED, Outcome.REPLY_LOGGED_APART]),
    "no answer that another NIC logged apart, by ports where both began at once": (
        [log("vm-sql", "Outbound", SQL, PEER, sent=1), ASKED],
        [Outcome.REPLY_LOGGED_APART, Outcome.BILLED],
    ),
    "the answer that another NIC logged, where the flow's own record has none": (
        [log("vm-peer", "Outbound", PEER, SQL, sent=2), SEEN_LATE],
        [Outcome.BILLED, Outcome.BILLED],
    ),
    "two hosts that speak from one port both": (
        [
            log("vm-peer", "Outbound", "10.5.0.4:123", "10.4.3.6:123", sent=1, received=1, protocol=17),
            log("vm-sql", "Outbound", "10.4.3.6:123", "10.5.0.4:123", sent=1, received=1, protocol=17),
        ],
        [Outcome.BILLED, Outcome.BILLED],
    ),
    "nothing that cannot have passed": (
        [log("vm-peer", "Outbound", PEER, "10.4.3.6:22", sent=1)],
        [Outcome.PREDICTED_DENY],
    ),
    "nothing from where nobody knows": (
        [log("vm-sql", "Inbound", "10.99.0.4:50000", SQL, sent=1)],
        [Outcome.UNKNOWN],
    ),
    "no leg behind a firewall by the firewall's own address": (
        [THROUGH, log("vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:443", sent=1)],
        [Outcome.BILLED, Outcome.BEHIND_A_TRANSLATION],
    ),
    "no leg behind a firewall of a sender that nobody logged": (
        [log("vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:443", sent=1)],
        [Outcome.SENDER_NOT_LOGGED],
    ),
    "no leg behind a firewall to another port than what a sender logged": (
        [THROUGH, log("vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:8443", sent=1)],
        [Outcome.BILLED, Outcome.SENDER_NOT_LOGGED],
    ),
    "not the backend's record of what went to the frontend": (
        [
            log("vm-peer", "Outbound", PEER, "10.4.3.100:443", sent=1),
            log("vm-web", "Inbound", PEER, "10.4.3.5:443", sent=1),
        ],
        [Outcome.BILLED, Outcome.LOGGED_BY_ANOTHER_NIC],
    ),
    "the backend's record, where the client does not log": (
        [log("vm-web", "Inbound", PEER, "10.4.3.5:443", sent=1)],
        [Outcome.BILLED],
    ),
    "the backend's record of another flow of the same client": (
        [
            log("vm-peer", "Outbound", PEER, "10.4.3.100:443", sent=1),
            log("vm-web", "Inbound", "10.5.0.4:50001", "10.4.3.5:443", sent=1),
        ],
        [Outcome.BILLED, Outcome.BILLED],
    ),
    "nothing of an empty log": ([], []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_billed(name: str) -> None:
    flows, wanted = CASES[name]
    assert outcomes(network(), *flows) == wanted


def test_every_outcome_has_a_case() -> None:
    tried = {outcome for _, wanted in CASES.values() for outcome in wanted}
    assert tried | {Outcome.SEVERAL_WAYS} == set(Outcome)


def test_legs_behind_an_appliance_that_translates_are_no_flows() -> None:
    held = network_of(TRANSLATING)
    there = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1)
    behind = records(held, "vm-b", "Inbound", "10.0.1.4:50000", "10.2.0.4:443", sent=1)
    assert outcomes(held, there, behind) == [Outcome.BILLED, Outcome.BEHIND_A_TRANSLATION]


def test_what_only_some_of_several_ways_let_pass_is_not_billed() -> None:
    held = network_of(TRANSLATING)
    assert outcomes(held, records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.1.100:443", sent=1)) == [
        Outcome.SEVERAL_WAYS
    ]


def test_bytes_are_those_of_the_record_that_is_billed() -> None:
    found = billed(replayed(network(), log("vm-sql", "Inbound", PEER, SQL, sent=9, received=9), ASKED))
    assert (found.sent.tolist(), found.received.tolist()) == ([0, 2 * GB], [0, GB])
    assert found.flow.tolist() == [0, 0]


def test_a_flow_of_which_two_rules_had_a_part_is_billed_in_both() -> None:
    """A rule that changes while the flow goes on makes two conversations of one NIC, each with its own bytes."""
    first = log("vm-peer", "Outbound", PEER, SQL, sent=2)
    changed = {name: getattr(first[1], name) for name in FlowRecord.__struct_fields__} | {
        "rule": "another",
        "state": "C",
    }
    found = billed(replayed(network(), first, [FlowRecord(**changed)]))
    assert found.outcome.tolist() == [Outcome.BILLED, Outcome.BILLED]
    assert int(found.sent.sum()) == 2 * GB
