"""Hold a recorded flow log to its prediction: each conversation gets a category, differences are grouped for people.

What is held to the log is what each NIC's own filters decide, because that is what a flow log says. Conversations that
differ in nothing an explanation looks at are one *case*, explained once.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from simulator.comparison.categories import RANK
from simulator.comparison.explanations import Case, Explanation, explain_case
from simulator.comparison.labels import Parties, moment, protocol_name
from simulator.comparison.logged_rules import LoggedRules
from simulator.comparison.mismatches import Mismatch, Mismatches, Observed
from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.records import BEGIN, DIRECTIONS
from simulator.flows.replay import NONE, Replay
from simulator.flows.rule_names import parse_rule_name
from simulator.walk.packets import TCP, UDP, Bools
from simulator.walk.predictions import Observation
from simulator.walk.reasons import REASONS, Verdict

#: How many places in the log a row shows.
LOCATORS_SHOWN = 5


def diff(replay: Replay) -> Mismatches:
    """Hold every recorded conversation to its prediction.

    Returns
    -------
    Mismatches : the category of each conversation, and rows for all that do not simply match, the worst first.
    """
    first, case = _cases(replay)
    rules = LoggedRules(replay.network.snapshot)
    begins, replies = _begins(replay), _replies(replay)
    explanations = [explain_case(_case(replay, int(at), begins, replies), rules) for at in first]
    ranks = np.array([RANK[explanation.category] for explanation in explanations], np.uint8)
    category = ranks[case] if len(case) else np.zeros(0, np.uint8)
    rows = _rows(replay, case, category, explanations)
    return Mismatches(replay, category, rows, replay.records.malformed)


def _cases(replay: Replay) -> tuple[Rows, Rows]:
    """Conversations that are explained alike: (first conversation of each case, case of each conversation)."""
    conversations = replay.conversations
    columns: list[Column] = [
        replay.endpoint,
        conversations.direction,
        conversations.protocol,
        conversations.is_denied.astype(np.uint8),
        conversations.acl,
        conversations.rule,
        _answers(replay),
        replay.reason,
        replay.is_on_path.astype(np.uint8),
        _begins(replay).astype(np.uint8),
        _replies(replay).astype(np.uint8),
    ]
    return distinct_rows(columns)


def _answers(replay: Replay) -> Rows:
    """For each conversation a number of what its NIC's filters decided: by the same rules, the same; -1 for nothing."""
    asked = replay.asked
    columns = [np.ascontiguousarray(column) for column in (asked.reason, *asked.tables.T, *asked.rows.T)]
    _, group = distinct_rows(columns)
    numbers = np.append(group, NONE)  # the last row, which -1 picks, stands for nothing asked
    return numbers[replay.answer]


def _begins(replay: Replay) -> Bools:
    """Conversations of which the log holds a begin."""
    begins = np.zeros(len(replay), bool)
    begins[replay.conversations.of_record[replay.records.state == BEGIN]] = True
    return begins


def _replies(replay: Replay) -> Bools:
    """Conversations that look like the reply of an allowed one which the same NIC logged the other way round before.

    A server's port is lower than its client's; without that, two hosts that both speak from port 123 would count as
    each other's replies.
    """
    flows = replay.conversations
    ends: list[Column] = [flows.source.high, flows.source.low, flows.source_port]
    others: list[Column] = [flows.destination.high, flows.destination.low, flows.destination_port]
    same: list[Column] = [flows.mac, flows.protocol]
    there = [flows.direction, *same, *ends, *others]
    back = [1 - flows.direction, *same, *others, *ends]
    _, group = distinct_rows([np.concatenate(pair) for pair in zip(there, back, strict=True)])
    own, swapped = group[: len(flows)], group[len(flows) :]
    began = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(began, own[~flows.is_denied], flows.first_time[~flows.is_denied])
    replies: Bools = (began[swapped] <= flows.first_time) & (flows.source_port < flows.destination_port)
    return replies


def _case(replay: Replay, at: int, begins: Bools, replies: Bools) -> Case:
    flows, records = replay.conversations, replay.records
    return Case(
        endpoint=replay.nic(at),
        direction=DIRECTIONS[flows.direction[at]],
        protocol=int(flows.protocol[at]),
        is_denied=bool(flows.is_denied[at]),
        begins=bool(begins[at]),
        acl=records.acls[flows.acl[at]],
        rule=parse_rule_name(records.rules[flows.rule[at]]),
        predicted=replay.observation(at),
        end_to_end=REASONS[replay.reason[at]],
        is_on_path=bool(replay.is_on_path[at]),
        is_reply=bool(replies[at]),
    )


