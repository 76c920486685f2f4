"""The batch that is walked: columns of source, destination, ports and protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.space.addresses import MAPPED, format_address, parse_address

Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp] | Bools | slice

_LOW_HALF = (1 << 64) - 1
_MAPPED_HIGH_OF_LOW = np.uint64(MAPPED >> 32)
#: IANA numbers of the protocols that rules can name.
PROTOCOLS = {"Icmp": 1, "Tcp": 6, "Udp": 17, "Esp": 50, "Ah": 51}
ICMP, TCP, UDP = 1, 6, 17
ICMP_V6 = 58


class Addresses(Struct, frozen=True):
    """A column of addresses: the two 64-bit halves of each, IPv4 mapped at ``::ffff:0:0/96``."""

    high: UInt64
    low: UInt64

    @classmethod
    def of(cls, values: Sequence[int]) -> Addresses:
        """From integers of `simulator.space.addresses`."""
        high = np.fromiter((value >> 64 for value in values), np.uint64, len(values))
        low = np.fromiter((value & _LOW_HALF for value in values), np.uint64, len(values))
        return cls(high, low)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Addresses:
        """From address texts. Raises ValueError at the first that is none."""
        return cls.of([parse_address(text) for text in texts])

    @property
    def is_ipv4(self) -> Bools:
        mapped: Bools = (self.high == 0) & (self.low >> np.uint64(32) == _MAPPED_HIGH_OF_LOW)
        return mapped

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, index: Index) -> Addresses:
        return Addresses(self.high[index], self.low[index])

    def value(self, at: int) -> int:
        return int(self.high[at]) << 64 | int(self.low[at])

    def text(self, at: int) -> str:
        return format_address(self.value(at))

    def texts(self) -> list[str]:
        return [self.text(at) for at in range(len(self))]

    @classmethod
    def concatenate(cls, columns: Iterable[Addresses]) -> Addresses:
        parts = list(columns)
        return cls(np.concatenate([part.high for part in parts]), np.concatenate([part.low for part in parts]))


class Packets(Struct, frozen=True):
    """A batch of packets. Columns have equal length; ports of protocols without ports are ignored.

    `context` is the index of the virtual network in whose view the addresses are read (address spaces may overlap), as
    an index into ``network.snapshot.virtual_networks``; -1 leaves it to the source address. `service` is the platform
    service that the destination stands for, an index into ``services(network)``; -1 leaves it to the address, which
    tells only services with a declared one.
    """

    source: Addresses
    destination: Addresses
    source_port: Int32
    destination_port: Int32
    protocol: npt.NDArray[np.uint8]
    context: Int32
    service: Int32

    @classmethod
    def of(cls, flows: Sequence[tuple[str, str, int, int, int]], context: int = -1, service: int = -1) -> Packets:
        """From (source, destination, source port, destination port, IANA protocol) tuples."""
        sources, destinations, source_ports, destination_ports, protocols = (
            zip(*flows, strict=True) if flows else [()] * 5
        )
        return cls(
            Addresses.parse(sources),
            Addresses.parse(destinations),
            np.array(source_ports, np.int32),
            np.array(destination_ports, np.int32),
            np.array(protocols, np.uint8),
            np.full(len(flows), context, np.int32),
            np.full(len(flows), service, np.int32),
        )

    def __len__(self) -> int:
        return len(self.source_port)

    def __getitem__(self, index: Index) -> Packets:
        return Packets(
            self.source[index],
            self.destination[index],
            self.source_port[index],
            self.destination_port[index],
            self.protocol[index],
            self.context[index],
            self.service[index],
        )
