"""Azure's own machines in the subnets of a scenario: Bastion hosts, application gateways and routing appliances."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance
from simulator.sources import scenario_subnet_services as models
from simulator.sources.scenario_build import Build, make, own_subnet, public_address


def build_subnet_services(build: Build) -> Iterator[Resource]:
    """Every resource of these sections; reference errors go to `build.errors`."""
    for name, host in build.scenario.bastion_hosts.items():
        yield from _bastion_host(build, name, host)
    for name, gateway in build.scenario.application_gateways.items():
        yield from _application_gateway(build, name, gateway)
    for name, appliance in build.scenario.routing_appliances.items():
        yield _routing_appliance(build, name, appliance)


def _bastion_host(build: Build, name: str, spec: models.BastionHost) -> Iterator[Resource]:
    path = ("bastion_hosts", name)
    subnet = own_subnet(build, spec.vnet, "AzureBastionSubnet", path)
    location = build.region_of(subnet.parent, spec.location)
    public = public_address(build, f"{name}-pip", spec, location)
    if public is not None:
        yield public
    yield make(
        BastionHost,
        id=build.names.find("bastion_hosts", name, path),
        location=location,
        ip_configurations=[{"subnet": subnet, "public_ip_address": public.id if public else None}],
    )


def _application_gateway(build: Build, name: str, spec: models.ApplicationGateway) -> Iterator[Resource]:
    path = ("application_gateways", name)
    subnet = build.names.find_subnet(spec.subnet, (*path, "subnet"))
    build.place(name, subnet, spec.ip, (*path, "ip"))
    location = build.region_of(subnet.parent, spec.location)
    public = public_address(build, f"{name}-pip", spec, location)
    if public is not None:
        yield public
    yield make(
        ApplicationGateway,
        id=build.names.find("application_gateways", name, path),
        location=location,
        gateway_ip_configurations=[{"subnet": subnet}],
        frontend_ip_configurations=[*_frontends(spec, subnet, public)],
        enable_network_isolation=spec.network_isolation,
    )


def _frontends(
    spec: models.ApplicationGateway, subnet: ResourceId, public: PublicIpAddress | None
) -> Iterator[dict[str, object]]:
    if public is not None:
        yield {"public_ip_address": public.id}
    if spec.ip is not None:
        yield {"private_ip_address": spec.ip, "subnet": subnet}


def _routing_appliance(build: Build, name: str, spec: models.RoutingAppliance) -> RoutingAppliance:
    path = ("routing_appliances", name)
    subnet = own_subnet(build, spec.vnet, "VirtualNetworkApplianceSubnet", path)
    build.place(name, subnet, spec.ip, (*path, "ip"))
    return make(
        RoutingAppliance,
        id=build.names.find("routing_appliances", name, path),
        location=build.region_of(subnet.parent, spec.location),
        subnet=subnet,
        ip_configurations=[{"subnet": subnet, "private_ip_address": spec.ip}] if spec.ip else [],
    )
