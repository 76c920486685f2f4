"""Random platform services with rules that touch their callers, perimeters, private endpoints, endpoint policies."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from tests.oracle.arm import GROUP, SUBSCRIPTION, arm_id
from tests.oracle.builder_services import SERVICE_TYPES
from tests.oracle.random_world import CLIENTS, REGIONS, SERVICE_SPACE, World

#: What on-premises shows to services: behind circuits, behind the Internet's edge.
PREMISES_NAT = ("20.0.4.1", "20.0.4.2", "20.0.4.3", "20.0.4.4")


def platform_services(world: World) -> None:
    """Three to six services, each with one public address; one kind may occur twice."""
    made: list[str] = []
    for at in range(world.number(3, 6)):
        kind = world.pick(["storage", "storage", *SERVICE_SPACE])
        made.append(_service(world, kind, at))
    if world.chance(60):
        _perimeter(world, made)
    accounts = [service for service in made if "storageAccounts" in service]
    listed = [world.pick([*accounts, *accounts, GROUP.removesuffix("/providers"), arm_id(STORAGE, "other")])]
    world.endpoint_policy("sep", *listed)


STORAGE = SERVICE_TYPES["storage"]


def _service(world: World, kind: str, at: int) -> str:
    region = world.pick(REGIONS)
    address = str(ip_address(SERVICE_SPACE[kind][region]) + 4 + at)
    fields: dict[str, Any] = {
        "access": world.pick(["Enabled"] * 7 + [None, "Disabled", "SecuredByPerimeter"]),
        "default_action": world.pick(["Deny"] * 8 + ["Allow", None]),
        "ip_rules": [] if world.chance(25) else _listed(world, kind),
        "subnets": [_subnet(world) for _ in range(world.number(1, 3))] if world.chance(60) else [],
    }
    return world.service(kind, f"{kind}{at}", address, location=region, **fields)


def _subnet(world: World) -> tuple[str, str]:
    """Most of the time one that has a service endpoint."""
    homes = [(vnet, name) for vnet in world.vnets for name in world.subnets_of[vnet]]
    with_endpoint = [home for home in homes if _has_endpoint(world, *home)]
    return world.pick(with_endpoint) if with_endpoint and world.chance(85) else world.pick(homes)


def _has_endpoint(world: World, vnet: str, name: str) -> bool:
    subnets = world.json[arm_id("virtualNetworks", vnet)]["properties"]["subnets"]
    return any(subnet["name"] == name and "serviceEndpoints" in subnet["properties"] for subnet in subnets)


def _listed(world: World, kind: str) -> list[str]:
    """Addresses that callers show, one at a time or a few in a row; SQL lists ranges and all of Azure."""
    found = []
    for text in world.some([*world.public, *world.public, *PREMISES_NAT, *CLIENTS[:3]], 4):
        last = ip_address(text) + world.pick([0, 0, 1, 2])
        if kind == "sql":
            found.append(f"{text}-{last}")
        else:
            found.append(text if world.chance(60) else f"{text}/31" if world.chance(50) else f"{text}/28")
    if kind in ("sql", "cosmos") and world.chance(20):
        found.append("0.0.0.0")
    return list(dict.fromkeys(_as_prefix(text) for text in found))


def _as_prefix(text: str) -> str:
    """The network of an address with a length, as services demand it."""
    if "/" not in text:
        return text
    address, _, length = text.partition("/")
    size = 1 << (32 - int(length))
    return f"{ip_address(int(ip_address(address)) // size * size)}/{length}"


def _perimeter(world: World, services: list[str]) -> None:
    chosen = world.random.sample(services, world.number(1, 3))
    modes = {service: world.pick(["Learning", "Enforced", "enforced"]) for service in chosen}
    world.perimeter(
        "nsp",
        modes,
        prefixes=_listed(world, "vault") if world.chance(75) else [],
        subscriptions=[world.pick([SUBSCRIPTION, "another"])] if world.chance(30) else [],
        profile_is_missing=world.chance(6),
    )


def private_endpoints(world: World) -> None:
    """Beside the hosts of plain subnets; now and then not approved, or without its resource."""
    for at in range(world.pick([0, 1, 1, 2])):
        vnet = world.pick(world.vnets)
        subnet = world.pick(world.plain_subnets(vnet))
        address = world.at(vnet, subnet, 20 + at)
        world.targets.append(address)
        status = world.pick(["Approved"] * 8 + ["approved", "Pending"])
        world.private_endpoint(f"pe{at}", vnet, subnet, address, arm_id(STORAGE, "storage0"), status=status)
        if world.chance(5):
            world.remove("privateEndpoints", f"pe{at}")
