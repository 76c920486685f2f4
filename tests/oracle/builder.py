"""Writes small networks in ARM's shapes, so that tests say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Appliance, LearnedRoute, OnPremisesNetwork
from tests.oracle.arm import arm_id, references, subnet_id
from tests.oracle.builder_managers import ManagerBuilder
from tests.oracle.builder_services import ServiceBuilder


class Builder(ManagerBuilder, ServiceBuilder):
    """Virtual networks and what routes and filters in them; managers and services come from the bases."""

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
                    | references(fields),
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
        """`routes`: prefix → next hop, an address (VirtualAppliance), several with commas (Ecmp) or a type."""
        own = arm_id("routeTables", name)
        made = []
        for at, (prefix, hop) in enumerate(routes.items()):
            properties = {"addressPrefix": prefix} | _hop(hop)
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
        pools: Sequence[str] = (),
        **properties: Any,
    ) -> str:
        """A NIC; `public_ip` goes to the first address of its family; `pools` are ``load balancer/pool``."""
        configurations = []
        for at, address in enumerate(addresses):
            inner: dict[str, Any] = {
                "privateIPAddress": address,
                "primary": at == 0,
                "subnet": {"id": subnet_id(network, subnet)},
                "applicationSecurityGroups": [{"id": arm_id("applicationSecurityGroups", asg)} for asg in asgs],
            }
            if public_ip is not None and (":" in public_ip) == (":" in address):
                inner["publicIPAddress"] = self.public_ip(f"{name}-pip", public_ip, public_sku)
                public_ip = None
            held = [pool.partition("/") for pool in pools]
            inner["loadBalancerBackendAddressPools"] = [
                {"id": f"{arm_id('loadBalancers', balancer)}/backendAddressPools/{pool}"} for balancer, _, pool in held
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
        public_ip: str | Sequence[str] | None = None,
        network_collections: Sequence[dict[str, Any]] = (),
        application_collections: Sequence[dict[str, Any]] = (),
        nat_collections: Sequence[dict[str, Any]] = (),
        threat_intel: str | None = None,
    ) -> None:
        first = {"privateIPAddress": address, "subnet": {"id": subnet_id(network, "AzureFirewallSubnet")}}
        held = [public_ip] if isinstance(public_ip, str) else list(public_ip or ())
        public = [{"publicIPAddress": self.public_ip(f"{name}-pip{at}", text)} for at, text in enumerate(held)]
        made = self._add(
            "azureFirewalls",
            name,
            ipConfigurations=[
                {"name": f"c{at}", "properties": (first if at == 0 else {}) | inner}
                for at, inner in enumerate(public or [{}])
            ],
            networkRuleCollections=list(network_collections),
            applicationRuleCollections=list(application_collections),
            natRuleCollections=list(nat_collections),
            threatIntelMode=threat_intel,
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
        threat_intel: str | None = None,
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
        made["properties"]["threatIntelMode"] = threat_intel
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

    def site(
        self, name: str, gateway: str, *prefixes: str, internet_nat: Sequence[str] = (), circuits: Sequence[str] = ()
    ) -> None:
        """An on-premises network behind a gateway."""
        own = ResourceId(arm_id("virtualNetworkGateways", gateway))
        held = tuple(ResourceId(arm_id("expressRouteCircuits", circuit)) for circuit in circuits)
        found = OnPremisesNetwork(name, prefixes, own, internet_nat=tuple(internet_nat), circuits=held)
        self.on_premises.append(found)

    def routing_appliance(self, name: str, network: str, address: str) -> None:
        """A virtual network routing appliance in its own subnet."""
        subnet = {"id": subnet_id(network, "VirtualNetworkApplianceSubnet")}
        inner = {"privateIPAddress": address, "subnet": subnet}
        self._add("virtualNetworkAppliances", name, subnet=subnet, ipConfigurations=[{"properties": inner}])

    def bastion(self, name: str, network: str) -> None:
        inner = {"subnet": {"id": subnet_id(network, "AzureBastionSubnet")}}
        self._add("bastionHosts", name, ipConfigurations=[{"properties": inner}])

    def application_gateway(self, name: str, network: str, subnet: str, *, isolated: bool = False) -> None:
        inner = {"subnet": {"id": subnet_id(network, subnet)}}
        self._add(
            "applicationGateways",
            name,
            gatewayIPConfigurations=[{"properties": inner}],
            enableNetworkIsolation=isolated,
        )


def _hop(text: str) -> dict[str, Any]:
    if text in ("Internet", "None", "VnetLocal", "VirtualNetworkGateway"):
        return {"nextHopType": text}
    if "," in text:
        several = [part.strip() for part in text.split(",")]
        return {"nextHopType": "VirtualApplianceEcmp", "nextHop": {"nextHopIpAddresses": several}}
    return {"nextHopType": "VirtualAppliance", "nextHopIpAddress": text}
