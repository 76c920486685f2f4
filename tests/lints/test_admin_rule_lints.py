"""SCENARIOS S3: an Allow meant to override, and a Deny that beats the groups' exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lints.scenario import findings

#: After mspnp/samples, azure-hub-spoke-connected-group.
SPOKE = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {AzureBastionSubnet: 10.0.1.0/26}}
  vnet-nonprod1: {address_space: 10.100.0.0/22, subnets: {snet: {prefix: 10.100.0.0/24, nsg: nsg-spokes}}}
peerings: [{hub: vnet-hub, spokes: [vnet-nonprod1]}]
network_security_groups:
  nsg-spokes:
    - {name: AllowRdpFromBastion, priority: 200, direction: Inbound, access: Allow, protocol: Tcp, source: 10.0.1.0/26, ports: 3389}
    - {name: AllowSshFromBastion, priority: 210, direction: Inbound, access: Allow, protocol: Tcp, source: 10.0.1.0/26, ports: 22}
    - {name: DenyAllIn, priority: 1000, direction: Inbound, access: Deny}
    - {name: DenySqlOut, priority: 300, direction: Outbound, access: Deny, destination: Sql}
virtual_machines: {vm: {subnet: vnet-nonprod1/snet, ip: 10.100.0.4}}
network_managers:
  avnm:
    network_groups: {spokes: [vnet-nonprod1]}
    security_admin_configurations:
      sac:
        rule_collections:
          rc:
            applies_to: [spokes]
            rules:
              - {name: DenyHighRisk, priority: 100, direction: Inbound, access: Deny, protocol: Tcp, ports: [20, 21, 22, 23, 3389]}
              - {name: AllowSql, priority: 104, direction: Outbound, access: Allow, destination: Sql}
    deployments: {westeurope: [sac]}
"""  # noqa: E501


def test_the_allow_for_sql_does_not_override_and_the_deny_beats_bastion(tmp_path: Path) -> None:
    rdp, ssh, sql = findings(tmp_path, SPOKE, "VNS6005", "VNS6006")
    assert (rdp.code, ssh.code, sql.code) == ("VNS6006", "VNS6006", "VNS6005")
    assert sql.message == (
        "sac/AllowSql (104), Outbound: this Allow lets nothing past nsg-spokes/DenySqlOut (300), which deny all of it"
    )
    assert sql.severity == "warning" and "AlwaysAllow" in sql.hint
    assert ssh.message == (
        "nsg-spokes/AllowSshFromBastion (210), Inbound: in vnet-nonprod1 all that it allows is denied before by "
        "sac/DenyHighRisk (100)"
    )
    assert sql.place.endswith("/rules/AllowSql") and [one.name for one in sql.involved] == ["DenySqlOut"]
    assert rdp.place.endswith("/AllowRdpFromBastion") and [one.name for one in rdp.involved] == ["DenyHighRisk"]


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("access: Allow, destination: Sql", "access: AlwaysAllow, destination: Sql", ["VNS6006", "VNS6006"]),
        ("access: Deny, destination: Sql", "access: Deny, destination: Sql.WestEurope", ["VNS6006", "VNS6006"]),
        (", ports: [20, 21, 22, 23, 3389]", ", ports: [20, 21, 23]", ["VNS6005"]),
        (
            "priority: 100, direction: Inbound, access: Deny",
            "priority: 100, direction: Outbound, access: Deny",
            ["VNS6005"],
        ),
        ("network_groups: {spokes: [vnet-nonprod1]}", "network_groups: {spokes: [vnet-hub]}", []),
        ("    deployments: {westeurope: [sac]}", "", []),
        ("    deployments: {westeurope: [sac]}", "    deployments: {westeurope: []}", []),
        ("10.0.1.0/26, ports: 22}", "10.0.1.0/26, ports: [22, 443]}", ["VNS6006", "VNS6005"]),
    ],
)
def test_what_has_some_effect_is_not_told(old: str, new: str, codes: list[str], tmp_path: Path) -> None:
    assert old in SPOKE
    found = findings(tmp_path, SPOKE.replace(old, new), "VNS6005", "VNS6006")
    assert sorted(one.code for one in found) == sorted(codes)


def test_an_exception_before_the_denial_leaves_the_rule_its_say(tmp_path: Path) -> None:
    exception = "{name: Bastion, priority: 50, direction: Inbound, access: Allow, source: 10.0.1.0/26}"
    text = SPOKE.replace("            rules:\n", f"            rules:\n              - {exception}\n")
    assert [one.code for one in findings(tmp_path, text, "VNS6005", "VNS6006")] == ["VNS6005"]


def test_a_group_that_is_closed_at_its_end_is_for_information(tmp_path: Path) -> None:
    web = "{name: AllowWeb, priority: 110, direction: Inbound, access: Allow, ports: 443}"
    text = SPOKE.replace("            rules:\n", f"            rules:\n              - {web}\n")
    [found] = [one for one in findings(tmp_path, text, "VNS6005") if "AllowWeb" in one.message]
    assert found.severity == "info" and [one.name for one in found.involved] == ["DenyAllIn"]


def test_packets_for_other_subnets_do_not_save_a_rule(tmp_path: Path) -> None:
    """The denial names the subnet; the Allow every destination. Only a NIC that forwards sees others."""
    text = SPOKE.replace("access: Deny, destination: Sql}", "access: Deny, source: 10.100.0.0/24, destination: Sql}")
    assert "VNS6005" in [one.code for one in findings(tmp_path, text, "VNS6005")]
    forwarding = text.replace("ip: 10.100.0.4}", "ip: 10.100.0.4, ip_forwarding: true}")
    assert findings(tmp_path, forwarding, "VNS6005") == []
