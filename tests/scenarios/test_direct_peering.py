"""The log of direct-peering holds what traffic.csv says to the byte, fits the topology, and costs what is in README."""

from __future__ import annotations

import csv
import importlib.util
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

import simulator as sim
from simulator.cost.attribution import by_flow
from simulator.cost.bill import Bill
from simulator.cost.difference import price_difference
from simulator.flows.records import DIRECTIONS, FlowRecords
from simulator.whatif.encryption_impact import encryption_impact
from simulator.whatif.in_brief import via
from tests.scenarios.questions import network_of

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "direct-peering"
TOPOLOGY = FOLDER / "topology.yaml"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
GIB = 1 << 30


@cache
def committed_log() -> FlowRecords:
    return sim.read_flow_logs(FOLDER / "flows.json.gz")


def made_log() -> FlowRecords:
    spec = importlib.util.spec_from_file_location("make_log", FOLDER / "make_log.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    records: FlowRecords = module.recorded_log()
    return records


def sums(records: FlowRecords) -> Counter[tuple[str, ...]]:
    """Bytes sent and received by direction of the NIC, its encryption code, addresses and port."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in records:
        key = (row.direction, row.encryption, row.source, row.destination, str(row.destination_port))
        found[(*key, "sent")] += row.bytes_sent or 0
        found[(*key, "received")] += row.bytes_received or 0
    return found


def test_each_nic_counts_what_the_traffic_says() -> None:
    network, found = network_of(TOPOLOGY), sums(committed_log())
    with (FOLDER / "traffic.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def address(name: str) -> str:
        endpoint = network.endpoint(name)
        return endpoint.addresses[0] if endpoint else name

    for row in rows:
        for direction, code in (("Outbound", row["code_at_source"]), ("Inbound", row["code_at_destination"])):
            for what in ("sent", "received") if code else ():
                keys = [
                    (direction, code, address(source), address(row["destination"]), row["port"], what)
                    for source in row["source"].split()
                ]
                assert sum(found.pop(key) for key in keys) == float(row[f"gib_{what}"]) * GIB
    assert not found


def test_the_committed_log_is_the_one_that_the_script_makes() -> None:
    records = committed_log()
    assert not records.malformed and not records.duplicates
    assert sums(records) == sums(made_log())


def test_the_log_contradicts_nothing() -> None:
    assert list(sim.diff(sim.replay(network_of(TOPOLOGY), committed_log())).rows) == []


@pytest.mark.parametrize("change", [sim.load_change(FOLDER / "change-through-the-firewall.yaml"), via("fw-hub")])
def test_spokes_that_meet_at_the_firewall_break_what_it_has_no_rule_for(change: object) -> None:
    impact = sim.what_if(network_of(TOPOLOGY), change, flows=committed_log())  # type: ignore[arg-type]
    assert [(row.source, row.destination, row.after.reason) for row in impact.of("breaks")] == [
        ("vm-reports1", "vm-shop1", "FIREWALL_DEFAULT_DENY")
    ]
    moved = {row.source: row.after.path for row in impact.of("other_route")}
    assert moved == {
        "vm-shop1": ("vm-shop1", "fw-hub", "vm-orders1"),
        "vm-shop2": ("vm-shop2", "fw-hub", "vm-orders1"),
        "vm-reports1": ("vm-reports1", "fw-hub", "vm-sql1"),
        "vm-legacy1": ("vm-legacy1", "fw-hub", "vm-sql1"),
    }
    assert len(impact) == 5, "a route that a copied table holds as before is no other route"


#: USD a GB at each end of a peering and through the firewall, and the hours of a month, as the README has them.
PEERING, FIREWALL, MONTH = Decimal("0.01"), Decimal("0.016"), 730
DIRECT, BY_FIREWALL = 2 * PEERING, 4 * PEERING + FIREWALL
CHANGE = FOLDER / "change-through-the-firewall.yaml"
#: The rule that nobody wrote: reports read the shop.
MISSING_RULE = "{name: reports-to-shop, protocols: [TCP], source: 10.40.12.0/24, destination: 10.40.4.0/24, ports: 443}"


def bill(topology: Path = TOPOLOGY, change: Path | None = None) -> Bill:
    return sim.price(sim.replay(network_of(topology, change), committed_log()), month=True)


def amounts(held: Bill) -> dict[tuple[str, str], Decimal]:
    """USD a month by (source, destination) of what passes between spokes, to a millionth."""
    names = {address: end.name for end in held.replay.network.endpoints for address in end.addresses}
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for share in by_flow(held):
        source, destination = (names.get(address, address) for address in (share.source, share.destination))
        found["vm-shop*" if source.startswith("vm-shop") else source, destination] += share.amount
    return {pair: amount.quantize(Decimal("0.000001")) for pair, amount in found.items()}


def readme_rows() -> dict[str, list[str]]:
    """The table of costs: the cells of each row by its first."""
    table = README.partition("| between | GiB an hour |")[2].partition("\n\n")[0]
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize(
    ("row", "pair", "gib", "before", "after"),
    [
        ("shop and orders", ("vm-shop*", "vm-orders1"), "5", "73.00", "204.40"),
        ("reports and sql", ("vm-reports1", "vm-sql1"), "8.25", "120.45", "337.26"),
        ("legacy and sql", ("vm-legacy1", "vm-sql1"), "1.25", "18.25", "51.10"),
        ("reports and shop", ("vm-reports1", "vm-shop1"), "0.5", "7.30", "0.00"),
        ("orders and sql", ("vm-orders1", "vm-sql1"), "18", "0.00", "0.00"),
    ],
)
def test_the_readme_says_what_each_costs_today_and_after(
    row: str, pair: tuple[str, str], gib: str, before: str, after: str
) -> None:
    measured, today, changed = readme_rows()[row]
    assert sum(map(Decimal, measured.split(" + "))) == Decimal(gib)
    for text, amount in ((today, before), (changed, after)):
        assert text.endswith(f" = {amount}") if amount != "0.00" else "nothing" in text
    assert amounts(bill()).get(pair, Decimal(0)) == Decimal(before)
    assert amounts(bill(change=CHANGE)).get(pair, Decimal(0)) == Decimal(after)
    assert Decimal(before) in (0, Decimal(gib) * MONTH * DIRECT)
    assert Decimal(after) in (0, Decimal(gib) * MONTH * BY_FIREWALL)


def test_the_readme_says_what_spoke_to_spoke_costs_and_what_the_change_costs_more() -> None:
    measured, today, changed = readme_rows()["spoke to spoke"]
    assert (measured, today, changed) == ("15", "219.00 USD", "592.76 USD")
    assert Decimal(15) * MONTH * DIRECT == Decimal("219.00")
    assert Decimal("14.5") * MONTH * BY_FIREWALL == Decimal("592.76"), "reports and shop is denied"
    difference = price_difference(bill(), bill(change=CHANGE))
    assert f"{difference.difference:.6f}" == "373.760000" and "That is 373.76 USD a month more." in README
    assert f"{difference.stopped:.6f}" == "7.300000"
    spokes = {pair for pair in amounts(bill()) if not pair[1].startswith("198.")}
    assert sum(amounts(bill())[pair] for pair in spokes) == Decimal("219.00")


def test_with_the_missing_rule_it_costs_as_much_more_as_the_readme_says(tmp_path: Path) -> None:
    text = TOPOLOGY.read_text(encoding="utf-8")
    mended = tmp_path / "topology.yaml"
    at = text.index("          - {name: shop-to-payments")
    mended.write_text(f"{text[:at]}          - {MISSING_RULE}\n{text[at:]}", encoding="utf-8")
    more = bill(mended, CHANGE).total - bill(change=CHANGE).total
    assert f"{more:.6f}" == f"{Decimal('0.5') * MONTH * BY_FIREWALL:.6f}" == "20.440000"
    assert "0.5 × 730 × 0.056 = 20.44" in README
    assert not sim.what_if(network_of(mended), sim.load_change(CHANGE), flows=committed_log()).of("breaks")


def test_what_either_nic_logs_is_predicted() -> None:
    """Its code is among those that would be right, and X where the traffic is encrypted and nowhere else."""
    replay = sim.replay(network_of(TOPOLOGY), committed_log())
    names = {address: end.name for end in replay.network.endpoints for address in end.addresses}
    held, found = replay.conversations, defaultdict(set)
    for at, number in enumerate(replay.encryption.number.tolist()):
        source, destination = held.source.text(at), held.destination.text(at)
        flow = names[source], names.get(destination, destination), str(held.destination_port[at])
        found[*flow, DIRECTIONS[held.direction[at]]].add(replay.encryption.answers[number].accepted)
    with (FOLDER / "traffic.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told = {
        (source, row["destination"], row["port"], direction): row[key]
        for row in rows
        for source in row["source"].split()
        for direction, key in (("Outbound", "code_at_source"), ("Inbound", "code_at_destination"))
        if row[key]
    }
    assert found.keys() == told.keys()
    for key, code in told.items():
        [accepted] = found[key]
        assert code in accepted and ("X" in accepted) == (code == "X"), key


def test_the_firewall_takes_the_encryption_that_the_readme_says_it_takes() -> None:
    before, after = bill(), bill(change=CHANGE)
    rows = encryption_impact(before.replay, after.replay)
    assert {(row.kind, row.source, row.destination) for row in rows} == {
        ("encryption_lost", "vm-shop1", "vm-orders1"),
        ("encryption_lost", "vm-shop2", "vm-orders1"),
        ("encryption_lost", "vm-reports1", "vm-sql1"),
    }
    assert all("Standard" in row.after.blocker for row in rows)
