"""The load balancers and NAT gateways of a scenario, with what they add to the interfaces behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import IpConfiguration, NetworkInterface
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.virtual_network import VirtualNetwork
from simulator.sources import scenario_balancers as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_build import Build, make, make_public_address
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_models import PublicIp
from simulator.space.addresses import parse_address, parse_prefix


def build_balancers(build: Build, resources: Iterable[Resource]) -> list[Resource]:
    """Every load balancer and NAT gateway, and once more the interfaces of `resources` that are behind one.

    Reference errors go to `build.errors`.
    """
    machines = Machines(build, resources)
    made = [
        resource
        for name, spec in build.scenario.load_balancers.items()
        for resource in _LoadBalancer(build, machines, name, spec).resources()
    ]
    made += [
        resource
        for name, gateway in build.scenario.nat_gateways.items()
        for resource in _nat_gateway(build, name, gateway)
    ]
    return made + machines.changed()


class Machines:
    """The interfaces of this file and of those it includes, by their names and those of their virtual machines."""

    def __init__(self, build: Build, resources: Iterable[Resource]) -> None:
        self.build = build
        found = [*build.included.network_interfaces, *(one for one in resources if isinstance(one, NetworkInterface))]
        self.interfaces = {nic.id: nic for nic in found}
        self.pools: dict[tuple[ResourceId, str], list[ResourceId]] = defaultdict(list)
        self.nat_rules: dict[tuple[ResourceId, str], list[ResourceId]] = defaultdict(list)
        self._of_machine: dict[ResourceId, ResourceId] = {}
        for nic in self.interfaces.values():
            if nic.virtual_machine is not None and (nic.primary or nic.virtual_machine not in self._of_machine):
                self._of_machine[nic.virtual_machine] = nic.id

    def find(self, name: str, is_ipv6: bool, path: Path) -> tuple[ResourceId, str] | None:
        """The interface of that name or virtual machine, and its first address of the family; None after an error."""
        kinds = ("virtual_machines", "network_interfaces")
        named = [kind for kind in kinds if self.build.names.is_known(kind, name)]
        what = "virtual machine or network interface"
        identity = self.build.names.find_any(named[:1] or kinds, what, name, path)
        if identity is None:
            return None
        nic = self.interfaces.get(self._of_machine.get(identity, identity))
        if nic is None:
            hint = "name a machine of this file or of an included one"
            self._refuse("VNS1205", f"{name} has no interface here", path, hint)
            return None
        configuration = next((held.name for held in nic.ip_configurations if _is_ipv6(held) == is_ipv6), None)
        if configuration is None:
            family = "IPv6" if is_ipv6 else "IPv4"
            hint = f"a pool has the family of its frontends: give {name} an address of it, or take another frontend"
            self._refuse("VNS1204", f"{name} has no {family} address", path, hint)
            return None
        return nic.id, configuration

    def _refuse(self, code: str, message: str, path: Path, hint: str) -> None:
        self.build.errors.add(code, f"{self.build.errors.label(path[:-1])}: {message}", path, hint=hint)

    def changed(self) -> list[Resource]:
        """The interfaces that are in a pool or behind a NAT rule, naming them as ARM does."""
        touched = {nic for nic, _ in (*self.pools, *self.nat_rules)}
        return [self._with_targets(self.interfaces[identity]) for identity in sorted(touched)]

    def _with_targets(self, nic: NetworkInterface) -> NetworkInterface:
        def configuration(held: IpConfiguration) -> IpConfiguration:
            key = (nic.id, held.name)
            pools = (*held.load_balancer_backend_address_pools, *self.pools.get(key, ()))
            rules = (*held.load_balancer_inbound_nat_rules, *self.nat_rules.get(key, ()))
            update = {"load_balancer_backend_address_pools": pools, "load_balancer_inbound_nat_rules": rules}
            return held.model_copy(update=update)

        return nic.model_copy(update={"ip_configurations": tuple(map(configuration, nic.ip_configurations))})


def _is_ipv6(held: IpConfiguration) -> bool:
    return held.private_ip_address_version.lower() == "ipv6" or ":" in (held.private_ip_address or "")


class _LoadBalancer:
    """One load balancer on its way: its rules name its own frontends and pools."""

    def __init__(self, build: Build, machines: Machines, name: str, spec: models.LoadBalancer) -> None:
        self.build, self.machines, self.name, self.spec = build, machines, name, spec
        self.path: Path = ("load_balancers", name)
        self.id = build.names.find("load_balancers", name, self.path)
        self.frontends = {one.lower(): self.id.child("frontendIPConfigurations", one) for one in spec.frontends}
        self.pools = {one.lower(): self.id.child("backendAddressPools", one) for one in spec.pools}
        self.probes: dict[int, ResourceId] = {}

    def resources(self) -> Iterator[Resource]:
        subnets = self._subnets()
        location = self._location(subnets)
        frontends = []
        for name in self.spec.frontends:
            fields, public = self._frontend(name, subnets.get(name), location)
            yield from public
            frontends.append(fields)
        yield make(
            LoadBalancer,
            id=self.id,
            location=location,
            sku={"name": self.spec.sku},
            frontend_ip_configurations=frontends,
            backend_address_pools=[self._pool(name, subnets) for name in self.spec.pools],
            load_balancing_rules=[self._rule(rule, at) for at, rule in enumerate(self.spec.rules)],
            inbound_nat_rules=[self._nat_rule(rule, at) for at, rule in enumerate(self.spec.nat_rules)],
            outbound_rules=[self._outbound_rule(rule, at) for at, rule in enumerate(self.spec.outbound_rules)],
            probes=[{"id": held, "protocol": "Tcp", "port": port} for port, held in self.probes.items()],
        )

    def _subnets(self) -> dict[str, ResourceId]:
        """Internal frontend → its subnet."""
        return {
            name: self.build.names.find_subnet(held.subnet, (*self.path, "frontends", name, "subnet"))
            for name, held in self.spec.frontends.items()
            if held.subnet is not None
        }

    def _location(self, subnets: Mapping[str, ResourceId]) -> str:
        network = next((subnet.parent for subnet in subnets.values()), None)
        own = self.spec.location
        return self.build.region_of(network, own) if network is not None else self.build.region(own)

    def _frontend(self, name: str, subnet: ResourceId | None, location: str) -> tuple[dict[str, Any], list[Resource]]:
        spec = self.spec.frontends[name]
        if subnet is not None:
            self.build.place(f"{self.name}/{name}", subnet, spec.ip, (*self.path, "frontends", name, "ip"))
        group = self.spec.resource_group
        public: list[Resource] = []
        if spec.public_ip is not None:
            address = self._public_ip(spec.public_ip)
            public = [make_public_address(self.build, f"{self.name}-{name}-pip", address, location, group)]
        elif spec.public_prefix is not None:
            public = [_public_prefix(self.build, f"{self.name}-{name}-prefix", spec.public_prefix, location, group)]
        is_ipv6 = ":" in (spec.ip or (spec.public_ip.ip if spec.public_ip else spec.public_prefix) or "")
        fields = {
            "id": self.frontends[name.lower()],
            "private_ip_address": spec.ip,
            "private_ip_address_version": "IPv6" if is_ipv6 else "IPv4",
            "subnet": subnet,
            "public_ip_address": public[0].id if spec.public_ip else None,
            "public_ip_prefix": public[0].id if spec.public_prefix else None,
        }
        return {key: value for key, value in fields.items() if value is not None}, public

    def _public_ip(self, spec: PublicIp) -> PublicIp:
        """An address that does not say its SKU has that of the load balancer: Azure joins no others."""
        sku = "Basic" if self.spec.sku == "Basic" else "Standard"
        return spec if "sku" in spec.model_fields_set else spec.model_copy(update={"sku": sku})

    def _pool(self, name: str, subnets: Mapping[str, ResourceId]) -> dict[str, Any]:
        pool = self.pools[name.lower()]
        is_ipv6 = self._is_ipv6(name)
        configurations, addresses = [], []
        for at, member in enumerate(self.spec.pools[name]):
            path = (*self.path, "pools", name, at)
            if _is_address(member):
                addresses.append({"name": f"address-{at + 1}", "ip_address": member.strip()})
                continue
            found = self.machines.find(member, is_ipv6, path)
            if found is not None:
                self.machines.pools[found].append(pool)
                configurations.append(found[0].child("ipConfigurations", found[1]))
        return {
            "id": pool,
            "backend_ip_configurations": configurations,
            "load_balancer_backend_addresses": addresses,
            "virtual_network": self._home(addresses, subnets) if addresses else None,
        }

    def _is_ipv6(self, pool: str) -> bool:
        """A pool has the family of the frontends that lead to it."""
        names = {rule.frontend.lower() for rule in self.spec.rules if rule.pool.lower() == pool.lower()}
        held = [spec for name, spec in self.spec.frontends.items() if name.lower() in names]
        return any(":" in (spec.ip or (spec.public_ip.ip if spec.public_ip else "")) for spec in held)

    def _home(self, addresses: list[dict[str, Any]], subnets: Mapping[str, ResourceId]) -> ResourceId | None:
        """The VNet of members given by address: the one that holds them all; of several an internal frontend's."""
        values = [parse_address(held["ip_address"]) for held in addresses]
        homes = [
            network
            for network, prefixes in _spaces(self.build)
            if all(any(space.low <= value <= space.high for space in prefixes) for value in values)
        ]
        inside = [subnet.parent for subnet in subnets.values() if subnet.parent in homes]
        return homes[0] if len(homes) == 1 else next(iter(inside), None)

    def _rule(self, rule: models.BalancingRule, at: int) -> dict[str, Any]:
        path = (*self.path, "rules", at)
        probe = None
        if rule.probe is not None:
            probe = self.probes.setdefault(rule.probe, self.id.child("probes", f"tcp-{rule.probe}"))
        return {
            "id": self.id.child("loadBalancingRules", rule.name),
            "frontend_ip_configuration": self._own(self.frontends, "frontend", rule.frontend, (*path, "frontend")),
            "backend_address_pool": self._own(self.pools, "pool", rule.pool, (*path, "pool")),
            "probe": probe,
            "protocol": rule.protocol,
            "frontend_port": rule.port,
            "backend_port": rule.backend_port or rule.port,
            "enable_floating_ip": rule.floating_ip,
            "disable_outbound_snat": rule.disable_outbound_snat,
        }

    def _nat_rule(self, rule: models.NatRule, at: int) -> dict[str, Any]:
        path = (*self.path, "nat_rules", at)
        identity = self.id.child("inboundNatRules", rule.name)
        frontend = self.spec.frontends.get(rule.frontend)
        is_ipv6 = frontend is not None and ":" in (frontend.ip or (frontend.public_ip.ip if frontend.public_ip else ""))
        found = self.machines.find(rule.target, is_ipv6, (*path, "target"))
        if found is not None:
            self.machines.nat_rules[found].append(identity)
        return {
            "id": identity,
            "frontend_ip_configuration": self._own(self.frontends, "frontend", rule.frontend, (*path, "frontend")),
            "backend_ip_configuration": found[0].child("ipConfigurations", found[1]) if found else None,
            "protocol": rule.protocol,
            "frontend_port": rule.port,
            "backend_port": rule.backend_port or rule.port,
            "enable_floating_ip": rule.floating_ip,
        }

    def _outbound_rule(self, rule: models.OutboundRule, at: int) -> dict[str, Any]:
        path = (*self.path, "outbound_rules", at)
        frontends = [
            self._own(self.frontends, "frontend", name, (*path, "frontend", position))
            for position, name in enumerate(rule.frontend)
        ]
        return {
            "id": self.id.child("outboundRules", rule.name),
            "frontend_ip_configurations": [held for held in frontends if held is not None],
            "backend_address_pool": self._own(self.pools, "pool", rule.pool, (*path, "pool")),
            "protocol": rule.protocol,
        }

    def _own(self, known: Mapping[str, ResourceId], what: str, name: str, path: Path) -> ResourceId | None:
        """A frontend or pool of this load balancer; None after adding the error."""
        found = known.get(name.lower())
        if found is None:
            hint = did_you_mean(name, [held.name for held in known.values()]) or f"write a {what} first"
            message = f"{self.build.errors.label(path[:4])}: {self.name} has no {what} named {name!r}"
            self.build.errors.add("VNS1205", message, path, hint=hint)
        return found


