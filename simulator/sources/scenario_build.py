"""The network of a scenario: VNets, peerings, security groups, route tables, NICs and virtual machines."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

from msgspec import Struct, field

from simulator.azure.network_interface import NetworkInterface, PublicIpAddress, VirtualMachine
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup, NetworkSecurityGroup
from simulator.azure.snapshot import Appliance, ApplianceRule, Snapshot
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.data.vm_sizes import supports_encryption
from simulator.sources import scenario_models as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_errors import ErrorList, Path
from simulator.sources.scenario_file import Scenario
from simulator.sources.scenario_names import Names
from simulator.sources.scenario_rules import security_rule, user_route

R = TypeVar("R", bound=Resource)


class Placed(Struct, frozen=True):
    """An address of a subnet that `name` takes, and where the file says so."""

    name: str
    subnet: ResourceId
    address: str
    path: Path


class Build(Struct, dict=True):
    """What every section is built with. `appliances` and `placed` are filled on the way."""

    scenario: Scenario
    names: Names
    errors: ErrorList
    included: Snapshot
    appliances: dict[ResourceId, Appliance] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)

    @cached_property
    def prefixes(self) -> Mapping[ResourceId, list[str]]:
        """Subnet → prefixes, of the included VNets and of this file's."""
        networks = self.included.virtual_networks
        found = {subnet.id: [*subnet.prefixes] for network in networks for subnet in network.subnets}
        for name, network in self.scenario.virtual_networks.items():
            identity = self.names.own["virtual_networks"][name.lower()]
            found |= {identity.child("subnets", held): [*subnet.prefix] for held, subnet in network.subnets.items()}
        return found

    @cached_property
    def sizes(self) -> Mapping[ResourceId | None, str | None]:
        """Machine → size, of the included ones and of this file's."""
        found: dict[ResourceId | None, str | None] = {
            machine.id: machine.hardware_profile.vm_size for machine in self.included.all(VirtualMachine)
        }
        for name, machine in self.scenario.virtual_machines.items():
            found[self.names.own["virtual_machines"][name.lower()]] = machine.size
        return found

    def place(self, name: str, subnet: ResourceId, address: str | None, path: Path) -> None:
        """Note that `name` takes the address; None is one that Azure picks."""
        if address is not None:
            self.placed.append(Placed(name, subnet, address, path))

    def region(self, *locations: str | None) -> str:
        """The first region that is given, as exports write it: lower case without blanks."""
        given = next((location for location in locations if location), self.scenario.location)
        return given.lower().replace(" ", "")

    def region_of(self, network: ResourceId, location: str | None = None) -> str:
        own = self.scenario.virtual_networks.get(network.name)
        included = self.included.get(network, VirtualNetwork)
        return self.region(location, own.location if own else None, included.location if included else None)


def make(model: type[R], **fields: Any) -> R:
    """A resource from ARM's property names written with underscores; what is None is left out."""
    return model.model_validate({name: value for name, value in fields.items() if value is not None})


def build_network(build: Build) -> Iterator[Resource]:
    """Every resource of the network sections; reference errors go to `build.errors`."""
    peerings = _peerings(build)
    yield from _virtual_networks(build, peerings)
    yield from _security_groups(build)
    yield from _route_tables(build)
    yield from _machines(build)


def _virtual_networks(build: Build, peerings: dict[ResourceId, list[VirtualNetworkPeering]]) -> Iterator[Resource]:
    for name, spec in build.scenario.virtual_networks.items():
        identity = build.names.find("virtual_networks", name, ("virtual_networks", name))
        yield make(
            VirtualNetwork,
            id=identity,
            location=build.region(spec.location),
            tags=spec.tags,
            address_space={"address_prefixes": spec.address_space},
            subnets=[_subnet(build, identity, name, held) for held in spec.subnets],
            virtual_network_peerings=peerings.pop(identity, []),
            encryption=_encryption(spec.encryption),
            flow_timeout_in_minutes=spec.flow_timeout_in_minutes,
        )
    for owner, links in peerings.items():
        included = build.included.get(owner, VirtualNetwork)
        if included is not None:
            own = {link.id for link in links}
            kept = [link for link in included.virtual_network_peerings if link.id not in own]
            yield included.model_copy(update={"virtual_network_peerings": (*kept, *links)})


