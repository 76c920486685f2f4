"""A flow log from predictions: the tuples that the NICs on each predicted path would write.

Every NIC on the path writes its own view, so an allowed flow between two VMs stands in the log twice. A denying NIC
writes one tuple an attempt and no NIC after it writes any. A platform service that refuses does so with an answer, so
that is logged as any flow. What Azure does not log (ICMP, the side of a private endpoint) and what cannot be told of
one flow (a prediction of UNKNOWN, or of INTERMITTENT paths) writes nothing. Counters are those since the tuple before.
The code of encryption is the one that is most likely; what a rule denied has NX.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple, Protocol

import numpy as np
from msgspec import Struct, field

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.flows.logged_encryption import logged_encryption
from simulator.flows.records import (
    BEGIN,
    CONTINUE,
    DENIED,
    DIRECTIONS,
    END,
    FlowRecords,
    Int64,
    Locators,
    Texts,
    milliseconds,
)
from simulator.flows.rule_names import PLATFORM_RULE, PREFIX, ZERO_GUID
from simulator.flows.timeouts import CONTINUE_EVERY, SECOND, flow_timeout
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.space.addresses import parse_address
from simulator.walk.encryption import FALLBACK, NOT_ACCEPTED, NX, Encryption
from simulator.walk.packets import TCP, UDP, Addresses, Int32, Packets
from simulator.walk.predictions import Observation, Prediction, RuleReference
from simulator.walk.reasons import Verdict

#: When a TCP client that hears nothing sends its SYN.
SYN_TIMES = (0, 1 * SECOND, 3 * SECOND, 7 * SECOND)
SYN_BYTES = 66
#: The clocks of two hosts differ by up to twice this many milliseconds.
CLOCK_SKEW = 50
#: Fates that a platform service decides by an answer of its own (403): to the NICs on the way the flow was allowed.
REFUSED_BY_SERVICE = frozenset(
    {
        "NAT_POOL_PARTLY_ALLOWED",
        "PAAS_FIREWALL_DENY",
        "PERIMETER_DENY",
        "PUBLIC_ACCESS_DISABLED",
        "STORAGE_IP_RULE_SAME_REGION",
    }
)


class PredictedPackets(Protocol):
    """What is needed of `simulator.walk.predictions.Predictions`."""

    @property
    def packets(self) -> Packets: ...
    @property
    def plane(self) -> DataPlane: ...
    @property
    def path(self) -> tuple[tuple[Int32, Int32], ...]: ...
    @property
    def path_back(self) -> tuple[tuple[Int32, Int32], ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> Prediction: ...


def generate(
    predictions: PredictedPackets,
    *,
    start: datetime,
    minutes: int,
    seed: int,
    without_acl: Literal["platform", "omit"] = "platform",
) -> FlowRecords:
    """The flow log of one flow for each predicted packet, sorted by time.

    Parameters
    ----------
    predictions : the packets and what becomes of them; TCP and UDP are logged.
    start : when the window begins, with its zone.
    minutes : length of the window; flows begin in it, and what they write after it is left out. A NIC whose clock runs
        behind sees none begin before it.
    seed : equal seeds and predictions give equal logs.
    without_acl : what a NIC without any network security group or admin rule writes, which is not documented:
        ``platform`` writes ``PlatformRule``, ``omit`` nothing.
    """
    traffic = _Traffic.draw(len(predictions), minutes, seed)
    first, end = milliseconds(start), milliseconds(start + timedelta(minutes=minutes))
    log = _Log(predictions, first, end, seed)
    for at in range(len(predictions)):
        if predictions.packets.protocol[at] in (TCP, UDP):
            log.add(at, predictions[at], traffic, without_acl)
    return log.records()


def likely_code(predicted: Encryption, is_denied: bool) -> str:
    """The code of a row. Azure drops nothing for want of encryption yet, so that code stands in no row of what passed;
    what is not known is taken not to be encrypted."""
    if is_denied or not predicted.code:
        return NX
    return FALLBACK if predicted.code == NOT_ACCEPTED else predicted.code


def invented_mac(endpoint: Endpoint) -> str:
    """The MAC address of `endpoint`; where the topology gives none, a locally administered one made from its id."""
    return endpoint.mac or "02" + blake2b(endpoint.id.key.encode(), digest_size=5).hexdigest().upper()


class _Traffic(Struct, frozen=True):
    """How each flow behaves: milliseconds from the start of the window, packets, and bytes a packet."""

    begin: Int64
    duration: Int64
    packets: Int64  # [2, flows]: sent, received
    packet_bytes: Int64  # [2, flows]
    attempts: Int64

    @classmethod
    def draw(cls, count: int, minutes: int, seed: int) -> _Traffic:
        """Heavy-tailed sizes and durations: most flows last seconds and a few run for the whole window."""
        random = np.random.default_rng(seed)
        return cls(
            begin=random.integers(0, minutes * 60 * SECOND, count),
            duration=np.minimum(random.lognormal(8.5, 2.5, count), 24 * 3600 * SECOND).astype(np.int64),
            packets=1 + np.minimum(random.lognormal(2.5, 1.5, (2, count)), 1e9).astype(np.int64),
            packet_bytes=random.integers(SYN_BYTES, 1400, (2, count)),
            attempts=random.integers(1, len(SYN_TIMES) + 1, count),
        )


class _Entry(NamedTuple):
    """One tuple of a flow, `time` counted from the flow's begin."""

    time: int
    state: int
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_received: int = 0
    bytes_received: int = 0


