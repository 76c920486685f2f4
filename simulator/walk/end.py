"""One end of a question, whatever words it was asked by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simulator.azure.resource import ResourceId
from simulator.errors import QuestionError
from simulator.network.model import Endpoint, Network
from simulator.network.prefixes import PrefixIndex, readable_prefix
from simulator.network.public_addresses import FIRST_USABLE
from simulator.space.addresses import Prefix, format_address, merge, parse_address


class End(NamedTuple):
    """One end of a question.

    `addresses`: those to ask by, the preferred one first. `prefixes`: the whole of a set of addresses, () for what is
    one thing. `virtual_network` and `subnet` are those of a named endpoint or subnet. `service`: the number of the
    platform service among `services(network)`, -1 for everything else. `notes` say what was taken for what.
    """

    label: str
    addresses: tuple[str, ...]
    virtual_network: ResourceId | None = None
    subnet: ResourceId | None = None
    prefixes: tuple[Prefix, ...] = ()
    service: int = -1
    notes: tuple[str, ...] = ()


def set_end(network: Network, name: str, prefixes: Iterable[Prefix], subnet: ResourceId | None = None) -> End:
    """A set of addresses: asked by those that NICs hold first, else by its first usable ones.

    `subnet` is the subnet that the set is. Raises QuestionError (VNS5022) for a set that holds nothing.
    """
    whole = merge(prefixes)
    if not whole:
        raise QuestionError(f"{name!r} holds no address", code="VNS5022", hint="ask by another name or by address")
    index = PrefixIndex(whole)
    held = (
        address
        for endpoint in sorted(network.endpoints, key=_rank)
        if subnet is None or endpoint.subnet == subnet
        for address in endpoint.addresses
        if (host := readable_prefix(address)) is not None and index.holds(host)
    )
    usable = (
        address
        for is_ipv4 in (True, False)
        for address in usable_addresses(prefix for prefix in whole if prefix.is_ipv4 == is_ipv4)
    )
    addresses = dict.fromkeys((*held, *usable))
    return End(name, tuple(addresses), subnet.parent if subnet else None, subnet, whole)


def _rank(endpoint: Endpoint) -> tuple[bool, bool]:
    """NICs of machines before everything else."""
    return endpoint.kind != "nic", endpoint.private_endpoint is not None


def usable_addresses(prefixes: Iterable[Prefix]) -> tuple[str, ...]:
    """The first two addresses of the first prefix that Azure gives to anyone: the other end may be one of them."""
    first = next(iter(prefixes), None)
    if first is None:
        return ()
    return tuple(format_address(min(first.low + FIRST_USABLE + more, first.high)) for more in (0, 1))


def spelled_address(text: str) -> str | None:
    """The address in its usual spelling, or None where the text is none."""
    try:
        return format_address(parse_address(text))
    except ValueError:
        return None
