"""Scopes: what a network manager, or the assignment of a policy, reaches, and which manager comes first.

Learn: azure/virtual-network-manager/concept-network-manager-scope
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.network_manager import CrossTenantScope, ManagerScopes, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.network.memo import per_network
from simulator.network.model import Network

_MANAGEMENT_GROUP = "/managementgroups/"
#: Deeper than any management group: Azure nests them six levels deep below the root.
_OF_SUBSCRIPTIONS = 1000


@per_network
def managers_over(network: Network, virtual_network: ResourceId) -> tuple[NetworkManager, ...]:
    """The managers whose scope holds the VNet, the highest first: Azure lets the higher scope win.

    Management groups come before subscriptions, and a parent before its child as far as `management_groups` declares
    them; among equals by id. A manager over a management group of which nobody declared what lies under it reaches the
    VNet, and so does one whose export has no scope: Azure lets no other VNet become a member by mistake only.
    """
    ranked = [(_rank(network, manager, virtual_network), manager) for manager in network.snapshot.all(NetworkManager)]
    held = [(rank, manager) for rank, manager in ranked if rank is not None]
    return tuple(manager for _, manager in sorted(held, key=lambda pair: pair[0]))


def is_within(network: Network, scope: str, resource: ResourceId) -> bool | None:
    """Does the resource lie in a management group, subscription, resource group or resource?

    None for a management group where nobody declared which one the resource's subscription is in, and for a scope that
    is none of these.
    """
    group = _management_group(scope)
    if group is None:
        held = ResourceId(scope).key
        is_inside = resource.key == held or resource.key.startswith(f"{held}/")
        return is_inside if held.startswith("/subscriptions/") else None
    above = _ancestry(network, resource.subscription.lower())
    return group in above if len(above) > 1 else None


def scopes_of(manager: NetworkManager) -> Iterator[str]:
    """The ids of the management groups and subscriptions of the manager, those of other tenants too."""
    scopes = manager.network_manager_scopes
    everywhere: tuple[ManagerScopes | CrossTenantScope, ...] = (scopes, *scopes.cross_tenant_scopes)
    for held in everywhere:
        yield from (
            f"/providers/Microsoft.Management/managementGroups/{_last(text)}" for text in held.management_groups
        )
        yield from (text if text.startswith("/") else f"/subscriptions/{text}" for text in held.subscriptions)


def _last(text: str) -> str:
    """The name of a management group, which may stand alone or at the end of an id."""
    return text.rstrip("/").rsplit("/", 1)[-1]


def _rank(network: Network, manager: NetworkManager, virtual_network: ResourceId) -> int | None:
    """The level of the highest scope that holds the VNet, or may; None when no scope does."""
    scopes = [*scopes_of(manager)]
    ranks = [_level(network, scope) for scope in scopes if is_within(network, scope, virtual_network) is not False]
    return min(ranks, default=None) if scopes else _OF_SUBSCRIPTIONS


def _level(network: Network, scope: str) -> int:
    group = _management_group(scope)
    return _OF_SUBSCRIPTIONS if group is None else len(_ancestry(network, group)) - 1


def _management_group(scope: str) -> str | None:
    """The name in lower case, where the scope is a management group."""
    _, found, name = scope.lower().rstrip("/").partition(_MANAGEMENT_GROUP)
    return name if found else None


@per_network
def _ancestry(network: Network, name: str) -> tuple[str, ...]:
    """The subscription or management group itself, its parent, and so on, as far as anybody declared them."""
    declared = network.snapshot.declarations.management_groups
    parents = {child.lower(): parent.lower() for child, parent in declared.items()}
    found = [name]
    while (parent := parents.get(found[-1])) is not None and parent not in found:
        found.append(parent)
    return tuple(found)
