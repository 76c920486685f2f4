"""Expansions of service tags against those in recorded effective security rules and security group views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.azure.resource import ResourceId
from simulator.network.effective_rules import EffectiveSecurityRules, effective_security_rules
from simulator.network.model import Network
from simulator.network.service_tags import HOST_ADDRESS, SPECIAL_BLOCKS, internet_tag, tag_prefixes, virtual_network_tag
from simulator.space.addresses import merge, parse_prefix, subtract
from tests.conformance.conftest import Record
from tests.conformance.truth import Question, nic_of, questions

Json = dict[str, Any]
TAGS = ("VirtualNetwork", "AzureLoadBalancer", "Internet")
SIDES = (
    ("sourceAddressPrefix", "expandedSourceAddressPrefix"),
    ("destinationAddressPrefix", "expandedDestinationAddressPrefix"),
)
#: The IPv6 address of health probes is in expansions since 2020 only.
IPV6_PROBE = "fe80::1234:5678:9abc/128"
#: Rules of Azure's own that it printed beside the default ones until 2018; they say what DenyAll says.
OLD_DUPLICATES = ("DefaultInboundDenyAll", "DefaultOutboundDenyAll")


def effective_lists(question: Question) -> Iterator[tuple[ResourceId | None, list[Json]]]:
    """(interface, effective rules) of an answer of either kind."""
    if question.kind == "effective_nsg":
        for held in question.answer.get("value", []):
            yield nic_of(question), held["effectiveSecurityRules"]
    for held in question.answer.get("networkInterfaces", []):
        yield ResourceId(held["id"]), held["securityRuleAssociations"].get("effectiveSecurityRules") or []


def expansions(rules: list[Json]) -> dict[str, set[str]]:
    return {
        rule[side]: set(rule[expanded])
        for rule in rules
        for side, expanded in SIDES
        if rule.get(side) in TAGS and rule.get(expanded)
    }


def is_right(network: Network, nic: ResourceId, tag: str, recorded: set[str]) -> bool:
    endpoint = network.endpoint(nic)
    assert endpoint is not None
    theirs = merge(parse_prefix(text) for text in recorded)
    if tag == "VirtualNetwork":
        return virtual_network_tag(network, endpoint.subnet) == theirs
    if tag == "AzureLoadBalancer":
        probe = () if IPV6_PROBE in recorded else (parse_prefix(IPV6_PROBE),)
        return merge((*theirs, *probe)) == tag_prefixes(network, tag)
    special = [parse_prefix(block) for block in SPECIAL_BLOCKS]
    ours = internet_tag(network, endpoint.subnet)
    # Microsoft takes further blocks of its own out, other ones each year, so theirs is the smaller set; but it leaves
    # the host's address in, which is in VirtualNetwork too and never a plain Internet address for us.
    is_special_in = any(part.overlaps(block) for part in (*ours, *theirs) for block in special)
    return not is_special_in and subtract(theirs, (*ours, parse_prefix(HOST_ADDRESS))) == ()


@pytest.mark.parametrize("kind", ["effective_nsg", "security_group_view"])
def test_expansions_equal_the_recorded_ones(shared: Path, record: Record, kind: str) -> None:
    wrong = []
    for question in questions(shared, kind):
        if question.why_not:
            record(f"{kind} expansions", "not askable", f"{question.name}: {question.why_not}")
            continue
        asked = 0
        for nic, rules in effective_lists(question):
            for tag, recorded in expansions(rules).items():
                if nic is None or question.network.endpoint(nic) is None:
                    continue
                asked += 1
                right = is_right(question.network, nic, tag, recorded)
                record(f"{kind} expansions", "right" if right else "wrong", f"{question.name} {tag}")
                wrong += [] if right else [f"{question.name} {tag}"]
        if not asked:
            why = "the answer holds no expanded prefixes" if any(effective_lists(question)) else "the answer is empty"
            record(f"{kind} expansions", "not askable", f"{question.name}: {why}")
    assert wrong == []


def test_effective_rules_list_the_same_rules(shared: Path, record: Record) -> None:
    """Name, priority, access, direction, protocol and ports of every rule of every group, as a set."""
    wrong = []
    for question in questions(shared, "effective_nsg"):
        nic = nic_of(question)
        if question.why_not or nic is None:
            record("effective_nsg rules", "not askable", f"{question.name}: {question.why_not}")
            continue
        ours = effective_security_rules(question.network, nic).to_azure()
        right = _essence(ours) == _essence(question.answer)
        record("effective_nsg rules", "right" if right else "wrong", question.name)
        wrong += [] if right else [question.name]
    assert wrong == []


def _essence(answer: Json) -> set[tuple[Any, ...]]:
    return {
        (
            ResourceId(group["networkSecurityGroup"]["id"]),
            *(ResourceId(held["id"]) for held in group["association"].values()),
            *(rule[key] for key in ("name", "priority", "access", "direction", "protocol")),
            *(rule[key] for key in ("sourcePortRange", "destinationPortRange")),
            *(rule[key] for key in ("sourceAddressPrefix", "destinationAddressPrefix")),
        )
        for group in answer["value"]
        for rule in group["effectiveSecurityRules"]
        if not rule["name"].endswith(OLD_DUPLICATES)
    }


def test_the_printed_shape_is_azures(shared: Path) -> None:
    newest = max(
        (question for question in questions(shared, "effective_nsg") if question.why_not is None),
        key=lambda question: question.recorded_at,
    )
    nic = nic_of(newest)
    assert nic is not None
    rules: EffectiveSecurityRules = effective_security_rules(newest.network, nic)
    ours, theirs = rules.to_azure()["value"][0], newest.answer["value"][0]
    assert set(ours) == set(theirs)
    assert {key for rule in ours["effectiveSecurityRules"] for key in rule} == {
        key for rule in theirs["effectiveSecurityRules"] for key in rule
    }
