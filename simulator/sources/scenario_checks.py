"""What Azure would refuse in a scenario, found where it is written.

The network room finds the same in any input, after the fact and by resource id; a file written by hand is told at once,
with the line.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right

from pydantic_core import PydanticCustomError

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import NEXT_HOP_TYPES
from simulator.sources.scenario_build import Build
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_fields import is_service_tag, network_prefix
from simulator.sources.scenario_models import Route
from simulator.sources.scenario_rules import next_hop_of, takes_no_ip
from simulator.space.addresses import Prefix, format_address, merge, parse_address, parse_prefix

#: The codes of the network room for the same mistakes.
OUTSIDE_NETWORK, OVERLAP, PRIORITY_TAKEN = "VNS2001", "VNS2002", "VNS2005"
ADDRESS_TAKEN, OUTSIDE_SUBNET, PREFIX_TAKEN = "VNS2028", "VNS2029", "VNS2034"

#: Appliances of one route: Azure's limit of VirtualApplianceEcmp.
MOST_APPLIANCES = 64


def check(build: Build) -> None:
    """Adds to `build.errors` whatever does not fit together."""
    _check_spaces(build)
    _check_rules(build)
    _check_routes(build)
    _check_addresses(build)
    _check_hosts(build)


def _check_spaces(build: Build) -> None:
    for name, network in build.scenario.virtual_networks.items():
        path: Path = ("virtual_networks", name)
        space = [(text, name, (*path, "address_space", at)) for at, text in enumerate(network.address_space)]
        subnets = [
            (text, f"{name}/{subnet_name}", (*path, "subnets", subnet_name, "prefix", at))
            for subnet_name, subnet in network.subnets.items()
            for at, text in enumerate(subnet.prefix)
        ]
        _check_overlap(build, space, "address spaces")
        _check_overlap(build, subnets, "subnets")
        held = merge(parse_prefix(text) for text in network.address_space)
        for text, label, where in subnets:
            if not _is_inside(parse_prefix(text), held):
                message = (
                    f"{label}: {text} lies outside the address space of {name} ({', '.join(network.address_space)})"
                )
                hint = "widen address_space, or move the subnet into it"
                build.errors.add(OUTSIDE_NETWORK, message, where, hint=hint)


def _is_inside(prefix: Prefix, space: tuple[Prefix, ...]) -> bool:
    at = bisect_right(space, prefix.low, key=lambda part: part.low) - 1
    return at >= 0 and space[at].covers(prefix)


def _check_overlap(build: Build, written: list[tuple[str, str, Path]], what: str) -> None:
    """Each prefix against the widest one that begins before it; the one written later is at fault."""
    ordered = sorted((parse_prefix(text), at) for at, (text, _, _) in enumerate(written))
    widest: tuple[Prefix, int] | None = None
    for prefix, at in ordered:
        if widest is not None and prefix.overlaps(widest[0]):
            first, second = sorted((at, widest[1]))
            (text, label, where), (other, other_label, _) = written[second], written[first]
            message = f"{label}: {text} overlaps {other}" + (f" of {other_label}" if other_label != label else "")
            build.errors.add(OVERLAP, message, where, hint=f"{what} of one VNet must not share addresses")
        if widest is None or prefix.high > widest[0].high:
            widest = (prefix, at)


def _check_rules(build: Build) -> None:
    for group, rules in build.scenario.network_security_groups.items():
        priorities: dict[tuple[str, int], str] = {}
        names: set[str] = set()
        for at, rule in enumerate(rules):
            path: Path = ("network_security_groups", group, at)
            if rule.name.lower() in names:
                message = f"{group}/{rule.name}: another rule of {group} has this name"
                build.errors.add("VNS1207", message, (*path, "name"), hint="rename one of the two")
            names.add(rule.name.lower())
            other = priorities.setdefault((rule.direction, rule.priority), rule.name)
            if other != rule.name:
                message = f"{group}/{rule.name}: priority {rule.priority} is taken by {other} ({rule.direction})"
                hint = "a priority is unique within one direction of a group"
                build.errors.add(PRIORITY_TAKEN, message, (*path, "priority"), hint=hint)


def _check_routes(build: Build) -> None:
    for table, spec in build.scenario.route_tables.items():
        prefixes: dict[str, str] = {}
        for name, route in spec.routes.items():
            path: Path = ("route_tables", table, "routes", name)
            label = f"{table}/{name}"
            _check_route_prefix(build, label, route.prefix, (*path, "prefix"))
            other = prefixes.setdefault(route.prefix.lower(), name)
            if other != name:
                message = f"{label}: {route.prefix} is the prefix of {other} too"
                build.errors.add(
                    PREFIX_TAKEN, message, (*path, "prefix"), hint="a route table has one route for a prefix"
                )
            _check_next_hop(build, label, route, (*path, "next_hop"))
            if takes_no_ip(route):
                message = f"{label}: next_hop {', '.join(route.next_hop)} takes no ip"
                build.errors.add("VNS1204", message, (*path, "ip"), hint="ip belongs to next_hop: VirtualAppliance")


def _check_route_prefix(build: Build, label: str, text: str, path: Path) -> None:
    if is_service_tag(text):
        return
    try:
        network_prefix(text)
    except PydanticCustomError as error:
        build.errors.add_refusal(label, error, path)


def _check_next_hop(build: Build, label: str, route: Route, path: Path) -> None:
    kind, addresses = next_hop_of(route)
    if kind == "VirtualAppliance" and not addresses:
        build.errors.add("VNS1203", f"{label}: ip is missing", path, hint="write ip: the address of the appliance")
    elif kind == "VirtualApplianceEcmp" and not 2 <= len({*addresses}) <= MOST_APPLIANCES:
        hint = f"write next_hop: [10.1.1.4, 10.1.1.5], with 2 to {MOST_APPLIANCES} addresses"
        build.errors.add("VNS1204", f"{label}: {len({*addresses})} appliances share the packets", path, hint=hint)
    for address in addresses if kind.startswith("VirtualAppliance") else ():
        _check_appliance(build, label, address, path)


def _check_appliance(build: Build, label: str, address: str, path: Path) -> None:
    try:
        parse_address(address)
    except ValueError:
        kinds = ", ".join(dict.fromkeys(NEXT_HOP_TYPES.values()))
        message = f"{label}: {address!r} is neither an IP address nor a next hop type"
        build.errors.add("VNS1206", message, path, hint=f"write an address, or one of {kinds}")


def _check_addresses(build: Build) -> None:
    taken: dict[tuple[ResourceId, int], str] = {}
    for placed in build.placed:
        held = build.prefixes.get(placed.subnet)
        network = placed.subnet.parent
        where = _place_in(held, placed.address) if held is not None else ""
        if where:
            label = f"{network.name}/{placed.subnet.name}"
            hint = _free_address(held or [], {value for owner, value in taken if owner == network})
            message = f"{placed.name}: {placed.address} {where} {label} ({', '.join(held or [])})"
            build.errors.add(OUTSIDE_SUBNET, message, placed.path, hint=hint)
        other = taken.setdefault((network, parse_address(placed.address)), placed.name)
        if other != placed.name:
            message = f"{placed.name}: {placed.address} is the address of {other} too"
            build.errors.add(ADDRESS_TAKEN, message, placed.path, hint="an address is unique within a VNet")


def _place_in(prefixes: list[str], text: str) -> str:
    """Why Azure gives `text` to nobody in this subnet; empty when it may be used."""
    address = ipaddress.ip_address(text.strip())
    for network in (ipaddress.ip_network(prefix, strict=False) for prefix in prefixes):
        if address.version == network.version and address in network:
            offset = int(address) - int(network.network_address)
            is_last = address.version == 4 and address == network.broadcast_address
            return "is kept by Azure in" if offset < 4 or is_last else ""
    return "lies outside"


def _free_address(prefixes: list[str], taken: set[int]) -> str:
    for prefix in map(parse_prefix, prefixes[:1]):
        free = next((value for value in range(prefix.low + 4, prefix.high) if value not in taken), None)
        return f"for example, {format_address(free)} is free there" if free is not None else "the subnet is full"
    return ""


def _check_hosts(build: Build) -> None:
    for name, network in build.scenario.on_premises.items():
        prefixes = [parse_prefix(text) for text in network.prefixes]
        for host, address in network.hosts.items():
            value = parse_address(address)
            if not any(prefix.low <= value <= prefix.high for prefix in prefixes):
                message = f"{name}/{host}: {address} lies outside {', '.join(network.prefixes)}"
                path = ("on_premises", name, "hosts", host)
                build.errors.add("VNS1208", message, path, hint=f"add its prefix to {name}")
