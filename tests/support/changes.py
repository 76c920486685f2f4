"""Which kinds of resources each step of a change edits, and the tests that prove it."""

from __future__ import annotations

from collections.abc import Mapping

_CHANGE = "tests/whatif/test_change.py::"
_RULES = {
    "add_security_rule": (f"{_CHANGE}test_a_security_rule_is_added_as_a_scenario_writes_it",),
    "edit_security_rule": (f"{_CHANGE}test_an_edit_keeps_what_it_does_not_name",),
    "remove_security_rule": (f"{_CHANGE}test_a_security_rule_is_removed",),
}
_ROUTES = {
    "add_route": (f"{_CHANGE}test_a_route_is_added",),
    "edit_route": (f"{_CHANGE}test_a_route_is_edited_and_removed",),
    "remove_route": (f"{_CHANGE}test_a_route_is_edited_and_removed",),
}
_ADMIN_RULES = {
    step: (f"{_CHANGE}test_admin_rules_are_added_edited_and_removed",)
    for step in ("add_admin_rule", "edit_admin_rule", "remove_admin_rule")
}
_ATTACHED = (f"{_CHANGE}test_groups_and_tables_are_attached_and_detached",)
_GROUPS = {step: _ATTACHED for step in ("attach_security_group", "detach_security_group")}
_TABLES = {step: _ATTACHED for step in ("attach_route_table", "detach_route_table")}
_DETOURS = "tests/whatif/test_detours.py::"
_THROUGH = {
    "route_through": (
        f"{_DETOURS}test_both_ends_named_is_symmetric",
        f"{_DETOURS}test_the_table_of_a_subnet_grows_and_one_is_made_where_there_is_none",
        f"{_DETOURS}test_a_route_for_the_very_same_prefix_is_edited",
        f"{_DETOURS}test_a_table_that_others_use_is_copied_for_the_named_ones",
    )
}
_HARDWARE = "tests/whatif/test_hardware.py::"
_MOVED = {
    "move_virtual_network": (
        "tests/whatif/test_moves.py::test_what_lives_in_the_network_goes_along_and_what_others_use_too_stays",
    )
}
_PEERINGS = "tests/whatif/test_peerings.py::"
_PEERED = {
    "peer_virtual_networks": (f"{_PEERINGS}test_both_links_are_made_and_connected",),
    "remove_peering": (f"{_PEERINGS}test_a_peering_is_removed_with_both_links_or_the_one_that_is_there",),
}
_VIRTUAL_NETWORKS = {"set_encryption": (f"{_HARDWARE}test_encryption_is_set",)} | _MOVED
_MACHINES = {"resize_virtual_machine": (f"{_HARDWARE}test_a_machine_is_resized",)} | _MOVED
_NICS = {
    "set_accelerated_networking": (f"{_HARDWARE}test_accelerated_networking_is_set_of_one_nic_or_of_all_of_a_machine",)
} | _MOVED
#: What goes along with the virtual network that it lives in.
_GOING_ALONG = (
    "microsoft.network/azurefirewalls",
    "microsoft.network/bastionhosts",
    "microsoft.network/loadbalancers",
    "microsoft.network/natgateways",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/privateendpoints",
    "microsoft.network/publicipaddresses",
    "microsoft.network/virtualnetworkgateways",
)

#: ARM type in lower case → step → tests.
CHANGED_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{kind: _MOVED for kind in _GOING_ALONG},
    "microsoft.compute/virtualmachines": _MACHINES,
    "microsoft.network/networksecuritygroups/securityrules": _RULES,
    "microsoft.network/routetables": _THROUGH | _MOVED,
    "microsoft.network/routetables/routes": _ROUTES | _THROUGH,
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": _ADMIN_RULES,
    "microsoft.network/virtualnetworks": _VIRTUAL_NETWORKS,
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": _PEERED,
    "microsoft.network/virtualnetworks/subnets": _GROUPS | _TABLES | _THROUGH,
    "microsoft.network/networkinterfaces": _GROUPS | _NICS,
}
