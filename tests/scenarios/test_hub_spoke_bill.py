"""What the hour of hub-spoke costs a month, by hand: the bytes of the log times the prices a GB that are written here.

The README tells these numbers; here they are held to the log by arithmetic of its own, and to the product.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from math import prod
from pathlib import Path

import pytest

import simulator as sim
from simulator.cost.attribution import by_flow
from simulator.cost.bill import Bill
from simulator.cost.difference import price_difference
from simulator.flows.records import FlowRecords
from simulator.whatif.encryption_impact import EncryptionRow, encryption_impact
from tests.scenarios.questions import network_of

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "hub-spoke"
TOPOLOGY = FOLDER / "topology.yaml"
README = (FOLDER / "README.md").read_text(encoding="utf-8")

#: USD a GB in West Europe: at each end of a peering, through a Standard firewall, out by a metered circuit in zone 1.
#: What leaves to the Internet is below the 100 GB of a month that cost nothing.
PEERING, FIREWALL, EXPRESSROUTE = Decimal("0.01"), Decimal("0.016"), Decimal("0.025")
ACROSS = 2 * PEERING
#: USD a GB (there, back) by where the ends lie. All of it goes by the firewall, which stands in the hub.
RATES = {
    ("on-premises", "spoke"): (FIREWALL + ACROSS, ACROSS + FIREWALL + EXPRESSROUTE),
    ("spoke", "on-premises"): (ACROSS + FIREWALL + EXPRESSROUTE, FIREWALL + ACROSS),
    ("on-premises", "hub"): (FIREWALL, FIREWALL + EXPRESSROUTE),
    ("spoke", "spoke"): (ACROSS + FIREWALL + ACROSS, ACROSS + FIREWALL + ACROSS),
    ("spoke", "hub"): (ACROSS + FIREWALL, FIREWALL + ACROSS),
    ("hub", "spoke"): (FIREWALL + ACROSS, ACROSS + FIREWALL),
    ("spoke", "Internet"): (ACROSS + FIREWALL, FIREWALL + ACROSS),
}
#: What the log shows of flows that never get there, as expected.csv has them: attempts, and one planted connection.
DENIED = {
    ("10.1.5.100", "10.1.4.132", 1433),
    ("10.1.5.132", "10.1.4.4", 443),
    ("10.1.3.132", "10.1.4.132", 22),
    ("10.1.3.149", "10.1.5.180", 9100),
}
#: What vm-edge1 says to the Internet and to its neighbour passes no peering and no firewall; the rest is denied.
EDGE = "10.1.5.180"
MONTH, GIB = 730, 1 << 30

Flow = tuple[str, str, int]


@cache
def log() -> FlowRecords:
    return sim.read_flow_logs(FOLDER / "flows.json.gz")


@cache
def bill(change: str = "") -> Bill:
    path = FOLDER / f"change-{change}.yaml" if change else None
    return sim.price(sim.replay(network_of(TOPOLOGY, path), log()), month=True)


def part(address: str) -> str:
    """Where an address lies: a spoke by its name, the hub, on-premises, the Internet."""
    octets = [int(octet) for octet in address.split(".")]
    match octets:
        case [192, 168, _, _]:
            return "on-premises"
        case [10, 1, 0 | 1 | 2 | 3, _]:
            return "hub"
        case [10, 1, 4, _]:
            return "spoke large"
        case [10, 1, 5, last]:
            return "spoke medium" if last < 128 else "spoke small"
    return "Internet"


@cache
def traffic() -> dict[Flow, tuple[Decimal, Decimal]]:
    """GB a month there and back by (source, destination, port), as the source's NIC counts them, or the other.

    A NIC without a security group writes nothing: of vm-batch1's flows to vm-sql2 only the other end tells.
    """
    found: dict[Flow, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in log():
        is_ours = part(row.source) not in ("on-premises", "Internet") and row.source != "10.1.4.196"
        if row.direction == ("Outbound" if is_ours else "Inbound") and row.protocol != 1:
            flow = found[row.source, row.destination, row.destination_port]
            for at, size in enumerate((row.bytes_sent, row.bytes_received)):
                flow[at] += Decimal((size or 0) * MONTH) / GIB
    return {flow: (there, back) for flow, (there, back) in found.items()}


def kinds(flow: Flow) -> tuple[str, str]:
    """``spoke``, ``hub``, …; the same part at both ends costs nothing, and no kind says so."""
    source, destination, _ = flow
    parts = part(source), part(destination)
    if parts[0] == parts[1] or EDGE in flow or flow in DENIED:
        return "", ""
    return parts[0].split()[0], parts[1].split()[0]


def amount(flow: Flow) -> Decimal:
    there, back = RATES.get(kinds(flow), (Decimal(0), Decimal(0)))
    return traffic()[flow][0] * there + traffic()[flow][1] * back


def by_kinds() -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
    """GB there, GB back and USD a month by the kinds of the ends."""
    return {
        pair: (
            sum((traffic()[flow][0] for flow in traffic() if kinds(flow) == pair), Decimal(0)),
            sum((traffic()[flow][1] for flow in traffic() if kinds(flow) == pair), Decimal(0)),
            sum((amount(flow) for flow in traffic() if kinds(flow) == pair), Decimal(0)),
        )
        for pair in RATES
    }


def rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000001"))


def test_the_month_costs_what_its_bytes_cost_by_hand() -> None:
    assert rounded(bill().total) == rounded(sum(map(amount, traffic()), Decimal(0)))
    assert f"{bill().total:.2f}" == "1.93"
    assert re.search(r"^\| \*\*all\*\* .* \*\*1\.93\*\* \|$", README, re.MULTILINE)


def test_each_flow_costs_what_it_costs_by_hand() -> None:
    priced = {
        (held.source, held.destination, held.port): rounded(held.amount) for held in by_flow(bill()) if held.amount
    }
    by_hand = {flow: rounded(amount(flow)) for flow in traffic()}
    assert priced == {flow: held for flow, held in by_hand.items() if held}


def test_the_readme_has_the_sums_by_where_the_ends_lie() -> None:
    rows = re.findall(r"^\| (.*?→.*?) \| ([\d.]+) \+ ([\d.]+) \| (.*?) \| (.*?) \| ([\d.]+) \|$", README, re.MULTILINE)
    told = [(tuple(map(Decimal, row[1:3])), rate(row[3]), rate(row[4]), row[5]) for row in rows]
    assert told == [
        (tuple(held.quantize(Decimal("0.01")) for held in (there, back)), *RATES[pair], f"{amount:.2f}")
        for pair, (there, back, amount) in by_kinds().items()
    ]


def rate(text: str) -> Decimal:
    """Of ``0.016 + 2 × 0.01 = 0.036`` the result, which must be right."""
    sums, _, result = text.rpartition(" = ")
    if sums:
        terms = ([Decimal(factor) for factor in term.split(" × ")] for term in sums.split(" + "))
        assert sum((prod(term) for term in terms), Decimal(0)) == Decimal(result)
    return Decimal(result)


def test_spoke_to_spoke_by_a_peering_saves_what_the_firewall_costs() -> None:
    """Four legs over peerings and the firewall become two, and nothing else of the bill changes."""
    flows = [flow for flow in traffic() if kinds(flow) == ("spoke", "spoke")]
    assert {flow[:2] for flow in flows} >= {("10.1.5.36", "10.1.4.132"), ("10.1.5.36", "10.1.4.133")}
    there, back = (sum((traffic()[flow][way] for flow in flows), Decimal(0)) for way in (0, 1))
    assert (f"{there:.3f}", f"{back:.3f}") == ("0.658", "2.591")
    saved = (there + back) * (ACROSS + FIREWALL + ACROSS - ACROSS)
    assert rounded(bill().total - bill("direct-peering").total) == rounded(saved)
    assert f"{saved:.3f}" == "0.117" and "| **the firewall costs** | | **0.117** |" in README
    difference = price_difference(bill(), bill("direct-peering"))
    assert [(held.name, held.where, f"{held.before:.3f}", f"{held.after:.3f}") for held in difference.pairs] == [
        ("vnet-medium/VmSubnet2", "vnet-large/VmSubnet3", "0.182", "0.065")
    ]
    assert difference.stopped == difference.started == 0


def conversations(sources: set[str], destination: str) -> int:
    """How many connections to port 1433 the destination's NIC says it took."""
    flows = ((row.source, row.source_port, row.destination, row.destination_port) for row in log() if row.state != "D")
    return len({flow for flow in flows if flow[0] in sources and flow[2:] == (destination, 1433)})


