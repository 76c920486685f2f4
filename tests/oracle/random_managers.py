"""Random network managers: admin rules, connected groups, hub-and-spoke, routing rules."""

from __future__ import annotations

from typing import Any

from simulator.azure.resource import ResourceId
from tests.oracle.arm import SUBSCRIPTION, admin_rule, arm_id, subnet_id
from tests.oracle.random_world import PORTS, World, network_of

BOTH_REGIONS = ("westeurope", "northeurope")


def managers(world: World) -> None:
    for at in range(world.pick([0, 0, 1, 1, 2])):
        members = world.random.sample(world.vnets, world.number(1, len(world.vnets)))
        rules = [_admin_rule(world, at, number) for number in range(world.number(1, 4))]
        regions = world.random.sample(BOTH_REGIONS, world.number(1, 2))
        scope: bool | str = world.pick(["root", "child", "other"]) if world.chance(60) else False
        subscription = SUBSCRIPTION if world.chance(92) else "another"
        intent = world.pick(["None", "AllowRulesOnly", "All"])
        fields: dict[str, Any] = {
            "management_group": scope,
            "subscription": subscription,
            "intent_policies": intent,
        }
        world.manager(f"avnm{at}", members, rules, regions=regions, **fields)
        if world.chance(8):
            world.undeclared.add(ResourceId(arm_id("networkManagers", f"avnm{at}")))
    if world.chance(70):
        _connectivity(world)
    if world.chance(8):
        world.deployments = None


def _connectivity(world: World) -> None:
    """One manager more, which joins spokes and gives them routes."""
    world.manager("avnm-net", [], [], regions=[])
    spokes = [vnet for vnet in world.vnets if vnet != "hub"]
    hub = "hub" if world.chance(20) else None
    # No network is peered with two that share their space, so a hub leaves the twin out.
    held = [vnet for vnet in spokes if vnet != "twin"] if hub else spokes if world.chance(80) else world.vnets
    everyone = [arm_id("virtualNetworks", vnet) for vnet in held]
    group = world.group("avnm-net", "spokes", everyone)
    regions = BOTH_REGIONS if world.chance(85) else BOTH_REGIONS[:1]
    if world.chance(70):
        world.connect(
            "avnm-net",
            "net",
            group,
            hub=hub,
            direct=world.chance(75),
            is_global=world.chance(60),
            use_hub_gateway=world.chance(30),
            delete_existing=regions == BOTH_REGIONS and world.chance(15),
            overlap=world.pick(["Allowed"] * 7 + ["Disallowed"]),
            regions=regions,
        )
    if world.chance(45):
        _routing(world, group, regions)


def _routing(world: World, group: str, regions: tuple[str, ...]) -> None:
    if world.chance(40):
        homes = [subnet_id(vnet, name) for vnet in world.vnets for name in world.plain_subnets(vnet)]
        group = world.group("avnm-net", "subnets", world.some(homes, 3))
    near = [hop for hop in world.hops if "." in hop]
    routes: dict[str, str] = {}
    for _ in range(world.number(1, 3)):
        prefix = "0.0.0.0/0" if world.chance(45) else world.prefix(v6=False)
        kinds = ["Internet", "NoNextHop", "VnetLocal", "VirtualNetworkGateway"]
        routes[str(network_of(prefix))] = world.pick(near) if near and world.chance(70) else world.pick(kinds)
    world.route_group("avnm-net", "routes", group, routes, propagate=world.chance(60), regions=regions)


def _admin_rule(world: World, manager: int, number: int) -> dict[str, Any]:
    def side() -> list[str]:
        kind = world.random.randrange(10)
        if kind < 4:
            return []
        if kind == 4:
            group = arm_id("networkManagers", f"avnm{manager}") + "/networkGroups/all"
            return ["group:" + world.pick([group, group, group, group + "gone"])]
        if kind == 5:
            return [world.pick(["Internet", "VirtualNetwork", "MyTag", "Storage"])]
        return [world.prefix()]

    protocol = world.pick(["Tcp", "Udp", "Icmp", "Any", "Any"])
    ports = [] if protocol in ("Icmp",) or world.chance(40) else world.some(PORTS, 2)
    return admin_rule(
        f"admin{number}",
        10 + number + world.pick([0, 0, 1]),
        world.pick(["Allow", "Allow", "AlwaysAllow", "Deny"]),
        world.pick(["Inbound", "Outbound"]),
        protocol=protocol,
        sources=side(),
        destinations=side(),
        ports=ports,
    )
