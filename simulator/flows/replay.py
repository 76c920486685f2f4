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
from typing import Any, Literal, overload

import numpy as np
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.flows.conversations import Conversations
from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.logged_encryption import LoggedEncryption, logged_encryption
from simulator.flows.records import BEGIN, FlowRecords, Int64, UInt8
from simulator.network.model import Endpoint, Network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Addresses, Bools, Int32, Packets
from simulator.walk.predictions import Observation, ObservationColumns, Prediction, Predictions, observation
from simulator.walk.reasons import REASONS, Verdict
from simulator.walk.vantage import judge_at

NONE = -1
INBOUND = 0
#: When conversations began that the log does not show beginning, and those that never did.
_BEFORE_THE_LOG, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
#: Bit of a MAC's first byte that no maker of NICs, and so no Azure NIC, has set.
_LOCALLY_ADMINISTERED = 0x02
#: How the NIC that logged was found: by its MAC, by the id the flow log is set on, by the address it always has.
IdentifiedBy = Literal["mac", "target", "address"]


class LoggingNic(Struct, frozen=True):
    """The endpoint a MAC stands for: its number in `Network.endpoints`, and how it was found."""

    number: int
    identified_by: IdentifiedBy


class Replay(Struct, frozen=True, eq=False, dict=True):
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
    def encryption(self) -> LoggedEncryption:
        """What the log should hold of the encryption of each conversation."""
        return logged_encryption(self.walked, self.packet, self.endpoint, self.conversations.direction)

    @cached_property
    def is_on_path(self) -> Bools:
        """Whether the predicted path passes the logging NIC in the direction that it logged."""
        observed, places = self.walked.observed, self.plane.places.nowhere + 1
        points = (observed.packet.astype(np.int64) * places + observed.endpoint) * 2 + observed.direction
        wanted = (self.packet.astype(np.int64) * places + self.endpoint) * 2 + self.conversations.direction
        on_path: Bools = np.isin(wanted, points) & (self.endpoint != NONE)
        return on_path

    @cached_property
    def answered(self) -> UInt8:
        """`Verdict` numbers of what the logging NICs' filters decide; UNKNOWN where nobody could be asked."""
        verdicts = np.array([reason.verdict for reason in REASONS], np.uint8)[self.asked.reason]
        answered: UInt8 = np.append(verdicts, np.uint8(Verdict.UNKNOWN))[self.answer]  # -1 picks the last
        return answered

    @cached_property
    def is_reply(self) -> Bools:
        """Conversations that answer an allowed one of the same NIC the other way round, logged as flows of their own.

        Who began first asked. Of two that began at once, the one asked that the NIC's filters allow; where they treat
        both alike, the one towards the lower port. Two hosts that both speak from port 123 may both have asked.
        """
        flows = self.conversations
        own, swapped = _both_ways(flows)
        passed, began_here = ~flows.is_denied, _began(flows)
        began = np.full(int(max(own.max(initial=NONE), swapped.max(initial=NONE))) + 1, _NEVER)
        np.minimum.at(began, own[passed], began_here[passed])
        is_allowed = np.zeros(len(began), bool)
        is_allowed[own] = self.answered == Verdict.ALLOW
        here, there = is_allowed[own], is_allowed[swapped]
        is_asked = (there & ~here) | ((there == here) & (flows.source_port < flows.destination_port))
        is_later = (began[swapped] < began[own]) | ((began[swapped] == began[own]) & is_asked)
        is_reply: Bools = passed & is_later & (began[swapped] != _NEVER) & (flows.source_port != flows.destination_port)
        return is_reply

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A row for each conversation, for any library that reads Arrow. Raises MissingExtraError."""
        from simulator.flows.arrow import replay_table

        return replay_table(self).__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """A row for each conversation as a pandas DataFrame. Raises MissingExtraError without pyarrow and pandas."""
        from simulator.flows.arrow import replay_table, to_pandas

        return to_pandas(replay_table(self))

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
    first, packet = distinct_rows([getattr(packets, column) for column in packets.__struct_fields__])
    distinct = packets[first]
    asked, answer = _ask(plane, endpoint, conversations.direction, distinct, packet)
    walked = packet_walk(plane, distinct)
    return Replay(network, plane, records, conversations, nics, endpoint, walked, packet, asked, answer)


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


def _both_ways(flows: Conversations) -> tuple[Rows, Rows]:
    """Numbers of each conversation's NIC, direction and 5-tuple, and of the same the other way round."""

    def both(there: Column, back: Column) -> Column:
        return np.concatenate([there, back])

    _, number = distinct_rows(
        [
            np.tile(flows.mac, 2),
            np.tile(flows.protocol, 2),
            both(flows.direction, 1 - flows.direction),
            Addresses.concatenate([flows.source, flows.destination]),
            Addresses.concatenate([flows.destination, flows.source]),
            both(flows.source_port, flows.destination_port),
            both(flows.destination_port, flows.source_port),
        ]
    )
    return number[: len(flows)], number[len(flows) :]


def _began(flows: Conversations) -> Int64:
    """When conversations began; those whose first tuple is no begin did so before the log."""
    records, decision = flows.records, flows.decisions()
    first_time = np.full(len(flows), _NEVER)
    np.minimum.at(first_time, decision, flows.first_time)
    of_record = decision[flows.of_record]
    is_first = (records.state == BEGIN) & (records.time == first_time[of_record])
    began = np.full(len(flows), _BEFORE_THE_LOG)
    began[of_record[is_first]] = records.time[is_first]
    return began[decision]


