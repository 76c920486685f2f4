"""What network managers deploy, as packets meet it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.dataplane.plane import DataPlane
from simulator.network.load import load
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets

HUB_AND_SPOKE = """
name: managed
location: westeurope
virtual_networks:
  hub: {address_space: 10.0.0.0/16, subnets: {nva: 10.0.0.0/24}}
  web: {address_space: 10.1.0.0/16, subnets: {web: 10.1.0.0/24}, tags: {env: prod}}
  sql: {address_space: 10.2.0.0/16, subnets: {sql: 10.2.0.0/24}, tags: {env: prod}}
  lab: {address_space: 10.3.0.0/16, subnets: {lab: 10.3.0.0/24}}
virtual_machines:
  nva: {subnet: hub/nva, ip: 10.0.0.4, ip_forwarding: true, appliance: {forwards: true, stateful: true}}
  vm-web: {subnet: web/web, ip: 10.1.0.4}
  vm-sql: {subnet: sql/sql, ip: 10.2.0.4}
  vm-lab: {subnet: lab/lab, ip: 10.3.0.4}
network_managers:
  avnm:
    network_groups: {prod: {policy: POLICY}}
    connectivity_configurations: {hub: {topology: HubAndSpoke, hub: hub, applies_to: [prod]}}
    routing_configurations:
      by-nva:
        rule_collections:
          spokes: {applies_to: [prod], rules: [{name: r, destination: 10.0.0.0/8, next_hop: 10.0.0.4}]}
    security_admin_configurations:
      guard:
        rule_collections:
          ports:
            applies_to: [prod]
            rules: [{name: no-ssh, priority: 10, direction: Inbound, access: Deny, protocol: Tcp, ports: 22}]
    deployments: {westeurope: [hub, by-nva, guard]}
"""
PROD = "{field: \"tags['env']\", equals: prod}"
NOT_UNDERSTOOD = "{allOf: [" + PROD + ", {field: some.alias, equals: 1}]}"


class Fate(NamedTuple):
    reason: str
    path: tuple[str, ...]


def fates(tmp_path: Path, text: str, *flows: tuple[str, str, int]) -> list[Fate]:
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    network = load(tmp_path / "net.yaml")
    packets = Packets.of([(source, destination, 50000, port, 6) for source, destination, port in flows])
    found = packet_walk(DataPlane(network), packets)
    names = {endpoint.id: endpoint.name for endpoint in network.endpoints}
    return [Fate(one.reason, tuple(names.get(place, str(place)) for place in one.path)) for one in found]


def reasons(tmp_path: Path, text: str, *flows: tuple[str, str, int]) -> list[str]:
    return [fate.reason for fate in fates(tmp_path, text, *flows)]


def test_members_by_policy_are_peered_routed_and_guarded(tmp_path: Path) -> None:
    flows = (("10.1.0.4", "10.2.0.4", 1433), ("10.1.0.4", "10.2.0.4", 22), ("10.3.0.4", "10.2.0.4", 1433))
    assert reasons(tmp_path, HUB_AND_SPOKE.replace("POLICY", PROD), *flows) == [
        "DELIVERED",
        "ADMIN_RULE_DENY",
        "ROUTE_NONE",
    ]


def test_who_may_be_a_member_may_have_the_route_and_the_rule(tmp_path: Path) -> None:
    """The network without the tag is no member for certain."""
    flows = (("10.1.0.4", "10.2.0.4", 1433), ("10.1.0.4", "10.1.0.5", 22), ("10.3.0.4", "10.2.0.4", 1433))
    text = HUB_AND_SPOKE.replace("POLICY", NOT_UNDERSTOOD)
    assert reasons(tmp_path, text, *flows) == [
        "CONNECTIVITY_DEPLOYMENT_UNKNOWN",
        "DESTINATION_NOT_IN_EXPORT",
        "ROUTE_NONE",
    ]
    guard = text.replace("[hub, by-nva, guard]", "[guard]").replace(
        "vm-lab: {subnet: lab/lab, ip: 10.3.0.4}", NEIGHBOUR
    )
    flows = (("10.1.0.4", "10.1.0.5", 22), ("10.1.0.4", "10.1.0.5", 443))
    assert reasons(tmp_path, guard, *flows) == ["ADMIN_DEPLOYMENT_UNKNOWN", "DELIVERED"]


NEIGHBOUR = "vm-web2: {subnet: web/web, ip: 10.1.0.5}"

MESH = """
name: mesh
location: westeurope
virtual_networks:
  a: {address_space: 10.1.0.0/16, subnets: {s: 10.1.0.0/24}}
  b: {address_space: [10.2.0.0/16, 10.9.0.0/16], subnets: {s: 10.2.0.0/24, t: 10.9.0.0/24}}
  c: {address_space: [10.3.0.0/16, 10.9.0.0/17], subnets: {s: 10.3.0.0/24, t: 10.9.1.0/24}}
virtual_machines:
  vm-a: {subnet: a/s, ip: 10.1.0.4}
  vm-b: {subnet: b/s, ip: 10.2.0.4}
  vm-b2: {subnet: b/t, ip: 10.9.0.4}
  vm-c: {subnet: c/t, ip: 10.9.1.4}
network_managers:
  avnm:
    network_groups: {all: [a, b, c]}
    connectivity_configurations: {mesh: {topology: Mesh, applies_to: [all]}}
    deployments: {westeurope: [mesh]}
"""


def test_a_range_of_several_members_is_dropped_for_the_others(tmp_path: Path) -> None:
    flows = (
        ("10.1.0.4", "10.2.0.4", 443),
        ("10.1.0.4", "10.9.0.4", 443),
        ("10.1.0.4", "10.9.200.4", 443),
        ("10.2.0.4", "10.9.0.4", 443),
    )
    assert reasons(tmp_path, MESH, *flows) == [
        "DELIVERED",
        "CONNECTED_GROUP_OVERLAP",
        "DESTINATION_NOT_IN_EXPORT",
        "DELIVERED",
    ]


TWO_MANAGERS = """
name: two
location: westeurope
assumptions: {first_manager_decides: FIRST}
virtual_networks:
  v: {address_space: 10.1.0.0/16, subnets: {s: 10.1.0.0/24}}
virtual_machines:
  vm-a: {subnet: v/s, ip: 10.1.0.4}
  vm-b: {subnet: v/s, ip: 10.1.0.5}
network_managers:
  low:
    network_groups: {all: [v]}
    security_admin_configurations:
      c:
        rule_collections:
          r: {applies_to: [all], rules: [{name: deny, priority: 1, direction: Inbound, access: Deny}]}
    deployments: {westeurope: [c]}
  top:
    scope: [/providers/Microsoft.Management/managementGroups/mg]
    network_groups: {all: [v]}
    security_admin_configurations:
      c:
        rule_collections:
          r: {applies_to: [all], rules: [{name: allow, priority: 99, direction: Inbound, access: Allow}]}
    deployments: {westeurope: [c]}
"""


@pytest.mark.parametrize(("first", "reason"), [("true", "DELIVERED"), ("false", "ADMIN_RULE_DENY")])
def test_whether_an_allow_of_the_higher_manager_keeps_the_lower_one_out(
    tmp_path: Path, first: str, reason: str
) -> None:
    text = TWO_MANAGERS.replace("FIRST", first)
    assert reasons(tmp_path, text, ("10.1.0.4", "10.1.0.5", 443)) == [reason]
