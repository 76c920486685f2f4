"""Points: which NICs on a predicted path write of a packet in their flow logs, and what they say of it.

Every NIC on the path writes its own view, so an allowed flow between two VMs has two points. A denying NIC is the last
that writes. A platform service that refuses does so with an answer, so that is written as any flow. What Azure does not
log (ICMP, the side of a private endpoint) and what cannot be told of one flow (a prediction of UNKNOWN, or of
INTERMITTENT paths) has no point. The code of encryption is the one that is most likely; what a rule denied has NX.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import ResourceId
from simulator.dataplane.plane import DataPlane
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.logged_encryption import logged_encryption
from simulator.flows.records import Int64, Texts, UInt8
from simulator.flows.rule_names import PLATFORM_RULE, PREFIX, ZERO_GUID
from simulator.flows.timeouts import flow_timeout
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network
from simulator.space.addresses import parse_address
from simulator.walk.encryption import FALLBACK, NOT_ACCEPTED, NX, Encryption
from simulator.walk.packets import TCP, UDP, Addresses, Bools, Int32, Packets
from simulator.walk.predictions import Observation, ObservationColumns, RuleReference, observation
from simulator.walk.reasons import REASONS, Verdict

#: What becomes of a flow, as a NIC sees it: its rules deny it, no reply comes, replies come; or the platform asks.
DENIED_HERE, UNANSWERED, ANSWERED, PROBED = range(4)
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
#: What a NIC without any network security group or admin rule writes, which is not documented.
WithoutAcl = Literal["platform", "omit"]

_TEXTS = ("macs", "acls", "rules", "targets", "encryptions")
_VERDICTS = np.array([reason.verdict for reason in REASONS], np.uint8)
_REFUSED = np.array([reason.code in REFUSED_BY_SERVICE for reason in REASONS], np.bool_)


class PredictedPackets(Protocol):
    """What is needed of `simulator.walk.predictions.Predictions`."""

    @property
    def packets(self) -> Packets: ...
    @property
    def plane(self) -> DataPlane: ...
    @property
    def reason(self) -> UInt8: ...
    @property
    def observed(self) -> ObservationColumns: ...
    @property
    def path(self) -> tuple[tuple[Int32, Int32], ...]: ...
    @property
    def path_back(self) -> tuple[tuple[Int32, Int32], ...]: ...
    def __len__(self) -> int: ...


class Points(Struct, frozen=True, eq=False):
    """One row for each NIC that writes of a packet, sorted by packet, in the order of travel.

    Packet `p` has the rows from ``first[p]`` up to ``first[p + 1]``. Addresses and the destination's port are those
    that the NIC sees; `timeout` is the milliseconds without packets after which it ends a flow. Columns that are named
    in the singular index the texts named in the plural; `direction` is as in `FlowRecords`.
    """

    first: Int64
    packet: Int32
    fate: UInt8
    direction: UInt8
    protocol: UInt8
    source: Addresses
    destination: Addresses
    destination_port: Int32
    is_translated: Bools
    timeout: Int64
    mac: Int32
    acl: Int32
    rule: Int32
    target: Int32
    encryption: Int32
    macs: tuple[str, ...]
    acls: tuple[str, ...]
    rules: tuple[str, ...]
    targets: tuple[str, ...]
    encryptions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.packet)


def points_of(predictions: PredictedPackets, *, without_acl: WithoutAcl = "platform") -> Points:
    """The points of every predicted packet."""
    observed, packets = predictions.observed, predictions.packets
    rows = _passed(predictions)
    seen, kind_of_row = _kinds(predictions.plane, observed, rows)
    network = predictions.plane.network
    kinds = [_Kind.of(network, each, without_acl) for each in seen]
    logged = np.array([kind.is_logged for kind in kinds], np.bool_)[kind_of_row]
    rows, number = rows[logged], kind_of_row[logged]
    packet = observed.packet[rows].astype(np.intp)
    denied = _VERDICTS[observed.reason[rows]] == Verdict.DENY
    answered = (_VERDICTS[predictions.reason] == Verdict.ALLOW) | _REFUSED[predictions.reason]
    macs, acls, rules, targets = (Texts() for _ in range(4))
    encryptions, encryption = _encryption(
        predictions, packet, observed.endpoint[rows], observed.direction[rows], denied
    )
    port = np.array([kind.port for kind in kinds], np.int32)[number]
    return Points(
        first=np.searchsorted(packet, np.arange(len(packets) + 1)),
        packet=packet.astype(np.int32),
        fate=np.where(denied, DENIED_HERE, np.where(answered[packet], ANSWERED, UNANSWERED)).astype(np.uint8),
        direction=observed.direction[rows],
        protocol=packets.protocol[packet],
        source=_as_seen(packets.source[packet], [kind.source for kind in kinds], number),
        destination=_as_seen(packets.destination[packet], [kind.destination for kind in kinds], number),
        destination_port=np.where(port < 0, packets.destination_port[packet], port),
        is_translated=np.array([kind.is_translated for kind in kinds], np.bool_)[number],
        timeout=np.array([kind.timeout for kind in kinds], np.int64)[number],
        mac=macs.column(kind.mac for kind in kinds)[number],
        acl=acls.column(kind.acl for kind in kinds)[number],
        rule=rules.column(kind.rule for kind in kinds)[number],
        target=targets.column(kind.target for kind in kinds)[number],
        encryption=encryption,
        macs=macs.all,
        acls=acls.all,
        rules=rules.all,
        targets=targets.all,
        encryptions=encryptions,
    )


def with_probes(points: Points, probes: Sequence[Probe]) -> Points:
    """The points and, as those of further packets, what NICs write of probes by the platform's own rule."""
    at, count = len(points.first) - 1, len(probes)
    texts: dict[str, Texts] = {name: Texts() for name in _TEXTS}
    for name, held in texts.items():
        held.column(getattr(points, name))
    each = {
        "packet": np.arange(at, at + count, dtype=np.int32),
        "fate": np.full(count, PROBED, np.uint8),
        "direction": np.zeros(count, np.uint8),
        "protocol": np.full(count, TCP, np.uint8),
        "source": Addresses.parse([probe.source for probe in probes]),
        "destination": Addresses.parse([probe.endpoint.addresses[0] for probe in probes]),
        "destination_port": np.array([probe.port for probe in probes], np.int32),
        "is_translated": np.zeros(count, np.bool_),
        "timeout": np.zeros(count, np.int64),
        "mac": texts["macs"].column(invented_mac(probe.endpoint) for probe in probes),
        "acl": texts["acls"].column(ZERO_GUID for _ in probes),
        "rule": texts["rules"].column(PLATFORM_RULE for _ in probes),
        "target": texts["targets"].column(str(probe.endpoint.virtual_network) for probe in probes),
        "encryption": texts["encryptions"].column(NX for _ in probes),
    }
    columns: dict[str, Any] = {}
    for name, column in each.items():
        join: Any = Addresses.concatenate if isinstance(column, Addresses) else np.concatenate
        columns[name] = join([getattr(points, name), column])
    first = np.concatenate([points.first[:-1], len(points) + np.arange(count + 1)])
    columns |= {name: held.all for name, held in texts.items()}
    return Points(first=first, **columns)


