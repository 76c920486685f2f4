"""Routes that deployed routing configurations write into the route tables of their members.

An export shows them; they are added where it does not and the configuration is said to be deployed.
Learn: azure/virtual-network-manager/concept-user-defined-route
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from simulator.azure.network_manager import RoutingConfiguration, RoutingRule, RoutingRuleCollection
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import NEXT_HOP_TYPES, Route, RouteTable
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from simulator.network.managers.deployments import applies, is_deployed
from simulator.network.managers.manager_scopes import managers_over
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefix
from simulator.space.addresses import Prefix

MOST_ROUTES = 1000
#: Subnets on which Azure takes no route table.
_WITHOUT_ROUTE_TABLE = frozenset({"azurebastionsubnet", "routeserversubnet"})
#: What routing rules call a next hop that drops.
_NEXT_HOPS = {**NEXT_HOP_TYPES, "nonexthop": "None"}


class ManagedRoute(Route):
    """A route of a network manager. Not `is_certain`: which next hop it has, or whether it is there, is not known."""

    is_certain: bool = True


class ManagedRoutes(Struct, frozen=True):
    """`tables` and `subnets` are those that differ from the export's once everything deployed is done."""

    tables: dict[ResourceId, RouteTable] = field(default_factory=dict)
    subnets: dict[ResourceId, Subnet] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


class _Rule(Struct, frozen=True):
    """A routing rule that works on a subnet, or (not `is_certain`) may."""

    rule: RoutingRule
    collection: RoutingRuleCollection
    configuration: RoutingConfiguration
    manager: ResourceId
    is_certain: bool

    @property
    def destination(self) -> Prefix | str:
        return _destination(self.rule.destination.destination_address)

    @property
    def next_hop(self) -> tuple[str, str | None]:
        hop = self.rule.next_hop
        kind = _NEXT_HOPS.get(hop.next_hop_type.lower(), "None")
        return kind, hop.next_hop_address if kind == "VirtualAppliance" else None


def managed_routes(network: Network) -> ManagedRoutes:
    """The route tables after every deployment: a rule is left out where the table has its destination already.

    The subnet gets a table of the manager's, with the routes and settings of its own table in it, or its own table
    grows (UseExisting). A table that the export does not hold stays unknown.
    """
    found = ManagedRoutes()
    for virtual_network in network.virtual_networks.values():
        tables: dict[tuple[object, ...], ResourceId] = {}
        for subnet in virtual_network.subnets:
            if subnet.name.lower() not in _WITHOUT_ROUTE_TABLE and subnet.virtual_network == virtual_network.id:
                _extend(network, virtual_network, subnet, tables, found)
    return found


def _extend(
    network: Network,
    virtual_network: VirtualNetwork,
    subnet: Subnet,
    tables: dict[tuple[object, ...], ResourceId],
    found: ManagedRoutes,
) -> None:
    """Give one subnet the routes of its rules. `tables`: what was made for the VNet's other subnets, which share it."""
    own = found.tables.get(subnet.route_table) if subnet.route_table else None
    own = own or network.snapshot.get(subnet.route_table, RouteTable)
    if subnet.route_table is not None and own is None:
        return
    known = {_destination(route.address_prefix) for route in own.routes} if own else set()
    rules = [rule for rule in _rules_on(network, virtual_network, subnet) if rule.destination not in known]
    if not rules:
        return
    in_place = own is not None and any(_uses_existing(rule.configuration) for rule in rules)
    key = (own.id if own else None, *((rule.rule.id, rule.is_certain) for rule in rules))
    if not in_place and key in tables:
        found.subnets[subnet.id] = subnet.model_copy(update={"route_table": tables[key]})
        return
    identity = own.id if own and in_place else _managed_id(virtual_network, own, len(tables))
    table = _table(identity, virtual_network, own, rules, found.issues)
    found.tables[table.id] = table
    if not in_place:
        tables[key] = table.id
        found.subnets[subnet.id] = subnet.model_copy(update={"route_table": table.id})


def _rules_on(network: Network, virtual_network: VirtualNetwork, subnet: Subnet) -> Iterator[_Rule]:
    for manager in managers_over(network, virtual_network.id):
        for configuration in manager.routing_configurations:
            for collection in configuration.rule_collections:
                items = collection.applies_to
                state = applies(network, manager, configuration.id, items, virtual_network.id, subnet.id)
                if state is not False and is_deployed(network, configuration.id, virtual_network.id):
                    for rule in collection.rules:
                        yield _Rule(rule, collection, configuration, manager.id, state is True)


