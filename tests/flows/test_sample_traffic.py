"""Plausible traffic of a network."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Declarations, OnPremisesNetwork, Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from simulator.errors import QuestionError
from simulator.flows.sample_traffic import sample_flows
from simulator.network.model import Endpoint, Network

NETWORK = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
VNETS = [ResourceId(f"{NETWORK}/virtualNetworks/vnet-{name}") for name in "ab"]


def network(*endpoints: Endpoint, on_premises: tuple[OnPremisesNetwork, ...] = ()) -> Network:
    snapshot = Snapshot.of([VirtualNetwork(id=vnet) for vnet in VNETS], Declarations(on_premises=on_premises))
    return Network(snapshot, {}, endpoints, (), {}, {}, {}, {})


def nic(number: int, *addresses: str, vnet: int = 0, public: tuple[str, ...] = ()) -> Endpoint:
    return Endpoint(
        id=ResourceId(f"{NETWORK}/networkInterfaces/nic{number}"),
        kind="nic",
        name=f"vm{number}",
        subnet=VNETS[vnet].child("subnets", "s"),
        virtual_network=VNETS[vnet],
        addresses=addresses,
        public_addresses=public,
    )


NICS = [nic(at, f"10.1.0.{at}", vnet=at % 2) for at in range(4, 24)]
HQ = OnPremisesNetwork("hq", ("192.168.0.0/24",), ResourceId("gw"), {"dc1": "192.168.0.10"})


def test_equal_seeds_give_equal_packets_and_other_seeds_others() -> None:
    first, again, other = (sample_flows(network(*NICS), 200, seed) for seed in (1, 1, 2))
    assert first.source.texts() == again.source.texts()
    assert np.array_equal(first.source_port, again.source_port)
    assert first.source.texts() != other.source.texts()


def test_every_kind_of_peer_takes_part_and_nobody_talks_to_itself() -> None:
    web = nic(30, "10.1.0.30", "fd00::30", public=("20.0.0.30",))
    packets = sample_flows(network(*NICS, web, nic(31, "10.1.0.31", "fd00::31"), on_premises=(HQ,)), 3000, 1)
    assert len(packets) == 3000
    pairs = list(zip(packets.source.texts(), packets.destination.texts(), strict=True))
    assert all(source != destination for source, destination in pairs)
    assert all((":" in source) == (":" in destination) for source, destination in pairs)
    from_internet = [pair for pair in pairs if pair[0].startswith(("13.", "20.42", "52.", "104.", "162."))]
    assert from_internet and {destination for _, destination in from_internet} == {"20.0.0.30"}
    assert any(source.startswith("192.168.0.") for source, _ in pairs)
    assert any(destination.startswith("192.168.0.") for _, destination in pairs)
    assert any(destination.startswith("fd00::") for _, destination in pairs)
    assert {*packets.protocol.tolist()} == {1, 6, 17}


def test_addresses_are_read_in_the_view_of_the_source() -> None:
    packets = sample_flows(network(*NICS), 300, 1)
    expected = [int(text.rsplit(".", 1)[1]) % 2 for text in packets.source.texts()]
    assert packets.context.tolist() == expected


def test_a_few_ends_carry_most_of_the_flows() -> None:
    counts = Counter(sample_flows(network(*NICS), 5000, 1).source.texts()).most_common()
    assert sum(count for _, count in counts[:4]) > 0.4 * 5000


def test_a_network_where_nothing_can_talk_is_said_so() -> None:
    with pytest.raises(QuestionError, match="no two ends"):
        sample_flows(network(), 10, 1)


def test_no_packets_may_be_asked_for() -> None:
    assert len(sample_flows(network(*NICS), 0, 1)) == 0
