"""The packets still under way, what a layer says of them, and the ledger of their fates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from simulator.data.assumptions import ASSUMPTIONS
from simulator.dataplane.filter_table import NO_PORT, Header
from simulator.dataplane.plane import DataPlane
from simulator.walk.forks import FORK_BASE, Forks
from simulator.walk.forwarded import Forwarded
from simulator.walk.packets import Bools, Int32
from simulator.walk.predictions import NOTHING, Door, ObservationColumns
from simulator.walk.reasons import CODE_OF

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
DELIVERED = CODE_OF["DELIVERED"]
#: More forwarding hops than any sensible network has; a packet that uses them up is in a loop.
HOP_LIMIT = 16
ASSUMPTION_BITS = {key: np.uint32(1 << at) for at, key in enumerate(ASSUMPTIONS)}


class InFlight(Struct, frozen=True):
    """Columns of the packets under way. `flow` is the row of the batch; `at` the place; addresses are atoms.

    `route` and `target` are filled by the routing layer. `service` is the platform service that the destination is, an
    index into ``plane.places.services``; `choice` says which way the packet takes at each fork: see `Forks`. `is_home`
    marks what a load balancer with floating IP delivers: it keeps the frontend's address.
    """

    flow: Int32
    at: Int32
    source: Int32
    destination: Int32
    source_port: Int32
    destination_port: Int32
    protocol: UInt8
    route: Int32
    target: Int32
    service: Int32
    choice: npt.NDArray[np.int64]
    is_home: Bools

    def __len__(self) -> int:
        return len(self.flow)

    def where(self, mask: Bools | Int32) -> InFlight:
        """The packets under a mask, or at positions. Most layers keep all: those copy nothing."""
        if mask.dtype == bool and mask.all():
            return self
        return InFlight(*(getattr(self, column)[mask] for column in self.__struct_fields__))

    def but(self, **columns: Any) -> InFlight:
        return replace(self, **columns)

    def split(self, mask: Bools) -> tuple[InFlight, InFlight]:
        """Those under the mask, and the others."""
        return self.where(mask), self.where(~mask)

    @classmethod
    def join(cls, parts: list[InFlight]) -> InFlight:
        held = [part for part in parts if len(part)] or parts[:1]
        if len(held) == 1:
            return held[0]
        return cls(*(np.concatenate([getattr(part, column) for part in held]) for column in cls.__struct_fields__))


class Outcome(NamedTuple):
    """What one layer says of each packet: `reason` is DELIVERED for those that pass, and who decided, where a rule did.

    `table` and `row` are filled by filters; routing layers give the route, and layers that ask a service the number of
    its answer, as `row`. `assumed` has a bit for each of `ASSUMPTIONS` that an answer rests on.
    """

    reason: UInt8
    table: Int32 | None = None
    row: Int32 | None = None
    assumed: npt.NDArray[np.uint32] | None = None

    @property
    def passes(self) -> Bools:
        passed: Bools = self.reason == DELIVERED
        return passed


class Step(NamedTuple):
    """One layer's outcome over the packets it was asked for; kept only when a trace is wanted."""

    layer: str
    packets: InFlight
    reason: UInt8
    table: Int32
    row: Int32
    is_return: bool


def codes(count: int, code: str = "DELIVERED") -> UInt8:
    """A column of one reason."""
    return np.full(count, CODE_OF[code], np.uint8)


def first_of(count: int, *tests: tuple[Bools, str]) -> UInt8:
    """For each packet the reason of the first test that holds; DELIVERED where none does."""
    reason = codes(count)
    for holds, code in reversed(tests):
        reason[holds] = CODE_OF[code]
    return reason


def header_at(plane: DataPlane, packets: InFlight) -> Header:
    """The packets as the filters of their place see them: addresses with the tags they have in that subnet.

    At a private endpoint rules are asked without regard to the source port.
    """
    facts = plane.facts
    context = facts.context_of_subnet[plane.places.subnet[packets.at]]
    region = plane.region_of_atom
    any_port = plane.is_private_endpoint[packets.at]
    return Header(
        packets.source,
        packets.destination,
        np.where(any_port, NO_PORT, packets.source_port) if any_port.any() else packets.source_port,
        packets.destination_port,
        packets.protocol,
        facts.tag[context, region[packets.source]],
        facts.tag[context, region[packets.destination]],
    )


