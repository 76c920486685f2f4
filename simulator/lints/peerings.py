"""Lints of peerings: sides that disagree, forwarded traffic that a link refuses, gateways that are not there.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/virtual-network/virtual-network-manage-peering
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import VirtualNetworkPeering
from simulator.lints.finding import Finding
from simulator.lints.user_routes import ApplianceRoute, appliance_routes
from simulator.lints.wording import listed
from simulator.network.assumptions import is_assumed
from simulator.network.firewall_rules import firewall_rules
from simulator.network.model import Endpoint, Network, grouped
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import Prefix

#: Field of both links of a peering → its name in ARM.
_MUST_AGREE = {
    "allow_virtual_network_access": "allowVirtualNetworkAccess",
    "peer_complete_vnets": "peerCompleteVnets",
    "enable_only_ipv6_peering": "enableOnlyIPv6Peering",
}


def peering_flags(network: Network) -> Iterator[Finding]:
    """Two links of one peering that say different things, and remote gateways of a network that has none."""
    for held in network.snapshot.virtual_networks:
        for link in held.virtual_network_peerings:
            remote = network.virtual_networks.get(link.remote_virtual_network)
            if remote is None:
                continue
            back = next((one for one in remote.virtual_network_peerings if one.remote_virtual_network == held.id), None)
            if back is not None and held.id < remote.id:
                yield from _disagreeing(link, back)
            if link.use_remote_gateways and not network.gateways_in(remote.id):
                message = f"{_name(link)}: useRemoteGateways is set, and {remote.name} has no gateway in the export"
                hint = f"add the gateway of {remote.name} to the export, or clear the flag"
                yield Finding("warning", "VNS6012", message, str(link.id), hint, (remote.id,))


def _disagreeing(link: VirtualNetworkPeering, back: VirtualNetworkPeering) -> Iterator[Finding]:
    differing = [name for field, name in _MUST_AGREE.items() if getattr(link, field) != getattr(back, field)]
    if link.peering_state.lower() != back.peering_state.lower():
        differing.append(f"peeringState ({link.peering_state} and {back.peering_state})")
    if differing:
        verb = "differs" if len(differing) == 1 else "differ"
        message = f"{_name(link)}: {listed(differing)} {verb} from that of {_name(back)}"
        hint = "traffic passes only as far as both sides let it: set both alike"
        yield Finding("warning", "VNS6010", message, str(link.id), hint, (back.id,))


def _name(link: VirtualNetworkPeering) -> str:
    return f"{link.virtual_network.name}/{link.name}"


class _Sender(Struct, frozen=True):
    """A network whose packets an appliance may send on, and the space that they come from."""

    name: str
    id: ResourceId
    space: tuple[Prefix, ...]


def forwarded_traffic(network: Network) -> Iterator[Finding]:
    """A network that sends traffic to others by an appliance of a peer, and refuses what that appliance forwards."""
    if not is_assumed(network, "forwarded_traffic_enforced"):
        return
    refused = grouped(
        ((route.virtual_network, home), route)
        for route in appliance_routes(network)
        if (home := route.home) is not None and home != route.virtual_network
    )
    for ends, routes in refused.items():
        link = network.peerings.get(ends)
        if link is None or link.allow_forwarded_traffic:
            continue
        senders = {sender.id: sender for route in routes for sender in _senders(network, *ends, route)}
        if senders:
            yield _refusing(link, routes, tuple(senders.values()))


def _refusing(link: VirtualNetworkPeering, routes: tuple[ApplianceRoute, ...], senders: tuple[_Sender, ...]) -> Finding:
    addresses = listed([*dict.fromkeys(route.address for route in routes)])
    message = (
        f"{_name(link)}: allowForwardedTraffic is off, and routes of {link.virtual_network.name} lead by {addresses} "
        f"in {link.remote_virtual_network.name}: what is forwarded there from {listed([one.name for one in senders])} "
        "is dropped"
    )
    hint = f"set allowForwardedTraffic on {_name(link)}"
    involved = (*dict.fromkeys(route.route.id for route in routes), *(one.id for one in senders))
    return Finding("warning", "VNS6011", message, str(link.id), hint, involved)


def _senders(network: Network, own: ResourceId, hub: ResourceId, route: ApplianceRoute) -> Iterator[_Sender]:
    """Who else reaches the appliance, lies under the route's prefix, and keeps its address on the way here."""
    if _translates(network, route.endpoint, readable_prefixes(network.virtual_networks[own].prefixes)):
        return
    for sender in _behind(network, own, hub):
        if any(route.prefix.overlaps(prefix) for prefix in sender.space):
            yield sender


def _behind(network: Network, own: ResourceId, hub: ResourceId) -> Iterator[_Sender]:
    for link in network.links.get(hub, ()):
        other = network.virtual_networks.get(link.remote_virtual_network)
        if other is not None and other.id != own and (other.id, hub) in network.peerings:
            yield _Sender(other.name, other.id, readable_prefixes(other.prefixes))
    for site in network.snapshot.declarations.on_premises:
        if any(gateway.id == site.gateway for gateway in network.gateways_in(hub)):
            yield _Sender(site.name, site.gateway, readable_prefixes(site.prefixes))


def _translates(network: Network, appliance: Endpoint | None, destinations: tuple[Prefix, ...]) -> bool:
    """Whether the appliance puts its own address in place of every source, on the way to these destinations."""
    if appliance is None:
        return False
    if appliance.kind == "firewall":
        private = firewall_rules(network, appliance.id).private_ranges
        return not any(held.overlaps(prefix) for held in private for prefix in destinations)
    return appliance.appliance is not None and appliance.appliance.snat == "all"
