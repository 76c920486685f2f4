"""Profiles: what made-up traffic is like, and how long its flows last and what they carry.

Durations and sizes are log-normal, so that a few flows carry most of the bytes, with a middle and a spread by service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from simulator.flows.lives import EMPTY, LIFETIME, RECREATED, RETRIES, SYN_BYTES, Lives
from simulator.flows.records import Int64
from simulator.flows.timeouts import CONTINUE_EVERY, SECOND
from simulator.walk.packets import Int32

ProfileName = Literal["realistic", "edges", "noise", "adversarial"]
LARGEST_PACKET = 1500
LONGEST = 24 * 3600 * SECOND
#: The most packets that one flow may carry, and those of a huge one.
MOST_PACKETS, HUGE = 10**9, 2**33


class Profile(Struct, frozen=True):
    """What traffic is like. Shares are of flows, from 0 to 1; all but the first four are oddities that were seen.

    Attributes
    ----------
    edges : probe the edges of rules, rather than do what a network is for.
    swapped : a packet from the middle of a flow whose state was lost: the server seems to begin it.
    pauses : fall silent for longer than the flow timeout in the middle, so that they end and begin again.
    scans, chatter : whether scanners, and clocks, probes and agents, are in the log beside the flows asked for.
    recreated : ended and begun again by Azure at every report, with counters that go on.
    before : began before the log.
    lifetime : of those the first counters hold the whole life.
    lossy : a hundredth of what is sent never arrives, so that the two ends count differently.
    bursts : several attempts within one millisecond.
    empty : begins and denials without counters, as the documentation shows them.
    huge : counters beyond 32 bits.
    doubled : the share of records that stand twice in a blob.
    """

    edges: float = 0.0
    swapped: float = 0.0
    pauses: float = 0.02
    scans: bool = False
    chatter: bool = False
    recreated: float = 0.0
    before: float = 0.0
    lifetime: float = 0.0
    lossy: float = 0.0
    bursts: float = 0.0
    empty: float = 0.0
    huge: float = 0.0
    doubled: float = 0.0


PROFILES: Mapping[ProfileName, Profile] = dict(
    zip(
        get_args(ProfileName),
        (
            Profile(),
            Profile(edges=1.0, pauses=0.0),
            Profile(scans=True, chatter=True),
            Profile(
                edges=0.4,
                swapped=0.05,
                pauses=0.1,
                scans=True,
                chatter=True,
                recreated=0.1,
                before=0.05,
                lifetime=0.5,
                lossy=0.1,
                bursts=0.3,
                empty=0.1,
                huge=0.01,
                doubled=0.1,
            ),
        ),
        strict=True,
    )
)


class _Behaviour(NamedTuple):
    """The middle and spread of a service's flows: seconds, packets sent and received, bytes of a packet each way."""

    seconds: float
    seconds_spread: float
    sent: float
    received: float
    packets_spread: float
    bytes_sent: float
    bytes_received: float


_ANY = _Behaviour(5.0, 2.5, 12, 12, 1.5, 500, 700)
_BEHAVIOURS: Mapping[int, _Behaviour] = {
    22: _Behaviour(300, 1.8, 400, 500, 1.6, 110, 300),
    53: _Behaviour(0.03, 1.0, 1, 1, 0.3, 80, 160),
    80: _Behaviour(2, 2.0, 8, 12, 1.2, 350, 1000),
    123: _Behaviour(0.05, 0.5, 1, 1, 0.2, 90, 132),
    443: _Behaviour(5, 2.2, 10, 14, 1.3, 450, 900),
    445: _Behaviour(30, 2.2, 60, 80, 2.0, 700, 900),
    1433: _Behaviour(60, 2.5, 40, 40, 1.8, 220, 500),
    3389: _Behaviour(300, 1.8, 400, 900, 1.6, 110, 700),
    5432: _Behaviour(60, 2.5, 40, 40, 1.8, 220, 500),
    6379: _Behaviour(120, 2.5, 100, 100, 1.8, 120, 300),
}
_PORTS = np.array(sorted(_BEHAVIOURS), np.int32)
_TABLE = np.array([*(_BEHAVIOURS[int(port)] for port in _PORTS), _ANY], np.float64)


