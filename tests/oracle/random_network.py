"""Random hub-and-spoke networks whose prefixes, hosts, ports and priorities touch."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from simulator.azure.snapshot import Subscription
from tests.oracle.arm import appliance_rule, nsg_rule, reference
from tests.oracle.places import ASSUMPTIONS
from tests.oracle.random_balancers import choose_balancers, nat_gateways
from tests.oracle.random_hybrid import firewall, gateways
from tests.oracle.random_managers import managers
from tests.oracle.random_services import platform_services, private_endpoints
from tests.oracle.random_world import NAMES, PORTS, PROTOCOLS, REGIONS, TAGS, World, network_of

SERVICE_ENDPOINTS = (
    *("Microsoft.Storage", "Microsoft.Storage", "Microsoft.Storage", "Microsoft.Storage.Global"),
    *("Microsoft.KeyVault", "Microsoft.Sql", "Microsoft.EventHub", "Microsoft.ServiceBus", "Microsoft.AzureCosmosDB"),
)
#: Subnets of services, where groups and tables are rare.
SERVICE_SUBNETS = ("AzureFirewallSubnet", "GatewaySubnet")
INTENT_POLICIES = ("Microsoft.Sql/managedInstances", "Microsoft.Databricks/workspaces")
ENDPOINT_POLICIES = ("Disabled", "Enabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled")


def random_world(random: Random) -> World:
    """A hub with one to four spokes, everything about them drawn from `random`."""
    world = World(random)
    world.service_tags = dict(TAGS)
    world.names = dict(NAMES)
    spaces = _address_plan(world, is_dual=world.chance(25))
    for vnet in spaces:
        world.vnets.append(vnet)
        world.prefixes_of[vnet] = spaces[vnet]
        world.subnets_of[vnet] = _subnet_plan(world, vnet, spaces[vnet])
    _choose_hosts(world)
    _declarations(world)
    private_endpoints(world)
    choose_balancers(world)
    nat_gateways(world)
    _security_groups(world)
    _route_tables(world)
    _networks(world)
    _peerings(world)
    _interfaces(world)
    _services_of_subnets(world)
    firewall(world)
    platform_services(world)
    gateways(world)
    managers(world)
    return world


# --- plans ------------------------------------------------------------------------------------------------------------
def _address_plan(world: World, *, is_dual: bool) -> dict[str, list[str]]:
    """Neighbouring /24s, so that the last address of one network touches the first of the next.

    A twin has the space of a spoke: what a connected group does with a range that its members share.
    """
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
    if world.chance(10):
        plan["twin"] = [f"{base}.1.0/24"]
    return plan


def _subnet_plan(world: World, vnet: str, prefixes: list[str]) -> dict[str, list[str]]:
    names = [f"s{at}" for at in range(world.number(1, 3))]
    if vnet == "hub":
        names += ["AzureFirewallSubnet"] if world.chance(75) else []
        names += ["GatewaySubnet"] if world.chance(65) else []
        names += ["AzureBastionSubnet"] if world.chance(15) else []
        names += ["VirtualNetworkApplianceSubnet"] if world.chance(15) else []
    elif world.chance(4):
        names.append("GatewaySubnet")
    names += ["AppGwSubnet"] if world.chance(5) else []
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
            if not name.startswith("s"):
                continue
            offsets = world.random.sample([4, 5, 17, 30], world.pick([1, 1, 2, 3]))
            made = [[str(ip_network(prefix)[offset]) for prefix in prefixes] for offset in offsets]
            world.hosts[vnet, name] = made
            world.addresses += [address for addresses in made for address in addresses]
    in_hub = [address for address in world.addresses if any(_inside(address, p) for p in world.prefixes_of["hub"])]
    world.hops += in_hub
    if "AzureFirewallSubnet" in world.subnets_of["hub"]:
        world.firewall_address = world.at("hub", "AzureFirewallSubnet", 4)
        world.hops += [world.firewall_address] * 10
    if "VirtualNetworkApplianceSubnet" in world.subnets_of["hub"]:
        world.hops += [world.at("hub", "VirtualNetworkApplianceSubnet", 4)] * 3


def _inside(address: str, prefix: str) -> bool:
    found = network_of(prefix)
    return ip_address(address).version == found.version and ip_address(address) in found


def _declarations(world: World) -> None:
    if world.chance(15):
        for key in world.some(sorted(ASSUMPTIONS), 3):
            world.assumptions[key] = str(not ASSUMPTIONS[key]).lower()
    if world.chance(80):
        offers = [Subscription("EA"), Subscription("PAYG"), Subscription("MSDN"), Subscription("CSP", allow_smtp=True)]
        world.subscriptions["*"] = world.pick([*offers, Subscription("EA", allow_smtp=False)])
    world.management_groups = {"child": "root"}


# --- filters and routes -----------------------------------------------------------------------------------------------
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
    if direction == "Outbound" and world.chance(8):
        fields["destination"] = world.pick(["AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM"])
    if protocol in ("Tcp", "Udp", "*"):
        fields["ports"] = world.ports()
        fields["source_ports"] = world.ports() if world.chance(10) else "*"
    if world.chance(12):
        fields[world.pick(["source_asgs", "destination_asgs"])] = [world.pick(["web"] * 12 + ["gone"])]
    return nsg_rule(name, priority, world.pick(["Allow", "Allow", "Allow", "Deny"]), direction, **fields)


def _route_tables(world: World) -> None:
    is_dual = any(":" in prefix for prefixes in world.prefixes_of.values() for prefix in prefixes)
    for at in range(world.number(1, 3)):
        routes: dict[str, str] = {"::/0": hop(world, v6=True)} if is_dual and world.chance(40) else {}
        for _ in range(world.number(0, 4)):
            prefix = "0.0.0.0/0" if world.chance(45) else world.prefix()
            routes[str(network_of(prefix))] = hop(world, v6=":" in prefix)
        if world.chance(15):
            routes[world.pick(list(TAGS))] = hop(world, v6=False)
        world.tables.append(world.route_table(f"rt{at}", routes, propagate=world.chance(60), peerings=world.chance(90)))


def hop(world: World, *, v6: bool) -> str:
    near = [address for address in world.hops if (":" in address) == v6]
    kind = world.random.randrange(20)
    if kind < 9 and near:
        return world.pick(near)
    if kind < 12 and near:
        several = list(dict.fromkeys(world.pick(near) for _ in range(world.number(2, 3))))
        return ",".join(several if world.chance(90) else [*several, world.pick(world.addresses)])
    if kind == 12:
        return world.pick([a for a in world.addresses if (":" in a) == v6] or ["None"])
    if kind == 13 and not v6:
        return world.pick(["10.99.0.4", "10.200.0.4", world.at("hub", "s0", 9)])
    return world.pick(["Internet", "Internet", "None", "VnetLocal", "VirtualNetworkGateway"])


# --- networks ---------------------------------------------------------------------------------------------------------
def _networks(world: World) -> None:
    for vnet in world.vnets:
        subnets = {name: _subnet(world, name, prefixes) for name, prefixes in world.subnets_of[vnet].items()}
        world.vnet(vnet, world.prefixes_of[vnet], subnets, location=world.pick(REGIONS))


def _subnet(world: World, name: str, prefixes: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"prefixes": prefixes}
    is_service = name in SERVICE_SUBNETS
    if world.chance(2 if is_service else 50):
        fields["nsg"] = "gone" if world.chance(2) else world.pick(world.groups)
    if world.chance(25 if is_service else 60):
        fields["rt"] = "gone" if world.chance(2) else world.pick(world.tables)
    if world.chance(25) and name != "GatewaySubnet":
        fields["nat"] = world.pick(["ng0", "ng1", "ng2", "ng1", "gone"])
    if world.chance(40):
        fields["defaultOutboundAccess"] = world.chance(40)
    if world.chance(8 if is_service else 40) and name != "GatewaySubnet":
        services = list(dict.fromkeys(world.some(SERVICE_ENDPOINTS, 3)))
        fields["serviceEndpoints"] = [{"service": service} for service in services]
        if world.chance(40):
            fields["serviceEndpointPolicies"] = [
                reference("serviceEndpointPolicies", world.pick(["sep"] * 9 + ["gone"]))
            ]
    if name.startswith("s") and world.chance(5):
        fields["delegations"] = [{"properties": {"serviceName": world.pick(INTENT_POLICIES)}}]
    if name.startswith("s") and world.chance(50):
        fields["privateEndpointNetworkPolicies"] = world.pick(ENDPOINT_POLICIES)
    return fields


def _peerings(world: World) -> None:
    hub, *spokes = [vnet for vnet in world.vnets if vnet != "twin"]
    for spoke in spokes:
        if world.chance(90):
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
    subnets = world.chance(20)
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


# --- hosts ------------------------------------------------------------------------------------------------------------
def _interfaces(world: World) -> None:
    number = 0
    for (vnet, subnet), hosts in world.hosts.items():
        for at, addresses in enumerate(hosts):
            pools = world.pools.get((vnet, subnet, at), [])
            fields: dict[str, Any] = {"pools": pools}
            if world.chance(40):
                fields["nsg"] = "gone" if world.chance(2) else world.pick(world.groups)
            if world.chance(25):
                fields["public_ip"] = f"20.0.0.{number}"
                fields["public_sku"] = world.pick(["Standard", "Standard", "Basic"])
                if len(addresses) > 1 and world.chance(30):
                    fields |= {"public_ip": f"2600:abcd::{number}", "public_sku": "Standard"}
                world.public += [fields["public_ip"]] if "." in fields["public_ip"] else []
            if world.chance(25):
                fields["asgs"] = ["web"]
            is_appliance = world.chance(70 if vnet == "hub" else 10) or (pools == ["lb-nva/pool"])
            fields["forwarding"] = is_appliance and world.chance(92)
            name = world.nic(f"nic{number}", vnet, subnet, *addresses, **fields)
            if is_appliance and world.chance(90):
                _appliance(world, name)
            number += 1


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


def _services_of_subnets(world: World) -> None:
    """What lives in subnets of its own."""
    hub = world.subnets_of["hub"]
    if "AzureBastionSubnet" in hub and world.chance(70):
        world.bastion("bastion", "hub")
    if "VirtualNetworkApplianceSubnet" in hub and world.chance(90):
        world.routing_appliance("ra", "hub", world.at("hub", "VirtualNetworkApplianceSubnet", 4))
    for vnet in world.vnets:
        if "AppGwSubnet" in world.subnets_of[vnet]:
            world.application_gateway(f"agw-{vnet}", vnet, "AppGwSubnet", isolated=world.chance(40))
