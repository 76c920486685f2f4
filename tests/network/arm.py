"""Short ways to write ARM resources for tests of the network room; names become ids of one resource group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import MODELS, Declarations, Snapshot
from simulator.network.model import Network
from simulator.network.network import build_network

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
Json = dict[str, Any]


def rid(kind: str, name: str) -> ResourceId:
    """``rid("virtualNetworks", "hub")``; ``hub/web`` names a subnet with kind ``virtualNetworks/subnets``."""
    kinds, names = kind.split("/"), name.split("/")
    path = "/".join(f"{part}/{held}" for part, held in zip(kinds, names, strict=True))
    provider = "Microsoft.Compute" if kind == "virtualMachines" else "Microsoft.Network"
    return ResourceId(f"{GROUP}/{provider}/{path}")


def vnet_id(name: str) -> ResourceId:
    return rid("virtualNetworks", name)


def subnet_id(path: str) -> ResourceId:
    return rid("virtualNetworks/subnets", path)


def nic_id(name: str) -> ResourceId:
    return rid("networkInterfaces", name)


def table_id(name: str) -> ResourceId:
    return rid("routeTables", name)


def group_id(name: str) -> ResourceId:
    return rid("networkSecurityGroups", name)


def _ref(reference: ResourceId | None) -> Json | None:
    return None if reference is None else {"id": str(reference)}


def resource(kind: str, name: str, location: str = "westeurope", **properties: Any) -> Resource:
    identity = rid(kind, name)
    raw = {"id": str(identity), "name": name, "location": location, "properties": properties}
    return MODELS[identity.type].model_validate(raw)


def subnet(
    prefixes: str | list[str],
    *,
    table: str | None = None,
    nsg: str | None = None,
    endpoints: Mapping[str, list[str]] | None = None,
    pe_policy: str | None = None,
    delegation: str | None = None,
) -> Json:
    return {
        "addressPrefixes": [prefixes] if isinstance(prefixes, str) else prefixes,
        "routeTable": _ref(table_id(table)) if table else None,
        "networkSecurityGroup": _ref(group_id(nsg)) if nsg else None,
        "serviceEndpoints": [{"service": service, "locations": held} for service, held in (endpoints or {}).items()],
        "privateEndpointNetworkPolicies": pe_policy,
        "delegations": [{"name": "d", "properties": {"serviceName": delegation}}] if delegation else [],
    }


def peering(remote: str, **flags: Any) -> Json:
    return {"remoteVirtualNetwork": _ref(vnet_id(remote)), "peeringState": "Connected", **flags}


def vnet(
    name: str,
    prefixes: str | list[str],
    subnets: Mapping[str, str | Json] | None = None,
    peerings: Iterable[Json] = (),
    location: str = "westeurope",
) -> Resource:
    space = [prefixes] if isinstance(prefixes, str) else prefixes
    return resource(
        "virtualNetworks",
        name,
        location,
        addressSpace={"addressPrefixes": space},
        subnets=[
            {"id": str(subnet_id(f"{name}/{held}")), "name": held, "properties": _subnet_properties(body)}
            for held, body in (subnets or {}).items()
        ],
        virtualNetworkPeerings=[
            {"id": f"{vnet_id(name)}/virtualNetworkPeerings/link{at}", "name": f"link{at}", "properties": link}
            for at, link in enumerate(peerings)
        ],
    )


def _subnet_properties(body: str | Json) -> Json:
    return subnet(body) if isinstance(body, str) else body


def nic(name: str, path: str, *addresses: str, **extra: Any) -> Resource:
    """A NIC in subnet `path` (``hub/web``). `asgs`, `public`, `nsg` and `private_endpoint` are names."""
    groups, public = extra.pop("asgs", ()), extra.pop("public", None)
    configuration = {
        "subnet": _ref(subnet_id(path)),
        "applicationSecurityGroups": [_ref(rid("applicationSecurityGroups", held)) for held in groups],
        "publicIPAddress": _ref(rid("publicIPAddresses", public)) if public else None,
    }
    nsg, endpoint = extra.pop("nsg", None), extra.pop("private_endpoint", None)
    return resource(
        "networkInterfaces",
        name,
        networkSecurityGroup=_ref(group_id(nsg)) if nsg else None,
        privateEndpoint=_ref(rid("privateEndpoints", endpoint)) if endpoint else None,
        ipConfigurations=[
            {"name": f"ip{at}", "properties": {**configuration, "primary": at == 0, "privateIPAddress": address}}
            for at, address in enumerate(addresses or (None,))
        ],
        **extra,
    )


def table(name: str, routes: Mapping[str, str], *, propagation: bool = True) -> Resource:
    """Routes as ``{"default": "0.0.0.0/0 -> 10.0.0.4"}``; the hop is an address, a next hop type or ``a, b`` (ECMP)."""
    return resource(
        "routeTables",
        name,
        disableBgpRoutePropagation=not propagation,
        routes=[_route(name, held, text) for held, text in routes.items()],
    )


def _route(owner: str, name: str, text: str) -> Json:
    prefix, hop = (part.strip() for part in text.split("->"))
    return {
        "id": f"{table_id(owner)}/routes/{name}",
        "name": name,
        "properties": {"addressPrefix": prefix, **_hop(hop)},
    }


def _hop(text: str) -> Json:
    if "," in text:
        addresses = [address.strip() for address in text.split(",")]
        return {"nextHopType": "VirtualApplianceEcmp", "nextHop": {"nextHopIpAddresses": addresses}}
    is_address = text[:1].isdigit() or ":" in text
    kind = "VirtualAppliance" if is_address else text
    return {"nextHopType": kind, "nextHopIpAddress": text if is_address else None}


def rule(name: str, priority: int, direction: str, access: str, **fields: Any) -> Json:
    defaults = {
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
    }
    return {
        "name": name,
        "properties": {"priority": priority, "direction": direction, "access": access} | defaults | fields,
    }


def nsg(name: str, *rules: Json) -> Resource:
    held = [{"id": f"{group_id(name)}/securityRules/{body['name']}", **body} for body in rules]
    return resource("networkSecurityGroups", name, securityRules=held)


def gateway(name: str, owner: str, kind: str = "Vpn", *, bgp: bool = False, public: str | None = None) -> Resource:
    configuration = {
        "subnet": _ref(subnet_id(f"{owner}/GatewaySubnet")),
        "publicIPAddress": _ref(rid("publicIPAddresses", public)) if public else None,
    }
    return resource(
        "virtualNetworkGateways",
        name,
        gatewayType=kind,
        enableBgp=bgp,
        ipConfigurations=[{"name": "default", "properties": configuration}],
    )


def public_ip(name: str, address: str, sku: str = "Standard") -> Resource:
    raw = {
        "id": str(rid("publicIPAddresses", name)),
        "sku": {"name": sku},
        "properties": {"ipAddress": address},
    }
    return MODELS["microsoft.network/publicipaddresses"].model_validate(raw)


def network(*resources: Resource, assumptions: Mapping[str, str] | None = None, **declarations: Any) -> Network:
    return build_network(Snapshot.of(resources, Declarations(**declarations)), assumptions)


def codes(held: Network) -> set[str]:
    return {issue.code for issue in held.issues}
