"""The whole way of one packet, in the order that ORDER.md numbers (SEMANTICS 7)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from simulator.azure.firewall import AzureFirewall
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from tests.oracle.addresses import KMS, NOT_CARRIED, PLATFORM, any_covers
from tests.oracle.appliances import firewall_collections, pass_appliance, pass_firewall, rules_of_kind
from tests.oracle.filters import pass_filters
from tests.oracle.judgement import Address, Decision, Direction, Fate, Judgement, Packet, verdict_of
from tests.oracle.places import INTERNET, Endpoint, Gateway, Internet, Places, exchanges
from tests.oracle.return_path import Request, Translation, reply_to_internet, walk_back, walk_back_from_internet
from tests.oracle.routes import next_place, pass_gateway, sees_private_endpoint
from tests.oracle.rules import declared_tag

TCP, UDP = 6, 17


def judge(
    snapshot: Snapshot, source: str, destination: str, protocol: int, source_port: int, destination_port: int
) -> Judgement:
    """Whether the packet arrives and its reply comes back, and what each NIC on the way decided."""
    return Oracle(snapshot).judge_flow((source, destination, source_port, destination_port, protocol))


class Oracle:
    """Judges many packets of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.places = Places(snapshot)

    def judge_flow(self, flow: tuple[str, str, int, int, int]) -> Judgement:
        """`flow`: source, destination, source port, destination port, IANA protocol."""
        source, destination, source_port, destination_port, protocol = flow
        packet = Packet(ip_address(source), ip_address(destination), protocol, source_port, destination_port)
        if packet.source.version != packet.destination.version:
            raise ValueError(f"{source} and {destination} are of two families")
        walk = Walk(self.places, packet)
        try:
            walk.run()
            reason = "DELIVERED"
        except Fate as fate:
            reason = fate.reason
        return Judgement(verdict_of(reason), reason, tuple(walk.path), tuple(walk.decisions))


class Walk:
    def __init__(self, places: Places, packet: Packet) -> None:
        self.places, self.packet = places, packet
        self.path: list[str] = []
        self.decisions: list[Decision] = []
        self.request = Request(INTERNET)

    def run(self) -> None:
        if str(self.packet.source) in PLATFORM or str(self.packet.destination) in PLATFORM:
            raise Fate("PLATFORM_TRAFFIC_NOT_MODELLED")
        if str(self.packet.destination) in KMS and (self.packet.protocol, self.packet.destination_port) == (TCP, 1688):
            raise Fate("PLATFORM_TRAFFIC_NOT_MODELLED")
        if any_covers(NOT_CARRIED, self.packet.destination):
            raise Fate("NOT_CARRIED")
        origin = self.places.origin(self.packet.source)
        self.request = Request(origin)
        if isinstance(origin, Internet):
            self.come_from_internet()
            return
        self.path.append(origin.id.name)
        if isinstance(origin, Endpoint):
            if origin.is_private_endpoint:
                raise Fate("PRIVATE_ENDPOINT_NOT_MODELLED")
            self.filter(origin, "Outbound")
        elif sees_private_endpoint(self.places, origin.virtual_network, self.packet.destination):
            raise Fate("PRIVATE_ENDPOINT_NOT_MODELLED")
        elif not self.places.is_in_azure(self.packet.destination):
            other = self.places.on_premises_gateway(self.packet.destination)
            raise Fate("OUTSIDE_AZURE" if other in (None, origin) else "GATEWAY_NO_TRANSIT")
        elif not self.places.is_known_on_premises(origin, self.packet.destination):
            raise Fate("GATEWAY_TRANSIT_OFF")
        self.go_on(origin)

    def filter(self, endpoint: Endpoint, direction: Direction) -> bool:
        """Ask the filters and note what a NIC decided; a firewall is no NIC and writes no record.

        Whether an admin rule AlwaysAllow let the packet pass.
        """
        try:
            passed = pass_filters(self.places, endpoint, direction, self.packet)
        except Fate as fate:
            if endpoint.interface is not None:
                verdict = verdict_of(fate.reason)
                self.decisions.append(Decision(endpoint.id, direction, verdict, fate.rule))
            raise
        if endpoint.interface is not None:
            self.decisions.append(Decision(endpoint.id, direction, "ALLOW", passed.rule))
        return passed.bypassed

    def go_on(self, sender: Endpoint | Gateway) -> None:
        """From place to place until the packet is where it wants to be; then the reply."""
        seen: set[tuple[ResourceId, Address, Address]] = set()
        while True:
            place = next_place(self.places, sender.subnet, sender.virtual_network, self.packet.destination)
            if isinstance(place, Internet):
                exit_ = leave_to_internet(self.places, sender, self.packet)
                if self.places.has_public_address(self.packet.destination):
                    raise Fate("PUBLIC_IP_HAIRPIN_NOT_MODELLED")
                self.path.append("Internet")
                walk_back_from_internet(self.places, self.request, exit_, self.packet.source)
                return
            if isinstance(place, Gateway):
                if isinstance(sender, Gateway):
                    raise Fate("GATEWAY_NO_TRANSIT")
                pass_gateway(self.places, place, self.packet.destination)
            cross_peering(self.places, sender, place, self.packet)
            self.path.append(place.id.name)
            if isinstance(place, Gateway):
                walk_back(self.places, self.request, place, self.packet.source)
                return
            arrival = (place.id, self.packet.source, self.packet.destination)
            if arrival in seen:
                raise Fate("ROUTING_LOOP")
            seen.add(arrival)
            self.filter(place, "Inbound")
            if self.packet.destination in place.addresses:
                walk_back(self.places, self.request, place, self.packet.source)
                return
            self.pass_through(place)
            sender = place

    def pass_through(self, middlebox: Endpoint) -> None:
        before = self.packet.source
        if middlebox.firewall is not None:
            self.packet = pass_firewall(self.places, middlebox, self.packet)
            self.request.stateful.add(middlebox.id)
        else:
            self.packet = pass_appliance(self.places, middlebox, self.packet)
            appliance = self.places.appliance(middlebox)
            if appliance is not None and appliance.stateful:
                self.request.stateful.add(middlebox.id)
        if self.packet.source != before:
            self.request.translations.append(Translation(middlebox, before, self.packet.source))
        self.filter(middlebox, "Outbound")

    def come_from_internet(self) -> None:
        """ORDER 9: to a public address of a NIC, or to its private address as if already translated."""
        self.path.append("Internet")
        endpoint, sku = self.public_target()
        if endpoint.is_private_endpoint:
            raise Fate("PRIVATE_ENDPOINT_NOT_MODELLED")
        self.path.append(endpoint.id.name)
        bypassed = self.filter(endpoint, "Inbound")
        if sku == "Standard" and not endpoint.has_security_group and not bypassed:
            raise Fate("PUBLIC_IP_CLOSED")
        if not sku:
            raise Fate("LOAD_BALANCER_NOT_MODELLED" if endpoint.is_load_balanced else "NO_PUBLIC_IP")
        reply_to_internet(self.places, endpoint, self.packet.source)

    def public_target(self) -> tuple[Endpoint, str]:
        """The NIC meant and the SKU of its public address, empty when it has none. Rewrites the packet to it."""
        destination = self.packet.destination
        for endpoint in self.places.endpoints:
            publics = {public: (private, sku) for public, private, sku in endpoint.public}
            if destination not in publics and destination not in endpoint.addresses:
                continue
            if endpoint.firewall is not None:
                self.knock_at_firewall(endpoint.firewall)
            own = [sku for private, sku in publics.values() if private == destination]
            skus = [*own, *(sku for _, sku in publics.values()), ""]
            private, sku = publics.get(destination, (destination, skus[0]))
            self.packet = replace(self.packet, destination=private)
            return endpoint, sku
        raise Fate("DESTINATION_NOT_IN_EXPORT")

    def knock_at_firewall(self, firewall: AzureFirewall) -> None:
        """From outside only DNAT rules let anything in, and those are not modelled."""
        collections = firewall_collections(self.places, firewall)
        raise Fate("FIREWALL_DNAT" if any(rules_of_kind(collections, "nat")) else "FIREWALL_DEFAULT_DENY")


