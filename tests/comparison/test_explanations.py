"""Explanations of cases that are rare in a network of two servers, one by one and in their order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.comparison.explanations import Case, explain_case
from simulator.comparison.logged_rules import LoggedRules
from simulator.flows.rule_names import ZERO_GUID, parse_rule_name
from simulator.network.model import Endpoint
from simulator.walk.predictions import Observation, RuleReference
from simulator.walk.reasons import CODE_OF, REASONS
from tests.comparison.small_network import GROUP, PROVIDER

RULES = LoggedRules(Snapshot())
NIC = Endpoint(
    id=ResourceId(f"{PROVIDER}/networkInterfaces/nic"),
    kind="nic",
    name="nic",
    subnet=ResourceId(f"{PROVIDER}/virtualNetworks/vnet/subnets/s"),
    virtual_network=ResourceId(f"{PROVIDER}/virtualNetworks/vnet"),
    addresses=("10.0.0.4",),
)


def reason(code: str) -> object:
    return REASONS[CODE_OF[code]]


def predicted(code: str, rule: RuleReference | None = None) -> Observation:
    return Observation(NIC, "Inbound", REASONS[CODE_OF[code]].verdict, code, rule)


WEB = RuleReference("NIC NSG", ResourceId(GROUP), "web", 100, "Allow")
DENY = RuleReference("subnet NSG", ResourceId(GROUP), "DenyAllInBound", 65500, "Deny", is_default=True)
MATCHING = Case(
    endpoint=NIC,
    direction="Inbound",
    protocol=6,
    is_denied=False,
    begins=True,
    acl=GROUP,
    rule=parse_rule_name("UserRule_web"),
    predicted=predicted("DELIVERED", WEB),
    end_to_end=REASONS[CODE_OF["DELIVERED"]],
    is_on_path=True,
    is_reply=False,
)
DENIED = replace(
    MATCHING,
    is_denied=True,
    rule=parse_rule_name("DefaultRule_DenyAllInBound"),
    predicted=predicted("NSG_DEFAULT_DENY", DENY),
)
NO_FILTER = replace(MATCHING, predicted=predicted("DELIVERED"))


@pytest.mark.parametrize(
    ("case", "changes", "category", "kind"),
    [
        (MATCHING, {}, "match", "match"),
        (MATCHING, {"is_on_path": False}, "direction_mismatch", "off_path"),
        (MATCHING, {"is_on_path": False, "end_to_end": "APPLIANCE_NOT_DECLARED"}, "match", "match"),
        (MATCHING, {"is_on_path": False, "end_to_end": "PATHS_DIFFER"}, "match", "match"),
        (replace(MATCHING, predicted=predicted("PATHS_DIFFER", WEB)), {}, "match", "match"),
        (DENIED, {"predicted": predicted("PATHS_DIFFER", DENY)}, "match", "match"),
        (MATCHING, {"is_on_path": False, "end_to_end": "ROUTE_NONE"},
         "verdict_mismatch", "predicted_deny_observed_allow"),
        (MATCHING, {"is_on_path": False, "end_to_end": "ROUTE_NONE", "begins": False}, "established", "established"),
        (DENIED, {"is_on_path": False, "end_to_end": "ROUTE_NONE"}, "rule_mismatch", "denied_elsewhere"),
        (DENIED, {"is_on_path": False, "end_to_end": "PEERING_ACCESS_BLOCKED"}, "match", "match"),
        (MATCHING, {"is_on_path": False, "end_to_end": "NO_PUBLIC_IP"}, "match", "match"),
        (MATCHING, {"endpoint": replace(NIC, private_endpoint=NIC.id)}, "unobservable", "private_endpoint"),
        (MATCHING, {"protocol": 58}, "unobservable", "icmp"),
        (DENIED, {"predicted": predicted("DELIVERED", WEB), "end_to_end": "PLATFORM_SERVICE_UNKNOWN"},
         "undecided", "PLATFORM_SERVICE_UNKNOWN"),
        (MATCHING, {"end_to_end": "PLATFORM_SERVICE_UNKNOWN"}, "match", "match"),
        (NO_FILTER, {}, "rule_mismatch", "no_filter_predicted"),
        (NO_FILTER, {"acl": ZERO_GUID}, "match", "match"),
        (MATCHING, {"is_on_path": False, "end_to_end": "ROUTE_NONE", "is_reply": True},
         "direction_mismatch", "reply_logged_apart"),
        (MATCHING, {"is_on_path": False, "end_to_end": "NO_PUBLIC_IP", "is_reply": True}, "match", "match"),
        (replace(MATCHING, predicted=None, endpoint=None), {"rule": parse_rule_name("PlatformRule")},
         "platform_rule", "platform_rule"),
        (MATCHING, {"rule": parse_rule_name("DefaultRule_web")}, "rule_mismatch", "unknown_rule"),
    ],
)  # fmt: skip
def test_the_first_explanation_that_holds(case: Case, changes: dict[str, object], category: str, kind: str) -> None:
    if isinstance(changes.get("end_to_end"), str):
        changes = changes | {"end_to_end": reason(str(changes["end_to_end"]))}
    found = explain_case(replace(case, **changes), RULES)  # type: ignore[arg-type]
    assert (found.category, found.kind) == (category, kind)


def test_an_admin_rule_is_the_same_at_every_level_of_its_configuration() -> None:
    configuration = f"{PROVIDER}/networkManagers/m/securityAdminConfigurations/c"
    rule = RuleReference("admin rules", ResourceId(f"{configuration}/ruleCollections/k"), "r", 1, "Deny")
    logged = parse_rule_name("r")
    for acl in (configuration, f"{configuration}/ruleCollections/k", f"{configuration}/ruleCollections/k/rules/r"):
        assert RULES.is_same(acl, logged, rule)
    assert not RULES.is_same(f"{configuration}2", logged, rule)
    assert not RULES.is_same(GROUP, logged, rule)
    assert not RULES.is_same(configuration, parse_rule_name("UserRule_r"), rule)


@pytest.mark.parametrize("text", ["r", "UserRule_r", "DefaultRule_r"])
def test_admin_rules_are_logged_without_a_prefix_and_rules_of_groups_with_theirs(text: str) -> None:
    unknown_acl = "12345678-0000-4000-8000-000000000000"
    rules = {
        "r": RuleReference("admin rules", ResourceId(GROUP), "r", 1, "Deny"),
        "UserRule_r": RuleReference("subnet NSG", ResourceId(GROUP), "r", 100, "Deny"),
        "DefaultRule_r": RuleReference("NIC NSG", ResourceId(GROUP), "r", 65500, "Deny", is_default=True),
    }
    same = [meant for meant, rule in rules.items() if RULES.is_same(unknown_acl, parse_rule_name(text), rule)]
    assert same == [text]
