"""What each kind of step does to a snapshot."""

from __future__ import annotations

import pytest

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from simulator.whatif.change import parse_change
from simulator.whatif.step import Step
from tests.whatif.changed_network import (
    BLOCK,
    PROVIDER,
    RULE,
    admin_rules_of,
    applied,
    resource_id,
    routes_of,
    rules_of,
)


def test_a_security_rule_is_added_as_a_scenario_writes_it(snapshot: Snapshot) -> None:
    when = "source: 10.1.4.0/26, protocol: Tcp, ports: 1433"
    text = f"{{name: deny-web, priority: 110, direction: Inbound, access: deny, {when}}}"
    rule = rules_of(applied(snapshot, f"add_security_rule: {{nsg: nsg-sql, rule: {text}}}"), "nsg-sql")["deny-web"]
    assert rule.id == resource_id("networkSecurityGroups", "nsg-sql").child("securityRules", "deny-web")
    assert (rule.priority, rule.direction, rule.access, rule.protocol) == (110, "Inbound", "Deny", "Tcp")
    assert (rule.sources, rule.destinations) == (("10.1.4.0/26",), ("*",))
    assert (rule.source_ports, rule.destination_ports) == (("*",), ("1433",))


def test_a_security_rule_may_name_application_groups(snapshot: Snapshot) -> None:
    far = f"{PROVIDER}/applicationSecurityGroups/asg-far"
    groups = f"source_asgs: [asg-web], destination_asgs: ['{far}']"
    text = f"{{name: r, priority: 200, direction: Inbound, access: Allow, {groups}}}"
    rule = rules_of(applied(snapshot, f"add_security_rule: {{nsg: nsg-sql, rule: {text}}}"), "nsg-sql")["r"]
    assert rule.source_application_security_groups == (resource_id("applicationSecurityGroups", "asg-web"),)
    assert rule.destination_application_security_groups == (ResourceId(far),)
    assert (rule.sources, rule.destinations) == ((), ())


def test_a_security_rule_is_removed(snapshot: Snapshot) -> None:
    assert list(rules_of(applied(snapshot, "remove_security_rule: {nsg: NSG-WEB, rule: Allow-Web}"), "nsg-web")) == [
        "from-asg"
    ]


def test_an_edit_keeps_what_it_does_not_name(snapshot: Snapshot) -> None:
    edit = "edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {priority: 120, ports: [443]}}"
    before, after = (
        rules_of(snapshot, "nsg-web")["allow-web"],
        rules_of(applied(snapshot, edit), "nsg-web")["allow-web"],
    )
    assert (after.priority, after.destination_ports) == (120, ("443",))
    kept = ("id", "direction", "access", "protocol", "sources", "destinations", "source_ports")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


