"""The firewalls of a scenario and their policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.azure.firewall import AzureFirewall, FirewallPolicy
from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.resource import Resource, ResourceId
from simulator.sources import scenario_firewalls as models
from simulator.sources.scenario_build import Build, make, make_public_address, own_subnet
from simulator.sources.scenario_errors import Path
from simulator.space.addresses import format_address, parse_prefix


def build_firewalls(build: Build) -> Iterator[Resource]:
    """Every firewall with its public addresses, and every policy; reference errors go to `build.errors`."""
    for name, spec in build.scenario.azure_firewalls.items():
        yield from _firewall(build, name, spec)
    yield from _policies(build)


def _firewall(build: Build, name: str, spec: models.AzureFirewall) -> Iterator[Resource]:
    path = ("azure_firewalls", name)
    subnet = own_subnet(build, spec.vnet, "AzureFirewallSubnet", path)
    build.place(name, subnet, spec.ip, (*path, "ip"))
    location = build.region_of(subnet.parent, spec.location)
    public = [
        make_public_address(build, f"{name}-pip{at or ''}", held, location, spec.resource_group)
        for at, held in enumerate(spec.public_ip)
    ]
    yield from public
    yield make(
        AzureFirewall,
        id=build.names.find("azure_firewalls", name, path),
        location=location,
        sku={"name": "AZFW_VNet", "tier": spec.tier},
        threat_intel_mode=spec.threat_intel_mode,
        firewall_policy=build.names.find_optional("firewall_policies", spec.policy, (*path, "policy")),
        ip_configurations=_configurations(spec.ip or _first_usable(build, subnet), subnet, public),
    )


def _configurations(address: str | None, subnet: ResourceId, public: list[PublicIpAddress]) -> list[dict[str, Any]]:
    """As ARM has them: the first names the subnet and the private address, each has one public address."""
    first = {
        "name": "ipconfig1",
        "private_ip_address": address,
        "subnet": subnet,
        "public_ip_address": public[0].id if public else None,
    }
    more = [{"name": f"ipconfig{at}", "public_ip_address": held.id} for at, held in enumerate(public[1:], 2)]
    return [first, *more]


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
            threat_intel_mode=spec.threat_intel_mode,
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
        "ip_protocols": rule.protocols or ["Any"],
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
        "destination_addresses": [] if rule.destination == ["*"] else rule.destination,
        "application_protocols": [_application_protocol(text) for text in rule.protocols or ("http", "https")],
        "target_fqdns": rule.fqdns,
        "fqdn_tags": rule.fqdn_tags,
    }


def _application_protocol(text: str) -> dict[str, Any]:
    """``https:8443``, or a protocol alone at its usual port."""
    kind, _, port = text.partition(":")
    return {"protocol_type": kind.capitalize(), "port": int(port) if port else models.APPLICATION_PROTOCOLS[kind]}


def _nat_rule(rule: models.FirewallRule) -> dict[str, Any]:
    port = None if rule.translated_port is None else str(rule.translated_port)
    translated = {
        "translated_address": rule.translated_address,
        "translated_fqdn": rule.translated_fqdn,
        "translated_port": port,
    }
    return _network_rule(rule) | {"rule_type": "NatRule"} | translated


_RULES = {"network": _network_rule, "application": _application_rule, "nat": _nat_rule}
