"""Random firewalls of the hub, gateways, sites and circuits."""

from __future__ import annotations

from typing import Any

from tests.oracle.arm import application_rule, arm_id, collection, dnat_rule, network_rule
from tests.oracle.random_services import PREMISES_NAT
from tests.oracle.random_world import CLIENTS, PORTS, SITES, World

FIREWALL_ADDRESSES = ("20.0.1.1", "20.0.1.2")
THREAT_INTEL = (None, "Alert", "Deny", "Deny")


# --- Azure Firewall ---------------------------------------------------------------------------------------------------
def firewall(world: World) -> None:
    address = world.firewall_address
    if address is None or world.chance(4):
        return
    public = list(FIREWALL_ADDRESSES[: world.pick([0, 1, 1, 2, 2])])
    world.public += public
    own = [_network_collection(world, f"c{at}") for at in range(world.pick([0, 1, 1, 2]))]
    own.append(collection("broad", 60000, "Allow", network_rule("any"))) if world.chance(25) else None
    application = [_application_collection(world, f"app{at}") for at in range(world.pick([0, 1, 2, 2, 2]))]
    nat = [_nat_collection(world, [*public, *public, address])] if world.chance(85) else []
    if world.chance(40):
        for rule in (rule for held in (*own, *application, *nat) for rule in held["rules"]):
            rule.pop("ruleType", None)
        world.firewall(
            "fw",
            "hub",
            address,
            public_ip=public,
            network_collections=own,
            application_collections=application,
            nat_collections=nat,
            threat_intel=world.pick(THREAT_INTEL),
        )
        return
    named = "gone" if world.chance(3) else "policy"
    mode = world.pick(THREAT_INTEL) if named == "policy" else None
    world.firewall("fw", "hub", address, public_ip=public, policy=named, threat_intel=mode)
    _policy(world, own, [*application, *nat])


def _policy(world: World, own: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    base = None
    if world.chance(40):
        base = "parent"
        world.policy("parent", {world.pick([100, 900]): [_network_collection(world, "p")]})
        if world.chance(8):
            world.remove("firewallPolicies", "parent")
    ranges = world.pick([[], [], [], ["0.0.0.0/0"], ["255.255.255.255/32"], ["IANAPrivateRanges", "203.0.113.0/24"]])
    groups = {200: own[:1], 199: [*own[1:], *others]}
    world.policy("policy", groups, base=base, private_ranges=ranges, threat_intel=world.pick(THREAT_INTEL))


def _sides(world: World) -> list[str]:
    return ["*"] if world.chance(50) else [world.prefix(v6=False) for _ in range(2)]


def _network_collection(world: World, name: str) -> dict[str, Any]:
    made = []
    for at in range(world.number(1, 2)):
        more: dict[str, Any] = {}
        if world.chance(10):
            world._add("ipGroups", "group", ipAddresses=[world.prefix(v6=False)])
            more["sourceIpGroups"] = [arm_id("ipGroups", world.pick(["group", "group", "gone"]))]
        if world.chance(5):
            more["destinationFqdns"] = [world.pick(["a.example", "b.example", "unknown.example"])]
        ports = ["*"] if world.chance(50) else [world.pick(PORTS)]
        protocols = world.pick([["Any"], ["TCP"], ["TCP", "UDP"], ["ICMP"]])
        sides = {"sources": _sides(world), "destinations": _sides(world)}
        made.append(network_rule(f"{name}-{at}", protocols=protocols, ports=ports, **sides, **more))
    return collection(name, world.pick([100, 101, 200]) + len(name), world.pick(["Allow", "Allow", "Deny"]), *made)


def _application_collection(world: World, name: str) -> dict[str, Any]:
    protocols = world.pick([None, None, {"Https": 443}, {"Http": 8080}, {"Mssql": None}])
    names = world.pick([["*"], ["*"], ["a.example"], ["b.example", "a.example"], ["unknown.example"]])
    rule = application_rule(name, sources=_sides(world), names=names, protocols=protocols)
    return collection(name, world.number(100, 300), world.pick(["Allow", "Allow", "Allow", "Deny"]), rule)


def _nat_collection(world: World, own: list[str]) -> dict[str, Any]:
    """To hosts, frontends, private endpoints and the Internet; now and then by name or from some sources only."""
    rules = []
    for at in range(world.number(1, 3)):
        targets = [held for held in (*world.addresses, *world.targets) if "." in held]
        to = None if world.chance(4) else world.pick([*targets, *targets, CLIENTS[0]])
        port, to_port = world.pick([("443", None), ("80", "8080"), ("22", "22"), ("443", "8443")])
        more: dict[str, Any] = {"protocols": world.pick([["TCP"], ["TCP", "UDP"], ["Any"]])}
        if world.chance(30):
            more["sources"] = [world.prefix(v6=False), f"{world.pick(CLIENTS)}/32"]
        rules.append(dnat_rule(f"dnat{at}", world.pick(own), port, to, to_port, **more))
    return collection("nat", 100, "Dnat", *rules, is_nat=True)


# --- gateways ---------------------------------------------------------------------------------------------------------
def gateways(world: World) -> None:
    sites = world.random.sample(SITES, len(SITES))
    _circuits(world)
    at = 0
    for vnet in world.vnets:
        if "GatewaySubnet" not in world.subnets_of[vnet]:
            continue
        for kind in world.pick([["Vpn"], ["Vpn"], ["ExpressRoute"], ["ExpressRoute"], ["Vpn", "ExpressRoute"]]):
            prefixes = world.pick(SITES) if world.chance(20) else sites[at % len(sites)]
            _gateway(world, f"gw{at}", vnet, kind, prefixes)
            if world.chance(70):
                nat = world.some(PREMISES_NAT, 2) if world.chance(60) else []
                circuits = [world.pick(["er0", "er1", "er2"])] if world.chance(50) else []
                world.site(f"site{at}", f"gw{at}", *prefixes, internet_nat=nat, circuits=circuits)
            at += 1


def _gateway(world: World, name: str, vnet: str, kind: str, prefixes: tuple[str, ...]) -> None:
    how = world.random.randrange(10)
    if how < 4:
        default = ["0.0.0.0/0"] if world.chance(20) else []
        longer = [world.prefix(v6=False)] if world.chance(25) else []
        learned = list(dict.fromkeys([*prefixes, *default, *longer]))
        world.gateway(name, vnet, kind=kind, bgp=True, learned=learned)
    elif how < 6 and kind == "Vpn":
        world.gateway(name, vnet, kind=kind, bgp=world.chance(20), sites={f"{name}-lng": prefixes})
    else:
        world.gateway(name, vnet, kind=kind, bgp=world.chance(50))


def _circuits(world: World) -> None:
    """Microsoft peering with a pool, for some services; the retired public peering; one whose NAT nobody declared."""
    services = world.pick([[], ["Storage"], ["Storage.westeurope", "Sql"]])
    world.circuit("er0", *world.random.sample(PREMISES_NAT, world.number(1, 3)), services=services)
    world.circuit("er1", *PREMISES_NAT[:2], mode="public_peering")
    world.circuit("er2")