def drawn_lives(
    packet: Int32,
    source_port: Int32,
    destination_port: Int32,
    begin: Int64,
    profile: Profile,
    random: np.random.Generator,
) -> Lives:
    """A life for each flow, as the service of its destination port has them, with the oddities of the profile."""
    count = len(packet)
    place = np.minimum(np.searchsorted(_PORTS, destination_port), len(_PORTS) - 1)
    seconds, spread, sent, received, packets_spread, bytes_sent, bytes_received = _TABLE[
        np.where(_PORTS[place] == destination_port, place, len(_PORTS))
    ].T
    volume = random.standard_normal(count) * packets_spread
    packets = np.stack(
        [np.minimum(middle * np.exp(volume), MOST_PACKETS).astype(np.int64) for middle in (sent, received)]
    )
    packets = np.maximum(packets, 1)
    size = np.stack([bytes_sent, bytes_received]) * random.uniform(0.7, 1.3, (2, count))
    duration = seconds * np.exp(random.standard_normal(count) * spread) * SECOND
    lives = Lives.of(
        packet=packet,
        source_port=source_port,
        begin=begin,
        duration=np.minimum(duration, LONGEST).astype(np.int64),
        packets=packets,
        packet_bytes=np.clip(size, SYN_BYTES, LARGEST_PACKET).astype(np.int64),
        attempts=random.integers(1, RETRIES.shape[1] + 1, count),
    )
    return with_oddities(lives, profile, random)


def with_oddities(lives: Lives, profile: Profile, random: np.random.Generator) -> Lives:
    """Some of the flows made odd, as the profile has it."""
    if not any((profile.recreated, profile.lossy, profile.bursts, profile.empty, profile.huge)):
        return lives

    def some(share: float) -> npt.NDArray[np.bool_]:
        chosen: npt.NDArray[np.bool_] = random.random(len(lives)) < share
        return chosen

    recreated, huge = some(profile.recreated), some(profile.huge)
    traits = recreated * RECREATED + some(profile.lifetime) * LIFETIME + some(profile.empty) * EMPTY
    packets = np.where(huge, lives.packets + HUGE, lives.packets)
    lost = np.where(some(profile.lossy), packets[0] // 100, 0)
    changes: dict[str, Any] = {
        "packets": packets,
        "lost": lost,
        "retry": some(profile.bursts).astype(np.uint8),
        "traits": traits.astype(np.uint8),
        # A short flow is re-created as often as a long one: at two moments of its life.
        "every": np.where(recreated, np.clip(lives.duration // 3, 1, CONTINUE_EVERY), lives.every),
    }
    return replace(lives, **changes)


def with_pauses(
    lives: Lives, timeout: Int64, share: npt.NDArray[np.floating[Any]], random: np.random.Generator
) -> tuple[Lives, Lives]:
    """The flows, some of which fall silent half way and so end by the timeout, and what those go on as after it.

    `timeout` and `share`, by flow: after how many milliseconds every NIC on its way ends it, and how likely it pauses.
    """
    chosen = np.flatnonzero((random.random(len(lives)) < share) & (lives.packets > 1).all(axis=0))
    if not len(chosen):
        return lives, lives.select(chosen)
    timeout = timeout[chosen]
    pause = timeout + SECOND + (random.random(len(chosen)) * timeout).astype(np.int64)
    later = lives.select(chosen)
    half = later.duration // 2
    first_half = later.packets // 2
    duration, packets, idle = lives.duration.copy(), lives.packets.copy(), lives.idle.copy()
    duration[chosen], packets[:, chosen], idle[chosen] = half, first_half, timeout
    rest: dict[str, Any] = {
        "begin": later.begin + half + pause,
        "duration": later.duration - half,
        "packets": later.packets - first_half,
    }
    return replace(lives, duration=duration, packets=packets, idle=idle), replace(later, **rest)


def begun_before(lives: Lives, start: int, share: float, random: np.random.Generator) -> Lives:
    """Some of the flows had begun before the log did, and still live when it does."""
    chosen = random.random(len(lives)) < share
    begin = start - 1 - (random.random(len(lives)) * lives.duration).astype(np.int64)
    return replace(lives, begin=np.where(chosen & (lives.duration > 1), begin, lives.begin))
