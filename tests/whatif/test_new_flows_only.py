"""Golden question 3: flows that stand when the change is made outlive new filters, but not new routes or firewalls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.azure.firewall import FirewallPolicy
from simulator.azure.snapshot import Snapshot
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import replay
from simulator.network.model import Network
from simulator.report.formats import OutputFormat, render
from simulator.report.impact import impact_report
from simulator.whatif.change import Change
from simulator.whatif.impact import Impact, impact_of, what_if
from simulator.whatif.standing import changes_filters_only
from simulator.whatif.step import Position
from tests.comparison.small_network import TOPOLOGY, WEB, log_of, logged, network_from
from tests.whatif.test_impact import DENY_WEB, begun, change_of, denial, recorded, sent

Ask = Callable[..., Impact]
MINUTE = timedelta(minutes=1)
ROUTED = TOPOLOGY.replace("web: 10.0.1.0/24", "web: {prefix: 10.0.1.0/24, route_table: rt}") + (
    "route_tables:\n  rt: {routes: {}}\n"
)
DROP = "add_route: {route_table: rt, route: {name: away, prefix: 10.0.2.0/24, next_hop: None}}"
HERE = "add_route: {route_table: rt, route: {name: here, prefix: 10.0.2.0/24, next_hop: VnetLocal}}"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    network = network_from(tmp_path_factory.mktemp("routed"), ROUTED)
    return lambda change, *rows: what_if(network, change, flows=log_of(*rows), new_flows_only=True)


def going_on(port: int) -> FlowRecord:
    return logged(port, "DefaultRule_AllowVnetInBound", "C", bytes_sent=1)


def later(row: FlowRecord, minutes: float) -> FlowRecord:
    return replace(row, time=row.time + minutes * MINUTE)


def outcome(impact: Impact) -> tuple[list[str], int]:
    return [row.kind for row in impact], impact.surviving


@pytest.mark.parametrize("rows", [(begun(5432),), (going_on(5432),), (begun(5432), going_on(5432))])
def test_a_new_denial_leaves_flows_that_stand(ask: Ask, rows: tuple[FlowRecord, ...]) -> None:
    impact = ask(change_of(DENY_WEB), *rows)
    assert outcome(impact) == ([], 1)
    assert (impact.conversations, impact.summary()["unchanged"], impact.mode) == (1, 1, "new_flows_only")
    mode, surviving, *_ = impact.notes
    assert mode.startswith("new_flows_only: a flow that stands when the log ends")
    assert surviving.startswith("1 conversation that stands would be denied after the change if begun anew: it goes on")


@pytest.mark.parametrize(
    "rows",
    [
        (begun(5432), sent(5432)),
        (begun(5432), later(begun(80), 10)),
        (begun(5432), sent(5432), later(begun(80), 10)),
    ],
)
def test_a_flow_that_has_ended_or_fallen_idle_must_begin_anew(ask: Ask, rows: tuple[FlowRecord, ...]) -> None:
    assert outcome(ask(change_of(DENY_WEB), *rows)) == (["breaks"], 0)


def test_a_flow_that_may_still_be_there_between_two_tuples_stands(ask: Ask) -> None:
    assert outcome(ask(change_of(DENY_WEB), begun(5432), later(begun(80), 8.5))) == ([], 1)


def test_a_longer_timeout_of_the_virtual_network_counts(tmp_path: Path) -> None:
    longer = TOPOLOGY.replace("address_space: 10.0.0.0/16,", "address_space: 10.0.0.0/16, flow_timeout_in_minutes: 20,")
    rows = log_of(begun(5432), later(begun(80), 20))
    for topology, survives in ((TOPOLOGY, 0), (longer, 1)):
        impact = what_if(network_from(tmp_path, topology), change_of(DENY_WEB), flows=rows, new_flows_only=True)
        assert impact.surviving == survives


def test_what_was_denied_is_tried_anew(ask: Ask) -> None:
    denied = logged(22, "UserRule_deny-ssh", "D")
    assert outcome(ask(change_of("remove_security_rule: {nsg: nsg-sql, rule: deny-ssh}"), denied)) == (["opens"], 0)


def test_a_new_route_applies_to_flows_that_stand(ask: Ask) -> None:
    for change in (change_of(DROP), change_of(DENY_WEB, DROP)):
        impact = ask(change, begun(5432))
        assert outcome(impact) == (["breaks"], 0)
        assert impact.rows[0].after.reason == "ROUTE_NONE" and impact.rows[0].after.rule is None
    impact = ask(change_of(DENY_WEB, HERE), begun(5432))
    assert outcome(impact) == (["other_route"], 1)
    [row] = impact.rows
    assert row.after.rule == row.before.rule and row.after.rule is not None and row.after.rule.name == "allow-all"


def test_a_flow_that_both_ends_logged_survives_once(ask: Ask) -> None:
    other_end = {"mac": WEB, "direction": "Outbound"}
    assert outcome(ask(change_of(DENY_WEB), begun(5432), begun(5432, **other_end))) == ([], 1)


def test_filters_are_all_that_some_changes_touch() -> None:
    filters = (DENY_WEB, "attach_security_group: {nsg: nsg-sql, nic: vm-web}")
    assert changes_filters_only(change_of(*filters))
    assert not changes_filters_only(change_of(*filters, "attach_route_table: {route_table: rt, subnet: vnet/sql}"))


BEHIND_FIREWALL = """
name: cut
virtual_networks:
  vnet:
    address_space: 10.0.0.0/16
    subnets:
      a: {prefix: 10.0.1.0/24, route_table: via, nsg: nsg}
      b: {prefix: 10.0.2.0/24, route_table: via}
      AzureFirewallSubnet: 10.0.0.0/26
