"""Addresses and prefixes as integers of one 128-bit space, IPv4 mapped at ``::ffff:0:0/96``.

One space lets prefixes of both families be compared, sorted and looked up by the same code. A prefix of one family
never covers an address of the other: `prefix_intervals` cuts the mapped block out of the IPv6 prefixes that hold it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

MAPPED = 0xFFFF << 32
ADDRESS_SPACE_END = 1 << 128


class Prefix(NamedTuple):
    """A closed interval of addresses, both ends included, in the 128-bit space."""

    low: int
    high: int

    @property
    def is_ipv4(self) -> bool:
        return self.low >> 32 == 0xFFFF

    @property
    def length(self) -> int:
        """Prefix length in its own family; for an interval that is no prefix, the length of its size rounded up."""
        width = 32 if self.is_ipv4 else 128
        return width - min((self.high - self.low).bit_length(), width)

    def covers(self, other: Prefix) -> bool:
        return self.low <= other.low and other.high <= self.high

    def overlaps(self, other: Prefix) -> bool:
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return format_prefix(self)


IPV4_SPACE = Prefix(MAPPED, MAPPED + 0xFFFFFFFF)
#: All of IPv6 without the block that stands for IPv4.
IPV6_SPACES = (Prefix(0, MAPPED - 1), Prefix(MAPPED + (1 << 32), ADDRESS_SPACE_END - 1))
EVERYTHING = (IPV6_SPACES[0], IPV4_SPACE, IPV6_SPACES[1])


@lru_cache(maxsize=1 << 18)
def parse_address(text: str) -> int:
    """The integer of an IPv4 or IPv6 address. Raises ValueError when `text` is no address."""
    address = ipaddress.ip_address(text.strip())
    return MAPPED + int(address) if address.version == 4 else int(address)


def format_address(value: int) -> str:
    if value >> 32 == 0xFFFF:
        return str(ipaddress.IPv4Address(value & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(value))


@lru_cache(maxsize=1 << 18)
def parse_prefix(text: str) -> Prefix:
    """The interval of ``10.0.0.0/8``, ``10.0.0.4`` or ``10.0.0.4-10.0.0.9``; host bits are cut off, as Azure does.

    Raises ValueError when `text` is none of these.
    """
    text = text.strip()
    if "-" in text:
        first, last = (parse_address(part) for part in text.split("-", 1))
        if first > last or (first >> 32 == 0xFFFF) != (last >> 32 == 0xFFFF):
            raise ValueError(f"{text!r} does not run upwards within one family")
        return Prefix(first, last)
    network = ipaddress.ip_network(text, strict=False)
    base = MAPPED if network.version == 4 else 0
    return Prefix(base + int(network.network_address), base + int(network.broadcast_address))


def prefix_intervals(prefix: Prefix) -> tuple[Prefix, ...]:
    """`prefix` as intervals of one family: itself, but for the few IPv6 prefixes (``::/0``) around the mapped block."""
    if prefix.is_ipv4 or not prefix.overlaps(IPV4_SPACE):
        return (prefix,)
    parts = (Prefix(prefix.low, MAPPED - 1), Prefix(MAPPED + (1 << 32), prefix.high))
    return tuple(part for part in parts if part.low <= part.high)


def format_prefix(prefix: Prefix) -> str:
    """CIDR text where the interval is a prefix, ``first-last`` otherwise; a host is written with its /32 or /128."""
    size = prefix.high - prefix.low + 1
    bits, width = size.bit_length() - 1, 32 if prefix.is_ipv4 else 128
    if size == 1 << bits and prefix.low % size == 0 and bits <= width:
        return f"{format_address(prefix.low)}/{width - bits}"
    return f"{format_address(prefix.low)}-{format_address(prefix.high)}"


def merge(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """The same addresses as the fewest sorted intervals, none of which touches the next (families stay apart)."""
    merged: list[Prefix] = []
    for prefix in sorted(part for whole in prefixes for part in prefix_intervals(whole)):
        if merged and prefix.low <= merged[-1].high + 1 and prefix.is_ipv4 == merged[-1].is_ipv4:
            merged[-1] = Prefix(merged[-1].low, max(merged[-1].high, prefix.high))
        else:
            merged.append(prefix)
    return tuple(merged)


def subtract(wholes: Iterable[Prefix], holes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """The addresses of `wholes` that are in none of `holes`, as sorted disjoint intervals."""
    remaining: list[Prefix] = []
    cuts = merge(holes)
    for whole in merge(wholes):
        low = whole.low
        for cut in cuts:
            if cut.high < low or cut.low > whole.high:
                continue
            if cut.low > low:
                remaining.append(Prefix(low, cut.low - 1))
            low = cut.high + 1
        if low <= whole.high:
            remaining.append(Prefix(low, whole.high))
    return tuple(remaining)


def as_cidrs(prefixes: Iterable[Prefix]) -> list[str]:
    """The addresses of `prefixes` as the fewest CIDR texts, in order."""
    texts: list[str] = []
    for part in merge(prefixes):
        low, width = part.low, 32 if part.is_ipv4 else 128
        while low <= part.high:
            bits = width if low % (1 << width) == 0 else (low & -low).bit_length() - 1
            while low + (1 << bits) - 1 > part.high:
                bits -= 1
            texts.append(f"{format_address(low)}/{width - bits}")
            low += 1 << bits
    return texts
