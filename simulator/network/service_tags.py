"""Service tags: the named ones of Microsoft's list, the built-in ones, and the two that depend on the subnet.

Learn: azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.data import service_tags
from simulator.network.assumptions import is_assumed
from simulator.network.managers.connected_groups import connected_groups
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.peerings import gateways_serving, remote_prefixes
from simulator.network.prefixes import holds, readable_prefix, readable_prefixes
from simulator.space.addresses import IPV4_SPACE, Prefix, merge, parse_prefix, subtract

#: The virtual address of the host: DNS, DHCP and health probes come from it.
HOST_ADDRESS = "168.63.129.16/32"
#: IPv4 space that is not the public Internet. Recorded expansions also leave out Microsoft-internal blocks that change
#: from year to year; those are not modelled.
SPECIAL_BLOCKS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
)
#: Global unicast, all that IANA routes on the IPv6 Internet. No recording shows the tag's own IPv6 side.
_IPV6_INTERNET = parse_prefix("2000::/3")
#: Everything public, before a subnet's own space is taken out: see `internet_tag`.
INTERNET: tuple[Prefix, ...] = (
    *subtract((IPV4_SPACE,), (*readable_prefixes(SPECIAL_BLOCKS), parse_prefix(HOST_ADDRESS))),
    _IPV6_INTERNET,
)
#: Tags that are missing from Microsoft's list because the platform answers for them.
BUILT_IN_TAGS = {
    "azureloadbalancer": (HOST_ADDRESS, "fe80::1234:5678:9abc/128"),
    "azureplatformdns": (HOST_ADDRESS,),
    "azureplatformimds": ("169.254.169.254/32",),
    "azureplatformlkm": ("23.102.135.246/32", "20.118.99.224/32", "40.83.235.53/32"),
}
_DEFAULT_ROUTES = frozenset({parse_prefix("0.0.0.0/0"), parse_prefix("::/0")})


@per_network
def tag_prefixes(network: Network, name: str) -> tuple[Prefix, ...] | None:
    """The merged prefixes of a named tag, in any case; None = unknown tag.

    What the user declares comes first, then the built-in tags, then Microsoft's list. VirtualNetwork and Internet
    depend on the subnet and are not named tags.
    """
    wanted = name.strip().lower()
    declared = network.snapshot.declarations.service_tags
    texts = next((held for tag, held in declared.items() if tag.lower() == wanted), BUILT_IN_TAGS.get(wanted))
    if texts is not None:
        return merge(readable_prefixes(texts))
    listed = service_tags.lookup(wanted)
    return None if listed is None else merge(listed)


def virtual_network_tag(network: Network, subnet: ResourceId) -> tuple[Prefix, ...]:
    """The merged prefixes of ``VirtualNetwork`` as a rule on this subnet sees it.

    The VNet, its peers while access is allowed, its connected groups, everything its gateways route (propagation or
    not), the host's virtual address, and the prefixes of its user-defined routes: with a route for 0.0.0.0/0 the tag is
    everything. Routes to a service tag are not counted in: Learn speaks of prefixes only (an Issue says so). Under the
    assumption ``default_route_in_virtual_network = false`` default routes add nothing.
    """
    held = network.subnets[subnet]
    widens = is_assumed(network, "default_route_in_virtual_network")
    return _virtual_network_tag(network, held.virtual_network, held.route_table, widens)


def virtual_network_without_default_routes(network: Network, subnet: ResourceId) -> tuple[Prefix, ...]:
    """`virtual_network_tag` as it is without what default routes add."""
    held = network.subnets[subnet]
    return _virtual_network_tag(network, held.virtual_network, held.route_table, False)


def virtual_network_origins(network: Network, subnet: ResourceId, address: Prefix) -> tuple[str, ...]:
    """What puts the address into ``VirtualNetwork`` on this subnet, in words: ``0.0.0.0/0 of the route rt/default``."""
    held = network.subnets[subnet]
    widens = is_assumed(network, "default_route_in_virtual_network")
    parts = _parts(network, held.virtual_network, held.route_table)
    host = (parse_prefix(HOST_ADDRESS), f"{HOST_ADDRESS} of the host")
    return tuple(
        text for prefix, text in (*parts, host) if holds(prefix, address) and (widens or prefix not in _DEFAULT_ROUTES)
    )


def internet_tag(network: Network, subnet: ResourceId) -> tuple[Prefix, ...]:
    """`INTERNET` without what ``VirtualNetwork`` holds on this subnet.

    Default routes take nothing out: a route for 0.0.0.0/0 widens VirtualNetwork and leaves Internet as it is. Whether
    what gateways and routes to service tags cover is taken out are assumptions (see `ASSUMPTIONS`).
    """
    held = network.subnets[subnet]
    keeps, leaves = (is_assumed(network, key) for key in ("on_premises_in_internet", "tag_routes_leave_internet"))
    return _internet_tag(network, held.virtual_network, held.route_table, keeps, leaves)


def default_routes_widen(network: Network, subnet: ResourceId) -> bool:
    """Would a default route make ``VirtualNetwork`` hold every address on this subnet, where it is assumed to?"""
    held = network.subnets[subnet]
    return any(prefix in _DEFAULT_ROUTES for prefix, _ in _parts(network, held.virtual_network, held.route_table))


def internet_by_reading(network: Network, subnet: ResourceId, key: str) -> tuple[tuple[Prefix, ...], ...]:
    """`internet_tag` while the assumption `key` is true, and while it is false; the other one as it is in force."""
    held = network.subnets[subnet]
    in_force = {name: is_assumed(network, name) for name in ("on_premises_in_internet", "tag_routes_leave_internet")}
    readings = ({**in_force, key: value} for value in (True, False))
    return tuple(
        _internet_tag(network, held.virtual_network, held.route_table, *reading.values()) for reading in readings
    )


@per_network
def _virtual_network_tag(
    network: Network, virtual_network: ResourceId, route_table: ResourceId | None, default_routes_widen: bool
) -> tuple[Prefix, ...]:
    inside = (prefix for prefix, _ in _parts(network, virtual_network, route_table))
    kept = (prefix for prefix in inside if default_routes_widen or prefix not in _DEFAULT_ROUTES)
    return merge((*kept, parse_prefix(HOST_ADDRESS)))


@per_network
def _internet_tag(
    network: Network,
    virtual_network: ResourceId,
    route_table: ResourceId | None,
    keeps_on_premises: bool,
    tag_routes_leave: bool,
) -> tuple[Prefix, ...]:
    inside = [prefix for prefix, _ in (*_own_space(network, virtual_network), *_routed(network, route_table))]
    if not keeps_on_premises:
        inside += [prefix for prefix, _ in _behind_gateways(network, virtual_network)]
    if tag_routes_leave:
        inside += _tag_routes(network, route_table)
    return subtract(INTERNET, (prefix for prefix in inside if prefix not in _DEFAULT_ROUTES))


def _parts(
    network: Network, virtual_network: ResourceId, route_table: ResourceId | None
) -> Iterator[tuple[Prefix, str]]:
    """Each prefix of ``VirtualNetwork`` but the host's address, with where it comes from in words."""
    yield from _own_space(network, virtual_network)
    yield from _behind_gateways(network, virtual_network)
    yield from _routed(network, route_table)


