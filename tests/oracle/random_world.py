"""What random networks aim at: the pool of prefixes, hosts and ports, and the draws from it.

Uniform addresses almost never meet a rule, so everything is drawn from a small pool: first and last addresses,
neighbouring subnets, ports one off, neighbouring priorities.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from random import Random
from typing import TypeVar

from tests.oracle.builder import Builder

T = TypeVar("T")

SITES = (("192.168.10.0/24",), ("192.168.11.0/25", "172.20.0.0/16"), ("198.51.100.128/25",))
CLIENTS = (
    "203.0.113.9",
    "203.0.113.10",
    "198.51.100.7",
    "8.8.8.8",
    "198.51.100.127",
    "198.51.100.128",
    "20.118.99.224",
)
CLIENTS_V6 = ("2001:db8::9", "2600::1")
KEY_VAULT = "198.51.100.0/26"
MY_TAG = ("203.0.113.8/31", "10.0.0.0/26")
PORTS = ("22", "80", "443", "80-443", "79-80", "443-444", "1000-2000", "0-65535", "25", "50000", "0-79")
PROTOCOLS = ("Tcp", "Tcp", "Udp", "Icmp", "*", "*", "Esp", "Ah")
REGIONS = ("westeurope", "westeurope", "northeurope")


class World(Builder):
    """A Builder that remembers the prefixes and addresses worth aiming at."""

    def __init__(self, random: Random) -> None:
        super().__init__("random")
        self.random = random
        self.vnets: list[str] = []
        self.prefixes_of: dict[str, list[str]] = {}
        self.subnets_of: dict[str, dict[str, list[str]]] = {}
        self.addresses: list[str] = []
        self.hops: list[str] = []
        self.groups: list[str] = []
        self.tables: list[str] = []
        self.hosts: dict[tuple[str, str], list[list[str]]] = {}
        self.firewall_address: str | None = None

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        return items[self.random.randrange(len(items))]

    def some(self, items: Sequence[T], most: int) -> list[T]:
        return [self.pick(items) for _ in range(1 + self.random.randrange(most))]

    def number(self, low: int, high: int) -> int:
        return low + self.random.randrange(high - low + 1)

    # --- what to aim at --------------------------------------------------------------------------------------------
    def prefix(self, *, v6: bool | None = None) -> str:
        """A prefix that touches something: a host, a subnet, half of it, its neighbour, a VNet, a site, a client."""
        while True:
            found = self._any_prefix()
            if v6 is None or (":" in found) == v6:
                return found

    def _any_prefix(self) -> str:
        vnet = self.pick(self.vnets)
        subnets = [prefix for prefixes in self.subnets_of[vnet].values() for prefix in prefixes]
        kind = self.random.randrange(12)
        if kind <= 2 and self.addresses:
            address = ip_address(self.pick(self.addresses))
            return f"{address}/{address.max_prefixlen}"
        if kind <= 5:
            return self.pick(subnets)
        if kind == 6:
            return str(self.pick(list(network_of(self.pick(subnets)).subnets())))
        if kind == 7:
            return str(network_of(self.pick(subnets)).supernet())
        if kind <= 9:
            return self.pick(self.prefixes_of[vnet])
        if kind == 10:
            return self.pick(self.pick(SITES))
        return self.pick(
            [
                "10.0.0.0/8",
                "0.0.0.0/0",
                "10.200.0.0/24",
                f"{self.pick(CLIENTS)}/32",
                "203.0.113.0/24",
                "0.0.0.0/1",
                "::/0",
            ]
        )

    def rule_address(self) -> str | list[str]:
        kind = self.random.randrange(20)
        if kind < 5:
            return "*"
        if kind < 8:
            return self.pick(["VirtualNetwork", "Internet", "virtualnetwork"])
        if kind == 8:
            return self.pick(["AzureLoadBalancer", "MyTag", "mytag"])
        if kind == 9 and self.chance(20):
            return "NoSuchTag"
        if kind < 13:
            return [self.prefix() for _ in range(2)]
        return self.prefix()

    def ports(self) -> str | list[str]:
        if self.chance(45):
            return "*"
        return self.pick(PORTS) if self.chance(70) else self.some(PORTS, 3)


def network_of(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