def _encryption(spec: models.Encryption | None) -> dict[str, Any] | None:
    return {"enabled": True, "enforcement": spec.enforcement} if spec is not None and spec.enabled else None


def _subnet(build: Build, network: ResourceId, network_name: str, name: str) -> dict[str, Any]:
    spec = build.scenario.virtual_networks[network_name].subnets[name]
    path = ("virtual_networks", network_name, "subnets", name)
    policies = enumerate(spec.service_endpoint_policies)
    return {
        "id": network.child("subnets", name),
        "address_prefix": spec.prefix[0] if len(spec.prefix) == 1 else None,
        "address_prefixes": spec.prefix if len(spec.prefix) > 1 else None,
        "network_security_group": build.names.find_optional("network_security_groups", spec.nsg, (*path, "nsg")),
        "route_table": build.names.find_optional("route_tables", spec.route_table, (*path, "route_table")),
        "nat_gateway": _nat_gateway(build, spec.nat_gateway, (*path, "nat_gateway")),
        "service_endpoints": [
            {"service": held.service, "locations": held.locations} for held in spec.service_endpoints
        ],
        "service_endpoint_policies": [
            build.names.find("service_endpoint_policies", held, (*path, "service_endpoint_policies", at))
            for at, held in policies
        ],
        "delegations": [{"service_name": service} for service in spec.delegations],
        "private_endpoint_network_policies": spec.private_endpoint_network_policies,
        "default_outbound_access": spec.default_outbound_access,
    }


def _nat_gateway(build: Build, name: str | None, path: Path) -> ResourceId | None:
    """A NAT gateway that nothing describes may be named: its subnet goes out by it, with addresses nobody knows."""
    if name is None:
        return None
    is_known = "/providers/" in name or build.names.is_known("nat_gateways", name)
    return build.names.find("nat_gateways", name, path) if is_known else build.names.new("nat_gateways", name)


def _peerings(build: Build) -> dict[ResourceId, list[VirtualNetworkPeering]]:
    """Owner → its links. Both forms of the file become single links here."""
    links: dict[ResourceId, list[VirtualNetworkPeering]] = defaultdict(list)
    seen: set[tuple[ResourceId, ResourceId]] = set()
    for at, spec in enumerate(build.scenario.peerings):
        path: Path = ("peerings", at)
        for link, owner_path, remote_path in _single_links(spec, path):
            owner = build.names.find("virtual_networks", link.from_, owner_path)
            remote = build.names.find("virtual_networks", link.to, remote_path)
            if owner == remote:
                build.errors.add("VNS1204", f"{owner.name} is peered with itself", path, hint="name another VNet")
            elif (owner, remote) in seen:
                message = f"the link from {owner.name} to {remote.name} is written twice"
                build.errors.add("VNS1207", message, path, hint="keep one; hub and spokes already makes both links")
            seen.add((owner, remote))
            links[owner].append(_link(build, owner, remote, link, path))
    return links


def _single_links(
    spec: models.PeeringLink | models.HubPeering, path: Path
) -> Iterator[tuple[models.PeeringLink, Path, Path]]:
    if isinstance(spec, models.PeeringLink):
        yield spec, (*path, "from"), (*path, "to")
        return
    for at, spoke in enumerate(spec.spokes):
        hub_path, spoke_path = (*path, "hub"), (*path, "spokes", at)
        forwarded, transit = spec.forwarded_traffic, spec.gateway_transit
        hub_link = {
            "from": spec.hub,
            "to": spoke,
            "allow_gateway_transit": transit,
            "allow_forwarded_traffic": forwarded,
        }
        spoke_link = {
            "from": spoke,
            "to": spec.hub,
            "use_remote_gateways": transit,
            "allow_forwarded_traffic": forwarded,
        }
        yield models.PeeringLink.model_validate(hub_link), hub_path, spoke_path
        yield models.PeeringLink.model_validate(spoke_link), spoke_path, hub_path


