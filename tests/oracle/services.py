"""Platform services of the snapshot: what kind each is and at which public addresses it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from simulator.azure.snapshot import Snapshot

#: Model → service tag of its public endpoints.
KINDS: dict[type[PlatformService], str] = {
    StorageAccount: "Storage",
    KeyVault: "AzureKeyVault",
    SqlServer: "Sql",
    EventHubNamespace: "EventHub",
    ServiceBusNamespace: "ServiceBus",
    CosmosAccount: "AzureCosmosDB",
}


@dataclass(frozen=True)
class Service:
    id: ResourceId
    tag: str
    region: str
    addresses: tuple[str, ...]
    resource: PlatformService


def services(snapshot: Snapshot) -> Iterator[Service]:
    """Sorted by id."""
    held = [(resource, tag) for model, tag in KINDS.items() for resource in snapshot.all(model)]
    for resource, tag in sorted(held, key=lambda pair: pair[0].id.key):
        addresses = snapshot.declarations.service_addresses.get(resource.id, ())
        region = resource.location.lower().replace(" ", "")
        yield Service(resource.id, tag, region, addresses, resource)
