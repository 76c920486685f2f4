"""Load balancers, NAT gateways, private endpoints, platform services and what guards them, in ARM's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import CircuitNat
from tests.oracle.arm import arm_id, reference, subnet_id
from tests.oracle.builder_base import BaseBuilder

#: Short name → ARM type of a platform service.
SERVICE_TYPES = {
    "storage": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
    "sql": "Microsoft.Sql/servers",
    "eventhub": "Microsoft.EventHub/namespaces",
    "servicebus": "Microsoft.ServiceBus/namespaces",
    "cosmos": "Microsoft.DocumentDB/databaseAccounts",
}


class ServiceBuilder(BaseBuilder):
    # --- load balancers and NAT gateways ----------------------------------------------------------------------------
    def load_balancer(
        self,
        name: str,
        frontends: Mapping[str, str | tuple[str, str, str]],
        *,
        sku: str = "Standard",
        pools: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        rules: Sequence[Mapping[str, Any]] = (),
        nat_rules: Sequence[Mapping[str, Any]] = (),
        outbound_rules: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """`frontends`: name → public address, or (VNet, subnet, private address). `pools`: name → (VNet, address).

        NICs join a pool by their own configurations. Rules hold frontend, pool or nic, protocol, port, backend_port,
        floating, probe (a port), snat.
        """
        own = arm_id("loadBalancers", name)
        made = self._add("loadBalancers", name)
        made["sku"] = {"name": sku}
        probes = sorted({rule["probe"] for rule in rules if rule.get("probe")})
        made["properties"] |= {
            "frontendIPConfigurations": [self._frontend(name, front, held) for front, held in frontends.items()],
            "backendAddressPools": [_pool(own, pool, held) for pool, held in (pools or {"pool": ()}).items()],
            "loadBalancingRules": [_balancing_rule(own, at, rule) for at, rule in enumerate(rules)],
            "inboundNatRules": [_nat_rule(own, at, rule) for at, rule in enumerate(nat_rules)],
            "outboundRules": [_outbound_rule(own, at, rule) for at, rule in enumerate(outbound_rules)],
            "probes": [{"id": f"{own}/probes/p{port}", "properties": {"port": port}} for port in probes],
        }

    def _frontend(self, balancer: str, name: str, held: str | tuple[str, str, str]) -> dict[str, Any]:
        own = f"{arm_id('loadBalancers', balancer)}/frontendIPConfigurations/{name}"
        if isinstance(held, str):
            return {"id": own, "properties": {"publicIPAddress": self.public_ip(f"{balancer}-{name}-pip", held)}}
        network, subnet, address = held
        inner = {"privateIPAddress": address, "subnet": {"id": subnet_id(network, subnet)}}
        return {"id": own, "properties": inner}

    def nat_gateway(
        self, name: str, *addresses: str, prefixes: Sequence[str] = (), sku: str = "Standard", unassigned: bool = False
    ) -> None:
        """`addresses` and `prefixes` of both families; `unassigned`: one more that is not in the export."""
        made = self._add("natGateways", name)
        made["sku"] = {"name": sku}
        for at, address in enumerate(addresses):
            key = "publicIpAddressesV6" if ":" in address else "publicIpAddresses"
            held = self.public_ip(f"{name}-pip{at}", address, "StandardV2" if sku == "StandardV2" else "Standard")
            made["properties"].setdefault(key, []).append(held)
        for at, prefix in enumerate(prefixes):
            key = "publicIpPrefixesV6" if ":" in prefix else "publicIpPrefixes"
            self._add("publicIPPrefixes", f"{name}-prefix{at}", ipPrefix=prefix)
            made["properties"].setdefault(key, []).append(reference("publicIPPrefixes", f"{name}-prefix{at}"))
        if unassigned:
            made["properties"].setdefault("publicIpAddresses", []).append(reference("publicIPAddresses", "gone"))

    # --- private endpoints and policies -----------------------------------------------------------------------------
    def private_endpoint(
        self, name: str, network: str, subnet: str, address: str, service: str, *, status: str = "Approved"
    ) -> str:
        """The endpoint and its NIC ``<name>-nic``; `service` is an id."""
        inner = {"privateIPAddress": address, "subnet": {"id": subnet_id(network, subnet)}}
        configurations = [{"name": "ipconfig0", "properties": inner}]
        held = reference("privateEndpoints", name)
        self._add("networkInterfaces", f"{name}-nic", ipConfigurations=configurations, privateEndpoint=held)
        connection = {"privateLinkServiceId": service, "privateLinkServiceConnectionState": {"status": status}}
        self._add(
            "privateEndpoints",
            name,
            subnet={"id": subnet_id(network, subnet)},
            networkInterfaces=[reference("networkInterfaces", f"{name}-nic")],
            privateLinkServiceConnections=[{"name": name, "properties": connection}],
        )
        return f"{name}-nic"

    def endpoint_policy(self, name: str, *resources: str) -> str:
        own = arm_id("serviceEndpointPolicies", name)
        inner = {"service": "Microsoft.Storage", "serviceResources": list(resources)}
        definition = {"id": f"{own}/serviceEndpointPolicyDefinitions/one", "properties": inner}
        self._add("serviceEndpointPolicies", name, serviceEndpointPolicyDefinitions=[definition])
        return name

    # --- platform services ------------------------------------------------------------------------------------------
    def service(
        self,
        kind: str,
        name: str,
        *addresses: str,
        location: str = "westeurope",
        access: str | None = "Enabled",
        default_action: str | None = "Deny",
        ip_rules: Sequence[str] = (),
        subnets: Sequence[tuple[str, str]] = (),
    ) -> str:
        """`subnets`: (VNet, subnet). SQL ranges are ``first-last``; Cosmos DB and SQL have no default action."""
        fields = _RULES[kind](arm_id(SERVICE_TYPES[kind], name), default_action, ip_rules, subnets)
        made = self._add(SERVICE_TYPES[kind], name, publicNetworkAccess=access, **fields)
        made["location"] = location
        self.service_addresses[ResourceId(made["id"])] = addresses
        return str(made["id"])

    def perimeter(
        self,
        name: str,
        services: Mapping[str, str],
        *,
        prefixes: Sequence[str] = (),
        subscriptions: Sequence[str] = (),
        profile_is_missing: bool = False,
    ) -> None:
        """One profile with one inbound rule a kind; `services`: id → access mode."""
        own = arm_id("networkSecurityPerimeters", name)
        profile = f"{own}/profiles/one"
        held = [{"id": f"/subscriptions/{one}"} for one in subscriptions]
        rules = [
            {"id": f"{profile}/accessRules/ip", "properties": {"addressPrefixes": list(prefixes)}},
            {"id": f"{profile}/accessRules/sub", "properties": {"subscriptions": held}},
        ]
        associations = [
            {
                "id": f"{own}/resourceAssociations/a{at}",
                "properties": {
                    "privateLinkResource": {"id": service},
                    "profile": {"id": profile},
                    "accessMode": mode,
                },
            }
            for at, (service, mode) in enumerate(services.items())
        ]
        profiles = [] if profile_is_missing else [{"id": profile, "properties": {"accessRules": rules}}]
        self._add("networkSecurityPerimeters", name, profiles=profiles, resourceAssociations=associations)

    def circuit(self, name: str, *pool: str, services: Sequence[str] = (), mode: Any = "microsoft_peering") -> None:
        """An ExpressRoute circuit with Microsoft peering; without a pool nobody declared its NAT."""
        peering = {"peeringType": "MicrosoftPeering" if mode == "microsoft_peering" else "AzurePublicPeering"}
        own = self._add("expressRouteCircuits", name, peerings=[{"id": f"{name}/p", "properties": peering}])["id"]
        if pool:
            self.circuit_nat[ResourceId(own)] = CircuitNat(mode, pool, services=tuple(services))


# --- parts of a load balancer -----------------------------------------------------------------------------------------
def _pool(balancer: str, name: str, addresses: Sequence[tuple[str, str]]) -> dict[str, Any]:
    held = [
        {
            "name": f"a{at}",
            "properties": {"ipAddress": address, "virtualNetwork": reference("virtualNetworks", network)},
        }
        for at, (network, address) in enumerate(addresses)
    ]
    return {
        "id": f"{balancer}/backendAddressPools/{name}",
        "name": name,
        "properties": {"loadBalancerBackendAddresses": held},
    }


def _common(balancer: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "frontendIPConfiguration": {"id": f"{balancer}/frontendIPConfigurations/{rule.get('frontend', 'fe')}"},
        "protocol": rule.get("protocol", "Tcp"),
        "frontendPort": rule["port"],
        "backendPort": rule.get("backend_port", rule["port"]),
        "enableFloatingIP": rule.get("floating", False),
    }


def _balancing_rule(balancer: str, at: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    properties = _common(balancer, rule) | {"disableOutboundSnat": not rule.get("snat", False)}
    properties["backendAddressPool"] = {"id": f"{balancer}/backendAddressPools/{rule.get('pool', 'pool')}"}
    if rule.get("probe"):
        properties["probe"] = {"id": f"{balancer}/probes/p{rule['probe']}"}
    return {"id": f"{balancer}/loadBalancingRules/rule{at}", "properties": properties}


def _nat_rule(balancer: str, at: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    properties = _common(balancer, rule)
    if rule.get("nic"):
        target = f"{arm_id('networkInterfaces', rule['nic'])}/ipConfigurations/ipconfig0"
        properties["backendIPConfiguration"] = {"id": target}
    return {"id": f"{balancer}/inboundNatRules/nat{at}", "properties": properties}


def _outbound_rule(balancer: str, at: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    fronts = [{"id": f"{balancer}/frontendIPConfigurations/{name}"} for name in rule.get("frontends", ("fe",))]
    return {
        "id": f"{balancer}/outboundRules/out{at}",
        "properties": {
            "frontendIPConfigurations": fronts,
            "backendAddressPool": {"id": f"{balancer}/backendAddressPools/{rule.get('pool', 'pool')}"},
            "protocol": rule.get("protocol", "All"),
        },
    }


# --- rules of a platform service --------------------------------------------------------------------------------------
Subnets = Sequence[tuple[str, str]]


def _storage(_: str, action: str | None, ip_rules: Sequence[str], subnets: Subnets) -> dict[str, Any]:
    if action is None:
        return {}
    held = [{"id": subnet_id(*home), "state": "Succeeded"} for home in subnets]
    rules = [{"value": text, "action": "Allow"} for text in ip_rules]
    return {"networkAcls": {"defaultAction": action, "ipRules": rules, "virtualNetworkRules": held}}


def _messaging(own: str, action: str | None, ip_rules: Sequence[str], subnets: Subnets) -> dict[str, Any]:
    if action is None:
        return {}
    inner = {
        "defaultAction": action,
        "ipRules": [{"ipMask": text, "action": "Allow"} for text in ip_rules],
        "virtualNetworkRules": [{"subnet": {"id": subnet_id(*home)}} for home in subnets],
    }
    return {"networkRuleSets": [{"id": f"{own}/networkRuleSets/default", "properties": inner}]}


def _sql(own: str, _: str | None, ip_rules: Sequence[str], subnets: Subnets) -> dict[str, Any]:
    ranges = [text.partition("-") for text in ip_rules]
    return {
        "firewallRules": [
            {
                "id": f"{own}/firewallRules/r{at}",
                "properties": {"startIpAddress": first, "endIpAddress": last or first},
            }
            for at, (first, _, last) in enumerate(ranges)
        ],
        "virtualNetworkRules": [
            {"id": f"{own}/virtualNetworkRules/v{at}", "properties": {"virtualNetworkSubnetId": subnet_id(*home)}}
            for at, home in enumerate(subnets)
        ],
    }


def _cosmos(_: str, __: str | None, ip_rules: Sequence[str], subnets: Subnets) -> dict[str, Any]:
    return {
        "ipRules": [{"ipAddressOrRange": text} for text in ip_rules],
        "isVirtualNetworkFilterEnabled": bool(subnets),
        "virtualNetworkRules": [{"id": subnet_id(*home)} for home in subnets],
    }


_RULES = {
    "storage": _storage,
    "vault": _storage,
    "sql": _sql,
    "eventhub": _messaging,
    "servicebus": _messaging,
    "cosmos": _cosmos,
}
