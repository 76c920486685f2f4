"""ARM JSON before the models read it: ids of inline children, template expressions, places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from simulator.azure.express_route import CircuitPeering
from simulator.azure.firewall import RuleCollectionGroup
from simulator.azure.load_balancer import (
    BackendAddressPool,
    FrontendIpConfiguration,
    InboundNatRule,
    LoadBalancingRule,
    OutboundRule,
    Probe,
)
from simulator.azure.network_interface import IpConfiguration
from simulator.azure.network_manager import (
    AdminRule,
    AdminRuleCollection,
    ConnectivityConfiguration,
    NetworkGroup,
    RoutingConfiguration,
    RoutingRule,
    RoutingRuleCollection,
    SecurityAdminConfiguration,
    StaticMember,
)
from simulator.azure.platform_service import MessagingRuleSet, SqlFirewallRule, SqlVirtualNetworkRule
from simulator.azure.resource import ArmModel, ResourceId, lift, squash
from simulator.azure.route_table import Route
from simulator.azure.security_group import ApplicationSecurityGroup, SecurityRule
from simulator.azure.security_perimeter import (
    NetworkSecurityPerimeter,
    PerimeterAccessRule,
    PerimeterAssociation,
    PerimeterProfile,
)
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicyDefinition
from simulator.azure.snapshot import MODELS
from simulator.azure.virtual_network import Subnet, VirtualNetworkPeering

Fields = dict[str, Any]

_MANAGER = "microsoft.network/networkmanagers"
_ADMIN = f"{_MANAGER}/securityadminconfigurations"
_ROUTING = f"{_MANAGER}/routingconfigurations"
_PERIMETER = "microsoft.network/networksecurityperimeters"

#: Type of the parent → name of the collection → model of a child. ARM gives children inline, as own resources, or both.
CHILDREN: Mapping[str, Mapping[str, type[ArmModel]]] = {
    "microsoft.network/virtualnetworks": {"subnets": Subnet, "virtualNetworkPeerings": VirtualNetworkPeering},
    "microsoft.network/networksecuritygroups": {"securityRules": SecurityRule, "defaultSecurityRules": SecurityRule},
    "microsoft.network/routetables": {"routes": Route},
    "microsoft.network/firewallpolicies": {"ruleCollectionGroups": RuleCollectionGroup},
    "microsoft.network/networkinterfaces": {"ipConfigurations": IpConfiguration},
    "microsoft.network/loadbalancers": {
        "frontendIPConfigurations": FrontendIpConfiguration,
        "backendAddressPools": BackendAddressPool,
        "loadBalancingRules": LoadBalancingRule,
        "inboundNatRules": InboundNatRule,
        "outboundRules": OutboundRule,
        "probes": Probe,
    },
    "microsoft.network/serviceendpointpolicies": {"serviceEndpointPolicyDefinitions": ServiceEndpointPolicyDefinition},
    "microsoft.network/expressroutecircuits": {"peerings": CircuitPeering},
    _PERIMETER: {"profiles": PerimeterProfile, "resourceAssociations": PerimeterAssociation},
    f"{_PERIMETER}/profiles": {"accessRules": PerimeterAccessRule},
    "microsoft.sql/servers": {"firewallRules": SqlFirewallRule, "virtualNetworkRules": SqlVirtualNetworkRule},
    "microsoft.eventhub/namespaces": {"networkRuleSets": MessagingRuleSet},
    "microsoft.servicebus/namespaces": {"networkRuleSets": MessagingRuleSet},
    _MANAGER: {
        "networkGroups": NetworkGroup,
        "securityAdminConfigurations": SecurityAdminConfiguration,
        "connectivityConfigurations": ConnectivityConfiguration,
        "routingConfigurations": RoutingConfiguration,
    },
    f"{_MANAGER}/networkgroups": {"staticMembers": StaticMember},
    _ADMIN: {"ruleCollections": AdminRuleCollection},
    f"{_ADMIN}/rulecollections": {"rules": AdminRule},
    _ROUTING: {"ruleCollections": RoutingRuleCollection},
    f"{_ROUTING}/rulecollections": {"rules": RoutingRule},
}

#: Type of a child → its model.
CHILD_MODELS: Mapping[str, type[ArmModel]] = {
    f"{parent}/{name.lower()}": model for parent, children in CHILDREN.items() for name, model in children.items()
}

#: NICs of scale sets carry ids of Microsoft.Compute.
SAME_KIND = {
    "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces": "microsoft.network/networkinterfaces"
}

#: What every resource may carry without saying anything about the network.
IDENTITY = frozenset({"id", "name", "type", "location", "resourceguid", "etag", "resourcegroup", "sku", "tags"})

#: Kinds whose content stands elsewhere: in NICs, or in child resources that ARM never writes inline.
NAME_IS_ENOUGH = frozenset(
    {
        *(ApplicationSecurityGroup, NetworkGroup, SecurityAdminConfiguration, RoutingConfiguration),
        *(BackendAddressPool, PerimeterProfile, NetworkSecurityPerimeter),
    }
)

#: Kinds in which ``[…]`` is the language of the resource itself: Azure Policy evaluates it.
EVALUATES_EXPRESSIONS = frozenset(
    f"microsoft.authorization/{kind}" for kind in ("policydefinitions", "policysetdefinitions", "policyassignments")
)

#: Fields that are simply unknown while they hold a template expression; elsewhere the resource is left out.
MAY_BE_UNKNOWN = frozenset({"location", "privateipaddress", "ipaddress", "macaddress", "resourceguid"})


def model_of(kind: str) -> type[ArmModel] | None:
    """The model of a type written in lower case, or None when the type is not modelled."""
    return MODELS.get(kind) or CHILD_MODELS.get(kind)


def complete(raw: Mapping[Any, Any], identity: ResourceId, kind: str) -> Fields:
    """`raw` lifted, with an id given to every inline child that has none."""
    fields = lift(raw)
    for name in CHILDREN.get(kind, {}):
        children = fields.get(name.lower())
        if isinstance(children, list):
            fields[name.lower()] = [_complete_child(child, identity, kind, name) for child in children]
    return fields


def _complete_child(child: Any, parent: ResourceId, kind: str, name: str) -> Any:
    if not isinstance(child, dict):
        return child
    fields = lift(child)
    own_name = fields.get("name")
    if not isinstance(fields.get("id"), str) and isinstance(own_name, str) and own_name.strip():
        fields["id"] = str(parent.child(name, own_name))
    held = fields.get("id")
    if not isinstance(held, str):
        return fields
    return complete(fields, ResourceId(held), f"{kind}/{name.lower()}")


def is_bare_reference(item: Any) -> bool:
    """True for ``{"id": …}``: something is named here, but nothing about it is said."""
    return isinstance(item, dict) and IDENTITY.issuperset(lift(item))


def says_nothing(raw: Mapping[str, Any], model: type[ArmModel]) -> bool:
    """True for a resource of which only the identity was exported; ``properties: {}`` does say something."""
    if model in NAME_IS_ENOUGH:
        return False
    has_properties = any(squash(key) == "properties" and isinstance(held, dict) for key, held in raw.items())
    return not has_properties and (field_names(model) - IDENTITY).isdisjoint(lift(raw))


def is_expression(value: object) -> bool:
    """True for the text of an ARM template expression, ``[parameters('x')]``; ``[[`` escapes a literal bracket."""
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[[")


def expressions(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every template expression below `value`, with its path."""
    if is_expression(value):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(inner, (str, dict, list)):
            yield from expressions(inner, (*path, key))


def without_unknowns(value: Any) -> Any:
    """`value` with the expressions of fields that may be unknown taken out."""
    if isinstance(value, list):
        return [without_unknowns(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_unknowns(inner)
        for key, inner in value.items()
        if not (squash(key) in MAY_BE_UNKNOWN and is_expression(inner))
    }


@cache
def field_names(model: type[BaseModel]) -> frozenset[str]:
    """The squashed names of the properties that `model` reads."""
    return frozenset(squash(name) for name in model.model_fields)


def spelled(raw: Any, path: tuple[Any, ...]) -> tuple[str, list[str], Any]:
    """A path of squashed names and positions, as it stands in `raw`.

    Returns the text (``.securityRules[4].priority``), the names of the list items on the way, and the value there (None
    where the path leads to nothing).
    """
    text, names, here = "", [], raw
    for step in path:
        if isinstance(step, int) and isinstance(here, list) and step < len(here):
            here = here[step]
            text += f"[{step}]"
            named = lift(here).get("name") if isinstance(here, dict) else None
            names += [named] if isinstance(named, str) else []
        elif isinstance(here, dict):
            key, here = _look_up(here, squash(step))
            text += f".{key or camel_case(str(step))}"
        else:
            here = None
    return text, names, here


def _look_up(raw: Mapping[Any, Any], name: str) -> tuple[str, Any]:
    """The key of `raw`, or of its ``properties``, that squashes to `name`, with its value."""
    properties: Any = None
    for key, value in raw.items():
        if squash(key) == name:
            return str(key), value
        if squash(key) == "properties":
            properties = value
    if isinstance(properties, dict):
        return next(((str(key), value) for key, value in properties.items() if squash(key) == name), ("", None))
    return "", None


def _arm_names() -> dict[str, str]:
    names: dict[str, str] = {}
    waiting = [*ArmModel.__subclasses__()]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        for name in model.model_fields:
            first, *rest = name.split("_")
            names[squash(name)] = first + "".join(word.capitalize() for word in rest)
    return names


#: Names in which ARM writes IP in capitals.
_IN_CAPITALS = (
    *("privateIPAddress", "privateIPAddressVersion", "publicIPAddress", "publicIPAddressVersion", "publicIPPrefix"),
    *("frontendIPConfiguration", "frontendIPConfigurations", "backendIPConfiguration", "backendIPConfigurations"),
    *("gatewayIPConfigurations", "enableIPForwarding", "enableFloatingIP"),
)
_CAMEL = _arm_names() | {squash(name): name for name in _IN_CAPITALS}


def camel_case(name: str) -> str:
    """ARM's spelling of a squashed property name, as far as the models know it."""
    return _CAMEL.get(squash(name), name)
