"""Security admin rules and connected groups of Azure Virtual Network Manager (SEMANTICS 2)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.network.effective_routes import subnet_routes
from simulator.network.filter_rules import FilterRule
from simulator.network.managers.admin_rules import admin_rules, is_admin_exempt
from simulator.network.managers.connected_groups import connectivity_deployment_unknown
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import EVERYTHING, merge, parse_prefix
from tests.network.arm import (
    SUBSCRIPTION,
    Json,
    codes,
    network,
    peering,
    resource,
    rid,
    subnet,
    subnet_id,
    vnet,
    vnet_id,
)


def admin_rule(name: str, priority: int, access: str, **fields: Any) -> Json:
    return {"name": name, "properties": {"priority": priority, "access": access, "direction": "Inbound", **fields}}


def manager(name: str, *collections: list[Json], members: tuple[str, ...] = ("v",), **more: Any) -> NetworkManager:
    """A manager with one group ``g`` and one security admin configuration ``c``, one collection a list of rules."""
    identity = rid("networkManagers", name)
    configuration = f"{identity}/securityAdminConfigurations/c"
    return NetworkManager.model_validate(
        {
            "id": str(identity),
            "networkManagerScopes": more.get("scopes", {"subscriptions": [SUBSCRIPTION]}),
            "networkGroups": [group(identity, "g", members)],
            "securityAdminConfigurations": [
                {
                    "id": configuration,
                    "applyOnNetworkIntentPolicyBasedServices": more.get("intent"),
                    "ruleCollections": [
                        {
                            "id": f"{configuration}/ruleCollections/{at}",
                            "appliesToGroups": [{"networkGroupId": f"{identity}/networkGroups/g"}],
                            "rules": [
                                {"id": f"{configuration}/ruleCollections/{at}/rules/{rule['name']}", **rule}
                                for rule in rules
                            ],
                        }
                        for at, rules in enumerate(collections)
                    ],
                }
            ],
            "connectivityConfigurations": more.get("connectivity", []),
        }
    )


def group(owner: ResourceId, name: str, members: tuple[str, ...]) -> Json:
    identity = f"{owner}/networkGroups/{name}"
    held = [
        {"id": f"{identity}/staticMembers/{at}", "resourceId": str(vnet_id(member))}
        for at, member in enumerate(members)
    ]
    return {"id": identity, "staticMembers": held}


def deployed(*managers: NetworkManager, region: str = "westeurope") -> dict[str, tuple[ResourceId, ...]]:
    return {region: tuple(held.security_admin_configurations[0].id for held in managers)}


def v(**more: Any) -> Any:
    return vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", **more)})


def inbound(held: Network, name: str = "v") -> list[str]:
    return [rule.name for rule in admin_rules(held, vnet_id(name), "Inbound")]


DENY = [admin_rule("deny", 10, "Deny")]


def test_rules_reach_members_in_the_region_of_the_deployment_only() -> None:
    held = manager("m", DENY, members=("v", "far"))
    resources = (v(), vnet("far", "10.1.0.0/16", location="eastus"), vnet("other", "10.2.0.0/16"), held)
    found = network(*resources, deployments=deployed(held, region="West Europe"))
    assert inbound(found) == ["deny"]
    assert inbound(found, "far") == inbound(found, "other") == []
    assert not admin_rules(found, vnet_id("v"), "Inbound")[0].deployment_unknown


def test_unknown_deployment_is_said_on_the_rule_and_as_an_issue() -> None:
    found = network(v(), manager("m", DENY))
    assert admin_rules(found, vnet_id("v"), "Inbound")[0].deployment_unknown
    assert "VNS2016" in codes(found)


def test_a_manager_without_declared_deployments_is_unknown_beside_one_that_has_them() -> None:
    told, untold = manager("told", DENY), manager("untold", [admin_rule("other", 20, "Deny")])
    found = network(v(), told, untold, deployments=deployed(told), undeclared_managers=frozenset({untold.id}))
    unknown = {rule.name: rule.deployment_unknown for rule in admin_rules(found, vnet_id("v"), "Inbound")}
    assert unknown == {"deny": False, "other": True}
    assert [issue.place for issue in found.issues if issue.code == "VNS2016"] == [str(untold.id)]


def test_a_region_that_is_not_listed_has_nothing_deployed() -> None:
    held = manager("m", DENY)
    assert inbound(network(v(), held, deployments={})) == []
    assert inbound(network(v(), held, deployments={"westeurope": ()})) == []


def test_collections_are_merged_by_priority_and_ties_by_strictness() -> None:
    held = manager(
        "m",
        [admin_rule("late", 30, "Deny"), admin_rule("allow", 20, "Allow")],
        [admin_rule("always", 20, "AlwaysAllow"), admin_rule("deny", 20, "Deny"), admin_rule("early", 1, "Allow")],
    )
    found = network(v(), held, deployments=deployed(held))
    assert inbound(found) == ["early", "deny", "always", "allow", "late"]
    assert "VNS2024" in codes(found)


def test_the_manager_of_the_higher_scope_comes_first() -> None:
    low = manager("a", [admin_rule("low", 1, "Deny")])
    high = manager("b", [admin_rule("high", 99, "Allow")], scopes={"managementGroups": ["/providers/x"]})
    assert inbound(network(v(), low, high, deployments=deployed(low, high))) == ["high", "low"]


def first(**fields: Any) -> FilterRule:
    held = manager("m", [admin_rule("r", 1, "Deny", **fields)], members=("v", "w"))
    found = network(v(), vnet("w", ["10.1.0.0/16", "fd00::/48"]), held, deployments=deployed(held))
    return admin_rules(found, vnet_id("v"), "Inbound")[0]


def test_empty_lists_mean_any() -> None:
    held = first()
    assert held.sources.prefixes == held.destinations.prefixes == merge(EVERYTHING)
    assert held.source_ports == held.destination_ports == ((0, 65535),)
    assert held.protocols == ()


def test_addresses_tags_and_network_groups() -> None:
    manager_id = rid("networkManagers", "m")
    held = first(
        protocol="Tcp",
        destinationPortRanges=["22", "3389"],
        sources=[{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}, {"addressPrefix": "192.0.2.1"}],
        destinations=[{"addressPrefix": f"{manager_id}/networkGroups/g", "addressPrefixType": "NetworkGroup"}],
    )
    assert held.destinations.prefixes == (parse_prefix("10.0.0.0/15"),)
    assert (held.sources.tags, held.sources.prefixes) == (frozenset({"Internet"}), (parse_prefix("192.0.2.1"),))
    assert (held.protocols, held.destination_ports) == ((6,), ((22, 22), (3389, 3389)))


def test_an_unknown_network_group_leaves_the_rule_open() -> None:
    held = first(sources=[{"addressPrefix": "/x/networkGroups/gone", "addressPrefixType": "NetworkGroup"}])
    assert held.sources.unresolved == ("gone",)


@pytest.mark.parametrize(
    ("intent", "names"), [(None, []), (["AllowRulesOnly"], ["allow"]), (["All"], ["deny", "allow"])]
)
def test_network_intent_services_keep_rules_out(intent: list[str] | None, names: list[str]) -> None:
    held = manager("m", [*DENY, admin_rule("allow", 20, "Allow")], intent=intent)
    found = network(v(delegation="Microsoft.Sql/managedInstances"), held, deployments=deployed(held))
    assert inbound(found) == names


@pytest.mark.parametrize(
    ("name", "delegation", "exempt"),
    [
        ("GatewaySubnet", None, True),
        ("azurefirewallsubnet", None, True),
        ("AzureFirewallManagementSubnet", None, True),
        ("AzureBastionSubnet", None, True),
        ("RouteServerSubnet", None, True),
        ("gateways", "Microsoft.Network/applicationGateways", True),
        ("web", None, False),
        ("pg", "Microsoft.DBforPostgreSQL/flexibleServers", False),
    ],
)
def test_exempt_subnets(name: str, delegation: str | None, exempt: bool) -> None:
    found = network(vnet("v", "10.0.0.0/16", {name: subnet("10.0.0.0/24", delegation=delegation)}))
    assert is_admin_exempt(found, subnet_id(f"v/{name}")) is exempt


@pytest.mark.parametrize("delegation", [None, "Microsoft.Network/applicationGateways"])
@pytest.mark.parametrize(
    ("isolated", "exempt"), [((), False), ((False,), True), ((True,), False), ((True, False), True)]
)
def test_application_gateways_exempt_their_subnet_unless_all_are_isolated(
    isolated: tuple[bool, ...], exempt: bool, delegation: str | None
) -> None:
    gateways = [application_gateway(f"agw{at}", "v/s", held) for at, held in enumerate(isolated)]
    found = network(v(delegation=delegation), *gateways)
    assert is_admin_exempt(found, subnet_id("v/s")) is (exempt or (delegation is not None and not isolated))


def application_gateway(name: str, path: str, isolated: bool) -> Resource:
    place = [{"name": "ip", "properties": {"subnet": {"id": str(subnet_id(path))}}}]
    return resource("applicationGateways", name, gatewayIPConfigurations=place, enableNetworkIsolation=isolated)


# connected groups


def connected(topology: str, connectivity: str, *, is_global: str = "False", deploy: bool | None = True) -> Network:
    identity = rid("networkManagers", "m")
    configuration = f"{identity}/connectivityConfigurations/mesh"
    applied = {
        "networkGroupId": f"{identity}/networkGroups/g",
        "groupConnectivity": connectivity,
        "isGlobal": is_global,
    }
    held = manager(
        "m",
        members=("v", "w", "far", "gone"),
        connectivity=[{"id": configuration, "connectivityTopology": topology, "appliesToGroups": [applied]}],
    )
    ids = (ResourceId(configuration),) if deploy else ()
    return network(
        v(),
        vnet("w", ["10.1.0.0/16", "10.9.0.0/24"], {"s": "10.1.0.0/24"}),
        vnet("far", "10.2.0.0/16", location="eastus"),
        held,
        deployments=None if deploy is None else {"westeurope": ids, "eastus": ids},
    )


def group_rows(held: Network) -> list[EffectiveRoute]:
    return [row for row in subnet_routes(held, subnet_id("v/s")) if row.next_hop_type == "ConnectedGroup"]


@pytest.mark.parametrize(("topology", "connectivity"), [("Mesh", "None"), ("HubAndSpoke", "DirectlyConnected")])
def test_a_connected_group_is_one_row_of_the_other_members_of_the_region(topology: str, connectivity: str) -> None:
    (row,) = group_rows(connected(topology, connectivity))
    assert row.prefixes == ("10.1.0.0/16", "10.9.0.0/24")
    assert row.members == (vnet_id("w"), vnet_id("w"))
    assert row.virtual_network == vnet_id("w")


def test_global_connectivity_crosses_regions() -> None:
    (row,) = group_rows(connected("Mesh", "None", is_global="True"))
    assert set(row.prefixes) == {"10.1.0.0/16", "10.9.0.0/24", "10.2.0.0/16"}
    assert row.virtual_network is None


def test_hub_and_spoke_without_direct_connectivity_connects_nothing() -> None:
    assert group_rows(connected("HubAndSpoke", "None")) == []


@pytest.mark.parametrize("deploy", [False, None])
def test_nothing_is_connected_that_is_not_known_to_be_deployed(deploy: bool | None) -> None:
    held = connected("Mesh", "None", deploy=deploy)
    assert group_rows(held) == []
    assert ("VNS2016" in codes(held)) is (deploy is None)
    assert connectivity_deployment_unknown(held, vnet_id("v")) is (deploy is None)


def test_peering_beats_a_connected_group() -> None:
    held = connected("Mesh", "None")
    peered = vnet(
        "v",
        "10.0.0.0/16",
        {"s": "10.0.0.0/24"},
        [peering("w", remoteAddressSpace={"addressPrefixes": ["10.1.0.0/16"]})],
    )
    found = network(
        *(peered if resource.id == peered.id else resource for resource in held.snapshot.resources.values()),
        deployments=held.snapshot.declarations.deployments,
    )
    states = {row.state: row.prefixes for row in group_rows(found)}
    assert states == {"Active": ("10.9.0.0/24",), "Invalid": ("10.1.0.0/16",)}
