"""Laws of the walk as a batch, and fates that random networks do not reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.dataplane.plane import DataPlane
from simulator.network.load import load
from simulator.network.model import Network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.walk.predictions import Prediction
from simulator.walk.reasons import CODE_OF, REASONS

HOSTS = [
    "10.1.4.4",
    "10.1.4.68",
    "10.1.4.132",
    "10.1.5.4",
    "10.1.5.180",
    "10.1.3.132",
    "192.168.0.10",
    "8.8.8.8",
    "10.9.9.9",
]
flows = st.lists(
    st.tuples(
        st.sampled_from(HOSTS),
        st.sampled_from(HOSTS),
        st.just(49152),
        st.sampled_from([22, 443, 1433, 8080]),
        st.sampled_from([1, 6, 17]),
    ),
    min_size=1,
    max_size=20,
)


@pytest.fixture(scope="module")
def hub_spoke(scenarios: Path) -> DataPlane:
    return DataPlane(load(scenarios / "hub-spoke"))


def _fates(predictions: list[Prediction]) -> list[tuple[object, ...]]:
    return [(one.verdict, one.reason, one.rule, one.route, one.path, one.observations) for one in predictions]


@given(flows, st.randoms(use_true_random=False))
def test_shuffled_packets_have_shuffled_fates(hub_spoke: DataPlane, batch: list, random) -> None:
    order = list(range(len(batch)))
    random.shuffle(order)
    straight = _fates(list(packet_walk(hub_spoke, Packets.of(batch))))
    shuffled = _fates(list(packet_walk(hub_spoke, Packets.of([batch[at] for at in order]))))
    assert shuffled == [straight[at] for at in order]


@given(flows)
def test_a_packet_alone_meets_what_it_meets_in_a_batch(hub_spoke: DataPlane, batch: list) -> None:
    together = _fates(list(packet_walk(hub_spoke, Packets.of(batch))))
    alone = [_fates([packet_walk(hub_spoke, Packets.of([flow]))[0]])[0] for flow in batch]
    assert together == alone


def test_an_empty_batch_has_no_fates(hub_spoke: DataPlane) -> None:
    assert len(packet_walk(hub_spoke, Packets.of([]))) == 0


def test_an_index_out_of_the_batch_is_an_error(hub_spoke: DataPlane) -> None:
    with pytest.raises(IndexError):
        packet_walk(hub_spoke, Packets.of([]))[0]


def test_reason_codes_are_unique_and_the_decider_of_a_route_drop_is_no_rule(hub_spoke: DataPlane) -> None:
    assert len(CODE_OF) == len(REASONS)
    broken = packet_walk(hub_spoke, Packets.of([("198.51.100.7", "10.1.5.4", 49152, 443, 6)]))[0]
    assert (broken.reason, broken.rule) == ("ASYMMETRIC_RETURN", None)


OVERLAP = """
name: overlap
virtual_networks:
  a: {address_space: 10.0.0.0/16, subnets: {s: {prefix: 10.0.0.0/24, nsg: closed}}}
  b: {address_space: 10.0.0.0/16, subnets: {s: 10.0.0.0/24}}
network_security_groups:
  closed: [{name: no, priority: 100, direction: Inbound, access: Deny, source: "*", destination: "*", ports: "*"}]
virtual_machines:
  a1: {subnet: a/s, ip: 10.0.0.4}
  a2: {subnet: a/s, ip: 10.0.0.5}
  b1: {subnet: b/s, ip: 10.0.0.4}
  b2: {subnet: b/s, ip: 10.0.0.5}
"""


def _load(folder: Path, text: str) -> Network:
    path = folder / "topology.yaml"
    path.write_text(text)
    return load(path)


def test_overlapping_spaces_are_told_apart_by_the_context(tmp_path: Path) -> None:
    plane = DataPlane(_load(tmp_path, OVERLAP))
    flow = [("10.0.0.4", "10.0.0.5", 49152, 80, 6)]
    in_a, in_b, anywhere = (packet_walk(plane, Packets.of(flow, context))[0] for context in (0, 1, -1))
    assert (in_a.reason, in_a.path) == ("NSG_RULE_DENY", ("a1", "a2"))
    assert (in_b.reason, in_b.path) == ("DELIVERED", ("b1", "b2"))
    assert anywhere.reason == "SOURCE_NOT_IN_EXPORT"


MESH = """
name: mesh
virtual_networks:
  a: {address_space: 10.0.0.0/16, subnets: {s: {prefix: 10.0.0.0/24, nsg: default}}}
  b: {address_space: 10.1.0.0/16, subnets: {s: 10.1.0.0/24}}
network_security_groups: {default: []}
virtual_machines:
  a1: {subnet: a/s, ip: 10.0.0.4, nsg: open}
  b1: {subnet: b/s, ip: 10.1.0.4}
network_managers:
  avnm:
    network_groups: {all: [a, b]}
    connectivity_configurations: {mesh: {topology: Mesh, applies_to: [all]}}
""".replace(", nsg: open", "")


def test_a_mesh_that_may_be_deployed_leaves_the_way_unknown(tmp_path: Path) -> None:
    there, back = [("10.0.0.4", "10.1.0.4", 49152, 80, 6)], [("10.1.0.4", "10.0.0.4", 49152, 80, 6)]
    plane = DataPlane(_load(tmp_path, MESH))
    for flow in (there, back):
        assert packet_walk(plane, Packets.of(flow))[0].reason == "CONNECTIVITY_DEPLOYMENT_UNKNOWN"
    deployed = DataPlane(_load(tmp_path, MESH + "    deployments: {westeurope: [mesh]}\nlocation: westeurope\n"))
    assert packet_walk(deployed, Packets.of(there))[0].reason == "DELIVERED"
    elsewhere = DataPlane(_load(tmp_path, MESH + "    deployments: {northeurope: [mesh]}\nlocation: westeurope\n"))
    assert packet_walk(elsewhere, Packets.of(there))[0].reason == "NSG_DEFAULT_DENY"


def test_verdicts_are_columns(hub_spoke: DataPlane) -> None:
    predictions = packet_walk(hub_spoke, Packets.of([("10.1.4.4", "10.1.4.68", 49152, 8080, 6)] * 3))
    assert predictions.verdict.tolist() == [0, 0, 0]
    assert predictions.verdict.dtype == np.uint8