def _link(
    build: Build, owner: ResourceId, remote: ResourceId, spec: models.PeeringLink, path: Path
) -> VirtualNetworkPeering:
    _check_subnets(build, owner, spec.local_subnets, (*path, "local_subnets"))
    _check_subnets(build, remote, spec.remote_subnets, (*path, "remote_subnets"))
    return make(
        VirtualNetworkPeering,
        id=owner.child("virtualNetworkPeerings", spec.name or f"{owner.name}-to-{remote.name}"),
        remote_virtual_network=remote,
        allow_virtual_network_access=spec.allow_virtual_network_access,
        allow_forwarded_traffic=spec.allow_forwarded_traffic,
        allow_gateway_transit=spec.allow_gateway_transit,
        use_remote_gateways=spec.use_remote_gateways,
        peering_state=spec.peering_state,
        peer_complete_vnets=not (spec.local_subnets or spec.remote_subnets),
        local_subnet_names=spec.local_subnets,
        remote_subnet_names=spec.remote_subnets,
    )


def _check_subnets(build: Build, network: ResourceId, names: list[str], path: Path) -> None:
    """Subnet peering names subnets of a VNet; only of a VNet that is here can it be said whether they exist."""
    known = build.names.subnets.get(network)
    for at, name in enumerate(names):
        if known is not None and name.lower() not in known:
            message = f"{build.errors.label(path)}: {network.name} has no subnet named {name!r}"
            build.errors.add("VNS1205", message, (*path, at), hint=did_you_mean(name, known.values()))


def _security_groups(build: Build) -> Iterator[Resource]:
    for name in build.scenario.application_security_groups:
        identity = build.names.new("application_security_groups", name)
        yield make(ApplicationSecurityGroup, id=identity, location=build.region())
    for name, rules in build.scenario.network_security_groups.items():
        identity = build.names.new("network_security_groups", name)
        written = [
            _security_rule(build, identity, rule, ("network_security_groups", name, at))
            for at, rule in enumerate(rules)
        ]
        yield make(NetworkSecurityGroup, id=identity, location=build.region(), security_rules=written)


def _security_rule(build: Build, group: ResourceId, rule: models.SecurityRule, path: Path) -> dict[str, Any]:
    def groups(key: str, names: list[str]) -> list[ResourceId]:
        kind = "application_security_groups"
        return [build.names.find(kind, name, (*path, key, at)) for at, name in enumerate(names)]

    sources = groups("source_asgs", rule.source_asgs)
    return security_rule(group, rule, sources, groups("destination_asgs", rule.destination_asgs))


