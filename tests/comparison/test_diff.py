"""A log held to its prediction: each explanation arises where it should, with its evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.comparison.categories import CATEGORIES
from simulator.comparison.diff import diff
from simulator.comparison.mismatches import Mismatch, Mismatches
from simulator.flows.records import FlowRecord, FlowRecords, Locator, Malformed
from simulator.flows.replay import replay
from simulator.flows.rule_names import ZERO_GUID
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.walk.reasons import Verdict
from tests.comparison.small_network import GROUP, NOON, PROVIDER, TOPOLOGY, WEB, log_of, logged, network_from

ADMIN = f"{PROVIDER}/networkManagers/avnm/securityAdminConfigurations/baseline"
DENY_ALL, NIC_GROUP = "DefaultRule_DenyAllInBound", GROUP.replace("nsg-sql", "nsg-nic")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return network_from(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def compared(network: Network) -> Callable[..., Mismatches]:
    return lambda *rows: diff(replay(network, log_of(*rows)))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(logged(1433, "UserRule_allow-web"), id="the subnet group's rule"),
        pytest.param(logged(1433, "UserRule_allow-all", acl=NIC_GROUP), id="of two groups that allow, the other"),
        pytest.param(logged(1433, "USERRULE_ALLOW-WEB", acl=GROUP.upper()), id="any case"),
        pytest.param(logged(22, "UserRule_deny-ssh", "D"), id="a denying rule"),
        pytest.param(logged(9999, DENY_ALL, "D", source="40.1.2.3"), id="a default rule"),
        pytest.param(logged(23, "no-telnet", "D", acl=ADMIN), id="an admin rule without suffix"),
        pytest.param(
            logged(
                23,
                f"no-telnet_{WEB.lower().rjust(8, '0')[:8]}-0000-4000-8000-000000000000",
                "D",
                acl=f"{ADMIN}/ruleCollections/block",
            ),
            id="an admin rule with suffix, its collection as ACL",
        ),
        pytest.param(
            logged(23, "no-telnet", "D", acl="12345678-0000-4000-8000-000000000000"), id="a GUID nobody knows"
        ),
        pytest.param(logged(443, "must-https", acl=ADMIN), id="AlwaysAllow goes round the groups"),
        pytest.param(logged(80, "UserRule_allow-all", acl=NIC_GROUP), id="an admin Allow passes on to the groups"),
        pytest.param(
            logged(
                1433,
                "DefaultRule_AllowVnetOutBound",
                mac=WEB,
                direction="Outbound",
                acl=NIC_GROUP.replace("nic", "out"),
            ),
            id="the sender's side",
        ),
    ],
)
def test_a_log_that_says_what_was_predicted_matches(compared: Callable[..., Mismatches], row: FlowRecord) -> None:
    found = compared(row)
    assert found.rows == ()
    assert found.summary()["match"] == 1
    assert not found.has_mismatch and found.coverage == 1


UNENCRYPTED = logged(1433, "unspecified", "D", acl="unspecified", encryption="NX_NOT_ACCEPTED")
OTHER_WAY = {"mac": WEB, "direction": "Outbound", "source": "10.0.1.4", "acl": NIC_GROUP.replace("nic", "out")}


@pytest.mark.parametrize(
    ("row", "category", "kind"),
    [
        (logged(1433, DENY_ALL, "D"), "verdict_mismatch", "predicted_allow_observed_deny"),
        (logged(22, "UserRule_allow-web"), "verdict_mismatch", "predicted_deny_observed_allow"),
        (logged(22, "UserRule_allow-web", "C"), "established", "established"),
        (logged(22, "UserRule_allow-web", "E"), "established", "established"),
        (logged(5000, "UserRule_allow-web"), "rule_mismatch", "other_rule"),
        (logged(1433, "UserRule_allow-old"), "rule_mismatch", "unknown_rule"),
        (logged(1433, "UserRule_allow-web", acl=GROUP.replace("nsg-sql", "nsg-gone")), "rule_mismatch", "unknown_rule"),
        (logged(1433, "UserRule_no-ldap", acl=GROUP.replace("nsg-sql", "nsg-out")), "rule_mismatch", "other_acl"),
        (logged(22, DENY_ALL, "D"), "rule_mismatch", "other_rule"),
        (logged(80, "may-http", acl=ADMIN), "rule_mismatch", "other_acl"),
        (logged(22, "PlatformRule", acl=ZERO_GUID), "platform_rule", "platform_rule"),
        (logged(22, "platformrule", acl=ZERO_GUID), "platform_rule", "platform_rule"),
        (logged(22, "UserRule_allow-web", protocol=1), "unobservable", "icmp"),
        (UNENCRYPTED, "encryption_mismatch", "denied_unencrypted"),
        (replace(UNENCRYPTED, encryption="NX_SW_NOT_READY"), "undecided", "encryption_not_ready"),
        (logged(1433, "UserRule_allow-web", encryption="NX_SW_NOT_READY"), "undecided", "encryption_not_ready"),
        (logged(1433, "UserRule_allow-web", encryption="NX_OF_FUTURE"), "undecided", "encryption_code_unknown"),
        (logged(5000, "UserRule_allow-web", encryption="NX_OF_FUTURE"), "rule_mismatch", "other_rule"),
        (logged(1433, "UserRule_allow-web", encryption="X"), "encryption_mismatch", "predicted_not_observed_encrypted"),
        (logged(1433, "UserRule_allow-web", encryption="NX_FALLBACK"), "encryption_mismatch", "other_code"),
        (logged(5000, "UserRule_allow-web", encryption="NX_FALLBACK"), "encryption_mismatch", "other_code"),
        (logged(22, "UserRule_allow-web", encryption="X"), "verdict_mismatch", "predicted_deny_observed_allow"),
        (logged(1433, "UserRule_allow-web", mac="60450000FFFF"), "unknown_endpoint", "unknown_mac"),
        (logged(1433, DENY_ALL, "D", source="10.0.1.77"), "unknown_endpoint", "unknown_ip"),
        (logged(389, "UserRule_allow-all", acl=NIC_GROUP), "verdict_mismatch", "predicted_deny_observed_allow"),
        (logged(389, DENY_ALL, "D"), "verdict_mismatch", "predicted_allow_observed_deny"),
    ],
)
def test_every_difference_has_its_category_and_kind(
    compared: Callable[..., Mismatches], row: FlowRecord, category: str, kind: str
) -> None:
    found = compared(row)
    [only] = found.rows
    assert (only.category, only.kind) == (category, kind)
    assert found.has_mismatch == (category in ("verdict_mismatch", "encryption_mismatch", "rule_mismatch"))
    assert sum(found.summary().values()) == 1


def test_a_packet_that_was_to_be_stopped_before_and_arrives_all_the_same(compared: Callable[..., Mismatches]) -> None:
    """The sender's group denies port 389; the receiver's own filters would let it in, and did."""
    [row] = compared(logged(389, "UserRule_allow-all", acl=NIC_GROUP)).rows
    assert row.predicted is not None and row.predicted.verdict is Verdict.ALLOW
    assert row.prediction.verdict is Verdict.DENY
    assert "NSG_RULE_DENY" in row.note


def test_a_reply_that_is_logged_as_a_flow_of_its_own_is_no_contradiction(tmp_path: Path) -> None:
    closed = network_from(tmp_path)
    request = logged(1433, "UserRule_allow-web", source="40.1.2.3", source_port=50001)
    reply = logged(22, "DefaultRule_AllowVnetInBound", "B", source="10.0.1.4", source_port=21)
    asked = logged(
        21,
        "DefaultRule_AllowVnetOutBound",
        direction="Outbound",
        source="10.0.2.4",
        destination="10.0.1.4",
        source_port=22,
    )
    rows = diff(replay(closed, log_of(request, asked, reply))).rows
    assert [row.kind for row in rows if row.port == 22] == ["reply_logged_apart"]
    rows = diff(replay(closed, log_of(reply, asked))).rows
    assert [row.kind for row in rows if row.port == 22] == ["predicted_deny_observed_allow"]


@pytest.mark.parametrize("apart", [1, 0], ids=["begun later", "begun in the same millisecond"])
@pytest.mark.parametrize(("client", "server"), [(50100, 1433), (50100, 60000), (5000, 8443)])
def test_who_began_a_flow_decides_which_of_two_is_the_reply(
    tmp_path: Path, client: int, server: int, apart: int
) -> None:
    """The SQL server may answer, but not ask: its reply is predicted to be denied as a flow of its own."""
    silent = "- {name: silent, priority: 120, direction: Outbound, access: Deny}\n  nsg-nic:"
    network = network_from(tmp_path, TOPOLOGY.replace("nsg-nic:\n", f"  {silent}\n", 1))
    asked = logged(server, "UserRule_allow-all", acl=NIC_GROUP, source_port=client)
    reply = logged(
        client,
        "DefaultRule_AllowVnetOutBound",
        direction="Outbound",
        source="10.0.2.4",
        destination="10.0.1.4",
        source_port=server,
        time=NOON + timedelta(milliseconds=apart),
    )
    for rows in ([asked, reply], [reply, asked]):
        [row] = diff(replay(network, FlowRecords.of(rows))).rows
        assert (row.category, row.kind, row.port) == ("direction_mismatch", "reply_logged_apart", client)
    early = replace(reply, time=NOON - timedelta(seconds=1))
    kinds = {row.port: row.kind for row in diff(replay(network, FlowRecords.of([asked, early])))}
    assert kinds == {client: "predicted_deny_observed_allow"}, "the server asked first"


def test_an_admin_rule_does_not_pass_for_a_rule_of_a_group_by_its_name(compared: Callable[..., Mismatches]) -> None:
    guid = "8e593d16-0000-4000-8000-000000000000"
    [row] = compared(logged(22, f"deny-ssh_{guid}", "D", acl=guid)).rows
    assert (row.category, row.kind) == ("rule_mismatch", "other_rule")


def test_a_row_carries_its_evidence(compared: Callable[..., Mismatches]) -> None:
    attempts = [
        logged(1433, DENY_ALL, "D"),
        logged(1433, DENY_ALL, "D"),
        logged(1433, DENY_ALL, "D", source="10.0.1.4", source_port=50009),
    ]
    [row] = compared(*attempts).rows
    assert (row.nic, row.direction, row.source, row.destination) == (
        "vm-sql",
        "Inbound",
        "vm-web (10.0.1.4)",
        "vm-sql (10.0.2.4)",
    )
    assert (row.protocol, row.port, row.conversations, row.sources) == ("TCP", 1433, 2, 1)
    assert (row.observed.verdict, row.observed.rule, row.observed.acl, row.observed.records) == (
        "DENY",
        DENY_ALL,
        GROUP,
        3,
    )
    assert (row.observed.first_time, row.observed.last_time) == (NOON, NOON + timedelta(seconds=2))
    assert row.predicted is not None and row.predicted.rule is not None
    assert (row.predicted.verdict, row.predicted.rule.name) == (Verdict.ALLOW, "allow-all")
    assert [rule.name for rule in row.predicted.also] == ["allow-web"]
    assert (row.prediction.verdict, row.prediction.path) == (Verdict.ALLOW, ("vm-web", "vm-sql"))
    assert row.locators == tuple(Locator("PT1H.json", 0, 0, 0, at) for at in range(3))
    predicted = "allowed by nsg-sql/allow-web (100) and nsg-nic/allow-all (100)"
    assert row.text == f"log: denied by nsg-sql/{DENY_ALL}; predicted: {predicted}"
    assert row.severity == "critical"


def test_a_rule_that_the_export_lacks_is_named(compared: Callable[..., Mismatches]) -> None:
    [row] = compared(logged(1433, "UserRule_jit-4711", "D")).rows
    assert row.category == "verdict_mismatch"
    assert row.note.startswith("nsg-sql has no rule jit-4711 in the export")


def test_rows_stand_worst_first_and_the_most_frequent_before_the_rare(compared: Callable[..., Mismatches]) -> None:
    rare = logged(1433, DENY_ALL, "D")
    frequent = [logged(22, "UserRule_allow-web", source_port=port) for port in (1, 2, 3)]
    other = [logged(5000, "UserRule_allow-web"), logged(1, "PlatformRule", acl=ZERO_GUID)]
    rows = compared(*other, rare, *frequent).rows
    assert [(row.category, row.conversations) for row in rows] == [
        ("verdict_mismatch", 3),
        ("verdict_mismatch", 1),
        ("rule_mismatch", 1),
        ("platform_rule", 1),
    ]


def test_different_destinations_and_ports_are_rows_of_their_own(compared: Callable[..., Mismatches]) -> None:
    rows = compared(*(logged(port, "UserRule_allow-web") for port in (6000, 6000, 6001))).rows
    assert sorted((row.port, row.observed.records) for row in rows) == [(6000, 2), (6001, 1)]


def test_a_resource_guid_stands_for_its_resource(network: Network) -> None:
    guid = "0f0f0f0f-0000-4000-8000-000000000001"
    groups = {row.id.name: row for row in network.snapshot.resources.values()}
    held = groups["nsg-sql"].model_copy(update={"resource_guid": guid.upper()})
    renamed = build_network(network.snapshot.with_resource(held))
    assert diff(replay(renamed, log_of(logged(1433, "UserRule_allow-web", acl=guid)))).rows == ()
    [row] = diff(replay(renamed, log_of(logged(1433, "UserRule_allow-all", acl=guid)))).rows
    assert row.kind == "unknown_rule"


def test_what_the_export_does_not_decide_is_undecided(network: Network) -> None:
    without = {key: held for key, held in network.snapshot.resources.items() if key.name != "nsg-sql"}
    lacking = build_network(replace(network.snapshot, resources=without))
    [row] = diff(replay(lacking, log_of(logged(1433, "UserRule_allow-web")))).rows
    assert (row.category, row.kind) == ("undecided", "NSG_NOT_IN_EXPORT")


def test_coverage_counts_conversations_that_had_a_prediction(compared: Callable[..., Mismatches]) -> None:
    found = compared(logged(1433, "UserRule_allow-web"), logged(22, "PlatformRule", acl=ZERO_GUID))
    assert found.coverage == 0.5


def test_malformed_pieces_are_counted_and_kept(network: Network) -> None:
    piece = Malformed(Locator("PT1H.json", 3), "1,2,3", "13 fields expected, 3 found")
    records = replace(log_of(logged(1433, "UserRule_allow-web")), malformed=(piece,))
    found = diff(replay(network, records))
    assert found.malformed == (piece,)
    assert found.summary()["malformed"] == 1
    assert not found.has_mismatch


def test_an_empty_log_holds_nothing_against_anything(network: Network) -> None:
    found = diff(replay(network, FlowRecords.of([])))
    assert (found.rows, found.coverage, found.has_mismatch) == ((), 1.0, False)
    assert found.summary() == dict.fromkeys(CATEGORIES, 0)


def test_rows_of_one_category_can_be_asked_for(compared: Callable[..., Mismatches]) -> None:
    found = compared(logged(5000, "UserRule_allow-web"), logged(1433, DENY_ALL, "D"))
    rows: tuple[Mismatch, ...] = found.of("rule_mismatch")
    assert [row.port for row in rows] == [5000]
    assert (len(found), [row.category for row in found]) == (2, ["verdict_mismatch", "rule_mismatch"])


def test_rows_that_are_too_many_are_counted(
    compared: Callable[..., Mismatches], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.comparison.diff.ROWS_SHOWN", 2)
    rows = [logged(port, "UserRule_allow-web") for port in (5000, 5001, 5002)] + [logged(1433, DENY_ALL, "D")]
    found = compared(*rows)
    assert [row.category for row in found] == ["verdict_mismatch", "rule_mismatch"]
    assert (found.omitted, found.summary()["rule_mismatch"]) == (2, 3)
