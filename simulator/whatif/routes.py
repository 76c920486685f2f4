"""Adding, removing and editing user-defined routes. A route is written as in a scenario, with its name.

Learn: azure/virtual-network/manage-route-table
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.route_table import NEXT_HOP_TYPES, Route, RouteTable
from simulator.azure.snapshot import Snapshot
from simulator.sources import scenario_models as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_fields import Name
from simulator.sources.scenario_rules import next_hop_of, takes_no_ip, user_route
from simulator.space.addresses import parse_address
from simulator.whatif.lookup import existing_child, find, replaced, with_child
from simulator.whatif.step import Body, Position, read_part

WHAT = "route"


class NamedRoute(models.Route):
    """A route of a scenario that carries its name with it."""

    name: Name


class AddRoute(Struct, frozen=True):
    route_table: str
    route: NamedRoute
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> AddRoute:
        body = Body.of(value, position, keys=("route_table", "route"))
        return cls(body.text("route_table"), body.part("route", NamedRoute), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        table = _table(snapshot, self.route_table, self.position)
        place = self.position / "route"
        route = _route(table, self.route, place)
        return _with_routes(snapshot, table, with_child(table.routes, route, WHAT, place))


class RemoveRoute(Struct, frozen=True):
    route_table: str
    route: str
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> RemoveRoute:
        body = Body.of(value, position, keys=("route_table", "route"))
        return cls(body.text("route_table"), body.text("route"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        table = _table(snapshot, self.route_table, self.position)
        route = existing_child(table.routes, table.name, WHAT, self.route, self.position / "route")
        return _with_routes(snapshot, table, replaced(table.routes, route, None))


class EditRoute(Struct, frozen=True):
    route_table: str
    route: str
    settings: Mapping[str, Any]
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> EditRoute:
        body = Body.of(value, position, keys=("route_table", "route", "set"))
        return cls(body.text("route_table"), body.text("route"), body.mapping("set"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        table = _table(snapshot, self.route_table, self.position)
        route = existing_child(table.routes, table.name, WHAT, self.route, self.position / "route")
        place = self.position / "set"
        if "name" in self.settings:
            raise (place / "name").error("VNS4004", "Azure does not rename routes", "remove the route and add another")
        written = _written(route)
        if "next_hop" in self.settings:
            written.pop("ip", None)
        edited = read_part(NamedRoute, written | dict(self.settings), place)
        return _with_routes(snapshot, table, replaced(table.routes, route, _route(table, edited, place)))


def _table(snapshot: Snapshot, name: str, position: Position) -> RouteTable:
    return find(snapshot, RouteTable, "route table", name, position / "route_table")


def _with_routes(snapshot: Snapshot, table: RouteTable, routes: tuple[Route, ...]) -> Snapshot:
    return snapshot.with_resource(table.model_copy(update={"routes": routes}))


def _route(table: RouteTable, route: NamedRoute, position: Position) -> Route:
    kind, addresses = next_hop_of(route)
    said = ", ".join(route.next_hop)
    if kind.startswith("VirtualAppliance") and not (addresses and all(map(_is_address, addresses))):
        hint = did_you_mean(said, NEXT_HOP_TYPES.values()) if addresses else "add ip: …, or write the address itself"
        raise (position / "next_hop").error("VNS4004", f"next_hop {said!r} has no address", hint)
    if takes_no_ip(route):
        hint = "ip belongs to next_hop: VirtualAppliance"
        raise (position / "ip").error("VNS4004", f"next_hop {said} takes no ip", hint)
    return Route.model_validate(user_route(table.id, route.name, route))


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def _written(route: Route) -> dict[str, Any]:
    """The route as a scenario writes it."""
    address = {"ip": route.next_hop_ip_address} if route.next_hop_ip_address else {}
    shared = [*route.next_hop.next_hop_ip_addresses] if route.next_hop else []
    next_hop = shared if len(shared) > 1 else route.next_hop_type
    return {"name": route.name, "prefix": route.address_prefix, "next_hop": next_hop, **address}
