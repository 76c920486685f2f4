"""The whole way of one packet, in the order that ORDER.md numbers (SEMANTICS 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from tests.oracle.addresses import HOST, METADATA, NOT_CARRIED, PLATFORM_SENDERS, any_covers
from tests.oracle.appliances import pass_appliance
from tests.oracle.balancers import backends_up, balancer_skus, choose_rule, names_missing_balancer
from tests.oracle.crossing import cross_peering
from tests.oracle.endpoints import INTERNET, Endpoint, Frontend, Gateway, Internet
from tests.oracle.filters import Passed, pass_filters
from tests.oracle.firewall import pass_firewall, translate
from tests.oracle.judgement import Address, Decision, Direction, Fate, Judgement, Packet, verdict_of
from tests.oracle.leaving import enter_from_premises, leave_by_service_endpoint, leave_to_internet
from tests.oracle.next_places import ServiceExit, next_places, pass_gateway
from tests.oracle.paths import Choices, together
from tests.oracle.places import Places
from tests.oracle.platform import ACTIVATION, goes_out_directly, is_activation, pass_platform_rules, platform_tag
from tests.oracle.private_endpoints import pass_private_endpoint
from tests.oracle.return_path import Request, Translation, reply_to_internet, walk_back, walk_back_from_internet
from tests.oracle.service_firewall import Caller, enter_service

GRE, IP_IN_IP = 47, 4


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
        return together(lambda choices: self._on_one_path(packet, choices))

    def _on_one_path(self, packet: Packet, choices: Choices) -> Judgement:
        self.places.layers = {"IPv6"} if packet.source.version == 6 else set()
        walk = Walk(self.places, packet, choices)
        try:
            walk.run()
            reason = "DELIVERED"
        except Fate as fate:
            reason = fate.reason
        return Judgement.of(reason, tuple(walk.path), tuple(walk.decisions), frozenset(self.places.layers))


class Walk:
    """One packet on one path: `choices` says which."""

    def __init__(self, places: Places, packet: Packet, choices: Choices) -> None:
        self.places, self.packet, self.choices = places, packet, choices
        self.path: list[str] = []
        self.decisions: list[Decision] = []
        self.request = Request(INTERNET, choices)

    def run(self) -> None:
        if any_covers(NOT_CARRIED, self.packet.destination) or self.packet.protocol in (GRE, IP_IN_IP):
            raise Fate("NOT_CARRIED")
        if str(self.packet.source) in PLATFORM_SENDERS:
            self.come_from_platform()
            return
        origin = self.places.origin(self.packet.source)
        self.request.origin = origin
        if str(self.packet.destination) in (HOST, METADATA):
            self.ask_platform(origin)
        elif self.is_activation(origin):
            self.ask_rules_of_tag(origin, ACTIVATION)
        elif isinstance(origin, Internet):
            self.come_from_internet()
        elif isinstance(origin, Gateway):
            self.come_from_premises(origin)
        else:
            self.path.append(origin.id.name)
            self.filter(origin, "Outbound")
            self.go_on(origin)

    # --- the platform ---------------------------------------------------------------------------------------------
    def come_from_platform(self) -> None:
        """ORDER 1: a probe; only the filters of what it is meant for are asked."""
        self.places.layers.add("probe")
        held = self.places.holders(self.packet.destination)
        target = held[0] if len(held) == 1 else None
        if not isinstance(target, Endpoint) or target.kind == "firewall":
            raise Fate("DESTINATION_NOT_IN_EXPORT")
        self.path.append(target.id.name)
        self.filter(target, "Inbound")

    def ask_platform(self, origin: Endpoint | Gateway | Internet) -> None:
        self.places.layers.add("platform")
        if not isinstance(origin, Endpoint) or origin.kind == "firewall":
            raise Fate("PLATFORM_SERVICE_UNKNOWN")
        self.ask_rules_of_tag(origin, platform_tag(self.packet))

    def is_activation(self, origin: Endpoint | Gateway | Internet) -> bool:
        """ORDER 1: KMS by next hop Internet goes round the groups, otherwise it is a packet like others."""
        if not is_activation(self.packet) or not isinstance(origin, Endpoint) or origin.kind == "firewall":
            return False
        self.places.layers.add("KMS")
        return goes_out_directly(self.places, origin, self.packet)

    def ask_rules_of_tag(self, origin: Endpoint | Gateway | Internet, tag: str | None) -> None:
        assert isinstance(origin, Endpoint)
        self.path.append(origin.id.name)
        self.decide(origin, "Outbound", lambda: Passed(pass_platform_rules(self.places, origin, self.packet, tag)))

    # --- filters --------------------------------------------------------------------------------------------------
    def filter(self, endpoint: Endpoint, direction: Direction, *, transits: bool = False) -> bool:
        """Ask the filters; whether an admin rule AlwaysAllow let the packet pass."""
        asked = self.packet
        passed = self.decide(
            endpoint, direction, lambda: pass_filters(self.places, endpoint, direction, asked, transits=transits)
        )
        return passed.bypassed

    def decide(self, endpoint: Endpoint, direction: Direction, ask: Callable[[], Passed]) -> Passed:
        """Note what was decided here, unless the endpoint writes no record."""
        try:
            passed = ask()
        except Fate as fate:
            if endpoint.writes_decisions:
                self.decisions.append(Decision(endpoint.id, direction, verdict_of(fate.reason), fate.rule))
            raise
        if endpoint.writes_decisions:
            self.decisions.append(Decision(endpoint.id, direction, "ALLOW", passed.rule))
        return passed

    # --- from place to place --------------------------------------------------------------------------------------
    def come_from_premises(self, origin: Gateway) -> None:
        self.places.layers.add("gateway")
        self.path.append(origin.id.name)
        destination = self.packet.destination
        if not self.places.is_in_azure(destination):
            service = self.places.service_at(destination)
            if service is not None:
                enter_from_premises(self.places, origin, service, self.packet.source)
                return
            other = self.places.on_premises_gateway(destination)
            raise Fate("OUTSIDE_AZURE" if other in (None, origin) else "GATEWAY_NO_TRANSIT")
        if not self.places.is_known_on_premises(origin, destination):
            raise Fate("GATEWAY_TRANSIT_OFF")
        self.go_on(origin)

    def go_on(self, sender: Endpoint | Gateway) -> None:
        """From place to place until the packet is where it wants to be; then the reply."""
        seen: set[tuple[ResourceId, Address, Address]] = set()
        while True:
            onward = next_places(self.places, sender.subnet, sender.virtual_network, self.packet.destination)
            place = self.choices.pick(onward.options)
            is_addressed = False
            if isinstance(place, Internet):
                exit_ = leave_to_internet(self.places, sender, self.packet, by_user=onward.route.source == "User")
                self.path.append("Internet")
                walk_back_from_internet(self.places, self.request, exit_, self.packet.source)
                return
            if isinstance(place, ServiceExit):
                exit_ = leave_by_service_endpoint(self.places, sender, self.packet)
                walk_back_from_internet(self.places, self.request, exit_, self.packet.source)
                return
            if isinstance(place, Gateway):
                if isinstance(sender, Gateway):
                    raise Fate("GATEWAY_NO_TRANSIT")
                pass_gateway(self.places, place, self.packet.destination)
            if isinstance(place, Frontend):
                self.path.append(place.id.name)
                place, is_addressed = self.balance(sender, place)
            cross_peering(self.places, sender, place, self.packet, hop=onward.route.hop)
            self.path.append(place.id.name)
            if isinstance(place, Gateway):
                walk_back(self.places, self.request, place, self.packet.source)
                return
            arrival = (place.id, self.packet.source, self.packet.destination)
            if arrival in seen:
                raise Fate("ROUTING_LOOP")
            seen.add(arrival)
            is_addressed = is_addressed or place.holds(self.packet.destination)
            self.filter(place, "Inbound", transits=not is_addressed)
            if is_addressed and place.kind != "firewall":
                self.arrive(place)
                return
            self.pass_through(place, is_addressed=is_addressed)
            sender = place

    def arrive(self, place: Endpoint) -> None:
        if place.is_private_endpoint:
            pass_private_endpoint(self.places, place)
        walk_back(self.places, self.request, place, self.packet.source)

    def balance(self, sender: Endpoint | Gateway | None, frontend: Frontend) -> tuple[Endpoint, bool]:
        """ORDER 12: the backend, and whether the packet is meant for it. Rewrites the packet to it."""
        rule = choose_rule(self.places, frontend, self.packet)
        backend = self.choices.pick(backends_up(self.places, rule))
        if sender is not None and backend.endpoint.id == sender.id:
            raise Fate("LOAD_BALANCER_HAIRPIN")
        is_addressed = self.packet.destination == frontend.own
        if is_addressed and not rule.floating:
            port = self.packet.destination_port if rule.backend_port is None else rule.backend_port
            self.packet = replace(self.packet, destination=backend.address, destination_port=port)
        return backend.endpoint, is_addressed

    def pass_through(self, middlebox: Endpoint, *, is_addressed: bool) -> None:
        """`is_addressed`: a firewall is asked by its own address, so DNAT decides."""
        before = self.packet.source
        self.request.seen_by.append(middlebox.id)
        if middlebox.kind == "firewall":
            pass_ = translate if is_addressed else pass_firewall
            self.packet = pass_(self.places, middlebox, self.packet)
            self.request.stateful.setdefault(middlebox.id, set()).add(before)
        else:
            self.packet = pass_appliance(self.places, middlebox, self.packet)
            appliance = self.places.appliance(middlebox)
            if appliance is not None and appliance.stateful:
                self.request.stateful.setdefault(middlebox.id, set()).add(before)
        if self.packet.source != before:
            self.request.translations.append(Translation(middlebox, before, self.packet.source))
        self.filter(middlebox, "Outbound", transits=True)

    # --- from the Internet ----------------------------------------------------------------------------------------
    def come_from_internet(self) -> None:
        """ORDER 9: to a service, to a public address, or to a private one as if it were translated already."""
        self.places.layers.add("Internet ingress")
        self.path.append("Internet")
        service = self.places.service_at(self.packet.destination)
        if service is not None:
            sender = self.places.service_at(self.packet.source)
            caller = Caller("public", pool=(self.packet.source,), is_azure=False, service=sender.id if sender else None)
            enter_service(self.places, service, caller)
            return
        frontend = next((f for f in self.places.frontends if f.public == self.packet.destination), None)
        if frontend is not None:
            self.path.append(frontend.id.name)
            endpoint, _ = self.balance(None, frontend)
            self.come_to(endpoint, frontend.balancer.sku.name.capitalize())
            return
        endpoint, sku = self.public_target()
        if endpoint.kind == "firewall":
            self.request.entry = endpoint
            self.path.append(endpoint.id.name)
            self.filter(endpoint, "Inbound", transits=False)
            self.pass_through(endpoint, is_addressed=True)
            self.go_on(endpoint)
        else:
            self.come_to(endpoint, sku)

    def come_to(self, endpoint: Endpoint, sku: str) -> None:
        self.path.append(endpoint.id.name)
        if endpoint.is_private_endpoint:
            raise Fate("NO_PUBLIC_IP")
        bypassed = self.filter(endpoint, "Inbound")
        if sku == "Standard" and not endpoint.has_security_group and not bypassed:
            raise Fate("PUBLIC_IP_CLOSED")
        if not sku:
            is_pooled = names_missing_balancer(self.places, endpoint)
            raise Fate("LOAD_BALANCER_NOT_IN_EXPORT" if is_pooled else "NO_PUBLIC_IP")
        reply_to_internet(self.places, endpoint, self.packet.source)

    def public_target(self) -> tuple[Endpoint, str]:
        """The endpoint meant and the SKU of its public address, empty when it has none. Rewrites the packet to it.

        A firewall is asked by the address that it was called by.
        """
        destination = self.packet.destination
        is_shared = len(self.places.holders(destination)) > 1
        for endpoint in () if is_shared else self.places.endpoints:
            publics = {public: (private, sku) for public, private, sku in endpoint.public}
            if destination not in publics and not endpoint.holds(destination):
                continue
            if endpoint.kind == "firewall":
                return endpoint, ""
            own = [sku for private, sku in publics.values() if private == destination]
            others = [sku for _, sku in publics.values()]
            skus = [*own, *others, *balancer_skus(self.places, endpoint, self.packet), ""]
            private, sku = publics.get(destination, (destination, skus[0]))
            self.packet = replace(self.packet, destination=private)
            return endpoint, sku
        raise Fate("DESTINATION_NOT_IN_EXPORT")
