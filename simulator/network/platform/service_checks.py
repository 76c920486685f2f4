"""What is wrong, or not known, about private endpoints, platform services, perimeters and ExpressRoute circuits.

Learn: azure/private-link/private-endpoint-overview, azure/private-link/network-security-perimeter-concepts,
azure/expressroute/expressroute-nat
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.snapshot import MODELS, CircuitNat, Issue
from simulator.network.model import Network
from simulator.network.platform.perimeters import association_of
from simulator.network.platform.platform_services import services
from simulator.network.platform.service_rules import address_texts, service_rules
from simulator.network.prefixes import readable_prefix, readable_prefixes

#: Microsoft translates legacy public peering to two addresses a circuit.
_LEGACY_POOL = 2


def check_services(network: Network) -> Iterator[Issue]:
    yield from _address_rules(network)
    yield from _private_endpoints(network)
    yield from _policies(network)
    yield from _perimeters(network)
    yield from _circuits(network)


def _address_rules(network: Network) -> Iterator[Issue]:
    texts = [(service.id, text) for service in services(network) for text in address_texts(network, service.id)]
    texts += [
        (rule.id, text)
        for perimeter in network.snapshot.all(NetworkSecurityPerimeter)
        for profile in perimeter.profiles
        for rule in profile.access_rules
        for text in rule.address_prefixes
    ]
    for place, text in texts:
        if readable_prefix(text) is None:
            message = f"{place.name}: {text!r} is not an address, a prefix or a range"
            yield Issue("error", "VNS2018", message, str(place), "write it as 203.0.113.4 or 203.0.113.0/24")


def _private_endpoints(network: Network) -> Iterator[Issue]:
    for endpoint in network.endpoints:
        reference = endpoint.private_endpoint
        if reference is not None and network.snapshot.get(reference, PrivateEndpoint) is None:
            message = f"{endpoint.name}: the private endpoint {reference.name} is not in the export"
            hint = "export it: whether its connection is approved decides what reaches the service"
            yield Issue("warning", "VNS2044", message, str(endpoint.id), hint)
    for held in network.snapshot.all(PrivateEndpoint):
        for service in (one.private_link_service_id for one in held.connections):
            if service is not None and service.type in MODELS and service not in network.snapshot.resources:
                message = f"{held.name}: the service behind it, {service.name}, is not in the export"
                hint = "the state of the connection decides alone; export the service to ask about its public endpoint"
                yield Issue("info", "VNS2044", message, str(held.id), hint)


def _policies(network: Network) -> Iterator[Issue]:
    for subnet in network.subnets.values():
        for policy in subnet.service_endpoint_policies:
            if network.snapshot.get(policy, ServiceEndpointPolicy) is None:
                message = f"{subnet.name}: the service endpoint policy {policy.name} is not in the export"
                hint = "export it; until then what no other policy of the subnet lists is UNKNOWN"
                yield Issue("warning", "VNS2045", message, str(subnet.id), hint)


def _perimeters(network: Network) -> Iterator[Issue]:
    for perimeter in network.snapshot.all(NetworkSecurityPerimeter):
        profiles = {profile.id for profile in perimeter.profiles}
        for held in perimeter.resource_associations:
            if held.profile not in profiles:
                name = held.profile.name if held.profile is not None else "without a name"
                message = f"{perimeter.name}/{held.name}: its profile {name} is not in the export"
                hint = "export the perimeter's profiles with their access rules"
                yield Issue("warning", "VNS2050", message, str(held.id), hint)
    for service in services(network):
        rules = service_rules(network, service.id)
        is_secured = rules is not None and rules.public_access == "securedbyperimeter"
        if is_secured and association_of(network, service.id) is None:
            message = f"{service.name} is secured by a perimeter, and no perimeter in the export has it"
            hint = "export its perimeter; without an association all public access is denied"
            yield Issue("warning", "VNS2051", message, str(service.id), hint)


def _circuits(network: Network) -> Iterator[Issue]:
    declared = network.snapshot.declarations.circuit_nat
    for circuit, nat in declared.items():
        if nat.mode == "public_peering":
            yield _legacy_peering(circuit, nat)
    for held in network.snapshot.all(ExpressRouteCircuit):
        kinds = {one.peering_type.lower() for one in held.peerings if one.state.lower() == "enabled"}
        if "azurepublicpeering" in kinds and held.id not in declared:
            yield _legacy_peering(held.id, None)
        if "microsoftpeering" in kinds and held.id not in declared:
            message = f"{held.name}: the addresses that its Microsoft peering translates to are not declared"
            hint = "declare them in a scenario: express_route_circuits.<name>.nat"
            yield Issue("warning", "VNS2047", message, str(held.id), hint)


def _legacy_peering(circuit: ResourceId, nat: CircuitNat | None) -> Issue:
    """Its pool holds exactly two addresses, which Microsoft chose."""
    message = f"{circuit.name}: public peering was retired on 2024-03-31"
    declared = sum(prefix.high - prefix.low + 1 for prefix in readable_prefixes(nat.pool)) if nat else _LEGACY_POOL
    if declared != _LEGACY_POOL:
        message += f"; it translates to two addresses, and {declared:,} are declared"
        return Issue("error", "VNS2046", message, str(circuit), "declare both addresses, or Microsoft peering")
    return Issue("warning", "VNS2046", message, str(circuit), "check that the export is recent")
