"""Names in a scenario file and the resource ids they stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_errors import ErrorList, Path
from simulator.sources.scenario_file import Scenario

#: Section of the file → ARM type and what a person calls it.
KINDS: Mapping[str, tuple[str, str]] = {
    "virtual_networks": ("Microsoft.Network/virtualNetworks", "virtual network"),
    "network_security_groups": ("Microsoft.Network/networkSecurityGroups", "network security group"),
    "application_security_groups": ("Microsoft.Network/applicationSecurityGroups", "application security group"),
    "route_tables": ("Microsoft.Network/routeTables", "route table"),
    "virtual_machines": ("Microsoft.Compute/virtualMachines", "virtual machine"),
    "network_interfaces": ("Microsoft.Network/networkInterfaces", "network interface"),
    "public_ip_addresses": ("Microsoft.Network/publicIPAddresses", "public IP address"),
    "virtual_network_gateways": ("Microsoft.Network/virtualNetworkGateways", "virtual network gateway"),
    "local_network_gateways": ("Microsoft.Network/localNetworkGateways", "local network gateway"),
    "connections": ("Microsoft.Network/connections", "connection"),
    "nat_gateways": ("Microsoft.Network/natGateways", "NAT gateway"),
    "azure_firewalls": ("Microsoft.Network/azureFirewalls", "firewall"),
    "firewall_policies": ("Microsoft.Network/firewallPolicies", "firewall policy"),
    "network_managers": ("Microsoft.Network/networkManagers", "network manager"),
    "load_balancers": ("Microsoft.Network/loadBalancers", "load balancer"),
    "public_ip_prefixes": ("Microsoft.Network/publicIPPrefixes", "public IP prefix"),
    "bastion_hosts": ("Microsoft.Network/bastionHosts", "Bastion host"),
    "application_gateways": ("Microsoft.Network/applicationGateways", "application gateway"),
    "routing_appliances": ("Microsoft.Network/virtualNetworkAppliances", "routing appliance"),
    "storage_accounts": ("Microsoft.Storage/storageAccounts", "storage account"),
    "key_vaults": ("Microsoft.KeyVault/vaults", "key vault"),
    "sql_servers": ("Microsoft.Sql/servers", "SQL server"),
    "event_hubs": ("Microsoft.EventHub/namespaces", "Event Hubs namespace"),
    "service_buses": ("Microsoft.ServiceBus/namespaces", "Service Bus namespace"),
    "cosmos_accounts": ("Microsoft.DocumentDB/databaseAccounts", "Cosmos DB account"),
    "private_endpoints": ("Microsoft.Network/privateEndpoints", "private endpoint"),
    "service_endpoint_policies": ("Microsoft.Network/serviceEndpointPolicies", "service endpoint policy"),
    "security_perimeters": ("Microsoft.Network/networkSecurityPerimeters", "network security perimeter"),
    "express_route_circuits": ("Microsoft.Network/expressRouteCircuits", "ExpressRoute circuit"),
}

#: Sections whose entries are platform services.
SERVICES = ("storage_accounts", "key_vaults", "sql_servers", "event_hubs", "service_buses", "cosmos_accounts")


class Names:
    """Finds the id behind a name: of this file first, then of the files it includes. Ids are taken as they are.

    A name that nothing has becomes an error with a near match, and the id it would have.
    """

    def __init__(self, scenario: Scenario, name: str, included: Snapshot, errors: ErrorList) -> None:
        self.errors = errors
        self.subscription = scenario.subscription
        self.resource_group = scenario.resource_group or f"rg-{name}"
        self.own = {kind: self._own_ids(scenario, kind) for kind in KINDS}
        self.subnets: dict[ResourceId, dict[str, str]] = {
            network.id: {subnet.name.lower(): subnet.name for subnet in network.subnets}
            for network in included.virtual_networks
        }
        for network_name, held in scenario.virtual_networks.items():
            network = self.own["virtual_networks"][network_name.lower()]
            self.subnets[network] = {subnet.lower(): subnet for subnet in held.subnets} | self.subnets.get(network, {})
        self.others: dict[str, dict[str, list[ResourceId]]] = defaultdict(lambda: defaultdict(list))
        for identity in included.resources:
            self.others[identity.type][identity.name.lower()].append(identity)

    def _own_ids(self, scenario: Scenario, kind: str) -> dict[str, ResourceId]:
        section = getattr(scenario, kind, {})
        ids: dict[str, ResourceId] = {}
        for at, name in enumerate(section):
            group = getattr(section[name], "resource_group", None) if isinstance(section, dict) else None
            if name.lower() in ids:
                path: Path = (kind, name) if isinstance(section, dict) else (kind, at)
                message = f"{name}: another {KINDS[kind][1]} has this name; Azure does not tell upper from lower case"
                self.errors.add("VNS1207", message, path, hint="rename one of the two", at_key=True)
            ids.setdefault(name.lower(), self.new(kind, name, group))
        return ids

    def new(self, kind: str, name: str, resource_group: str | None = None) -> ResourceId:
        """The id of a resource that this file makes."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{resource_group or self.resource_group}"
        return ResourceId(f"{group}/providers/{KINDS[kind][0]}/{name}")

    def find(self, kind: str, name: str, path: Path) -> ResourceId:
        """The id of `name`, which stands at `path` of the file."""
        if "/providers/" in name:
            return self._full_id(kind, name, path)
        own = self.own[kind].get(name.lower())
        if own is not None:
            return own
        others = self.others[KINDS[kind][0].lower()].get(name.lower(), [])
        if not others:
            hint = did_you_mean(name, self._known([kind]))
            hint = hint or f"this file has no {KINDS[kind][1]}: write one, or give an id"
            self.errors.add("VNS1205", f"{self._where(path)}no {KINDS[kind][1]} is named {name!r}", path, hint=hint)
            return self.new(kind, "unknown")
        return self._one_of("included resources", others, name, path)

    def find_any(self, kinds: Sequence[str], what: str, name: str, path: Path) -> ResourceId | None:
        """The id of `name`, which any of `kinds` may have; None after adding the error, and `what` says it to people.

        An id is taken as it is: it may be of a kind that is not modelled.
        """
        if "/providers/" in name:
            return ResourceId(name)
        own = [self.own[kind][name.lower()] for kind in kinds if name.lower() in self.own[kind]]
        found = own or [one for kind in kinds for one in self.others[KINDS[kind][0].lower()].get(name.lower(), [])]
        if not found:
            hint = did_you_mean(name, self._known(kinds)) or f"this file has no {what}: write one, or give an id"
            self.errors.add("VNS1205", f"{self._where(path)}no {what} is named {name!r}", path, hint=hint)
            return None
        return self._one_of("resources", found, name, path)

    def is_known(self, kind: str, name: str) -> bool:
        """Has this file, or one that it includes, something of that kind and name?"""
        return name.lower() in self.own[kind] or name.lower() in self.others[KINDS[kind][0].lower()]

    def _known(self, kinds: Iterable[str]) -> list[str]:
        known = [identity.name for kind in kinds for identity in self.own[kind].values()]
        return known + [ids[0].name for kind in kinds for ids in self.others[KINDS[kind][0].lower()].values()]

    def _one_of(self, what: str, found: Sequence[ResourceId], name: str, path: Path) -> ResourceId:
        """The one that is found; of several the first, after saying that the name is not enough."""
        if len(found) > 1:
            listed = " and ".join(str(identity) for identity in sorted(found)[:2])
            message = f"{self._where(path)}{len(found)} {what} are named {name!r}"
            self.errors.add("VNS1205", message, path, hint=f"write the id: {listed}")
        return found[0]

    def find_optional(self, kind: str, name: str | None, path: Path) -> ResourceId | None:
        return None if name is None else self.find(kind, name, path)

    def find_subnet(self, text: str, path: Path) -> ResourceId:
        """The id behind ``vnet/subnet``, or the id of a subnet."""
        if "/providers/" in text:
            identity = ResourceId(text)
            if identity.type != "microsoft.network/virtualnetworks/subnets":
                message = f"{self._where(path)}{text!r} is not the id of a subnet"
                self.errors.add("VNS1205", message, path, hint="write vnet/subnet, or the id of a subnet")
            return identity
        network_name, slash, name = text.partition("/")
        if not slash or not name or "/" in name:
            message = f"{self._where(path)}{text!r} is not a subnet"
            self.errors.add("VNS1205", message, path, hint="write vnet/subnet, such as vnet-hub/VmSubnet1")
            return self.new("virtual_networks", "unknown")
        before = len(self.errors.errors)
        network = self.find("virtual_networks", network_name, path)
        if len(self.errors.errors) == before and name.lower() not in (known := self.subnets_of(network)):
            hint = did_you_mean(name, known.values()) or f"add it under virtual_networks: {network_name}: subnets:"
            message = f"{self._where(path)}{network.name} has no subnet named {name!r}"
            self.errors.add("VNS1205", message, path, hint=hint)
        return network.child("subnets", self.subnets_of(network).get(name.lower(), name))

    def subnets_of(self, network: ResourceId) -> dict[str, str]:
        """The subnets of a VNet of this file or an included one: name in lower case → name."""
        return self.subnets.get(network, {})

    def _full_id(self, kind: str, text: str, path: Path) -> ResourceId:
        identity = ResourceId(text)
        if identity.type != KINDS[kind][0].lower():
            message = f"{self._where(path)}{text!r} is not the id of a {KINDS[kind][1]}"
            self.errors.add("VNS1205", message, path, hint=f"such an id holds /providers/{KINDS[kind][0]}/")
        return identity

    def _where(self, path: Path) -> str:
        while path and isinstance(path[-1], int):
            path = path[:-1]
        label = self.errors.label(path)
        return f"{label}: " if label else ""
