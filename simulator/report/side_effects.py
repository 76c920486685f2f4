"""What a change does beside verdicts, told below them: the encryption of traffic that still flows, and the bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from simulator.cost.difference import BillDifference
from simulator.report.cost_difference import basis, difference_blocks, difference_data, difference_text
from simulator.report.document import Line, Lines, Row, Table
from simulator.report.text import counted, data_size
from simulator.report.words import service
from simulator.whatif.encryption_impact import ENCRYPTION_KINDS, EncryptionKind, EncryptionRow, WayEncryption

_TITLES: dict[EncryptionKind, str] = {
    "encryption_lost": "Loses encryption",
    "would_be_dropped": "Would be dropped for want of encryption (a projection: Azure does not support it yet)",
    "encryption_unclear": "May lose or gain encryption: the export does not say",
    "encryption_gained": "Gains encryption",
    "drop_lifted": "Would no longer be dropped for want of encryption (a projection: Azure does not support it yet)",
}
_SHOWN = 10


class SideEffects(Struct, frozen=True):
    """`costs` None where the traffic could not be priced, for which `unpriced` gives the reason."""

    encryption: tuple[EncryptionRow, ...] = ()
    costs: BillDifference | None = None
    unpriced: str = ""
    explain: bool = False


def effects_line(effects: SideEffects) -> str:
    """``LOSES ENCRYPTION 3 conversations   COST +41.10 USD a month``; empty where nothing changes."""
    lost = _conversations(effects.encryption, "encryption_lost")
    dropped = _conversations(effects.encryption, "would_be_dropped")
    gained = _conversations(effects.encryption, "encryption_gained")
    said = [
        f"LOSES ENCRYPTION {counted(lost, 'conversation')}" if lost else "",
        f"WOULD DROP UNENCRYPTED {counted(dropped, 'conversation')}" if dropped else "",
        f"GAINS ENCRYPTION {counted(gained, 'conversation')}" if gained else "",
        f"COST {difference_text(effects.costs)}" if effects.costs is not None and _is_told(effects.costs) else "",
    ]
    return "   ".join(filter(None, said))


def _is_told(costs: BillDifference) -> bool:
    return bool(costs.difference or costs.gaps)


def effects_basis(effects: SideEffects) -> str:
    """What the amounts of the bill rest on; empty where the bill does not change."""
    return f"cost: {basis(effects.costs)}" if effects.costs is not None and not effects.costs.is_nothing else ""


def effects_blocks(effects: SideEffects) -> Iterator[Table | Lines]:
    """Tables of both; nothing of what stays as it is."""
    for kind in ENCRYPTION_KINDS:
        rows = [row for row in effects.encryption if row.kind == kind]
        if rows:
            yield _encryption_table(kind, rows)
    if effects.costs is not None and not effects.costs.is_nothing:
        yield from difference_blocks(effects.costs, explain=effects.explain)
    if effects.unpriced:
        yield Lines((Line(f"  the traffic is not priced: {effects.unpriced}", "faint"),))


def effects_data(effects: SideEffects) -> dict[str, Any]:
    """For programs: every row of encryption, and the difference of the bills, or why there is none."""
    return {
        "encryption": [_row_data(row) for row in effects.encryption],
        "cost": None if effects.costs is None else difference_data(effects.costs) | {"basis": basis(effects.costs)},
        "not_priced": effects.unpriced or None,
    }


def _conversations(rows: Sequence[EncryptionRow], *kinds: EncryptionKind) -> int:
    return sum(row.conversations for row in rows if row.kind in kinds)


def _encryption_table(kind: EncryptionKind, rows: Sequence[EncryptionRow]) -> Table:
    cells: list[Row] = []
    for row in rows[:_SHOWN]:
        flow = f"{row.source} → {row.destination} {service(row.protocol, row.port)}"
        seen = f"{row.conversations:,} conv., {data_size(row.bytes)}"
        cells.append((flow, seen, _words(row.before), _words(row.after)))
    if len(rows) > _SHOWN:
        cells.append((f"… and {counted(len(rows) - _SHOWN, 'more group')} (all with -o json)", None, None, None))
    return Table(("Who → what", "Seen", "Was", "Would be"), tuple(cells), title=_TITLES[kind])


def _words(way: WayEncryption) -> str:
    extent = {"encrypted": "encrypted", "partly": "partly encrypted", "not": "not encrypted", "unknown": "not known"}
    blocker = f": {way.blocker}" if way.blocker else ""
    return f"{extent[way.extent]}{blocker}"


def _row_data(row: EncryptionRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "source": row.source,
        "destination": row.destination,
        "protocol": row.protocol,
        "port": row.port if row.port >= 0 else None,
        "conversations": row.conversations,
        "bytes": row.bytes,
        "before": _way_data(row.before),
        "after": _way_data(row.after),
    }


def _way_data(way: WayEncryption) -> dict[str, Any]:
    return {"extent": way.extent, "blocker": way.blocker or None, "would_be_dropped": way.would_be_dropped}