def _answered(at: int, traffic: _Traffic) -> Iterator[_Entry]:
    """Begin, a continue every five minutes, end; what passed is spread evenly over the flow's life."""
    duration = int(traffic.duration[at])
    totals = [int(count) for count in traffic.packets[:, at]]
    sizes = [int(size) for size in traffic.packet_bytes[:, at]]
    yield _Entry(0, BEGIN)
    reported = [0, 0]
    for time in (*range(CONTINUE_EVERY, duration, CONTINUE_EVERY), duration):
        until_now = [total * time // duration if time < duration else total for total in totals]
        sent, received = (now - before for now, before in zip(until_now, reported, strict=True))
        reported = until_now
        state = END if time == duration else CONTINUE
        yield _Entry(time, state, sent, sent * sizes[0], received, received * sizes[1])


def _attempts(at: int, traffic: _Traffic, protocol: int) -> tuple[int, ...]:
    return SYN_TIMES[: traffic.attempts[at]] if protocol == TCP else SYN_TIMES[:1]


def _unanswered(at: int, traffic: _Traffic, protocol: int, timeout: int) -> Iterator[_Entry]:
    """What a NIC that let the flow pass writes of one that hears no reply: it ends by the flow timeout."""
    times = _attempts(at, traffic, protocol)
    size = SYN_BYTES if protocol == TCP else int(traffic.packet_bytes[0, at])
    yield _Entry(0, BEGIN)
    yield _Entry(times[-1] + timeout, END, len(times), len(times) * size)


class _Point(NamedTuple):
    """One NIC's view of one flow, as numbers; `source`, `destination` and `port` are translations it saw, or -1."""

    packet: int
    endpoint: int
    is_denied: int
    mac: int
    direction: int
    acl: int
    rule: int
    target: int
    source: int
    destination: int
    port: int


class _Log(Struct):
    """The tuples gathered so far: one row each, pointing at the point that wrote it."""

    predictions: PredictedPackets
    start: int
    end: int
    seed: int
    macs: Texts = field(default_factory=Texts)
    acls: Texts = field(default_factory=Texts)
    rules: Texts = field(default_factory=Texts)
    targets: Texts = field(default_factory=Texts)
    translated: Texts = field(default_factory=Texts)
    points: list[_Point] = field(default_factory=list)
    rows: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return self.predictions.plane.network

    @property
    def packets(self) -> Packets:
        return self.predictions.packets

    def add(self, at: int, prediction: Prediction, traffic: _Traffic, without_acl: str) -> None:
        """Everything that is written of one flow."""
        is_refused = prediction.reason in REFUSED_BY_SERVICE
        if prediction.verdict in (Verdict.UNKNOWN, Verdict.INTERMITTENT) and not is_refused:
            return
        protocol = int(self.packets.protocol[at])
        is_answered = prediction.verdict == Verdict.ALLOW or is_refused
        begin = self.start + int(traffic.begin[at])
        for observation in prediction.observations:
            is_denied = observation.verdict == Verdict.DENY
            if observation.verdict == Verdict.UNKNOWN:
                return
            if _is_logged(observation, without_acl):
                timeout = flow_timeout(self.network, observation.endpoint.virtual_network)
                denied = (_Entry(time, DENIED) for time in _attempts(at, traffic, protocol))
                passed = _answered(at, traffic) if is_answered else _unanswered(at, traffic, protocol, timeout)
                self._write(at, observation, begin, denied if is_denied else passed)
            if is_denied:
                return

    def _write(self, at: int, observation: Observation, begin: int, entries: Iterator[_Entry]) -> None:
        endpoint = observation.endpoint
        mac = invented_mac(endpoint)
        acl, rule = _acl_and_rule(self.network, observation.rule)
        point = _Point(
            packet=at,
            endpoint=_numbers(self.network).get(endpoint.id, -1),
            is_denied=observation.verdict == Verdict.DENY,
            mac=self.macs.number(mac),
            direction=DIRECTIONS.index(observation.direction),
            acl=self.acls.number(acl),
            rule=self.rules.number(rule),
            target=self.targets.number(str(endpoint.virtual_network)),
            source=self._translated(observation.translated_source),
            destination=self._translated(observation.translated_destination),
            port=-1 if observation.translated_port is None else observation.translated_port,
        )
        self.points.append(point)
        begin = max(begin + _skew(self.seed, mac), self.start)
        written = (entry for entry in entries if begin + entry.time < self.end)
        self.rows += [(len(self.points) - 1, begin + entry.time, *entry[1:]) for entry in written]

    def records(self) -> FlowRecords:
        """Columns of everything written, sorted by time."""
        rows = np.array(self.rows, np.int64).reshape(-1, 7)
        rows = rows[np.argsort(rows[:, 1], kind="stable")]
        points = np.array(self.points, np.int32).reshape(-1, len(_Point._fields))[rows[:, 0]]
        encryptions, encryption = self._encryption()
        packet, _, _, mac, direction, acl, rule, target, source, destination, port = points.T
        packets = self.packets[packet]
        nowhere = np.full(len(rows), -1, np.int32)
        return FlowRecords(
            time=rows[:, 1],
            source=self._seen(packets.source, source),
            destination=self._seen(packets.destination, destination),
            source_port=packets.source_port,
            destination_port=np.where(port < 0, packets.destination_port, port).astype(packets.destination_port.dtype),
            protocol=packets.protocol,
            direction=direction.astype(np.uint8),
            state=rows[:, 2].astype(np.uint8),
            encryption=encryption[rows[:, 0]],
            packets_sent=rows[:, 3],
            bytes_sent=rows[:, 4],
            packets_received=rows[:, 5],
            bytes_received=rows[:, 6],
            mac=mac,
            acl=acl,
            rule=rule,
            target=target,
            locators=Locators(np.zeros(len(rows), np.int32), nowhere, nowhere, nowhere, nowhere),
            encryptions=encryptions,
            macs=self.macs.all,
            acls=self.acls.all,
            rules=self.rules.all,
            targets=self.targets.all,
            blobs=("synthetic",),
        )

    def _encryption(self) -> tuple[tuple[str, ...], Int32]:
        """The codes, and which of them each point writes."""
        texts = Texts()
        if not self.points:
            return (NX,), np.zeros(0, np.int32)
        packet, endpoint, is_denied, _, direction, *_ = np.array(self.points, np.int32).T
        found = logged_encryption(self.predictions, packet, endpoint, direction.astype(np.uint8))
        codes = [[texts.number(likely_code(held, denied)) for held in found.answers] for denied in (False, True)]
        return texts.all, np.array(codes, np.int32)[is_denied, found.number]

    def _translated(self, address: str | None) -> int:
        return -1 if address is None else self.translated.number(address)

    def _seen(self, own: Addresses, translated: Int32) -> Addresses:
        """The addresses as the NICs saw them."""
        if not self.translated.numbers:
            return own
        known = Addresses.of([parse_address(text) for text in self.translated.all])[np.maximum(translated, 0)]
        is_translated = translated >= 0
        return Addresses(np.where(is_translated, known.high, own.high), np.where(is_translated, known.low, own.low))


@per_network
def _numbers(network: Network) -> Mapping[ResourceId, int]:
    """Endpoint → its number in `Network.endpoints`."""
    return {endpoint.id: at for at, endpoint in enumerate(network.endpoints)}


def _is_logged(observation: Observation, without_acl: str) -> bool:
    # Without an ACL a denial is the platform's own (a closed public address), and no rule could be named for it.
    passes_without = without_acl == "platform" and observation.verdict == Verdict.ALLOW
    return (observation.rule is not None or passes_without) and observation.endpoint.private_endpoint is None


def _acl_and_rule(network: Network, rule: RuleReference | None) -> tuple[str, str]:
    """``aclID`` and ``rule`` as Azure writes them since 2024: an NSG's ARM id, a GUID for a security admin rule."""
    if rule is None:
        return ZERO_GUID, PLATFORM_RULE
    if rule.layer == "admin rules":
        guids = _admin_guids(network, rule.acl)
        acl = guids.get("") or _guid(rule.acl.key)
        return acl, f"{rule.name}_{guids.get(rule.name) or _guid(f'{rule.acl.key}/{rule.name}')}"
    return str(rule.acl), PREFIX["default" if rule.is_default else "user"] + rule.name


@per_network
def _admin_guids(network: Network, acl: ResourceId) -> Mapping[str, str | None]:
    """``resourceGuid`` of a security admin configuration, under the empty name, and of its rules, under theirs."""
    managers = network.snapshot.all(NetworkManager)
    for configuration in (each for manager in managers for each in manager.security_admin_configurations):
        if configuration.id == acl:
            rules = (rule for collection in configuration.rule_collections for rule in collection.rules)
            return {"": configuration.resource_guid} | {rule.name: rule.resource_guid for rule in rules}
    return {}


def _guid(text: str) -> str:
    """A GUID made from `text`, for a security admin rule or configuration whose own the export does not hold."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def _skew(seed: int, mac: str) -> int:
    digest = blake2b(f"{seed}/{mac}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2 * CLOCK_SKEW + 1) - CLOCK_SKEW
