"""What a change does to recorded traffic: the rows, their order and figures, and laws that hold of any change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.dataplane.plane import DataPlane
from simulator.errors import ChangeError
from simulator.flows.conversations import Conversations
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import Replay, replay
from simulator.flows.rule_names import ZERO_GUID
from simulator.flows.synthetic import generate
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.reasons import CODE_OF, Verdict
from simulator.whatif.change import Change, parse_change
from simulator.whatif.impact import Impact, impact_of, what_if
from tests.comparison.small_network import NOON, TOPOLOGY, WEB, log_of, logged, network_from
from tests.strategies import random_packets, random_snapshot

Ask = Callable[..., Impact]
DENY_WEB = (
    "add_security_rule: {nsg: nsg-sql, rule: {name: deny-web, priority: 101, direction: Inbound, access: Deny,"
    " source: 10.0.1.0/24, ports: 5000-6000}}"
)


def change_of(*steps: str) -> Change:
    return parse_change("changes:\n" + "".join(f"  - {step}\n" for step in steps) if steps else "changes: []")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return network_from(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def ask(network: Network) -> Ask:
    return lambda change, *rows: what_if(network, change, flows=log_of(*rows))


def sent(port: int, **more: Any) -> FlowRecord:
    return logged(port, "DefaultRule_AllowVnetInBound", "E", bytes_sent=700, bytes_received=300, **more)


def begun(port: int, **more: Any) -> FlowRecord:
    return logged(port, "DefaultRule_AllowVnetInBound", "B", **more)


def test_a_row_says_who_loses_what_because_of_which_rule(ask: Ask) -> None:
    impact = ask(change_of(DENY_WEB), begun(5432), sent(5432), begun(80))
    [row] = impact.rows
    assert (row.kind, row.source, row.destination, row.protocol, row.port) == (
        "breaks",
        "vm-web",
        "vm-sql",
        "TCP",
        5432,
    )
    assert (row.conversations, row.bytes, row.attempts, row.last_seen) == (1, 1000, 1, NOON + timedelta(seconds=1))
    assert (row.before.verdict, row.after.verdict, row.after.reason) == (Verdict.ALLOW, Verdict.DENY, "NSG_RULE_DENY")
    assert row.before.rule is not None and row.after.rule is not None
    assert (row.before.rule.name, row.after.rule.name, row.after.rule.priority) == ("allow-all", "deny-web", 101)
    assert row.after.rule.acl.name == "nsg-sql"
    assert row.after.route is not None and row.after.route.next_hop_type == "VnetLocal"
    witness = row.witness
    assert (witness.source, witness.source_port) == ("10.0.1.4", 50000)
    assert (witness.destination, witness.destination_port, witness.protocol) == ("10.0.2.4", 5432, "TCP")
    was, becomes = "allowed by nsg-nic/allow-all (100)", "denied by nsg-sql/deny-web (101) [NSG_RULE_DENY]"
    assert row.text == f"vm-web -> vm-sql tcp/5432: {was} -> {becomes}"
    assert impact.summary() == {
        "breaks": 1,
        "opens": 0,
        "breaks_in_part": 0,
        "opens_in_part": 0,
        "may_break": 0,
        "may_open": 0,
        "other_rule": 0,
        "other_route": 0,
        "unchanged": 1,
    }


def test_a_flow_that_both_ends_logged_counts_once(ask: Ask) -> None:
    other_end = {"mac": WEB, "direction": "Outbound"}
    impact = ask(change_of(DENY_WEB), begun(5432), sent(5432), begun(5432, **other_end), sent(5432, **other_end))
    [row] = impact.rows
    assert (row.conversations, row.bytes, row.attempts) == (1, 1000, 1)
    assert impact.conversations == 1


@pytest.mark.parametrize("steps", [("route",), ("deny",), ("route", "deny")])
def test_a_flow_that_both_ends_logged_changes_once_whatever_the_two_nics_say(
    tmp_path: Path, steps: tuple[str, ...]
) -> None:
    topology = TOPOLOGY.replace("web: 10.0.1.0/24", "web: {prefix: 10.0.1.0/24, route_table: rt}")
    network = network_from(tmp_path, topology + "route_tables:\n  rt: {routes: {}}\n")
    route = "{name: away, prefix: 10.0.2.0/24, next_hop: 10.0.9.9}"
    made = {"route": f"add_route: {{route_table: rt, route: {route}}}", "deny": DENY_WEB}
    out = {"mac": WEB, "direction": "Outbound"}
    flows = log_of(begun(5432), sent(5432), begun(5432, **out), sent(5432, **out))
    impact = what_if(network, change_of(*(made[step] for step in steps)), flows=flows)
    [row] = impact.rows
    assert row.kind == ("breaks" if "deny" in steps else "may_break")
    assert (row.conversations, row.bytes, row.attempts) == (1, 1000, 1)
    assert (impact.conversations, impact.undecided, impact.summary()["unchanged"]) == (1, 0, 0)


@pytest.mark.parametrize("rule", ["PlatformRule", "DefaultRule_AllowVnetOutBound"])
def test_a_reply_that_is_logged_as_a_flow_of_its_own_does_not_break(ask: Ask, rule: str) -> None:
    silent = "{name: silent, priority: 100, direction: Outbound, access: Deny}"
    back = {"direction": "Outbound", "source": "10.0.2.4", "destination": "10.0.1.4", "source_port": 1433}
    acl = {"acl": ZERO_GUID} if rule == "PlatformRule" else {}
    reply = [logged(50000, rule, state, **back, **acl) for state in ("B", "E")]  # type: ignore[arg-type]
    change = change_of(f"add_security_rule: {{nsg: nsg-sql, rule: {silent}}}")
    impact = ask(change, begun(1433), *reply)
    assert (impact.rows, impact.conversations, impact.summary()["unchanged"]) == ((), 1, 1)
    assert [row.kind for row in ask(change, *reply)] == ["breaks"], "nobody asked: a flow of its own"


def test_what_breaks_stands_first_the_most_traffic_first_then_what_opens_then_the_rest(ask: Ask) -> None:
    change = change_of(
        DENY_WEB,
        "remove_security_rule: {nsg: nsg-sql, rule: deny-ssh}",
        "remove_security_rule: {nsg: nsg-sql, rule: allow-web}",
    )
    rows = [begun(22), begun(1433), begun(5001), begun(5002), sent(5002), begun(5003), begun(5003, source_port=50001)]
    assert [(row.kind, row.port) for row in ask(change, *rows)] == [
        ("breaks", 5002),
        ("breaks", 5003),
        ("breaks", 5001),
        ("opens", 22),
    ]
    detached = ask(change_of("detach_security_group: {nic: vm-sql, nsg: nsg-nic}"), *rows)
    assert {row.kind for row in detached} == {"other_rule"}
    assert detached.of("breaks") == ()


def test_conversations_of_one_source_destination_and_port_are_one_row(ask: Ask) -> None:
    rows = [begun(5000, source_port=port) for port in (1, 2, 3)] + [begun(5001)]
    assert [(row.port, row.conversations) for row in ask(change_of(DENY_WEB), *rows)] == [(5000, 3), (5001, 1)]


def test_a_route_that_changes_without_another_verdict_is_told_last(tmp_path: Path) -> None:
    topology = TOPOLOGY.replace("web: 10.0.1.0/24", "web: {prefix: 10.0.1.0/24, route_table: rt}")
    topology += "route_tables:\n  rt: {routes: {}}\n"
    route = "add_route: {route_table: rt, route: {name: here, prefix: 10.0.2.0/24, next_hop: VnetLocal}}"
    [row] = what_if(network_from(tmp_path, topology), change_of(route), flows=log_of(begun(5000)))
    assert (row.kind, row.before.rule) == ("other_route", row.after.rule)
    assert row.text.endswith("10.0.0.0/16 -> VnetLocal -> 10.0.2.0/24 -> VnetLocal")
    drop = route.replace("VnetLocal", "None")
    [row] = what_if(network_from(tmp_path, topology), change_of(drop), flows=log_of(begun(5000)))
    assert (row.kind, row.after.reason, row.after.rule) == ("breaks", "ROUTE_NONE", None)


def test_what_a_logging_nic_denies_is_denied_even_where_the_rest_of_the_path_is_not_known(ask: Ask) -> None:
    """The log shows a source that the export lacks; the group at the receiver is known all the same."""
    stranger = begun(5432, source="10.0.1.99")
    [row] = ask(change_of(DENY_WEB), stranger)
    assert (row.kind, row.before.reason) == ("may_break", "SOURCE_NOT_IN_EXPORT")
    assert (row.after.verdict, row.after.reason) == (Verdict.DENY, "NSG_RULE_DENY")


def fated(replayed: Replay, code: str) -> Replay:
    """`replayed` as if every packet met one fate."""
    reason = np.full(len(replayed.walked), CODE_OF[code], np.uint8)
    return replace(replayed, walked=replace(replayed.walked, reason=reason))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("DELIVERED", "PATHS_DIFFER", "breaks_in_part"),
        ("PATHS_DIFFER", "ROUTE_NONE", "breaks_in_part"),
        ("ROUTE_NONE", "PATHS_DIFFER", "opens_in_part"),
        ("PATHS_DIFFER", "DELIVERED", "opens_in_part"),
        ("PATHS_DIFFER", "TOO_MANY_PATHS", "may_break"),
        ("TOO_MANY_PATHS", "PATHS_DIFFER", "may_open"),
        ("PATHS_DIFFER", "NAT_POOL_PARTLY_ALLOWED", "other_rule"),
    ],
)
def test_what_some_packets_meet_and_others_do_not_is_neither_allowed_nor_denied(
    network: Network, before: str, after: str, kind: str
) -> None:
    replayed = replay(network, log_of(begun(80)))
    impact = impact_of(change_of(), fated(replayed, before), fated(replayed, after))
    assert [row.kind for row in impact] == [kind]
    assert "intermittent" in impact.rows[0].text
    assert (impact.conversations, impact.undecided) == (1, 0)


def test_notes_say_how_to_read_the_impact(ask: Ask) -> None:
    admin = "{network_manager: avnm, configuration: baseline, collection: block, rule: no-telnet}"
    contradicted = begun(22)
    impact = ask(change_of(f"remove_admin_rule: {admin}"), contradicted, begun(1, source="10.0.1.99"))
    assert impact.mode == "steady_state"
    steady, deployed, undecided, contradictions = impact.notes
    assert steady.startswith("steady_state: every flow is decided anew")
    assert "taken as deployed" in deployed
    assert undecided.startswith("1 conversation is not decided") and impact.undecided == 1
    assert contradictions.startswith("1 recorded conversation contradicts the prediction")


def test_a_change_that_does_not_fit_is_refused(ask: Ask) -> None:
    with pytest.raises(ChangeError):
        ask(change_of("remove_security_rule: {nsg: nsg-sql, rule: nobody}"), begun(80))


def test_no_flows_no_impact(network: Network) -> None:
    impact = what_if(network, change_of(DENY_WEB), flows=FlowRecords.of([]))
    assert (impact.rows, impact.conversations, set(impact.summary().values())) == ((), 0, {0})


def recorded(seed: int) -> tuple[Network, FlowRecords]:
    """A random network, its NICs with MACs as Azure gives them, and the log of 60 packets in it."""
    snapshot = random_snapshot(seed)
    for at, nic in enumerate(snapshot.network_interfaces):
        snapshot = snapshot.with_resource(nic.model_copy(update={"mac_address": f"00-0D-3A-00-00-{at:02X}"}))
    network = build_network(snapshot)
    walked = packet_walk(DataPlane(network), Packets.of(random_packets(network.snapshot, seed, 60)))
    return network, generate(walked, start=datetime(2026, 1, 1, tzinfo=UTC), minutes=10, seed=seed)


def denial(network: Network, seed: int) -> tuple[str, str]:
    """A step that denies everything in one direction at one random group, and its inverse."""
    random = Random(seed)
    group = random.choice(network.snapshot.all(NetworkSecurityGroup))
    direction = random.choice(("Inbound", "Outbound"))
    free = next(p for p in range(100, 4096) if p not in {rule.priority for rule in group.security_rules})
    rule = f"{{name: law, priority: {free}, direction: {direction}, access: Deny}}"
    return (
        f"add_security_rule: {{nsg: {group.id}, rule: {rule}}}",
        f"remove_security_rule: {{nsg: {group.id}, rule: law}}",
    )


def reroutings(network: Network, flows: FlowRecords) -> list[str]:
    """Steps that send what was recorded to a hop that the export does not hold, wherever a route table stands."""
    hosts = sorted({row.destination for row in flows if ":" not in row.destination})
    hops = {
        subnet.route_table: ip_network(vnet.prefixes[0])[-2]
        for vnet in network.snapshot.virtual_networks
        for subnet in vnet.subnets
    }
    return [
        f"add_route: {{route_table: {table.id}, route: "
        f"{{name: to-{at}, prefix: {host}/32, next_hop: {hops[table.id]}}}}}"
        for table in network.snapshot.all(RouteTable)
        for at, host in enumerate(hosts)
        if table.id in hops and f"{host}/32" not in {route.address_prefix for route in table.routes}
    ]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
@pytest.mark.parametrize("steps", ["routes", "rule", "routes, then a rule"])
def test_each_flow_is_changed_undecided_or_unchanged_alone_as_among_others(steps: str, seed: int) -> None:
    network, flows = recorded(seed)
    rerouted = build_network(change_of(*reroutings(network, flows)).apply(network.snapshot))
    deny = change_of(denial(network, seed)[0])
    before = rerouted if steps == "routes, then a rule" else network
    after = rerouted if steps == "routes" else build_network(deny.apply(before.snapshot))

    def told(records: FlowRecords) -> Counter[str]:
        impact = impact_of(deny, replay(before, records), replay(after, records))
        counts = {**impact.summary(), "undecided": impact.undecided}
        assert min(counts.values()) >= 0
        assert sum(counts.values()) == impact.conversations
        return Counter(counts)

    ends: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, row in enumerate(flows):
        pair = frozenset({(row.source, row.source_port), (row.destination, row.destination_port)})
        ends[pair, row.protocol].append(at)
    assert sum((told(flows.select(np.array(rows))) for rows in ends.values()), Counter()) == +told(flows)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_an_empty_change_and_a_change_undone_have_no_impact(seed: int) -> None:
    network, flows = recorded(seed)
    there, back = denial(network, seed)
    assert what_if(network, change_of(), flows=flows).rows == ()
    assert what_if(network, change_of(there, back), flows=flows).rows == ()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_what_a_change_breaks_its_inverse_opens(seed: int) -> None:
    network, flows = recorded(seed)
    there, back = denial(network, seed)
    changed = build_network(change_of(there).apply(network.snapshot))
    forth, reverse = (
        what_if(one, change_of(step), flows=flows).summary() for one, step in ((network, there), (changed, back))
    )
    pairs = (("breaks", "opens"), ("breaks_in_part", "opens_in_part"), ("may_break", "may_open"))
    mirrored = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    assert {mirrored.get(kind, kind): count for kind, count in forth.items()} == reverse
    assert forth["opens"] == 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
@example(4298)
def test_the_order_of_the_flows_does_not_matter(seed: int) -> None:
    """Tuples of one conversation keep their order: it tells a flow that ends at once from one that begins anew."""
    network, flows = recorded(seed)
    there, _ = denial(network, seed)
    conversations = Conversations.of(flows)
    keys = np.array(Random(seed).sample(range(len(conversations)), len(conversations)), np.intp)
    order = np.argsort(keys[conversations.of_record], kind="stable")
    straight, shuffled = (what_if(network, change_of(there), flows=one) for one in (flows, flows.select(order)))
    assert straight.rows == shuffled.rows
    assert straight.summary() == shuffled.summary()


def test_the_changes_of_the_shipped_scenario_apply_and_matter(scenarios: Path) -> None:
    network = build_network(scenario_snapshot(scenarios / "hub-spoke" / "topology.yaml"))
    pairs = [("vm-web1", "vm-sql1"), ("vm-report1", "vm-sql1"), ("vm-app1", "vm-sql1")]
    ends = [(network.endpoint(source), network.endpoint(destination)) for source, destination in pairs]
    packets = Packets.of([(a.addresses[0], b.addresses[0], 50000, 1433, 6) for a, b in ends if a and b])
    flows = generate(packet_walk(DataPlane(network), packets), start=NOON, minutes=10, seed=1)
    change = parse_change((scenarios / "hub-spoke" / "change-lock-down-sql.yaml").read_text(encoding="utf-8"))
    impact = what_if(network, change, flows=flows)
    assert {(row.kind, row.source) for row in impact} == {
        ("breaks", "vm-web1"),
        ("opens", "vm-report1"),
        ("other_rule", "vm-app1"),
    }
