"""The filters of one endpoint in one direction: admin rules, then the two security groups (SEMANTICS 1.3, 2.1)."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from tests.oracle.admin_rules import first_admin_match
from tests.oracle.judgement import Direction, Fate, Packet
from tests.oracle.places import Endpoint, Places
from tests.oracle.security_groups import pass_security_group


def pass_filters(
    places: Places, endpoint: Endpoint, direction: Direction, packet: Packet, *, closed: bool = False
) -> ResourceId | None:
    """The last rule that spoke, None when nothing filters. Raises Fate at the first refusal.

    `closed`: the packet comes through a Standard public IP, which lets nothing in without a security group.
    """
    admin = first_admin_match(places, endpoint, direction, packet)
    if admin is not None and admin.access == "AlwaysAllow":
        return admin.rule
    rule = admin.rule if admin is not None else None
    on_nic = endpoint.interface.network_security_group if endpoint.interface else None
    on_subnet = endpoint.subnet.network_security_group
    groups = (on_nic, on_subnet) if direction == "Outbound" else (on_subnet, on_nic)
    if closed and on_nic is None and on_subnet is None:
        raise Fate("PUBLIC_IP_CLOSED")
    for group in groups:
        if group is not None:
            rule = pass_security_group(places, group, direction, packet, endpoint.subnet)
    return rule
