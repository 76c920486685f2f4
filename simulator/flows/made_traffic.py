"""Made-up traffic of a network: which conversations there are, what becomes of them, and flows drawn from them.

Of however many flows there are, the distinct conversations are walked once; flows are then drawn from them slice by
slice of the log's time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from simulator.flows import background_traffic as background
from simulator.flows.client_ports import ClientPorts, port_ranges
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.edge_traffic import edge_flows
from simulator.flows.lives import Lives, Span
from simulator.flows.points import points_of, with_probes
from simulator.flows.profiles import Profile, begun_before, drawn_lives, with_pauses
from simulator.flows.records import Int64
from simulator.flows.sample_traffic import sample_flows
from simulator.flows.timeouts import SECOND
from simulator.network.model import Network
from simulator.walk.explain import data_plane
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Addresses, Bools, Int32, Packets

#: Flows are drawn from this many packets at most: the more flows there are, the more often each packet is one's first.
MOST_PACKETS, MOST_SCANNED = 1 << 18, 1 << 12
#: Flows that begin in one slice of time.
SLICE = 1 << 15
_MINUTE = 60 * SECOND
_CLOCK_EVERY = 64 * SECOND

#: Lives of flows: their conversations and begins, sorted by begin, and where chance comes from.
_Draw = Callable[[Rows, Int64, np.random.Generator], Lives]


class _Stream(NamedTuple):
    """Flows of one kind: how many begin, the conversations that they are of, and how they live."""

    flows: int
    conversations: Rows
    draw: _Draw

    def begins(self, span: Span, part: int, parts: int, random: np.random.Generator) -> tuple[Rows, Int64]:
        """The conversations and begins of the flows that begin in one of equal parts of the log: `span`."""
        first, stop = self.flows * part // parts, self.flows * (part + 1) // parts
        begin = np.sort(random.integers(span.start, span.end, stop - first))
        if self.flows == len(self.conversations):  # each is the first packet of one flow
            return self.conversations[first:stop], begin
        return self.conversations[random.integers(0, len(self.conversations), stop - first)], begin


class MadeTraffic:
    """The traffic of a network in the span of a log. Equal arguments make equal traffic.

    Raises QuestionError when the network holds no two ends that could talk.
    """

    def __init__(self, network: Network, *, flows: int, seed: int, log: Span, profile: Profile) -> None:
        self.log, self._seed, self._profile = log, seed, profile
        random = self._random(0)
        kinds = self._kinds(network, flows, random)
        packets = _joined([held for _, held, _ in kinds])
        plane = data_plane(network)
        ranges = port_ranges(plane, packets.source_port)
        first, conversation = distinct_rows([*_columns(packets), *ranges])
        self._packets, count = packets[first], len(first)
        walked = points_of(packet_walk(plane, self._packets))
        probes = background.probes(network, random) if profile.chatter else []
        self.points = with_probes(walked, probes)
        translated = np.isin(np.arange(count), walked.packet[walked.is_translated])
        self._ports = ClientPorts(ranges.select(first), translated)
        stops = np.cumsum([len(held) for _, held, _ in kinds])
        self._streams = [
            _Stream(flows, conversation[stop - len(held) : stop], draw)
            for (flows, held, draw), stop in zip(kinds, stops, strict=True)
        ]
        self._longest = self._ports.longest(self._expected(count), log.end - log.start)
        self._timeouts = np.zeros(count, np.int64)
        np.maximum.at(self._timeouts, walked.packet, walked.timeout)
        probed = self._each_minute(background.PROBES_A_MINUTE * len(probes) / background.PORTS_PROBED)
        self._streams.append(_Stream(probed, count + np.arange(len(probes)), _probe_lives))
        self.parts = max(1, -(-sum(stream.flows for stream in self._streams) // SLICE))

    def span(self, part: int) -> Span:
        """One of `parts` equal parts of the log."""
        length = self.log.end - self.log.start
        start, end = (self.log.start + length * at // self.parts for at in (part, part + 1))
        return Span(start, end)

    def lives(self, part: int) -> Lives:
        """The flows that begin in one of the parts."""
        random, span = self._random(1 + part), self.span(part)
        begun = ((stream, *stream.begins(span, part, self.parts, random)) for stream in self._streams)
        return Lives.concatenate([stream.draw(conversations, begin, random) for stream, conversations, begin in begun])

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, purpose])

    def _each_minute(self, often: float) -> int:
        return int(often * (self.log.end - self.log.start) / _MINUTE)

    def _kinds(self, network: Network, flows: int, random: np.random.Generator) -> list[tuple[int, Packets, _Draw]]:
        """How many flows of each kind begin, packets to draw them from, and how they live."""
        kinds: list[tuple[int, Packets, _Draw]] = []
        asked = _asked(network, min(flows, MOST_PACKETS), self._seed, self._profile, random)
        kinds.append((flows, asked, self._lives))
        if self._profile.scans:
            count = self._each_minute(background.scans_a_minute(network, random))
            scans = background.scans(network, min(count, MOST_SCANNED), random)
            kinds.append((count if len(scans) else 0, scans, self._plain_lives))
        if self._profile.chatter:
            calls = background.host_calls(network, random)
            kinds.append((self._each_minute(background.CALLS_A_MINUTE * len(calls)), calls, self._plain_lives))
            clocks = background.clocks(network)
            kinds.append((len(clocks), clocks, self._clock_lives))
        return kinds

    def _expected(self, count: int) -> Int64:
        """How many flows each of `count` conversations will have, rounded up."""
        expected = np.zeros(count, np.float64)
        for stream in self._streams:
            if stream.flows:
                share = stream.flows / len(stream.conversations)
                expected += np.bincount(stream.conversations, minlength=count) * share
        return np.ceil(expected).astype(np.int64)

    def _lives(self, conversation: Rows, begin: Int64, random: np.random.Generator) -> Lives:
        """The flows that were asked for, with what is odd about them."""
        lives = self._with_ports(conversation, begin, random, self._profile)
        if self._profile.before:
            lives = begun_before(lives, self.log.start, self._profile.before, random)
        if not self._profile.pauses:
            return lives
        unlimited = self._longest[lives.packet] > 2 * (self.log.end - self.log.start)
        timeouts = self._timeouts[lives.packet]
        return Lives.concatenate(with_pauses(lives, timeouts, self._profile.pauses * unlimited, random))

    def _plain_lives(self, conversation: Rows, begin: Int64, random: np.random.Generator) -> Lives:
        return self._with_ports(conversation, begin, random, Profile())

    def _with_ports(self, conversation: Rows, begin: Int64, random: np.random.Generator, profile: Profile) -> Lives:
        conversation, port = self._ports.take(conversation, random)
        destination_port = self._packets.destination_port[conversation]
        lives = drawn_lives(conversation.astype(np.int32), port, destination_port, begin, profile, random)
        return replace(lives, duration=np.minimum(lives.duration, self._longest[conversation]))

    def _clock_lives(self, conversation: Rows, begin: Int64, random: np.random.Generator) -> Lives:
        """From their begin to beyond the log's end, a packet each way about every minute."""
        count = len(conversation)
        duration = self.log.end + _MINUTE - begin
        return Lives.of(
            packet=conversation.astype(np.int32),
            source_port=np.full(count, background.NTP, np.int32),
            begin=begin,
            duration=duration,
            packets=np.stack([1 + duration // _CLOCK_EVERY] * 2),
            packet_bytes=np.tile(np.array([[90], [132]], np.int64), count),
            attempts=np.ones(count, np.int64),
        )


def _probe_lives(conversation: Rows, begin: Int64, random: np.random.Generator) -> Lives:
    """One packet, of which the NIC writes a begin or an end."""
    count = len(conversation)
    one, nothing = np.array([[1], [0]], np.int64), np.zeros(count, np.int64)
    return Lives.of(
        packet=conversation.astype(np.int32),
        source_port=np.full(count, background.PROBER_PORT, np.int32),
        begin=begin,
        duration=nothing,
        packets=np.tile(one, count),
        packet_bytes=np.tile(one * background.PROBE_BYTES, count),
        attempts=random.integers(1, 3, count),
    )


def _asked(network: Network, count: int, seed: int, profile: Profile, random: np.random.Generator) -> Packets:
    """`count` first packets of flows in random order: plausible ones, some of which seem to come from the server, and
    such that probe the edges of rules."""
    at_edges = int(count * profile.edges)
    edges = edge_flows(network, at_edges, random)
    plausible = sample_flows(network, count - len(edges), seed)
    swapped = _swapped(plausible, random.random(len(plausible)) < profile.swapped)
    return _joined([swapped, edges])[random.permutation(count)]


def _swapped(packets: Packets, chosen: Bools) -> Packets:
    """The chosen packets the other way round; whose view their addresses are read in is left to the new source."""

    def either(own: Int32, other: Int32) -> Int32:
        return np.where(chosen, other, own)

    source, destination = packets.source, packets.destination
    return replace(
        packets,
        source=_either(chosen, destination, source),
        destination=_either(chosen, source, destination),
        source_port=either(packets.source_port, packets.destination_port),
        destination_port=either(packets.destination_port, packets.source_port),
        context=np.where(chosen, -1, packets.context).astype(np.int32),
    )


def _either(chosen: Bools, yes: Addresses, no: Addresses) -> Addresses:
    return Addresses(np.where(chosen, yes.high, no.high), np.where(chosen, yes.low, no.low))


def _columns(packets: Packets) -> list[Addresses | Int32]:
    """What tells conversations apart, but for the source port."""
    return [
        packets.source,
        packets.destination,
        packets.destination_port,
        packets.protocol.astype(np.int32),
        packets.context,
        packets.service,
    ]


def _joined(parts: Sequence[Packets]) -> Packets:
    return Packets(
        Addresses.concatenate(part.source for part in parts),
        Addresses.concatenate(part.destination for part in parts),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("source_port", "destination_port", "protocol", "context", "service")
        ),
    )
