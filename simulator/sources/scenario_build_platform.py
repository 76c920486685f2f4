"""The platform services of a scenario, with their firewalls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.resource import Resource, ResourceId
from simulator.sources import scenario_platform as models
from simulator.sources.scenario_build import Build, make
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_names import SERVICES
from simulator.space.addresses import format_address, parse_prefix


def build_platform(build: Build) -> Iterator[Resource]:
    """Every platform service; reference errors go to `build.errors`."""
    for section, read in _SERVICES.items():
        for name, spec in getattr(build.scenario, section).items():
            yield _service(build, section, name, spec, read)


def service_addresses(build: Build) -> dict[ResourceId, tuple[str, ...]]:
    """Service → the public addresses that the file declares for its endpoint."""
    return {
        build.names.own[section][name.lower()]: tuple(spec.ip)
        for section in SERVICES
        for name, spec in getattr(build.scenario, section).items()
        if spec.ip
    }


def _service(build: Build, section: str, name: str, spec: Any, read: Callable[..., Resource]) -> Resource:
    path: Path = (section, name)
    subnets = [build.names.find_subnet(text, (*path, "subnets", at)) for at, text in enumerate(spec.subnets)]
    head = {
        "id": build.names.find(section, name, path),
        "location": build.region(spec.location),
        "public_network_access": spec.public_network_access,
    }
    return read(head, spec, subnets)


def _storage_account(head: dict[str, Any], spec: models.StorageAccount, subnets: list[ResourceId]) -> Resource:
    return make(StorageAccount, **head, network_acls=_rule_set(spec, subnets, ", ".join(spec.bypass) or "None"))


def _key_vault(head: dict[str, Any], spec: models.KeyVault, subnets: list[ResourceId]) -> Resource:
    return make(KeyVault, **head, network_acls=_rule_set(spec, subnets, _bypass(spec.bypass)))


def _rule_set(spec: models.GuardedService, subnets: list[ResourceId], bypass: str) -> dict[str, Any]:
    return {
        "default_action": spec.default_action or "Allow",
        "bypass": bypass,
        "ip_rules": [{"value": text, "action": "Allow"} for text in spec.ip_rules],
        "virtual_network_rules": [{"id": str(subnet)} for subnet in subnets],
    }


def _bypass(said: Sequence[str]) -> str:
    return "AzureServices" if "AzureServices" in said else "None"


def _event_hub(head: dict[str, Any], spec: models.MessagingNamespace, subnets: list[ResourceId]) -> Resource:
    return make(EventHubNamespace, **head, **_messaging(head["id"], spec, subnets))


def _service_bus(head: dict[str, Any], spec: models.MessagingNamespace, subnets: list[ResourceId]) -> Resource:
    return make(ServiceBusNamespace, **head, **_messaging(head["id"], spec, subnets))


def _messaging(namespace: ResourceId, spec: models.MessagingNamespace, subnets: list[ResourceId]) -> dict[str, Any]:
    rules = {
        "id": namespace.child("networkRuleSets", "default"),
        "default_action": spec.default_action or "Allow",
        "public_network_access": spec.public_network_access,
        "trusted_service_access_enabled": "AzureServices" in spec.bypass,
        "ip_rules": [{"ip_mask": text, "action": "Allow"} for text in spec.ip_rules],
        "virtual_network_rules": [{"subnet": {"id": str(subnet)}} for subnet in subnets],
    }
    return {"sku": {"name": spec.sku}, "network_rule_sets": [rules]}


def _cosmos_account(head: dict[str, Any], spec: models.CosmosAccount, subnets: list[ResourceId]) -> Resource:
    """Azure has no default action here: rules, or the virtual network filter, close the account."""
    return make(
        CosmosAccount,
        **head,
        ip_rules=[{"ip_address_or_range": text} for text in spec.ip_rules],
        is_virtual_network_filter_enabled=spec.default_action == "Deny" and bool(subnets or not spec.ip_rules),
        virtual_network_rules=[{"id": str(subnet)} for subnet in subnets],
        network_acl_bypass=_bypass(spec.bypass),
    )


def _sql_server(head: dict[str, Any], spec: models.SqlServer, subnets: list[ResourceId]) -> Resource:
    server: ResourceId = head["id"]
    return make(
        SqlServer,
        **head,
        firewall_rules=[_sql_rule(server, text, at) for at, text in enumerate(spec.ip_rules, 1)],
        virtual_network_rules=[
            {"id": server.child("virtualNetworkRules", f"subnet-{at}"), "virtual_network_subnet_id": subnet}
            for at, subnet in enumerate(subnets, 1)
        ],
    )


def _sql_rule(server: ResourceId, text: str, at: int) -> dict[str, Any]:
    """A range; 0.0.0.0 has the name that the portal gives it."""
    held = parse_prefix(text)
    name = "AllowAllWindowsAzureIps" if text == "0.0.0.0" else f"rule-{at}"
    low, high = format_address(held.low), format_address(held.high)
    return {"id": server.child("firewallRules", name), "start_ip_address": low, "end_ip_address": high}


_SERVICES: Mapping[str, Callable[..., Resource]] = {
    "storage_accounts": _storage_account,
    "key_vaults": _key_vault,
    "sql_servers": _sql_server,
    "event_hubs": _event_hub,
    "service_buses": _service_bus,
    "cosmos_accounts": _cosmos_account,
}
