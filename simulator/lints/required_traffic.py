"""Lints of subnets whose service needs certain traffic: Azure Bastion and application gateways.

Learn: azure/bastion/bastion-nsg, azure/application-gateway/configuration-infrastructure
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import Direction
from simulator.azure.snapshot import Severity
from simulator.azure.subnet_service import ApplicationGateway
from simulator.azure.virtual_network import Subnet
from simulator.lints.finding import Finding
from simulator.lints.rule_lists import as_read, tag_views
from simulator.lints.rule_space import Budget, BudgetExceededError, RuleSpace
from simulator.lints.rules import rule_name, unexamined
from simulator.lints.useless_rules import STEPS_A_LIST
from simulator.lints.wording import listed
from simulator.network.effective_routes import is_propagation_disabled
from simulator.network.filter_rules import (
    ANY_PORT,
    AddressSet,
    FilterRule,
    PortRange,
    address_set,
    security_group_rules,
)
from simulator.network.model import Network
from simulator.network.peerings import gateways_serving
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.network.system_routes import IPV4_DEFAULT
from simulator.space.addresses import merge
from simulator.walk.explain import data_plane
from simulator.walk.packets import TCP


class Requirement(Struct, frozen=True):
    """Traffic that must pass: between the subnet and `peer`, a tag or ``*``; `severity` where a part is denied."""

    direction: Direction
    peer: str
    ports: tuple[PortRange, ...]
    protocols: tuple[int, ...] = (TCP,)
    severity: Severity = "error"

    def __str__(self) -> str:
        ports = ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in self.ports)
        side = "from" if self.direction == "Inbound" else "to"
        return f"{self.direction} {side} {self.peer}" + (f" on {ports}" if self.ports != ANY_PORT else "")


#: What a group on AzureBastionSubnet has to let pass, or Azure refuses it.
BASTION: tuple[Requirement, ...] = (
    Requirement("Inbound", "Internet", ((443, 443),)),
    Requirement("Inbound", "GatewayManager", ((443, 443),)),
    Requirement("Inbound", "AzureLoadBalancer", ((443, 443),)),
    Requirement("Inbound", "VirtualNetwork", ((5701, 5701), (8080, 8080)), ()),
    Requirement("Outbound", "VirtualNetwork", ((22, 22), (3389, 3389))),
    Requirement("Outbound", "AzureCloud", ((443, 443),)),
    Requirement("Outbound", "VirtualNetwork", ((5701, 5701), (8080, 8080)), ()),
    Requirement("Outbound", "Internet", ((80, 80), (443, 443))),
)
_PROBES = Requirement("Inbound", "AzureLoadBalancer", ANY_PORT, ())
#: "Outbound Internet connectivity can't be blocked"; which destinations a gateway needs is not documented.
_OUT = Requirement("Outbound", "Internet", ANY_PORT, (), "warning")
GATEWAY_V1 = (Requirement("Inbound", "GatewayManager", ((65503, 65534),)), _PROBES, _OUT)
GATEWAY_V2 = (Requirement("Inbound", "GatewayManager", ((65200, 65535),)), _PROBES, _OUT)


def bastion_groups(network: Network) -> Iterator[Finding]:
    for subnet in network.subnets.values():
        if subnet.name.lower() == "azurebastionsubnet":
            yield from _denied(network, subnet, BASTION, "VNS6072", "Azure Bastion")


def application_gateways(network: Network) -> Iterator[Finding]:
    """A gateway with network isolation needs none of it."""
    for gateway in network.snapshot.all(ApplicationGateway):
        placed = next((held.subnet for held in gateway.gateway_ip_configurations if held.subnet is not None), None)
        subnet = network.subnets.get(placed) if placed is not None else None
        if subnet is None or gateway.enable_network_isolation:
            continue
        is_v2 = gateway.sku.tier.lower().endswith("_v2") or gateway.sku.name.lower().endswith("_v2")
        yield from _denied(network, subnet, GATEWAY_V2 if is_v2 else GATEWAY_V1, "VNS6071", gateway.name)
        if is_v2:
            yield from _default_routes(network, subnet, gateway)
        if subnet.service_endpoint_policies:
            message = f"{gateway.name}: service endpoint policies are not supported on its subnet {subnet.name}"
            yield Finding(
                "warning", "VNS6073", message, str(subnet.id), "remove the policies", subnet.service_endpoint_policies
            )


def _default_routes(network: Network, subnet: Subnet, gateway: ApplicationGateway) -> Iterator[Finding]:
    """Learn: azure/application-gateway/configuration-infrastructure#supported-user-defined-routes"""
    hint = "route 0.0.0.0/0 to Internet on this subnet, or deploy the gateway with network isolation"
    table = network.snapshot.get(subnet.route_table, RouteTable)
    default = readable_prefix(IPV4_DEFAULT)
    own = [route for route in table.routes if readable_prefix(route.address_prefix) == default] if table else []
    for route in own:
        if table is not None and route.next_hop_type != "Internet":
            message = (
                f"{gateway.name}: {table.name}/{route.name} sends 0.0.0.0/0 of its subnet to {route.next_hop_type}, "
                "which application gateway v2 does not support"
            )
            yield Finding("error", "VNS6070", message, str(subnet.id), hint, (route.id,))
    if own or is_propagation_disabled(network, subnet.id):
        return
    for learned in gateways_serving(network, subnet.virtual_network):
        if any(readable_prefix(route.prefix) == default for route in learned.known_routes):
            message = (
                f"{gateway.name}: {learned.name} brings a default route to its subnet, which application gateway v2 "
                "does not support"
            )
            yield Finding("error", "VNS6070", message, str(subnet.id), hint, (learned.id,))


