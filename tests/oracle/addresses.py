"""Addresses and prefixes by the standard library alone, and which addresses are public (SEMANTICS 1.5)."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tests.oracle.judgement import Address

#: SEMANTICS 1.5: what the recorded expansions of `Internet` leave out, and the virtual IP of the host.
NOT_PUBLIC_IPV4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "168.63.129.16/32",
)
PUBLIC_IPV6 = "2000::/3"
RESERVED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
#: The platform as a sender, as what answers DNS, DHCP and health, and the instance metadata service (SEMANTICS 1.6).
PLATFORM_SENDERS = ("168.63.129.16", "fe80::1234:5678:9abc")
HOST = "168.63.129.16"
METADATA = "169.254.169.254"
#: KMS activation, TCP 1688 (SEMANTICS 1.5, 1.6).
KMS = ("23.102.135.246", "20.118.99.224", "40.83.235.53")
NOT_CARRIED = ("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "ff00::/8")
LOAD_BALANCER_PROBES = ("168.63.129.16/32", "fe80::1234:5678:9abc/128")


@cache
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text.strip(), strict=False)


def is_prefix(text: str) -> bool:
    """Whether `text` is an address, a CIDR or a range ``first-last`` (not a tag)."""
    try:
        for part in text.split("-"):
            _network(part)
    except ValueError:
        return False
    return True


def covers(prefix: str, address: Address) -> bool:
    if "-" in prefix:
        first, last = (ip_address(part.strip()) for part in prefix.split("-", 1))
        return first.version == address.version and int(first) <= int(address) <= int(last)
    network = _network(prefix)
    return network.version == address.version and address in network


def any_covers(prefixes: tuple[str, ...] | list[str], address: Address) -> bool:
    return any(covers(prefix, address) for prefix in prefixes)


def length_of(prefix: str) -> int:
    return _network(prefix).prefixlen


def family_of(prefix: str) -> int:
    return _network(prefix).version


def is_public(address: Address) -> bool:
    if address.version == 6:
        return covers(PUBLIC_IPV6, address)
    return not any_covers(NOT_PUBLIC_IPV4, address)
