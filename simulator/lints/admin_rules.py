"""Security admin rules and groups that undo each other: an Allow is no AlwaysAllow, and a Deny beats any group.

Learn: azure/virtual-network-manager/concept-security-admins (Allow goes on to the groups, AlwaysAllow and Deny end)
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction
from simulator.azure.snapshot import Severity
from simulator.dataplane.filters import DIRECTIONS
from simulator.dataplane.plane import DataPlane
from simulator.lints.finding import Finding
from simulator.lints.rule_lists import as_read, subnets_of_groups, tag_views
from simulator.lints.rule_space import Budget, BudgetExceededError, RuleSpace, TagView
from simulator.lints.rules import ids_of, rule_name, unexamined
from simulator.lints.useless_rules import STEPS_A_LIST, STEPS_A_RULE
from simulator.lints.wording import listed
from simulator.network.filter_rules import ANY_ADDRESS, ANY_PORT, AddressSet, FilterRule, security_group_rules
from simulator.network.managers.admin_rules import admin_rules, is_admin_exempt
from simulator.network.model import Network, grouped
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import EVERYTHING, merge
from simulator.walk.explain import data_plane

Rules = tuple[FilterRule, ...]


class _Meeting(Struct, frozen=True):
    """Admin rules and the rules of one group that are asked after them, and the subnets where both are asked."""

    direction: Direction
    admin: Rules
    group: Rules
    subnets: tuple[ResourceId, ...]


class _Found(Struct):
    """Rule that is undone → the rules that undo it, and where; rules that could not be examined."""

    rules: dict[ResourceId, FilterRule] = field(default_factory=dict)
    by: dict[ResourceId, dict[ResourceId, FilterRule]] = field(default_factory=dict)
    where: dict[ResourceId, set[str]] = field(default_factory=dict)
    unexamined: dict[ResourceId, FilterRule] = field(default_factory=dict)

    def add(self, rule: FilterRule, by: Rules, meeting: _Meeting) -> None:
        self.rules[rule.id] = rule
        self.by.setdefault(rule.id, {}).update({other.id: other for other in by})
        self.where.setdefault(rule.id, set()).update(subnet.parent.name for subnet in meeting.subnets)


def admin_rules_and_groups(network: Network) -> Iterator[Finding]:
    """Admin Allows that a group denies all the same, and allowing rules of groups that an admin Deny forestalls.

    Only what has no effect at all at a group is told: that a group denies a part of it is what an Allow is for. Where
    nobody said what is deployed, nothing is told.
    """
    for direction in DIRECTIONS:
        denied, beaten = _Found(), _Found()
        for meeting in _meetings(network, direction):
            _examine(data_plane(network), meeting, denied, beaten)
        for rule in denied.rules.values():
            yield _denied(rule, direction, tuple(denied.by[rule.id].values()))
        for rule in beaten.rules.values():
            yield _beaten(rule, direction, tuple(beaten.by[rule.id].values()), where=beaten.where[rule.id])
        left = tuple((denied.unexamined | beaten.unexamined).values())
        if left:
            yield unexamined(f"admin rules and security groups, {direction}", "whether they undo each other", left)


def _denied(rule: FilterRule, direction: str, by: Rules) -> Finding:
    message = (
        f"{rule_name(rule)}, {direction}: this Allow lets nothing past {listed([rule_name(other) for other in by])}, "
        "which deny all of it"
    )
    hint = "an admin Allow leaves the decision to the security groups; AlwaysAllow goes round them"
    severity: Severity = "info" if all(map(_is_about_everything, by)) else "warning"
    return Finding(severity, "VNS6005", message, str(rule.id), hint, ids_of(by))


def _is_about_everything(rule: FilterRule) -> bool:
    """A last rule that closes the group says nothing of its own about the packets of the admin rule."""
    is_any = rule.sources.prefixes == rule.destinations.prefixes == merge(EVERYTHING)
    return is_any and not rule.protocols and rule.destination_ports == ANY_PORT


def _beaten(rule: FilterRule, direction: str, by: Rules, where: set[str]) -> Finding:
    message = (
        f"{rule_name(rule)}, {direction}: in {listed(sorted(where))} all that it allows is denied before by "
        f"{listed([rule_name(other) for other in by])}"
    )
    hint = "an admin rule with a smaller priority number and AlwaysAllow, or Allow, would make the exception"
    return Finding("warning", "VNS6006", message, str(rule.id), hint, ids_of(by))


def _meetings(network: Network, direction: Direction) -> Iterator[_Meeting]:
    """Every group with the admin rules of each virtual network that it stands in."""
    for group, standing in sorted(subnets_of_groups(network).items()):
        rules = security_group_rules(network, group, direction)
        if rules is None:
            continue
        lists = grouped(
            (tuple(rule.id for rule in admin), subnet)
            for subnet in dict.fromkeys(standing)
            if (admin := _admin(network, subnet, direction))
        )
        for subnets in lists.values():
            admin = _admin(network, subnets[0], direction)
            yield _Meeting(direction, as_read(network, admin), as_read(network, rules), subnets)


def _admin(network: Network, subnet: ResourceId, direction: Direction) -> Rules:
    """The admin rules asked on the subnet; none where it is not known which of them are deployed."""
    held = network.subnets.get(subnet)
    if held is None or is_admin_exempt(network, subnet):
        return ()
    rules = admin_rules(network, held.virtual_network, direction)
    return () if any(rule.deployment_unknown for rule in rules) else rules


def _examine(plane: DataPlane, meeting: _Meeting, denied: _Found, beaten: _Found) -> None:
    budget = Budget(STEPS_A_LIST, STEPS_A_LIST)
    here = _here(plane.network, meeting)
    try:
        asked = [_Asked(meeting, here, view, budget) for view in tag_views(plane, meeting.subnets)]
    except BudgetExceededError:
        denied.unexamined.update({rule.id: rule for rule in meeting.admin})
        return
    for found, rules, question in (
        (denied, meeting.admin, _Asked.denying),
        (beaten, meeting.group, _Asked.forestalling),
    ):
        for at, rule in enumerate(rules):
            budget.renew(STEPS_A_RULE)
            try:
                answers = [question(one, at) for one in asked]
            except BudgetExceededError:
                found.unexamined[rule.id] = rule
                continue
            if all(answers):
                found.add(rule, tuple(other for answer in answers for other in answer), meeting)


def _here(network: Network, meeting: _Meeting) -> AddressSet:
    """The addresses that packets have at the groups' own side; any where a NIC forwards for others."""
    places = set(meeting.subnets)
    if any(endpoint.ip_forwarding for endpoint in network.endpoints if endpoint.subnet in places):
        return ANY_ADDRESS
    texts = (text for subnet in meeting.subnets for text in network.subnets[subnet].prefixes)
    return AddressSet(merge(readable_prefixes(texts)))


