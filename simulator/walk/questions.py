"""What people ask about: one packet, in the words they use for its ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from simulator.errors import QuestionError
from simulator.network.model import Endpoint, Network
from simulator.space.addresses import format_address, parse_address
from simulator.walk.packets import ICMP, TCP, UDP, Packets

#: The source port of a question that names none: the first of the ephemeral range, which few rules single out.
EPHEMERAL_PORT = 49152
PROTOCOL_NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "esp": 50, "ah": 51}
_PROTOCOL_NAMES = {number: name.upper() for name, number in PROTOCOL_NUMBERS.items()}
#: ``HOST:PORT``, ``HOST:PORT/udp`` or ``HOST/icmp``; a host is a name, an address, ``[IPv6]`` or a resource id.
_TARGET = re.compile(
    r"(?P<host>\[[^\]]+\]|/subscriptions/[^:]+?|[^\[\]/:]+)"
    r"(:(?P<port>[0-9]{1,5}|\*))?(/(?P<protocol>tcp|udp|icmp|esp|ah|[a-z0-9]{1,8}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """One packet. `source` and `destination` are addresses; the labels are what the user called them.

    `context` is the VNet in whose view the addresses are read, as in `Packets`: that of a named end, -1 without one.
    """

    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    source_label: str = ""
    destination_label: str = ""
    context: int = -1

    def packets(self) -> Packets:
        """The question as a batch of one."""
        flow = (self.source, self.destination, self.source_port, self.destination_port, self.protocol)
        return Packets.of([flow], self.context)

    @property
    def protocol_name(self) -> str:
        return _PROTOCOL_NAMES.get(self.protocol, str(self.protocol))

    def __str__(self) -> str:
        there = self.destination_label or self.destination
        shown = socket_text(there, self.destination_port) if self.protocol in (TCP, UDP) else there
        return f"{self.source_label or self.source} → {shown}/{self.protocol_name.lower()}"


def socket_text(host: str, port: int) -> str:
    """``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _End(NamedTuple):
    """One end of a question: the addresses that its words stand for, and the endpoint they name."""

    label: str
    addresses: tuple[str, ...]
    endpoint: Endpoint | None


def parse_question(
    network: Network,
    source: str,
    destination: str,
    protocol: str | None = None,
    source_port: int | None = None,
) -> Question:
    """A question from names or addresses: ``vm-web1``, ``10.1.4.4`` → ``vm-sql1:1433``, ``10.1.5.4:53/udp``.

    A VM with both families is asked by the one that the other end has, IPv4 first. Raises QuestionError for a name that
    nothing or several have, a missing port, a port out of range, an unknown protocol, or ends without a common family.
    """
    host, port, spoken = _target(destination.strip())
    if spoken and protocol and spoken.lower() != protocol.lower():
        raise QuestionError(
            f"{destination!r} says {spoken}, and the protocol asked for is {protocol}",
            code="VNS5009",
            hint="say the protocol once",
        )
    number = _protocol(spoken or protocol or "tcp")
    if number in (TCP, UDP) and port is None:
        raise QuestionError(
            f"{destination!r} has no port",
            code="VNS5002",
            hint=f"write {host}:443, or {host}/icmp for a packet without ports",
        )
    ends = _end(network, source.strip().strip("[]")), _end(network, host)
    here, there = _common_addresses(*ends)
    if here == there:
        raise QuestionError(
            f"{ends[0].label} and {ends[1].label} are the same address, {here}",
            code="VNS5010",
            hint="a packet to its own sender never leaves the guest",
        )
    return Question(
        source=here,
        destination=there,
        protocol=number,
        source_port=EPHEMERAL_PORT if source_port is None else _port(str(source_port)),
        destination_port=_port(port) if port else 0,
        source_label=ends[0].label,
        destination_label=ends[1].label,
        context=_context(network, *ends),
    )


