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
#: Every tag that a world may name, so that no answer hangs on Microsoft's file. A tag of all regions lists the
#: prefixes of the regional ones, as the file does.
TAGS = {
    "MyTag": ("203.0.113.8/31", "10.0.0.0/26"),
    "Storage": ("20.60.0.0/26", "20.60.0.64/26", "20.60.0.128/26"),
    "Storage.westeurope": ("20.60.0.0/26",),
    "Storage.northeurope": ("20.60.0.64/26",),
    "AzureKeyVault": ("20.61.0.0/26",),
    "Sql": ("20.62.0.0/26", "20.62.0.64/26", "20.62.0.128/26"),
    "Sql.westeurope": ("20.62.0.0/26",),
    "Sql.northeurope": ("20.62.0.64/26",),
    "EventHub": ("20.63.0.0/26",),
    "ServiceBus": ("20.63.0.64/26",),
    "AzureCosmosDB": ("20.63.0.128/26",),
}
#: Kind of a platform service, as the Builder knows it → the first address of its tag, by region where there are two.
SERVICE_SPACE = {
    "storage": {"westeurope": "20.60.0.0", "northeurope": "20.60.0.64"},
    "vault": {"westeurope": "20.61.0.0", "northeurope": "20.61.0.0"},
    "sql": {"westeurope": "20.62.0.0", "northeurope": "20.62.0.64"},
    "eventhub": {"westeurope": "20.63.0.0", "northeurope": "20.63.0.0"},
    "servicebus": {"westeurope": "20.63.0.64", "northeurope": "20.63.0.64"},
    "cosmos": {"westeurope": "20.63.0.128", "northeurope": "20.63.0.128"},
}
#: FQDN → addresses, as everybody resolves them.
NAMES = {"a.example": ("203.0.113.9", "8.8.8.8"), "b.example": ("10.0.1.4",)}
PORTS = ("22", "80", "443", "80-443", "79-80", "443-444", "1000-2000", "0-65535", "25", "50000", "0-79", "8080")
PROTOCOLS = ("Tcp", "Tcp", "Udp", "Icmp", "*", "*", "Esp", "Ah")
REGIONS = ("westeurope", "westeurope", "northeurope")


class World(Builder):
    """A Builder that remembers the prefixes and addresses worth aiming at.

    `addresses` are of hosts, `targets` of frontends and private endpoints, `hops` of what may be a next hop, `public`
    of what services may list. `pools`: host (VNet, subnet, number) → the load balancer pools that it is in.
    """

    def __init__(self, random: Random) -> None:
        super().__init__("random")
        self.random = random
        self.vnets: list[str] = []
        self.prefixes_of: dict[str, list[str]] = {}
        self.subnets_of: dict[str, dict[str, list[str]]] = {}
        self.addresses: list[str] = []
        self.targets: list[str] = []
        self.hops: list[str] = []
        self.public: list[str] = []
        self.groups: list[str] = []
        self.tables: list[str] = []
        self.hosts: dict[tuple[str, str], list[list[str]]] = {}
        self.pools: dict[tuple[str, str, int], list[str]] = {}
        self.firewall_address: str | None = None

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        return items[self.random.randrange(len(items))]

    def some(self, items: Sequence[T], most: int) -> list[T]:
        return [self.pick(items) for _ in range(1 + self.random.randrange(most))]

    def number(self, low: int, high: int) -> int:
        return low + self.random.randrange(high - low + 1)

    def plain_subnets(self, vnet: str) -> list[str]:
        """The subnets that hosts live in."""
        return [name for name in self.subnets_of[vnet] if name.startswith("s")]

    def at(self, vnet: str, subnet: str, offset: int) -> str:
        """An IPv4 address of a subnet."""
        return str(ip_network(self.subnets_of[vnet][subnet][0])[offset])

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
            address = ip_address(self.pick([*self.addresses, *self.targets]))
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
                self.pick(self.pick([*TAGS.values()])),
            ]
        )

    def rule_address(self) -> str | list[str]:
        kind = self.random.randrange(20)
        if kind < 5:
            return "*"
        if kind < 8:
            return self.pick(["VirtualNetwork", "Internet", "virtualnetwork"])
        if kind == 8:
            return self.pick(["AzureLoadBalancer", "MyTag", "mytag", *TAGS])
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