def likely_code(predicted: Encryption, is_denied: bool) -> str:
    """The code of a row. Azure drops nothing for want of encryption yet, so that code stands in no row of what passed;
    what is not known is taken not to be encrypted."""
    if is_denied or not predicted.code:
        return NX
    return FALLBACK if predicted.code == NOT_ACCEPTED else predicted.code


def invented_mac(endpoint: Endpoint) -> str:
    """The MAC address of `endpoint`; where the topology gives none, a locally administered one made from its id."""
    return endpoint.mac or "02" + blake2b(endpoint.id.key.encode(), digest_size=5).hexdigest().upper()


class Probe(NamedTuple):
    """A packet of the platform to a port of a NIC."""

    endpoint: Endpoint
    source: str
    port: int


class _Kind(NamedTuple):
    """What every packet of one observation shares; `port` -1 and empty addresses: those of the packet."""

    is_logged: bool
    mac: str
    acl: str
    rule: str
    target: str
    timeout: int
    source: str
    destination: str
    port: int

    @classmethod
    def of(cls, network: Network, seen: Observation, without_acl: WithoutAcl) -> _Kind:
        acl, rule = _acl_and_rule(network, seen.rule)
        return cls(
            is_logged=_is_logged(seen, without_acl),
            mac=invented_mac(seen.endpoint),
            acl=acl,
            rule=rule,
            target=str(seen.endpoint.virtual_network),
            timeout=flow_timeout(network, seen.endpoint.virtual_network),
            source=seen.translated_source or "",
            destination=seen.translated_destination or "",
            port=-1 if seen.translated_port is None else seen.translated_port,
        )

    @property
    def is_translated(self) -> bool:
        return bool(self.source or self.destination or self.port >= 0)


