"""Hold a recorded flow log to its prediction: each conversation gets a category, differences are grouped for people.

What is held to the log is what each NIC's own filters decide, because that is what a flow log says. Conversations that
differ in nothing an explanation looks at are one *case*, explained once.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.comparison.cases import Explained, explained
from simulator.comparison.categories import RANK
from simulator.comparison.explanations import Explanation
from simulator.comparison.labels import Parties, protocol_name
from simulator.comparison.mismatches import Mismatch, Mismatches, Observed
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import DIRECTIONS, moment
from simulator.flows.replay import NONE, Replay
from simulator.walk.encryption import Encryption
from simulator.walk.encryption_steps import told
from simulator.walk.packets import TCP, UDP
from simulator.walk.predictions import Observation
from simulator.walk.reasons import Verdict

#: Rows beyond this many are counted, not made.
ROWS_SHOWN = 10_000
#: How many places in the log a row shows.
LOCATORS_SHOWN = 5


def diff(replay: Replay) -> Mismatches:
    """Hold every recorded conversation to its prediction.

    Returns
    -------
    Mismatches : the category of each conversation, and rows for all that do not simply match, the worst first.
    """
    found = explained(replay)
    groups = _groups(replay, found)
    describe = _describer(replay)
    rows = [describe(group, found.explanations[found.of_conversation[group[0]]]) for group in groups[:ROWS_SHOWN]]
    omitted = max(len(groups) - ROWS_SHOWN, 0)
    return Mismatches(replay, found.category, tuple(sorted(rows, key=_worst_first)), replay.records.malformed, omitted)


def _groups(replay: Replay, found: Explained) -> list[Rows]:
    """What does not match, by NIC, case, destination and port; the worst category and largest group first."""
    flows = replay.conversations
    shown = np.flatnonzero(found.category != RANK["match"])
    if not len(shown):
        return []
    where = (flows.mac, flows.destination, flows.destination_port, found.of_conversation)
    first, group = distinct_rows([column[shown] for column in where])
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    members = np.split(shown[order], np.cumsum(sizes)[:-1])
    return [members[number] for number in np.lexsort((-sizes, found.category[shown[first]]))]


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
        observed, encryption = _observed(replay, members), replay.encryption[at]
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
            sources=len(distinct_rows([flows.source[members]])[0]),
            observed=observed,
            predicted=predicted,
            prediction=replay.predictions[at],
            witness=records[evidence[0]],
            locators=tuple(records.locator(record) for record in evidence),
            encryption=encryption,
            text=_text(explanation, observed, predicted, encryption),
            note=explanation.note,
        )

    return describe


def _observed(replay: Replay, members: Rows) -> Observed:
    flows, records, at = replay.conversations, replay.records, int(members[0])
    return Observed(
        verdict="DENY" if flows.is_denied[at] else "ALLOW",
        acl=records.acls[flows.acl[at]],
        rule=records.rules[flows.rule[at]],
        encryption=records.encryptions[flows.encryption[at]],
        records=int(flows.count[members].sum()),
        first_time=moment(int(flows.first_time[members].min())),
        last_time=moment(int(flows.last_time[members].max())),
    )


def _text(explanation: Explanation, observed: Observed, predicted: Observation | None, encryption: Encryption) -> str:
    if explanation.category == "encryption_mismatch":
        return f"log: {_logged_code(observed)}; predicted: {told(encryption)}"
    return f"log: {_observed_text(observed)}; predicted: {predicted_text(predicted)}"


def _logged_code(observed: Observed) -> str:
    """``NX``; of what was denied for want of encryption ``denied (NX_NOT_ACCEPTED)``."""
    return f"denied ({observed.encryption})" if observed.verdict == "DENY" else observed.encryption


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
    if predicted.verdict == Verdict.INTERMITTENT:
        return f"sometimes allowed, sometimes denied ({predicted.reason})"
    verb = "denied" if predicted.verdict == Verdict.DENY else "allowed"
    if predicted.rule is None:
        return f"{verb}, no filter stands here"
    rules = dict.fromkeys(f"{rule} ({rule.priority})" for rule in (*predicted.also, predicted.rule))
    return f"{verb} by {' and '.join(rules)}"
