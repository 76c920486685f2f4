"""Encryption of every leg that random packets take: what the oracle says, seen from both ends, and symmetric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.dataplane.plane import DataPlane
from simulator.network.network import build_network
from simulator.walk.encryption import CODES, Encryption, encryption_of, encryption_of_leg, looked_through
from simulator.walk.legs import legs
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from tests.oracle.encryption import Answer, answer, pool_of
from tests.oracle.places import Places
from tests.oracle.random_encryption import with_encryption
from tests.strategies import Flow, networks_with_packets, random_packets, random_snapshot


class Judged(NamedTuple):
    """One leg: what each end logs, who they are, and the load balancer between them."""

    at_source: Encryption
    at_target: Encryption
    source: ResourceId | None
    target: ResourceId | None
    frontend: ResourceId | None


def judged_legs(snapshot: Snapshot, flows: Sequence[Flow]) -> tuple[DataPlane, list[Judged]]:
    """Each distinct leg of the packets."""
    plane = DataPlane(build_network(snapshot, snapshot.declarations.assumptions))
    found = legs(packet_walk(plane, Packets.of(flows)))
    answers, (near, far, frontend) = encryption_of(plane, found), looked_through(plane, found)
    columns = (near, far, frontend, answers.source, answers.target)
    rows = {*zip(*(column.tolist() for column in columns), strict=True)}
    return plane, [
        Judged(answers.answers[here], answers.answers[there], *(identity(plane, place) for place in places))
        for *places, here, there in sorted(rows)
    ]


def identity(plane: DataPlane, place: int) -> ResourceId | None:
    """The resource at a place; None outside virtual networks, and for no place."""
    places = plane.places
    if place < places.first_gateway:
        return places.endpoints[place].id
    return places.gateways[place - places.first_gateway].id if place < places.first_service else None


def assert_as_the_oracle_says(snapshot: Snapshot, flows: Sequence[Flow]) -> Iterator[Judged]:
    places = Places(snapshot)
    frontends = {held.id for held in places.frontends}
    for leg in judged_legs(snapshot, flows)[1]:
        pool = pool_of(places, leg.frontend) if leg.frontend is not None else []
        if not any(end is not None and end in frontends for end in (leg.source, leg.target)):
            for own, peer, said in (
                (leg.source, leg.target, leg.at_source),
                (leg.target, leg.source, leg.at_target),
            ):
                assert_same(said, answer(snapshot, own, peer, pool), f"{own} → {peer} by {leg.frontend}")
        yield leg


def assert_same(said: Encryption, wanted: Answer, where: str) -> None:
    assert said.code == (next(iter(wanted.codes)) if len(wanted.codes) == 1 else ""), where
    assert said.accepted == wanted.accepted, where
    assert said.is_encrypted == (next(iter(wanted.encrypted)) if len(wanted.encrypted) == 1 else None), where
    assert said.would_be_dropped == wanted.dropped, where


def assert_lawful(leg: Judged) -> None:
    """A leg is encrypted seen from one end if and only if it is seen from the other, and the sets fit the states."""
    assert leg.at_source.is_encrypted == leg.at_target.is_encrypted
    assert leg.at_source.would_be_dropped == leg.at_target.would_be_dropped
    for said in (leg.at_source, leg.at_target):
        assert said.accepted <= CODES and {said.code} - {""} <= said.accepted
        assert ("X" in said.accepted) == (said.is_encrypted is not False)
        assert ("NX" in said.accepted) == (said.is_encrypted is not True)
        assert (said.reason == "ENCRYPTED") == (said.code == "X") == (said.is_encrypted is True)
        assert said.text


@pytest.mark.parametrize("seed", range(30))
def test_on_seeded_networks(seed: int) -> None:
    snapshot = with_encryption(random_snapshot(seed), Random(seed))
    for leg in assert_as_the_oracle_says(snapshot, random_packets(snapshot, seed, 80)):
        assert_lawful(leg)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks_with_packets(), st.randoms(use_true_random=False))
def test_on_networks_that_shrink(case: tuple[Snapshot, list[Flow]], random: Random) -> None:
    snapshot, flows = case
    for leg in assert_as_the_oracle_says(with_encryption(snapshot, random), flows):
        assert_lawful(leg)


def test_legs_of_all_kinds_are_met() -> None:
    """So that the laws above are not about plain legs only."""
    met: Counter[str] = Counter()
    for seed in range(60):
        snapshot = with_encryption(random_snapshot(seed), Random(seed))
        for leg in judged_legs(snapshot, random_packets(snapshot, seed, 80))[1]:
            met[leg.at_source.reason] += 1
            met["by a load balancer"] += leg.frontend is not None
            met["would be dropped"] += leg.at_source.would_be_dropped
    assert min(met.values()) >= 3, met
    assert len(met) == 11, met


@pytest.mark.parametrize("seed", range(10))
def test_a_pair_alone_is_judged_as_in_a_column(seed: int) -> None:
    snapshot = with_encryption(random_snapshot(seed), Random(seed))
    plane = DataPlane(build_network(snapshot, snapshot.declarations.assumptions))
    found = legs(packet_walk(plane, Packets.of(random_packets(snapshot, seed, 40))))
    answers = encryption_of(plane, found)
    for source, target, frontend, number in zip(*looked_through(plane, found), answers.source, strict=True):
        if frontend == plane.places.nowhere:
            assert encryption_of_leg(plane, int(source), int(target)) == answers.answers[number]
