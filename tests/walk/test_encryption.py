"""The rows of Microsoft's tables: which counterpart is encrypted, and which code a flow log then has.

Learn: azure/virtual-network/virtual-network-encryption-overview, azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from simulator.azure.load_balancer import LoadBalancer
from simulator.dataplane.plane import DataPlane
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.report.trace import trace_report
from simulator.walk.encryption import CODES, Encryption, encryption_of, encryption_of_leg
from simulator.walk.explain import explain
from simulator.walk.legs import legs
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from tests.walk.encryption_network import kinds_network, place_of

X = frozenset({"X", "NX_LOCAL_DST", "NX_SW_NOT_READY"})
PLAIN = frozenset({"NX"})
UNSUPPORTED = frozenset({"NX", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"})
DROPPED = UNSUPPORTED | {"NX_NOT_ACCEPTED"}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return kinds_network(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="module")
def plane(network: Network) -> DataPlane:
    return DataPlane(network)


def between(plane: DataPlane, nic: str, peer: str) -> Encryption:
    return encryption_of_leg(plane, place_of(plane, nic), place_of(plane, peer))


#: Counterpart of vm-new, as the table has them, and the name of what stands in its way.
COUNTERPARTS = [
    ("vm-new2", True, ""),
    ("vm-far", True, ""),  # over a global peering
    ("vm-nva", True, ""),
    ("fw-premium", True, ""),
    ("lb-good", True, ""),
    ("vm-said-yes", True, ""),
    ("fw-standard", False, "fw-standard is Azure Firewall Standard"),
    ("fw-basic", False, "fw-basic is Azure Firewall Basic"),
    ("er", False, "er is a gateway"),
    ("vpn", False, "vpn is a gateway"),
    ("pe-nic", False, "pe-nic is a private endpoint"),
    ("agw", False, "agw is an application gateway"),
    ("Internet", False, "Internet lies outside virtual networks"),
    ("Azure platform", False, "Azure platform lies outside virtual networks"),
    ("on-premises", False, "on-premises lies outside virtual networks"),
    ("st", False, "st lies outside virtual networks"),  # by a service endpoint
    ("lb-public", False, "lb-public is a load balancer of the Internet"),
    ("vm-off", False, "v-off does not encrypt"),
    ("vm-old", False, "vm-old: Standard_B2ms does not support it"),
    ("vm-slow", False, "vm-slow: accelerated networking is off"),
    ("vm-said-no", False, "vm-said-no: its NIC says that vnetEncryptionSupported is false"),
    ("vm-secret", False, "vm-secret: Standard_DC4as_v5 does not support it"),
    ("bastion", None, "which machines carry bastion is not known"),
    ("router", None, "which machines carry router is not known"),
    ("vm-strange", None, "vm-strange: whether Standard_Z9 supports it is not known"),
    ("vm-sizeless", None, "vm-sizeless: the export does not tell the size of its machine"),
    ("nic-alone", None, "nic-alone: the export does not tell the size of its machine"),
    ("lb-mixed", None, "lb-mixed is a load balancer with a backend that cannot encrypt: vm-old"),
    ("lb-doubtful", None, "lb-doubtful is a load balancer with a backend of which it is not known: vm-strange"),
]


@pytest.mark.parametrize(("peer", "is_encrypted", "blocker"), COUNTERPARTS)
def test_a_counterpart_is_encrypted_or_says_what_keeps_it(
    plane: DataPlane, peer: str, is_encrypted: bool | None, blocker: str
) -> None:
    there, back = between(plane, "vm-new", peer), between(plane, peer, "vm-new")
    assert (there.is_encrypted, back.is_encrypted) == (is_encrypted, is_encrypted)
    assert there.text.startswith(blocker) and bool(there.text)
    assert not there.would_be_dropped


#: (the NIC that logs, its peer, the code, the codes that are right, the reason).
CODES_LOGGED = [
    ("vm-new", "vm-new2", "X", X, "ENCRYPTED"),
    ("vm-new2", "vm-far", "X", X, "ENCRYPTED"),
    ("vm-off", "vm-new", "NX", PLAIN, "VNET_NOT_ENCRYPTED"),
    ("vm-off", "Internet", "NX", PLAIN, "VNET_NOT_ENCRYPTED"),
    ("vm-new", "Internet", "NX", PLAIN, "PEER_KIND_NOT_ENCRYPTED"),
    ("vm-old", "fw-standard", "NX", PLAIN, "PEER_KIND_NOT_ENCRYPTED"),
    ("fw-standard", "vm-new", "NX", UNSUPPORTED, "KIND_NOT_ENCRYPTED"),
    ("vm-new", "vm-off", "NX", PLAIN, "PEER_VNET_NOT_ENCRYPTED"),
    ("vm-old", "vm-new", "NX_HW_NOT_SUPPORTED", UNSUPPORTED, "NIC_NOT_SUPPORTED"),
    ("vm-slow", "vm-old", "NX_HW_NOT_SUPPORTED", UNSUPPORTED, "NIC_NOT_SUPPORTED"),
    ("vm-new", "vm-old", "NX_FALLBACK", UNSUPPORTED, "PEER_NOT_SUPPORTED"),
    ("vm-new", "vm-drop-old", "NX_FALLBACK", UNSUPPORTED, "PEER_NOT_SUPPORTED"),  # only one end asks to drop
    ("vm-drop", "vm-drop-old", "NX_NOT_ACCEPTED", DROPPED, "PEER_NOT_SUPPORTED"),
    ("vm-drop-old", "vm-drop", "NX_HW_NOT_SUPPORTED", DROPPED, "NIC_NOT_SUPPORTED"),
    ("vm-new", "vm-strange", "", X | UNSUPPORTED, "NOT_KNOWN"),
    ("vm-strange", "vm-sizeless", "", X | UNSUPPORTED, "NOT_KNOWN"),
    ("vm-strange", "vm-old", "", UNSUPPORTED, "PEER_NOT_SUPPORTED"),  # unencrypted either way
    ("vm-old", "vm-strange", "NX_HW_NOT_SUPPORTED", UNSUPPORTED, "NIC_NOT_SUPPORTED"),
    ("vm-strange", "Internet", "NX", PLAIN, "PEER_KIND_NOT_ENCRYPTED"),
    ("vm-new", "lb-good", "X", X, "ENCRYPTED"),
    ("vm-new", "lb-mixed", "", X | UNSUPPORTED, "NOT_KNOWN"),  # it depends on the backend too
    ("vm-old", "lb-good", "NX_HW_NOT_SUPPORTED", UNSUPPORTED, "NIC_NOT_SUPPORTED"),
]


@pytest.mark.parametrize(("nic", "peer", "code", "accepted", "reason"), CODES_LOGGED)
def test_the_code_and_the_codes_that_are_right(
    plane: DataPlane, nic: str, peer: str, code: str, accepted: frozenset[str], reason: str
) -> None:
    found = between(plane, nic, peer)
    assert (found.code, found.accepted, found.reason) == (code, accepted, reason)
    assert found.accepted <= CODES


def test_what_dropunencrypted_would_drop_is_a_projection_only(network: Network, plane: DataPlane) -> None:
    dropped = [(a, b) for a in ("vm-drop", "vm-drop-old", "vm-new") for b in ("vm-drop", "vm-drop-old") if a != b]
    assert [pair for pair in dropped if between(plane, *pair).would_be_dropped] == [
        ("vm-drop", "vm-drop-old"),
        ("vm-drop-old", "vm-drop"),
    ]
    trace = explain(network, "vm-drop", "vm-drop-old:443")
    assert trace.prediction.verdict.name == "ALLOW" and not trace.blockers
    [step] = [step for step in trace.hops[0].steps if step.layer == "encryption"]
    assert step.outcome == "pass" and "a projection" in step.details[0]


def test_where_a_network_is_not_in_the_export_both_settings_are_possible(network: Network) -> None:
    key = next(held.id for held in network.snapshot.virtual_networks if held.name == "v-peer")
    known = {identity: held for identity, held in network.snapshot.resources.items() if identity != key}
    lacking = DataPlane(build_network(replace(network.snapshot, resources=known)))
    found = between(lacking, "vm-new", "vm-far")
    assert (found.code, found.is_encrypted, found.reason) == ("", None, "NOT_KNOWN")
    assert found.accepted == X | PLAIN
    assert found.text == "v-peer is not in the export"
    seen_there = between(lacking, "vm-far", "vm-new")
    assert seen_there.is_encrypted is None and seen_there.accepted == X | PLAIN
    assert between(lacking, "vm-far", "Internet").code == "NX"


def test_nobody_knows_what_lies_nowhere(plane: DataPlane) -> None:
    assert encryption_of_leg(plane, place_of(plane, "vm-new"), plane.places.nowhere).is_encrypted is None
    assert encryption_of_leg(plane, place_of(plane, "vm-off"), plane.places.nowhere).code == "NX"


@pytest.mark.parametrize(
    ("destination", "there", "back"),
    [
        ("lb-good", [("X", "ENCRYPTED")] * 4, [("X", "ENCRYPTED")] * 2),
        ("lb-mixed", [("", "LOAD_BALANCER_NOT_SUPPORTED")] * 4, [("", "LOAD_BALANCER_NOT_SUPPORTED")] * 2),
    ],
)
def test_a_leg_by_a_load_balancer_is_that_of_the_machines_on_both_sides(
    plane: DataPlane, destination: str, there: list[tuple[str, str]], back: list[tuple[str, str]]
) -> None:
    """The reply goes straight back, and is of the connection that came by the load balancer."""
    address = plane.places.endpoints[place_of(plane, destination)].addresses[0]
    found = legs(packet_walk(plane, Packets.of([("10.1.1.13", address, 50000, 443, 6)])))
    judged = encryption_of(plane, found)
    said = [
        (judged.answers[number].code, judged.answers[number].reason)
        for at in range(len(found))
        for number in (judged.source[at], judged.target[at])
    ]
    assert (said[:4], said[4:]) == (there, back)


def test_a_load_balancer_without_backends_is_not_known(network: Network) -> None:
    balancer = next(held for held in network.snapshot.all(LoadBalancer) if held.name == "lb-good")
    empty = balancer.model_copy(update={"load_balancing_rules": ()})
    plane = DataPlane(build_network(network.snapshot.with_resource(empty)))
    found = between(plane, "vm-new", "lb-good")
    assert (found.code, found.is_encrypted) == ("", None)


def test_explain_tells_every_nic_of_the_way_there_and_back(network: Network) -> None:
    trace = explain(network, "vm-nva", "10.1.2.4:443")
    told = [(hop.place, step.text) for hop in trace.hops for step in hop.steps if step.layer == "encryption"]
    assert told == [("vm-nva", "to vm-new: encrypted (X)"), ("vm-new", "from vm-nva: encrypted (X)")]
    told = [(hop.place, step.text) for hop in trace.return_hops for step in hop.steps if step.layer == "encryption"]
    assert told == [("vm-new", "to vm-nva: encrypted (X)"), ("vm-nva", "from vm-new: encrypted (X)")]


def test_programs_are_told_the_codes_of_each_line(network: Network) -> None:
    told = trace_report(explain(network, "vm-new", "vm-old:443")).data()
    assert isinstance(told, Mapping)
    [said] = [step["encryption"] for step in told["hops"][0]["steps"] if step["layer"] == "encryption"]
    assert said == {
        "code": "NX_FALLBACK",
        "accepted": ["NX", "NX_FALLBACK", "NX_HW_NOT_SUPPORTED"],
        "is_encrypted": False,
        "reason": "PEER_NOT_SUPPORTED",
        "text": "vm-old: Standard_B2ms does not support it",
        "would_be_dropped": False,
    }
    assert [("encryption" in step) == (step["layer"] == "encryption") for step in told["hops"][0]["steps"]]


def test_explain_says_what_is_not_known(network: Network) -> None:
    trace = explain(network, "vm-new", "vm-strange:443")
    [step] = [step for step in trace.hops[0].steps if step.layer == "encryption"]
    assert step.outcome == "unknown"
    assert step.text == "to vm-strange: not known: vm-strange: whether Standard_Z9 supports it is not known"
    assert trace.blockers == ()


def test_a_private_endpoint_logs_nothing_so_nothing_is_told_there(network: Network) -> None:
    trace = explain(network, "vm-new", "10.1.1.30:443")
    assert [hop.place for hop in trace.hops if any(step.layer == "encryption" for step in hop.steps)] == ["vm-new"]
