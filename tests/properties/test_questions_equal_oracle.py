"""IP flow verify and next hop answer what the oracle answers, NIC by NIC."""

from __future__ import annotations

from random import Random

import pytest

from simulator.azure.resource import ResourceId
from simulator.network.effective_routes import next_hop
from simulator.network.network import build_network
from simulator.walk.explain import ip_flow_verify
from tests.oracle import questions
from tests.oracle.judgement import Direction, Fate
from tests.oracle.places import Places
from tests.strategies import random_packets, random_snapshot

PROTOCOL_NAMES = {1: "ICMP", 6: "TCP", 17: "UDP", 50: "ESP", 51: "AH", 58: "ICMP"}
DIRECTIONS: tuple[Direction, ...] = ("Inbound", "Outbound")
#: Azure's spelling in Network Watcher of the hop types of effective routes.
SPELLINGS = {"VnetLocal": "VirtualNetwork", "VNetPeering": "VirtualNetworkPeering"}


def rule_name(rule: ResourceId | None) -> str | None:
    """``group:rule``, or ``configuration:rule`` of an admin rule."""
    if rule is None:
        return None
    owner = rule.parent.parent if "/rulecollections/" in rule.key else rule.parent
    return f"{owner.key}:{rule.name}"


def of_user(table: ResourceId | None) -> ResourceId | None:
    """Nothing for the tables that network managers make, whose names are Azure's own."""
    return None if table is not None and table.resource_group.startswith("AVNM_Managed") else table


def socket(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@pytest.mark.parametrize("seed", range(15))
def test_ip_flow_verify(seed: int) -> None:
    snapshot, random = random_snapshot(seed), Random(seed)
    network = build_network(snapshot, snapshot.declarations.assumptions)
    nics = [endpoint for endpoint in Places(snapshot).endpoints if endpoint.interface is not None]
    for _, remote, remote_port, local_port, protocol in random_packets(snapshot, seed, 40):
        nic = random.choice(nics)
        local = nic.own_address(6 if ":" in remote else 4)
        direction: Direction = random.choice(DIRECTIONS)
        if local is None or protocol not in PROTOCOL_NAMES:
            continue
        access, rule = questions.ip_flow_verify(
            snapshot, nic.id, direction, protocol, str(local), local_port, remote, remote_port
        )
        sockets = socket(str(local), local_port), socket(remote, remote_port)
        answer = ip_flow_verify(network, str(nic.id), direction, PROTOCOL_NAMES[protocol], *sockets)
        named = f"{answer.rule.acl.key}:{answer.rule.name}" if answer.rule else None
        assert (answer.access, named) == (access, rule_name(rule)), (nic.id.name, direction, sockets)


@pytest.mark.parametrize("seed", range(15))
def test_next_hop(seed: int) -> None:
    """Where the oracle can tell."""
    snapshot, random = random_snapshot(seed), Random(seed)
    network = build_network(snapshot, snapshot.declarations.assumptions)
    nics = [endpoint for endpoint in Places(snapshot).endpoints if endpoint.interface is not None]
    for _, destination, *_ in random_packets(snapshot, seed, 60):
        nic = random.choice(nics)
        answer = next_hop(network, nic.id, destination)
        if nic.own_address(6 if ":" in destination else 4) is None:
            continue
        try:
            hop, address, table = questions.effective_next_hop(snapshot, nic.id, destination)
        except Fate:
            continue
        said = answer.next_hop_type, answer.next_hop_ip, of_user(answer.route_table)
        assert said == (SPELLINGS.get(hop, hop), address, table), (nic.id.name, destination)
