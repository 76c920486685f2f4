"""Effective security rules of a NIC as Azure prints them."""

from __future__ import annotations

from simulator.network.effective_rules import effective_security_rules
from tests.network.arm import group_id, network, nic, nic_id, nsg, resource, rid, rule, subnet, subnet_id, vnet

ASG = [{"id": str(rid("applicationSecurityGroups", "web"))}]
NETWORK = network(
    vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", nsg="on-subnet"), "t": "10.0.1.0/24"}),
    nsg("on-subnet"),
    nsg(
        "on-nic",
        rule(
            "ssh",
            100,
            "Inbound",
            "Allow",
            protocol="tcp",
            destinationPortRange="22",
            sourceAddressPrefix="192.0.2.0/24",
        ),
        rule("web", 110, "Inbound", "Allow", sourceApplicationSecurityGroups=ASG, sourceAddressPrefix=None),
    ),
    resource("applicationSecurityGroups", "web"),
    nic("n", "v/s", "10.0.0.4", nsg="on-nic", asgs=["web"]),
    nic("open", "v/t", "10.0.1.4"),
    nic("gone", "v/t", "10.0.1.5", nsg="gone"),
)


def test_the_nics_group_comes_before_the_subnets() -> None:
    printed = effective_security_rules(NETWORK, nic_id("n")).to_azure()["value"]
    assert [held["networkSecurityGroup"]["id"] for held in printed] == [
        str(group_id("on-nic")),
        str(group_id("on-subnet")),
    ]
    assert [held["association"] for held in printed] == [
        {"networkInterface": {"id": str(nic_id("n"))}},
        {"subnet": {"id": str(subnet_id("v/s"))}},
    ]
    assert printed[1]["tagMap"]["VirtualNetwork"] == ["10.0.0.0/16", "168.63.129.16/32"]


def test_a_rule_is_printed_as_azure_does() -> None:
    ssh, web, vnet_rule = effective_security_rules(NETWORK, nic_id("n")).to_azure()["value"][0][
        "effectiveSecurityRules"
    ][:3]
    assert ssh == {
        "name": "securityRules/ssh",
        "protocol": "Tcp",
        "sourcePortRange": "0-65535",
        "destinationPortRange": "22-22",
        "sourcePortRanges": ["0-65535"],
        "destinationPortRanges": ["22-22"],
        "sourceAddressPrefix": "192.0.2.0/24",
        "destinationAddressPrefix": "0.0.0.0/0",
        "sourceAddressPrefixes": ["192.0.2.0/24"],
        "destinationAddressPrefixes": ["0.0.0.0/0"],
        "access": "Allow",
        "priority": 100,
        "direction": "Inbound",
    }
    assert web["expandedSourceAddressPrefix"] == ["10.0.0.4/32"]
    assert vnet_rule["name"] == "defaultSecurityRules/AllowVnetInBound"
    assert vnet_rule["expandedSourceAddressPrefix"] == ["10.0.0.0/16", "168.63.129.16/32"]


def test_nothing_filters_and_a_group_outside_the_export() -> None:
    assert effective_security_rules(NETWORK, nic_id("open")).groups == ()
    (held,) = effective_security_rules(NETWORK, nic_id("gone")).groups
    assert held.rules is None
