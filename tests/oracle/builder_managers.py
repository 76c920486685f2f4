"""Network managers in ARM's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.azure.resource import ResourceId
from tests.oracle.arm import SUBSCRIPTION, arm_id
from tests.oracle.builder_base import BaseBuilder


class ManagerBuilder(BaseBuilder):
    def manager(
        self,
        name: str,
        members: Sequence[str],
        rules: Sequence[dict[str, Any]],
        *,
        regions: Sequence[str] = ("westeurope",),
        management_group: bool | str = False,
        subscription: str = SUBSCRIPTION,
        intent_policies: str = "None",
    ) -> str:
        """A manager with one group, one configuration and one collection, deployed to `regions`.

        Its scope is a management group by name, else a subscription.
        """
        own = arm_id("networkManagers", name)
        group, configuration = f"{own}/networkGroups/all", f"{own}/securityAdminConfigurations/base"
        collection = f"{configuration}/ruleCollections/one"
        made = [{"id": f"{collection}/rules/{r['name']}", "name": r["name"], "properties": r} for r in rules]
        inner = {"appliesToGroups": [{"networkGroupId": group}], "rules": made}
        scope = {"subscriptions": [f"/subscriptions/{subscription}"]}
        if management_group:
            scope = {"managementGroups": [f"/providers/Microsoft.Management/managementGroups/{management_group}"]}
        properties: dict[str, Any] = {"ruleCollections": [{"id": collection, "properties": inner}]}
        properties["applyOnNetworkIntentPolicyBasedServices"] = [intent_policies]
        self._add(
            "networkManagers",
            name,
            networkManagerScopes=scope,
            networkGroups=[_group(group, [arm_id("virtualNetworks", member) for member in members])],
            securityAdminConfigurations=[{"id": configuration, "properties": properties}],
            connectivityConfigurations=[],
            routingConfigurations=[],
        )
        self.deploy(configuration, regions)
        return group

    def deploy(self, configuration: str, regions: Sequence[str]) -> None:
        for region in regions:
            if self.deployments is not None:
                self.deployments[region] = (*self.deployments.get(region, ()), ResourceId(configuration))

    def group(self, manager: str, name: str, members: Sequence[str]) -> str:
        """One more group of a manager; `members` are ids of networks, or of subnets."""
        own = f"{arm_id('networkManagers', manager)}/networkGroups/{name}"
        kind = "Subnet" if any("/subnets/" in member for member in members) else "VirtualNetwork"
        self._of(manager, "networkGroups").append(_group(own, members, kind))
        return own

    def connect(
        self,
        manager: str,
        name: str,
        group: str,
        *,
        hub: str | None = None,
        direct: bool = True,
        is_global: bool = False,
        use_hub_gateway: bool = False,
        delete_existing: bool = False,
        overlap: str = "Allowed",
        regions: Sequence[str] = ("westeurope",),
    ) -> None:
        """A mesh of the group, or with `hub` a hub-and-spoke, whose spokes reach each other if `direct`."""
        own = f"{arm_id('networkManagers', manager)}/connectivityConfigurations/{name}"
        item = {
            "networkGroupId": group,
            "groupConnectivity": "DirectlyConnected" if direct else "None",
            "isGlobal": str(is_global),
            "useHubGateway": str(use_hub_gateway),
        }
        properties = {
            "connectivityTopology": "HubAndSpoke" if hub else "Mesh",
            "isGlobal": str(is_global),
            "deleteExistingPeering": str(delete_existing),
            "connectivityCapabilities": {"connectedGroupAddressOverlap": overlap},
            "hubs": [{"resourceId": arm_id("virtualNetworks", hub)}] if hub else [],
            "appliesToGroups": [item],
        }
        self._of(manager, "connectivityConfigurations").append({"id": own, "name": name, "properties": properties})
        self.deploy(own, regions)

    def route_group(
        self,
        manager: str,
        name: str,
        group: str,
        routes: Mapping[str, str],
        *,
        propagate: bool = True,
        regions: Sequence[str] = ("westeurope",),
    ) -> None:
        """A routing configuration; `routes` as of `route_table`."""
        own = f"{arm_id('networkManagers', manager)}/routingConfigurations/{name}"
        collection = f"{own}/ruleCollections/one"
        rules = [
            {"id": f"{collection}/rules/r{at}", "name": f"r{at}", "properties": _routing_rule(prefix, hop)}
            for at, (prefix, hop) in enumerate(routes.items())
        ]
        inner = {
            "appliesTo": [{"networkGroupId": group}],
            "disableBgpRoutePropagation": str(not propagate),
            "rules": rules,
        }
        properties = {"ruleCollections": [{"id": collection, "name": "one", "properties": inner}]}
        self._of(manager, "routingConfigurations").append({"id": own, "name": name, "properties": properties})
        self.deploy(own, regions)

    def _of(self, manager: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json[arm_id("networkManagers", manager)]["properties"][kind]
        return found


def _group(own: str, members: Sequence[str], kind: str = "VirtualNetwork") -> dict[str, Any]:
    static = [
        {"id": f"{own}/staticMembers/m{at}", "properties": {"resourceId": member}} for at, member in enumerate(members)
    ]
    return {"id": own, "properties": {"memberType": kind, "staticMembers": static}}


def _routing_rule(prefix: str, hop: str) -> dict[str, Any]:
    is_type = hop in ("Internet", "NoNextHop", "VnetLocal", "VirtualNetworkGateway")
    is_prefix = prefix[:1].isdigit() or ":" in prefix
    next_hop = {"nextHopType": hop} if is_type else {"nextHopType": "VirtualAppliance", "nextHopAddress": hop}
    return {
        "destination": {"type": "AddressPrefix" if is_prefix else "ServiceTag", "destinationAddress": prefix},
        "nextHop": next_hop,
    }
