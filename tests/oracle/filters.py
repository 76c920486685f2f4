"""The filters of one endpoint in one direction: admin rules, then the two security groups (SEMANTICS 1.3, 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from tests.oracle.admin_rules import first_admin_match
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Direction, Fate, Packet
from tests.oracle.places import Places
from tests.oracle.security_groups import pass_security_group


@dataclass(frozen=True)
class Passed:
    """The last rule that spoke, None when nothing filters; `bypassed`: an AlwaysAllow skipped the groups."""

    rule: ResourceId | None
    bypassed: bool = False


def pass_filters(
    places: Places, endpoint: Endpoint, direction: Direction, packet: Packet, *, transits: bool = False
) -> Passed:
    """Raises Fate at the first refusal. `transits`: the endpoint only forwards the packet."""
    admin = first_admin_match(places, endpoint, direction, packet)
    if admin is not None and admin.access == "AlwaysAllow":
        return Passed(admin.rule, bypassed=True)
    rule = admin.rule if admin is not None else None
    for group in groups_in_order(places, endpoint, direction, transits=transits):
        rule = _ask(places, endpoint, group, direction, packet, rule)
    return Passed(rule)


def groups_in_order(
    places: Places, endpoint: Endpoint, direction: Direction, *, transits: bool = False
) -> list[ResourceId]:
    """The security groups that are asked here, by id."""
    on_nic = endpoint.interface.network_security_group if endpoint.interface else None
    on_subnet = endpoint.subnet.network_security_group
    if transits and not places.assumes("appliance_filters_see_transit"):
        return []
    if endpoint.is_private_endpoint:
        on_nic, on_subnet = None, on_subnet if endpoint.is_filtered_private_endpoint else None
    ordered = (on_nic, on_subnet) if direction == "Outbound" else (on_subnet, on_nic)
    places.layers |= {"NIC NSG"} if on_nic else set()
    places.layers |= {"subnet NSG"} if on_subnet else set()
    return [group for group in ordered if group is not None]


def _ask(
    places: Places,
    endpoint: Endpoint,
    group: ResourceId,
    direction: Direction,
    packet: Packet,
    spoken: ResourceId | None,
) -> ResourceId:
    held = places.snapshot.get(group, NetworkSecurityGroup)
    if held is None:
        raise Fate("NSG_NOT_IN_EXPORT", spoken)
    any_source_port = endpoint.is_private_endpoint
    return pass_security_group(places, held, direction, packet, endpoint.subnet, any_source_port=any_source_port)
