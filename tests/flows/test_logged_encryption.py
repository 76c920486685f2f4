"""What logs should hold of encryption, and that a generated log holds it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from simulator.comparison.diff import diff
from simulator.dataplane.plane import DataPlane
from simulator.flows.logged_encryption import NOTHING, logged_encryption
from simulator.flows.records import FlowRecords
from simulator.flows.replay import replay
from simulator.flows.synthetic import generate
from simulator.network.model import Network
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from tests.walk.encryption_network import TOPOLOGY, kinds_network, place_of

START = datetime(2026, 1, 1, tzinfo=UTC)
GROUPS = """
network_security_groups:
  open:
    - {name: in, priority: 100, direction: Inbound, access: Allow}
    - {name: out, priority: 100, direction: Outbound, access: Allow}
  shut: [{name: shut, priority: 100, direction: Inbound, access: Deny}]
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    topology = TOPOLOGY.replace("/s, ip:", "/s, nsg: open, ip:").replace("nsg: open, ip: 10.1.1.30", "ip: 10.1.1.30")
    topology = topology.replace("nsg: open, ip: 10.1.1.7,", "nsg: shut, ip: 10.1.1.7,")  # vm-slow
    return kinds_network(tmp_path_factory.mktemp("logged"), topology + GROUPS)


def log_of(network: Network, *ends: tuple[str, str]) -> FlowRecords:
    plane = DataPlane(network)
    addresses = [[plane.places.endpoints[place_of(plane, name)].addresses[0] for name in pair] for pair in ends]
    flows = [(source, destination, 50000 + at, 443, 6) for at, (source, destination) in enumerate(addresses)]
    return generate(packet_walk(plane, Packets.of(flows)), start=START, minutes=60, seed=1)


def codes(network: Network, *ends: tuple[str, str]) -> dict[tuple[str, str], set[str]]:
    """(NIC, direction) → the codes that stand in its rows."""
    found: dict[tuple[str, str], set[str]] = {}
    names = {endpoint.mac: endpoint.name for endpoint in network.endpoints}
    for row in log_of(network, *ends):
        found.setdefault((names[row.mac], row.direction), set()).add(row.encryption)
    return found


@pytest.mark.parametrize(
    ("source", "target", "at_source", "at_target"),
    [
        ("vm-new", "vm-new2", "X", "X"),
        ("vm-new", "vm-far", "X", "X"),
        ("vm-new", "vm-old", "NX_FALLBACK", "NX_HW_NOT_SUPPORTED"),
        ("vm-old", "vm-new", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"),
        ("vm-new", "vm-off", "NX", "NX"),
        ("vm-new", "vm-strange", "NX", "NX"),  # not known: taken not to be
        ("vm-drop", "vm-drop-old", "NX_FALLBACK", "NX_HW_NOT_SUPPORTED"),  # nothing is dropped for it
        ("vm-new", "lb-good", "X", "X"),
    ],
)
def test_a_generated_log_holds_the_likely_code_of_each_end(
    network: Network, source: str, target: str, at_source: str, at_target: str
) -> None:
    found = codes(network, (source, target))
    receiver = {"lb-good": "vm-new"}.get(target, target)
    if receiver == source:  # given back to its sender, or to the other backend: only the sender is sure
        assert found.get((source, "Outbound"), {at_source}) == {at_source}
    else:
        assert found == {(source, "Outbound"): {at_source}, (receiver, "Inbound"): {at_target}}


def test_what_a_rule_denies_stands_without_encryption(network: Network) -> None:
    assert codes(network, ("vm-new2", "vm-slow")) == {
        ("vm-new2", "Outbound"): {"NX_FALLBACK"},
        ("vm-slow", "Inbound"): {"NX"},
    }


def test_a_generated_log_is_what_is_predicted(network: Network) -> None:
    names = ["vm-new", "vm-new2", "vm-old", "vm-said-no", "vm-strange", "vm-sizeless", "vm-far", "vm-off", "vm-drop"]
    records = log_of(network, *((one, other) for one in names for other in names if one != other))
    found = diff(replay(network, records))
    assert not found.has_mismatch and not found.summary()["undecided"]
    assert {"X", "NX", "NX_FALLBACK", "NX_HW_NOT_SUPPORTED"} == {row.encryption for row in records}


def test_of_a_nic_that_the_path_does_not_pass_only_its_own_network_is_known(network: Network) -> None:
    plane = DataPlane(network)
    walked = packet_walk(plane, Packets.of([("10.1.1.4", "10.1.1.5", 50000, 443, 6)]))
    names = ("vm-new", "vm-new2", "vm-new2", "vm-old", "vm-off")
    endpoints = np.array([*(place_of(plane, name) for name in names), -1], np.int32)
    direction = np.array([1, 0, 1, 1, 1, 1], np.uint8)
    found = logged_encryption(walked, np.zeros(6, np.intp), endpoints, direction)
    assert [found[at].code for at in range(len(found))] == ["X", "X", "", "", "NX", ""]
    assert found[5] == NOTHING
    assert {"X", "NX"} <= found[2].accepted
    assert found[3].is_encrypted is False and "X" not in found[3].accepted


def test_nothing_is_predicted_for_nothing(network: Network) -> None:
    walked = packet_walk(DataPlane(network), Packets.of([]))
    empty = np.empty(0, np.int32)
    assert len(logged_encryption(walked, empty, empty, empty.astype(np.uint8))) == 0