def _route_tables(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.route_tables.items():
        identity = build.names.find("route_tables", name, ("route_tables", name))
        routes = [user_route(identity, held_name, held) for held_name, held in spec.routes.items()]
        yield make(
            RouteTable,
            id=identity,
            location=build.region(spec.location),
            routes=routes,
            disable_bgp_route_propagation=spec.disable_bgp_route_propagation,
            disable_peering_route=spec.disable_peering_route,
        )


def _machines(build: Build) -> Iterator[Resource]:
    nics: dict[ResourceId, list[ResourceId]] = defaultdict(list)
    for name, machine in build.scenario.virtual_machines.items():
        path: Path = ("virtual_machines", name)
        identity = build.names.find("virtual_machines", name, path)
        nic = build.names.new("network_interfaces", f"{name}-nic", machine.resource_group)
        nics[identity].append(nic)
        yield from _nic(build, nic, machine, path, identity, f"{name}-pip", machine.size)
    for name, spec in build.scenario.network_interfaces.items():
        path = ("network_interfaces", name)
        nic = build.names.find("network_interfaces", name, path)
        owner = build.names.find_optional("virtual_machines", spec.vm, (*path, "vm"))
        if owner is not None:
            nics[owner].append(nic)
        yield from _nic(build, nic, spec, path, owner, f"{name}-pip", build.sizes.get(owner))
    for name, machine in build.scenario.virtual_machines.items():
        identity = build.names.find("virtual_machines", name, ("virtual_machines", name))
        yield make(
            VirtualMachine,
            id=identity,
            location=build.region(machine.location),
            hardware_profile={"vm_size": machine.size},
            zones=[str(machine.zone)] if machine.zone else [],
            network_profile={"network_interfaces": nics[identity]},
        )


def _accelerated(spec: models.Nic, size: str | None) -> bool | None:
    """Azure turns accelerated networking on for every D and E size from v5 on, and its portal does for all that can."""
    if spec.accelerated_networking is not None or not size:
        return spec.accelerated_networking
    return supports_encryption(size) or None


def _nic(
    build: Build,
    identity: ResourceId,
    spec: models.Nic,
    path: Path,
    machine: ResourceId | None,
    public_name: str,
    size: str | None,
) -> Iterator[Resource]:
    subnet = build.names.find_subnet(spec.subnet, (*path, "subnet"))
    for at, address in enumerate(spec.addresses):
        build.place(str(path[1]), subnet, address, (*path, "ip") if spec.ips is None else (*path, "ips", at))
    location = build.region_of(subnet.parent, spec.location)
    public = public_address(build, public_name, spec, location)
    if public is not None:
        yield public
    asgs = [
        build.names.find("application_security_groups", name, (*path, "asgs", at)) for at, name in enumerate(spec.asgs)
    ]
    yield make(
        NetworkInterface,
        id=identity,
        location=location,
        ip_configurations=[
            {
                "name": f"ipconfig{at + 1}",
                "primary": at == 0,
                "private_ip_address": address,
                "private_ip_address_version": "IPv6" if ":" in address else "IPv4",
                "subnet": subnet,
                "public_ip_address": public.id if public and at == 0 else None,
                "application_security_groups": asgs,
            }
            for at, address in enumerate(spec.addresses)
        ],
        network_security_group=build.names.find_optional("network_security_groups", spec.nsg, (*path, "nsg")),
        virtual_machine=machine,
        mac_address=spec.mac or made_up_mac(identity),
        primary=isinstance(spec, models.VirtualMachine) if machine else None,
        enable_ip_forwarding=spec.ip_forwarding,
        enable_accelerated_networking=_accelerated(spec, size),
        vnet_encryption_supported=spec.vnet_encryption_supported,
    )
    if spec.appliance is not None:
        build.appliances[identity] = _appliance(identity, spec.appliance)


def own_subnet(build: Build, virtual_network: str, name: str, path: Path) -> ResourceId:
    """The subnet of a VNet that Azure wants for the service at `path`, by the name it must have."""
    network = build.names.find("virtual_networks", virtual_network, (*path, "vnet"))
    known = build.names.subnets.get(network)
    if known is not None and name.lower() not in known:
        message = f"{path[1]}: {network.name} has no {name}"
        build.errors.add("VNS1205", message, (*path, "vnet"), hint=f"add {name} to the subnets of {network.name}")
    return network.child("subnets", name)


class WithPublicIp(Protocol):
    """What may have a public address: it stands in the resource group of its owner."""

    @property
    def public_ip(self) -> models.PublicIp | None: ...
    @property
    def resource_group(self) -> str | None: ...


_PUBLIC_NETWORK = {"ip_tag_type": "RoutingPreference", "tag": "Internet"}


def public_address(build: Build, name: str, owner: WithPublicIp, location: str) -> PublicIpAddress | None:
    """The public address that `owner` asks for, or None."""
    spec = owner.public_ip
    return None if spec is None else make_public_address(build, name, spec, location, owner.resource_group)


def make_public_address(
    build: Build, name: str, spec: models.PublicIp, location: str, resource_group: str | None
) -> PublicIpAddress:
    return make(
        PublicIpAddress,
        id=build.names.new("public_ip_addresses", name, resource_group),
        location=location,
        ip_address=spec.ip,
        sku={"name": spec.sku},
        public_ip_address_version="IPv6" if ":" in spec.ip else "IPv4",
        ip_tags=[_PUBLIC_NETWORK] if spec.routing_preference == "Internet" else [],
    )


def made_up_mac(identity: ResourceId) -> str:
    """A MAC address for a NIC that names none: ``02`` and the first five bytes of SHA-256 of the id in lower case.

    ``02`` marks a locally administered address, so that it is never taken for one of Azure's own.
    """
    digits = "02" + hashlib.sha256(identity.key.encode()).hexdigest()[:10].upper()
    return "-".join(digits[at : at + 2] for at in range(0, 12, 2))


def _appliance(nic: ResourceId, spec: models.Appliance) -> Appliance:
    rules = None
    if spec.rules is not None:
        rules = tuple(
            ApplianceRule(
                rule.name,
                rule.access,
                rule.protocol,
                tuple(rule.source),
                tuple(rule.destination),
                tuple(rule.ports),
            )
            for rule in spec.rules
        )
    return Appliance(nic, spec.forwards, spec.stateful, spec.snat, rules)