def _passed(predictions: PredictedPackets) -> Rows:
    """The observations that stand in logs: up to the first that denies, and before the first that nobody knows."""
    observed, verdict = predictions.observed, _VERDICTS[predictions.reason]
    is_known = ~np.isin(verdict, (Verdict.UNKNOWN, Verdict.INTERMITTENT)) | _REFUSED[predictions.reason]
    is_written = is_known & np.isin(predictions.packets.protocol, (TCP, UDP))
    here = _VERDICTS[observed.reason]
    stops = np.isin(here, (Verdict.DENY, Verdict.UNKNOWN))
    stopped: Int64 = np.cumsum(stops) - stops  # how many stops stand before each row, those of earlier packets too
    first = np.searchsorted(observed.packet, observed.packet)
    reached = stopped == stopped[first] if len(first) else np.zeros(0, np.bool_)
    return np.flatnonzero(is_written[observed.packet] & reached & (here != Verdict.UNKNOWN))


def _kinds(plane: DataPlane, observed: ObservationColumns, rows: Rows) -> tuple[list[Observation], Rows]:
    """The distinct observations of these rows, and which of them each row is."""
    columns: list[npt.NDArray[np.integer]] = [
        observed.endpoint,
        observed.direction,
        observed.reason,
        observed.source,
        observed.destination,
        observed.destination_port,
        *observed.tables.T,
        *observed.rows.T,
    ]
    first, number = distinct_rows([column[rows] for column in columns])
    return [observation(plane, observed, int(row)) for row in rows[first]], number


def _as_seen(own: Addresses, translated: Sequence[str], number: Rows) -> Addresses:
    """The packets' own addresses, or the translated one where there is one."""
    if not any(translated):
        return own
    is_translated = np.array([bool(text) for text in translated])[number]
    known = Addresses.of([parse_address(text) if text else 0 for text in translated])[number]
    return Addresses(np.where(is_translated, known.high, own.high), np.where(is_translated, known.low, own.low))


def _encryption(
    predictions: PredictedPackets, packet: Rows, endpoint: Int32, direction: UInt8, denied: Bools
) -> tuple[tuple[str, ...], Int32]:
    """The codes, and which of them each point writes."""
    if not len(packet):
        return (NX,), np.zeros(0, np.int32)
    texts = Texts()
    found = logged_encryption(predictions, packet, endpoint, direction)
    codes = [[texts.number(likely_code(held, is_denied)) for held in found.answers] for is_denied in (False, True)]
    return texts.all, np.array(codes, np.int32)[denied.astype(np.intp), found.number]


def _is_logged(seen: Observation, without_acl: WithoutAcl) -> bool:
    # Without an ACL a denial is the platform's own (a closed public address), and no rule could be named for it.
    passes_without = without_acl == "platform" and seen.verdict == Verdict.ALLOW
    return (seen.rule is not None or passes_without) and seen.endpoint.private_endpoint is None


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
