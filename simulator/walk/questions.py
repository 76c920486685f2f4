"""What people ask about: one packet, in the words they use for its ends."""

from __future__ import annotations

import re
from itertools import product

from msgspec import Struct

from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.space.addresses import Prefix
from simulator.walk.end import End, spelled_address
from simulator.walk.ends import ends_of
from simulator.walk.packets import ICMP, TCP, UDP, Packets
from simulator.walk.service_ends import private_endpoint_notes

#: The source port of a question that names none: the first of the ephemeral range, which few rules single out.
EPHEMERAL_PORT = 49152
PROTOCOL_NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "esp": 50, "ah": 51}
_PROTOCOL_NAMES = {number: name.upper() for name, number in PROTOCOL_NUMBERS.items()}
#: ``HOST:PORT`` or ``HOST:PORT/udp``, an IPv6 address or prefix in brackets.
_SOCKET = re.compile(
    r"(?P<host>\[[^\[\]]+\]|[^\[\]]+?):(?P<port>[0-9]{1,5}|\*)(/(?P<protocol>[a-z0-9]{1,8}))?", re.IGNORECASE
)


class Question(Struct, frozen=True):
    """One packet. `source` and `destination` are addresses; the labels are what the user called them.

    `context` is the VNet in whose view the addresses are read, as in `Packets`: that of a named end, -1 without one.
    `service` is the platform service that is asked for, as in `Packets`. `source_set` and `destination_set` are the
    addresses of which the packet's own are one, where the user named a set; `notes` say what was taken for what.
    """

    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    source_label: str = ""
    destination_label: str = ""
    context: int = -1
    service: int = -1
    source_set: tuple[Prefix, ...] = ()
    destination_set: tuple[Prefix, ...] = ()
    notes: tuple[str, ...] = ()

    def packets(self) -> Packets:
        """The question as a batch of one."""
        flow = (self.source, self.destination, self.source_port, self.destination_port, self.protocol)
        return Packets.of([flow], self.context, self.service)

    @property
    def protocol_name(self) -> str:
        return _PROTOCOL_NAMES.get(self.protocol, str(self.protocol))

    def __str__(self) -> str:
        there = self.destination_label or self.destination
        shown = socket_text(there, self.destination_port) if self.protocol in (TCP, UDP) else there
        return f"{self.source_label or self.source} → {shown}/{self.protocol_name.lower()}"


def socket_text(host: str, port: int) -> str:
    """``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if _is_ipv6(host) else f"{host}:{port}"


def parse_question(
    network: Network,
    source: str,
    destination: str,
    protocol: str | None = None,
    source_port: int | None = None,
) -> Question:
    """A question from the words people use for ends: see `simulator.walk.ends`.

    ``vm-web1``, ``10.1.4.4`` → ``vm-sql1:1433``, ``10.1.5.4:53/udp``; ``vnet/snet-web`` → ``st01.blob:443``. Of a set
    of addresses one is asked, rather one that a NIC holds. Ends with both families are asked by the one that the other
    end has, IPv4 first. Raises QuestionError for a name that nothing or several have, a missing port, a port out of
    range, an unknown protocol, or ends without a common family.
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
    ends = ends_of(network, source.strip().strip("[]"), host)
    if ends[0].service >= 0:
        hint = f"ask what reaches it: {host} as the source"
        raise QuestionError(f"{ends[0].label} is a platform service: it begins no flow", code="VNS5024", hint=hint)
    here, there = _common_addresses(*ends)
    return Question(
        source=here,
        destination=there,
        protocol=number,
        source_port=EPHEMERAL_PORT if source_port is None else _port(str(source_port)),
        destination_port=_port(port) if port else 0,
        source_label=ends[0].label,
        destination_label=ends[1].label,
        context=_context(network, *ends, addresses=(here, there)),
        service=ends[1].service,
        source_set=ends[0].prefixes,
        destination_set=ends[1].prefixes,
        notes=(
            *ends[0].notes,
            *ends[1].notes,
            *private_endpoint_notes(network, ends[1].service, ends[0].virtual_network),
        ),
    )


def _target(text: str) -> tuple[str, str | None, str | None]:
    """Host, port and protocol of a destination. A bare IPv6 address needs no brackets where no port follows it."""
    head, _, tail = text.rpartition("/")
    whole, spoken = (head, tail) if head and tail.lower() in PROTOCOL_NUMBERS else (text, None)
    match = None if _is_ipv6(whole) else _SOCKET.fullmatch(text)
    if match is not None:
        return match["host"].strip("[]"), match["port"], match["protocol"]
    host = whole.strip("[] ")
    if not host or (":" in host.removesuffix(":") and not _may_hold_colons(host)):
        raise QuestionError(
            f"{text!r} is no destination", code="VNS5001", hint="write NAME:PORT, ADDRESS:PORT/udp or [IPv6]:PORT"
        )
    return host, None, spoken


def _is_ipv6(text: str) -> bool:
    """A bare IPv6 address or prefix: what stands behind its last colon is no port."""
    head = text.partition("/")[0]
    return ":" in head and spelled_address(head) is not None


def _may_hold_colons(host: str) -> bool:
    return _is_ipv6(host) or host.lower().startswith(("onprem:", "/subscriptions/"))


def _common_addresses(source: End, destination: End) -> tuple[str, str]:
    """An address of each end, of one family: IPv4 where both have it. Of sets, two that differ."""
    for is_ipv6 in (False, True):
        here, there = (
            [address for address in end.addresses if (":" in address) == is_ipv6] for end in (source, destination)
        )
        if here and there:
            pair = next(((one, other) for one, other in product(here, there) if one != other), None)
            if pair is not None:
                return pair
            raise QuestionError(
                f"{source.label} and {destination.label} are the same address, {here[0]}",
                code="VNS5010",
                hint="a packet to its own sender never leaves the guest",
            )
    family = "IPv4" if any(":" in address for address in source.addresses) else "IPv6"
    raise QuestionError(
        f"{source.label} has no {family} address, and {destination.label} no other",
        code="VNS5016",
        hint="both ends need an address of the same family",
    )


def _context(network: Network, source: End, destination: End, *, addresses: tuple[str, str]) -> int:
    """The VNet of a named end; an address that several VNets hold does not say which is meant."""
    numbers = {held.id: at for at, held in enumerate(network.snapshot.virtual_networks)}
    for end in (source, destination):
        if end.virtual_network is not None:
            return numbers.get(end.virtual_network, -1)
    for address in addresses:
        holders = [one for one in network.endpoints_called(address) if address in one.addresses]
        if len(holders) > 1:
            called = " and ".join(sorted(one.name for one in holders)[:6])
            raise QuestionError(f"{address} is held by {called}", code="VNS5017", hint="name one of them instead")
        if holders:
            return numbers.get(holders[0].virtual_network, -1)
    return -1


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