def _table(
    identity: ResourceId, owner: VirtualNetwork, own: RouteTable | None, rules: Sequence[_Rule], issues: list[Issue]
) -> RouteTable:
    by_destination: dict[Prefix | str, list[_Rule]] = {}
    for rule in rules:
        by_destination.setdefault(rule.destination, []).append(rule)
    added = tuple(_route(identity, held, issues) for held in by_destination.values())
    routes = (*(own.routes if own else ()), *added)
    if len(routes) > MOST_ROUTES:
        message = (
            f"{identity.name}: {len(routes):,} routes; Azure takes {MOST_ROUTES:,} in a table of a network manager"
        )
        issues.append(Issue("error", "VNS2066", message, str(identity), "summarise the destinations"))
    if own is not None:
        return own.model_copy(update={"id": identity, "name": identity.name, "routes": routes})
    disables = _keeps_gateway_routes_out(identity, rules, issues)
    table = {"id": identity, "location": owner.location, "disableBgpRoutePropagation": disables}
    return RouteTable.model_validate(table).model_copy(update={"routes": routes})


def _keeps_gateway_routes_out(identity: ResourceId, rules: Sequence[_Rule], issues: list[Issue]) -> bool:
    """What a new table says of propagation: any collection that turns it off does so for the whole table."""
    told = {rule.collection.disable_bgp_route_propagation.lower() == "true" for rule in rules if rule.is_certain}
    if len(told) > 1:
        message = f"{identity.name}: its rule collections differ on disableBgpRoutePropagation; it is taken as set"
        hint = "let every collection that reaches a subnet say the same"
        issues.append(Issue("warning", "VNS2065", message, str(rules[0].collection.id), hint))
    return True in told


def _route(table: ResourceId, rules: Sequence[_Rule], issues: list[Issue]) -> ManagedRoute:
    """The route to one destination: the rule of the highest manager; one that may be there too makes it uncertain.

    `rules` come in the order of their managers.
    """
    first = next((rule for rule in rules if rule.is_certain), rules[0])
    rivals = [*rules[: rules.index(first)], *(rule for rule in rules if rule.manager == first.manager)]
    conflicting = [rule for rule in rivals if rule.is_certain and rule.next_hop != first.next_hop]
    if conflicting:
        issues.append(_conflict(first, conflicting[0]))
    is_certain = first.is_certain and all(rule.next_hop == first.next_hop for rule in rivals)
    kind, address = first.next_hop if is_certain else ("VirtualAppliance", None)
    return ManagedRoute.model_validate(
        {
            "id": table.child("routes", first.rule.name),
            "name": first.rule.name,
            "addressPrefix": first.rule.destination.destination_address,
            "nextHopType": kind,
            "nextHopIpAddress": address,
            "isCertain": is_certain,
        }
    )


def _conflict(rule: _Rule, other: _Rule) -> Issue:
    where = rule.rule.destination.destination_address
    message = (
        f"{rule.collection.name}/{rule.rule.name}: {where} has another next hop in "
        f"{other.collection.name}/{other.rule.name}; Azure applies any one of them, so the route is UNKNOWN"
    )
    return Issue("warning", "VNS2064", message, str(rule.rule.id), "let one rule alone name the destination")


def _destination(text: str) -> Prefix | str:
    """A prefix, or a service tag in lower case."""
    return readable_prefix(text) or text.strip().lower()


def _uses_existing(configuration: RoutingConfiguration) -> bool:
    return configuration.route_table_usage_mode.lower() == "useexisting"


def _managed_id(virtual_network: VirtualNetwork, own: RouteTable | None, at: int) -> ResourceId:
    """A name of ours where Azure has a hash; the resource group is the one that Azure keeps managed tables in."""
    subscription = virtual_network.id.subscription
    group = f"/subscriptions/{subscription}/resourceGroups/AVNM_Managed_ResourceGroup_{subscription}"
    name = "_".join(
        ["AVNM_Managed", virtual_network.name, *([own.name] if own else []), *([str(at + 1)] if at else [])]
    )
    return ResourceId(f"{group}/providers/Microsoft.Network/routeTables/{name}")
