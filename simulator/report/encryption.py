"""What `vnetsim show encryption` says: each pair of subnets with its state and what keeps it from being encrypted.

Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.report.document import Line, Report, Row, Table
from simulator.report.text import counted, listed
from simulator.walk.subnet_encryption import STATES, SubnetPair

#: More pairs than these are shown in groups: all of one state and kind of blocker, between two virtual networks.
_PAIRS_SHOWN = 24
_GROUPS_SHOWN = 60


def encryption_report(name: str, pairs: Sequence[SubnetPair]) -> Report:
    """`name` is the network's."""
    counts = Counter(pair.state for pair in pairs)
    told = ", ".join(f"{counts[state]:,} {state}" for state in STATES if counts[state])
    return Report(
        kind="encryption",
        headline=Line(f"Encryption in {name}, {counted(len(pairs), 'pair')} of subnets: {told or 'none'}", "strong"),
        blocks=(_pairs(pairs) if len(pairs) <= _PAIRS_SHOWN else _groups(pairs),),
        records=lambda: Table(_COLUMNS, tuple(_record(pair) for pair in _by_state(pairs))),
        data=lambda: _data(name, pairs),
    )


_COLUMNS = ("Source", "Target", "Both ways", "State", "By way of", "Blocker")


def _pairs(pairs: Sequence[SubnetPair]) -> Table:
    rows = tuple((_ends(pair), pair.state, ", ".join(pair.by) or None, pair.blocker) for pair in _by_state(pairs))
    return Table(("Subnets", "State", "By way of", "Blocker"), rows)


def _by_state(pairs: Sequence[SubnetPair]) -> list[SubnetPair]:
    return sorted(pairs, key=lambda pair: (STATES.index(pair.state), pair.source, pair.target))


def _record(pair: SubnetPair) -> Row:
    both = "yes" if pair.both_ways else "no"
    return _name(pair.source), _name(pair.target), both, pair.state, ", ".join(pair.by) or None, pair.blocker or None


def _ends(pair: SubnetPair) -> str:
    """``vnet-a/snet-a ↔ vnet-b/snet-b``."""
    return f"{_name(pair.source)} {_arrow(pair)} {_name(pair.target)}"


def _arrow(pair: SubnetPair) -> str:
    return "↔" if pair.both_ways else "→"


def _name(subnet: ResourceId) -> str:
    return f"{subnet.parent.name}/{subnet.name}"


def _groups(pairs: Sequence[SubnetPair]) -> Table:
    """One row for the pairs between two virtual networks that share state, way and kind of blocker.

    Where those are many too, virtual networks are not told apart.
    """
    groups = _grouped(pairs, lambda pair: (pair.source.parent.name, _arrow(pair), pair.target.parent.name))
    if len(groups) > _GROUPS_SHOWN:
        groups = _grouped(pairs, lambda pair: ())
    columns = ("State", "Pairs", "Virtual networks", "Subnets", "By way of", "Blocker")
    return Table(columns, tuple(map(_group_row, groups)), shown=_GROUPS_SHOWN)


def _grouped(pairs: Sequence[SubnetPair], networks: Callable[[SubnetPair], tuple[str, ...]]) -> list[list[SubnetPair]]:
    groups: dict[tuple[str, ...], list[SubnetPair]] = {}
    for pair in _by_state(pairs):
        groups.setdefault((pair.state, *networks(pair), *pair.by, pair.reason), []).append(pair)
    return [*groups.values()]


def _group_row(pairs: Sequence[SubnetPair]) -> Row:
    first = pairs[0]
    networks = [*dict.fromkeys(_networks(pair) for pair in pairs)]
    subnets = [f"{pair.source.name} {_arrow(pair)} {pair.target.name}" for pair in pairs]
    blockers = [*dict.fromkeys(part for pair in pairs for part in pair.blocker.split("; ") if part)]
    by = ", ".join(first.by) or None
    return first.state, len(pairs), listed(networks, 2), listed(subnets, 2), by, listed(blockers, 2)


def _networks(pair: SubnetPair) -> str:
    """``vnet-a ↔ vnet-b``; ``vnet-a`` within one."""
    source, target = pair.source.parent, pair.target.parent
    return source.name if source == target else f"{source.name} {_arrow(pair)} {target.name}"


def _data(name: str, pairs: Sequence[SubnetPair]) -> dict[str, Any]:
    counts = Counter(pair.state for pair in pairs)
    return {
        "network": name,
        "counts": {state: counts[state] for state in STATES},
        "pairs": [
            {
                "source": str(pair.source),
                "target": str(pair.target),
                "both_ways": pair.both_ways,
                "state": pair.state,
                "by": list(pair.by),
                "reason": pair.reason,
                "blocker": pair.blocker or None,
            }
            for pair in pairs
        ],
    }
