"""Which rows of a route table Azure ever chooses: the precedence of equal prefixes and its exceptions.

Learn: azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from simulator.network.assumptions import is_assumed
from simulator.network.model import Network
from simulator.network.prefixes import PrefixIndex, holds, host_prefix, readable_prefix, readable_prefixes
from simulator.network.routes import APPLIANCES, EffectiveRoute, NextHopType
from simulator.network.system_routes import IPV4_DEFAULT, IPV6_DEFAULT
from simulator.space.addresses import Prefix, parse_prefix

#: System routes that beat a gateway's route even where that one is more specific, in their own order.
_SHIELDS: tuple[NextHopType, ...] = (
    "VnetLocal",
    "VNetPeering",
    "VNetGlobalPeering",
    "ConnectedGroup",
    "VirtualNetworkServiceEndpoint",
)
_PEERINGS: tuple[NextHopType, ...] = ("VNetPeering", "VNetGlobalPeering")
_SYSTEM_ORDER = {kind: at for at, kind in enumerate((*_SHIELDS, "InterfaceEndpoint"))}
#: Policies of a private endpoint's subnet under which a user-defined route may take the place of the host route.
ROUTE_TABLE_POLICIES = frozenset({"enabled", "routetableenabled"})

Rank = tuple[int, int]
#: The prefixes of a row, as they are written and read.
Parsed = list[tuple[str, Prefix | None]]


def with_states(network: Network, rows: tuple[EffectiveRoute, ...]) -> tuple[EffectiveRoute, ...]:
    """The rows with those marked Invalid that are never chosen, and without those that Azure leaves out.

    A row with several prefixes of which only some are overridden becomes two rows. Equal prefixes: User, then the
    VNet's own system routes, then gateway, then the other system routes. The same outcome is marked for a gateway route
    inside a prefix of the VNet, a peer or a service endpoint, for a route to Internet inside a service endpoint, and
    for a route of a connected group inside a prefix of a peer.
    """
    parsed = [(row, [(text, readable_prefix(text)) for text in row.prefixes]) for row in rows]
    overruled = _overruled_by_endpoints(network, rows)
    shields = {"VirtualNetworkGateway": _index(parsed, _SHIELDS), "ConnectedGroup": _index(parsed, _PEERINGS)}
    best: dict[Prefix, Rank] = {}
    for at, (row, prefixes) in enumerate(parsed):
        for _, prefix in prefixes:
            if prefix is not None and not _is_shielded(row, prefix, shields, overruled.get(at)):
                best[prefix] = min(best.get(prefix, (99, 0)), (_rank(row), at))
    stated = [
        part
        for at, (row, prefixes) in enumerate(parsed)
        for part in _split(row, [prefix is not None and best.get(prefix) == (_rank(row), at) for _, prefix in prefixes])
    ]
    return tuple(_without_what_azure_omits(_with_private_endpoints(network, stated)))


def _rank(row: EffectiveRoute) -> int:
    """Precedence at equal prefixes, the smallest wins; equal ranks go by position."""
    if row.source == "User":
        return _tag_rank(row.service_tag)
    if row.source == "VirtualNetworkGateway":
        return 20
    return 10 + _SYSTEM_ORDER[row.next_hop_type] if row.next_hop_type in _SYSTEM_ORDER else 30


def _tag_rank(tag: str | None) -> int:
    """An explicit prefix, then a regional tag, a tag, AzureCloud of a region, AzureCloud."""
    if tag is None:
        return 0
    service, _, region = tag.lower().partition(".")
    return (3 if service == "azurecloud" else 1) + (0 if region else 1)


def _overruled_by_endpoints(network: Network, rows: tuple[EffectiveRoute, ...]) -> Mapping[int, PrefixIndex]:
    """Position of each user-defined route that yields to service endpoints → the prefixes to which it yields.

    A route to Internet leaves the endpoint in place; under the assumption ``se_beats_udr`` every route does.
    """
    held = [row for row in rows if row.next_hop_type == "VirtualNetworkServiceEndpoint"]
    if not held:
        return {}
    endpoints = PrefixIndex(prefix for row in held for prefix in readable_prefixes(row.prefixes))
    always = is_assumed(network, "se_beats_udr")
    return {
        at: endpoints
        for at, row in enumerate(rows)
        if row.source == "User" and (always or row.next_hop_type == "Internet")
    }


def _index(parsed: Sequence[tuple[EffectiveRoute, Parsed]], kinds: tuple[NextHopType, ...]) -> PrefixIndex:
    """The prefixes of the system's routes of these kinds."""
    return PrefixIndex(
        prefix
        for row, prefixes in parsed
        if row.next_hop_type in kinds and row.source == "Default"
        for _, prefix in prefixes
        if prefix is not None
    )