def _spaces(build: Build) -> Iterator[tuple[ResourceId, list[Any]]]:
    """Each VNet of this file and the included ones with its address space."""
    own = {build.names.own["virtual_networks"][name.lower()] for name in build.scenario.virtual_networks}
    for name, spec in build.scenario.virtual_networks.items():
        yield build.names.own["virtual_networks"][name.lower()], [parse_prefix(text) for text in spec.address_space]
    for network in build.included.all(VirtualNetwork):
        if network.id not in own:
            yield network.id, [parse_prefix(text) for text in network.prefixes]


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def _nat_gateway(build: Build, name: str, spec: models.NatGateway) -> Iterator[Resource]:
    location, group = build.region(spec.location), spec.resource_group
    addresses = [
        make_public_address(build, f"{name}-pip{at or ''}", PublicIp(ip=text), location, group)
        for at, text in enumerate(spec.public_ips)
    ]
    prefixes = [
        _public_prefix(build, f"{name}-prefix{at or ''}", text, location, group)
        for at, text in enumerate(spec.public_prefixes)
    ]
    yield from (*addresses, *prefixes)
    yield make(
        NatGateway,
        id=build.names.find("nat_gateways", name, ("nat_gateways", name)),
        location=location,
        sku={"name": spec.sku},
        public_ip_addresses=[held.id for held in addresses if ":" not in (held.ip_address or "")],
        public_ip_addresses_v6=[held.id for held in addresses if ":" in (held.ip_address or "")],
        public_ip_prefixes=[held.id for held in prefixes if ":" not in (held.ip_prefix or "")],
        public_ip_prefixes_v6=[held.id for held in prefixes if ":" in (held.ip_prefix or "")],
    )


def _public_prefix(build: Build, name: str, text: str, location: str, resource_group: str | None) -> PublicIpPrefix:
    identity = build.names.new("public_ip_prefixes", name, resource_group)
    return make(PublicIpPrefix, id=identity, location=location, ip_prefix=text)
