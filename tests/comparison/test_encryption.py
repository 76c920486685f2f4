"""A logged code of encryption beside the predicted ones: what differs, what passes, what goes before and after it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.comparison.diff import diff
from simulator.comparison.encryption import EncryptionAgreement, encryption_agreement
from simulator.comparison.mismatches import Mismatches
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import replay
from simulator.network.model import Network
from simulator.walk.encryption import CODES
from tests.comparison.small_network import NOON, TOPOLOGY, WEB, log_of, logged, network_from

ALLOWED = "UserRule_allow-web"
OTHER_RULE = "UserRule_allow-old"
ENCRYPTING = TOPOLOGY.replace("address_space: 10.0.0.0/16,", "address_space: 10.0.0.0/16, encryption: true,")
SIZED = ENCRYPTING.replace("ip: 10.0.1.4,", "ip: 10.0.1.4, size: Standard_D2s_v5,").replace(
    "ip: 10.0.2.4,", "ip: 10.0.2.4, size: Standard_D2s_v5,"
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return network_from(tmp_path_factory.mktemp("encrypting"), SIZED)


def compared(network: Network, *rows: FlowRecord) -> Mismatches:
    return diff(replay(network, log_of(*rows)))


@pytest.mark.parametrize("code", ["X", "x", "NX_LOCAL_DST"])
def test_encrypted_as_predicted_or_on_one_host_matches(network: Network, code: str) -> None:
    assert compared(network, logged(1433, ALLOWED, encryption=code)).summary()["match"] == 1


@pytest.mark.parametrize("code", sorted(CODES - {"X", "NX_LOCAL_DST", "NX_SW_NOT_READY"}))
def test_any_other_code_is_encryption_lost(network: Network, code: str) -> None:
    [row] = compared(network, logged(1433, ALLOWED, encryption=code)).rows
    assert (row.category, row.kind, row.severity) == ("encryption_mismatch", "predicted_encrypted_observed_not", "high")
    assert row.text == f"log: {code}; predicted: encrypted (X)"
    assert "stopped and started" in row.note
    assert (row.observed.encryption, row.encryption.code) == (code, "X")


@pytest.mark.parametrize(
    ("row", "category", "kind"),
    [
        (logged(1433, ALLOWED, encryption="NX_SW_NOT_READY"), "undecided", "encryption_not_ready"),
        (logged(1433, ALLOWED, encryption="NX_OF_FUTURE"), "undecided", "encryption_code_unknown"),
        (logged(1433, OTHER_RULE, encryption="NX"), "encryption_mismatch", "predicted_encrypted_observed_not"),
        (logged(1433, OTHER_RULE, encryption="NX_SW_NOT_READY"), "rule_mismatch", "unknown_rule"),
        (logged(1433, OTHER_RULE, encryption="X"), "rule_mismatch", "unknown_rule"),
        (logged(22, ALLOWED, encryption="NX"), "verdict_mismatch", "predicted_deny_observed_allow"),
        (logged(22, ALLOWED, "C", encryption="NX"), "established", "established"),
        (logged(1433, "PlatformRule", acl="00000000-0000-0000-0000-000000000000"), "platform_rule", "platform_rule"),
        (logged(1433, ALLOWED, protocol=1), "unobservable", "icmp"),
        (logged(1433, OTHER_RULE, source="10.0.1.77", encryption="NX"), "unknown_endpoint", "unknown_ip"),
    ],
)
def test_the_verdict_goes_before_the_code_and_the_code_before_the_rule(
    network: Network, row: FlowRecord, category: str, kind: str
) -> None:
    [found] = compared(network, row).rows
    assert (found.category, found.kind) == (category, kind)


def test_what_a_rule_denied_has_no_code_to_compare(network: Network) -> None:
    assert compared(network, logged(22, "UserRule_deny-ssh", "D")).summary()["match"] == 1


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("encryption: true", "not even projected"),
        ("encryption: {enforcement: DropUnencrypted}", "as projected: both virtual networks ask for DropUnencrypted"),
    ],
)
def test_a_denial_for_want_of_encryption_is_a_mismatch_that_says_whether_it_was_projected(
    tmp_path: Path, change: str, note: str
) -> None:
    old = SIZED.replace("encryption: true", change).replace("D2s_v5", "D2s_v3")
    row = logged(1433, "unspecified", "D", acl="unspecified", encryption="NX_NOT_ACCEPTED")
    [found] = compared(network_from(tmp_path, old), row).rows
    assert (found.category, found.kind) == ("encryption_mismatch", "denied_unencrypted")
    assert found.text.startswith("log: denied (NX_NOT_ACCEPTED); predicted: not encrypted (NX_HW_NOT_SUPPORTED)")
    assert note in found.note
    assert found.prediction.verdict.name == "ALLOW"


def test_where_a_size_is_not_known_every_code_of_its_cases_is_right(tmp_path: Path) -> None:
    network = network_from(tmp_path, ENCRYPTING)
    for code in ("X", "NX", "NX_LOCAL_DST", "NX_FALLBACK", "NX_HW_NOT_SUPPORTED"):
        assert compared(network, logged(1433, ALLOWED, encryption=code)).summary()["match"] == 1
    [row] = compared(network, logged(1433, ALLOWED, encryption="NX_NOT_SUPPORTED")).rows
    assert (row.category, row.kind) == ("encryption_mismatch", "other_code")
    assert row.text == (
        "log: NX_NOT_SUPPORTED; predicted: not known: vm-sql: the export does not tell the size of its machine; "
        "vm-web: the export does not tell the size of its machine"
    )


def test_rows_of_one_kind_that_hold_other_codes_are_other_groups(network: Network) -> None:
    rows = [logged(1433, ALLOWED, encryption=code) for code in ("NX", "NX", "NX_FALLBACK")]
    found = compared(network, *(replace(row, source_port=50000 + at) for at, row in enumerate(rows)))
    assert [(row.observed.encryption, row.conversations) for row in found] == [("NX", 2), ("NX_FALLBACK", 1)]


def test_a_machine_that_loses_encryption_on_the_way_shows_both_parts(network: Network) -> None:
    begun = logged(1433, ALLOWED, encryption="X")
    later = replace(begun, state="C", encryption="NX", time=NOON + timedelta(minutes=5))
    found = diff(replay(network, FlowRecords.of([begun, later])))
    assert found.summary()["match"] == 1
    [row] = found.rows
    assert (row.kind, row.observed.records) == ("predicted_encrypted_observed_not", 1)


def test_a_flow_whose_code_changes_began_when_its_first_part_did(network: Network) -> None:
    """So that what would be denied is no flow of before the log."""
    begun = logged(22, ALLOWED, encryption="X")
    later = replace(begun, state="C", encryption="NX", time=NOON + timedelta(minutes=5))
    found = diff(replay(network, FlowRecords.of([begun, later])))
    assert [row.kind for row in found] == ["predicted_deny_observed_allow"] * 2


def test_both_ends_are_compared_each_by_its_own_leg(network: Network) -> None:
    own = {"mac": WEB, "direction": "Outbound", "acl": "zero"}
    rows = [
        logged(1433, "DefaultRule_AllowVnetOutBound", encryption="NX", **own),
        logged(1433, ALLOWED, encryption="X"),
    ]
    agreement = encryption_agreement(replay(network, log_of(*rows)))
    assert [EncryptionAgreement(number).name for number in agreement] == ["LOST", "AGREES"]


def test_an_empty_log_agrees_with_nothing(network: Network) -> None:
    assert encryption_agreement(replay(network, FlowRecords.of([]))).tolist() == []
