"""The facts of a scenario that no export holds."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Declarations, LearnedRoute, OnPremisesNetwork, Subscription
from simulator.sources.scenario_build import Build
from simulator.sources.scenario_build_hybrid import circuit_nat, on_premises
from simulator.sources.scenario_build_managers import deployments, undeclared_managers
from simulator.sources.scenario_build_platform import service_addresses


def declarations(build: Build) -> Declarations:
    """What the file declares. Call it after everything is built."""
    scenario = build.scenario
    networks = on_premises(build)
    return Declarations(
        learned_routes=_learned_routes(build, networks),
        deployments=deployments(build),
        undeclared_managers=undeclared_managers(build),
        appliances=build.appliances,
        on_premises=networks,
        circuit_nat=circuit_nat(build),
        service_addresses=service_addresses(build),
        names={name.lower(): tuple(addresses) for name, addresses in scenario.names.items()},
        subscriptions=_subscriptions(build),
        management_groups={child.lower(): parent.lower() for child, parent in scenario.management_groups.items()},
        assumptions=dict(scenario.assumptions),
        service_tags={name: tuple(prefixes) for name, prefixes in scenario.service_tags.items()},
    )


def _subscriptions(build: Build) -> dict[str, Subscription]:
    """One offer for every subscription: a file says which only where its resources are in others by their ids."""
    offer, allow_smtp = build.scenario.subscription_offer, build.scenario.allow_smtp
    return {} if offer is None and allow_smtp is None else {"*": Subscription(offer, allow_smtp)}


def _learned_routes(
    build: Build, on_premises: tuple[OnPremisesNetwork, ...]
) -> dict[ResourceId, tuple[LearnedRoute, ...]]:
    """What is declared for a gateway; without that, the networks behind it; without both it is absent: unknown."""
    routes: dict[ResourceId, tuple[LearnedRoute, ...]] = {}
    for network in on_premises:
        routes[network.gateway] = routes.get(network.gateway, ()) + tuple(map(LearnedRoute, network.prefixes))
    for name, spec in build.scenario.virtual_network_gateways.items():
        if spec.learned is not None:
            identity = build.names.find("virtual_network_gateways", name, ("virtual_network_gateways", name))
            routes[identity] = tuple(LearnedRoute(route.prefix, route.next_hop) for route in spec.learned)
    return routes
