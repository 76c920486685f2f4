"""Platform services with a public endpoint, in one form for all kinds.

Learn: azure/virtual-network/virtual-network-service-endpoints-overview, azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    PlatformService,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.resource import ResourceId
from simulator.network.managers.groups import region_name
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.public_addresses import spelled_addresses

ServiceKind = Literal["Storage", "KeyVault", "Sql", "EventHub", "ServiceBus", "CosmosDB"]


class Service(Struct, frozen=True):
    """One platform service. `tag` is its service tag without a region, `region` has no blanks or capitals.

    `fqdns` are in lower case. `addresses` are the public ones that the user declared for its endpoint; no export holds
    them, and Azure changes them.
    """

    id: ResourceId
    kind: ServiceKind
    name: str
    region: str
    tag: str
    fqdns: tuple[str, ...]
    addresses: tuple[str, ...]


class _Kind(Struct, frozen=True):
    kind: ServiceKind
    tag: str
    domains: tuple[str, ...]


_KINDS: Mapping[type[PlatformService], _Kind] = MappingProxyType(
    {
        StorageAccount: _Kind(
            "Storage",
            "Storage",
            tuple(f"{part}.core.windows.net" for part in ("blob", "dfs", "file", "queue", "table")),
        ),
        KeyVault: _Kind("KeyVault", "AzureKeyVault", ("vault.azure.net",)),
        SqlServer: _Kind("Sql", "Sql", ("database.windows.net",)),
        EventHubNamespace: _Kind("EventHub", "EventHub", ("servicebus.windows.net",)),
        ServiceBusNamespace: _Kind("ServiceBus", "ServiceBus", ("servicebus.windows.net",)),
        CosmosAccount: _Kind(
            "CosmosDB",
            "AzureCosmosDB",
            (
                "documents.azure.com",
                "cassandra.cosmos.azure.com",
                "gremlin.cosmos.azure.com",
                "mongo.cosmos.azure.com",
                "table.cosmos.azure.com",
            ),
        ),
    }
)


@per_network
def services(network: Network) -> tuple[Service, ...]:
    """Every platform service of the export, by id."""
    found = (_service(network, held, kind) for model, kind in _KINDS.items() for held in network.snapshot.all(model))
    return tuple(sorted(found, key=lambda service: service.id))


@per_network
def _by_id(network: Network) -> dict[ResourceId, Service]:
    return {service.id: service for service in services(network)}


def service_of(network: Network, reference: ResourceId | None) -> Service | None:
    """The service of that id; None when the export does not hold it."""
    return None if reference is None else _by_id(network).get(reference)


def _service(network: Network, held: PlatformService, kind: _Kind) -> Service:
    return Service(
        id=held.id,
        kind=kind.kind,
        name=held.name,
        region=region_name(held.location),
        tag=kind.tag,
        fqdns=tuple(f"{held.name.lower()}.{domain}" for domain in kind.domains),
        addresses=spelled_addresses(network.snapshot.declarations.service_addresses.get(held.id, ())),
    )
