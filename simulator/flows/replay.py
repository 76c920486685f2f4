"""Replay: every recorded conversation walked over a network, and what the NIC that logged it should have written.

Two predictions belong to a conversation. Its packet is walked end to end; and because a flow log holds what one NIC
decides in one direction, the filters of the logging NIC are asked about the logged packet itself, wherever the path
leads. Only distinct packets and questions are computed; the answers are gathered back onto the conversations.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.flows.conversations import Conversations
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import FlowRecords, UInt8
from simulator.network.model import Endpoint, Network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Bools, Int32, Packets
from simulator.walk.predictions import Observation, ObservationColumns, Prediction, Predictions, observation
from simulator.walk.vantage import judge_at

NONE = -1
INBOUND = 0
#: Bit of a MAC's first byte that no maker of NICs, and so no Azure NIC, has set.
_LOCALLY_ADMINISTERED = 0x02
#: How the NIC that logged was found: by its MAC, by the id the flow log is set on, by the address it always has.
IdentifiedBy = Literal["mac", "target", "address"]


@dataclass(frozen=True, slots=True)
class LoggingNic:
    """The endpoint a MAC stands for: its number in `Network.endpoints`, and how it was found."""

    number: int
    identified_by: IdentifiedBy


@dataclass(frozen=True, eq=False)
class Replay:
    """Predictions for every conversation of a flow log.

    `walked` holds one row for each distinct packet, `packet` the row of each conversation. `nics` gives the NIC behind
    each MAC of the log that could be identified; `endpoint` its number for each conversation, -1 where it is not known.
    `asked` holds the answers of the logging NICs' filters, `answer` the row of each conversation, -1 where nobody could
    be asked.
    """

    network: Network
    plane: DataPlane
    records: FlowRecords
    conversations: Conversations
    nics: Mapping[str, LoggingNic]
    endpoint: Int32
    walked: Predictions
    packet: Rows
    asked: ObservationColumns
    answer: Rows

    def __len__(self) -> int:
        return len(self.conversations)

    @cached_property
    def verdict(self) -> UInt8:
        """`Verdict` numbers of the conversations, end to end."""
        return self.walked.verdict[self.packet]

    @cached_property
    def reason(self) -> UInt8:
        """Numbers in `REASONS`, end to end."""
        return self.walked.reason[self.packet]

    @property
    def predictions(self) -> Sequence[Prediction]:
        """The end-to-end prediction of each conversation, made when it is asked for."""
        return _Gathered(self.walked, self.packet)

    @cached_property
    def is_on_path(self) -> Bools:
        """Whether the predicted path passes the logging NIC in the direction that it logged."""
        observed, places = self.walked.observed, self.plane.places.nowhere + 1
        points = (observed.packet.astype(np.int64) * places + observed.endpoint) * 2 + observed.direction
        wanted = (self.packet.astype(np.int64) * places + self.endpoint) * 2 + self.conversations.direction
        on_path: Bools = np.isin(wanted, points) & (self.endpoint != NONE)
        return on_path

    def nic(self, at: int) -> Endpoint | None:
        """The NIC that logged conversation `at`."""
        return None if self.endpoint[at] == NONE else self.network.endpoints[self.endpoint[at]]

    def observation(self, at: int) -> Observation | None:
        """What the NIC that logged conversation `at` should decide of it; None where that NIC is not known."""
        return None if self.answer[at] == NONE else observation(self.plane, self.asked, int(self.answer[at]))


@dataclass(frozen=True)
class _Gathered(Sequence[Prediction]):
    """`rows` of `walked`, one after the other."""

    walked: Predictions
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Prediction: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Prediction]: ...
    def __getitem__(self, at: int | slice) -> Prediction | Sequence[Prediction]:
        if isinstance(at, slice):
            return _Gathered(self.walked, self.rows[at])
        return self.walked[int(self.rows[at])]


def replay(network: Network, records: FlowRecords) -> Replay:
    """Predict every recorded conversation.

    Addresses are read in the view of the logging NIC's virtual network, since address spaces may overlap; where that
    NIC is not known, in the view of the source.
    """
    plane = DataPlane(network)
    conversations = Conversations.of(records)
    nics = identify_nics(network, conversations)
    by_mac = np.array([nics[mac].number if mac in nics else NONE for mac in records.macs], np.int32)
    endpoint = by_mac[conversations.mac]
    packets = conversations.packets(_contexts(network, nics))
    first, packet = distinct_rows(_columns(packets))
    distinct = packets[first]
    asked, answer = _ask(plane, endpoint, conversations.direction, distinct, packet)
    walked = packet_walk(plane, distinct)
    return Replay(network, plane, records, conversations, nics, endpoint, walked, packet, asked, answer)


def _columns(packets: Packets) -> list[npt.NDArray[np.integer]]:
    source, destination = packets.source, packets.destination
    ports = [packets.source_port, packets.destination_port]
    return [source.high, source.low, destination.high, destination.low, *ports, packets.protocol, packets.context]


def _ask(
    plane: DataPlane, endpoint: Int32, direction: UInt8, packets: Packets, packet: Rows
) -> tuple[ObservationColumns, Rows]:
    """Ask each logging NIC once about each packet and direction that it logged."""
    known = np.flatnonzero(endpoint != NONE)
    first, question = distinct_rows([packet[known], endpoint[known], direction[known]])
    rows = known[first]
    asked = judge_at(plane, endpoint[rows], direction[rows], packets[packet[rows]])
    answer = np.full(len(endpoint), NONE, np.intp)
    answer[known] = question
    return asked, answer


def _contexts(network: Network, nics: Mapping[str, LoggingNic]) -> dict[str, int]:
    """MAC → index of its NIC's virtual network, as `Packets.context` has it."""
    number = {vnet.id: at for at, vnet in enumerate(network.snapshot.virtual_networks)}
    return {mac: number.get(network.endpoints[nic.number].virtual_network, NONE) for mac, nic in nics.items()}