@pytest.mark.parametrize(
    ("rule", "settings", "sources", "groups"),
    [
        ("from-asg", "{source: 10.0.0.0/8}", ("10.0.0.0/8",), ()),
        ("from-asg", "{ports: 81}", (), ("asg-web",)),
        ("allow-web", "{source_asgs: asg-sql}", (), ("asg-sql",)),
    ],
)
def test_editing_a_side_replaces_addresses_and_groups_together(
    snapshot: Snapshot, rule: str, settings: str, sources: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    edit = f"edit_security_rule: {{nsg: nsg-web, rule: {rule}, set: {settings}}}"
    edited = rules_of(applied(snapshot, edit), "nsg-web")[rule]
    assert edited.sources == sources
    assert tuple(group.name for group in edited.source_application_security_groups) == groups


@pytest.mark.parametrize(
    ("text", "hop", "address"),
    [
        ("{name: x, prefix: 10.9.0.0/16, next_hop: 10.1.1.4}", "VirtualAppliance", "10.1.1.4"),
        ("{name: x, prefix: 10.9.0.0/16, next_hop: VirtualAppliance, ip: 10.1.1.4}", "VirtualAppliance", "10.1.1.4"),
        ("{name: x, prefix: 10.9.0.0/16, next_hop: none}", "None", None),
        ("{name: x, prefix: Storage, next_hop: Internet}", "Internet", None),
    ],
)
def test_a_route_is_added(snapshot: Snapshot, text: str, hop: str, address: str | None) -> None:
    route = routes_of(applied(snapshot, f"add_route: {{route_table: rt-spoke, route: {text}}}"))["x"]
    assert (route.next_hop_type, route.next_hop_ip_address) == (hop, address)
    assert route.id == resource_id("routeTables", "rt-spoke").child("routes", "x")


def test_a_route_is_edited_and_removed(snapshot: Snapshot) -> None:
    edited = routes_of(applied(snapshot, "edit_route: {route_table: rt-spoke, route: default, set: {next_hop: None}}"))
    default = edited["default"]
    assert (default.address_prefix, default.next_hop_type, default.next_hop_ip_address) == ("0.0.0.0/0", "None", None)
    assert list(routes_of(applied(snapshot, "remove_route: {route_table: rt-spoke, route: default}"))) == ["to-hq"]
    moved = routes_of(applied(snapshot, "edit_route: {route_table: rt-spoke, route: default, set: {ip: 10.1.1.5}}"))
    assert moved["default"].next_hop_ip_address == "10.1.1.5"


def test_a_route_to_several_appliances_is_added_and_edited(snapshot: Snapshot) -> None:
    route = "{name: x, prefix: 198.18.0.0/15, next_hop: [10.1.1.4, 10.1.1.5]}"
    added = applied(snapshot, f"add_route: {{route_table: rt-spoke, route: {route}}}")
    held = routes_of(added)["x"]
    assert (held.next_hop_type, held.next_hop_ip_address) == ("VirtualApplianceEcmp", None)
    assert held.next_hop is not None and held.next_hop.next_hop_ip_addresses == ("10.1.1.4", "10.1.1.5")
    moved = routes_of(applied(added, "edit_route: {route_table: rt-spoke, route: x, set: {prefix: 198.18.0.0/16}}"))[
        "x"
    ]
    assert (moved.address_prefix, moved.next_hop) == ("198.18.0.0/16", held.next_hop)
    alone = routes_of(applied(added, "edit_route: {route_table: rt-spoke, route: x, set: {next_hop: 10.1.1.9}}"))["x"]
    assert (alone.next_hop_type, alone.next_hop_ip_address, alone.next_hop) == ("VirtualAppliance", "10.1.1.9", None)


def test_admin_rules_are_added_edited_and_removed(snapshot: Snapshot) -> None:
    when = "source: prod, destination: [Sql, 10.0.0.0/8], ports: 1433"
    rule = f"{{name: r, priority: 20, direction: Outbound, access: AlwaysAllow, {when}}}"
    added = admin_rules_of(applied(snapshot, f"add_admin_rule: {{{BLOCK}, rule: {rule}}}"))["r"]
    assert (added.access, added.destination_port_ranges) == ("AlwaysAllow", ("1433",))
    assert [item.address_prefix_type for item in (*added.sources, *added.destinations)] == [
        "NetworkGroup",
        "ServiceTag",
        "IPPrefix",
    ]
    edited = admin_rules_of(applied(snapshot, f"edit_admin_rule: {{{BLOCK}, rule: no-ssh, set: {{access: Allow}}}}"))[
        "no-ssh"
    ]
    assert (edited.access, edited.priority, edited.destination_port_ranges) == ("Allow", 10, ("22",))
    assert [item.address_prefix for item in edited.sources] == ["Internet"]
    assert admin_rules_of(applied(snapshot, f"remove_admin_rule: {{{BLOCK}, rule: no-ssh}}")) == {}


def test_groups_and_tables_are_attached_and_detached(snapshot: Snapshot) -> None:
    large_subnet = f"{PROVIDER}/virtualNetworks/vnet-large/subnets/VmSubnet1"
    after = applied(
        snapshot,
        "attach_security_group: {subnet: vnet-large/VmSubnet1, nsg: nsg-web}",
        f"attach_route_table: {{route_table: rt-spoke, subnet: {large_subnet}}}",
        "detach_security_group: {subnet: vnet-hub/vmsubnet1, nsg: nsg-web}",
        "detach_route_table: {subnet: vnet-hub/VmSubnet1, route_table: rt-spoke}",
        "detach_security_group: {nic: vm-web1, nsg: nsg-sql}",
        "attach_security_group: {nic: lonely, nsg: nsg-sql}",
    )
    subnets = {subnet.id.key: subnet for vnet in after.all(VirtualNetwork) for subnet in vnet.subnets}
    large = subnets[resource_id("virtualNetworks", "vnet-large").child("subnets", "VmSubnet1").key]
    hub = subnets[resource_id("virtualNetworks", "vnet-hub").child("subnets", "VmSubnet1").key]
    assert large.network_security_group == resource_id("networkSecurityGroups", "nsg-web")
    assert large.route_table == resource_id("routeTables", "rt-spoke")
    assert (hub.network_security_group, hub.route_table) == (None, None)
    groups = {nic.name: nic.network_security_group for nic in after.network_interfaces}
    assert groups["vm-web1-nic"] is None
    assert groups["lonely"] == resource_id("networkSecurityGroups", "nsg-sql")


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (f"add_security_rule: {{nsg: nsg-sql, rule: {RULE}}}", "remove_security_rule: {nsg: nsg-sql, rule: r}"),
        (
            "attach_route_table: {subnet: vnet-large/VmSubnet1, route_table: rt-spoke}",
            "detach_route_table: {subnet: vnet-large/VmSubnet1, route_table: rt-spoke}",
        ),
        (
            "detach_security_group: {nic: vm-web1, nsg: nsg-sql}",
            "attach_security_group: {nic: vm-web1-nic, nsg: nsg-sql}",
        ),
        (f"add_admin_rule: {{{BLOCK}, rule: {RULE}}}", f"remove_admin_rule: {{{BLOCK}, rule: r}}"),
    ],
)
def test_a_change_and_its_inverse_give_the_same_snapshot_and_leave_the_first_as_it_was(
    snapshot: Snapshot, there: str, back: str
) -> None:
    before = dict(snapshot.resources)
    changed = applied(snapshot, there)
    assert dict(snapshot.resources) == before
    assert changed.resources != before
    assert applied(changed, back).resources == before


def test_every_kind_of_step_keeps_its_place() -> None:
    step: Step = parse_change("changes:\n  - remove_route: {route_table: a, route: b}").steps[0]
    assert str(step.position) == "change.yaml:2:19"