def leave_to_internet(places: Places, sender: Endpoint | Gateway, packet: Packet) -> Endpoint:
    """ORDER 8: what carries the packet out of Azure (SEMANTICS 3.6). Raises Fate when nothing does."""
    if isinstance(sender, Gateway) or packet.source not in sender.addresses:
        raise Fate("NO_OUTBOUND_METHOD")
    if not _has_outbound_method(sender, packet):
        raise Fate("STORAGE_PATH_NOT_MODELLED" if _is_near_storage(places, sender, packet) else "NO_OUTBOUND_METHOD")
    if packet.protocol == TCP and packet.destination_port == 25:
        raise Fate("SMTP_NOT_MODELLED")
    return sender


def _is_near_storage(places: Places, sender: Endpoint, packet: Packet) -> bool:
    """From a private subnet to Storage of the VNet's region by TCP; knows the declared tags only."""
    region = sender.virtual_network.location.lower().replace(" ", "")
    is_private = sender.firewall is None and sender.subnet.default_outbound_access is False
    is_near = any_covers(declared_tag(places, f"Storage.{region}") or (), packet.destination)
    return is_private and packet.protocol == TCP and packet.destination.version == 4 and is_near


def _has_outbound_method(sender: Endpoint, packet: Packet) -> bool:
    is_ipv4, has_ports = packet.source.version == 4, packet.protocol in (TCP, UDP)
    has_nat_gateway = sender.subnet.nat_gateway is not None
    if has_nat_gateway and is_ipv4 and has_ports:
        return True
    if any(public.version == packet.source.version for public, _, _ in sender.public):
        return True
    if has_nat_gateway or sender.firewall is not None:
        return False
    if sender.is_load_balanced:
        raise Fate("LOAD_BALANCER_NOT_MODELLED")
    return is_ipv4 and has_ports and sender.subnet.default_outbound_access is not False


def cross_peering(places: Places, sender: Endpoint | Gateway, target: Endpoint | Gateway, packet: Packet) -> None:
    """ORDER 7.5: what the links ask of a packet that goes from one VNet to another (SEMANTICS 3.3)."""
    here, there = sender.virtual_network, target.virtual_network
    if here.id == there.id:
        return
    out_link, in_link = places.link(here, there), places.link(there, here)
    if in_link is None:
        raise Fate("PEER_NOT_IN_EXPORT")
    if not exchanges(out_link, sender.subnet, target.subnet) or not exchanges(in_link, target.subnet, sender.subnet):
        raise Fate("SUBNET_PEERING")
    for place, link in ((sender, out_link), (target, in_link)):
        if link is not None and not link.allow_virtual_network_access and not place.has_security_group:
            raise Fate("PEERING_ACCESS_BLOCKED")
    if isinstance(target, Gateway):
        return
    if isinstance(sender, Gateway):
        if not (out_link and out_link.allow_gateway_transit and in_link.use_remote_gateways):
            raise Fate("GATEWAY_TRANSIT_OFF")
        return
    is_forwarded = not any_covers(here.prefixes, packet.source)
    if is_forwarded and not in_link.allow_forwarded_traffic:
        raise Fate("PEERING_FORWARDED_BLOCKED")