def _routed(network: Network, route_table: ResourceId | None) -> Iterator[tuple[Prefix, str]]:
    table = network.snapshot.get(route_table, RouteTable)
    for route in table.routes if table is not None else ():
        yield from _named([route.address_prefix], f"the route {table.name if table else ''}/{route.name}")


def _tag_routes(network: Network, route_table: ResourceId | None) -> list[Prefix]:
    """What the table's routes to service tags cover."""
    table = network.snapshot.get(route_table, RouteTable)
    tags = (route.address_prefix for route in (table.routes if table is not None else ()))
    return [prefix for tag in tags if readable_prefix(tag) is None for prefix in tag_prefixes(network, tag) or ()]


def _own_space(network: Network, virtual_network: ResourceId) -> Iterator[tuple[Prefix, str]]:
    held = network.virtual_networks.get(virtual_network)
    if held is not None:
        yield from _named(held.prefixes, held.name)
    for link in network.links.get(virtual_network, ()):
        if link.allow_virtual_network_access:
            remote = link.remote_virtual_network
            yield from _named(remote_prefixes(network, virtual_network, remote), f"the peer {remote.name}")
    if held is not None:
        for group in connected_groups(network, virtual_network):
            for member in group.members:
                yield from _named(network.virtual_networks[member].prefixes, f"{member.name} in the connected group")


def _behind_gateways(network: Network, virtual_network: ResourceId) -> Iterator[tuple[Prefix, str]]:
    for gateway in gateways_serving(network, virtual_network):
        yield from _named((route.prefix for route in gateway.known_routes), f"the gateway {gateway.name}")


def _named(texts: Iterable[str], origin: str) -> Iterator[tuple[Prefix, str]]:
    for prefix in readable_prefixes(texts):
        yield prefix, f"{prefix} of {origin}"