def _target(text: str) -> tuple[str, str | None, str | None]:
    """Host, port and protocol of a destination. A bare IPv6 address needs no brackets where no port follows it."""
    match = _TARGET.fullmatch(text)
    if match is not None:
        return match["host"].strip("[]"), match["port"], match["protocol"]
    host, _, spoken = text.partition("/")
    if _address(host) is not None:
        return host, None, spoken or None
    raise QuestionError(
        f"{text!r} is no destination", code="VNS5001", hint="write NAME:PORT, ADDRESS:PORT/udp or [IPv6]:PORT"
    )


def _end(network: Network, name: str) -> _End:
    address = _address(name)
    if address is not None:
        holders = [one for one in network.endpoints_called(address) if address in one.addresses]
        return _End(name, (address,), holders[0] if len(holders) == 1 else None)
    for site in network.snapshot.declarations.on_premises:
        for host, held in site.hosts.items():
            if host.lower() == name.lower():
                return _End(name, (format_address(parse_address(held)),), None)
    return _named_end(network, name)


def _named_end(network: Network, name: str) -> _End:
    found = network.endpoints_called(name)
    if len(found) == 1 and found[0].addresses:
        return _End(name, found[0].addresses, found[0])
    if len(found) == 1:
        raise QuestionError(f"{name!r} has no address in the export", code="VNS5005", hint="ask by address")
    if found:
        called = ", ".join(sorted(f"{one.id.name} ({', '.join(one.addresses)})" for one in found)[:6])
        raise QuestionError(
            f"{len(found)} NICs are called {name!r}",
            code="VNS5015",
            hint=f"ask for one by name, id or address: {called}",
        )
    hosts = [host for site in network.snapshot.declarations.on_premises for host in site.hosts]
    known = sorted({*hosts, *(one.name for one in network.endpoints)})
    near = get_close_matches(name, known, 3)
    raise QuestionError(
        f"nothing in the network is called {name!r}",
        code="VNS5005",
        hint=f"did you mean {', '.join(near)}?" if near else "use an address, a VM, a NIC or an on-premises host",
    )


def _common_addresses(source: _End, destination: _End) -> tuple[str, str]:
    """An address of each end, of one family: IPv4 where both have it."""
    for is_ipv6 in (False, True):
        here, there = (
            [address for address in end.addresses if (":" in address) == is_ipv6] for end in (source, destination)
        )
        if here and there:
            return here[0], there[0]
    family = "IPv4" if any(":" in address for address in source.addresses) else "IPv6"
    raise QuestionError(
        f"{source.label} has no {family} address, and {destination.label} no other",
        code="VNS5016",
        hint="both ends need an address of the same family",
    )


def _context(network: Network, source: _End, destination: _End) -> int:
    """The VNet of a named end; an address that several VNets hold does not say which is meant."""
    numbers = {held.id: at for at, held in enumerate(network.snapshot.virtual_networks)}
    for end in (source, destination):
        if end.endpoint is not None:
            return numbers.get(end.endpoint.virtual_network, -1)
    for end in (source, destination):
        holders = [one for one in network.endpoints_called(end.addresses[0]) if end.addresses[0] in one.addresses]
        if len(holders) > 1:
            called = " and ".join(sorted(one.name for one in holders)[:6])
            raise QuestionError(
                f"{end.addresses[0]} is held by {called}", code="VNS5017", hint="name one of them instead"
            )
    return -1


def _address(text: str) -> str | None:
    """The address in its usual spelling, or None where the text is none."""
    try:
        return format_address(parse_address(text))
    except ValueError:
        return None


def _protocol(name: str) -> int:
    if name.lower() not in PROTOCOL_NUMBERS:
        raise QuestionError(f"{name!r} is no protocol we know", code="VNS5003", hint="use tcp, udp, icmp, esp or ah")
    return PROTOCOL_NUMBERS[name.lower()]


def _port(text: str) -> int:
    if text == "*":
        return EPHEMERAL_PORT
    if not text.isdecimal() or int(text) > 65535:
        raise QuestionError(f"port {text} is out of range", code="VNS5004", hint="ports run from 0 to 65535")
    return int(text)
