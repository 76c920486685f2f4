"""Which rules of ordered lists decide nothing, exactly: those that no packet reaches, and those that change nothing.

A rule is shadowed when the rules before it match every packet that it may match. It is redundant when every packet that
it decides would meet the same action at a later rule. What only may match (a name that nobody could resolve, a
configuration that may not be deployed, a tag that may hold more) shadows nothing and replaces nothing. What is called
useless can be removed, one rule by itself or all at once: so of rules that replace each other only some are called so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

from msgspec import Struct, field

from simulator.azure.resource import ResourceId
from simulator.lints.rule_space import Budget, BudgetExceededError, Packet, RuleSet, RuleSpace, TagView, members
from simulator.network.filter_rules import FilterAction, FilterRule

Kind = Literal["shadowed", "redundant", "empty"]
#: Cells that are looked at for one rule, and for one list in one view: about a tenth of a second, and at most ten.
STEPS_A_RULE, STEPS_A_LIST = 200_000, 20_000_000
#: So many covering rules are tried to be left out one by one; of more all are named.
_MOST_TRIED = 64


class RuleList(Struct, frozen=True):
    """Rules in the order in which they are asked, and how VirtualNetwork and Internet look where they are.

    `view` None: the tags may hold any address. `end` is what a packet meets that none matches; None = nothing equal.
    `candidates` are the places of the rules that may be called useless.
    """

    rules: tuple[FilterRule, ...]
    view: TagView | None
    end: FilterAction | None
    candidates: tuple[int, ...]


class Useless(Struct, frozen=True):
    """A rule that decides nothing in any list that holds it, and the rules because of which it does not.

    `by` of a shadowed rule cover it together, none of them without need; of a redundant rule they are where its packets
    go instead, () for the end of the list; a rule without any packet is ``empty``.
    """

    rule: FilterRule
    kind: Kind
    by: tuple[FilterRule, ...] = ()


class Examined(Struct, frozen=True):
    """The useless rules, and the rules of which nobody could say it in bounded time."""

    useless: tuple[Useless, ...]
    unexamined: tuple[FilterRule, ...]


class Examination:
    """Questions about one list. Raises BudgetExceededError, here and in its methods, when one needs too many steps."""

    def __init__(self, held: RuleList, budget: Budget) -> None:
        self.rules, self.budget = held.rules, budget
        self._end = held.end
        self._space = RuleSpace(held.rules, held.view, budget)
        self._certain = _set_of(at for at, rule in enumerate(held.rules) if not rule.deployment_unknown)
        self._removed: RuleSet = 0

    def remove(self, at: int) -> None:
        """Go on as if rule `at` were not there."""
        self._removed |= 1 << at

    def is_empty(self, at: int) -> bool:
        """Whether no packet at all can match rule `at`."""
        return not self._space.overlapping(at)

    def decided_by(self, at: int) -> Packet | None:
        """A packet that rule `at` may decide: none of the rules before it surely matches it."""
        return self._space.packet([at], self._before(at))

    def changed_without(self, at: int) -> Packet | None:
        """A packet that rule `at` may decide and that might meet another action without it."""
        action = self.rules[at].action
        for later in self._after(at):
            if self.rules[later].action != action:
                found = self._space.packet([at, later], self._before(later, at))
                if found is not None:
                    return found
        return None if self._end == action else self._space.packet([at], self._before(len(self.rules), at))

    def shadowing(self, at: int) -> Iterator[int]:
        """The first rule that covers `at` alone, or rules that do together, none that the steps tell to be needless."""
        before = self._before(at)
        alone = self._space.covering(at) & before
        needed = alone & -alone or before & self._space.overlapping(at)
        if 1 < needed.bit_count() <= _MOST_TRIED:
            with suppress(BudgetExceededError):
                for other in reversed([*members(needed)]):
                    if self._space.packet([at], needed & ~(1 << other)) is None:
                        needed &= ~(1 << other)
        return members(needed)

    def instead(self, at: int) -> Iterator[int]:
        """The later rules that packets of rule `at` would meet first: as many as the steps suffice for."""
        with suppress(BudgetExceededError):
            for later in self._after(at):
                if self._space.packet([at, later], self._before(later, at)) is not None:
                    yield later

    def _after(self, at: int) -> Iterator[int]:
        """The later rules that may match a packet which rule `at` may match."""
        return members((self._space.overlapping(at) & ~self._removed) >> at + 1 << at + 1)

    def _before(self, at: int, of: int | None = None) -> RuleSet:
        """The rules before `at`, without rule `of`, that are there whenever rule `of` (default: `at`) is."""
        own = self.rules[at if of is None else of]
        sure = self._certain | (self._asked_with(own) if own.deployment_unknown else 0)
        return sure & (1 << at) - 1 & ~self._removed & ~(0 if of is None else 1 << of)

    def _asked_with(self, own: FilterRule) -> RuleSet:
        """The rules that are asked whenever `own` is, because the same deployment or membership decides it."""
        return _set_of(at for at, rule in enumerate(self.rules) if rule.depends_on == own.depends_on)


class _Candidate(Struct):
    """A rule, where it stands, and whether it can be told what it decides."""

    rule: FilterRule
    places: list[tuple[Examination, int]] = field(default_factory=list)
    is_examined: bool = True

    def is_everywhere(self, question: Callable[[Examination, int], bool]) -> bool:
        """Whether the answer is yes in every list; False too where it cannot be told."""
        try:
            return self.is_examined and all(question(*self._renewed(place)) for place in self.places)
        except BudgetExceededError:
            self.is_examined = False
            return False

    def named(self, others: Callable[[Examination, int], Iterator[int]]) -> tuple[FilterRule, ...]:
        """The rules that `others` numbers in any of the lists."""
        named = [(place[0].rules[at]) for place in self.places for at in others(*self._renewed(place))]
        return tuple({rule.id: rule for rule in named}.values())

    def remove(self) -> None:
        for one, at in self.places:
            one.remove(at)

    @staticmethod
    def _renewed(place: tuple[Examination, int]) -> tuple[Examination, int]:
        place[0].budget.renew(STEPS_A_RULE)
        return place


def examine(lists: Sequence[RuleList]) -> Examined:
    """The useless rules of lists that may share rules; a shared rule is useless where it is so in all of them."""
    candidates = _candidates(lists)
    useless: list[Useless] = []
    left: list[_Candidate] = []
    for one in candidates:
        if one.is_everywhere(Examination.is_empty):
            useless.append(Useless(one.rule, "empty"))
        elif one.is_everywhere(lambda held, at: held.decided_by(at) is None):
            useless.append(Useless(one.rule, "shadowed", one.named(Examination.shadowing)))
        else:
            left.append(one)
    unreached = {held.rule.id for held in useless}
    dispensable = [one for one in left if one.is_everywhere(_changes_nothing)]
    for one in candidates:
        if one.rule.id in unreached:
            one.remove()
    for one in reversed(dispensable):
        if one.is_everywhere(_changes_nothing):
            useless.append(Useless(one.rule, "redundant", one.named(Examination.instead)))
            one.remove()
    return Examined(tuple(useless), tuple(one.rule for one in candidates if not one.is_examined))


def _changes_nothing(held: Examination, at: int) -> bool:
    return held.changed_without(at) is None


def _candidates(lists: Sequence[RuleList]) -> list[_Candidate]:
    candidates: dict[ResourceId, _Candidate] = {}
    for held in lists:
        own = [(at, candidates.setdefault(held.rules[at].id, _Candidate(held.rules[at]))) for at in held.candidates]
        try:
            one = Examination(held, Budget(STEPS_A_LIST, STEPS_A_LIST))
        except BudgetExceededError:
            for _, candidate in own:
                candidate.is_examined = False
        else:
            for at, candidate in own:
                candidate.places.append((one, at))
    return [*candidates.values()]


def _set_of(numbers: Iterable[int]) -> RuleSet:
    return sum(1 << number for number in numbers)
