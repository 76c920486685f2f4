"""What `vnetsim what-if` says: one sentence, counts, what breaks, what opens, what is not known, how to check it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from simulator.report.document import Line, Lines, Report, Row, Table, Tone
from simulator.report.replay import over_time
from simulator.report.side_effects import SideEffects, effects_basis, effects_blocks, effects_data, effects_line
from simulator.report.text import counted, data_size
from simulator.report.words import route_data, rule_data, service
from simulator.walk.reasons import CODE_OF, REASONS, Verdict
from simulator.whatif.fates import Fate
from simulator.whatif.impact import KINDS, Impact, ImpactRow, Kind

_TITLES: dict[Kind, str] = {
    "breaks": "Breaks: was delivered, would not be",
    "opens": "Opens: was not delivered, would be",
    "breaks_in_part": "Breaks in part: more of the packets alike would be stopped",
    "opens_in_part": "Opens in part: more of the packets alike would get through",
    "may_break": "May break: the export does not decide it",
    "may_open": "May open: the export does not decide it",
    "other_rule": "Same verdict, another rule decides",
    "other_route": "Same verdict, another route",
}
#: Kinds whose verdict stays.
_QUIET: tuple[Kind, ...] = ("other_rule", "other_route")
#: Kinds of which the title does not say what the verdicts were and would be.
_MIXED: tuple[Kind, ...] = ("breaks_in_part", "opens_in_part", "may_break", "may_open")
#: How many rows of a kind people see, and for how many rows they get a command.
_SHOWN, _COMMANDS = 10, 2
#: The kinds that such a command is worth, the worst first.
_CLOSER: tuple[Kind, ...] = ("breaks", "opens", "breaks_in_part", "opens_in_part", "may_break")


def impact_report(
    impact: Impact,
    *,
    network: str,
    change: str | None,
    options: str = "",
    is_brief: bool = False,
    effects: SideEffects | None = None,
) -> Report:
    """`network`, `change` and the further `options` are as the user gave them, for commands to go on with.

    `change` None is one that no single file holds.

    `is_brief` only counts, for people, what keeps its verdict, and gives commands for the worst row alone.
    `effects` are told below the verdicts.
    """
    effects = SideEffects() if effects is None else effects
    kinds = [kind for kind in KINDS if impact.of(kind) and not (is_brief and kind in _QUIET)]
    asked = _details(impact, network, change, options, count=1 if is_brief else _COMMANDS)
    details = Lines.of(*asked, title="Look closer", tone="command")
    return Report(
        kind="what_if",
        headline=_headline(impact),
        blocks=(
            Lines(tuple(_introduction(impact, effects_line(effects), "" if is_brief else effects_basis(effects)))),
            *(_table(impact, kind) for kind in kinds),
            *effects_blocks(effects),
            Lines.of(*(f"  {note}" for note in impact.notes), title="Keep in mind"),
            *([details] if details.lines else []),
        ),
        records=lambda: Table(_COLUMNS, tuple(_record(row) for row in impact)),
        data=lambda: _data(impact) | effects_data(effects),
    )


def has_nothing_decided(impact: Impact) -> bool:
    """Whether no recorded conversation is decided with or without the change, so that finding nothing says nothing."""
    return impact.undecided >= impact.conversations


def _headline(impact: Impact) -> Line:
    """The one sentence that a reviewer needs."""
    if has_nothing_decided(impact):
        why = f"{counted(impact.undecided, 'recorded conversation')}, unknown with and without the change"
        why = why if impact.conversations else "no conversation was recorded"
        return Line(f"What-if {impact.change.name}: nothing could be decided ({why})", "doubtful")
    summary = impact.summary()
    breaks, opens = summary["breaks"], summary["opens"]
    doubtful = summary["may_break"] + summary["may_open"]
    in_part = summary["breaks_in_part"] + summary["opens_in_part"]
    said = [
        f"{counted(breaks, 'working conversation')} would break" if breaks else "",
        f"{counted(opens, 'blocked conversation')} would get through" if opens else "",
        f"{counted(in_part, 'conversation')} would change in part" if in_part else "",
        f"{counted(doubtful, 'conversation')} could go either way" if doubtful else "",
    ]
    text = ", ".join(filter(None, said)) or "no recorded conversation changes its verdict"
    if impact.undecided:
        text += f"; {impact.undecided:,} of {impact.conversations:,} could not be decided"
    tone: Tone = "bad" if breaks else "doubtful" if opens or in_part or doubtful or impact.undecided else "good"
    return Line(f"What-if {impact.change.name}: {text}", tone)


def _introduction(impact: Impact, effects: str, basis: str) -> Iterator[Line]:
    if impact.change.description:
        yield Line(f"  {impact.change.description}")
    records = impact.before.records
    where = impact.before.network.snapshot.name or "network"
    recorded = over_time(counted(impact.conversations, "recorded conversation"), records)
    yield Line(f"  {where}: {recorded}", "faint")
    groups = [
        f"{glyph} {name} {counted(len(rows), 'group')}, {data_size(sum(row.bytes for row in rows))}"
        for glyph, name, rows in (
            ("✕", "BREAKS", impact.of("breaks")),
            ("!", "OPENS", impact.of("opens")),
            ("~", "IN PART", (*impact.of("breaks_in_part"), *impact.of("opens_in_part"))),
            ("?", "UNDECIDED", (*impact.of("may_break"), *impact.of("may_open"))),
        )
        if rows
    ]
    if groups or effects:
        yield Line(f"  {'   '.join(filter(None, [*groups, effects]))}", "strong")
    if basis:
        yield Line(f"  {basis}", "faint")
    summary = impact.summary()
    kept = [f"{summary[kind]:,} keep their verdict by an{kind.replace('_', ' ')}" for kind in _QUIET if summary[kind]]
    undecided = [f"{impact.undecided:,} are not decided"] if impact.undecided else []
    unchanged = f"{summary['unchanged']:,} do not change"
    unchanged += f" ({impact.surviving:,} only until they end or fall idle)" if impact.surviving else ""
    yield Line(f"  {', '.join([*kept, unchanged, *undecided])}", "faint")


def _table(impact: Impact, kind: Kind) -> Table:
    """Two lines a row: what would decide it, and below what decides it now."""
    rows: list[Row] = []
    held = impact.of(kind)
    for number, row in enumerate(held[:_SHOWN], 1):
        rows.append((number, _flow(row), _seen(row), _decider(row, row.after)))
        rows.append((None, None, None, f"was {_decider(row, row.before)}"))
    if len(held) > _SHOWN:
        rows.append((None, f"… and {counted(len(held) - _SHOWN, 'more group')} (all with -o json)", None, None))
    return Table(("#", "Who → what", "Seen", "Would be decided by"), tuple(rows), title=_TITLES[kind])


def _flow(row: ImpactRow) -> str:
    return f"{row.source} → {row.destination} {service(row.protocol, row.port)}"


def _seen(row: ImpactRow) -> str:
    """What the log holds of it: traffic that flowed, or attempts that failed."""
    was_denied = row.before.verdict == Verdict.DENY
    return f"{row.conversations:,} conv., {counted(row.attempts, 'attempt') if was_denied else data_size(row.bytes)}"


def _decider(row: ImpactRow, fate: Fate) -> str:
    """The rule where a filter decided, else the reason; the verdict too where the table's title does not say it."""
    if row.kind == "other_route":
        return fate.route_text
    is_filter = fate.rule is not None and (fate.verdict == Verdict.ALLOW or fate.reason.endswith("_DENY"))
    decider = f"{fate.rule} {fate.rule.priority}" if fate.rule is not None and is_filter else fate.reason
    return f"{fate.verdict.name} {decider}" if row.kind in _MIXED else decider


