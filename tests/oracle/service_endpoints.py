"""The prefixes that a subnet's service endpoints route (SEMANTICS 3.1(8), 4.1)."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.virtual_network import ServiceEndpoint, Subnet
from simulator.data.region_pairs import paired_region
from tests.oracle.addresses import is_public
from tests.oracle.judgement import Address
from tests.oracle.managers import squash_region
from tests.oracle.places import Places
from tests.oracle.rules import declared_tag

SERVICE_TAGS = {
    "microsoft.azureactivedirectory": "AzureActiveDirectory",
    "microsoft.web": "AppService",
    "microsoft.containerregistry": "AzureContainerRegistry",
    "microsoft.azurecosmosdb": "AzureCosmosDB",
    "microsoft.eventhub": "EventHub",
    "microsoft.keyvault": "AzureKeyVault",
    "microsoft.sql": "Sql",
    "microsoft.servicebus": "ServiceBus",
    "microsoft.storage": "Storage",
    "microsoft.storage.global": "Storage",
}


def endpoint_prefixes(places: Places, subnet: Subnet, region: str, destination: Address) -> Iterator[str]:
    """Without a tag's prefixes every public destination may belong to the service."""
    for endpoint in subnet.service_endpoints:
        service = endpoint.service.lower()
        tag = SERVICE_TAGS.get(service, endpoint.service)
        regions = _regions(endpoint, service, region)
        for name in [f"{tag}.{held}" for held in regions] if regions else [tag]:
            prefixes = declared_tag(places, name)
            if prefixes is not None:
                yield from prefixes
            elif is_public(destination):
                yield f"{destination}/{destination.max_prefixlen}"


def _regions(endpoint: ServiceEndpoint, service: str, region: str) -> list[str]:
    """Sql: its own region; Storage: its own and the paired one, or those listed; the others: any, as an empty list."""
    if service == "microsoft.sql":
        return [region]
    if service != "microsoft.storage":
        return []
    listed = [squash_region(held) for held in endpoint.locations if held.strip() != "*"]
    pair = paired_region(region)
    return listed or [region, *([pair] if pair else [])]