class _Asked:
    """One rule space of admin rules, then the group's, then a box of the packets that can be here at all."""

    def __init__(self, meeting: _Meeting, here: AddressSet, view: TagView | None, budget: Budget) -> None:
        self._admin, self._group = meeting.admin, meeting.group
        is_inbound = meeting.direction == "Inbound"
        whole = replace(_EVERYTHING, destinations=here) if is_inbound else replace(_EVERYTHING, sources=here)
        self._first, self._here = len(self._admin), len(self._admin) + len(self._group)
        self._space = RuleSpace((*self._admin, *self._group, whole), view, budget)

    def denying(self, at: int) -> Rules:
        """The group's own rules that deny every packet which admin rule `at` allows; () where one passes."""
        before = (1 << at) - 1
        if self._admin[at].action != "Allow":
            return ()
        denying = []
        for number, rule in enumerate(self._group):
            meets = [at, self._first + number, self._here]
            if self._space.packet(meets, before | self._in_group(number)) is None:
                continue
            if rule.action == "Allow":
                return ()
            denying.append(rule)
        return tuple(rule for rule in denying if not rule.is_default)

    def forestalling(self, at: int) -> Rules:
        """The admin rules that deny every packet which the group's rule `at` would allow; () where one passes."""
        rule, own, before = self._group[at], self._first + at, self._in_group(at)
        if rule.is_default or rule.action != "Allow":
            return ()
        if self._space.packet([own, self._here], before | (1 << self._first) - 1) is not None:
            return ()
        denying = []
        for number, admin in enumerate(self._admin):
            if self._space.packet([number, own, self._here], before | (1 << number) - 1) is not None:
                if admin.action != "Deny":
                    return ()
                denying.append(admin)
        return tuple(denying)

    def _in_group(self, number: int) -> int:
        """The rules of the group before `number`."""
        return (1 << self._first + number) - (1 << self._first)


_EVERYTHING = FilterRule(ResourceId("here"), "here", 0, "Allow", (), ANY_ADDRESS, ANY_ADDRESS, ANY_PORT, ANY_PORT)
