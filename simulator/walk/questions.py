"""What people ask about: one packet, in the words they use for its ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.space.addresses import format_address, parse_address
from simulator.walk.packets import ICMP, TCP, UDP, Packets

#: The source port of a question that names none: the first of the ephemeral range, which few rules single out.
EPHEMERAL_PORT = 49152
PROTOCOL_NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "esp": 50, "ah": 51}
_PROTOCOL_NAMES = {number: name.upper() for name, number in PROTOCOL_NUMBERS.items()}
_TARGET = re.compile(r"(?P<host>\[[^\]]+\]|[^\[\]/]+?)(:(?P<port>\d{1,5}|\*))?(/(?P<protocol>[A-Za-z]+))?")


@dataclass(frozen=True, slots=True)
class Question:
    """One packet. `source` and `destination` are addresses; the labels are what the user called them."""

    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    source_label: str = ""
    destination_label: str = ""

    def packets(self) -> Packets:
        """The question as a batch of one."""
        return Packets.of([(self.source, self.destination, self.source_port, self.destination_port, self.protocol)])

    @property
    def protocol_name(self) -> str:
        return _PROTOCOL_NAMES.get(self.protocol, str(self.protocol))

    def __str__(self) -> str:
        port = f":{self.destination_port}" if self.protocol in (TCP, UDP) else ""
        return f"{self.source_label or self.source} → {self.destination_label or self.destination}{port}/" + (
            self.protocol_name.lower()
        )


def parse_question(
    network: Network,
    source: str,
    destination: str,
    protocol: str | None = None,
    source_port: int | None = None,
) -> Question:
    """A question from names or addresses: ``vm-web1``, ``10.1.4.4`` → ``vm-sql1:1433``, ``10.1.5.4:53/udp``.

    The protocol is TCP where a port is given and nothing else is said, ICMP where neither is. Raises QuestionError for
    a name that nothing in the network has, a port out of range or an unknown protocol.
    """
    match = _TARGET.fullmatch(destination.strip())
    if match is None:
        raise QuestionError(
            f"{destination!r} is no destination",
            code="VNS5001",
            hint="write NAME:PORT, ADDRESS:PORT/udp or [IPv6]:PORT",
        )
    port = match["port"]
    spoken = match["protocol"] or protocol or ("tcp" if port else "icmp")
    number = _protocol(spoken)
    if number in (TCP, UDP) and port is None:
        raise QuestionError(
            f"{destination!r} has no port", code="VNS5002", hint=f"write {destination}:443/{spoken.lower()}"
        )
    host = match["host"].strip("[]")
    return Question(
        source=address_of(network, source.strip("[]")),
        destination=address_of(network, host),
        protocol=number,
        source_port=EPHEMERAL_PORT if source_port is None else _port(str(source_port)),
        destination_port=_port(port) if port else 0,
        source_label=source,
        destination_label=host,
    )


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


def address_of(network: Network, name: str) -> str:
    """The address that a name stands for: an address itself, an endpoint's first address, an on-premises host."""
    try:
        return format_address(parse_address(name))
    except ValueError:
        pass
    hosts = {
        host.lower(): address
        for site in network.snapshot.declarations.on_premises
        for host, address in site.hosts.items()
    }
    if name.lower() in hosts:
        return hosts[name.lower()]
    endpoint = network.endpoint(name)
    if endpoint is not None and endpoint.addresses:
        return endpoint.addresses[0]
    known = [*hosts, *(one.name for one in network.endpoints)]
    near = get_close_matches(name, known, 3)
    raise QuestionError(
        f"nothing in the network is called {name!r}",
        code="VNS5005",
        hint=f"did you mean {', '.join(near)}?" if near else "use an address, a VM, a NIC or an on-premises host",
    )
