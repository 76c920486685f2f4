"""What a declared appliance does with a packet that passes it (SEMANTICS 3.5, 3.8)."""

from __future__ import annotations

from dataclasses import replace

from simulator.azure.snapshot import Appliance
from tests.oracle.addresses import is_public
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Fate, Packet
from tests.oracle.places import Places
from tests.oracle.rules import Answer, address_answer, ports_answer, protocol_answer


def pass_appliance(places: Places, endpoint: Endpoint, packet: Packet) -> Packet:
    """The packet as it leaves the guest of `endpoint`. Raises Fate when it does not leave."""
    appliance = forwarding_appliance(places, endpoint)
    places.layers.add("appliance")
    _ask_appliance(places, appliance, packet)
    own = endpoint.own_address(packet.destination.version)
    translates = appliance.snat == "all" or (appliance.snat == "internet" and is_public(packet.destination))
    return replace(packet, source=own) if translates and own is not None else packet


def forwarding_appliance(places: Places, endpoint: Endpoint) -> Appliance:
    """The declaration of what forwards here: flag, declaration and guest, asked in this order."""
    flag = endpoint.kind == "appliance" or (endpoint.interface and endpoint.interface.enable_ip_forwarding)
    if not flag:
        raise Fate("NVA_IP_FORWARDING_OFF")
    appliance = places.appliance(endpoint)
    if appliance is None:
        raise Fate("APPLIANCE_NOT_DECLARED")
    if not appliance.forwards:
        raise Fate("APPLIANCE_DOES_NOT_FORWARD")
    return appliance


def _ask_appliance(places: Places, appliance: Appliance, packet: Packet) -> None:
    if appliance.rules is None:
        return
    for rule in appliance.rules:
        answer = min(
            protocol_answer(places, rule.protocol, packet.protocol),
            address_answer(places, rule.sources, packet.source, None),
            address_answer(places, rule.destinations, packet.destination, None),
            ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
        )
        if answer.doubt:
            raise Fate(answer.doubt)
        if answer == Answer.YES:
            if rule.access == "Deny":
                raise Fate("APPLIANCE_RULE_DENY")
            return
    raise Fate("APPLIANCE_RULE_DENY")
