"""The services of a scenario: gateways and firewalls, and the facts that the user declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.azure.firewall import AzureFirewall, FirewallPolicy
from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Declarations, LearnedRoute, OnPremisesNetwork
from simulator.sources import scenario_services as models
from simulator.sources.scenario_build import Build, make, public_address
from simulator.sources.scenario_build_managers import deployments, undeclared_managers
from simulator.sources.scenario_errors import Path
from simulator.space.addresses import format_address, parse_prefix


def build_services(build: Build) -> Iterator[Resource]:
    """Every resource of the service sections; reference errors go to `build.errors`."""
    yield from _gateways(build)
    yield from _local_gateways(build)
    yield from _firewalls(build)
    yield from _policies(build)


def declarations(build: Build) -> Declarations:
    """The facts of the file that no export holds. Call it after everything is built."""
    on_premises = tuple(
        OnPremisesNetwork(
            name,
            tuple(spec.prefixes),
            build.names.find("virtual_network_gateways", spec.gateway, ("on_premises", name, "gateway")),
            dict(spec.hosts),
        )
        for name, spec in build.scenario.on_premises.items()
    )
    return Declarations(
        learned_routes=_learned_routes(build, on_premises),
        deployments=deployments(build),
        undeclared_managers=undeclared_managers(build),
        appliances=build.appliances,
        on_premises=on_premises,
        assumptions=dict(build.scenario.assumptions),
        service_tags={name: tuple(prefixes) for name, prefixes in build.scenario.service_tags.items()},
    )


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


def _gateways(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.virtual_network_gateways.items():
        path = ("virtual_network_gateways", name)
        subnet = _own_subnet(build, spec, "GatewaySubnet", path)
        location = build.region_of(subnet.parent, spec.location)
        public = public_address(build, f"{name}-pip", spec, location)
        if public is not None:
            yield public
        yield make(
            VirtualNetworkGateway,
            id=build.names.find("virtual_network_gateways", name, path),
            location=location,
            gateway_type=spec.type,
            enable_bgp=spec.type == "ExpressRoute" if spec.bgp is None else spec.bgp,
            ip_configurations=[
                {
                    "subnet": subnet,
                    "public_ip_address": public.id if public else None,
                    "private_ip_address": spec.ip,
                }
            ],
        )


def _own_subnet(
    build: Build, spec: models.VirtualNetworkGateway | models.AzureFirewall, name: str, path: tuple[str, str]
) -> ResourceId:
    """The subnet that Azure wants for this service, by the name it must have."""
    network = build.names.find("virtual_networks", spec.vnet, (*path, "vnet"))
    known = build.names.subnets.get(network)
    if known is not None and name.lower() not in known:
        message = f"{path[1]}: {network.name} has no {name}"
        build.errors.add("VNS1205", message, (*path, "vnet"), hint=f"add {name} to the subnets of {network.name}")
    build.subnets[path] = network.child("subnets", name)
    return build.subnets[path]


def _local_gateways(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.local_network_gateways.items():
        path: Path = ("local_network_gateways", name)
        identity = build.names.find("local_network_gateways", name, path)
        yield make(
            LocalNetworkGateway,
            id=identity,
            location=build.region(),
            local_network_address_space={"address_prefixes": spec.prefixes},
            gateway_ip_address=spec.ip,
        )
        yield make(
            Connection,
            id=build.names.new("connections", f"{name}-connection"),
            location=build.region(),
            virtual_network_gateway1=build.names.find("virtual_network_gateways", spec.gateway, (*path, "gateway")),
            local_network_gateway2=identity,
            connection_type="IPsec",
        )


def _firewalls(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.azure_firewalls.items():
        path = ("azure_firewalls", name)
        subnet = _own_subnet(build, spec, "AzureFirewallSubnet", path)
        location = build.region_of(subnet.parent, spec.location)
        public = public_address(build, f"{name}-pip", spec, location)
        if public is not None:
            yield public
        yield make(
            AzureFirewall,
            id=build.names.find("azure_firewalls", name, path),
            location=location,
            sku={"name": "AZFW_VNet", "tier": spec.tier},
            firewall_policy=build.names.find_optional("firewall_policies", spec.policy, (*path, "policy")),
            ip_configurations=[
                {
                    "name": "ipconfig1",
                    "private_ip_address": spec.ip or _first_usable(build, subnet),
                    "subnet": subnet,
                    "public_ip_address": public.id if public else None,
                }
            ],
        )


def _first_usable(build: Build, subnet: ResourceId) -> str | None:
    """Azure keeps the first four addresses of a subnet; a firewall takes the next one. None in an unknown subnet."""
    prefixes = build.prefixes.get(subnet, [])
    return format_address(parse_prefix(prefixes[0]).low + 4) if prefixes else None


def _policies(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.firewall_policies.items():
        path: Path = ("firewall_policies", name)
        identity = build.names.find("firewall_policies", name, path)
        group = {
            "id": identity.child("ruleCollectionGroups", "DefaultNetworkRuleCollectionGroup"),
            "priority": 200,
            "rule_collections": [_collection(collection) for collection in spec.collections],
        }
        ranges = spec.snat_private_ranges
        yield make(
            FirewallPolicy,
            id=identity,
            location=build.region(spec.location),
            base_policy=build.names.find_optional("firewall_policies", spec.base, (*path, "base")),
            snat=None if ranges is None else {"private_ranges": ranges},
            rule_collection_groups=[group] if spec.collections else [],
        )


def _collection(spec: models.RuleCollection) -> dict[str, Any]:
    return {
        "name": spec.name,
        "priority": spec.priority,
        "action": {"type": spec.action},
        "rules": [_RULES[spec.kind](rule) for rule in spec.rules],
    }


def _network_rule(rule: models.FirewallRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "rule_type": "NetworkRule",
        "ip_protocols": rule.protocols,
        "source_addresses": rule.source,
        "destination_addresses": [] if rule.fqdns else rule.destination,
        "destination_fqdns": rule.fqdns,
        "destination_ports": rule.ports,
    }


def _application_rule(rule: models.FirewallRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "rule_type": "ApplicationRule",
        "source_addresses": rule.source,
        "target_fqdns": rule.fqdns,
        "fqdn_tags": rule.fqdn_tags,
    }


def _nat_rule(rule: models.FirewallRule) -> dict[str, Any]:
    port = None if rule.translated_port is None else str(rule.translated_port)
    translated = {"translated_address": rule.translated_address, "translated_port": port}
    return _network_rule(rule) | {"rule_type": "NatRule"} | translated


_RULES = {"network": _network_rule, "application": _application_rule, "nat": _nat_rule}
