"""What `vnetsim replay` says: the fate of every recorded conversation, counted, and the rules that decided most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.comparison.labels import protocol_name
from simulator.flows.distinct import distinct_rows
from simulator.flows.records import DIRECTIONS, FlowRecords, moment
from simulator.flows.replay import Replay
from simulator.report.document import Line, Report, Row, Table
from simulator.report.text import counted, data_size
from simulator.report.words import rule_data
from simulator.walk.predictions import NOTHING
from simulator.walk.reasons import REASONS, Verdict


def replay_report(replay: Replay, *, rules_shown: int = 10) -> Report:
    return Report(
        kind="replay",
        headline=Line(f"{_size(replay)}: {_verdicts(replay)}", "strong"),
        blocks=(_fates(replay), *_deciders(replay, rules_shown)),
        records=lambda: _records(replay),
        data=lambda: _data(replay),
    )


def verdict_counts(replay: Replay) -> dict[str, int]:
    """Verdict → conversations, zeros too."""
    counts = np.bincount(replay.verdict, minlength=len(Verdict))
    return {verdict.name: int(counts[verdict]) for verdict in Verdict}


def over_time(counts: str, records: FlowRecords) -> str:
    """`counts` with the time that the log covers: ``12 records, 2026-01-12 08:00 to 09:59 UTC``."""
    if not len(records):
        return counts
    first, last = (moment(int(time)) for time in (records.time.min(), records.time.max()))
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{counts}, {first:%Y-%m-%d %H:%M} to {until} UTC"


def _size(replay: Replay) -> str:
    records = counted(len(replay.records), "record")
    return over_time(f"{counted(len(replay), 'conversation')} in {records}", replay.records)


def _verdicts(replay: Replay) -> str:
    """The counts; INTERMITTENT, which few networks have, only where something is."""
    counts = verdict_counts(replay)
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name != "INTERMITTENT")


def _fates(replay: Replay) -> Table:
    """One row a reason, delivered first, then the most frequent."""
    counts = np.bincount(replay.reason, minlength=len(REASONS))
    traffic = replay.conversations.bytes_sent + replay.conversations.bytes_received
    volumes = np.bincount(replay.reason, weights=traffic, minlength=len(REASONS))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda at: (REASONS[at].verdict, -counts[at], at))
    rows = tuple(
        (REASONS[at].verdict.name, REASONS[at].code, int(counts[at]), data_size(int(volumes[at])), REASONS[at].text)
        for at in order
    )
    return Table(("Verdict", "Reason", "Conversations", "Logged traffic", "Meaning"), rows, title="Predicted verdicts")


def _deciders(replay: Replay, shown: int) -> Iterator[Table]:
    """The rules that decided most conversations, each with how many."""
    deciders = replay.walked.decider[replay.packet]
    ruled = np.flatnonzero(deciders[:, 1] != NOTHING)
    first, group = distinct_rows([*deciders[ruled].T])
    counts = np.bincount(group)
    order = np.lexsort((*deciders[ruled[first]].T[::-1], -counts))
    rows: list[Row] = []
    for at in order[:shown]:
        rule = replay.predictions[int(ruled[first[at]])].rule
        if rule is not None:
            rows.append((str(rule), rule.priority, rule.action, rule.layer, int(counts[at])))
    if rows:
        title = "Rules that decided most" if len(counts) > shown else "Rules that decided"
        yield Table(("Rule", "Priority", "Action", "Layer", "Conversations"), tuple(rows), title=title)


_COLUMNS = (
    "NIC", "Direction", "Source", "Source port", "Destination", "Destination port", "Protocol", "Logged", "Logged rule",
    "Verdict", "Reason", "Rule", "Priority", "Route", "Next hop", "Path", "Records", "Bytes",
)  # fmt: skip


def _records(replay: Replay) -> Table:
    return Table(_COLUMNS, tuple(tuple(row.values()) for row in _conversations(replay, flat=True)))


def _data(replay: Replay) -> dict[str, Any]:
    return {
        "network": replay.network.snapshot.name,
        "records": len(replay.records),
        "malformed": len(replay.records.malformed),
        "duplicates": replay.records.duplicates,
        "verdicts": verdict_counts(replay),
        "conversations": [*_conversations(replay, flat=False)],
    }


def _conversations(replay: Replay, *, flat: bool) -> Iterator[dict[str, Any]]:
    """Each conversation with its prediction; `flat` has a scalar in each field, in the order of `_COLUMNS`."""
    held = replay.conversations
    for at in range(len(replay)):
        prediction = replay.predictions[at]
        rule, route, nic = prediction.rule, prediction.route, replay.nic(at)
        protocol = int(held.protocol[at])
        row = {
            "nic": nic.name if nic else replay.records.macs[held.mac[at]],
            "direction": DIRECTIONS[held.direction[at]],
            "source": held.source.text(at),
            "source_port": int(held.source_port[at]),
            "destination": held.destination.text(at),
            "destination_port": int(held.destination_port[at]),
            "protocol": protocol_name(protocol).lower(),
            "observed": "DENY" if held.is_denied[at] else "ALLOW",
            "observed_rule": replay.records.rules[held.rule[at]],
            "verdict": Verdict(prediction.verdict).name,
            "reason": prediction.reason,
        }
        if flat:
            row |= {"rule": str(rule) if rule else None, "priority": rule.priority if rule else None}
            row |= {"route": " ".join(route.prefixes) if route else None}
            row |= {"next_hop": route.next_hop_type if route else None, "path": " > ".join(prediction.path)}
        else:
            row |= {"rule": rule_data(rule), "path": list(prediction.path)}
        row |= {"records": int(held.count[at]), "bytes": int(held.bytes_sent[at] + held.bytes_received[at])}
        yield row
