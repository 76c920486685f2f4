"""The fate of each recorded flow in one network, as values that two networks can be compared by.

Numbers of rules, routes and places mean something only within one data plane; a `Fate` names them, and `Fates` gives
equal fates of both networks one number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.records import Int64
from simulator.flows.replay import INBOUND, NONE, Replay
from simulator.network.routes import EffectiveRoute
from simulator.walk.packets import Int32
from simulator.walk.predictions import RuleReference
from simulator.walk.reasons import Verdict

_VERBS = {
    Verdict.ALLOW: "allowed",
    Verdict.DENY: "denied",
    Verdict.UNKNOWN: "unknown",
    Verdict.INTERMITTENT: "intermittent",
}


class Fate(Struct, frozen=True):
    """What becomes of a packet: `route` is the first route it took, `path` the places it passed.

    `rule` is the one that denied it, or the last that let it pass; None where no rule decided, but a route or the like.
    """

    verdict: Verdict
    reason: str
    rule: RuleReference | None
    route: EffectiveRoute | None
    path: tuple[str, ...]

    def __str__(self) -> str:
        by = f" by {self.rule} ({self.rule.priority})" if self.rule else ""
        reason = "" if self.verdict == Verdict.ALLOW else f" [{self.reason}]"
        return f"{_VERBS[self.verdict]}{by}{reason}"

    @property
    def route_text(self) -> str:
        """``0.0.0.0/0 -> VirtualAppliance 10.1.1.4``, or ``no route``."""
        if self.route is None:
            return "no route"
        prefixes = self.route.prefixes
        shown = prefixes[0] + (f" and {len(prefixes) - 1} more" if len(prefixes) > 1 else "")
        return " ".join(filter(None, (f"{shown} ->", self.route.next_hop_type, *self.route.next_hop_addresses)))


class Fates(Struct):
    """Fates by number, shared by the networks that are compared."""

    numbers: dict[Fate, int] = field(default_factory=dict)

    def of(self, replay: Replay, flow: Rows) -> Int64:
        """The number of the fate of each conversation's flow; `flow` numbers the flows that conversations belong to.

        Where the end-to-end verdict is not known, the filters of the NICs that logged still are: what one of them
        denies is denied, whatever the rest of the path does. Of several that deny, the one nearest the source counts.
        """
        first, group = distinct_rows(_columns(replay))
        numbers = [self.number(_fate(replay, int(at))) for at in first]
        fate = np.array(numbers, np.int64)[group]
        is_denied = np.array([fate.verdict == Verdict.DENY for fate in self.numbers], bool)[fate]
        flows, by_mac = replay.conversations, np.argsort(np.argsort(replay.records.macs))
        order = np.lexsort((by_mac[flows.mac], flows.direction == INBOUND, ~is_denied, flow))
        _, worst = np.unique(flow[order], return_index=True)
        return fate[order[worst]][flow]

    def number(self, fate: Fate) -> int:
        return self.numbers.setdefault(fate, len(self.numbers))

    @property
    def all(self) -> Sequence[Fate]:
        return tuple(self.numbers)

    @property
    def alike(self) -> Int64:
        """For each number the first one whose fate is the same, but for the route table that holds the same route."""
        first: dict[Fate, int] = {}
        return np.array([first.setdefault(_from_any_table(fate), at) for fate, at in self.numbers.items()], np.int64)


def _from_any_table(fate: Fate) -> Fate:
    return fate if fate.route is None else replace(fate, route=replace(fate.route, route_table=None, name=None))


def places_passed(replay: Replay) -> list[Int32]:
    """For each hop a column of the places where the distinct packets then were; -1 for those already at their end."""
    columns = []
    for packets, places in replay.walked.path:
        column = np.full(len(replay.walked), NONE, np.int32)
        column[packets] = places
        columns.append(column)
    return columns


def _columns(replay: Replay) -> list[Column]:
    """Everything a fate depends on, by conversation."""
    walked, asked = replay.walked, replay.asked
    is_denied_here = (replay.verdict == Verdict.UNKNOWN) & (replay.answered == Verdict.DENY)
    columns: list[Column] = [walked.reason, walked.route, *walked.decider.T, *places_passed(replay)]
    gathered = [np.ascontiguousarray(column)[replay.packet] for column in columns]
    for answer in (asked.reason, *asked.tables.T, *asked.rows.T):
        gathered.append(np.where(is_denied_here, np.append(answer.astype(np.int32), NONE)[replay.answer], NONE))
    return gathered


def _fate(replay: Replay, at: int) -> Fate:
    walked, here = replay.predictions[at], replay.observation(at)
    verdict, reason, rule = walked.verdict, walked.reason, walked.rule
    if verdict == Verdict.UNKNOWN and here is not None and here.verdict == Verdict.DENY:
        verdict, reason, rule = here.verdict, here.reason, here.rule
    if verdict == Verdict.DENY and rule is not None and rule.action != "Deny":
        rule = None
    return Fate(verdict, reason, rule, walked.route, walked.path)