def changed(change: str) -> dict[tuple[str, str, str, int], int]:
    """Kind, ends and port of what changes its encryption → conversations."""
    rows: tuple[EncryptionRow, ...] = encryption_impact(bill().replay, bill(change).replay)
    return {(row.kind, row.source, row.destination, row.port): row.conversations for row in rows}


def test_a_size_that_does_not_support_it_takes_encryption_from_those_who_talk_within_the_network() -> None:
    senders = {"vm-web1": "10.1.4.4", "vm-web2": "10.1.4.5", "vm-app1": "10.1.4.68", "vm-app2": "10.1.4.69"}
    lost = changed("smaller-sql")
    assert lost == {
        ("encryption_lost", name, "vm-sql2", 1433): conversations({address}, "10.1.4.133")
        for name, address in senders.items()
    }
    assert sum(lost.values()) == 168
    assert bill("smaller-sql").total == bill().total


def test_what_cannot_encrypt_would_be_dropped_and_nothing_else() -> None:
    """vm-sql1 denies vm-batch1; what passes the firewall or comes from outside of the network is not asked."""
    count = conversations({"10.1.4.196"}, "10.1.4.133")
    assert changed("require-encryption") == {("would_be_dropped", "vm-batch1", "vm-sql2", 1433): count}
    assert count == 24


def test_a_peering_past_the_firewall_gains_encryption() -> None:
    gained = changed("direct-peering")
    assert {key[0] for key in gained} == {"encryption_gained"}
    assert {key[1:3] for key in gained} == {
        ("vm-erp1", "vm-sql1"),
        ("vm-erp1", "vm-sql2"),
        ("vm-portal1", "vm-web1"),
    }
    assert sum(gained.values()) == 92


@pytest.mark.parametrize("change", ["direct-peering", "smaller-sql", "require-encryption"])
def test_no_recorded_conversation_changes_its_verdict(change: str) -> None:
    assert (bill(change).replay.verdict == bill().replay.verdict).all()
