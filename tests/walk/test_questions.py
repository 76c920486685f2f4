"""Names that stand for several addresses or NICs, and addresses that several networks hold."""

from __future__ import annotations

import pytest

from simulator.errors import QuestionError
from simulator.network.load import load
from simulator.network.model import Network
from simulator.walk.explain import explain
from simulator.walk.questions import parse_question

TOPOLOGY = """
name: names
virtual_networks:
  dev: {address_space: [10.0.0.0/16, "fd00:1::/48"], subnets: {s: {prefix: [10.0.0.0/24, "fd00:1::/64"], nsg: closed}}}
  prod: {address_space: 10.0.0.0/16, subnets: {s: 10.0.0.0/24}}
network_security_groups:
  closed:
    - {name: no-v6, priority: 100, direction: Inbound, access: Deny, source: "fd00:1::/64", destination: "*"}
virtual_machines:
  dev-web: {subnet: dev/s, ips: [10.0.0.4, "fd00:1::4"]}
  dev-sql: {subnet: dev/s, ips: [10.0.0.5, "fd00:1::5"]}
  old: {subnet: dev/s, ip: 10.0.0.6}
  prod-web: {subnet: prod/s, ip: 10.0.0.4}
  prod-sql: {subnet: prod/s, ip: 10.0.0.5}
network_interfaces:
  dev-web-2: {subnet: dev/s, ip: 10.0.0.7, vm: dev-web}
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("names") / "topology.yaml"
    path.write_text(TOPOLOGY)
    return load(path)


def test_a_name_keeps_its_network_where_spaces_overlap(network: Network) -> None:
    assert explain(network, "dev-sql", "dev-web-2:80").prediction.path == ("dev-sql", "dev-web-2")
    assert explain(network, "prod-sql", "prod-web:80").prediction.path == ("prod-sql", "prod-web")
    assert explain(network, "10.0.0.5", "old:80").prediction.path == ("dev-sql", "old")


def test_the_other_end_chooses_the_family(network: Network) -> None:
    asked = parse_question(network, "dev-sql", "[fd00:1::4]:80")
    assert (asked.source, asked.destination) == ("fd00:1::5", "fd00:1::4")
    assert str(asked) == "dev-sql → [fd00:1::4]:80/tcp"
    assert explain(network, "dev-sql", "[fd00:1::4]:80").prediction.reason == "NSG_RULE_DENY"
    assert parse_question(network, "old", "dev-sql:80").destination == "10.0.0.5"


@pytest.mark.parametrize(
    ("source", "destination", "code", "hint"),
    [
        ("old", "[fd00:1::4]:80", "VNS5016", "same family"),
        ("10.0.0.5", "10.0.0.4:80", "VNS5017", "name one"),
        ("old", "dev-web:80", "VNS5015", "dev-web-2"),
    ],
)
def test_what_is_not_one_thing_is_refused(
    network: Network, source: str, destination: str, code: str, hint: str
) -> None:
    with pytest.raises(QuestionError) as raised:
        parse_question(network, source, destination)
    assert raised.value.code == code
    assert hint in raised.value.hint


def test_a_resource_id_is_a_name(network: Network) -> None:
    nic = next(one for one in network.endpoints if one.name == "old")
    assert parse_question(network, "dev-sql", f"{nic.id}:80").destination == "10.0.0.6"
