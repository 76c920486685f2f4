"""How logs spell rules and ACLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.flows.rule_names import RuleName, acl_kind, parse_rule_name

GUID = "8e593d16-5f9d-4b25-b3b2-df7b6951a08b"
LONG_ADMIN_RULE = "Block-high-risk-TCP-and-UDP-ports-from-the-Internet-in"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("DefaultRule_DenyAllInBound", RuleName("default", "DenyAllInBound")),
        ("UserRule_allow-web", RuleName("user", "allow-web")),
        ("UserRule_UserRule_x", RuleName("user", "UserRule_x")),
        ("UserRule_DefaultRule_x", RuleName("user", "DefaultRule_x")),
        ("userrule_x", RuleName("user", "x")),
        ("UserRule_Defender-JITRule_2017_88ABE0", RuleName("user", "Defender-JITRule_2017_88ABE0")),
        (f"UserRule_x_{GUID}", RuleName("user", f"x_{GUID}")),
        (f"BlockHighRisk_{GUID}", RuleName("admin", "BlockHighRisk", f"_{GUID}")),
        (f"BlockHighRisk_{GUID.upper()}", RuleName("admin", "BlockHighRisk", f"_{GUID.upper()}")),
        (f"x_{GUID}_{GUID}", RuleName("admin", f"x_{GUID}", f"_{GUID}")),
        (LONG_ADMIN_RULE + "_8e593d16-5f", RuleName("admin", LONG_ADMIN_RULE, "_8e593d16-5f")),
        ("Block_8e593d16-5f", RuleName("admin", "Block_8e593d16-5f")),
        (GUID, RuleName("admin", GUID)),
        ("Internet", RuleName("admin", "Internet")),
        ("PlatformRule", RuleName("platform", "PlatformRule")),
        ("platformrule", RuleName("platform", "platformrule")),
        ("unspecified", RuleName("unspecified", "unspecified")),
    ],
)
def test_a_logged_text_names_a_rule_of_a_kind(text: str, rule: RuleName) -> None:
    assert parse_rule_name(text) == rule


def test_names_agree_in_any_case_and_where_the_log_cut_them() -> None:
    long = "allow-" + "x" * 70
    assert parse_rule_name("UserRule_ALLOW-web").is_name_of("allow-Web")
    assert not parse_rule_name("UserRule_allow-we").is_name_of("allow-web")
    assert parse_rule_name("UserRule_" + long[:65]).is_name_of(long)
    assert parse_rule_name(("UserRule_" + long)[:65]).is_name_of(long)
    assert not parse_rule_name("UserRule_" + long).is_name_of(long[:65])


def test_an_admin_rule_whose_own_name_ends_like_a_suffix_is_found_with_and_without_another() -> None:
    configured = f"block-ssh_{GUID}"
    assert parse_rule_name(configured).is_name_of(configured)
    assert parse_rule_name(f"{configured}_{GUID}").is_name_of(configured)
    assert parse_rule_name(configured.upper()).is_name_of("block-ssh")
    assert not parse_rule_name(configured).is_name_of("block-rdp")


@pytest.mark.parametrize("length", range(len(LONG_ADMIN_RULE), len(f"{LONG_ADMIN_RULE}_{GUID}") + 1))
def test_an_admin_rule_is_found_wherever_the_log_cut_its_suffix(length: int) -> None:
    logged = parse_rule_name(f"{LONG_ADMIN_RULE}_{GUID}"[:length])
    assert logged.is_name_of(LONG_ADMIN_RULE)
    assert not logged.is_name_of(LONG_ADMIN_RULE[:-1])


@given(st.text(max_size=80))
def test_every_name_is_found_again_behind_its_prefix(name: str) -> None:
    for prefix in ("UserRule_", "DefaultRule_"):
        assert parse_rule_name(prefix + name).is_name_of(name)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg", "arm_id"),
        ("/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG", "arm_id"),
        (GUID, "guid"),
        (GUID.upper(), "guid"),
        ("00000000-0000-0000-0000-000000000000", "zero"),
        ("unspecified", "unspecified"),
        ("", "other"),
        (GUID + "0", "other"),
    ],
)
def test_an_acl_is_of_a_kind(text: str, kind: str) -> None:
    assert acl_kind(text) == kind
