"""Public addresses that resources hold by reference, and private ones as they are spelled everywhere.

Learn: azure/virtual-network/ip-services/public-ip-addresses
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet
from simulator.network.prefixes import host_prefix, readable_prefixes
from simulator.space.addresses import format_address

#: Azure keeps the first four addresses of a subnet to itself, counting the network address.
FIRST_USABLE = 4


def spelled_addresses(texts: Iterable[str | None]) -> tuple[str, ...]:
    """The addresses among `texts`, spelled as `format_address` spells them; nothing ever holds one twice."""
    hosts = [host for text in texts if text and (host := host_prefix(text)) is not None]
    return tuple(dict.fromkeys(format_address(host.low) for host in hosts))


def public_addresses(snapshot: Snapshot, references: Iterable[ResourceId]) -> tuple[str, ...]:
    held = (snapshot.get(reference, PublicIpAddress) for reference in references)
    return spelled_addresses(address.ip_address for address in held if address is not None)


def public_sku(snapshot: Snapshot, references: Iterable[ResourceId]) -> Literal["Standard", "Basic", ""]:
    """Standard where the public IP is not in the export: Basic ones were retired on 2025-09-30 (an Issue says so)."""
    held = [snapshot.get(reference, PublicIpAddress) for reference in references]
    if not held:
        return ""
    return "Basic" if any(address and address.sku.name.lower() == "basic" for address in held) else "Standard"


def first_usable_address(subnet: Subnet | None, taken: Collection[str] = ()) -> str | None:
    """The first IPv4 address of the subnet that Azure gives away, but for those `taken`.

    None when the subnet is not known, or full.
    """
    prefixes = [prefix for prefix in readable_prefixes(subnet.prefixes if subnet else ()) if prefix.is_ipv4]
    values = (value for prefix in prefixes for value in range(prefix.low + FIRST_USABLE, prefix.high))
    return next((text for text in map(format_address, values) if text not in taken), None)
