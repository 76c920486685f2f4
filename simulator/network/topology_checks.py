"""What is wrong, or not known, about virtual networks, peerings, network interfaces and gateways.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/virtual-network/virtual-networks-faq
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.network.gateways import gateway_subnet
from simulator.network.model import Endpoint, Network
from simulator.network.nic_endpoints import nic_subnet
from simulator.network.peerings import is_subnet_peering, link_prefixes
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix, parse_prefix


def check_topology(network: Network) -> Iterator[Issue]:
    for held in network.virtual_networks.values():
        yield from _unreadable(held)
        yield from _subnets_outside(held)
        yield from _overlaps(held)
        for link in held.virtual_network_peerings:
            yield from _link(network, held, link)
        yield from _gateway_use(network, held)
    yield from _references(network)
    yield from _network_interfaces(network)
    yield from _firewalls(network)
    yield from _gateways(network)


def _unreadable(held: VirtualNetwork) -> Iterator[Issue]:
    synced = [(link.id, link.remote_address_space) for link in held.virtual_network_peerings]
    owners = [
        (held.id, held.prefixes),
        *((subnet.id, subnet.prefixes) for subnet in held.subnets),
        *((owner, space.address_prefixes) for owner, space in synced if space is not None),
    ]
    for owner, prefixes in owners:
        for text in prefixes:
            if readable_prefix(text) is None:
                yield unreadable_prefix(f"{owner.name}: {text!r} is not an address prefix", owner)
    for subnet in held.subnets:
        if subnet.virtual_network != held.id:
            message = f"{held.name}: its subnet {subnet.name} has an id that does not lie under it, and is left out"
            hint = f"the id should be {held.id.child('subnets', subnet.name)}"
            yield Issue("error", "VNS2038", message, str(subnet.id), hint)


def unreadable_prefix(message: str, place: ResourceId) -> Issue:
    return Issue("error", "VNS2018", message, str(place), "write a prefix as 10.0.0.0/24 or 2001:db8::/64")


def _subnets_outside(held: VirtualNetwork) -> Iterator[Issue]:
    space = readable_prefixes(held.prefixes)
    for subnet in held.subnets:
        for prefix in readable_prefixes(subnet.prefixes):
            if not any(part.covers(prefix) for part in space):
                message = f"{subnet.name}: {prefix} is outside the address space of {held.name} ({_listed(space)})"
                hint = "add the prefix to the virtual network's address space, or move the subnet"
                yield Issue("error", "VNS2001", message, str(subnet.id), hint)


def _overlaps(held: VirtualNetwork) -> Iterator[Issue]:
    """Prefixes of one VNet, and of its subnets, are disjoint."""
    yield from _overlapping([(prefix, held.id) for prefix in readable_prefixes(held.prefixes)], held)
    subnets = [(prefix, subnet.id) for subnet in held.subnets for prefix in readable_prefixes(subnet.prefixes)]
    yield from _overlapping(subnets, held)


def _overlapping(parts: list[tuple[Prefix, ResourceId]], held: VirtualNetwork) -> Iterator[Issue]:
    ordered = sorted(parts)
    for (prefix, owner), (other, other_owner) in pairwise(ordered):
        if prefix.overlaps(other):
            message = f"{held.name}: {owner.name} {prefix} overlaps {other_owner.name} {other}"
            yield Issue("error", "VNS2002", message, str(other_owner), "give each a prefix of its own")


def _link(network: Network, held: VirtualNetwork, link: VirtualNetworkPeering) -> Iterator[Issue]:
    remote = network.virtual_networks.get(link.remote_virtual_network)
    name = f"{held.name}/{link.name}"
    if remote is None:
        known = link_prefixes(None, link)
        detail = "" if known else ", and the link does not say which prefixes it has: it adds no route"
        message = f"{name}: the remote virtual network {link.remote_virtual_network.name} is not in the export{detail}"
        yield Issue("warning", "VNS2006", message, str(link.id), "export the remote virtual network too")
        return
    reverse = next((back for back in remote.virtual_network_peerings if back.remote_virtual_network == held.id), None)
    if reverse is None:
        message = f"{name}: {remote.name} has no peering back to {held.name}, so Azure would not connect it"
        yield Issue("warning", "VNS2007", message, str(link.id), f"add the peering of {remote.name}, or its export")
    elif held.id < remote.id and reverse.allow_forwarded_traffic != link.allow_forwarded_traffic:
        message = f"{name}: allowForwardedTraffic differs from that of {remote.name}/{reverse.name}"
        hint = "each side decides what it takes in: set it on the side that receives forwarded traffic"
        yield Issue("info", "VNS2033", message, str(link.id), hint)
    yield from _peered_spaces(held, remote, link, name)


def _peered_spaces(
    held: VirtualNetwork, remote: VirtualNetwork, link: VirtualNetworkPeering, name: str
) -> Iterator[Issue]:
    if is_subnet_peering(link):
        names = {subnet.name.lower() for subnet in remote.subnets}
        for wanted in link.remote_subnet_names:
            if wanted.lower() not in names:
                message = f"{name}: {remote.name} has no subnet {wanted!r}"
                yield Issue("warning", "VNS2017", message, str(link.id), "check remoteSubnetNames")
        return
    own, far = readable_prefixes(held.prefixes), readable_prefixes(remote.prefixes)
    if held.id < remote.id:
        for prefix, other in ((prefix, other) for prefix in own for other in far if prefix.overlaps(other)):
            message = f"{name}: {held.name} {prefix} overlaps {remote.name} {other}; Azure peers no overlapping spaces"
            yield Issue("error", "VNS2003", message, str(link.id), "renumber one, or peer only subnets that differ")
    synced = readable_prefixes(link.remote_address_space.address_prefixes) if link.remote_address_space else ()
    if synced and set(synced) != set(far):
        message = f"{name}: the link knows {_listed(synced)}, {remote.name} now has {_listed(far)}"
        yield Issue("warning", "VNS2026", message, str(link.id), "sync the peering; the known prefixes are used")


def _gateway_use(network: Network, held: VirtualNetwork) -> Iterator[Issue]:
    """One peer at most lends its gateways, and only to a VNet that has none."""
    using = [link for link in network.links.get(held.id, ()) if link.use_remote_gateways]
    for link in using:
        problem = ""
        back = network.peerings.get((link.remote_virtual_network, held.id))
        if network.gateways_in(held.id):
            problem = f"{held.name} has a gateway of its own"
        elif len(using) > 1:
            problem = "another peering uses remote gateways too"
        elif back is not None and not back.allow_gateway_transit:
            problem = f"{link.remote_virtual_network.name}/{back.name} does not allow gateway transit"
        if problem:
            message = f"{held.name}/{link.name}: useRemoteGateways is set, but {problem}"
            hint = "set allowGatewayTransit on the hub's link and useRemoteGateways on one link of the spoke"
            yield Issue("error", "VNS2031", message, str(link.id), hint)


def _references(network: Network) -> Iterator[Issue]:
    """Security groups and route tables that something names and the export does not hold."""
    groups = {subnet.network_security_group: subnet.id for subnet in network.subnets.values()}
    groups |= {endpoint.security_group: endpoint.id for endpoint in network.endpoints}
    for group, user in groups.items():
        if group is not None and network.snapshot.get(group, NetworkSecurityGroup) is None:
            message = f"{user.name}: the network security group {group.name} is not in the export"
            yield Issue("warning", "VNS2008", message, str(user), "export the group; until then its verdict is UNKNOWN")
    tables = {subnet.route_table: subnet.id for subnet in network.subnets.values()}
    for table, user in tables.items():
        if table is not None and network.snapshot.get(table, RouteTable) is None:
            message = f"{user.name}: the route table {table.name} is not in the export"
            yield Issue("warning", "VNS2009", message, str(user), "export the table; until then its routes are UNKNOWN")


def _network_interfaces(network: Network) -> Iterator[Issue]:
    holders: dict[tuple[ResourceId, str], Endpoint] = {}
    for nic in network.snapshot.network_interfaces:
        if nic_subnet(nic) is None:
            message = f"{nic.name}: no configuration names a subnet, so the interface is left out"
            yield Issue("warning", "VNS2017", message, str(nic.id), "export the interface with its ipConfigurations")
        yield from _public_addresses(network, nic)
    for endpoint in network.endpoints:
        if endpoint.kind == "managed" or (endpoint.kind == "frontend" and endpoint.public_sku):
            continue  # these say nothing about private addresses
        yield from _endpoint(network, endpoint)
        for address in endpoint.addresses:
            first = holders.setdefault((endpoint.virtual_network, address), endpoint)
            if first.id != endpoint.id:
                message = f"{endpoint.name}: {address} is already the address of {first.name}"
                yield Issue("error", "VNS2028", message, str(endpoint.id), "give each interface its own address")


def _endpoint(network: Network, endpoint: Endpoint) -> Iterator[Issue]:
    subnet = network.subnets.get(endpoint.subnet)
    if not endpoint.addresses:
        hint = "give it a private address; templates and plans leave it to Azure until deployment"
        yield Issue("warning", "VNS2014", f"{endpoint.name}: no private address is known", str(endpoint.id), hint)
    if subnet is None:
        message = f"{endpoint.name}: its subnet {endpoint.subnet.name} is not in the export"
        yield Issue("warning", "VNS2017", message, str(endpoint.id), "export its virtual network")
        return
    space = readable_prefixes(subnet.prefixes)
    for address in endpoint.addresses:
        if space and not any(prefix.covers(parse_prefix(address)) for prefix in space):
            message = f"{endpoint.name}: {address} is outside {subnet.name} ({_listed(space)})"
            yield Issue("error", "VNS2029", message, str(endpoint.id), "give it an address of its subnet")


def _public_addresses(network: Network, nic: NetworkInterface) -> Iterator[Issue]:
    for reference in (held.public_ip_address for held in nic.ip_configurations if held.public_ip_address):
        held = network.snapshot.get(reference, PublicIpAddress)
        if held is None:
            message = f"{nic.name}: the public IP {reference.name} is not in the export; taken as Standard"
            yield Issue("warning", "VNS2019", message, str(nic.id), "export the public IP address")
        elif held.sku.name.lower() == "basic":
            is_open = not _has_security_group(network, nic)
            effect = "open to inbound traffic, since neither the NIC nor its subnet has a security group"
            message = f"{nic.name}: {held.name} is a Basic public IP" + (f", {effect}" if is_open else "")
            hint = "Basic public IPs were retired on 2025-09-30: check that the export is recent"
            yield Issue("warning", "VNS2027", message, str(held.id), hint)


def _has_security_group(network: Network, nic: NetworkInterface) -> bool:
    placed = nic_subnet(nic)
    subnet = network.subnets.get(placed) if placed is not None else None
    held = subnet.network_security_group if subnet is not None else None
    return (nic.network_security_group or held) is not None


def _firewalls(network: Network) -> Iterator[Issue]:
    for firewall in network.snapshot.all(AzureFirewall):
        placed = next((held for held in firewall.ip_configurations if held.subnet is not None), None)
        endpoint = network.endpoint(firewall.id)
        if placed is None or endpoint is None:
            message = f"{firewall.name}: no configuration names a subnet, so the firewall is left out"
            yield Issue(
                "warning", "VNS2017", message, str(firewall.id), "firewalls of Virtual WAN hubs are not modelled"
            )
        elif not placed.private_ip_address and endpoint.addresses:
            message = f"{firewall.name}: no private address is given; taken as {endpoint.addresses[0]}"
            yield Issue("info", "VNS2021", message, str(firewall.id), "Azure gives a firewall the first usable address")


def _gateways(network: Network) -> Iterator[Issue]:
    for resource in network.snapshot.all(VirtualNetworkGateway):
        if gateway_subnet(resource) is None:
            message = f"{resource.name}: no configuration names a subnet, so the gateway is left out"
            yield Issue("warning", "VNS2037", message, str(resource.id), "export the gateway with its ipConfigurations")
    for gateway in network.gateways:
        if gateway.routes is None:
            message = f"{gateway.name}: which routes it learned is not known (an export does not say)"
            hint = "declare them in a scenario: virtual_network_gateways.<name>.learned, or an on_premises network"
            yield Issue("warning", "VNS2015", message, str(gateway.id), hint)
        for route in gateway.known_routes:
            if readable_prefix(route.prefix) is None:
                yield unreadable_prefix(f"{gateway.name}: {route.prefix!r} is not an address prefix", gateway.id)


def _listed(prefixes: Iterable[Prefix]) -> str:
    return ", ".join(str(prefix) for prefix in prefixes) or "none"