def _contexts(network: Network, nics: Mapping[str, LoggingNic]) -> dict[str, int]:
    """MAC → index of its NIC's virtual network, as `Packets.context` has it."""
    number = {vnet.id: at for at, vnet in enumerate(network.snapshot.virtual_networks)}
    return {mac: number.get(network.endpoints[nic.number].virtual_network, NONE) for mac, nic in nics.items()}


def identify_nics(network: Network, conversations: Conversations) -> dict[str, LoggingNic]:
    """The NIC behind each MAC of the log; a MAC that cannot be told is missing.

    A MAC that one endpoint of the network has decides. Else the NIC that the flow log is set on does; else the
    addresses that stand on the NIC's own side of what it logged (the source of what leaves, the destination of what
    arrives), provided they all are one endpoint's, of which no other MAC is known, and no other MAC fits it as well. A
    NIC that forwards stays unknown.
    """
    records = conversations.records
    by_mac, targets = _numbers_by_mac(network), _targets(conversations)
    number = {endpoint.id: at for at, endpoint in enumerate(network.endpoints)}
    found: dict[str, LoggingNic] = {}
    unknown: list[int] = []
    for at, mac in enumerate(records.macs):
        by_target = {number[target] for target in targets[at] if target in number}
        if mac in by_mac:
            found[mac] = LoggingNic(by_mac[mac], "mac")
        elif len(by_target) == 1:
            found[mac] = LoggingNic(by_target.pop(), "target")
        else:
            unknown.append(at)
    own, holders = _own_addresses(conversations, unknown), _holders(network)
    for at in unknown:
        by_address = _holders_of_all(network, holders, targets[at], own[at])
        if len(by_address) == 1:
            found[records.macs[at]] = LoggingNic(by_address.pop(), "address")
    claims = Counter(nic.number for nic in found.values())
    return {mac: nic for mac, nic in found.items() if nic.identified_by != "address" or claims[nic.number] == 1}


def _numbers_by_mac(network: Network) -> dict[str, int]:
    """MAC → its endpoint, of those that only one endpoint has: where two have it, the export cannot be right."""
    numbers = {endpoint.mac: at for at, endpoint in enumerate(network.endpoints) if endpoint.mac}
    held = Counter(endpoint.mac for endpoint in network.endpoints)
    return {mac: at for mac, at in numbers.items() if held[mac] == 1}


def _targets(conversations: Conversations) -> Mapping[int, set[ResourceId]]:
    """For each MAC, what its flow logs are set on: a VNet, a subnet or the NIC itself."""
    records = conversations.records
    targets: dict[int, set[ResourceId]] = defaultdict(set)
    for mac, target in _distinct_pairs(records.mac, records.target):
        targets[mac].add(ResourceId(records.targets[target]))
    return targets


def _own_addresses(conversations: Conversations, macs: list[int]) -> Mapping[int, set[str]]:
    """For each of `macs`, the addresses on its own side of the conversations it logged."""
    inbound = conversations.direction == INBOUND
    high = np.where(inbound, conversations.destination.high, conversations.source.high)
    low = np.where(inbound, conversations.destination.low, conversations.source.low)
    asked = np.flatnonzero(np.isin(conversations.mac, macs))
    side = Addresses(high[asked], low[asked])
    first, _ = distinct_rows([conversations.mac[asked], side])
    addresses: dict[int, set[str]] = defaultdict(set)
    for mac, text in zip(conversations.mac[asked][first].tolist(), side[first].texts(), strict=True):
        addresses[mac].add(text)
    return addresses


def _holders(network: Network) -> Mapping[str, set[int]]:
    """Private address → the NICs and firewalls that hold it, of those whose MAC nobody knows."""
    holders: dict[str, set[int]] = defaultdict(set)
    for at, endpoint in enumerate(network.endpoints):
        if endpoint.kind in ("nic", "firewall") and not _has_known_mac(endpoint):
            for address in endpoint.addresses:
                holders[address].add(at)
    return holders


def _holders_of_all(
    network: Network, holders: Mapping[str, set[int]], targets: set[ResourceId], addresses: set[str]
) -> set[int]:
    """The endpoints that hold all of `addresses`, within the targets where one is known."""
    found = set[int].intersection(*(holders.get(address, set()) for address in addresses)) if addresses else set()
    scopes = {target for target in targets if target in network.virtual_networks or target in network.subnets}
    if not scopes:
        return found
    ends = network.endpoints
    return {at for at in found if scopes & {ends[at].virtual_network, ends[at].subnet}}


def _has_known_mac(endpoint: Endpoint) -> bool:
    """Whether the endpoint's MAC can be one of Azure's. Scenarios give locally administered ones to NICs without."""
    return endpoint.mac is not None and not int(endpoint.mac[:2], 16) & _LOCALLY_ADMINISTERED


def _distinct_pairs(left: Int32, right: Int32) -> Iterator[tuple[int, int]]:
    first, _ = distinct_rows([left, right])
    return ((int(left[at]), int(right[at])) for at in first)
