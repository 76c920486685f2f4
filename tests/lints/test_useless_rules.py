"""What is said of useless rules is exact: a plain loop over packets at the edges of rules agrees, both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.dataplane.atoms import Atoms
from simulator.dataplane.filter_table import (
    IN_INTERNET,
    IN_VIRTUAL_NETWORK,
    NO_PORT,
    TAG_COMBINATIONS,
    FilterTable,
    Header,
)
from simulator.lints import useless_rules
from simulator.lints.rule_space import Budget, BudgetExceededError, Packet, RuleSpace, TagView
from simulator.lints.useless_rules import Examination, RuleList, Useless, examine
from simulator.network.filter_rules import ANY_ADDRESS, ANY_PORT, AddressSet, FilterRule, united
from simulator.space.addresses import MAPPED, Prefix, parse_prefix
from simulator.walk.packets import Addresses
from tests.dataplane.test_filter_table import GROUP, HOSTS, PORTS, SPACE, rules

PLENTY = 10**7
PROTOCOLS = [1, 6, 17, 50]
ENDS = ("Allow", "Deny", None)
views = st.none() | st.lists(st.sampled_from(sorted({0, MAPPED, *HOSTS})), unique=True).flatmap(
    lambda points: st.builds(
        TagView,
        st.just(tuple(sorted({0, *points}))),
        st.lists(st.integers(0, TAG_COMBINATIONS - 1), min_size=len(points) + 1, max_size=len(points) + 1).map(tuple),
    )
)
lists = st.lists(rules, max_size=8).map(tuple)
raw_packets = st.lists(
    st.tuples(
        st.sampled_from(HOSTS),
        st.integers(0, 3),
        st.sampled_from(HOSTS),
        st.integers(0, 3),
        st.sampled_from(PROTOCOLS),
        st.sampled_from(PORTS),
        st.sampled_from(PORTS),
    ),
    max_size=40,
)


def rule_list(listed: Sequence[FilterRule], view: TagView | None = None, end: str | None = "Deny") -> RuleList:
    """The rules under ids of their own, with their prefixes merged as those of a network are."""
    named = tuple(
        replace(
            rule,
            id=rule.id.parent.child("rules", f"r{at}"),
            sources=united([rule.sources]),
            destinations=united([rule.destinations]),
        )
        for at, rule in enumerate(listed)
    )
    return RuleList(named, view, end, tuple(range(len(named))))  # type: ignore[arg-type]


def useless(held: RuleList) -> dict[int, Useless]:
    at = {rule.id: number for number, rule in enumerate(held.rules)}
    return {at[one.rule.id]: one for one in examine([held]).useless}


def numbers(held: RuleList, rules: Sequence[FilterRule]) -> list[int]:
    return [held.rules.index(rule) for rule in rules]


def real(raw: Sequence[int], view: TagView | None) -> Packet | None:
    """The packet with the tags that `view` gives its addresses; None where its addresses are of two families."""
    source, source_tag, destination, destination_tag, protocol, *ports = raw
    if (source >> 32 == 0xFFFF) != (destination >> 32 == 0xFFFF):
        return None
    if view is not None:
        source_tag, destination_tag = (
            view.tags[max(at for at, point in enumerate(view.points) if point <= value)]
            for value in (source, destination)
        )
    return Packet(
        source, source_tag, destination, destination_tag, protocol, *(ports if protocol in (6, 17) else (NO_PORT,) * 2)
    )


def matches(rule: FilterRule, packet: Packet, *, may: bool) -> bool:
    def inside(side: AddressSet, address: int, tag: int) -> bool:
        bits = {"VirtualNetwork": 5 if may else 1, "Internet": 2}
        named = any(prefix.low <= address <= prefix.high for prefix in side.prefixes)
        return named or any(tag & bits[name] for name in side.tags) or (may and bool(side.unresolved))

    def open_(ranges: Sequence[tuple[int, int]], port: int) -> bool:
        return port == NO_PORT or any(low <= port <= high for low, high in ranges)

    return (
        (not rule.protocols or packet.protocol in rule.protocols)
        and open_(rule.source_ports, packet.source_port)
        and open_(rule.destination_ports, packet.destination_port)
        and inside(rule.sources, packet.source, packet.source_tag)
        and inside(rule.destinations, packet.destination, packet.destination_tag)
    )


def header(packet: Packet) -> Header:
    atoms = Atoms([*SPACE, *(Prefix(host, host) for host in HOSTS)])
    source, destination = Addresses.of([packet.source]), Addresses.of([packet.destination])
    return Header(
        atoms.find(source.high, source.low),
        atoms.find(destination.high, destination.low),
        np.array([packet.source_port], np.int32),
        np.array([packet.destination_port], np.int32),
        np.array([packet.protocol], np.uint8),
        np.array([packet.source_tag], np.uint8),
        np.array([packet.destination_tag], np.uint8),
    )


def action(listed: Sequence[FilterRule], packet: Packet, end: str | None) -> str | None:
    return next((rule.action for rule in listed if matches(rule, packet, may=True)), end)


@settings(deadline=None)
@given(lists, views, st.sampled_from(ENDS), raw_packets)
def test_no_packet_is_decided_by_a_shadowed_rule_and_useless_rules_can_go_alone_or_all_at_once(
    listed: tuple[FilterRule, ...], view: TagView | None, end: str | None, raws: list[tuple[int, ...]]
) -> None:
    held = rule_list(listed, view, end)
    found = useless(held)
    rest = [rule for at, rule in enumerate(held.rules) if at not in found]
    table = FilterTable(GROUP, held.rules, Atoms([*SPACE, *(Prefix(host, host) for host in HOSTS)]))
    for packet in filter(None, (real(raw, view) for raw in raws)):
        row = int(table.first_match(header(packet)).row[0])
        assert row not in found or found[row].kind == "redundant"
        assert action(rest, packet, end) == action(held.rules, packet, end)
        if row in found:
            without = [*held.rules[:row], *held.rules[row + 1 :]]
            assert action(without, packet, end) == held.rules[row].action


@settings(deadline=None)
@given(lists, views, st.sampled_from(ENDS))
def test_a_rule_that_is_not_called_useless_has_a_packet_that_needs_it(
    listed: tuple[FilterRule, ...], view: TagView | None, end: str | None
) -> None:
    held = rule_list(listed, view, end)
    found, examination = useless(held), Examination(held, Budget(PLENTY, PLENTY))
    for at, rule in enumerate(held.rules):
        decided = examination.decided_by(at)
        assert (decided is None) == (at in found and found[at].kind != "redundant")
        if decided is not None:
            assert decided == real(decided, view)
            assert matches(rule, decided, may=True)
            assert not any(matches(other, decided, may=False) for other in held.rules[:at])
    for number in range(len(held.rules)):
        if number not in found:
            assert _is_needed(held, number, []) or _is_needed(held, number, [*found])


def _is_needed(held: RuleList, number: int, removed: Sequence[int]) -> bool:
    """Whether the list without `removed` has a packet that rule `number` decides, and other than it would be else."""
    examination = Examination(held, Budget(PLENTY, PLENTY))
    for at in removed:
        examination.remove(at)
    packet, rule = examination.changed_without(number), held.rules[number]
    if packet is None:
        return False
    others = [(at, other) for at, other in enumerate(held.rules) if at not in removed]
    assert packet == real(packet, held.view) and matches(rule, packet, may=True)
    assert not any(matches(other, packet, may=False) for at, other in others if at < number)
    instead = {other.action for at, other in others if at > number and matches(other, packet, may=True)}
    assert instead - {rule.action} or held.end != rule.action
    return True


@settings(deadline=None)
@given(lists, views)
def test_the_rules_that_shadow_do_so_and_each_is_needed(listed: tuple[FilterRule, ...], view: TagView | None) -> None:
    held = rule_list(listed, view)
    for at, one in useless(held).items():
        if one.kind == "shadowed":
            by = numbers(held, one.by)
            assert by and max(by) < at
            for left_out in (None, *by):
                rest = [held.rules[other] for other in by if other != left_out]
                alone = Examination(rule_list([*rest, held.rules[at]], view), Budget(PLENTY, PLENTY))
                assert (alone.decided_by(len(rest)) is None) == (left_out is None)


def rule(action: str, **fields: object) -> FilterRule:
    given = {"protocols": (), "sources": ANY_ADDRESS, "destinations": ANY_ADDRESS}
    ports = {"source_ports": ANY_PORT, "destination_ports": ANY_PORT}
    return FilterRule(GROUP.child("securityRules", "r"), "r", 100, action, **(given | ports | fields))  # type: ignore[arg-type]


def half(text: str) -> AddressSet:
    return AddressSet((parse_prefix(text),))


def only(
    *listed: FilterRule, view: TagView | None = None, end: str | None = "Deny"
) -> list[tuple[int, str, list[int]]]:
    held = rule_list(listed, view, end)
    return sorted((at, one.kind, numbers(held, one.by)) for at, one in useless(held).items())


def test_halves_cover_together_what_none_covers_alone() -> None:
    halves = (rule("Deny", sources=half("10.0.0.0/9")), rule("Deny", sources=half("10.128.0.0/9")))
    assert only(*halves, rule("Allow", sources=half("10.0.0.0/8")), end=None) == [(2, "shadowed", [0, 1])]
    assert only(halves[0], rule("Allow", sources=half("10.0.0.0/8")), end=None) == []


def test_tags_may_hold_anything_until_a_subnet_says_what() -> None:
    tag = AddressSet(tags=frozenset({"VirtualNetwork"}))
    listed = (rule("Deny", sources=tag), rule("Allow", sources=half("10.0.0.0/16")))
    assert only(*listed, end=None) == []
    own = parse_prefix("10.0.0.0/8")
    view = TagView((0, own.low, own.high + 1), (0, IN_VIRTUAL_NETWORK, IN_INTERNET))
    assert only(*listed, view=view, end=None) == [(1, "shadowed", [0])]


def test_of_two_rules_that_replace_each_other_one_is_kept() -> None:
    assert only(rule("Allow"), rule("Allow"), end=None) == [(1, "shadowed", [0])]
    narrow, wide = rule("Allow", sources=half("10.0.0.0/9")), rule("Allow", sources=half("10.0.0.0/8"))
    assert only(narrow, wide, rule("Deny"), end=None) == [(0, "redundant", [1])]


def test_a_rule_that_keeps_a_shadowed_one_from_its_effect_is_not_called_redundant() -> None:
    assert only(rule("Deny"), rule("Allow"), end="Deny") == [(1, "shadowed", [0])]


def test_a_rule_in_several_lists_is_useless_only_where_it_is_so_in_all() -> None:
    held = rule_list([rule("Deny", sources=half("10.0.0.0/8")), rule("Allow", sources=half("10.1.0.0/16"))], end=None)
    alone = RuleList(held.rules[1:], None, None, (0,))
    assert [one.rule.id for one in examine([held]).useless] == [held.rules[1].id]
    assert examine([held, alone]).useless == ()


def test_a_rule_of_two_families_matches_no_packet() -> None:
    assert only(rule("Allow", sources=half("10.0.0.0/8"), destinations=half("fd00::/8"))) == [(0, "empty", [])]


def test_what_may_not_be_asked_shadows_only_what_is_asked_with_it() -> None:
    first, second = (GROUP.child("securityAdminConfigurations", name) for name in "cd")
    for place, is_shadowed in ((first, True), (second, False)):
        owners = zip((first, place), ("Deny", "Allow"), strict=True)
        listed = [replace(rule(action), id=GROUP.child("rules", action), depends_on=held) for held, action in owners]
        found = examine([RuleList(tuple(listed), None, "Deny", (1,))]).useless
        assert len(found) == is_shadowed


def test_the_budget_bounds_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [rule("Deny", sources=half(f"10.{at}.0.0/16"), destination_ports=((at, at + 9),)) for at in range(200)]
    held = rule_list([*many, rule("Allow")])
    with pytest.raises(BudgetExceededError):
        Examination(held, Budget(50, 50))
    assert examine([held]).unexamined == ()
    for limit in ("STEPS_A_RULE", "STEPS_A_LIST"):
        with monkeypatch.context() as patched:
            patched.setattr(useless_rules, limit, 10)
            found = examine([held])
        assert found.useless == () and len(found.unexamined) == 201


def test_a_thousand_rules_are_examined_with_few_steps() -> None:
    listed = [
        rule(
            "Allow" if at % 3 else "Deny",
            sources=half(f"10.{at % 250}.{at // 250}.0/24"),
            destinations=half(f"10.{at * 7 % 250}.0.0/16"),
            destination_ports=((at % 40, at % 40 + 5),),
        )
        for at in range(1000)
    ]
    space = RuleSpace(listed, None, budget := Budget(PLENTY, PLENTY))
    assert all(space.packet([at], (1 << at) - 1) is not None for at in range(0, 1000, 50))
    assert budget.total > PLENTY // 2
