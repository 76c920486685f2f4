"""Each line of the table of limits counts what it says: one more than the limit is told, the limit itself is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from simulator.azure.resource import Resource
from simulator.azure.snapshot import MODELS
from simulator.lints.limits import LIMITS, limits
from tests.network.arm import GROUP, network, nic, nsg, peering, resource, rid, rule, subnet, table, vnet

Made = Iterable[Resource]


def groups(count: int) -> list[dict[str, str]]:
    return [{"id": str(rid("applicationSecurityGroups", f"asg{at}"))} for at in range(count)]


def addresses(count: int) -> list[str]:
    return [f"10.{at // 250}.{at % 250}.1" for at in range(count)]


def rules(count: int) -> Made:
    return (
        nsg(
            "g", *(rule(f"r{at}", 100 + at, "Inbound", "Allow", sourceAddressPrefix="10.0.0.1") for at in range(count))
        ),
    )


def sides(**fields: Any) -> Made:
    return (nsg("g", rule("r", 100, "Inbound", "Allow", **fields)),)


def many_sides(count: int) -> Made:
    named = groups(count)
    halves = (named[: count // 2], named[count // 2 :])
    listed = [
        rule(f"r{at}", 100 + at, "Inbound", "Allow", sourceApplicationSecurityGroups=half)
        for at, half in enumerate(halves)
    ]
    return (nsg("g", *listed),)


def configurations(name: str, each: Iterable[tuple[str, int]]) -> Resource:
    held = [
        {
            "name": f"ip{at}",
            "properties": {"privateIPAddress": address, "applicationSecurityGroups": groups(count)},
        }
        for at, (address, count) in enumerate(each)
    ]
    return resource("networkInterfaces", name, ipConfigurations=held)


def manager(rule_count: int = 1, prefixes: int = 1) -> Made:
    items = [{"addressPrefix": "10.0.0.0/8", "addressPrefixType": "IPPrefix"}] * prefixes
    identity = f"{rid('networkManagers', 'm')}/securityAdminConfigurations/c"
    held = [
        {
            "id": f"{identity}/ruleCollections/k/rules/r{at}",
            "priority": 1 + at,
            "direction": "Inbound",
            "access": "Deny",
            "sources": items,
        }
        for at in range(rule_count)
    ]
    collection = {"id": f"{identity}/ruleCollections/k", "rules": held}
    return (
        resource(
            "networkManagers", "m", securityAdminConfigurations=[{"id": identity, "ruleCollections": [collection]}]
        ),
    )


def service(kind: str, **acls: Any) -> Made:
    raw = {"id": f"{GROUP}/{kind}/one", "properties": {"networkAcls": {"defaultAction": "Deny", **acls}}}
    return (MODELS[kind.lower()].model_validate(raw),)


def subnet_rules(count: int) -> list[dict[str, str]]:
    return [{"id": f"{GROUP}/Microsoft.Network/virtualNetworks/v/subnets/s{at}"} for at in range(count)]


def peers(count: int) -> Made:
    return (vnet("v", "10.0.0.0/16", {}, [peering(f"w{at}") for at in range(count)]),)


def partly(count: int) -> Made:
    return (
        vnet(
            "v",
            "10.0.0.0/16",
            {},
            [peering("w", peerCompleteVnets=False, localSubnetNames=[f"s{at}" for at in range(count)])],
        ),
    )


def ecmp(count: int) -> Made:
    route = {
        "id": f"{rid('routeTables', 't')}/routes/r",
        "addressPrefix": "10.9.0.0/16",
        "nextHopType": "VirtualApplianceEcmp",
        "nextHop": {"nextHopIpAddresses": addresses(count)},
    }
    return (resource("routeTables", "t", routes=[route]),)


def named_group(count: int) -> Made:
    identity = rid("networkManagers", "m")
    group, configuration = f"{identity}/networkGroups/g", f"{identity}/securityAdminConfigurations/c"
    members = [
        {"id": f"{group}/staticMembers/m{at}", "resourceId": str(rid("virtualNetworks", f"v{at}"))}
        for at in range(count)
    ]
    item = {"addressPrefix": group, "addressPrefixType": "NetworkGroup"}
    rule = {"id": f"{configuration}/ruleCollections/k/rules/r", "priority": 1, "direction": "Inbound", "access": "Deny"}
    collection = {"id": f"{configuration}/ruleCollections/k", "rules": [rule | {"sources": [item]}]}
    held = [{"id": configuration, "ruleCollections": [collection]}]
    groups = [{"id": group, "staticMembers": members}]
    return (resource("networkManagers", "m", networkGroups=groups, securityAdminConfigurations=held),)


def at_private_endpoint(count: int) -> Made:
    """`count` sources, as many as ports for them; the limit is five hundred times five hundred."""
    wide = {"sourceAddressPrefixes": addresses(500), "destinationPortRanges": [str(at) for at in range(500)]}
    more = {"destinationAddressPrefixes": ["10.0.0.4", "10.0.0.5"]} if count > 250_000 else {}
    placed = subnet("10.0.0.0/24", nsg="g", pe_policy="Enabled")
    return (
        vnet("v", "10.0.0.0/16", {"s": placed}),
        nic("n", "v/s", "10.0.0.4", private_endpoint="pe"),
        nsg("g", rule("r", 100, "Inbound", "Allow", **wide, **more)),
    )


STORAGE, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
#: What the limit is of, the limit → a network that holds so many.
CASES: dict[tuple[str, int], Callable[[int], Made]] = {
    ("rules", 1000): rules,
    ("addresses on one side", 4000): lambda count: sides(sourceAddressPrefixes=addresses(count)),
    ("application security groups on one side", 10): lambda count: sides(sourceApplicationSecurityGroups=groups(count)),
    ("application security groups in its rules", 100): many_sides,
    ("application security groups of one IP configuration", 20): lambda count: (
        configurations("n", [("10.0.0.4", count)]),
    ),
    ("IP configurations", 4000): lambda count: (configurations("n", [(text, 1) for text in addresses(count)]),),
    ("application security groups", 3000): lambda count: [
        resource("applicationSecurityGroups", f"a{at}") for at in range(count)
    ],
    ("network security groups", 5000): lambda count: [
        resource("networkSecurityGroups", f"g{at}") for at in range(count)
    ],
    ("route tables", 200): lambda count: [table(f"t{at}", {}) for at in range(count)],
    ("routes", 400): lambda count: (
        table("t", {f"r{at}": f"{text} -> None" for at, text in enumerate(addresses(count))}),
    ),
    ("routes to service tags", 25): lambda count: (
        table("t", {f"r{at}": f"Storage.Region{at} -> None" for at in range(count)}),
    ),
    ("next hop addresses", 64): ecmp,
    ("peerings", 500): peers,
    ("subnets in one subnet peering", 200): partly,
    ("security admin rules", 100): lambda count: manager(rule_count=count),
    ("prefixes in security admin rules", 20_000): lambda count: manager(prefixes=count),
    ("members in a network group that a rule names", 100): named_group,
    ("combinations of address, address and port at a private endpoint", 250_000): at_private_endpoint,
    ("rules of one kind in its firewall", 400): lambda count: service(
        STORAGE, ipRules=[{"value": text} for text in addresses(count)]
    ),
    ("address rules in its firewall", 1000): lambda count: service(
        VAULT, ipRules=[{"value": text} for text in addresses(count)]
    ),
    ("virtual network rules in its firewall", 200): lambda count: service(
        VAULT, virtualNetworkRules=subnet_rules(count)
    ),
}
#: Limits that need a deployed configuration of a network manager, tested below.
_CONNECTED = {("connected groups", 2), ("virtual networks in the connected group", 250)}


def test_every_limit_of_the_table_is_tested() -> None:
    assert {(limit.what, limit.most) for limit in LIMITS} == {*CASES} | _CONNECTED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_limit_is_told_when_it_is_exceeded(case: tuple[str, int]) -> None:
    what, most = case
    for count, is_told in ((most, False), (most + 1, True)):
        told = [one.message for one in limits(network(*CASES[case](count)))]
        assert any(message.endswith(f" {what}; the limit is {most:,}") for message in told) == is_told


def meshes(sizes: list[int]) -> Made:
    """A virtual network in several meshes, each with that many members."""
    names = [f"v{at}" for at in range(max(sizes))]
    identity = rid("networkManagers", "m")
    held = [
        {
            "id": f"{identity}/networkGroups/g{number}",
            "staticMembers": [
                {
                    "id": f"{identity}/networkGroups/g{number}/staticMembers/{name}",
                    "resourceId": str(rid("virtualNetworks", name)),
                }
                for name in names[:size]
            ],
        }
        for number, size in enumerate(sizes)
    ]
    configuration = {
        "id": f"{identity}/connectivityConfigurations/c",
        "connectivityTopology": "Mesh",
        "appliesToGroups": [{"networkGroupId": one["id"], "groupConnectivity": "DirectlyConnected"} for one in held],
    }
    spaces = (vnet(name, f"10.{at // 250}.{at % 250}.0/24") for at, name in enumerate(names))
    return (*spaces, resource("networkManagers", "m", networkGroups=held, connectivityConfigurations=[configuration]))


@pytest.mark.parametrize(("sizes", "told"), [([2, 2], 0), ([2, 2, 2], 2), ([250], 0), ([251], 1)])
def test_limits_of_connected_groups(sizes: list[int], told: int) -> None:
    deployed = {"westeurope": (rid("networkManagers", "m").child("connectivityConfigurations", "c"),)}
    assert len([*limits(network(*meshes(sizes), deployments=deployed))]) == told
