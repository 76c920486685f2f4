"""The Network as a value: a Snapshot with its references resolved and indexed. `network.py` builds it.

Learn: azure/virtual-network/virtual-networks-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, TypeVar

from msgspec import Struct, field

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Appliance, Issue, LearnedRoute, Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork, VirtualNetworkPeering

K = TypeVar("K")


class Gateway(Struct, frozen=True):
    """A virtual network gateway and what it routes.

    `routes` holds the prefixes it learned and the static ones of its connections; None = unknown: it may speak BGP and
    nobody declared what it learned. `static_routes` (local network gateways, VNet-to-VNet) are known in either case.
    """

    id: ResourceId
    name: str
    kind: Literal["Vpn", "ExpressRoute"]
    virtual_network: ResourceId
    subnet: ResourceId | None
    routes: tuple[LearnedRoute, ...] | None
    static_routes: tuple[LearnedRoute, ...] = ()

    @property
    def known_routes(self) -> tuple[LearnedRoute, ...]:
        return self.static_routes if self.routes is None else self.routes


class Endpoint(Struct, frozen=True):
    """One row of the data plane: whatever holds private or public addresses (gateways are not endpoints).

    `kind`: ``nic``, also that of a private endpoint; ``firewall``; ``appliance``, a virtual network routing appliance;
    ``frontend`` of a load balancer; ``managed``, a service such as Bastion or an application gateway, which also owns
    every address of its subnet that no other endpoint holds.

    `name` is the VM's name where the VM has one NIC, else the NIC's. `addresses` are private, the primary one first,
    and empty where the export gives none. `public_sku` is that of the public addresses ("" = none). `mac` is twelve
    upper case hex digits. `private_endpoint` is filled for the NIC of a private endpoint.
    """

    id: ResourceId
    kind: Literal["nic", "firewall", "appliance", "frontend", "managed"]
    name: str
    subnet: ResourceId
    virtual_network: ResourceId
    addresses: tuple[str, ...]
    public_addresses: tuple[str, ...] = ()
    public_sku: Literal["Standard", "Basic", ""] = ""
    security_group: ResourceId | None = None
    mac: str | None = None
    ip_forwarding: bool = False
    appliance: Appliance | None = None
    virtual_machine: ResourceId | None = None
    private_endpoint: ResourceId | None = None


class Network(Struct, frozen=True, eq=False, dict=True):
    """A frozen network. Two networks are never equal unless they are the same object; a change builds another one.

    Attributes
    ----------
    snapshot : the resources after every deployment of network managers (see `goal_state`).
    read : the snapshot before them, None where it is the same; ask `as_read`.
    peerings : (owner VNet, remote VNet) → link, for Connected links whose remote VNet is in the snapshot.
    links : VNet → all of its Connected links, those to VNets outside the snapshot too.
    issues : the snapshot's, then the network's.
    memo : answers kept by `per_network`; no part of the value.
    """

    snapshot: Snapshot
    assumptions: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]
    gateways: tuple[Gateway, ...]
    virtual_networks: Mapping[ResourceId, VirtualNetwork]
    subnets: Mapping[ResourceId, Subnet]
    peerings: Mapping[tuple[ResourceId, ResourceId], VirtualNetworkPeering]
    links: Mapping[ResourceId, tuple[VirtualNetworkPeering, ...]]
    issues: tuple[Issue, ...] = ()
    read: Snapshot | None = None
    memo: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=dict)

    @property
    def as_read(self) -> Snapshot:
        """The resources that were read, without what network managers make of them: a change starts from these."""
        return self.snapshot if self.read is None else self.read

    @cached_property
    def _by_id(self) -> Mapping[ResourceId, Endpoint]:
        return {endpoint.id: endpoint for endpoint in self.endpoints}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Endpoint, ...]]:
        return grouped((name.lower(), endpoint) for endpoint in self.endpoints for name in names_of(endpoint))

    @cached_property
    def _by_place(self) -> Mapping[tuple[ResourceId, str], tuple[Endpoint, ...]]:
        return grouped(
            ((endpoint.virtual_network, address), endpoint)
            for endpoint in self.endpoints
            for address in endpoint.addresses
        )

    @cached_property
    def _by_virtual_network(self) -> Mapping[ResourceId, tuple[Endpoint, ...]]:
        return grouped((endpoint.virtual_network, endpoint) for endpoint in self.endpoints)

    @cached_property
    def _gateways_of(self) -> Mapping[ResourceId, tuple[Gateway, ...]]:
        return grouped((gateway.virtual_network, gateway) for gateway in self.gateways)

    def endpoint(self, name: str | ResourceId) -> Endpoint | None:
        """The endpoint of that id, name, private or public address; None when there is none, or more than one.

        A VM's name or id stands for its NIC where it has one. Names are compared without regard to case.
        """
        if isinstance(name, ResourceId) and name in self._by_id:
            return self._by_id[name]
        found = self.endpoints_called(str(name))
        return found[0] if len(found) == 1 else None

    def endpoints_called(self, name: str) -> tuple[Endpoint, ...]:
        """Every endpoint of that id, name, VM, private or public address, without regard to case."""
        return self._by_name.get(name.strip().lower(), ())

    def endpoint_at(self, virtual_network: ResourceId, address: str) -> Endpoint | None:
        """The endpoint that answers the private `address` in `virtual_network`."""
        found = self._by_place.get((virtual_network, address), ())
        return found[0] if found else None

    def endpoints_in(self, virtual_network: ResourceId) -> tuple[Endpoint, ...]:
        return self._by_virtual_network.get(virtual_network, ())

    def gateways_in(self, virtual_network: ResourceId) -> tuple[Gateway, ...]:
        return self._gateways_of.get(virtual_network, ())


def names_of(endpoint: Endpoint) -> set[str]:
    """Everything a person may call the endpoint."""
    machine = {str(endpoint.virtual_machine), endpoint.virtual_machine.name} if endpoint.virtual_machine else set()
    return {
        str(endpoint.id),
        endpoint.id.name,
        endpoint.name,
        *endpoint.addresses,
        *endpoint.public_addresses,
    } | machine


V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """The values of each key, in order."""
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
