"""What `vnetsim replay` says: fate, encryption and cost of recorded conversations, and the rules that decided most."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from simulator.comparison.labels import protocol_name
from simulator.cost.bill import Bill
from simulator.cost.conversations import conversation_amounts
from simulator.flows.arrow import replay_table, with_column
from simulator.flows.distinct import distinct_rows
from simulator.flows.records import DIRECTIONS, FlowRecords, Int64, moment
from simulator.flows.replay import Replay
from simulator.report.document import Line, Report, Row, Table
from simulator.report.text import counted, data_size
from simulator.report.words import rule_data
from simulator.walk.encryption import NX
from simulator.walk.predictions import NOTHING
from simulator.walk.reasons import REASONS, Verdict


def replay_report(replay: Replay, bill: Bill | None = None, *, rules_shown: int = 10) -> Report:
    """`bill` is what the recorded traffic costs, where it could be priced."""
    return Report(
        kind="replay",
        headline=Line(f"{_size(replay)}: {_verdicts(replay)}", "strong"),
        blocks=(_fates(replay), *_encryption(replay), *_cost(bill), *_deciders(replay, rules_shown)),
        records=lambda: _records(replay, bill),
        data=lambda: _data(replay, bill),
        arrow=lambda: _arrow(replay, bill),
    )


def _arrow(replay: Replay, bill: Bill | None) -> Any:
    table = replay_table(replay)
    return table if bill is None else with_column(table, "cost", conversation_amounts(bill))


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
    volumes = np.bincount(replay.reason, weights=_traffic(replay), minlength=len(REASONS))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda at: (REASONS[at].verdict, -counts[at], at))
    rows = tuple(
        (REASONS[at].verdict.name, REASONS[at].code, int(counts[at]), data_size(int(volumes[at])), REASONS[at].text)
        for at in order
    )
    return Table(("Verdict", "Reason", "Conversations", "Logged traffic", "Meaning"), rows, title="Predicted verdicts")


#: How a leg is called by whether it is encrypted.
_STATES: dict[bool | None, str] = {True: "encrypted", False: "not encrypted", None: "not known"}


def _traffic(replay: Replay) -> Int64:
    return replay.conversations.bytes_sent + replay.conversations.bytes_received


def _encryption(replay: Replay) -> Iterator[Table]:
    """One row a predicted code of what the log says passed, where there is encryption in the network or in the log."""
    encrypting = (held.encryption for held in replay.network.snapshot.virtual_networks)
    if not any(held is not None and held.enabled for held in encrypting) and {*replay.records.encryptions} <= {NX}:
        return
    answers, passed = replay.encryption.answers, ~replay.conversations.is_denied
    number, traffic = replay.encryption.number[passed], _traffic(replay)[passed]
    counts = np.bincount(number, minlength=len(answers))
    volumes = np.bincount(number, weights=traffic, minlength=len(answers))
    kinds: dict[tuple[str, str], list[int]] = {}
    for at in np.flatnonzero(counts).tolist():
        held = kinds.setdefault((_STATES[answers[at].is_encrypted], answers[at].code), [0, 0])
        held[0] += int(counts[at])
        held[1] += int(volumes[at])
    order = sorted(kinds, key=lambda kind: ([*_STATES.values()].index(kind[0]), -kinds[kind][0], kind[1]))
    rows = tuple((kind[0], kind[1] or None, kinds[kind][0], data_size(kinds[kind][1])) for kind in order)
    yield Table(("Encryption", "Code", "Conversations", "Logged traffic"), rows, title="Predicted encryption")


def _encryption_totals(replay: Replay) -> dict[str, dict[str, int]]:
    """Conversations that the log says passed, and their bytes, by whether they should be encrypted; zeros too."""
    passed = ~replay.conversations.is_denied
    of_answer = np.array([[*_STATES].index(held.is_encrypted) for held in replay.encryption.answers])
    state = of_answer[replay.encryption.number[passed]]
    counts = np.bincount(state, minlength=len(_STATES))
    volumes = np.bincount(state, weights=_traffic(replay)[passed], minlength=len(_STATES))
    totals = zip(_STATES.values(), counts.tolist(), volumes.tolist(), strict=True)
    return {name.replace(" ", "_"): {"conversations": count, "bytes": int(volume)} for name, count, volume in totals}


def _cost(bill: Bill | None) -> Iterator[Table]:
    """The dearest meters, and all of them together."""
    if bill is None or not bill.lines:
        return
    rows: list[Row] = [
        (line.meter.title, line.region, float(round(line.gb, 6)), _money(line.amount)) for line in bill.lines[:3]
    ]
    rows.append(("in all", None, None, _money(bill.total)))
    title = "Predicted cost of this traffic (vnetsim cost tells more)"
    yield Table(("Meter", "Region", "GB", bill.currency), tuple(rows), title=title)


def _money(amount: Decimal) -> float:
    return float(round(amount, 6))


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
    "Logged encryption", "Verdict", "Reason", "Rule", "Priority", "Route", "Next hop", "Path", "Encryption", "Records",
    "Bytes", "Cost",
)  # fmt: skip


def _records(replay: Replay, bill: Bill | None) -> Table:
    return Table(_COLUMNS, tuple(tuple(row.values()) for row in _conversations(replay, bill, flat=True)))


def _data(replay: Replay, bill: Bill | None) -> dict[str, Any]:
    return {
        "network": replay.network.snapshot.name,
        "records": len(replay.records),
        "malformed": len(replay.records.malformed),
        "duplicates": replay.records.duplicates,
        "verdicts": verdict_counts(replay),
        "encryption": _encryption_totals(replay),
        "cost": None if bill is None else {"total": float(bill.total), "currency": bill.currency},
        "conversations": [*_conversations(replay, bill, flat=False)],
    }


def _conversations(replay: Replay, bill: Bill | None, *, flat: bool) -> Iterator[dict[str, Any]]:
    """Each conversation with its prediction; `flat` has a scalar in each field, in the order of `_COLUMNS`."""
    held = replay.conversations
    amounts = np.full(len(replay), np.nan) if bill is None else conversation_amounts(bill)
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
            "observed_encryption": replay.records.encryptions[held.encryption[at]],
            "verdict": Verdict(prediction.verdict).name,
            "reason": prediction.reason,
        }
        if flat:
            row |= {"rule": str(rule) if rule else None, "priority": rule.priority if rule else None}
            row |= {"route": " ".join(route.prefixes) if route else None}
            row |= {"next_hop": route.next_hop_type if route else None, "path": " > ".join(prediction.path)}
        else:
            row |= {"rule": rule_data(rule), "path": list(prediction.path)}
        row |= {"encryption": replay.encryption[at].code or None}
        row |= {"records": int(held.count[at]), "bytes": int(held.bytes_sent[at] + held.bytes_received[at])}
        row |= {"cost": None if np.isnan(amounts[at]) else round(float(amounts[at]), 12)}
        yield row
