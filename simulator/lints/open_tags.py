"""Lint of the tag VirtualNetwork where a default route makes it every address: it lets the Internet in.

The tag itself is an issue of the network for information (VNS2032).
Learn: azure/virtual-network/service-tags-overview (VirtualNetwork "might also contain default routes")
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.dataplane.filter_table import BY_DEFAULT_ROUTE
from simulator.dataplane.plane import DataPlane
from simulator.lints.finding import Finding
from simulator.lints.rule_lists import as_read, tag_views
from simulator.lints.rule_space import Budget, BudgetExceededError, RuleSpace
from simulator.lints.rules import ids_of, rule_name, unexamined
from simulator.lints.useless_rules import STEPS_A_RULE
from simulator.lints.wording import listed
from simulator.network.filter_rules import ANY_ADDRESS, ANY_PORT, AddressSet, FilterRule, security_group_rules
from simulator.network.managers.admin_rules import admin_rules
from simulator.network.model import Endpoint, Network
from simulator.network.prefixes import host_prefix, readable_prefix
from simulator.network.system_routes import IPV4_DEFAULT
from simulator.space.addresses import Prefix, merge
from simulator.walk.explain import data_plane

Rules = tuple[FilterRule, ...]


def open_by_default_route(network: Network) -> Iterator[Finding]:
    """Public addresses that the Internet reaches by rules for VirtualNetwork, and whose replies find back."""
    for endpoint in network.endpoints:
        route = _route_to_internet(network, endpoint.subnet) if endpoint.public_addresses else None
        if route is None or endpoint.kind != "nic":
            continue
        try:
            rules = _opening(data_plane(network), endpoint)
        except BudgetExceededError:
            yield unexamined(endpoint.name, "whether they let the Internet in", _groups(network, endpoint)[0])
            continue
        if rules:
            message = (
                f"{endpoint.name} is open to the Internet by {listed([rule_name(rule) for rule in rules])}: the "
                f"default route {route.parent.name}/{route.name} makes VirtualNetwork every address on "
                f"{endpoint.subnet.name}"
            )
            hint = "deny Internet by a rule before them, or name the networks that are meant"
            yield Finding("warning", "VNS6007", message, str(endpoint.id), hint, (*ids_of(rules), route))


def _route_to_internet(network: Network, subnet: ResourceId) -> ResourceId | None:
    held = network.subnets.get(subnet)
    table = network.snapshot.get(held.route_table, RouteTable) if held is not None else None
    default = readable_prefix(IPV4_DEFAULT)
    routes = table.routes if table is not None else ()
    return next(
        (
            route.id
            for route in routes
            if readable_prefix(route.address_prefix) == default and route.next_hop_type == "Internet"
        ),
        None,
    )


def _groups(network: Network, endpoint: Endpoint) -> list[Rules]:
    """The inbound rules of the groups at the endpoint; nothing where one is not in the export."""
    subnet = network.subnets[endpoint.subnet]
    groups = [group for group in (subnet.network_security_group, endpoint.security_group) if group is not None]
    lists = [security_group_rules(network, group, "Inbound") for group in groups]
    return [as_read(network, rules) for rules in lists if rules is not None] if None not in lists else []


def _opening(plane: DataPlane, endpoint: Endpoint) -> Rules:
    """The rules for VirtualNetwork by which packets pass whose source is in it by a default route only.

    Packets that an admin rule matches are left out.
    """
    network, groups = plane.network, _groups(plane.network, endpoint)
    admin = as_read(network, admin_rules(network, endpoint.virtual_network, "Inbound"))
    hosts = merge(host for text in endpoint.addresses if (host := host_prefix(text)) is not None)
    box = FilterRule(
        endpoint.id,
        "box",
        0,
        "Allow",
        (),
        _by_default_route(plane, endpoint.subnet),
        AddressSet(hosts),
        ANY_PORT,
        ANY_PORT,
    )
    [view] = tag_views(plane, [endpoint.subnet])
    space = RuleSpace(
        (*admin, *(rule for rules in groups for rule in rules), box), view, Budget(STEPS_A_RULE * 10, STEPS_A_RULE * 10)
    )
    last = len(space.rules) - 1
    starts = [len(admin) + sum(map(len, groups[:at])) for at in range(len(groups))]
    allowing = [
        [start + at for at, rule in enumerate(rules) if rule.action == "Allow"]
        for start, rules in zip(starts, groups, strict=True)
    ]
    opening: dict[int, FilterRule] = {}
    for deciding in product(*allowing) if groups else ():
        named = [at for at in deciding if "VirtualNetwork" in space.rules[at].sources.tags]
        before = (1 << len(admin)) - 1 | sum(
            (1 << at) - (1 << start) for at, start in zip(deciding, starts, strict=True)
        )
        if named and not {*named} <= opening.keys() and space.packet([*deciding, last], before) is not None:
            opening |= {at: space.rules[at] for at in named}
    return tuple(opening.values())


def _by_default_route(plane: DataPlane, subnet: ResourceId) -> AddressSet:
    """The public addresses that nothing but a default route puts into VirtualNetwork on the subnet."""
    row = plane.facts.tag[plane.facts.context_of_subnet[plane.places.subnet_number[subnet]]]
    chosen = ((row & BY_DEFAULT_ROUTE) != 0) & plane.facts.is_public
    points = plane.regions.points
    ends = [*points, ANY_ADDRESS.prefixes[-1].high + 1]
    return AddressSet(merge(Prefix(low, stop - 1) for at, (low, stop) in enumerate(pairwise(ends)) if chosen[at]))
