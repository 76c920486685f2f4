"""Short ways to write load balancers, platform services and their kin for tests of the network room."""

from __future__ import annotations

from typing import Any

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import MODELS
from tests.network.arm import GROUP, Json, rid, subnet_id

_PROVIDERS = {
    "storageAccounts": "Microsoft.Storage",
    "vaults": "Microsoft.KeyVault",
    "servers": "Microsoft.Sql",
    "eventhubs": "Microsoft.EventHub",
    "servicebuses": "Microsoft.ServiceBus",
    "databaseAccounts": "Microsoft.DocumentDB",
}
_NAMESPACES = {"eventhubs", "servicebuses"}


def service_id(kind: str, name: str) -> ResourceId:
    """``service_id("vaults", "kv")``; namespaces are of kind ``eventhubs`` and ``servicebuses``."""
    return ResourceId(f"{GROUP}/{_PROVIDERS[kind]}/{'namespaces' if kind in _NAMESPACES else kind}/{name}")


def service(
    kind: str, name: str, location: str = "westeurope", *, sku: str = "Standard", **properties: Any
) -> Resource:
    identity = service_id(kind, name)
    raw = {"id": str(identity), "location": location, "sku": {"name": sku}, "properties": properties}
    return MODELS[identity.type].model_validate(raw)


def acls(action: str | None, *addresses: str, subnets: tuple[str, ...] = (), state: str = "Succeeded") -> Json:
    """``networkAcls`` of a storage account or vault."""
    return {
        "defaultAction": action,
        "ipRules": [{"value": address} for address in addresses],
        "virtualNetworkRules": [{"id": str(subnet_id(path)), "state": state} for path in subnets],
    }


def storage(name: str = "st", **properties: Any) -> Resource:
    return service("storageAccounts", name, **properties)


def messaging(kind: str, rules: Json | None, *, sku: str = "Standard", **properties: Any) -> Resource:
    """A namespace named ``ns`` with its rule set."""
    identity = service_id(kind, "ns")
    sets = [] if rules is None else [{"id": f"{identity}/networkRuleSets/default", "properties": rules}]
    return service(kind, "ns", sku=sku, networkRuleSets=sets, **properties)


def sql(*ranges: str, subnets: tuple[str, ...] = (), state: str = "Ready", **properties: Any) -> Resource:
    """A server named ``sql``; ranges as ``203.0.113.4-203.0.113.9``, or one address."""
    identity = service_id("servers", "sql")
    pairs = [(text.partition("-")[0], text.partition("-")[2] or text) for text in ranges]
    rules = [
        {"id": f"{identity}/firewallRules/r{at}", "properties": {"startIpAddress": low, "endIpAddress": high}}
        for at, (low, high) in enumerate(pairs)
    ]
    inside = [
        {
            "id": f"{identity}/virtualNetworkRules/v{at}",
            "properties": {"virtualNetworkSubnetId": str(subnet_id(path)), "state": state},
        }
        for at, path in enumerate(subnets)
    ]
    return service("servers", "sql", firewallRules=rules, virtualNetworkRules=inside, **properties)


def perimeter(target: ResourceId, mode: str, *, addresses: tuple[str, ...] = (), **more: Any) -> Resource:
    """Perimeter ``nsp`` with profile ``p`` and its rule ``r``. `profile` names another one; `subscriptions` are ids."""
    identity = rid("networkSecurityPerimeters", "nsp")
    subscriptions = [{"id": f"/subscriptions/{held}"} for held in more.get("subscriptions", ())]
    rule = {
        "id": f"{identity}/profiles/p/accessRules/r",
        "properties": {"direction": "Inbound", "addressPrefixes": list(addresses), "subscriptions": subscriptions},
    }
    associations = [
        {
            "id": f"{identity}/resourceAssociations/a{at}",
            "properties": {
                "privateLinkResource": {"id": str(held)},
                "profile": {"id": f"{identity}/profiles/{more.get('profile', 'p')}"},
                "accessMode": mode,
            },
        }
        for at, held in enumerate((target, *more.get("others", ())))
    ]
    return MODELS[identity.type].model_validate(
        {
            "id": str(identity),
            "profiles": [{"id": f"{identity}/profiles/p", "accessRules": [rule]}],
            "resourceAssociations": associations,
        }
    )


def balancer_id(name: str = "lb") -> ResourceId:
    return rid("loadBalancers", name)


def frontend_id(frontend: str, name: str = "lb") -> ResourceId:
    return balancer_id(name).child("frontendIPConfigurations", frontend)


def pool_id(pool: str, name: str = "lb") -> ResourceId:
    return balancer_id(name).child("backendAddressPools", pool)


def frontend(name: str, *, subnet: str | None = None, address: str | None = None, **public: str) -> Json:
    """A frontend of ``lb``: of subnet ``v/s`` with `address`, or with `ip` or `prefix`, which are names."""
    properties: Json = {"privateIPAddress": address}
    if subnet:
        properties["subnet"] = {"id": str(subnet_id(subnet))}
    if "ip" in public:
        properties["publicIPAddress"] = {"id": str(rid("publicIPAddresses", public["ip"]))}
    if "prefix" in public:
        properties["publicIPPrefix"] = {"id": str(rid("publicIPPrefixes", public["prefix"]))}
    return {"id": str(frontend_id(name)), "name": name, "properties": properties}


def lb_rule(name: str, front: str, pool: str, port: int, backend_port: int | None = None, **more: Any) -> Json:
    """A balancing rule of ``lb``; `probe` names a probe."""
    probe = more.pop("probe", None)
    return {
        "id": f"{balancer_id()}/loadBalancingRules/{name}",
        "name": name,
        "properties": {
            "frontendIPConfiguration": {"id": str(frontend_id(front))},
            "backendAddressPool": {"id": str(pool_id(pool))},
            "probe": {"id": f"{balancer_id()}/probes/{probe}"} if probe else None,
            "protocol": "Tcp",
            "frontendPort": port,
            "backendPort": port if backend_port is None else backend_port,
            **more,
        },
    }


def balancer(*frontends: Json, sku: str = "Standard", **parts: list[Json]) -> Resource:
    """Load balancer ``lb``; `parts` are ARM's lists: ``backendAddressPools=[…]``."""
    identity = balancer_id()
    raw = {
        "id": str(identity),
        "sku": {"name": sku},
        "properties": {"frontendIPConfigurations": list(frontends), **parts},
    }
    return MODELS[identity.type].model_validate(raw)


def pool(name: str, *, nics: tuple[str, ...] = (), addresses: tuple[str, ...] = (), vnet: str = "v") -> Json:
    """A pool of ``lb`` that names NICs by their first configuration, or addresses in a VNet."""
    network = {"id": str(rid("virtualNetworks", vnet))}
    configurations = [{"id": f"{rid('networkInterfaces', held)}/ipConfigurations/ip0"} for held in nics]
    return {
        "id": str(pool_id(name)),
        "name": name,
        "properties": {
            "backendIPConfigurations": configurations,
            "loadBalancerBackendAddresses": [
                {"name": held, "properties": {"ipAddress": held, "virtualNetwork": network}} for held in addresses
            ],
        },
    }
