"""Random load balancers and NAT gateways."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_world import World

PUBLIC_FRONTEND = "20.0.2.1"
SECOND_FRONTEND = "20.0.2.2"


def choose_balancers(world: World) -> None:
    """Who is behind what, before the NICs are made. ``lb-nva`` stands before the appliances of the hub."""
    if world.chance(55):
        _internal(world)
    if world.chance(55):
        _public(world)
    if world.chance(40):
        _before_appliances(world)
    for key in _hosts_of(world, None):
        if world.chance(2):
            world.pools.setdefault(key, []).append("gone/pool")


def _hosts_of(world: World, vnet: str | None) -> list[tuple[str, str, int]]:
    homes = world.hosts.items()
    return [(net, subnet, at) for (net, subnet), made in homes if vnet in (None, net) for at in range(len(made))]


def _join(world: World, vnet: str, pool: str) -> None:
    hosts = _hosts_of(world, vnet)
    for key in world.random.sample(hosts, min(len(hosts), world.number(1, 3))):
        world.pools.setdefault(key, []).append(pool)


def _internal(world: World) -> None:
    vnet = world.pick(world.vnets)
    subnet = world.pick(world.plain_subnets(vnet))
    address = world.at(vnet, subnet, 10)
    world.targets.append(address)
    world.hops.append(address)
    pools = _pools(world, vnet, "lb-int/pool")
    world.load_balancer(
        "lb-int",
        {"fe": (vnet, subnet, address)},
        pools=pools,
        rules=_rules(world, ha=world.chance(30)),
        nat_rules=_nat_rules(world, vnet),
    )


def _public(world: World) -> None:
    vnet = world.pick(world.vnets)
    pools = _pools(world, vnet, "lb-pub/pool")
    world.public += [PUBLIC_FRONTEND, SECOND_FRONTEND]
    fronts = [["fe"], ["fe2"], ["fe", "fe2"]]
    world.load_balancer(
        "lb-pub",
        {"fe": PUBLIC_FRONTEND, "fe2": SECOND_FRONTEND},
        sku=world.pick(["Standard"] * 6 + ["Basic"]),
        pools=pools,
        rules=_rules(world, snat=True),
        nat_rules=_nat_rules(world, vnet),
        outbound_rules=[{"frontends": world.pick(fronts)}] if world.chance(50) else [],
    )


def _before_appliances(world: World) -> None:
    subnet = world.pick(world.plain_subnets("hub"))
    address = world.at("hub", subnet, 11)
    world.targets.append(address)
    world.hops += [address] * 4
    _join(world, "hub", "lb-nva/pool")
    probe = world.pick([None, None, 443])
    rules = [{"port": 0, "backend_port": 0, "protocol": "All", "floating": world.chance(50), "probe": probe}]
    world.load_balancer("lb-nva", {"fe": ("hub", subnet, address)}, rules=rules)


def _pools(world: World, vnet: str, pool: str) -> dict[str, list[tuple[str, str]]]:
    """NICs, now and then an address, which may be nobody's; now and then nothing at all."""
    kind = world.random.randrange(20)
    if kind < 17:
        _join(world, vnet, pool)
    if kind in (15, 16, 17):
        held = [addresses[0] for (net, _), made in world.hosts.items() if net == vnet for addresses in made]
        return {"pool": [(vnet, world.pick(held))]}
    return {"pool": [(vnet, "10.99.0.9")] if kind == 18 else []}


def _rules(world: World, *, ha: bool = False, snat: bool = False) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {"port": 80, "backend_port": 8080, "probe": world.pick([None, 8080, 22])},
        {"port": 443, "probe": world.pick([None, 443])},
    ]
    rules += [{"port": 53, "protocol": "Udp"}] if world.chance(50) else []
    rules += [{"port": 0, "backend_port": 0, "protocol": "All"}] if ha else []
    for rule in rules:
        rule["floating"] = world.chance(20)
        rule["snat"] = snat and world.chance(40)
    return rules


def _nat_rules(world: World, vnet: str) -> list[dict[str, Any]]:
    """To a NIC of the balancer's network, by its name to be; now and then to nobody's."""
    names = [f"nic{at}" for at, (net, _, _) in enumerate(_hosts_of(world, None)) if net == vnet]
    rules = [{"port": 50022, "backend_port": 22, "nic": world.pick([*names, *names, "gone"])}]
    return rules if world.chance(40) else []


def nat_gateways(world: World) -> None:
    """One address; two and a prefix, IPv6 too; and one whose addresses are not all in the export."""
    world.nat_gateway("ng0", "20.0.3.1")
    world.nat_gateway("ng1", "20.0.3.2", "20.0.3.3", "2600:abcd:3::1", prefixes=["20.0.3.4/31"], sku="StandardV2")
    world.nat_gateway("ng2", "20.0.3.8", unassigned=True)
    world.public += ["20.0.3.1", "20.0.3.2", "20.0.3.3", "20.0.3.4", "20.0.3.5"]
