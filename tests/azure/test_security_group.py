"""Security rules in every spelling, the order Azure asks them in, and the default rules nobody can remove."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction, NetworkSecurityGroup, SecurityRule, default_rules

GROUP = ResourceId("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/nsg-web")
DIRECTIONS: tuple[Direction, ...] = ("Inbound", "Outbound")


def rule(name: str, **properties: Any) -> dict[str, Any]:
    held = {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"} | properties
    return {"id": str(GROUP.child("securityRules", name)), "properties": held}


def group(*rules: dict[str, Any], **properties: Any) -> NetworkSecurityGroup:
    return NetworkSecurityGroup.model_validate({"id": str(GROUP), "securityRules": list(rules), **properties})


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (
            "Inbound",
            [
                (65000, "AllowVnetInBound", "VirtualNetwork", "VirtualNetwork", "Allow"),
                (65001, "AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*", "Allow"),
                (65500, "DenyAllInBound", "*", "*", "Deny"),
            ],
        ),
        (
            "Outbound",
            [
                (65000, "AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork", "Allow"),
                (65001, "AllowInternetOutBound", "*", "Internet", "Allow"),
                (65500, "DenyAllOutBound", "*", "*", "Deny"),
            ],
        ),
    ],
)
def test_the_default_rules(direction: Direction, expected: list[tuple[int, str, str, str, str]]) -> None:
    rules = default_rules(GROUP, direction)
    assert [(one.priority, one.name, *one.sources, *one.destinations, one.access) for one in rules] == expected
    assert {(one.protocol, one.source_ports, one.destination_ports) for one in rules} == {("*", ("*",), ("*",))}
    assert all(one.is_default and one.direction == direction and one.id.parent == GROUP for one in rules)


@given(st.lists(st.tuples(st.integers(100, 4096), st.sampled_from(DIRECTIONS)), unique=True, max_size=12))
def test_rules_are_asked_by_priority_and_the_defaults_last(drawn: list[tuple[int, Direction]]) -> None:
    held = group(*(rule(f"r{at}", priority=p, direction=d) for at, (p, d) in enumerate(drawn)))
    for direction in DIRECTIONS:
        asked = held.rules(direction)
        assert [one.priority for one in asked[:-3]] == sorted(p for p, d in drawn if d == direction)
        assert asked[-3:] == default_rules(GROUP, direction)
        assert all(one.direction == direction for one in asked)


def test_exported_default_rules_are_not_asked_twice() -> None:
    exported = [one.model_dump(mode="json") for one in default_rules(GROUP, "Inbound")]
    held = group(default_security_rules=exported)
    assert len(held.default_security_rules) == 3
    assert held.rules("Inbound") == default_rules(GROUP, "Inbound")


@pytest.mark.parametrize(
    ("one", "many", "expected"),
    [
        ("10.0.0.0/8", [], ("10.0.0.0/8",)),
        ("10.0.0.0/8", None, ("10.0.0.0/8",)),
        (None, ["10.0.0.4", "10.0.0.5"], ("10.0.0.4", "10.0.0.5")),
        ("", ["10.0.0.4"], ("10.0.0.4",)),
        ("*", [], ("*",)),
        (None, [], ()),
    ],
)
def test_singular_and_plural_addresses_are_one_list(
    one: str | None, many: list[str] | None, expected: tuple[str, ...]
) -> None:
    read = SecurityRule.model_validate(
        rule("r", sourceAddressPrefix=one, sourceAddressPrefixes=many, destinationAddressPrefix=one,
             destinationAddressPrefixes=many)
    )  # fmt: skip
    assert read.sources == read.destinations == expected


def test_ports_not_given_are_any_port() -> None:
    read = SecurityRule.model_validate(rule("r", destinationPortRanges=["80", "443-445"], sourcePortRange=None))
    assert read.destination_ports == ("80", "443-445")
    assert read.source_ports == ("*",)


def test_application_security_groups_replace_addresses() -> None:
    asg = str(GROUP).replace("networkSecurityGroups/nsg-web", "applicationSecurityGroups/asg")
    read = SecurityRule.model_validate(rule("r", sourceApplicationSecurityGroups=[{"id": asg}]))
    assert read.source_application_security_groups == (ResourceId(asg.upper()),)
    assert read.sources == ()


@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("protocol", ["Tcp", "Udp", "Icmp", "Esp", "Ah"])
def test_enum_values_are_read_in_any_case(spell: Any, protocol: str) -> None:
    written = rule("r", direction=spell("Outbound"), access=spell("Deny"), protocol=spell(protocol))
    read = SecurityRule.model_validate(written)
    assert (read.direction, read.access, read.protocol) == ("Outbound", "Deny", protocol)


@pytest.mark.parametrize("written", ["*", "Any", "any", "All"])
def test_any_protocol(written: str) -> None:
    assert SecurityRule.model_validate(rule("r", protocol=written)).protocol == "*"


@pytest.mark.parametrize(
    "wrong", [{"protocol": "Gre"}, {"access": "Maybe"}, {"direction": ""}, {"priority": "high"}, {"priority": None}]
)
def test_what_azure_has_no_word_for_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SecurityRule.model_validate(rule("r", **wrong))
