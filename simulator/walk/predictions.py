"""What the walk found: a verdict for every packet, and what each NIC on the path would write in a flow log.

`Predictions` holds columns; ``predictions[i]`` gives one packet's prediction for people. Observations come from the
filters only: a route drop, a missing reply or an appliance that eats the packet is no ACL deny, and a flow log shows it
as allowed at the NICs that let it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.data.assumptions import ASSUMPTIONS
from simulator.network.model import Endpoint
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import format_address
from simulator.walk.packets import Int32, Packets
from simulator.walk.reasons import REASONS, Verdict

if TYPE_CHECKING:
    from simulator.dataplane.plane import DataPlane

Layer = Literal["admin rules", "subnet NSG", "NIC NSG", "firewall", "appliance"]
UInt8 = npt.NDArray[np.uint8]
NOTHING = -1
FIREWALL_TYPE = "microsoft.network/azurefirewalls"


class RuleReference(Struct, frozen=True):
    """A rule of a filter, by the filter's id (`acl`) and its own name."""

    layer: Layer
    acl: ResourceId
    name: str
    priority: int
    action: str
    is_default: bool = False

    def __str__(self) -> str:
        return f"{self.acl.name}/{self.name}"


class Observation(Struct, frozen=True):
    """What one NIC's filters decide of a packet in one direction: what its flow log would say.

    `asked` are the rules that had a say here, in order; `rule` is the last of them: the one that stopped the packet or
    let it pass, None where no filter stands at the NIC. `also` are the other rules of security groups that allowed it:
    Azure's logs may name any of them. `translated_source`, `translated_destination` and `translated_port` (the
    destination's) are what this NIC sees instead of the packet's own, behind an appliance that translates, a load
    balancer or a public IP.
    """

    endpoint: Endpoint
    direction: Literal["Inbound", "Outbound"]
    verdict: Verdict
    reason: str
    rule: RuleReference | None
    also: tuple[RuleReference, ...] = ()
    asked: tuple[RuleReference, ...] = ()
    translated_source: str | None = None
    translated_destination: str | None = None
    translated_port: int | None = None


class Prediction(Struct, frozen=True):
    """The fate of one packet, end to end.

    `rule` is the rule that decided it: the denying one, or, when allowed, the last filter rule that let it pass.
    `route` is the first route decision; `path` names the endpoints, gateways and the Internet it passed, in order.
    `assumptions` are the keys of `ASSUMPTIONS` that the answer rests on. Of several `ways` that a load balancer or an
    equal-cost route could give the packet, path and observations are those of the first.
    """

    verdict: Verdict
    reason: str
    rule: RuleReference | None
    route: EffectiveRoute | None
    path: tuple[str, ...]
    observations: tuple[Observation, ...]
    assumptions: tuple[str, ...] = ()
    ways: int = 1


class ObservationColumns(Struct, frozen=True):
    """Observations as columns, sorted by packet. `first`…`third` are filter decisions in the order they were asked:
    each a (table, row) pair, NOTHING where no filter stood; table kinds follow `direction` (see `LAYERS_OF`)."""

    packet: Int32
    endpoint: Int32
    direction: UInt8  # 0 Inbound, 1 Outbound
    reason: UInt8
    tables: npt.NDArray[np.int32]  # [observations, 3]
    rows: npt.NDArray[np.int32]  # [observations, 3]
    source: Int32  # the atom seen instead of the packet's source; NOTHING: the source itself
    destination: Int32
    destination_port: Int32  # the port that a load balancer or DNAT put in; NOTHING: the packet's own

    def __len__(self) -> int:
        return len(self.packet)


#: The filters a NIC asks, in order, by direction (0 Inbound, 1 Outbound).
LAYERS_OF: tuple[tuple[Layer, Layer, Layer], ...] = (
    ("admin rules", "subnet NSG", "NIC NSG"),
    ("admin rules", "NIC NSG", "subnet NSG"),
)
_DIRECTIONS: tuple[Literal["Inbound", "Outbound"], ...] = ("Inbound", "Outbound")


class Door(IntEnum):
    """How a packet left the network."""

    NONE = 0
    INTERNET = 1
    GATEWAY = 2
    SERVICE_ENDPOINT = 3


