"""Writes small networks in ARM's shapes, so that tests say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import (
    MODELS,
    Appliance,
    ApplianceRule,
    Declarations,
    LearnedRoute,
    OnPremisesNetwork,
    Snapshot,
)

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-test/providers"


def arm_id(kind: str, name: str) -> str:
    return f"{GROUP}/Microsoft.Network/{kind}/{name}"


def subnet_id(network: str, subnet: str) -> str:
    return f"{arm_id('virtualNetworks', network)}/subnets/{subnet}"


def nsg_rule(
    name: str,
    priority: int,
    access: str,
    direction: str,
    *,
    protocol: str = "*",
    source: str | Sequence[str] = "*",
    destination: str | Sequence[str] = "*",
    source_ports: str | Sequence[str] = "*",
    ports: str | Sequence[str] = "*",
    source_asgs: Sequence[str] = (),
    destination_asgs: Sequence[str] = (),
) -> dict[str, Any]:
    """A security rule; one text fills the singular ARM field, a list the plural."""
    rule: dict[str, Any] = {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": direction,
        "protocol": protocol,
    }
    for field, value in (("sourceAddressPrefix", source), ("destinationAddressPrefix", destination)):
        rule |= {field: value} if isinstance(value, str) else {f"{field}es": list(value)}
    for field, value in (("sourcePortRange", source_ports), ("destinationPortRange", ports)):
        rule |= {field: value} if isinstance(value, str) else {f"{field}s": list(value)}
    for field, names in (
        ("sourceApplicationSecurityGroups", source_asgs),
        ("destinationApplicationSecurityGroups", destination_asgs),
    ):
        if names:
            rule[field] = [{"id": arm_id("applicationSecurityGroups", name)} for name in names]
    return rule


def admin_rule(
    name: str,
    priority: int,
    access: str,
    direction: str,
    *,
    protocol: str = "Any",
    sources: Sequence[str] = (),
    destinations: Sequence[str] = (),
    ports: Sequence[str] = (),
) -> dict[str, Any]:
    """An admin rule. An address that starts with ``group:`` is a network group, one without ``/`` or ``.`` a tag."""
    return {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": direction,
        "protocol": protocol,
        "sources": [_admin_address(text) for text in sources],
        "destinations": [_admin_address(text) for text in destinations],
        "destinationPortRanges": list(ports),
    }


def _admin_address(text: str) -> dict[str, str]:
    if text.startswith("group:"):
        return {"addressPrefix": text.removeprefix("group:"), "addressPrefixType": "NetworkGroup"}
    kind = "IPPrefix" if text == "*" or any(mark in text for mark in "./:") else "ServiceTag"
    return {"addressPrefix": text, "addressPrefixType": kind}


def network_rule(
    name: str,
    *,
    protocols: Sequence[str] = ("Any",),
    sources: Sequence[str] = ("*",),
    destinations: Sequence[str] = ("*",),
    ports: Sequence[str] = ("*",),
    **more: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "ruleType": "NetworkRule",
        "ipProtocols": list(protocols),
        "sourceAddresses": list(sources),
        "destinationAddresses": list(destinations),
        "destinationPorts": list(ports),
    } | more


class Builder:
    """Collects ARM JSON and declarations; `snapshot` reads them with the models."""

    def __init__(self, name: str = "test") -> None:
        self.name = name
        self.json: dict[str, dict[str, Any]] = {}
        self.learned: dict[ResourceId, tuple[LearnedRoute, ...]] = {}
        self.deployments: dict[str, tuple[ResourceId, ...]] | None = {}
        self.undeclared: set[ResourceId] = set()
        self.appliances: dict[ResourceId, Appliance] = {}
        self.on_premises: list[OnPremisesNetwork] = []
        self.service_tags: dict[str, tuple[str, ...]] = {}

    def _add(self, kind: str, name: str, **properties: Any) -> dict[str, Any]:
        resource: dict[str, Any] = {"id": arm_id(kind, name), "name": name, "location": "westeurope"}
        resource["properties"] = properties
        self.json[resource["id"]] = resource
        return resource

    def vnet(
        self, name: str, prefixes: Sequence[str], subnets: Mapping[str, Any], location: str = "westeurope"
    ) -> None:
        """`subnets`: name → prefix, list of prefixes, or ``{"prefixes": […], "nsg": …, "rt": …}`` with ARM fields."""
        made = []
        for subnet, given in subnets.items():
            fields = dict(given) if isinstance(given, Mapping) else {"prefixes": given}
            prefixes_of = fields.pop("prefixes")
            made.append(
                {
                    "id": subnet_id(name, subnet),
                    "name": subnet,
                    "properties": {
                        "addressPrefixes": [prefixes_of] if isinstance(prefixes_of, str) else list(prefixes_of)
                    }
                    | _references(fields),
                }
            )
        network = self._add("virtualNetworks", name, addressSpace={"addressPrefixes": list(prefixes)}, subnets=made)
        network["location"] = location
        network["properties"]["virtualNetworkPeerings"] = []

    def link(self, owner: str, remote: str, **flags: Any) -> None:
        """One side of a peering, with ARM's property names."""
        own = arm_id("virtualNetworks", owner)
        links = self.json[own]["properties"]["virtualNetworkPeerings"]
        to_remote = {"remoteVirtualNetwork": {"id": arm_id("virtualNetworks", remote)}, "peeringState": "Connected"}
        name = f"to-{remote}"
        links.append({"id": f"{own}/virtualNetworkPeerings/{name}", "name": name, "properties": to_remote | flags})

    def peer(self, one: str, other: str, **flags: Any) -> None:
        self.link(one, other, **flags)
        self.link(other, one, **flags)

    def nsg(self, name: str, *rules: dict[str, Any]) -> str:
        own = arm_id("networkSecurityGroups", name)
        made = [
            {"id": f"{own}/securityRules/{rule['name']}", "name": rule["name"], "properties": rule} for rule in rules
        ]
        self._add("networkSecurityGroups", name, securityRules=made)
        return name

    def route_table(
        self, name: str, routes: Mapping[str, str], *, propagate: bool = True, peerings: bool = True
    ) -> str:
        """`routes`: prefix → next hop, an address (VirtualAppliance) or a type."""
        own = arm_id("routeTables", name)
        made = []
        for at, (prefix, hop) in enumerate(routes.items()):
            is_type = hop in ("Internet", "None", "VnetLocal", "VirtualNetworkGateway")
            properties = {"addressPrefix": prefix, "nextHopType": hop if is_type else "VirtualAppliance"}
            properties |= {} if is_type else {"nextHopIpAddress": hop}
            made.append({"id": f"{own}/routes/r{at}", "name": f"r{at}", "properties": properties})
        self._add(
            "routeTables",
            name,
            routes=made,
            disableBgpRoutePropagation=not propagate,
            disablePeeringRoute="None" if peerings else "All",
        )
        return name

    def asg(self, name: str) -> None:
        self._add("applicationSecurityGroups", name)

    def nic(
        self,
        name: str,
        network: str,
        subnet: str,
        *addresses: str,
        nsg: str | None = None,
        public_ip: str | None = None,
        public_sku: str = "Standard",
        asgs: Sequence[str] = (),
        forwarding: bool = False,
        load_balanced: bool = False,
        **properties: Any,
    ) -> str:
        """A NIC; `public_ip` goes to the first address of its family."""
        configurations = []
        for at, address in enumerate(addresses):
            inner: dict[str, Any] = {
                "privateIPAddress": address,
                "primary": at == 0,
                "subnet": {"id": subnet_id(network, subnet)},
                "applicationSecurityGroups": [{"id": arm_id("applicationSecurityGroups", asg)} for asg in asgs],
            }
            if public_ip is not None and (":" in public_ip) == (":" in address):
                self._add("publicIPAddresses", f"{name}-pip", ipAddress=public_ip)["sku"] = {"name": public_sku}
                inner["publicIPAddress"] = {"id": arm_id("publicIPAddresses", f"{name}-pip")}
                public_ip = None
            if load_balanced:
                inner["loadBalancerBackendAddressPools"] = [
                    {"id": arm_id("loadBalancers", "lb") + "/backendAddressPools/pool"}
                ]
            configurations.append({"name": f"ipconfig{at}", "properties": inner})
        properties |= {"ipConfigurations": configurations, "enableIPForwarding": forwarding}
        if nsg is not None:
            properties["networkSecurityGroup"] = {"id": arm_id("networkSecurityGroups", nsg)}
        self._add("networkInterfaces", name, **properties)
        return name

    def appliance(self, nic: str, **facts: Any) -> None:
        """Declares what the guest of a NIC does; `rules` as ApplianceRule values."""
        identity = ResourceId(arm_id("networkInterfaces", nic))
        self.appliances[identity] = Appliance(identity, **facts)

    def firewall(
        self,
        name: str,
        network: str,
        address: str,
        *,
        policy: str | None = None,
        public_ip: str | None = None,
        network_collections: Sequence[dict[str, Any]] = (),
        application_collections: Sequence[dict[str, Any]] = (),
        nat_collections: Sequence[dict[str, Any]] = (),
    ) -> None:
        configuration: dict[str, Any] = {
            "privateIPAddress": address,
            "subnet": {"id": subnet_id(network, "AzureFirewallSubnet")},
        }
        if public_ip is not None:
            self._add("publicIPAddresses", f"{name}-pip", ipAddress=public_ip)["sku"] = {"name": "Standard"}
            configuration["publicIPAddress"] = {"id": arm_id("publicIPAddresses", f"{name}-pip")}
        made = self._add(
            "azureFirewalls",
            name,
            ipConfigurations=[{"name": "one", "properties": configuration}],
            networkRuleCollections=list(network_collections),
            applicationRuleCollections=list(application_collections),
            natRuleCollections=list(nat_collections),
        )
        if policy is not None:
            made["properties"]["firewallPolicy"] = {"id": arm_id("firewallPolicies", policy)}

    def policy(
        self,
        name: str,
        groups: Mapping[int, Sequence[dict[str, Any]]],
        *,
        base: str | None = None,
        private_ranges: Sequence[str] = (),
    ) -> None:
        """`groups`: group priority → its collections (see `collection`)."""
        own = arm_id("firewallPolicies", name)
        made = self._add(
            "firewallPolicies",
            name,
            ruleCollectionGroups=[
                {
                    "id": f"{own}/ruleCollectionGroups/g{at}",
                    "properties": {"priority": priority, "ruleCollections": list(collections)},
                }
                for at, (priority, collections) in enumerate(groups.items())
            ],
        )
        if base is not None:
            made["properties"]["basePolicy"] = {"id": arm_id("firewallPolicies", base)}
        if private_ranges:
            made["properties"]["snat"] = {"privateRanges": list(private_ranges)}

    def gateway(
        self,
        name: str,
        network: str,
        *,
        kind: str = "Vpn",
        bgp: bool = False,
        learned: Sequence[str] | None = None,
        sites: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`learned`: prefixes told by BGP; `sites`: local network gateways with their prefixes, and the connections."""
        self._add(
            "virtualNetworkGateways",
            name,
            gatewayType=kind,
            enableBgp=bgp,
            ipConfigurations=[{"properties": {"subnet": {"id": subnet_id(network, "GatewaySubnet")}}}],
        )
        own = arm_id("virtualNetworkGateways", name)
        if learned is not None:
            self.learned[ResourceId(own)] = tuple(LearnedRoute(prefix) for prefix in learned)
        for site, prefixes in (sites or {}).items():
            self._add("localNetworkGateways", site, localNetworkAddressSpace={"addressPrefixes": list(prefixes)})
            self._add(
                "connections",
                f"{name}-{site}",
                connectionType="IPsec",
                virtualNetworkGateway1={"id": own},
                localNetworkGateway2={"id": arm_id("localNetworkGateways", site)},
            )

    def site(self, name: str, gateway: str, *prefixes: str) -> None:
        """An on-premises network behind a gateway."""
        own = ResourceId(arm_id("virtualNetworkGateways", gateway))
        self.on_premises.append(OnPremisesNetwork(name, prefixes, own))

    def manager(
        self,
        name: str,
        members: Sequence[str],
        rules: Sequence[dict[str, Any]],
        *,
        regions: Sequence[str] = ("westeurope",),
        management_group: bool = False,
    ) -> str:
        """A manager with one group, one configuration and one collection, deployed to `regions`."""
        own = arm_id("networkManagers", name)
        group, configuration = f"{own}/networkGroups/all", f"{own}/securityAdminConfigurations/base"
        collection = f"{configuration}/ruleCollections/one"
        static = [
            {"id": f"{group}/staticMembers/{m}", "properties": {"resourceId": arm_id("virtualNetworks", m)}}
            for m in members
        ]
        scope = "managementGroups" if management_group else "subscriptions"
        self._add(
            "networkManagers",
            name,
            networkManagerScopes={scope: ["/scope"]},
            networkGroups=[{"id": group, "properties": {"staticMembers": static}}],
            securityAdminConfigurations=[
                {
                    "id": configuration,
                    "properties": {
                        "ruleCollections": [
                            {
                                "id": collection,
                                "properties": {
                                    "appliesToGroups": [{"networkGroupId": group}],
                                    "rules": [
                                        {"id": f"{collection}/rules/{r['name']}", "name": r["name"], "properties": r}
                                        for r in rules
                                    ],
                                },
                            }
                        ]
                    },
                }
            ],
        )
        for region in regions:
            if self.deployments is not None:
                deployed = self.deployments.get(region, ())
                self.deployments[region] = (*deployed, ResourceId(configuration))
        return group

    def remove(self, kind: str, name: str) -> None:
        """Forgets a resource but not the references to it, as an incomplete export does."""
        del self.json[arm_id(kind, name)]

    def snapshot(self) -> Snapshot:
        resources: list[Resource] = []
        for identity, value in self.json.items():
            resources.append(MODELS[ResourceId(identity).type].model_validate(value))
        declarations = Declarations(
            learned_routes=dict(self.learned),
            deployments=None if self.deployments is None else dict(self.deployments),
            undeclared_managers=frozenset(self.undeclared),
            appliances=dict(self.appliances),
            on_premises=tuple(self.on_premises),
            service_tags=dict(self.service_tags),
        )
        return Snapshot.of(resources, declarations, self.name)


def collection(name: str, priority: int, action: str, *rules: dict[str, Any], is_nat: bool = False) -> dict[str, Any]:
    kind = "FirewallPolicyNatRuleCollection" if is_nat else "FirewallPolicyFilterRuleCollection"
    return {
        "ruleCollectionType": kind,
        "name": name,
        "priority": priority,
        "action": {"type": action},
        "rules": list(rules),
    }


def appliance_rule(name: str, access: Any, **matches: Any) -> ApplianceRule:
    return ApplianceRule(name, access, **matches)


_REFERENCES = {
    "nsg": ("networkSecurityGroup", "networkSecurityGroups"),
    "rt": ("routeTable", "routeTables"),
    "nat": ("natGateway", "natGateways"),
}


def _references(fields: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in _REFERENCES:
            found[key] = value
        elif value is not None:
            field, kind = _REFERENCES[key]
            found[field] = {"id": arm_id(kind, value)}
    return found
