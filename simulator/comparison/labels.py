"""What people call the ends of a conversation, its protocol and its time."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.azure.resource import ResourceId
from simulator.network.model import Network
from simulator.network.service_tags import INTERNET
from simulator.space.addresses import Prefix, format_address, parse_address, parse_prefix
from simulator.walk.packets import PROTOCOLS

INTERNET_NAME = "Internet"
_PROTOCOL_NAMES = {number: name.upper() for name, number in PROTOCOLS.items()}


def protocol_name(number: int) -> str:
    """``TCP``; the IANA number where rules have no name for the protocol."""
    return _PROTOCOL_NAMES.get(number, str(number))


def moment(milliseconds: int) -> datetime:
    """The UTC time of a column of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


class Parties:
    """Names of addresses in one network. `vnet` is whose view an address is read in, where it is known."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[tuple[ResourceId | None, int], str] = {}
        self._hosts = {
            parse_address(address): name
            for site in network.snapshot.declarations.on_premises
            for name, address in site.hosts.items()
        }
        self._prefixes = _named_prefixes(network)

    def name(self, vnet: ResourceId | None, address: int) -> str:
        """``vm-web1``, ``dc1``, ``vnet-spoke/snet-web``, ``hq`` or ``Internet``; else the address."""
        key = (vnet, address)
        if key not in self._known:
            self._known[key] = self._find(vnet, address)
        return self._known[key]

    def label(self, vnet: ResourceId | None, address: int) -> str:
        """The name with the address behind it."""
        name, text = self.name(vnet, address), format_address(address)
        return text if name == text else f"{name} ({text})"

    def _find(self, vnet: ResourceId | None, address: int) -> str:
        text = format_address(address)
        here = self._network.endpoint_at(vnet, text) if vnet is not None else None
        endpoint = here or self._network.endpoint(text)
        if endpoint is not None:
            return endpoint.name
        if address in self._hosts:
            return self._hosts[address]
        point = Prefix(address, address)
        holding = [(prefix.high - prefix.low, name) for prefix, name in self._prefixes if prefix.covers(point)]
        if holding:
            return min(holding)[1]
        return INTERNET_NAME if any(prefix.covers(point) for prefix in INTERNET) else text


def _named_prefixes(network: Network) -> list[tuple[Prefix, str]]:
    subnets = [
        (parse_prefix(text), f"{identity.parent.name}/{identity.name}")
        for identity, subnet in network.subnets.items()
        for text in subnet.prefixes
    ]
    sites = [
        (parse_prefix(text), site.name) for site in network.snapshot.declarations.on_premises for text in site.prefixes
    ]
    return [*subnets, *sites]
