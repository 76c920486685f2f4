"""Random hub-and-spoke networks whose prefixes, hosts, ports and priorities touch."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from simulator.azure.resource import ResourceId
from tests.oracle.builder import admin_rule, appliance_rule, arm_id, collection, network_rule, nsg_rule
from tests.oracle.random_world import KEY_VAULT, MY_TAG, PORTS, PROTOCOLS, REGIONS, SITES, World, network_of


# --- the network ---------------------------------------------------------------------------------------------------
def random_world(random: Random) -> World:
    """A hub with one to four spokes, everything about them drawn from `random`."""
    world = World(random)
    world.service_tags = {"MyTag": MY_TAG, "AzureKeyVault": (KEY_VAULT,), "Storage.westeurope": ("198.51.100.0/25",)}
    is_dual = world.chance(20)
    spaces = _address_plan(world, is_dual)
    for vnet in spaces:
        world.vnets.append(vnet)
        world.prefixes_of[vnet] = spaces[vnet]
        world.subnets_of[vnet] = _subnet_plan(world, vnet, spaces[vnet])
    _choose_hosts(world)
    _security_groups(world)
    _route_tables(world)
    _networks(world)
    _peerings(world)
    _interfaces(world)
    _firewall(world)
    _gateways(world)
    _managers(world)
    return world


def _address_plan(world: World, is_dual: bool) -> dict[str, list[str]]:
    """Neighbouring /24s, so that the last address of one network touches the first of the next."""
    base = world.pick(["10.0", "10.0", "10.0", "172.16", "192.168", "100.64"])
    plan: dict[str, list[str]] = {}
    for at in range(world.number(2, 5)):
        plan["hub" if at == 0 else f"spoke{at}"] = [f"{base}.{at}.0/24"]
        if is_dual and world.chance(80):
            plan["hub" if at == 0 else f"spoke{at}"].append(f"fd00:{at}::/48")
    if world.chance(15):
        plan["hub"].append(f"{base}.100.0/25")
    if world.chance(3):
        plan["hub"].append("100.64.0.0/10" if base != "100.64" else "172.16.0.0/12")
    return plan


def _subnet_plan(world: World, vnet: str, prefixes: list[str]) -> dict[str, list[str]]:
    names = [f"s{at}" for at in range(world.number(1, 3))]
    if vnet == "hub":
        names += ["AzureFirewallSubnet"] if world.chance(65) else []
        names += ["GatewaySubnet"] if world.chance(65) else []
        names += ["AzureBastionSubnet"] if world.chance(10) else []
    elif world.chance(4):
        names.append("GatewaySubnet")
    pieces = list(ip_network(prefixes[0]).subnets(new_prefix=27))
    plan = {name: [str(pieces[at])] for at, name in enumerate(names)}
    for at, name in enumerate(names):
        v6 = next((prefix for prefix in prefixes if ":" in prefix), None)
        if v6 is not None and name.startswith("s"):
            plan[name].append(str(ip_network(v6.replace("::/48", f":0:{at}::/64"))))
    return plan


def _choose_hosts(world: World) -> None:
    """Host addresses before anything names them: first usable, last usable, one between; same place in IPv6."""
    for vnet in world.vnets:
        for name, prefixes in world.subnets_of[vnet].items():
            if name in ("AzureFirewallSubnet", "GatewaySubnet"):
                continue
            offsets = world.random.sample([4, 5, 17, 30], world.pick([1, 1, 2, 3]))
            made = [[str(ip_network(prefix)[offset]) for prefix in prefixes] for offset in offsets]
            world.hosts[vnet, name] = made
            world.addresses += [address for addresses in made for address in addresses]
    in_hub = [address for address in world.addresses if any(_inside(address, p) for p in world.prefixes_of["hub"])]
    world.hops += in_hub
    firewall = world.subnets_of["hub"].get("AzureFirewallSubnet")
    if firewall:
        world.firewall_address = str(ip_network(firewall[0])[4])
        world.hops += [world.firewall_address] * 10


def _inside(address: str, prefix: str) -> bool:
    found = network_of(prefix)
    return ip_address(address).version == found.version and ip_address(address) in found


def _security_groups(world: World) -> None:
    world.asg("web")
    for at in range(world.number(1, 4)):
        rules = []
        priorities = {"Inbound": world.pick([100, 4000]), "Outbound": 100}
        for number in range(world.number(0, 6)):
            direction = world.pick(["Inbound", "Outbound"])
            priorities[direction] += world.pick([1, 1, 10])
            rules.append(_security_rule(world, f"r{number}", priorities[direction], direction))
        world.random.shuffle(rules)
        world.groups.append(world.nsg(f"nsg{at}", *rules))


def _security_rule(world: World, name: str, priority: int, direction: str) -> dict[str, Any]:
    protocol = world.pick(PROTOCOLS)
    fields: dict[str, Any] = {"protocol": protocol, "source": world.rule_address(), "destination": world.rule_address()}
    if protocol in ("Tcp", "Udp", "*"):
        fields["ports"] = world.ports()
        fields["source_ports"] = world.ports() if world.chance(10) else "*"
    if world.chance(8):
        fields[world.pick(["source_asgs", "destination_asgs"])] = [world.pick(["web", "web", "web", "gone"])]
    return nsg_rule(name, priority, world.pick(["Allow", "Allow", "Allow", "Deny"]), direction, **fields)


def _route_tables(world: World) -> None:
    is_dual = any(":" in prefix for prefixes in world.prefixes_of.values() for prefix in prefixes)
    for at in range(world.number(1, 3)):
        routes: dict[str, str] = {"::/0": _hop(world, v6=True)} if is_dual and world.chance(40) else {}
        for _ in range(world.number(0, 4)):
            prefix = "0.0.0.0/0" if world.chance(45) else world.prefix()
            routes[str(network_of(prefix))] = _hop(world, v6=":" in prefix)
        world.tables.append(world.route_table(f"rt{at}", routes, propagate=world.chance(60), peerings=world.chance(90)))


def _hop(world: World, *, v6: bool) -> str:
    near = [hop for hop in world.hops if (":" in hop) == v6]
    kind = world.random.randrange(20)
    if kind < 12 and near:
        return world.pick(near)
    if kind == 12:
        return world.pick([a for a in world.addresses if (":" in a) == v6] or ["None"])
    if kind == 13 and not v6:
        return world.pick(["10.99.0.4", "10.200.0.4", str(network_of(world.subnets_of["hub"]["s0"][0])[9])])
    return world.pick(["Internet", "Internet", "None", "VnetLocal", "VirtualNetworkGateway"])


def _networks(world: World) -> None:
    for vnet in world.vnets:
        subnets = {}
        for name, prefixes in world.subnets_of[vnet].items():
            fields: dict[str, Any] = {"prefixes": prefixes}
            is_service = name in ("AzureFirewallSubnet", "GatewaySubnet")
            if world.chance(2 if is_service else 50):
                fields["nsg"] = "gone" if world.chance(2) else world.pick(world.groups)
            if world.chance(25 if is_service else 60):
                fields["rt"] = "gone" if world.chance(2) else world.pick(world.tables)
            if world.chance(15) and name != "GatewaySubnet":
                fields["nat"] = "ng"
            if world.chance(40):
                fields["defaultOutboundAccess"] = world.chance(40)
            if world.chance(10) and not is_service:
                fields["serviceEndpoints"] = [{"service": "Microsoft.KeyVault"}]
            subnets[name] = fields
        world.vnet(vnet, world.prefixes_of[vnet], subnets, location=world.pick(REGIONS))


def _peerings(world: World) -> None:
    hub, *spokes = world.vnets
    for spoke in spokes:
        if world.chance(92):
            transits = world.chance(60)
            _peering(world, hub, spoke, transits)
    if len(spokes) > 1 and world.chance(25):
        _peering(world, spokes[0], spokes[1], False)
    if world.chance(15):
        # Azure tells the space of a connected peer; what a link without it means is held in test_subtle_cases.
        world.link(hub, "gone", remoteAddressSpace={"addressPrefixes": ["10.200.0.0/16"]})


def _peering(world: World, one: str, other: str, transits: bool) -> None:
    shared: dict[str, Any] = {}
    if world.chance(4):
        shared["peeringState"] = "Disconnected"
    subnets = world.chance(8)
    lists = {vnet: world.some(list(world.subnets_of[vnet]), 2) for vnet in (one, other)} if subnets else {}
    for owner, remote, transit in ((one, other, "allowGatewayTransit"), (other, one, "useRemoteGateways")):
        flags = {**shared, transit: transits and not world.chance(4)}
        flags["allowVirtualNetworkAccess"] = world.chance(90)
        flags["allowForwardedTraffic"] = world.chance(75)
        if subnets:
            flags |= {
                "peerCompleteVnets": False,
                "localSubnetNames": lists[owner],
                "remoteSubnetNames": lists[remote],
                "enableOnlyIPv6Peering": world.chance(10),
            }
        elif world.chance(6):
            flags["remoteAddressSpace"] = {"addressPrefixes": world.prefixes_of[remote][:1]}
        world.link(owner, remote, **flags)


def _interfaces(world: World) -> None:
    at = 0
    for (vnet, subnet), hosts in world.hosts.items():
        for addresses in hosts:
            fields: dict[str, Any] = {}
            if world.chance(40):
                fields["nsg"] = "gone" if world.chance(2) else world.pick(world.groups)
            if world.chance(25):
                fields["public_ip"] = f"20.0.0.{at}"
                fields["public_sku"] = world.pick(["Standard", "Standard", "Basic"])
                if len(addresses) > 1 and world.chance(30):
                    fields |= {"public_ip": f"2600:abcd::{at}", "public_sku": "Standard"}
            if world.chance(25):
                fields["asgs"] = ["web"]
            fields["load_balanced"] = world.chance(8)
            is_appliance = world.chance(70 if vnet == "hub" else 10)
            fields["forwarding"] = is_appliance and world.chance(92)
            if world.chance(2):
                fields["privateEndpoint"] = {"id": arm_id("privateEndpoints", f"pe{at}")}
            name = world.nic(f"nic{at}", vnet, subnet, *addresses, **fields)
            if is_appliance and world.chance(90):
                _appliance(world, name)
            at += 1


def _appliance(world: World, nic: str) -> None:
    rules = None
    if world.chance(30):
        rules = tuple(
            appliance_rule(
                f"r{at}",
                world.pick(["Allow", "Allow", "Deny"]),
                protocol=world.pick(["*", "Tcp", "Udp", "Icmp"]),
                sources=tuple(world.pick(["*", world.prefix()]) for _ in range(2)),
                destinations=(world.pick(["*", world.prefix()]),),
                destination_ports=(world.pick(["*", *PORTS]),),
            )
            for at in range(world.number(1, 3))
        )
    world.appliance(
        nic,
        forwards=world.chance(93),
        stateful=world.chance(65),
        snat=world.pick(["none", "none", "internet", "all"]),
        rules=rules,
    )


def _firewall(world: World) -> None:
    address = world.firewall_address
    if address is None or world.chance(4):
        return
    public = "20.0.1.1" if world.chance(85) else None
    own = [_network_collection(world, f"c{at}") for at in range(world.number(1, 3))]
    own.append(collection("broad", 60000, "Allow", network_rule("any"))) if world.chance(60) else None
    application = [
        {"name": "web", "ruleType": "ApplicationRule", "sourceAddresses": ["*"], "targetFqdns": ["a.example"]}
    ]
    nat = network_rule(
        "nat", destinations=["20.0.1.1"], ports=["443"], ruleType="NatRule", translatedAddress="10.0.1.4"
    )
    extra = {
        "application": [collection("app", 100, "Allow", *application)] if world.chance(35) else [],
        "nat": [collection("nat", 100, "Dnat", nat, is_nat=True)] if world.chance(40) else [],
    }
    if world.chance(40):
        for rule in (rule for held in (*own, *extra["application"], *extra["nat"]) for rule in held["rules"]):
            rule.pop("ruleType", None)
        world.firewall(
            "fw",
            "hub",
            address,
            public_ip=public,
            network_collections=own,
            application_collections=extra["application"],
            nat_collections=extra["nat"],
        )
        return
    world.firewall("fw", "hub", address, public_ip=public, policy="gone" if world.chance(3) else "policy")
    base = None
    if world.chance(40):
        base = "parent"
        world.policy("parent", {world.pick([100, 900]): [_network_collection(world, "p")]})
        if world.chance(8):
            world.remove("firewallPolicies", "parent")
    ranges = world.pick([[], [], [], ["0.0.0.0/0"], ["255.255.255.255/32"], ["IANAPrivateRanges", "203.0.113.0/24"]])
    groups = {200: own[:1], 199: [*own[1:], *extra["application"], *extra["nat"]]}
    world.policy("policy", groups, base=base, private_ranges=ranges)


def _network_collection(world: World, name: str) -> dict[str, Any]:
    def side() -> list[str]:
        return ["*"] if world.chance(50) else [world.prefix(v6=False) for _ in range(2)]

    made = []
    for at in range(world.number(1, 2)):
        more: dict[str, Any] = {}
        if world.chance(10):
            world._add("ipGroups", "group", ipAddresses=[world.prefix(v6=False)])
            more["sourceIpGroups"] = [arm_id("ipGroups", world.pick(["group", "group", "gone"]))]
        if world.chance(3):
            more["destinationFqdns"] = ["a.example"]
        ports = ["*"] if world.chance(50) else [world.pick(PORTS)]
        protocols = world.pick([["Any"], ["TCP"], ["TCP", "UDP"], ["ICMP"]])
        made.append(
            network_rule(f"{name}-{at}", protocols=protocols, sources=side(), destinations=side(), ports=ports, **more)
        )
    return collection(name, world.pick([100, 101, 200]) + len(name), world.pick(["Allow", "Allow", "Deny"]), *made)


def _gateways(world: World) -> None:
    sites = world.random.sample(SITES, len(SITES))
    at = 0
    for vnet in world.vnets:
        if "GatewaySubnet" not in world.subnets_of[vnet]:
            continue
        for kind in world.pick([["Vpn"], ["Vpn"], ["ExpressRoute"], ["ExpressRoute"], ["Vpn", "ExpressRoute"]]):
            prefixes = world.pick(SITES) if world.chance(20) else sites[at % len(sites)]
            how = world.random.randrange(10)
            name = f"gw{at}"
            if how < 4:
                default = ["0.0.0.0/0"] if world.chance(20) else []
                longer = [world.prefix(v6=False)] if world.chance(25) else []
                learned = list(dict.fromkeys([*prefixes, *default, *longer]))
                world.gateway(name, vnet, kind=kind, bgp=True, learned=learned)
            elif how < 6 and kind == "Vpn":
                world.gateway(name, vnet, kind=kind, bgp=world.chance(20), sites={f"lng{at}": prefixes})
            else:
                world.gateway(name, vnet, kind=kind, bgp=world.chance(50))
            if world.chance(60):
                world.site(f"site{at}", name, *prefixes)
            at += 1


def _managers(world: World) -> None:
    for at in range(world.pick([0, 0, 1, 1, 2])):
        members = world.random.sample(world.vnets, world.number(1, len(world.vnets)))
        rules = [_admin_rule(world, at, number) for number in range(world.number(1, 4))]
        regions = world.random.sample(["westeurope", "northeurope"], world.number(1, 2))
        world.manager(f"avnm{at}", members, rules, regions=regions, management_group=world.chance(40))
        if world.chance(8):
            world.undeclared.add(ResourceId(arm_id("networkManagers", f"avnm{at}")))
    if world.chance(8):
        world.deployments = None


def _admin_rule(world: World, manager: int, number: int) -> dict[str, Any]:
    def side() -> list[str]:
        kind = world.random.randrange(10)
        if kind < 4:
            return []
        if kind == 4:
            group = arm_id("networkManagers", f"avnm{manager}") + "/networkGroups/all"
            return ["group:" + world.pick([group, group, group, group + "gone"])]
        if kind == 5:
            return [world.pick(["Internet", "VirtualNetwork", "MyTag"])]
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
