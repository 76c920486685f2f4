"""Security rules in normal form (SEMANTICS 1.1-1.5)."""

from __future__ import annotations

import pytest

from simulator.network.filter_rules import FilterRule, port_ranges, security_group_rules
from simulator.space.addresses import EVERYTHING, merge, parse_prefix
from tests.network.arm import codes, group_id, network, nic, nsg, resource, rid, rule, vnet

BASE = vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"})


def first(**fields: object) -> FilterRule:
    """The normal form of one inbound rule."""
    held = network(BASE, nsg("g", rule("r", 100, "Inbound", "Allow", **fields)))
    rules = security_group_rules(held, group_id("g"), "Inbound")
    assert rules is not None
    return rules[0]


def test_rules_come_by_priority_with_the_default_ones_last() -> None:
    held = network(
        BASE,
        nsg(
            "g",
            rule("b", 200, "inbound", "deny"),
            rule("a", 110, "Inbound", "Allow"),
            rule("o", 100, "Outbound", "Deny"),
        ),
    )
    inbound = security_group_rules(held, group_id("G"), "Inbound")
    outbound = security_group_rules(held, group_id("g"), "Outbound")
    assert inbound is not None and outbound is not None
    assert [held.name for held in inbound] == [
        "a",
        "b",
        "AllowVnetInBound",
        "AllowAzureLoadBalancerInBound",
        "DenyAllInBound",
    ]
    assert [held.name for held in outbound] == ["o", "AllowVnetOutBound", "AllowInternetOutBound", "DenyAllOutBound"]
    assert [held.is_default for held in inbound] == [False, False, True, True, True]
    assert inbound[1].action == "Deny"


def test_default_rules_speak_of_both_families() -> None:
    held = network(BASE, nsg("g"))
    rules = security_group_rules(held, group_id("g"), "Inbound") or ()
    assert rules[0].sources.tags == rules[0].destinations.tags == {"VirtualNetwork"}
    assert rules[1].destinations.prefixes == rules[2].sources.prefixes == merge(EVERYTHING)
    assert {prefix.is_ipv4 for prefix in rules[1].sources.prefixes} == {True, False}


def test_a_written_ipv4_default_is_ipv4_only() -> None:
    assert first(sourceAddressPrefix="0.0.0.0/0").sources.prefixes == (parse_prefix("0.0.0.0/0"),)


def test_a_group_outside_the_export_has_no_answer() -> None:
    assert security_group_rules(network(BASE), group_id("gone"), "Inbound") is None


@pytest.mark.parametrize(
    ("protocol", "numbers"),
    [("Tcp", (6,)), ("UDP", (17,)), ("icmp", (1, 58)), ("Esp", (50,)), ("Ah", (51,)), ("*", ()), ("Any", ())],
)
def test_protocols_are_iana_numbers(protocol: str, numbers: tuple[int, ...]) -> None:
    assert first(protocol=protocol).protocols == numbers


def test_plural_fields_win_and_are_merged() -> None:
    held = first(sourceAddressPrefixes=["10.0.0.0/25", "10.0.0.128/25"], destinationPortRanges=["80", "443-445"])
    assert held.sources.prefixes == (parse_prefix("10.0.0.0/24"),)
    assert held.destination_ports == ((80, 80), (443, 445))


@pytest.mark.parametrize("text", ["virtualnetwork", "VirtualNetwork", "VIRTUAL_NETWORK"])
def test_the_subnets_tags_stay_tags(text: str) -> None:
    held = first(sourceAddressPrefix=text).sources
    assert (held.prefixes, held.tags, held.unresolved) == ((), frozenset({"VirtualNetwork"}), ())


def test_named_tags_become_prefixes_and_unknown_ones_stay_open() -> None:
    held = first(sourceAddressPrefix="AzureLoadBalancer", destinationAddressPrefix="NoSuchTag")
    assert parse_prefix("168.63.129.16") in held.sources.prefixes
    assert held.destinations.unresolved == ("NoSuchTag",)


def asg(*members: str, held: bool = True) -> tuple[FilterRule, set[str]]:
    reference = [{"id": str(rid("applicationSecurityGroups", "web"))}]
    group = [resource("applicationSecurityGroups", "web")] if held else []
    found = network(
        BASE,
        *group,
        *(nic(f"n{at}", "v/s", address, asgs=["web"]) for at, address in enumerate(members)),
        nsg("g", rule("r", 100, "Inbound", "Allow", sourceApplicationSecurityGroups=reference)),
    )
    return (security_group_rules(found, group_id("g"), "Inbound") or ())[0], codes(found)


def test_application_groups_are_their_members_and_replace_the_address() -> None:
    held, _ = asg("10.0.0.4", "10.0.0.9")
    assert held.sources.prefixes == (parse_prefix("10.0.0.4"), parse_prefix("10.0.0.9"))


def test_an_application_group_without_members_matches_nothing() -> None:
    held, said = asg()
    assert (held.sources.prefixes, held.sources.unresolved) == ((), ())
    assert "VNS2011" not in said


def test_an_application_group_outside_the_export_is_open() -> None:
    held, said = asg("10.0.0.4", held=False)
    assert (held.sources.prefixes, held.sources.unresolved) == ((parse_prefix("10.0.0.4"),), ("web",))
    assert "VNS2011" in said


def test_ports_that_cannot_be_read_leave_the_rule_open() -> None:
    held = first(destinationPortRange="http")
    assert held.destination_ports == ()
    assert held.destinations.unresolved == ("port 'http'",)


@pytest.mark.parametrize("text", ["", "-", "70000", "9-1", "-5", "1-", "²", "1-2-3", "9" * 5000])
def test_no_port_text_is_taken_for_another(text: str) -> None:
    assert port_ranges([text, "80"]) == (((80, 80),), (f"port {text!r}",))


def test_a_rule_without_an_address_is_open() -> None:
    held = first(sourceAddressPrefix=None)
    assert held.sources.unresolved == ("no address given",)