def _is_shielded(
    row: EffectiveRoute, prefix: Prefix, shields: Mapping[str, PrefixIndex], overruling: PrefixIndex | None
) -> bool:
    """Never chosen for the prefix, whatever its length. `shields`: next hop type → what such a route yields to."""
    if overruling is not None and overruling.holds(prefix):
        return True
    shield = shields.get(row.next_hop_type) if row.source != "User" else None
    return shield is not None and shield.holds(prefix)


def _split(row: EffectiveRoute, chosen: list[bool]) -> Iterator[EffectiveRoute]:
    """The row with the prefixes that are chosen, and the row with the others, whichever are not empty."""
    if not chosen:
        yield row
    for is_active in (True, False):
        at = [index for index, active in enumerate(chosen) if active == is_active]
        if at:
            yield replace(
                row,
                state="Active" if is_active else "Invalid",
                prefixes=tuple(row.prefixes[index] for index in at),
                members=tuple(row.members[index] for index in at) if row.members else (),
            )


def _without_what_azure_omits(rows: list[EffectiveRoute]) -> Iterator[EffectiveRoute]:
    """Reserved blocks go with any default route of the user's or a gateway's, or with an equal prefix; with a gateway's
    default route the system's goes too (with a user's it stays, Invalid)."""
    added = [row for row in rows if row.source != "Default"]
    sources = {
        default: {row.source for row in added if parse_prefix(default) in readable_prefixes(row.prefixes)}
        for default in (IPV4_DEFAULT, IPV6_DEFAULT)
    }
    for row in rows:
        is_reserved = row.source == "Default" and row.next_hop_type == "None"
        is_default = row.source == "Default" and row.next_hop_type == "Internet"
        if is_reserved and (sources[IPV4_DEFAULT] or row.state == "Invalid"):
            continue
        if is_default and "VirtualNetworkGateway" in sources[row.prefixes[0]]:
            continue
        yield row


def _with_private_endpoints(network: Network, rows: list[EffectiveRoute]) -> list[EffectiveRoute]:
    """Host routes to private endpoints whose subnet lets a user-defined route take their place are marked Invalid."""
    return [
        replace(row, state="Invalid")
        if row.next_hop_type == "InterfaceEndpoint" and _is_replaced(network, row, rows)
        else row
        for row in rows
    ]


def _is_replaced(network: Network, row: EffectiveRoute, rows: list[EffectiveRoute]) -> bool:
    """Whether the route that would be chosen otherwise is the user's, leads to an appliance, and is no shorter than the
    address space that the endpoint lies in."""
    host = host_prefix(row.prefixes[0].partition("/")[0])
    assert host is not None and row.virtual_network is not None
    home = network.virtual_networks.get(row.virtual_network)
    if home is None or not _allows_route_tables(network, row, host):
        return False
    others = [other for other in rows if other.next_hop_type != "InterfaceEndpoint"]
    chosen = longest_match(others, host)
    space = [prefix.length for prefix in readable_prefixes(home.prefixes) if holds(prefix, host)]
    if chosen is None or not space:
        return False
    route, prefix = chosen
    return route.source == "User" and route.next_hop_type in APPLIANCES and prefix.length >= max(space)


def _allows_route_tables(network: Network, row: EffectiveRoute, host: Prefix) -> bool:
    assert row.virtual_network is not None
    endpoint = network.endpoint_at(row.virtual_network, str(host).partition("/")[0])
    subnet = network.subnets.get(endpoint.subnet) if endpoint else None
    policy = subnet.private_endpoint_network_policies if subnet else None
    return (policy or "Disabled").lower() in ROUTE_TABLE_POLICIES


def longest_match(rows: list[EffectiveRoute], host: Prefix) -> tuple[EffectiveRoute, Prefix] | None:
    """The Active row with the longest prefix that covers `host`, and that prefix."""
    best: tuple[EffectiveRoute, Prefix] | None = None
    for row in rows:
        if row.state == "Active":
            for prefix in readable_prefixes(row.prefixes):
                if holds(prefix, host) and (best is None or prefix.length > best[1].length):
                    best = (row, prefix)
    return best