def _rows(
    replay: Replay, case: Rows, category: npt.NDArray[np.uint8], explanations: list[Explanation]
) -> tuple[Mismatch, ...]:
    """One row for each NIC, case, destination and port, worst first."""
    flows = replay.conversations
    shown = np.flatnonzero(category != RANK["match"])
    destination = flows.destination[shown]
    where: list[Column] = [flows.mac[shown], destination.high, destination.low, flows.destination_port[shown]]
    _, group = distinct_rows([*where, case[shown]])
    order = np.argsort(group, kind="stable")
    members = np.split(shown[order], np.flatnonzero(np.diff(group[order])) + 1) if len(shown) else []
    describe = _describer(replay)
    rows = [describe(rows_of_group, explanations[case[rows_of_group[0]]]) for rows_of_group in members]
    return tuple(sorted(rows, key=_worst_first))


def _worst_first(row: Mismatch) -> tuple[object, ...]:
    return (
        RANK[row.category],
        -row.conversations,
        -row.observed.records,
        row.nic,
        row.direction,
        row.destination,
        row.port,
        row.text,
    )


def _describer(replay: Replay) -> Callable[[Rows, Explanation], Mismatch]:
    flows, records, parties = replay.conversations, replay.records, Parties(replay.network)
    by_conversation = np.argsort(flows.of_record, kind="stable")
    starts = np.searchsorted(flows.of_record[by_conversation], np.arange(len(flows) + 1))

    def records_of(members: Rows) -> list[int]:
        """The first records of the conversations, in the order of the log."""
        found = [by_conversation[starts[at] : starts[at + 1]][:LOCATORS_SHOWN] for at in members[:LOCATORS_SHOWN]]
        return sorted(int(at) for at in np.concatenate(found))[:LOCATORS_SHOWN]

    def describe(members: Rows, explanation: Explanation) -> Mismatch:
        at = int(members[0])
        endpoint, evidence = replay.nic(at), records_of(members)
        vnet = endpoint.virtual_network if endpoint else None
        protocol, predicted = int(flows.protocol[at]), replay.observation(at)
        observed = Observed(
            verdict="DENY" if flows.is_denied[at] else "ALLOW",
            acl=records.acls[flows.acl[at]],
            rule=records.rules[flows.rule[at]],
            records=int(flows.count[members].sum()),
            first_time=moment(int(flows.first_time[members].min())),
            last_time=moment(int(flows.last_time[members].max())),
        )
        return Mismatch(
            category=explanation.category,
            kind=explanation.kind,
            nic=endpoint.name if endpoint else records.macs[flows.mac[at]],
            endpoint=endpoint,
            direction=DIRECTIONS[flows.direction[at]],
            source=parties.label(vnet, flows.source.value(at)),
            destination=parties.label(vnet, flows.destination.value(at)),
            protocol=protocol_name(protocol),
            port=int(flows.destination_port[at]) if protocol in (TCP, UDP) else NONE,
            conversations=len(members),
            sources=len({flows.source.value(int(member)) for member in members}),
            observed=observed,
            predicted=predicted,
            prediction=replay.predictions[at],
            witness=records[evidence[0]],
            locators=tuple(records.locator(record) for record in evidence),
            text=f"log: {_observed_text(observed)}; predicted: {predicted_text(predicted)}",
            note=explanation.note,
        )

    return describe


def _observed_text(observed: Observed) -> str:
    verb = "denied" if observed.verdict == "DENY" else "allowed"
    acl = observed.acl.rsplit("/", 1)[-1]
    return f"{verb} by {acl}/{observed.rule}"


def predicted_text(predicted: Observation | None) -> str:
    """What a NIC should decide, for people: ``denied by nsg-web/deny-all (4000)``."""
    if predicted is None:
        return "nothing, the NIC is not known"
    if predicted.verdict == Verdict.UNKNOWN:
        return f"unknown ({predicted.reason})"
    verb = "denied" if predicted.verdict == Verdict.DENY else "allowed"
    if predicted.rule is None:
        return f"{verb}, no filter stands here"
    rules = dict.fromkeys(f"{rule} ({rule.priority})" for rule in (*predicted.also, predicted.rule))
    return f"{verb} by {' and '.join(rules)}"