def _details(impact: Impact, network: str, change: str | None, options: str, count: int) -> Iterator[str]:
    """Commands for the worst rows: the story after the change, and Azure's own answer once it is made."""
    worst = [row for kind in _CLOSER for row in impact.of(kind)[:count]]
    for row in worst[:count]:
        witness = row.witness
        has_ports = row.port >= 0
        host = f"[{witness.destination}]" if ":" in witness.destination and has_ports else witness.destination
        target = f"{host}:{witness.destination_port}" if has_ports else host
        asked = f"{witness.source} {shlex.quote(f'{target}/{witness.protocol.lower()}')}"
        if change is not None:
            yield f"  vnetsim explain {shlex.quote(network)} {asked} --change {shlex.quote(change)}{options}"
        if has_ports:
            yield from _az(impact, row)


def _az(impact: Impact, row: ImpactRow) -> Iterator[str]:
    """IP flow verify at the destination's VM, or at the source's where the destination is none."""
    witness, network = row.witness, impact.before.network
    source = f"{witness.source}:{witness.source_port}"
    destination = f"{witness.destination}:{witness.destination_port}"
    for address, direction, local, remote in (
        (witness.destination, "Inbound", destination, source),
        (witness.source, "Outbound", source, destination),
    ):
        endpoint = network.endpoint(address)
        if endpoint is not None and endpoint.virtual_machine is not None:
            machine = endpoint.virtual_machine
            yield (
                f"  az network watcher test-ip-flow --direction {direction} --protocol {witness.protocol} "
                f"--local {local} --remote {remote} --vm {machine.name} -g {machine.resource_group}"
            )
            return


