"""What a scenario puts before its platform services: private endpoints, service endpoint policies and perimeters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.sources import scenario_platform as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_build import Build, made_up_mac, make
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_names import KINDS, SERVICES

#: Section → the groups of its private endpoints; the first is the usual one.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "storage_accounts": (
        *("blob", "blob_secondary", "dfs", "dfs_secondary", "file", "queue", "queue_secondary"),
        *("table", "table_secondary", "web", "web_secondary"),
    ),
    "key_vaults": ("vault",),
    "sql_servers": ("sqlServer",),
    "event_hubs": ("namespace",),
    "service_buses": ("namespace",),
    "cosmos_accounts": ("Sql", "SqlDedicated", "MongoDB", "Cassandra", "Gremlin", "Table", "Analytical"),
}
#: How the names of managed services begin in service endpoint policies.
_ALIAS = "/services/"
_SECTIONS = {KINDS[section][0].lower(): section for section in SERVICES}


def build_guards(build: Build) -> Iterator[Resource]:
    """Every resource of these sections; reference errors go to `build.errors`."""
    for name, endpoint in build.scenario.private_endpoints.items():
        yield from _private_endpoint(build, name, endpoint)
    for name, policy in build.scenario.service_endpoint_policies.items():
        yield _endpoint_policy(build, name, policy)
    for name, perimeter in build.scenario.security_perimeters.items():
        yield _perimeter(build, name, perimeter)


def _find_service(build: Build, name: str, path: Path) -> ResourceId | None:
    return build.names.find_any(SERVICES, "platform service", name, path)


def _private_endpoint(build: Build, name: str, spec: models.PrivateEndpoint) -> Iterator[Resource]:
    path: Path = ("private_endpoints", name)
    subnet = build.names.find_subnet(spec.subnet, (*path, "subnet"))
    build.place(name, subnet, spec.ip, (*path, "ip"))
    location = build.region_of(subnet.parent, spec.location)
    identity = build.names.find("private_endpoints", name, path)
    nic = build.names.new("network_interfaces", f"{name}-nic", spec.resource_group)
    service = _find_service(build, spec.service, (*path, "service"))
    connection = {
        "name": name,
        "private_link_service_id": service,
        "group_ids": [*_groups(build, spec, service, (*path, "group"))],
        "private_link_service_connection_state": {"status": spec.status},
    }
    yield make(
        PrivateEndpoint,
        id=identity,
        location=location,
        subnet=subnet,
        network_interfaces=[nic],
        private_link_service_connections=[connection],
    )
    yield make(
        NetworkInterface,
        id=nic,
        location=location,
        private_endpoint=identity,
        mac_address=made_up_mac(nic),
        ip_configurations=[
            {
                "name": "ipconfig1",
                "primary": True,
                "private_ip_address": spec.ip,
                "private_ip_address_version": "IPv6" if ":" in spec.ip else "IPv4",
                "subnet": subnet,
            }
        ],
    )


def _groups(build: Build, spec: models.PrivateEndpoint, service: ResourceId | None, path: Path) -> Iterator[str]:
    """The part of the service that the endpoint stands for; of a service of another kind whatever is written."""
    known = GROUPS.get(_SECTIONS.get(service.type, ""), ()) if service else ()
    found = next((group for group in known if spec.group is None or group.lower() == spec.group.lower()), spec.group)
    if known and found not in known:
        message = f"{build.errors.label(path)}: {service.name if service else ''} has no part {spec.group!r}"
        build.errors.add("VNS1204", message, path, hint=did_you_mean(spec.group or "", known, otherwise="it has"))
    if found is not None:
        yield found


def _endpoint_policy(build: Build, name: str, spec: models.ServiceEndpointPolicy) -> ServiceEndpointPolicy:
    """Azure keeps aliases of managed services in a definition of their own, for the service Global."""
    path: Path = ("service_endpoint_policies", name)
    identity = build.names.find("service_endpoint_policies", name, path)
    held = [_policy_resource(build, text, (*path, "resources", at)) for at, text in enumerate(spec.resources)]
    aliases = [text for text in held if text.lower().startswith(_ALIAS)]
    accounts = [text for text in held if text not in aliases]
    services = {"Microsoft.Storage": accounts} | ({"Global": aliases} if aliases else {})
    return make(
        ServiceEndpointPolicy,
        id=identity,
        location=build.region(spec.location),
        service_endpoint_policy_definitions=[
            {
                "id": identity.child("serviceEndpointPolicyDefinitions", service),
                "service": service,
                "service_resources": resources,
            }
            for service, resources in services.items()
        ],
    )


def _policy_resource(build: Build, text: str, path: Path) -> str:
    """Ids, those of resource groups and subscriptions too, are taken as they are."""
    return text if text.startswith("/") else str(build.names.find("storage_accounts", text, path))


def _perimeter(build: Build, name: str, spec: models.SecurityPerimeter) -> NetworkSecurityPerimeter:
    path: Path = ("security_perimeters", name)
    identity = build.names.find("security_perimeters", name, path)
    profiles = {held.lower(): identity.child("profiles", held) for held in spec.profiles}
    associations = enumerate(spec.associations)
    return make(
        NetworkSecurityPerimeter,
        id=identity,
        location=build.region(spec.location),
        profiles=[
            {"id": profiles[held.lower()], "access_rules": [*_access_rules(profiles[held.lower()], profile)]}
            for held, profile in spec.profiles.items()
        ],
        resource_associations=[
            _association(build, identity, profiles, held, (*path, "associations", at)) for at, held in associations
        ],
    )


def _access_rules(profile: ResourceId, spec: models.PerimeterProfile) -> Iterator[dict[str, Any]]:
    for inbound in spec.inbound:
        yield {
            "id": profile.child("accessRules", inbound.name),
            "direction": "Inbound",
            "address_prefixes": inbound.prefixes,
            "subscriptions": [{"id": _subscription_id(text)} for text in inbound.subscriptions],
        }
    for outbound in spec.outbound:
        yield {
            "id": profile.child("accessRules", outbound.name),
            "direction": "Outbound",
            "fully_qualified_domain_names": outbound.fqdns,
        }


def _subscription_id(text: str) -> str:
    return text if text.startswith("/") else f"/subscriptions/{text}"


def _association(
    build: Build,
    perimeter: ResourceId,
    profiles: Mapping[str, ResourceId],
    spec: models.PerimeterAssociation,
    path: Path,
) -> dict[str, Any]:
    service = _find_service(build, spec.service, (*path, "service"))
    profile = profiles.get(spec.profile.lower())
    if profile is None:
        hint = did_you_mean(spec.profile, [held.name for held in profiles.values()]) or "write a profile first"
        message = f"{build.errors.label(path[:2])}: no profile is named {spec.profile!r}"
        build.errors.add("VNS1205", message, (*path, "profile"), hint=hint)
    return {
        "id": perimeter.child("resourceAssociations", f"{service.name if service else 'unknown'}-association"),
        "private_link_resource": service,
        "profile": profile,
        "access_mode": spec.mode,
    }
