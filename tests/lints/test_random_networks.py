"""Lints of random networks: they never fail, never differ, and what they say of ways back is what the walk says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.azure.network_manager import NetworkManager
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from simulator.dataplane.plane import DataPlane
from simulator.lints.lint import lint
from simulator.network.network import build_network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.reasons import REASONS, Verdict
from tests.strategies import random_packets, random_snapshot


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_lints_of_a_random_network_are_the_same_each_time_and_stand_in_it(seed: int) -> None:
    snapshot = random_snapshot(seed)
    found = lint(build_network(snapshot))
    assert found == lint(build_network(snapshot))
    assert all(one.code.startswith("VNS6") and one.message and one.place and one.hint for one in found)
    assert len({(one.code, one.place, one.message) for one in found}) == len(found)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_rules_that_are_called_useless_can_go_without_another_verdict(seed: int) -> None:
    network = build_network(random_snapshot(seed))
    useless = {one.place for one in lint(network) if one.code in ("VNS6001", "VNS6002", "VNS6003")}
    packets = Packets.of(random_packets(network.snapshot, seed, 100))
    before = packet_walk(DataPlane(network), packets)
    after = packet_walk(DataPlane(build_network(_without(network.as_read, useless), network.assumptions)), packets)
    for codes in zip(before.reason, after.reason, strict=True):
        verdicts = {REASONS[code].verdict for code in codes}
        # A name that nobody resolves leaves the walk in doubt even where every answer would be the same.
        assert len(verdicts - {Verdict.UNKNOWN}) <= 1


def _without(snapshot: Snapshot, rules: set[str]) -> Snapshot:
    """`snapshot` without these rules of security groups and admin rules."""
    for group in snapshot.all(NetworkSecurityGroup):
        kept = tuple(rule for rule in group.security_rules if str(rule.id) not in rules)
        snapshot = snapshot.with_resource(group.model_copy(update={"security_rules": kept}))
    for manager in snapshot.all(NetworkManager):
        configurations = tuple(
            one.model_copy(
                update={
                    "rule_collections": tuple(
                        held.model_copy(
                            update={"rules": tuple(rule for rule in held.rules if str(rule.id) not in rules)}
                        )
                        for held in one.rule_collections
                    )
                }
            )
            for one in manager.security_admin_configurations
        )
        snapshot = snapshot.with_resource(manager.model_copy(update={"security_admin_configurations": configurations}))
    return snapshot