_COLUMNS = (
    "Kind", "Source", "Destination", "Protocol", "Port", "Conversations", "Bytes", "Attempts", "Last seen", "Before",
    "Before reason", "Before rule", "After", "After reason", "After rule", "Before route", "After route",
    "Example source", "Example destination", "Example source port",
)  # fmt: skip


def _record(row: ImpactRow) -> Row:
    return (
        row.kind,
        row.source,
        row.destination,
        row.protocol,
        row.port if row.port >= 0 else None,
        row.conversations,
        row.bytes,
        row.attempts,
        row.last_seen.isoformat(),
        row.before.verdict.name,
        row.before.reason,
        str(row.before.rule) if row.before.rule else None,
        row.after.verdict.name,
        row.after.reason,
        str(row.after.rule) if row.after.rule else None,
        row.before.route_text,
        row.after.route_text,
        row.witness.source,
        row.witness.destination,
        row.witness.source_port,
    )


def _data(impact: Impact) -> dict[str, Any]:
    return {
        "network": impact.before.network.snapshot.name,
        "change": {"name": impact.change.name, "description": impact.change.description},
        "mode": impact.mode,
        "conversations": impact.conversations,
        "undecided": impact.undecided,
        "surviving": impact.surviving,
        "summary": impact.summary(),
        "rows": [_row_data(row) for row in impact],
        "notes": list(impact.notes),
    }


def _row_data(row: ImpactRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "text": row.text,
        "source": row.source,
        "destination": row.destination,
        "protocol": row.protocol,
        "port": row.port if row.port >= 0 else None,
        "conversations": row.conversations,
        "bytes": row.bytes,
        "attempts": row.attempts,
        "last_seen": row.last_seen.isoformat(),
        "before": _fate_data(row.before),
        "after": _fate_data(row.after),
        "example": {
            "source": row.witness.source,
            "source_port": row.witness.source_port,
            "destination": row.witness.destination,
            "destination_port": row.witness.destination_port,
            "protocol": row.witness.protocol,
        },
    }


def _fate_data(fate: Fate) -> dict[str, Any]:
    return {
        "verdict": fate.verdict.name,
        "reason": fate.reason,
        "reason_text": REASONS[CODE_OF[fate.reason]].text,
        "rule": rule_data(fate.rule),
        "route": route_data(fate.route),
        "path": list(fate.path),
    }
