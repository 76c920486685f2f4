"""`explain` tells every layer's say; IP flow verify asks one NIC."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import QuestionError
from simulator.network.load import load
from simulator.network.model import Network
from simulator.walk.explain import explain, ip_flow_verify
from simulator.walk.questions import parse_question
from simulator.walk.trace import Hop


@pytest.fixture(scope="module")
def hub_spoke(scenarios: Path) -> Network:
    return load(scenarios / "hub-spoke")


def _said(hops: tuple[Hop, ...]) -> list[tuple[str, str, str, str]]:
    return [(hop.place, step.layer, step.outcome, step.text) for hop in hops for step in hop.steps]


def test_a_denied_packet_stops_at_the_rule_that_denies_it(hub_spoke: Network) -> None:
    trace = explain(hub_spoke, "vm-batch1", "vm-sql1:1433")
    assert trace.prediction.verdict.name == "DENY"
    assert str(trace.prediction.rule) == "nsg-sql1/deny-batch"
    assert _said(trace.hops)[-1] == (
        "vm-sql1",
        "NIC NSG inbound",
        "stop",
        "nsg-sql1/deny-batch (priority 100): Deny",
    )
    assert trace.return_hops == ()


def test_always_allow_goes_round_the_groups_and_the_reply_takes_the_firewall(hub_spoke: Network) -> None:
    trace = explain(hub_spoke, "vm-monitor1", "vm-web1:9100")
    assert trace.prediction.reason == "DELIVERED"
    said = _said(trace.hops)
    assert ("vm-web1", "NIC NSG inbound", "pass", "not asked: an admin rule says AlwaysAllow") in said
    assert ("vm-monitor1", "admin rules outbound", "pass", "no admin rules apply here") in said
    assert ("fw-hub", "Azure Firewall", "pass", "fw-hub/monitor-to-spokes (priority 200): Allow") in said
    assert [hop.place for hop in trace.return_hops] == ["vm-web1", "fw-hub", "vm-monitor1"]


def test_the_trace_names_the_az_command_for_every_vm_on_the_way(hub_spoke: Network) -> None:
    lines = explain(hub_spoke, "vm-web1", "10.1.4.68:8080", source_port=50000).verify
    assert lines == (
        "az network watcher test-ip-flow --direction Outbound --protocol TCP --local 10.1.4.4:50000 "
        "--remote 10.1.4.68:8080 --vm vm-web1 -g rg-network",
        "az network watcher test-ip-flow --direction Inbound --protocol TCP --local 10.1.4.68:8080 "
        "--remote 10.1.4.4:50000 --vm vm-app1 -g rg-network",
    )
    assert explain(hub_spoke, "vm-web1", "10.1.4.68", protocol="icmp").verify == ()


def test_on_premises_hosts_and_the_internet_have_places(hub_spoke: Network) -> None:
    assert [hop.kind for hop in explain(hub_spoke, "dc1", "vm-erp1:443").hops] == ["gateway", "firewall"]
    assert explain(hub_spoke, "198.51.100.7", "vm-edge1:443").prediction.path[0] == "Internet"


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "expected"),
    [
        ("vm-web1", "vm-app1:8080", None, ("10.1.4.4", "10.1.4.68", 6, 8080)),
        ("10.1.4.4", "10.1.4.68:53/udp", None, ("10.1.4.4", "10.1.4.68", 17, 53)),
        ("10.1.4.4", "10.1.4.68", "esp", ("10.1.4.4", "10.1.4.68", 50, 0)),
        ("10.1.4.4", "vm-app1/icmp", None, ("10.1.4.4", "10.1.4.68", 1, 0)),
        ("fd00::4", "fd00::5/icmp", None, ("fd00::4", "fd00::5", 1, 0)),
        ("[fd00::4]", "[fd00::5]:443", None, ("fd00::4", "fd00::5", 6, 443)),
        ("dc1", "VM-WEB1:*", None, ("192.168.0.10", "10.1.4.4", 6, 49152)),
    ],
)
def test_questions_in_the_words_people_use(
    hub_spoke: Network, source: str, destination: str, protocol: str | None, expected: tuple[object, ...]
) -> None:
    asked = parse_question(hub_spoke, source, destination, protocol)
    assert (asked.source, asked.destination, asked.protocol, asked.destination_port) == expected


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "code"),
    [
        ("vm-web1", "", None, "VNS5001"),
        ("vm-web1", "vm-app1", "tcp", "VNS5002"),
        ("vm-web1", "vm-app1", None, "VNS5002"),
        ("vm-web1", "vm-app1:80/udp", "tcp", "VNS5009"),
        ("vm-web1", "10.1.4.4:80", None, "VNS5010"),
        ("vm-web1", "[fd00::5]:80", None, "VNS5016"),
        ("vm-web1", "vm-app1:80/gre", None, "VNS5003"),
        ("vm-web1", "vm-app1:70000", None, "VNS5004"),
        ("vm-wep1", "vm-app1:80", None, "VNS5005"),
        ("10.1.4.400", "vm-app1:80", None, "VNS5005"),
    ],
)
def test_questions_that_cannot_be_asked(
    hub_spoke: Network, source: str, destination: str, protocol: str | None, code: str
) -> None:
    with pytest.raises(QuestionError) as raised:
        parse_question(hub_spoke, source, destination, protocol)
    assert raised.value.code == code
    assert raised.value.hint


def test_a_name_written_wrong_is_answered_with_the_near_ones(hub_spoke: Network) -> None:
    with pytest.raises(QuestionError, match="vm-wep1") as raised:
        parse_question(hub_spoke, "vm-wep1", "vm-app1:80")
    assert "vm-web1" in raised.value.hint


def test_ip_flow_verify_names_every_rule_it_asked(hub_spoke: Network) -> None:
    answer = ip_flow_verify(hub_spoke, "vm-sql1", "Inbound", "TCP", "10.1.4.132:1433", "10.1.4.196:*")
    assert (answer.access, answer.rule_name) == ("Deny", "securityRules/deny-batch")
    assert [str(rule) for rule in answer.evaluated] == ["nsg-sql/allow-sql-from-large", "nsg-sql1/deny-batch"]
    default = ip_flow_verify(hub_spoke, "vm-web1", "Outbound", "udp", "10.1.4.4:*", "10.1.4.68:53")
    assert (default.access, default.rule_name) == ("Allow", "defaultSecurityRules/AllowVnetOutBound")


@pytest.mark.parametrize(
    ("nic", "protocol", "local", "code"),
    [
        ("vm-none", "TCP", "10.1.4.4:80", "VNS5006"),
        ("vm-web1", "GRE", "10.1.4.4:80", "VNS5003"),
        ("vm-web1", "TCP", "10.1.4.4", "VNS5007"),
        ("vm-web1", "TCP", "10.1.4.4:http", "VNS5007"),
        ("vm-web1", "TCP", "10.1.4.4:²", "VNS5007"),
        ("vm-web1", "TCP", "10.1.4.4:99999", "VNS5004"),
        ("vm-web1", "TCP", "web:80", "VNS5008"),
    ],
)
def test_ip_flow_verify_refuses_what_it_cannot_read(
    hub_spoke: Network, nic: str, protocol: str, local: str, code: str
) -> None:
    with pytest.raises(QuestionError) as raised:
        ip_flow_verify(hub_spoke, nic, "Inbound", protocol, local, "10.1.4.196:50000")
    assert raised.value.code == code