def _denied(
    network: Network, subnet: Subnet, requirements: tuple[Requirement, ...], code: str, service: str
) -> Iterator[Finding]:
    group = subnet.network_security_group
    for requirement in requirements if group is not None else ():
        assert group is not None
        try:
            denying = _denying(network, subnet, group, requirement)
        except BudgetExceededError:
            yield unexamined(
                group.name, "whether they deny what its service needs", _rules(network, group, requirement)
            )
            continue
        if denying:
            message = (
                f"{service}: {group.name} on {subnet.name} does not let pass {requirement}: {listed(_names(denying))}"
            )
            hint = "allow it by a rule with a smaller priority number"
            involved = (subnet.id, *(rule.id for rule in denying))
            yield Finding(requirement.severity, code, message, str(group), hint, involved)


def _names(rules: list[FilterRule]) -> list[str]:
    return [f"{rule_name(rule)} denies it" for rule in rules]


def _rules(network: Network, group: ResourceId, requirement: Requirement) -> tuple[FilterRule, ...]:
    return as_read(network, security_group_rules(network, group, requirement.direction) or ())


def _denying(network: Network, subnet: Subnet, group: ResourceId, requirement: Requirement) -> list[FilterRule]:
    """The rules that surely deny a part of the required traffic; none where a name in the group is not resolved."""
    rules, wanted = _rules(network, group, requirement), _box(network, subnet, requirement)
    if not rules or any(rule.sources.unresolved or rule.destinations.unresolved for rule in (*rules, wanted)):
        return []
    [view] = tag_views(data_plane(network), [subnet.id])
    space = RuleSpace((*rules, wanted), view, Budget(STEPS_A_LIST, STEPS_A_LIST))
    return [
        rule
        for at, rule in enumerate(rules)
        if rule.action == "Deny" and space.packet([at, len(rules)], (1 << at) - 1) is not None
    ]


def _box(network: Network, subnet: Subnet, requirement: Requirement) -> FilterRule:
    """The required traffic as a rule between the subnet's own addresses and the peer."""
    here = AddressSet(merge(readable_prefixes(subnet.prefixes)))
    there = address_set(network, (requirement.peer,))
    source, destination = (there, here) if requirement.direction == "Inbound" else (here, there)
    name = "required"
    return FilterRule(
        ResourceId(name), name, 0, "Allow", requirement.protocols, source, destination, ANY_PORT, requirement.ports
    )