route_tables:
  via: {routes: {a: 10.0.1.0/24 -> 10.0.0.4, b: 10.0.2.0/24 -> 10.0.0.4}}
network_security_groups: {nsg: []}
azure_firewalls: {fw: {vnet: vnet, ip: 10.0.0.4, policy: pol}}
firewall_policies:
  pol:
    collections:
      - {name: all, priority: 100, action: Allow, rules: [{name: any, protocols: [Any], source: "*", destination: "*", ports: "*"}]}
virtual_machines:
  vm-a: {subnet: vnet/a, ip: 10.0.1.4, mac: 00-0D-3A-00-00-01}
  vm-b: {subnet: vnet/b, ip: 10.0.2.4, mac: 00-0D-3A-00-00-02}
"""  # noqa: E501


@dataclass(frozen=True)
class CloseFirewall:
    """A kind of step that change files do not have yet: the policy loses its rules."""

    position: Position

    def apply(self, snapshot: Snapshot) -> Snapshot:
        [policy] = snapshot.all(FirewallPolicy)
        return snapshot.with_resource(policy.model_copy(update={"rule_collection_groups": ()}))


def test_azure_firewall_drops_sessions_that_its_rules_now_deny(tmp_path: Path) -> None:
    """E4b: the opposite of a security group."""
    network = network_from(tmp_path, BEHIND_FIREWALL)
    end = {"mac": "000D3A000001", "direction": "Outbound"}
    flows = log_of(begun(5432, **end))
    close = Change("close", (CloseFirewall(None),))  # type: ignore[arg-type]
    impact = what_if(network, close, flows=flows, new_flows_only=True)
    assert outcome(impact) == (["breaks"], 0)
    assert impact.rows[0].after.reason == "FIREWALL_DEFAULT_DENY"
    silent = change_of(
        "add_security_rule: {nsg: nsg, rule: {name: s, priority: 100, direction: Outbound, access: Deny}}"
    )
    assert outcome(what_if(network, silent, flows=flows, new_flows_only=True)) == ([], 1)


def test_the_report_says_how_many_survive(ask: Ask) -> None:
    impact = ask(change_of(DENY_WEB), begun(5432), begun(80))
    report = impact_report(impact, network="net", change="change.yaml")
    printed = render(report, OutputFormat.TABLE, stream=None, tool_version="1")
    assert "2 do not change (1 only until they end or fall idle)" in printed
    assert "1 conversation that stands would be denied" in printed
    data = report.data()
    assert isinstance(data, dict) and (data["mode"], data["surviving"]) == ("new_flows_only", 1)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_new_flows_only_breaks_no_more_than_the_steady_state(seed: int) -> None:
    network, flows = recorded(seed)
    there, _ = denial(network, seed)
    steady, kept = (what_if(network, change_of(there), flows=flows, new_flows_only=only) for only in (False, True))
    assert kept.conversations == steady.conversations and steady.surviving == 0
    assert kept.summary()["breaks"] + kept.surviving >= steady.summary()["breaks"] >= kept.summary()["breaks"]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_log_in_which_everything_has_ended_has_one_impact_in_both_modes(seed: int) -> None:
    network, flows = recorded(seed)
    there, _ = denial(network, seed)
    ended = _all_ended(network, flows)
    steady, kept = (what_if(network, change_of(there), flows=ended, new_flows_only=only) for only in (False, True))
    assert (kept.rows, kept.surviving) == (steady.rows, 0)


def _all_ended(network: Network, flows: FlowRecords) -> FlowRecords:
    """`flows`, and an hour later the last of them once more."""
    if not len(flows):
        return flows
    last = replace(flows[len(flows) - 1], state="D")
    return FlowRecords.of([*flows, replace(last, time=last.time + 60 * MINUTE)])


def test_impact_of_replays_takes_the_mode_too(ask: Ask, tmp_path: Path) -> None:
    network = network_from(tmp_path, ROUTED)
    replayed = replay(network, log_of(begun(80)))
    impact = impact_of(change_of(), replayed, replayed, new_flows_only=True)
    assert (impact.rows, impact.mode) == ((), "new_flows_only")
    assert np.array_equal(impact.before.packet, impact.after.packet)
