"""Made-up traffic over a network, recorded as its flow logs would record it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from msgspec.structs import replace

from simulator.flows.lives import Lives, Span, flow_tuples, last_times, skews
from simulator.flows.made_traffic import MadeTraffic
from simulator.flows.profiles import PROFILES, ProfileName
from simulator.flows.records import FlowRecords, Locators, milliseconds
from simulator.network.model import Network
from simulator.walk.packets import Addresses


def generate_flow_log(
    network: Network,
    *,
    flows: int = 1000,
    seed: int = 1,
    start: datetime,
    minutes: int = 60,
    profile: ProfileName = "realistic",
) -> FlowRecords:
    """The tuples that the network's NICs would write of plausible traffic, sorted by time.

    Parameters
    ----------
    flows : how many flows begin.
    seed : the same seed gives the same records.
    start : when the log begins, with its zone.
    minutes : how long it is.
    profile : ``realistic``; ``edges``, packets one address or port inside and outside of what rules name; ``noise``,
        realistic traffic among scans, clocks, health probes and the platform's own; ``adversarial``, all of these with
        what makes flow logs hard to read: flows re-created at every report, counters of a whole life, servers that
        seem to be clients, losses, bursts of attempts, counters that are empty or huge.

    Raises
    ------
    QuestionError : the network holds no two ends that could talk.
    """
    parts = [*flow_log_parts(network, flows=flows, seed=seed, start=start, minutes=minutes, profile=profile)]
    first = parts[0]
    columns: dict[str, Any] = {}
    for name in first.__struct_fields__[: -len(first.__struct_defaults__)]:
        held = [getattr(part, name) for part in parts]
        columns[name] = _joined(held)
    return replace(first, **columns)


def flow_log_parts(
    network: Network, *, flows: int, seed: int, start: datetime, minutes: int, profile: ProfileName = "realistic"
) -> Iterator[FlowRecords]:
    """`generate_flow_log` in parts, of which one is held at a time: all in order of time, with the same texts."""
    log = Span(milliseconds(start), milliseconds(start + timedelta(minutes=minutes)))
    traffic = MadeTraffic(network, flows=flows, seed=seed, log=log, profile=PROFILES[profile])
    skew = skews(seed, traffic.points.macs)
    living: list[Lives] = []
    for part in range(traffic.parts):
        span = traffic.span(part)
        lives = Lives.concatenate([*living, traffic.lives(part)])
        yield flow_tuples(traffic.points, lives, log, span, skew)
        living = [lives.select(np.flatnonzero(last_times(traffic.points, lives) >= span.end))]


def _joined(columns: list[Any]) -> Any:
    if isinstance(columns[0], Addresses):
        return Addresses.concatenate(columns)
    if isinstance(columns[0], Locators):
        return Locators(
            *(np.concatenate([getattr(each, level) for each in columns]) for level in Locators.__struct_fields__)
        )
    return np.concatenate(columns)
