"""The packet walk says what the oracle says, packet by packet and NIC by NIC."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings

from simulator.azure.snapshot import Snapshot
from simulator.dataplane.plane import DataPlane
from simulator.network.model import Endpoint
from simulator.network.network import build_network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.predictions import Observation, Prediction
from tests.oracle.judgement import Decision, Judgement
from tests.oracle.packet_walk import Oracle
from tests.strategies import Flow, coverage, networks_with_packets, random_packets, random_snapshot, shares

Said = tuple[str, str, tuple[tuple[str, str, str, str], ...]]


def by_walk(prediction: Prediction) -> Said:
    """Verdict, reason and what each NIC decided; firewalls and private endpoints write no record and are left out."""
    seen = [_observed(observation) for observation in prediction.observations if _writes(observation.endpoint)]
    return prediction.verdict.name, prediction.reason, _in_order(prediction.reason, seen)


def _writes(endpoint: Endpoint) -> bool:
    return endpoint.kind in ("nic", "appliance", "managed") and endpoint.private_endpoint is None


def by_oracle(judgement: Judgement) -> Said:
    seen = [_decided(decision) for decision in judgement.decisions]
    return judgement.verdict, judgement.reason, _in_order(judgement.reason, seen)


def _in_order(reason: str, seen: list[tuple[str, str, str, str]]) -> tuple[tuple[str, str, str, str], ...]:
    """A loop is found after one round or after many: there only the set of decisions counts."""
    return tuple(sorted(set(seen))) if reason == "ROUTING_LOOP" else tuple(seen)


def _observed(observation: Observation) -> tuple[str, str, str, str]:
    rule = observation.rule
    named = f"{rule.acl.key}:{rule.name}" if rule else "-"
    return observation.endpoint.id.key, observation.direction, observation.verdict.name, named


def _decided(decision: Decision) -> tuple[str, str, str, str]:
    rule = decision.rule
    if rule is None:
        named = "-"
    else:
        is_admin = "/rulecollections/" in rule.key
        named = f"{(rule.parent.parent if is_admin else rule.parent).key}:{rule.name}"
    return decision.endpoint.key, decision.direction, decision.verdict, named


def compare(snapshot: Snapshot, flows: Sequence[Flow]) -> tuple[list[str], list[Judgement]]:
    """One line for every packet that the two judge differently, and what the oracle says of all of them."""
    network = build_network(snapshot, snapshot.declarations.assumptions)
    predictions = packet_walk(DataPlane(network), Packets.of(flows))
    oracle = Oracle(snapshot)
    judgements = [oracle.judge_flow(flow) for flow in flows]
    said = [(by_walk(predictions[at]), by_oracle(judgement)) for at, judgement in enumerate(judgements)]
    lines = [f"{flow}\n  walk   {w}\n  oracle {o}" for flow, (w, o) in zip(flows, said, strict=True) if w != o]
    return lines, judgements


def assert_same(snapshot: Snapshot, flows: Sequence[Flow]) -> list[Judgement]:
    found, judgements = compare(snapshot, flows)
    assert not found, f"{len(found)} of {len(flows)} packets differ, the first:\n{found[0]}"
    return judgements


@pytest.mark.parametrize("seed", range(40))
def test_on_seeded_networks(seed: int) -> None:
    snapshot = random_snapshot(seed)
    assert_same(snapshot, random_packets(snapshot, seed, 80))


@pytest.mark.slow
def test_on_many_seeded_networks(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how many packets reached each layer and met each fate: a law that too few reach holds nothing."""
    judgements = []
    for seed in range(4000, 4300):
        snapshot = random_snapshot(seed)
        judgements += assert_same(snapshot, random_packets(snapshot, seed, 100))
    met = shares(judgements)
    with capsys.disabled():
        print(f"\n{len(judgements)} random packets, walk and oracle agree on each. Of 100 packets reach")
        print(*(f"{share:6.2f} {layer}" for layer, share in sorted(met.items(), key=lambda held: -held[1])), sep="\n")
    for name, count in coverage(judgements).most_common():
        print(f"{count:7} {name}")
    assert {layer for layer, share in met.items() if share < 1} == set(), "layers that too few packets reach"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks_with_packets())
def test_on_networks_that_shrink(case: tuple[Snapshot, list[Flow]]) -> None:
    assert_same(*case)
