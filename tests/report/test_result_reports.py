"""Each kind of result as a report: people, spreadsheets and programs are told the same facts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Issue
from simulator.comparison.diff import diff
from simulator.comparison.labels import protocol_name
from simulator.flows.read import read_flow_logs
from simulator.flows.records import FlowRecords
from simulator.flows.replay import Replay, replay
from simulator.lints.finding import Finding
from simulator.network.effective_rules import effective_security_rules
from simulator.network.load import load
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from simulator.report.document import Lines, Report, Table
from simulator.report.effective_routes import effective_routes_report
from simulator.report.effective_rules import admin_rules_asked, effective_rules_report
from simulator.report.formats import OutputFormat, render
from simulator.report.impact import impact_report
from simulator.report.issues import finding_data, issue_text, issues_report, worst_first
from simulator.report.mismatches import mismatches_report
from simulator.report.replay import replay_report, verdict_counts
from simulator.report.side_effects import SideEffects, effects_line
from simulator.report.tags import tag_report
from simulator.report.topology import topology_report
from simulator.report.trace import trace_report
from simulator.report.words import service
from simulator.space.addresses import parse_prefix
from simulator.walk.explain import explain, ip_flow_verify
from simulator.walk.reasons import REASONS
from simulator.whatif.change import load_change, parse_change
from simulator.whatif.encryption_impact import encryption_impact
from simulator.whatif.impact import Impact, what_if


@pytest.fixture(scope="module")
def hub_spoke(scenarios: Path) -> Network:
    return load(scenarios / "hub-spoke")


@pytest.fixture(scope="module")
def replayed(hub_spoke: Network, scenarios: Path) -> Replay:
    return replay(hub_spoke, read_flow_logs(scenarios / "hub-spoke" / "flows.json.gz"))


@pytest.fixture(scope="module")
def impact(hub_spoke: Network, scenarios: Path, replayed: Replay) -> Impact:
    return what_if(
        hub_spoke, load_change(scenarios / "hub-spoke" / "change-lock-down-sql.yaml"), flows=replayed.records
    )


def text(report: Report) -> str:
    return render(report, OutputFormat.TABLE, stream=None, tool_version="1")


def data(report: Report) -> dict[str, object]:
    parsed = json.loads(render(report, OutputFormat.JSON, stream=None, tool_version="1"))
    assert isinstance(parsed, dict)
    return parsed


def table(report: Report, title: str) -> Table:
    [found] = [block for block in report.blocks if isinstance(block, Table) and block.title == title]
    return found


def test_replay_counts_what_should_be_encrypted_of_what_passed(replayed: Replay) -> None:
    report = replay_report(replayed)
    rows = table(report, "Predicted encryption").rows
    assert [row[:2] for row in rows] == [
        ("encrypted", "X"),
        ("not encrypted", "NX"),
        ("not encrypted", "NX_FALLBACK"),
        ("not known", None),
    ]
    passed = ~replayed.conversations.is_denied
    assert sum(int(row[2] or 0) for row in rows) == int(passed.sum())
    said = data(report)
    totals = said["encryption"]
    assert isinstance(totals, dict) and [*totals] == ["encrypted", "not_encrypted", "not_known"]
    assert totals["encrypted"]["conversations"] == rows[0][2]
    traffic = replayed.conversations.bytes_sent + replayed.conversations.bytes_received
    assert sum(held["bytes"] for held in totals.values()) == int(traffic[passed].sum())
    codes = {row["encryption"] for row in said["conversations"]}  # type: ignore[attr-defined]
    assert codes == {"X", "NX", "NX_FALLBACK", None}
    assert {row["observed_encryption"] for row in said["conversations"]} == {"X", "NX", "NX_FALLBACK"}  # type: ignore[attr-defined]
    columns = report.records().columns
    assert "Encryption" in columns and "Logged encryption" in columns


def test_where_nothing_encrypts_replay_says_nothing_of_it(scenarios: Path) -> None:
    network = load(scenarios / "golden" / "q07-spokes-without-a-route")
    report = replay_report(replay(network, FlowRecords.of([])))
    assert not any(isinstance(block, Table) and block.title == "Predicted encryption" for block in report.blocks)


def test_issues_are_told_worst_first_in_the_form_of_an_error() -> None:
    info, warning, error = (
        Issue("info", "VNS1105", "not modelled"),
        Issue("warning", "VNS2010", "unknown tag 'x'", "a.yaml:3:1", "did you mean y?"),
        Issue("error", "VNS2004", "priority 90", "a.yaml:2:1"),
    )
    assert worst_first((info, warning, error)) == [error, warning, info]
    assert issue_text(warning) == "warning[VNS2010]: unknown tag 'x'\n  at a.yaml:3:1\n  hint: did you mean y?"
    place = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/routeTables/rt/routes/x"
    assert issue_text(Issue("info", "VNS2032", "m", place), is_short=True).endswith("\n  at routeTables/rt/routes/x")


def test_check_counts_what_was_read(hub_spoke: Network) -> None:
    report = issues_report(hub_spoke)
    counts = {row[0]: row[1] for row in table(report, "Read").rows}
    assert counts["virtualNetworks"] == 4
    assert counts["subnets"] == len(hub_spoke.subnets)
    assert counts["virtualNetworkPeerings"] == 6
    assert data(report)["resources"] == counts
    assert len(report.records().rows) == len(hub_spoke.issues)
    assert data(report)["lints"] is None and "lints" not in text(report)


def test_check_tells_what_the_lints_find_after_the_issues(hub_spoke: Network) -> None:
    rule = ResourceId(f"{hub_spoke.endpoints[0].id}/rules/r")
    findings = [
        Finding("info", "VNS6002", "redundant", "place"),
        Finding("error", "VNS6001", "shadowed", "place", "hint", (rule, rule)),
    ]
    report = issues_report(hub_spoke, findings)
    printed = text(report)
    order = ["For information", "Lints, errors", "VNS6001", "Lints, for information", "VNS6002"]
    assert [printed.index(part) for part in order] == sorted(printed.index(part) for part in order)
    assert report.headline.text.endswith("for information; lints: 1 error, 1 for information")
    assert report.headline.tone == "bad"
    assert data(report)["lints"] == [finding_data(findings[1]), finding_data(findings[0])]
    assert finding_data(findings[1])["involved"] == [str(rule)] * 2
    assert report.records().rows[-2][-1] == f"{rule} {rule}"
    assert len(report.records().rows) == len(hub_spoke.issues) + 2


def test_the_topology_lists_everyone(hub_spoke: Network) -> None:
    report = topology_report(hub_spoke)
    assert {row[0] for row in table(report, "Endpoints").rows} == {held.name for held in hub_spoke.endpoints}
    assert table(report, "Gateways").rows == (("ergw-hub", "ExpressRoute", "vnet-hub", "192.168.0.0/16"),)
    assert len(report.records().rows) == len(hub_spoke.subnets) + len(hub_spoke.endpoints)
    assert data(report)["on_premises"] == [
        {
            "name": "hq",
            "prefixes": ["192.168.0.0/16"],
            "gateway": str(hub_spoke.gateways[0].id),
            "hosts": {
                "admin1": "192.168.10.5",
                "backup1": "192.168.20.15",
                "dc1": "192.168.0.10",
                "desk1": "192.168.64.31",
            },
        }
    ]


def test_a_route_of_many_prefixes_is_short_for_people_only() -> None:
    prefixes = tuple(f"20.{number}.0.0/16" for number in range(250))
    route = EffectiveRoute("Default", "Active", prefixes, "VirtualNetworkServiceEndpoint")
    report = effective_routes_report("vm", (route,))
    [shown] = [block for block in report.blocks if isinstance(block, Table)]
    assert shown.rows[0][2] == "20.0.0.0/16 20.1.0.0/16 20.2.0.0/16 +247 more"
    assert report.records().rows[0][2] == " ".join(prefixes)
    assert json.dumps(report.data()).count("/16") == 250


def test_effective_rules_are_readable(hub_spoke: Network) -> None:
    nic = hub_spoke.endpoint("vm-sql1")
    assert nic is not None
    report = effective_rules_report("vm-sql1", effective_security_rules(hub_spoke, nic.id))
    assert table(report, "nsg-sql1 (NIC), inbound").rows[0] == (
        100,
        "deny-batch",
        "Deny",
        "Tcp",
        "10.1.4.192/26",
        "*",
        "1433",
    )
    names = {row[4] for row in report.records().rows if row[:2] == ("nsg-sql", "subnet")}
    assert {"allow-sql-from-app", "deny-all-in", "DenyAllOutBound"} <= names


def test_admin_rules_come_before_the_groups(hub_spoke: Network) -> None:
    nic = hub_spoke.endpoint("vm-sql1")
    assert nic is not None
    rules = effective_security_rules(hub_spoke, nic.id)
    report = effective_rules_report("vm-sql1", rules, admin=admin_rules_asked(hub_spoke, nic))
    shown = table(report, "Security admin rules of vnet-large, inbound").rows
    assert [row[:3] for row in shown[:3]] == [
        (10, "always-allow-monitoring", "AlwaysAllow"),
        (20, "allow-jump", "Allow"),
        (100, "deny-high-risk-from-internet", "Deny"),
    ]
    assert table(report, "Security admin rules of vnet-large, outbound").rows[0][:3] == (
        200,
        "deny-smb-to-internet",
        "Deny",
    )
    printed = text(report)
    assert printed.index("Security admin rules of") < printed.index("nsg-sql1 (NIC), inbound")
    assert data(report) == rules.to_azure()
    assert report.records().rows[0][:5] == ("avnm/baseline/spokes", "admin", "Inbound", 10, "always-allow-monitoring")


def test_a_network_without_managers_says_nothing_of_admin_rules(scenarios: Path, hub_spoke: Network) -> None:
    held = load(scenarios / "lab-2024")
    assert {admin_rules_asked(held, endpoint) for endpoint in held.endpoints} == {None}
    jump = hub_spoke.endpoint("vm-jump1")
    assert jump is not None
    report = effective_rules_report(
        "vm-jump1", effective_security_rules(hub_spoke, jump.id), admin=admin_rules_asked(hub_spoke, jump)
    )
    assert "Security admin rules of vnet-hub: none reaches it" in text(report)
    exempt = replace(jump, subnet=jump.virtual_network.child("subnets", "AzureBastionSubnet"))
    asked = admin_rules_asked(hub_spoke, exempt)
    assert asked is not None and asked.is_exempt and not asked.rules


def test_a_tag_is_printed_as_prefixes() -> None:
    report = tag_report("Mine", (parse_prefix("10.0.0.0-10.0.0.2"),))
    assert data(report)["prefixes"] == ["10.0.0.0/31", "10.0.0.2/32"]
    assert text(report).splitlines()[0] == "Mine: 2 prefixes"


def test_replay_counts_every_conversation_once(replayed: Replay) -> None:
    report = replay_report(replayed)
    counts = verdict_counts(replayed)
    assert sum(counts.values()) == len(replayed) == len(report.records().rows)
    fates = table(report, "Predicted verdicts")
    assert sum(int(row[2] or 0) for row in fates.rows) == len(replayed)
    assert {row[1] for row in fates.rows} <= {reason.code for reason in REASONS}
    assert data(report)["verdicts"] == counts


def test_the_deciding_rules_are_counted_rightly(replayed: Replay) -> None:
    shown = table(replay_report(replayed, rules_shown=3), "Rules that decided most").rows
    rules = [str(prediction.rule) for prediction in replayed.predictions if prediction.rule is not None]
    assert [row[4] for row in shown] == [rules.count(str(row[0])) for row in shown]
    assert shown[0][4] == max(np.unique(rules, return_counts=True)[1])


def test_diff_tells_each_group_its_place(replayed: Replay) -> None:
    mismatches = diff(replayed)
    report = mismatches_report(mismatches)
    printed = text(report)
    assert printed.index("Verdict mismatch:") < printed.index("Rule mismatch:")
    for row in (*mismatches.of("verdict_mismatch"), *mismatches.of("rule_mismatch")):
        assert row.text in printed
        assert f"at {row.locators[0]}" in printed
    assert len(report.records().rows) == len(mismatches)
    assert data(report)["summary"] == mismatches.summary()
    brief = text(mismatches_report(mismatches, is_brief=True))
    assert brief.startswith(report.headline.text)
    assert "Platform rule:" not in brief and "Severity" not in brief and "… and 2 more groups" in brief


def test_diff_does_not_call_an_unpredicted_log_right(scenarios: Path, replayed: Replay) -> None:
    elsewhere = diff(replay(load(scenarios / "lab-2024"), replayed.records))
    assert elsewhere.coverage == 0
    assert text(mismatches_report(elsewhere)).startswith("nothing could be compared")


def test_what_if_says_what_breaks_before_what_opens(impact: Impact) -> None:
    report = impact_report(impact, network="net", change="change.yaml")
    printed = text(report)
    assert printed.startswith("What-if lock-down-sql: ")
    order = ["✕ BREAKS", "Breaks: ", "Opens: ", "Same verdict, another rule", "Keep in mind", "Look closer"]
    assert [printed.index(part) for part in order] == sorted(printed.index(part) for part in order)
    assert "--change change.yaml" in printed
    assert "Same verdict" not in text(impact_report(impact, network="net", change="c.yaml", is_brief=True))
    assert data(report)["summary"] == impact.summary()
    assert len(report.records().rows) == len(impact)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("resize_virtual_machine: {vm: vm-sql2, size: Standard_E8s_v3}", "LOSES ENCRYPTION 168 conversations"),
        ("peer_virtual_networks: {vnets: [vnet-large, vnet-medium]}", "GAINS ENCRYPTION 92 conversations"),
        (
            "set_encryption: {vnet: vnet-large, enabled: true, enforcement: DropUnencrypted}",
            "WOULD DROP UNENCRYPTED 24 conversations",
        ),
        ("remove_security_rule: {nsg: nsg-web, rule: allow-ssh-from-jump}", ""),
    ],
)
def test_what_becomes_of_encryption_is_said_in_a_line(
    hub_spoke: Network, replayed: Replay, steps: str, said: str
) -> None:
    changed = what_if(hub_spoke, parse_change(f"changes: [{steps}]"), flows=replayed.records)
    assert effects_line(SideEffects(encryption_impact(changed.before, changed.after))) == said


def test_a_change_without_effect_says_so(hub_spoke: Network, replayed: Replay, tmp_path: Path) -> None:
    path = tmp_path / "nothing.yaml"
    path.write_text("name: nothing\nchanges: []\n", encoding="utf-8")
    report = impact_report(what_if(hub_spoke, load_change(path), flows=replayed.records), network="n", change="c")
    assert report.headline.text == "What-if nothing: no recorded conversation changes its verdict"
    assert report.headline.tone == "good"


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("vm-erp1", "vm-sql1:1433", ("ALLOW", "DELIVERED", "fw-hub/erp-to-shop-sql", "The way back")),
        ("vm-batch1", "vm-sql1:1433", ("DENY", "NSG_RULE_DENY", "nsg-sql1/deny-batch", "✕ NIC NSG inbound")),
        ("desk1", "vm-edge1:443", ("DENY", "ASYMMETRIC_RETURN")),
        ("vm-web1", "168.63.129.16:53/udp", ("ALLOW", "DELIVERED", "answered by the platform")),
        ("vm-web1", "168.63.129.16:9999/tcp", ("UNKNOWN", "PLATFORM_SERVICE_UNKNOWN", "?")),
        ("vm-jump1", "vm-report1/icmp", ("ALLOW", "ICMP 10.1.3.132 → 10.1.5.100")),
    ],
)
def test_a_trace_tells_the_whole_story(
    source: str, destination: str, words: tuple[str, ...], hub_spoke: Network
) -> None:
    trace = explain(hub_spoke, source, destination)
    report = trace_report(trace)
    printed = text(report)
    for word in words:
        assert word in printed
    steps = [step for hop in (*trace.hops, *trace.return_hops) for step in hop.steps]
    assert len(report.records().rows) == len(steps)
    assert all(step.text in printed for step in steps)
    assert data(report)["verdict"] == words[0]


def test_azures_own_answer_comes_first(hub_spoke: Network) -> None:
    verified = ip_flow_verify(hub_spoke, "vm-sql1", "Inbound", "TCP", "10.1.4.132:1433", "10.1.4.196:50000")
    report = trace_report(explain(hub_spoke, "vm-batch1", "vm-sql1:1433"), verified)
    first, second = report.blocks[:2]
    assert isinstance(first, Table) and first.rows[:2] == (
        ("Access", "Deny", "DENY"),
        ("RuleName", "securityRules/deny-batch", "nsg-sql1/deny-batch, priority 100, NIC NSG"),
    )
    assert isinstance(second, Lines) and second.title == "End to end"


def test_services_are_named_as_people_write_them() -> None:
    assert [service("TCP", 443), service("UDP", 53), service("ICMP", -1), service("47", -1)] == [
        "tcp/443",
        "udp/53",
        "icmp",
        "47",
    ]
    assert [protocol_name(6), protocol_name(58), protocol_name(132)] == ["TCP", "ICMPV6", "132"]
