"""Expansions of service tags against those in recorded effective security rules and security group views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.network.effective_rules import effective_security_rules
from simulator.network.model import Network
from simulator.network.service_tags import HOST_ADDRESS, SPECIAL_BLOCKS, internet_tag, tag_prefixes, virtual_network_tag
from simulator.space.addresses import merge, parse_prefix, subtract
from tests.conformance.answers import Answer, judged, not_askable
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


def expanded_tags(shared: Path, kind: str) -> Iterator[Answer]:
    """Each tag of each answer of `kind`: its expansion on the subnet of the interface."""
    for question in questions(shared, kind):
        if question.why_not:
            yield not_askable(question.name, question.why_not)
            continue
        found = [
            judged(f"{question.name} {tag}", is_right(question.network, nic, tag, recorded), "the prefixes differ")
            for nic, rules in effective_lists(question)
            for tag, recorded in expansions(rules).items()
            if nic is not None and question.network.endpoint(nic) is not None
        ]
        yield from found
        if not found:
            is_empty = not any(effective_lists(question))
            yield not_askable(question.name, "the answer is empty" if is_empty else "the answer holds no expansions")


def rule_lists(shared: Path) -> Iterator[Answer]:
    """Name, priority, access, direction, protocol and ports of every rule of every group, as a set."""
    for question in questions(shared, "effective_nsg"):
        nic = nic_of(question)
        if question.why_not or nic is None:
            yield not_askable(question.name, question.why_not or "no interface in the state")
            continue
        ours = effective_security_rules(question.network, nic).to_azure()
        yield judged(question.name, _essence(ours) == _essence(question.answer), "the lists of rules differ")


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
