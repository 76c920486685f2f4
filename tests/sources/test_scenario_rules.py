"""Rules in a scenario's words become ARM's fields, the same ones for scenarios and changes."""

from __future__ import annotations

from pathlib import Path

from simulator.azure.network_manager import NetworkManager
from simulator.sources.load import load_snapshot

SCENARIO = """
name: groups
virtual_networks: {a: {address_space: 10.0.0.0/16}, b: {address_space: 10.1.0.0/16}}
network_managers:
  avnm:
    network_groups: {all: [a, b], prod: [a]}
    security_admin_configurations:
      base:
        rule_collections:
          c:
            applies_to: [all]
            rules:
              - name: r
                priority: 1
                direction: Inbound
                access: Deny
                source: [Prod, Internet, 10.9.0.0/16]
                destination: "*"
"""


def test_an_admin_rule_names_network_groups_tags_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text(SCENARIO)
    (manager,) = load_snapshot(path).all(NetworkManager)
    rule = manager.security_admin_configurations[0].rule_collections[0].rules[0]
    assert [(item.address_prefix_type, item.address_prefix) for item in rule.sources] == [
        ("NetworkGroup", str(manager.network_groups[1].id)),
        ("ServiceTag", "Internet"),
        ("IPPrefix", "10.9.0.0/16"),
    ]
    assert [item.address_prefix_type for item in rule.destinations] == ["IPPrefix"]
