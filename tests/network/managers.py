"""Short ways to write network managers: groups, configurations and policies as dictionaries of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator.azure.network_manager import NetworkManager
from simulator.azure.policy import PolicyAssignment, PolicyDefinition, PolicySetDefinition
from simulator.azure.resource import Resource, ResourceId
from simulator.network.model import Network
from tests.network.arm import SUBSCRIPTION, Json, network, rid, subnet_id, vnet_id

MANAGER = rid("networkManagers", "m")


def group_id(name: str, manager: str = "m") -> ResourceId:
    return ResourceId(f"{rid('networkManagers', manager)}/networkGroups/{name}")


def configuration_id(kind: str, name: str, manager: str = "m") -> ResourceId:
    """`kind` is securityAdmin, connectivity or routing."""
    return ResourceId(f"{rid('networkManagers', manager)}/{kind}Configurations/{name}")


def manager(
    name: str = "m",
    *,
    groups: Mapping[str, Sequence[str] | Json] | None = None,
    admin: Mapping[str, Mapping[str, Json]] | None = None,
    connectivity: Mapping[str, Json] | None = None,
    routing: Mapping[str, Json] | None = None,
    scopes: Json | None = None,
    **more: Any,
) -> NetworkManager:
    """`groups`: name → members (``v``, ``v/s``) or the group's own fields. `admin`: configuration → group → rules by
    name, one collection a group. `connectivity` and `routing`: configuration → fields, with ``groups`` by name."""
    return NetworkManager.model_validate(
        {
            "id": str(rid("networkManagers", name)),
            "networkManagerScopes": {"subscriptions": [SUBSCRIPTION]} if scopes is None else scopes,
            "networkGroups": [_group(name, held, members) for held, members in (groups or {}).items()],
            "securityAdminConfigurations": [_admin(name, held, body) for held, body in (admin or {}).items()],
            "connectivityConfigurations": [
                _connectivity(name, held, dict(body)) for held, body in (connectivity or {}).items()
            ],
            "routingConfigurations": [_routing(name, held, dict(body)) for held, body in (routing or {}).items()],
            **more,
        }
    )


def _group(owner: str, name: str, members: Sequence[str] | Json) -> Json:
    identity = group_id(name, owner)
    if isinstance(members, dict):
        return {"id": str(identity), **members}
    ids = [subnet_id(member) if "/" in member else vnet_id(member) for member in members]
    static = [{"id": f"{identity}/staticMembers/{at}", "resourceId": str(held)} for at, held in enumerate(ids)]
    kind = "Subnet" if any("/" in member for member in members) else "VirtualNetwork"
    return {"id": str(identity), "staticMembers": static, "memberType": kind}


def _admin(owner: str, name: str, collections: Mapping[str, Json]) -> Json:
    identity = configuration_id("securityAdmin", name, owner)
    return {
        "id": str(identity),
        "ruleCollections": [
            {
                "id": f"{identity}/ruleCollections/{group}",
                "appliesToGroups": [{"networkGroupId": str(group_id(group, owner))}],
                "rules": [
                    {"id": f"{identity}/ruleCollections/{group}/rules/{rule}", "direction": "Inbound", **body}
                    for rule, body in rules.items()
                ],
            }
            for group, rules in collections.items()
        ],
    }


def _connectivity(owner: str, name: str, body: Json) -> Json:
    groups, hub, item = body.pop("groups"), body.pop("hub", None), body.pop("item", {})
    return {
        "id": str(configuration_id("connectivity", name, owner)),
        "connectivityTopology": "HubAndSpoke" if hub else "Mesh",
        "hubs": [{"resourceId": str(vnet_id(hub))}] if hub else [],
        "appliesToGroups": [{"networkGroupId": str(group_id(group, owner)), **item} for group in groups],
        **body,
    }


def _routing(owner: str, name: str, body: Json) -> Json:
    identity = configuration_id("routing", name, owner)
    collections = body.pop("collections")
    return {
        "id": str(identity),
        "ruleCollections": [
            {
                "id": f"{identity}/ruleCollections/{group}",
                "appliesTo": [{"networkGroupId": str(group_id(group, owner))}],
                "disableBgpRoutePropagation": "False",
                "rules": [_routing_rule(f"{identity}/ruleCollections/{group}", *rule) for rule in rules.items()],
            }
            for group, rules in collections.items()
        ],
        **body,
    }


def _routing_rule(collection: str, name: str, text: str) -> Json:
    """``10.0.0.0/8 -> 10.1.0.4``; the hop is an address or a next hop type."""
    destination, hop = (part.strip() for part in text.split("->"))
    is_address = hop[:1].isdigit()
    return {
        "id": f"{collection}/rules/{name}",
        "destination": {"type": "AddressPrefix", "destinationAddress": destination},
        "nextHop": {
            "nextHopType": "VirtualAppliance" if is_address else hop,
            "nextHopAddress": hop if is_address else None,
        },
    }


def deployed(*configurations: ResourceId, regions: Iterable[str] = ("westeurope",)) -> dict[str, Any]:
    """The declarations that say that all of these are deployed to each of the regions."""
    return {"deployments": {region: configurations for region in regions}}


def everywhere(*resources: Resource, regions: Iterable[str] = ("westeurope", "eastus"), **more: Any) -> Network:
    """The network with every configuration of its managers deployed."""
    managers = [held for held in resources if isinstance(held, NetworkManager)]
    configurations = [
        held.id
        for one in managers
        for held in (
            *one.security_admin_configurations,
            *one.connectivity_configurations,
            *one.routing_configurations,
        )
    ]
    return network(*resources, **deployed(*configurations, regions=regions), **more)


def policy(name: str, group: ResourceId, condition: Any, effect: str = "addToNetworkGroup", **more: Any) -> Resource:
    then = {"effect": effect, "details": {"networkGroupId": str(group)}}
    return PolicyDefinition.model_validate(
        {"id": _policy_id("policyDefinitions", name), "policyRule": {"if": condition, "then": then}, **more}
    )


def policy_set(name: str, definitions: Mapping[str, Json], **more: Any) -> Resource:
    held = [
        {"policyDefinitionId": _policy_id("policyDefinitions", one), "parameters": parameters}
        for one, parameters in definitions.items()
    ]
    return PolicySetDefinition.model_validate(
        {"id": _policy_id("policySetDefinitions", name), "policyDefinitions": held, **more}
    )


def assignment(name: str, assigned: str, scope: str = SUBSCRIPTION, **more: Any) -> Resource:
    """The assignment of a policy, or of a set (``set:name``)."""
    kind, _, held = assigned.rpartition(":")
    definition = _policy_id("policySetDefinitions" if kind else "policyDefinitions", held)
    return PolicyAssignment.model_validate(
        {"id": _policy_id("policyAssignments", name), "policyDefinitionId": definition, "scope": scope, **more}
    )


def _policy_id(kind: str, name: str) -> str:
    return f"{SUBSCRIPTION}/providers/Microsoft.Authorization/{kind}/{name}"
