"""What the ends of a conversation are called: the narrowest place that holds an address names it."""

from __future__ import annotations

import pytest

from simulator.comparison.labels import Parties
from simulator.space.addresses import parse_address
from tests.comparison.small_network import TOPOLOGY, network_from

SITES = """
on_premises:
  hq: {prefixes: [192.168.0.0/16, 10.0.0.0/8], gateway: vpn, hosts: {dc1: 192.168.9.9}}
  lab: {prefixes: 192.168.5.0/24, gateway: vpn}
virtual_network_gateways: {vpn: {vnet: vnet, type: Vpn}}
"""


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    topology = TOPOLOGY.replace("subnets: {web:", "subnets: {GatewaySubnet: 10.0.0.0/27, web:") + SITES
    return Parties(network_from(tmp_path_factory.mktemp("labels"), topology))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.1.4", "vm-web"),
        ("192.168.9.9", "dc1"),
        ("10.0.1.0", "vnet/web"),
        ("10.0.1.255", "vnet/web"),
        ("10.0.2.0", "vnet/sql"),
        ("10.0.3.0", "hq"),
        ("9.255.255.255", "Internet"),
        ("11.0.0.0", "Internet"),
        ("192.167.255.255", "Internet"),
        ("192.168.4.255", "hq"),
        ("192.168.5.0", "lab"),
        ("192.168.5.255", "lab"),
        ("192.168.6.0", "hq"),
        ("168.63.129.16", "168.63.129.16"),
        ("169.254.1.1", "169.254.1.1"),
        ("2603:1000::1", "Internet"),
        ("fe80::1", "fe80::1"),
    ],
)
def test_the_narrowest_place_names_an_address(parties: Parties, address: str, name: str) -> None:
    value = parse_address(address)
    assert parties.name(None, value) == name
    assert parties.label(None, value) == (address if name == address else f"{name} ({address})")
