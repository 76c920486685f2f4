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

#: ARM type in lower case → step → tests.
CHANGED_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "microsoft.network/networksecuritygroups/securityrules": _RULES,
    "microsoft.network/routetables/routes": _ROUTES,
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": _ADMIN_RULES,
    "microsoft.network/virtualnetworks/subnets": _GROUPS | _TABLES,
    "microsoft.network/networkinterfaces": _GROUPS,
}
