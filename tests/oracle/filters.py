"""The filters of one endpoint in one direction: admin rules, then the two security groups (SEMANTICS 1.3, 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from tests.oracle.admin_rules import first_admin_match
from tests.oracle.judgement import Direction, Fate, Packet
from tests.oracle.places import Endpoint, Places
from tests.oracle.security_groups import pass_security_group


@dataclass(frozen=True)
class Passed:
    """The last rule that spoke, None when nothing filters; `bypassed`: an AlwaysAllow skipped the groups."""

    rule: ResourceId | None
    bypassed: bool = False


def pass_filters(places: Places, endpoint: Endpoint, direction: Direction, packet: Packet) -> Passed:
    """Raises Fate at the first refusal."""
    admin = first_admin_match(places, endpoint, direction, packet)
    if admin is not None and admin.access == "AlwaysAllow":
        return Passed(admin.rule, bypassed=True)
    rule = admin.rule if admin is not None else None
    on_nic = endpoint.interface.network_security_group if endpoint.interface else None
    on_subnet = endpoint.subnet.network_security_group
    for group in (on_nic, on_subnet) if direction == "Outbound" else (on_subnet, on_nic):
        if group is None:
            continue
        held = places.snapshot.get(group, NetworkSecurityGroup)
        if held is None:
            raise Fate("NSG_NOT_IN_EXPORT", rule)
        rule = pass_security_group(places, held, direction, packet, endpoint.subnet)
    return Passed(rule)