def identify_nics(network: Network, conversations: Conversations) -> dict[str, LoggingNic]:
    """The NIC behind each MAC of the log; a MAC that cannot be told is missing.

    A MAC of the network decides. Else the NIC that the flow log is set on does; else the addresses that stand on the
    NIC's own side of what it logged (the source of what leaves, the destination of what arrives), provided they all are
    one endpoint's, of which no other MAC is known, and no other MAC fits it as well. A NIC that forwards stays unknown.
    """
    records = conversations.records
    by_mac = {endpoint.mac: at for at, endpoint in enumerate(network.endpoints) if endpoint.mac}
    number = {endpoint.id: at for at, endpoint in enumerate(network.endpoints)}
    targets, own = _targets(conversations), _own_addresses(conversations)
    found: dict[str, LoggingNic] = {}
    for at, mac in enumerate(records.macs):
        by_target = {number[target] for target in targets[at] if target in number}
        by_address = _holders(network, targets[at], own[at])
        if mac in by_mac:
            found[mac] = LoggingNic(by_mac[mac], "mac")
        elif len(by_target) == 1:
            found[mac] = LoggingNic(by_target.pop(), "target")
        elif len(by_address) == 1:
            found[mac] = LoggingNic(by_address.pop(), "address")
    claims = Counter(nic.number for nic in found.values())
    return {mac: nic for mac, nic in found.items() if nic.identified_by != "address" or claims[nic.number] == 1}


def _targets(conversations: Conversations) -> Mapping[int, set[ResourceId]]:
    """For each MAC, what its flow logs are set on: a VNet, a subnet or the NIC itself."""
    records = conversations.records
    targets: dict[int, set[ResourceId]] = defaultdict(set)
    for mac, target in _distinct_pairs(records.mac, records.target):
        targets[mac].add(ResourceId(records.targets[target]))
    return targets


def _own_addresses(conversations: Conversations) -> Mapping[int, set[str]]:
    """For each MAC, the addresses on its own side of the conversations it logged."""
    inbound = conversations.direction == INBOUND
    high = np.where(inbound, conversations.destination.high, conversations.source.high)
    low = np.where(inbound, conversations.destination.low, conversations.source.low)
    first, _ = distinct_rows([conversations.mac, high, low])
    addresses: dict[int, set[str]] = defaultdict(set)
    for at in first:
        side = conversations.destination if inbound[at] else conversations.source
        addresses[int(conversations.mac[at])].add(side.text(int(at)))
    return addresses


def _holders(network: Network, targets: set[ResourceId], addresses: set[str]) -> set[int]:
    """The endpoints whose MAC nobody knows that hold all of `addresses`, within the targets where one is known."""
    if not addresses:
        return set()
    scopes = {target for target in targets if target in network.virtual_networks or target in network.subnets}
    return {
        at
        for at, endpoint in enumerate(network.endpoints)
        if not _has_known_mac(endpoint)
        and addresses <= set(endpoint.addresses)
        and (not scopes or scopes & {endpoint.virtual_network, endpoint.subnet})
    }


def _has_known_mac(endpoint: Endpoint) -> bool:
    """Whether the endpoint's MAC can be one of Azure's. Scenarios give locally administered ones to NICs without."""
    return endpoint.mac is not None and not int(endpoint.mac[:2], 16) & _LOCALLY_ADMINISTERED


def _distinct_pairs(left: Int32, right: Int32) -> Iterator[tuple[int, int]]:
    first, _ = distinct_rows([left, right])
    return ((int(left[at]), int(right[at])) for at in first)