class Ledger(Struct, dict=True):
    """One row for each packet of the batch, which `started` holds as it came in: its fate, and what the reply needs.

    `appliances` sums the keys of the stateful appliances passed; `forwarded` says what each appliance did; `entry` is
    where a packet of the Internet came in, `frontend` the load balancer by which it did, `door` how a packet left.
    `forks` are where the packet could have been given another way; `assumed` has a bit for each of `ASSUMPTIONS` that
    the answer rests on. With `past_blockers` a packet goes on behind a filter that stopped it, so that `steps` shows
    every layer that would: its first fate stays.
    """

    started: InFlight
    steps: list[Step] | None = None
    past_blockers: bool = False

    def __post_init__(self) -> None:
        count = len(self.started)
        self.reason = codes(count, "ROUTING_LOOP")  # of those that never end
        self.decider = np.full((count, 3), NOTHING, np.int32)
        self.route = np.full(count, NOTHING, np.int32)
        self.origin, self.end, self.end_source, self.target = (np.full(count, NOTHING, np.int32) for _ in range(4))
        self.entry, self.frontend = np.full(count, NOTHING, np.int32), np.full(count, NOTHING, np.int32)
        self.choice, self.door = np.zeros(count, np.int64), np.full(count, Door.NONE, np.uint8)
        self.has_arrived, self.is_decided = np.zeros(count, bool), np.zeros(count, bool)
        self.appliances = np.zeros(count, np.uint64)
        self.forks = Forks(count)
        self.assumed = np.zeros(count, np.uint32)
        self.forwarded = Forwarded(count)
        self.path: list[tuple[Int32, Int32]] = []
        self.path_back: list[tuple[Int32, Int32]] = []
        self._observed: list[tuple[Int32, Int32, UInt8, UInt8, Int32, Int32, Int32, Int32, Int32]] = []

    def visit(self, packets: InFlight) -> None:
        """The packets are at the place in their `at` column now."""
        if len(packets):
            self.path.append((packets.flow, packets.at))

    def visit_back(self, flow: Int32, place: Int32) -> None:
        """The replies to these packets are at these places now."""
        if len(flow):
            self.path_back.append((flow, place))

    def note(self, layer: str, packets: InFlight, outcome: Outcome, is_return: bool = False) -> None:
        if self.steps is not None and len(packets):
            nothing = np.full(len(packets), NOTHING, np.int32)
            table = nothing if outcome.table is None else outcome.table
            row = nothing if outcome.row is None else outcome.row
            self.steps.append(Step(layer, packets, outcome.reason, table, row, is_return))

    def observe(self, packets: InFlight, direction: int, reason: UInt8, tables: Int32, rows: Int32) -> None:
        if len(packets):
            directions = np.full(len(packets), direction, np.uint8)
            began = self.started.where(packets.flow)
            source = np.where(packets.source == began.source, NOTHING, packets.source).astype(np.int32)
            destination = np.where(packets.destination == began.destination, NOTHING, packets.destination)
            port = np.where(packets.destination_port == began.destination_port, NOTHING, packets.destination_port)
            seen = source, destination.astype(np.int32), port.astype(np.int32)
            self._observed.append((packets.flow, packets.at, directions, reason, tables, rows, *seen))

    def keep(self, layer: str, packets: InFlight, outcome: Outcome, *, lets_past: bool = False) -> InFlight:
        """Write down one layer's outcome; give those who pass.

        `lets_past`: behind this layer the packet could go on, so a walk past blockers does.
        """
        self.note(layer, packets, outcome)
        if outcome.assumed is not None:
            self.assumed[packets.flow] |= outcome.assumed
        passes = outcome.passes
        if passes.all():
            return packets
        stopped = packets.where(~passes)
        self.stop(stopped, outcome.reason[~passes])
        by_rule = np.zeros(len(stopped), bool) if outcome.table is None else outcome.table[~passes] != NOTHING
        self.undecide(stopped.flow[~by_rule])
        return packets if lets_past and self.past_blockers else packets.where(passes)

    def undecide(self, flow: Int32) -> None:
        """No rule decided the fate of these packets, whatever rules let them pass before."""
        self.decider[flow] = NOTHING

    def stop(self, packets: InFlight, reason: UInt8) -> None:
        """These packets are stopped here, unless something before did."""
        first = ~self.is_decided[packets.flow]
        self._end(packets.where(first), reason[first])
        self.is_decided[packets.flow] = True

    def close(self, packets: InFlight) -> None:
        """These packets have arrived; what only a walk past blockers brings here keeps the fate it had."""
        delivered = ~self.is_decided[packets.flow]
        self.reason[packets.flow[delivered]] = DELIVERED
        self._end(packets, self.reason[packets.flow])
        self.has_arrived[packets.flow] = True

    def _end(self, packets: InFlight, reason: UInt8) -> None:
        self.reason[packets.flow] = reason
        self.end[packets.flow], self.end_source[packets.flow] = packets.at, packets.source
        self.target[packets.flow], self.choice[packets.flow] = packets.target, packets.choice

    def fail(self, flow: Int32, reason: UInt8) -> None:
        """The replies of these packets are lost for these reasons."""
        first = ~self.is_decided[flow]
        self.reason[flow[first]] = reason[first]
        self.is_decided[flow] = True

    def decide(self, packets: InFlight, layer: int, table: Int32, row: Int32, mask: Bools) -> None:
        """These rules are the last that had a say."""
        flow = packets.flow[mask]
        self.decider[flow] = np.stack([np.full(len(flow), layer, np.int32), table[mask], row[mask]], axis=1)

    def assume(self, key: str, flow: Int32) -> None:
        """The answers to these packets rest on an assumption."""
        self.assumed[flow] |= ASSUMPTION_BITS[key]

    def take_ways(self, packets: InFlight, ways: Int32) -> tuple[InFlight, Int32]:
        """Which of `ways` ways (at least 1) each packet takes here, by the next digit of its `choice`."""
        forked = ways > 1
        taken = np.where(forked, packets.choice % FORK_BASE, 0).astype(np.int32)
        self.forks.met(packets.flow[forked], ways[forked])
        return packets.but(choice=np.where(forked, packets.choice // FORK_BASE, packets.choice)), taken

    def observations(self) -> ObservationColumns:
        """What was observed, in the order the packets went, sorted by packet."""
        if not self._observed:
            empty = np.empty(0, np.int32)
            none = np.empty((0, 3), np.int32)
            codes_of_none = empty.astype(np.uint8)
            return ObservationColumns(empty, empty, codes_of_none, codes_of_none, none, none, empty, empty, empty)
        columns = [np.concatenate(parts) for parts in zip(*self._observed, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return ObservationColumns(*(column[order] for column in columns))
