"""Routes that lead from subnets to other networks through a firewall: the route tables that Azure would need for it.

A reply takes the routes of its own subnet: a way through a firewall wants routes at both ends, or the firewall drops
what it sees one half of.
Learn: azure/firewall/tutorial-hybrid-portal, azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from pydantic_core import PydanticCustomError

from simulator.azure.firewall import AzureFirewall
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from simulator.network.model import Network, grouped
from simulator.network.network import build_network
from simulator.network.peerings import remote_prefixes
from simulator.network.prefixes import host_prefix, readable_prefix, readable_prefixes
from simulator.sources.scenario_fields import network_prefix
from simulator.whatif.lookup import find, find_subnet, free_name
from simulator.whatif.step import Body, Position

#: Subnets, in lower case, that take no route to a firewall.
_WITHOUT_ROUTES = ("azurefirewallsubnet", "azurefirewallmanagementsubnet", "azurebastionsubnet", "routeserversubnet")
#: A VNet stands for its other subnets: the gateway's has routes for what comes from on-premises.
_APART = (*_WITHOUT_ROUTES, "gatewaysubnet")


class Target(Struct, frozen=True):
    """Where routes lead: what a person calls it, its prefixes, and the VNet or subnet that it is, where it is one."""

    name: str
    prefixes: tuple[str, ...]
    identity: ResourceId | None = None


class Detour(Struct, frozen=True):
    """What a subnet of a VNet has to route: prefixes with names for their routes, in the order they were asked for."""

    virtual_network: ResourceId
    subnet: Subnet
    routes: tuple[tuple[str, str], ...]


class RouteThrough(Struct, frozen=True):
    """Routes from `subnets` to `to` through a firewall.

    `subnets` None are those of every VNet that the firewall's VNet is peered with, `to` None all these VNets.
    """

    firewall: str
    subnets: tuple[str, ...] | None
    to: tuple[str, ...] | None
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> RouteThrough:
        body = Body.of(value, position, keys=("subnets", "firewall", "to"))
        subnets, to = (body.texts(key) if body.has(key) else None for key in ("subnets", "to"))
        return cls(body.text("firewall"), subnets, to, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        network = build_network(snapshot)
        place = self.position / "firewall"
        firewall = find(snapshot, AzureFirewall, "firewall", self.firewall, place)
        hop, home = _private_address(network, firewall, place)
        peers = [held for held in snapshot.virtual_networks if (home, held.id) in network.peerings]
        targets = [*self._targets(snapshot, peers)]
        routed = (
            Detour(owner.id, subnet, _routes(network, owner.id, subnet, targets, through=firewall.name))
            for owner, subnet in self._senders(snapshot, peers)
        )
        detours = {held.subnet.id: held for held in routed if held.routes}
        if not detours:
            raise self.position.error(
                "VNS4004", f"there is nothing to route through {firewall.name}", "name other subnets, or other targets"
            )
        return _made(snapshot, detours, hop, self.position / "subnets")

    def _senders(self, snapshot: Snapshot, peers: Iterable[VirtualNetwork]) -> Iterator[tuple[VirtualNetwork, Subnet]]:
        """The subnets that are named, with their VNets."""
        if self.subnets is None:
            for peer in peers:
                yield from _ordinary(peer)
        for at, name in enumerate(self.subnets or ()):
            yield from _subnets(snapshot, name, self.position / "subnets" / at)

    def _targets(self, snapshot: Snapshot, peers: Iterable[VirtualNetwork]) -> Iterator[Target]:
        if self.to is None:
            yield from (Target(peer.name, peer.prefixes, peer.id) for peer in peers)
        for at, name in enumerate(self.to or ()):
            yield _target(snapshot, name, self.position / "to" / at)


def _private_address(network: Network, firewall: AzureFirewall, position: Position) -> tuple[str, ResourceId]:
    """The firewall's private address, and its VNet."""
    endpoint = network.endpoint(firewall.id)
    if endpoint is None or not endpoint.addresses:
        hint = "name a firewall that stands in a subnet: those of Virtual WAN hubs are not modelled"
        raise position.error("VNS4004", f"{firewall.name} has no private address in the network", hint)
    return endpoint.addresses[0], endpoint.virtual_network


def _ordinary(network: VirtualNetwork) -> Iterator[tuple[VirtualNetwork, Subnet]]:
    for subnet in network.subnets:
        if subnet.name.lower() not in _APART:
            yield network, subnet


def _subnets(snapshot: Snapshot, name: str, position: Position) -> Iterator[tuple[VirtualNetwork, Subnet]]:
    """The subnet of ``vnet/subnet``, or the ordinary ones of a VNet."""
    if not _is_subnet(name):
        yield from _ordinary(find(snapshot, VirtualNetwork, "virtual network", name, position))
        return
    network, subnet = find_subnet(snapshot, name, position)
    if subnet.name.lower() in _WITHOUT_ROUTES:
        raise position.error("VNS4004", f"{subnet.name} takes no routes to a firewall", "name the subnets of machines")
    yield network, subnet


def _is_subnet(name: str) -> bool:
    return name.lower().rpartition("/providers/")[2].count("/") not in (0, 2)


