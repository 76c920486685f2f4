"""What people call the ends of a conversation, and its protocol."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from simulator.azure.resource import ResourceId
from simulator.network.model import Network
from simulator.network.service_tags import INTERNET
from simulator.space.addresses import Prefix, format_address, parse_address, parse_prefix
from simulator.walk.packets import ICMP_V6, PROTOCOLS

INTERNET_NAME = "Internet"
_PROTOCOL_NAMES = {number: name.upper() for name, number in PROTOCOLS.items()} | {ICMP_V6: "ICMPV6"}


def protocol_name(number: int) -> str:
    """``TCP``; the IANA number where rules have no name for the protocol."""
    return _PROTOCOL_NAMES.get(number, str(number))


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
        self._places = _NamedPrefixes(_subnets_and_sites(network))
        self._internet = _NamedPrefixes((prefix, INTERNET_NAME) for prefix in INTERNET)

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
        return self._places.name(address) or self._internet.name(address) or text


class _NamedPrefixes:
    """Finds the narrowest of many prefixes by bisection: between two edges of prefixes the answer is one."""

    def __init__(self, named: Iterable[tuple[Prefix, str]]) -> None:
        self._named = tuple(named)
        self._edges = sorted({edge for prefix, _ in self._named for edge in (prefix.low, prefix.high + 1)})
        self._names: dict[int, str] = {}

    def name(self, address: int) -> str:
        """The name of the narrowest prefix that holds `address`, the first by name of equals; empty for none."""
        section = bisect_right(self._edges, address)
        if section not in self._names:
            holding = (
                (prefix.high - prefix.low, name) for prefix, name in self._named if prefix.low <= address <= prefix.high
            )
            self._names[section] = min(holding, default=(0, ""))[1]
        return self._names[section]


def _subnets_and_sites(network: Network) -> list[tuple[Prefix, str]]:
    subnets = [
        (parse_prefix(text), f"{identity.parent.name}/{identity.name}")
        for identity, subnet in network.subnets.items()
        for text in subnet.prefixes
    ]
    sites = [
        (parse_prefix(text), site.name) for site in network.snapshot.declarations.on_premises for text in site.prefixes
    ]
    return [*subnets, *sites]
