"""The Snapshot: everything that was read about a network at one moment, and what was not understood.

A Snapshot is resources in Azure's own shapes plus `Declarations`: the facts that no configuration export holds and that
the user states instead (learned routes, AVNM deployments, what an appliance does, what lies on premises).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.firewall import AzureFirewall, FirewallPolicy, IpGroup
from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress, VirtualMachine
from simulator.azure.network_manager import NetworkManager
from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.policy import PolicyAssignment, PolicyDefinition, PolicySetDefinition
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup, NetworkSecurityGroup
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance
from simulator.azure.virtual_network import VirtualNetwork

Severity = Literal["error", "warning", "info"]

#: ARM type in lower case → model. A resource of a known kind is one line here.
MODELS: Mapping[str, type[Resource]] = {
    "microsoft.network/virtualnetworks": VirtualNetwork,
    "microsoft.network/networkinterfaces": NetworkInterface,
    "microsoft.network/networksecuritygroups": NetworkSecurityGroup,
    "microsoft.network/applicationsecuritygroups": ApplicationSecurityGroup,
    "microsoft.network/routetables": RouteTable,
    "microsoft.network/publicipaddresses": PublicIpAddress,
    "microsoft.network/virtualnetworkgateways": VirtualNetworkGateway,
    "microsoft.network/localnetworkgateways": LocalNetworkGateway,
    "microsoft.network/connections": Connection,
    "microsoft.network/azurefirewalls": AzureFirewall,
    "microsoft.network/firewallpolicies": FirewallPolicy,
    "microsoft.network/ipgroups": IpGroup,
    "microsoft.network/networkmanagers": NetworkManager,
    "microsoft.network/loadbalancers": LoadBalancer,
    "microsoft.network/natgateways": NatGateway,
    "microsoft.network/publicipprefixes": PublicIpPrefix,
    "microsoft.network/privateendpoints": PrivateEndpoint,
    "microsoft.network/serviceendpointpolicies": ServiceEndpointPolicy,
    "microsoft.network/networksecurityperimeters": NetworkSecurityPerimeter,
    "microsoft.network/expressroutecircuits": ExpressRouteCircuit,
    "microsoft.network/bastionhosts": BastionHost,
    "microsoft.network/applicationgateways": ApplicationGateway,
    "microsoft.network/virtualnetworkappliances": RoutingAppliance,
    "microsoft.storage/storageaccounts": StorageAccount,
    "microsoft.keyvault/vaults": KeyVault,
    "microsoft.sql/servers": SqlServer,
    "microsoft.eventhub/namespaces": EventHubNamespace,
    "microsoft.servicebus/namespaces": ServiceBusNamespace,
    "microsoft.documentdb/databaseaccounts": CosmosAccount,
    "microsoft.compute/virtualmachines": VirtualMachine,
    "microsoft.authorization/policydefinitions": PolicyDefinition,
    "microsoft.authorization/policysetdefinitions": PolicySetDefinition,
    "microsoft.authorization/policyassignments": PolicyAssignment,
}


class Issue(Struct, frozen=True):
    """Something about the input that the user should know.

    `severity` is ``error`` (the network cannot be what the file says), ``warning`` (the answer may differ from Azure's)
    or ``info`` (not modelled, and said so). `code` is stable; `place` is a file position or a resource id.
    """

    severity: Severity
    code: str
    message: str
    place: str = ""
    hint: str = ""


class LearnedRoute(Struct, frozen=True):
    """A prefix that a gateway learned by BGP; `next_hop` is the peer's address as the effective routes print it."""

    prefix: str
    next_hop: str | None = None


class ApplianceRule(Struct, frozen=True):
    """One rule of a declared appliance's own filter; first match decides, no match denies."""

    name: str
    access: Literal["Allow", "Deny"]
    protocol: str = "*"
    sources: tuple[str, ...] = ("*",)
    destinations: tuple[str, ...] = ("*",)
    destination_ports: tuple[str, ...] = ("*",)


class Appliance(Struct, frozen=True):
    """What the guest of a network virtual appliance does; Azure cannot know it, so the user declares it.

    `rules` None means it forwards everything. `snat` says for which destinations the source becomes the appliance's own
    address: ``none``, ``internet`` or ``all``. A `stateful` appliance drops replies whose request it never saw.
    """

    network_interface: ResourceId
    forwards: bool = True
    stateful: bool = True
    snat: Literal["none", "internet", "all"] = "none"
    rules: tuple[ApplianceRule, ...] | None = None


class OnPremisesNetwork(Struct, frozen=True):
    """Address space behind a gateway, with the hosts that have a name.

    `internet_nat`: the public addresses that its hosts show to the Internet. `circuits`: ExpressRoute circuits that it
    reaches Microsoft's public services by.
    """

    name: str
    prefixes: tuple[str, ...]
    gateway: ResourceId
    hosts: Mapping[str, str] = field(default_factory=dict)
    internet_nat: tuple[str, ...] = ()
    circuits: tuple[ResourceId, ...] = ()


class CircuitNat(Struct, frozen=True):
    """The NAT of an ExpressRoute circuit's public or Microsoft peering; any address of `pool` may be the source.

    Microsoft peering: the customer or the provider translates before the traffic enters Microsoft's network. The legacy
    public peering (retired 2024-03-31): Microsoft translates, to two addresses. `services` are the service tags that
    the peering advertises, () = all.
    """

    mode: Literal["microsoft_peering", "public_peering"]
    pool: tuple[str, ...]
    owner: Literal["customer", "provider", "microsoft"] = "customer"
    services: tuple[str, ...] = ()


class Subscription(Struct, frozen=True):
    """`offer` (EA, PAYG, CSP, MSDN …) says whether TCP 25 may leave; `allow_smtp` says it outright."""

    offer: str | None = None
    allow_smtp: bool | None = None


class Declarations(Struct, frozen=True):
    """Facts that no configuration export holds.

    `learned_routes`: gateway → routes; a gateway that learns by BGP and is missing here has unknown routes.
    `deployments`: region → ids of the AVNM configurations deployed there; None means nobody said.
    `undeclared_managers`: network managers of which nobody said it, where `deployments` speaks of others.
    `appliances`: NIC → what its guest does; what a NIC that is missing here does with forwarded packets is unknown.
    `on_premises`: address spaces behind gateways.
    `service_tags`: extra or corrected service tags, name → prefixes.
    `circuit_nat`: ExpressRoute circuit → the NAT of its Microsoft or public peering.
    `service_addresses`: platform service → public addresses of its endpoint.
    `names`: FQDN in lower case → addresses, as the firewall's and the clients' DNS resolves it.
    `subscriptions`: subscription id in lower case → what is known of it; ``*`` is every other one.
    `management_groups`: management group → its parent, by name in lower case; orders network managers.
    `assumptions`: how to read what Azure's documentation leaves open, name → choice.
    """

    learned_routes: Mapping[ResourceId, tuple[LearnedRoute, ...]] = field(default_factory=dict)
    deployments: Mapping[str, tuple[ResourceId, ...]] | None = None
    undeclared_managers: frozenset[ResourceId] = frozenset()
    appliances: Mapping[ResourceId, Appliance] = field(default_factory=dict)
    on_premises: tuple[OnPremisesNetwork, ...] = ()
    service_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    circuit_nat: Mapping[ResourceId, CircuitNat] = field(default_factory=dict)
    service_addresses: Mapping[ResourceId, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    management_groups: Mapping[str, str] = field(default_factory=dict)
    assumptions: Mapping[str, str] = field(default_factory=dict)

    def are_deployments_known(self, manager: ResourceId) -> bool:
        """Did anyone say which configurations of the network manager are deployed?"""
        return self.deployments is not None and manager not in self.undeclared_managers


R = TypeVar("R", bound=Resource)


NOTHING_DECLARED = Declarations()


class Snapshot(Struct, frozen=True, dict=True):
    """Resources by id, declarations, and the issues met while reading. Frozen: a change makes another Snapshot."""

    resources: Mapping[ResourceId, Resource] = field(default_factory=dict)
    declarations: Declarations = NOTHING_DECLARED
    issues: tuple[Issue, ...] = ()
    name: str = ""

    @classmethod
    def of(
        cls, resources: Iterable[Resource], declarations: Declarations = NOTHING_DECLARED, name: str = ""
    ) -> Snapshot:
        """A snapshot without issues; of two resources with one id the later one stays."""
        return cls({resource.id: resource for resource in resources}, declarations, (), name)

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every resource of one kind, sorted by id."""
        return tuple(resource for resource in self._by_kind.get(kind, ()) if isinstance(resource, kind))

    def get(self, reference: ResourceId | None, kind: type[R]) -> R | None:
        """The resource of that id and kind, or None when the export does not hold it."""
        resource = self.resources.get(reference) if reference is not None else None
        return resource if isinstance(resource, kind) else None

    @cached_property
    def _by_kind(self) -> Mapping[type[Resource], list[Resource]]:
        kinds: dict[type[Resource], list[Resource]] = {}
        for resource in sorted(self.resources.values(), key=lambda resource: resource.id.key):
            kinds.setdefault(type(resource), []).append(resource)
        return kinds

    @cached_property
    def virtual_networks(self) -> tuple[VirtualNetwork, ...]:
        return self.all(VirtualNetwork)

    @cached_property
    def network_interfaces(self) -> tuple[NetworkInterface, ...]:
        return self.all(NetworkInterface)

    def with_resource(self, resource: Resource) -> Snapshot:
        """The same snapshot with `resource` added, or put in place of the one with its id."""
        return self.with_resources((resource,))

    def with_resources(self, resources: Iterable[Resource]) -> Snapshot:
        """As `with_resource` of each."""
        return replace(self, resources={**self.resources, **{held.id: held for held in resources}})

    def with_issues(self, issues: Iterable[Issue]) -> Snapshot:
        return replace(self, issues=(*self.issues, *issues))