def _target(snapshot: Snapshot, name: str, position: Position) -> Target:
    """A prefix, a VNet or a subnet."""
    if host_prefix(name.partition("/")[0]) is not None:
        return Target(name, (_ipv4_prefix(name, position),))
    if _is_subnet(name):
        _, subnet = find_subnet(snapshot, name, position)
        return Target(f"{subnet.virtual_network.name}-{subnet.name}", subnet.prefixes, subnet.id)
    held = find(snapshot, VirtualNetwork, "virtual network", name, position)
    return Target(held.name, held.prefixes, held.id)


def _ipv4_prefix(text: str, position: Position) -> str:
    try:
        prefix = network_prefix(text)
    except PydanticCustomError as refused:
        said = refused.context or {}
        raise position.error("VNS4004", said["message"], said["hint"]) from None
    if ":" in prefix:
        hint = "an Azure Firewall has an IPv4 address, and a route leads to addresses of its own family"
        raise position.error("VNS4004", f"{prefix} is IPv6", hint)
    return prefix


def _routes(
    network: Network, own: ResourceId, subnet: Subnet, targets: Iterable[Target], *, through: str
) -> tuple[tuple[str, str], ...]:
    """A VNet means its space and what a peering with it routes, since the longest prefix wins; an IPv4 hop, IPv4 only.

    What the subnet itself is part of is left out: neighbours go on talking directly.
    """
    names: dict[str, str] = {}
    for target in targets:
        if target.identity in (own, subnet.id):
            continue
        peered = () if target.identity is None else remote_prefixes(network, own, target.identity)
        for prefix in readable_prefixes((*target.prefixes, *peered)):
            if prefix.is_ipv4:
                names.setdefault(str(prefix), f"{target.name.replace('/', '-')}-by-{through}")
    return tuple(names.items())


def _made(snapshot: Snapshot, detours: Mapping[ResourceId, Detour], hop: str, position: Position) -> Snapshot:
    """Each route in its subnet's route table; in a copy where others keep the table as it is; in a new one for none."""
    subnets = [subnet for network in snapshot.virtual_networks for subnet in network.subnets]
    users = grouped((subnet.route_table, subnet.id) for subnet in subnets)
    alike = grouped(
        ((held.subnet.route_table, held.virtual_network, held.routes), held.subnet.id) for held in detours.values()
    )
    for (table, virtual_network, routes), senders in alike.items():
        keeps = any(user not in detours or detours[user].routes != routes for user in users[table])
        base = _table(snapshot, table, virtual_network, position, is_another=table is None or keeps)
        snapshot = snapshot.with_resource(base.model_copy(update={"routes": _edited(base, routes, hop)}))
        snapshot = _attached(snapshot, base.id, virtual_network, senders)
    return snapshot


def _table(
    snapshot: Snapshot, held: ResourceId | None, virtual_network: ResourceId, position: Position, *, is_another: bool
) -> RouteTable:
    """The table that is there; or another one for the VNet: its copy, or an empty one where there is none."""
    table = snapshot.get(held, RouteTable)
    if held is not None and table is None:
        message = f"the route table {held.name} is not in the network: nobody knows which routes it has"
        raise position.error("VNS4005", message, "export it too, or name subnets with other route tables")
    if table is not None and not is_another:
        return table
    near = virtual_network if table is None else table.id
    name = f"rt-{virtual_network.name}" if table is None else f"{table.name}-{virtual_network.name}"
    taken = {resource.name.lower() for resource in snapshot.all(RouteTable)}
    identity = near.parent.child("routeTables", free_name(name, taken))
    owner = snapshot.get(virtual_network, VirtualNetwork)
    own = {"id": identity, "name": identity.name, "location": owner.location if owner else ""}
    if table is None:
        return RouteTable.model_validate(own)
    routes = tuple(route.model_copy(update={"id": identity.child("routes", route.name)}) for route in table.routes)
    return table.model_copy(update={**own, "routes": routes, "resource_guid": None})


def _edited(table: RouteTable, routes: Iterable[tuple[str, str]], hop: str) -> tuple[Route, ...]:
    """The table's routes with these: one of the very same prefix becomes the new one and keeps its name."""
    to_hop = {"next_hop_type": "VirtualAppliance", "next_hop_ip_address": hop}
    wanted = {readable_prefix(text): (text, name) for text, name in routes}
    taken = {route.name.lower() for route in table.routes}
    held = []
    for route in table.routes:
        is_same = wanted.pop(readable_prefix(route.address_prefix), None) is not None
        held.append(route.model_copy(update={**to_hop, "next_hop": None}) if is_same else route)
    for text, name in wanted.values():
        identity = table.id.child("routes", free_name(name, taken))
        taken.add(identity.name.lower())
        held.append(Route.model_validate({"id": identity, "address_prefix": text, **to_hop}))
    return tuple(held)


def _attached(
    snapshot: Snapshot, table: ResourceId, virtual_network: ResourceId, senders: Collection[ResourceId]
) -> Snapshot:
    network = snapshot.get(virtual_network, VirtualNetwork)
    assert network is not None
    subnets = tuple(
        subnet.model_copy(update={"route_table": table}) if subnet.id in senders else subnet
        for subnet in network.subnets
    )
    return snapshot.with_resource(network.model_copy(update={"subnets": subnets}))
