"""The measured GB a month by resource, as Infracost's usage file has them.

Infracost prices what Terraform declares and cannot know how much traffic there is; a flow log does. Its keys are
Terraform addresses, which no export holds: the resource's own name stands in for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from simulator.cost.bill import Bill
from simulator.cost.leg_rules import Charge
from simulator.cost.meters import MeterKey
from simulator.dataplane.places import NONE

#: Meter → Infracost's kind of resource, and the key of its usage.
_KEYS: Mapping[MeterKey, tuple[str, str]] = {
    "firewall_basic": ("azurerm_firewall", "monthly_data_processed_gb"),
    "firewall_standard": ("azurerm_firewall", "monthly_data_processed_gb"),
    "firewall_premium": ("azurerm_firewall", "monthly_data_processed_gb"),
    "load_balancer": ("azurerm_lb", "monthly_data_processed_gb"),
    "private_endpoint_in": ("azurerm_private_endpoint", "monthly_inbound_data_processed_gb"),
    "private_endpoint_out": ("azurerm_private_endpoint", "monthly_outbound_data_processed_gb"),
}
_PEERING = ("azurerm_virtual_network_peering", "monthly_data_transfer_gb")
_PEERING_OUT: tuple[MeterKey, ...] = ("peering_out", "global_peering_out")

#: Resource → key of usage → GB.
Usage = Mapping[str, Mapping[str, Decimal]]


def infracost_usage(bill: Bill) -> Usage:
    """The GB of each resource that Infracost prices by usage, by its name; those of the bill's month or window."""
    found: dict[str, dict[str, int]] = {}

    def add(kind: str, name: str, key: str, size: int) -> None:
        held = found.setdefault(f"{kind}.{name}", {})
        held[key] = held.get(key, 0) + size

    sizes = _bytes_by_kind(bill)
    for number, charge in enumerate(bill.charges.kinds):
        if charge.meter is not None and charge.meter in _KEYS and sizes[number]:
            kind, key = _KEYS[charge.meter]
            add(kind, charge.payer.partition("/")[0], key, sizes[number])
        elif charge.meter == "nat_gateway" and sizes[number]:
            add("azurerm_nat_gateway", _nat_gateway(bill, charge), "monthly_data_processed_gb", sizes[number])
    for name, size in _peerings(bill).items():
        add(_PEERING[0], name, _PEERING[1], size)
    return {
        name: {key: bill.gigabytes(size) for key, size in sorted(held.items())} for name, held in sorted(found.items())
    }


def usage_text(bill: Bill) -> str:
    """``infracost-usage.yml``."""
    time = "a month of traffic like the log's" if bill.factor != 1 else "the log's own time, not a month: use --month"
    lines = [
        "# Traffic by resource, measured by flow logs and walked by vnetsim, for infracost breakdown --usage-file.",
        f"# GB of {time}. Keys carry the names of Azure resources: put your Terraform addresses in their place.",
        "version: 0.1",
        "resource_usage:" if infracost_usage(bill) else "resource_usage: {}",
    ]
    for name, held in infracost_usage(bill).items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {gb:.3f}" for key, gb in held.items()]
    return "\n".join(lines) + "\n"


def _bytes_by_kind(bill: Bill) -> list[int]:
    sums = np.zeros(len(bill.charges.kinds), np.int64)
    np.add.at(sums, bill.charges.charge, bill.quantity)
    return [int(size) for size in sums]


def _nat_gateway(bill: Bill, charge: Charge) -> str:
    subnets = bill.replay.network.subnets.values()
    named = (held for held in subnets if f"{held.virtual_network.name}/{held.name}" == charge.subnet)
    return next((held.nat_gateway.name for held in named if held.nat_gateway is not None), charge.payer)


def _peerings(bill: Bill) -> dict[str, int]:
    """Name of each peering link → bytes sent over it, of what is charged at both of its ends."""
    held, places = bill.charges, bill.replay.plane.places
    networks = bill.replay.network.snapshot.virtual_networks
    links = bill.replay.network.peerings
    sizes: dict[str, int] = {}
    is_out = np.array([kind.meter in _PEERING_OUT for kind in held.kinds], bool)
    for row in np.flatnonzero(is_out[held.charge] & (bill.quantity > 0)) if len(held) else ():
        leg = held.leg[row]
        here, there = (int(places.vnet[place]) for place in (held.legs.source[leg], held.legs.target[leg]))
        link = links.get((networks[here].id, networks[there].id)) if NONE not in (here, there) else None
        if link is not None and not places.is_gateway(held.legs.target[leg : leg + 1])[0]:
            sizes[link.name] = sizes.get(link.name, 0) + int(bill.quantity[row])
    return sizes
