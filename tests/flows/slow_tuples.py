"""What NICs write of a flow, one flow and one NIC at a time: the meaning that `simulator.flows.lives` must equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simulator.flows.lives import EMPTY, LIFETIME, RECREATED, RETRIES, SYN_BYTES, Lives, Span
from simulator.walk.packets import TCP
from simulator.walk.predictions import Observation, Prediction
from simulator.walk.reasons import Verdict

FLOW_TIMEOUT = 4 * 60 * 1000


class Written(NamedTuple):
    """A tuple: milliseconds since 1970, the letter of its state, packets and bytes sent and received; None: empty."""

    time: int
    state: str
    packets_sent: int | None = 0
    bytes_sent: int | None = 0
    packets_received: int | None = 0
    bytes_received: int | None = 0


class Life(NamedTuple):
    """One row of `Lives`."""

    begin: int
    duration: int
    sent: int
    received: int
    size_sent: int
    size_received: int
    attempts: int
    idle: int
    every: int
    lost: int
    retry: int
    traits: int

    @classmethod
    def of(cls, lives: Lives, at: int) -> Life:
        one = {name: int(getattr(lives, name)[at]) for name in ("begin", "duration", "attempts", "idle", "every")}
        more = {name: int(getattr(lives, name)[at]) for name in ("lost", "retry", "traits")}
        sent, received = (int(value) for value in lives.packets[:, at])
        size_sent, size_received = (int(value) for value in lives.packet_bytes[:, at])
        sizes = {"sent": sent, "received": received, "size_sent": size_sent, "size_received": size_received}
        return cls(**one, **more, **sizes)


def observers(prediction: Prediction, protocol: int) -> list[Observation]:
    """The NICs that write of a flow: none after one that denies, nor what nobody knows."""
    if protocol not in (6, 17) or prediction.verdict in (Verdict.UNKNOWN, Verdict.INTERMITTENT):
        return []
    found = []
    for seen in prediction.observations:
        if seen.verdict == Verdict.UNKNOWN:
            break
        is_named = seen.rule is not None or seen.verdict == Verdict.ALLOW
        if is_named and seen.endpoint.private_endpoint is None:
            found.append(seen)
        if seen.verdict == Verdict.DENY:
            break
    return found


def written(life: Life, seen: Observation, is_answered: bool, protocol: int, log: Span, skew: int) -> list[Written]:
    """What one NIC writes of one flow while the log lasts, in order."""
    begin = life.begin + skew
    if life.begin >= log.start:
        begin = max(begin, log.start)
    inbound = seen.direction == "Inbound"
    if seen.verdict == Verdict.DENY:
        tuples = list(_denied(life, protocol))
    elif is_answered:
        tuples = list(_answered(life, inbound, log.start - begin if begin < log.start else None))
    else:
        tuples = list(_unanswered(life, protocol))
    empty = life.traits & EMPTY
    shown = (each._replace(time=begin + each.time) for each in tuples)
    inside = [each for each in shown if log.start <= each.time < log.end]
    return [each[:2] + (None,) * 4 if empty and each.state in "BD" else each for each in inside]  # type: ignore[misc]


def _tries(life: Life, protocol: int) -> list[int]:
    return [int(time) for time in RETRIES[life.retry][: life.attempts if protocol == TCP else 1]]


def _denied(life: Life, protocol: int) -> Iterator[Written]:
    for time in _tries(life, protocol):
        yield Written(time, "D")


def _unanswered(life: Life, protocol: int) -> Iterator[Written]:
    tries = _tries(life, protocol)
    size = SYN_BYTES if protocol == TCP else life.size_sent
    yield Written(0, "B")
    yield Written(tries[-1] + FLOW_TIMEOUT, "E", len(tries), len(tries) * size)


def _answered(life: Life, inbound: bool, log_start: int | None) -> Iterator[Written]:
    """`log_start`: the age of a flow that began before the log when the log begins."""
    arrived = max(life.sent - life.lost, 0) if inbound else life.sent
    yield Written(0, "B")
    reported = (0, 0)
    is_first = True
    for age in [*range(life.every, life.duration, life.every), life.duration]:
        is_end = age == life.duration
        until_now = tuple(total if is_end else total * age // life.duration for total in (arrived, life.received))
        time = age + life.idle if is_end else age
        in_log = log_start is None or time >= log_start
        holds_all = life.traits & RECREATED or (
            life.traits & LIFETIME and log_start is not None and is_first and in_log
        )
        since = (0, 0) if holds_all else reported
        sent, received = (now - before for now, before in zip(until_now, since, strict=True))
        counters = (sent, sent * life.size_sent, received, received * life.size_received)
        is_first = is_first and not in_log
        reported = until_now  # type: ignore[assignment]
        if is_end:
            yield Written(time, "E", *counters)
        elif life.traits & RECREATED:
            yield Written(time, "E", *counters)
            yield Written(time, "B")
        else:
            yield Written(time, "C", *counters)
