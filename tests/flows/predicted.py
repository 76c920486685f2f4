"""Predictions made up from what each NIC is to say, for tests of what is written of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.dataplane.plane import DataPlane
from simulator.flows.points import REFUSED_BY_SERVICE
from simulator.flows.records import UInt8
from simulator.network.filter_rules import ANY_ADDRESS, ANY_PORT, FilterRule
from simulator.network.model import Endpoint, Network
from simulator.space.addresses import parse_address
from simulator.walk.packets import Int32, Packets
from simulator.walk.predictions import LAYERS_OF, NOTHING, Observation, ObservationColumns, RuleReference
from simulator.walk.reasons import CODE_OF, REASONS, Verdict

Fate = tuple[Verdict, Sequence[Observation]]


@dataclass(frozen=True)
class Predicted:
    """Stands in for `Predictions`, whose columns only a walk can fill."""

    packets: Packets
    plane: DataPlane
    reason: UInt8
    observed: ObservationColumns
    path: tuple[tuple[Int32, Int32], ...] = ()
    path_back: tuple[tuple[Int32, Int32], ...] = ()

    def __len__(self) -> int:
        return len(self.packets)


def predicted_of(
    packets: Packets, fates: Sequence[Fate], *, resources: Sequence[Resource] = (), endpoints: Sequence[Endpoint] = ()
) -> Predicted:
    """One fate a packet, in a network of `resources`, `endpoints` and the endpoints that observe."""
    seen = [observed for _, points in fates for observed in points]
    every = tuple(dict.fromkeys([*(observed.endpoint for observed in seen), *endpoints]))
    network = Network(Snapshot.of(resources), {}, every, (), {}, {}, {}, {})
    for vnet in network.snapshot.virtual_networks:
        network.virtual_networks[vnet.id] = vnet  # type: ignore[index]
    plane = DataPlane(network)
    plane.filters.rule_lists = rule_lists = []
    count = len(seen)
    tables, rows = np.full((2, count, 3), NOTHING, np.int32)
    for at, observed in enumerate(seen):
        if observed.rule is not None:
            layers = LAYERS_OF[_direction(observed)]
            tables[at, layers.index(observed.rule.layer)] = len(rule_lists)
            rows[at, layers.index(observed.rule.layer)] = 0
            rule_lists.append((observed.rule.acl, (_filter_rule(observed.rule),)))

    def atoms(texts: Sequence[str | None]) -> Int32:
        numbers = [NOTHING if text is None else plane.atoms.of(parse_address(text)) for text in texts]
        return np.array(numbers, np.int32)

    ports = [NOTHING if observed.translated_port is None else observed.translated_port for observed in seen]
    columns = ObservationColumns(
        packet=np.repeat(np.arange(len(fates), dtype=np.int32), [len(points) for _, points in fates]),
        endpoint=np.array([every.index(observed.endpoint) for observed in seen], np.int32),
        direction=np.array([_direction(observed) for observed in seen], np.uint8),
        reason=np.array([_reason(observed.reason, observed.verdict) for observed in seen], np.uint8),
        tables=tables,
        rows=rows,
        source=atoms([observed.translated_source for observed in seen]),
        destination=atoms([observed.translated_destination for observed in seen]),
        destination_port=np.array(ports, np.int32),
    )
    reason = np.array([_reason("", verdict) for verdict, _ in fates], np.uint8)
    return Predicted(packets, plane, reason, columns)


def _direction(observed: Observation) -> int:
    return int(observed.direction == "Outbound")


def _reason(code: str, verdict: Verdict) -> int:
    if code:
        return CODE_OF[code]
    plain = (reason for reason in REASONS if reason.verdict == verdict and reason.code not in REFUSED_BY_SERVICE)
    return CODE_OF[next(plain).code]


def _filter_rule(rule: RuleReference) -> FilterRule:
    is_admin = rule.layer == "admin rules"
    path = f"{rule.acl}/ruleCollections/k/rules/{rule.name}" if is_admin else f"{rule.acl}/securityRules/{rule.name}"
    return FilterRule(
        id=ResourceId(path),
        name=rule.name,
        priority=rule.priority,
        action=rule.action,  # type: ignore[arg-type]
        protocols=(),
        sources=ANY_ADDRESS,
        destinations=ANY_ADDRESS,
        source_ports=ANY_PORT,
        destination_ports=ANY_PORT,
        is_default=rule.is_default,
    )
