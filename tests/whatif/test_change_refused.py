"""How a change that does not fit is refused: code, place, what is wrong and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from simulator.errors import ChangeError, SourceError
from simulator.whatif.change import KINDS, load_change, parse_change
from tests.whatif.changed_network import (
    BLOCK,
    RULE,
    applied,
    resource_id,
    routes_of,
    rules_of,
)


@pytest.mark.parametrize(
    ("step", "code", "column", "says", "hint"),
    [
        ("add_securty_rule: {}", "VNS4002", 5, "add_securty_rule", "did you mean 'add_security_rule'?"),
        ("add_route: 5", "VNS4004", 16, "a step is a mapping", "route_table: …"),
        ("add_security_rule: {nsg: nsg-sql}", "VNS4004", 24, "rule is missing", "add rule: …"),
        (
            "remove_route: {route_tabel: rt-spoke, route: x}",
            "VNS4003",
            20,
            "unknown key 'route_tabel'",
            "'route_table'",
        ),
        (
            f"add_security_rule: {{nsg: nsg-sq, rule: {RULE}}}",
            "VNS4005",
            30,
            "named 'nsg-sq'",
            "did you mean 'nsg-sql'?",
        ),
        (
            "remove_security_rule: {nsg: nsg-web, rule: allow-wbe}",
            "VNS4008",
            48,
            "allow-wbe",
            "did you mean 'allow-web'?",
        ),
        ("edit_route: {route_table: rt-spoke, route: hq, set: {ip: 10.0.0.4}}", "VNS4008", 48, "'hq'", "to-hq"),
        (
            f"add_security_rule: {{nsg: nsg-web, rule: {RULE.replace('name: r', 'name: Allow-Web')}}}",
            "VNS4007",
            45,
            "already has a security rule named",
            "edit it",
        ),
        (
            "add_security_rule: {nsg: nsg-web, rule: {name: r, priority: 99, direction: Inbound, access: Deny}}",
            "VNS4004",
            65,
            "priority 99 is below Azure's minimum of 100",
            "",
        ),
        (
            "edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {priorty: 99}}",
            "VNS4003",
            63,
            "unknown key 'priorty'",
            "did you mean 'priority'?",
        ),
        (
            "edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {name: other}}",
            "VNS4004",
            69,
            "does not rename",
            "remove the rule",
        ),
        (
            "edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {access: Denied}}",
            "VNS4004",
            71,
            "'Denied'",
            "'Deny'",
        ),
        ("edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {ports: 70000}}", "VNS4004", 70, "70000", "65535"),
        (
            "edit_security_rule: {nsg: nsg-web, rule: from-asg, set: {priority: 100}}",
            "VNS4009",
            25,
            "priority 100 is already that of allow-web",
            "its own priority",
        ),
        (
            "edit_route: {route_table: rt-spoke, route: default, set: {next_hop: Nowhere}}",
            "VNS4004",
            73,
            "'Nowhere'",
            "",
        ),
        (
            "edit_route: {route_table: rt-spoke, route: default, set: {next_hop: 10.1.1.5, ip: 10.1.1.6}}",
            "VNS4004",
            87,
            "next_hop 10.1.1.5 takes no ip",
            "VirtualAppliance",
        ),
        (
            "add_route: {route_table: rt-spoke, route: {name: x, prefix: 10.9.0.0/16, next_hop: None, ip: 10.1.1.6}}",
            "VNS4004",
            98,
            "next_hop None takes no ip",
            "VirtualAppliance",
        ),
        (
            "add_route: {route_table: rt-spoke, route: {name: x, prefix: 0.0.0.0/0, next_hop: None}}",
            "VNS4009",
            16,
            "0.0.0.0/0 is already the prefix of default",
            "",
        ),
        ("attach_security_group: {subnet: VmSubnet1, nsg: nsg-web}", "VNS4004", 37, "not a subnet", "vnet/subnet"),
        (
            "attach_security_group: {subnet: vnet-large/x, nsg: nsg-web}",
            "VNS4005",
            37,
            "no subnet of vnet-large",
            "VmSubnet1",
        ),
        (
            "attach_security_group: {subnet: vnet-hub/VmSubnet1, nsg: nsg-sql}",
            "VNS4007",
            28,
            "already has nsg-web",
            "detach",
        ),
        ("detach_security_group: {subnet: vnet-hub/VmSubnet1, nsg: nsg-sql}", "VNS4008", 28, "it has nsg-web", ""),
        ("detach_route_table: {subnet: vnet-large/VmSubnet1, route_table: rt-spoke}", "VNS4008", 25, "it has none", ""),
        (
            "attach_security_group: {nic: vm-app1, nsg: nsg-web}",
            "VNS4006",
            34,
            "2 network interfaces",
            "vm-app1-second",
        ),
        ("attach_security_group: {nsg: nsg-web}", "VNS4004", 28, "one subnet or nic", ""),
        ("attach_route_table: {nic: lonely, route_table: rt-spoke}", "VNS4003", 26, "unknown key 'nic'", ""),
        (f"add_admin_rule: {{{BLOCK.replace('baseline', 'base')}, rule: {RULE}}}", "VNS4005", 60, "'base'", "baseline"),
        (f"remove_admin_rule: {{{BLOCK}, rule: no-shh}}", "VNS4008", 98, "'no-shh'", "no-ssh"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_its_place_and_the_way_out(
    snapshot: Snapshot, step: str, code: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        applied(snapshot, step)
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.place == f"change.yaml:2:{column}"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "VNS4001", "1:1"),
        ("[1, 2]", "VNS4001", "1:1"),
        ("name: x", "VNS4001", "1:1"),
        ("changes: 5", "VNS4001", "1:10"),
        ("changes: [5]", "VNS4001", "1:11"),
        ("changes: [{add_route: {}, edit_route: {}}]", "VNS4001", "1:11"),
        ("changs: []", "VNS4003", "1:1"),
        ("name: [1]\nchanges: []", "VNS4004", "1:7"),
    ],
)
def test_what_is_no_change_file_is_refused(text: str, code: str, place: str) -> None:
    with pytest.raises(ChangeError) as refused:
        parse_change(text)
    assert (refused.value.code, refused.value.place) == (code, f"change.yaml:{place}")


@pytest.mark.parametrize(
    "body", ["5", "null", "[]", "{}", "text", "{nsg: 5}", "{nsg: [a], rule: {b: c}, set: 1}", "{subnet: {}}"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_body_of_a_step_ends_in_anything_but_a_refusal(kind: str, body: str) -> None:
    with pytest.raises(ChangeError, match="VNS400"):
        parse_change(f"changes: [{{{kind}: {body}}}]")


def test_a_short_name_that_several_have_is_refused_with_the_candidates(snapshot: Snapshot) -> None:
    [table] = snapshot.all(RouteTable)
    elsewhere = ResourceId(str(table.id).replace("rg-change", "rg-other"))
    doubled = snapshot.with_resource(table.model_copy(update={"id": elsewhere}))
    with pytest.raises(ChangeError) as refused:
        applied(doubled, "remove_route: {route_table: rt-spoke, route: to-hq}")
    assert refused.value.code == "VNS4006"
    assert str(table.id) in refused.value.hint and str(elsewhere) in refused.value.hint
    after = applied(doubled, f"remove_route: {{route_table: {elsewhere}, route: to-hq}}")
    assert len(routes_of(after)) == 2


def test_an_error_that_was_there_before_does_not_refuse_a_change(snapshot: Snapshot) -> None:
    group = snapshot.get(resource_id("networkSecurityGroups", "nsg-web"), NetworkSecurityGroup)
    assert group is not None
    low = group.security_rules[0].model_copy(update={"priority": 1})
    broken = snapshot.with_resource(group.model_copy(update={"security_rules": (low, *group.security_rules[1:])}))
    after = applied(broken, "remove_security_rule: {nsg: nsg-web, rule: from-asg}")
    assert list(rules_of(after, "nsg-web")) == ["allow-web"]


def test_an_error_on_the_way_is_no_error_of_the_result(snapshot: Snapshot) -> None:
    """Two rules swap priorities: between the two steps both have the same one."""
    after = applied(
        snapshot,
        "edit_security_rule: {nsg: nsg-web, rule: allow-web, set: {priority: 110}}",
        "edit_security_rule: {nsg: nsg-web, rule: from-asg, set: {priority: 100}}",
    )
    assert {name: rule.priority for name, rule in rules_of(after, "nsg-web").items()} == {
        "allow-web": 110,
        "from-asg": 100,
    }


def test_the_step_that_brings_an_error_is_the_one_named(snapshot: Snapshot) -> None:
    steps = (
        "remove_route: {route_table: rt-spoke, route: to-hq}",
        "edit_security_rule: {nsg: nsg-web, rule: from-asg, set: {priority: 100}}",
        f"add_security_rule: {{nsg: nsg-sql, rule: {RULE}}}",
    )
    with pytest.raises(ChangeError) as refused:
        applied(snapshot, *steps)
    assert refused.value.place.startswith("change.yaml:3:")


def test_a_change_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "change-open.yaml"
    path.write_text("description: why\nchanges:\n  - remove_route: {route_table: rt, route: x}\n", encoding="utf-8")
    change = load_change(path)
    assert (change.name, change.description, len(change.steps)) == ("change-open", "why", 1)
    with pytest.raises(SourceError, match="VNS1001"):
        load_change(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("kind", "says", "names"),
    [
        ("add_peering", "kinds of this are: peer_virtual_networks, remove_peering", "remove_peering"),
        ("peer_vnets", "kinds of this are: peer_virtual_networks, remove_peering", "peer_virtual_networks"),
        ("remove_peerings", "did you mean 'remove_peering'?", "remove_peering"),
        ("edit_firewall_rule", "firewalls and their policies cannot be changed yet", "add_route"),
        ("add_nat_gateway", "gateways cannot be changed yet", "add_route"),
        ("add_subnet", "networks and machines cannot be changed yet", "add_route"),
        (
            "create_route",
            "kinds of this are: add_route, remove_route, edit_route",
            "edit_route",
        ),
        ("delete_nsg_rule", "kinds of this are: add_security_rule, remove_security_rule, edit_security_rule", "_rule"),
        ("move_vnet", "kinds of this are: move_virtual_network", "move_virtual_network"),
        ("change_region", "kinds of this are: move_virtual_network", "move_virtual_network"),
        ("encrypt_vnet", "kinds of this are: set_encryption", "set_encryption"),
        ("resize_vm", "kinds of this are: resize_virtual_machine", "resize_virtual_machine"),
        ("enable_accelerated_networking", "did you mean 'set_accelerated_networking'?", "kinds of this are: set_acc"),
        ("route_via_firewall", "kinds of this are: route_through", "route_through"),
        ("add_nsg", "kinds of this are: attach_security_group, detach_security_group", "attach_security_group"),
        ("add_securty_rule", "did you mean 'add_security_rule'? kinds of this are: ", "edit_security_rule"),
        ("frobnicate", "kinds are: add_security_rule, ", "move_virtual_network"),
    ],
)
def test_an_unknown_kind_is_told_its_likes_or_that_there_are_none_yet(kind: str, says: str, names: str) -> None:
    with pytest.raises(ChangeError) as raised:
        parse_change(f"changes:\n  - {kind}: {{}}\n")
    assert raised.value.code == "VNS4002"
    assert says in raised.value.hint and names in raised.value.hint