class Predictions(Struct, frozen=True, dict=True):
    """One row a packet. `reason` indexes `REASONS`; `decider` is (layer, table, row), NOTHING where no rule decided.

    Layers 0-2 are the inbound filters of a NIC, 3-5 the outbound ones, 6 an appliance's. `route` is a row of
    ``plane.forwarding.routes`` (NOTHING: none was asked); `path` holds, hop by hop, (packets, places), `path_back` the
    same of the replies; `door` is the `Door` that a packet left by. `assumed` has a bit for each of `ASSUMPTIONS` that
    the answer rests on; `ways` counts the ways that load balancers and equal-cost routes could give the packet, of
    which not all were tried where it `is_beyond`.
    """

    plane: DataPlane
    packets: Packets
    reason: UInt8
    decider: npt.NDArray[np.int32]
    route: Int32
    path: tuple[tuple[Int32, Int32], ...]
    path_back: tuple[tuple[Int32, Int32], ...]
    door: UInt8
    observed: ObservationColumns
    assumed: npt.NDArray[np.uint32]
    ways: npt.NDArray[np.int64]
    is_beyond: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.reason)

    @cached_property
    def verdict(self) -> UInt8:
        """`Verdict` numbers."""
        table = np.array([reason.verdict for reason in REASONS], np.uint8)
        verdicts: UInt8 = table[self.reason]
        return verdicts

    def __iter__(self) -> Iterator[Prediction]:
        return (self[at] for at in range(len(self)))

    def __getitem__(self, at: int) -> Prediction:
        if not 0 <= at < len(self):
            raise IndexError(at)
        reason = REASONS[self.reason[at]]
        return Prediction(
            verdict=reason.verdict,
            reason=reason.code,
            rule=self.rule(at),
            route=self.first_route(at),
            path=self.names(at),
            observations=self.observations(at),
            assumptions=tuple(key for bit, key in enumerate(ASSUMPTIONS) if int(self.assumed[at]) >> bit & 1),
            ways=int(self.ways[at]),
        )

    def rule(self, at: int) -> RuleReference | None:
        """The rule that decided packet `at`, or the last that let it pass."""
        layer, table, row = (int(number) for number in self.decider[at])
        return None if layer == NOTHING else rule_reference(self.plane, layer, table, row)

    def first_route(self, at: int) -> EffectiveRoute | None:
        """The route of the first place that asked for one; None where none covers the destination."""
        routes = self.plane.forwarding.routes
        number = int(self.route[at])
        return routes[number] if 0 <= number < len(routes) else None

    def names(self, at: int) -> tuple[str, ...]:
        """The places that packet `at` passed."""
        return tuple(self.plane.places.name(place) for place in self._places_by_packet.get(at, ()))

    @cached_property
    def _places_by_packet(self) -> dict[int, list[int]]:
        by_packet: dict[int, list[int]] = {}
        for packets, places in self.path:
            for packet, place in zip(packets.tolist(), places.tolist(), strict=True):
                by_packet.setdefault(packet, []).append(place)
        return by_packet

    def observations(self, at: int) -> tuple[Observation, ...]:
        """What the NICs on packet `at`'s way decide, in the order it met them."""
        first, last = np.searchsorted(self.observed.packet, np.array([at, at + 1], np.int32))
        return tuple(observation(self.plane, self.observed, row) for row in range(int(first), int(last)))


def observation(plane: DataPlane, observed: ObservationColumns, row: int) -> Observation:
    """One row of the columns, for people."""
    reason = REASONS[observed.reason[row]]
    direction = int(observed.direction[row])
    asked = [
        rule_reference(plane, 3 * direction + layer, int(table), int(rule_row))
        for layer, (table, rule_row) in enumerate(zip(observed.tables[row], observed.rows[row], strict=True))
        if table != NOTHING
    ]
    decider = asked[-1] if asked else None
    groups = tuple(rule for rule in asked[:-1] if rule.layer != "admin rules") if reason.code == "DELIVERED" else ()
    return Observation(
        endpoint=plane.places.endpoints[observed.endpoint[row]],
        direction=_DIRECTIONS[direction],
        verdict=reason.verdict,
        reason=reason.code,
        rule=decider,
        also=groups,
        asked=tuple(asked),
        translated_source=_address(plane, int(observed.source[row])),
        translated_destination=_address(plane, int(observed.destination[row])),
        translated_port=None if observed.destination_port[row] == NOTHING else int(observed.destination_port[row]),
    )


def _address(plane: DataPlane, atom: int) -> str | None:
    """The address behind an atom that an endpoint owns: such atoms hold one address."""
    return None if atom == NOTHING else format_address(plane.atoms.points[atom])


def rule_reference(plane: DataPlane, layer: int, table: int, row: int) -> RuleReference:
    """The rule behind a (layer, table, row) of the columns."""
    acl, rules = plane.filters.rule_lists[table]
    rule = rules[row]
    name = _layer_name(plane, layer, table)
    if name == "admin rules":
        acl = rule.id.parent.parent  # …/securityAdminConfigurations/c/ruleCollections/k/rules/r
    return RuleReference(name, acl, rule.name, rule.priority, rule.action, rule.is_default)


def _layer_name(plane: DataPlane, layer: int, table: int) -> Layer:
    if layer < 6:
        return LAYERS_OF[layer // 3][layer % 3]
    return "firewall" if plane.filters.rule_lists[table][0].type == FIREWALL_TYPE else "appliance"
