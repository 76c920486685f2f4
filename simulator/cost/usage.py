"""The measured GB by resource, as Infracost's usage file has them.

Infracost prices what Terraform declares and cannot know how much traffic there is; a flow log does. Its keys are
Terraform addresses, which no export holds: the resource's own name stands in for them. The names of usage are those of
infracost/infracost (``internal/resources/azure`` and its tests' usage files).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np

from simulator.cost.bill import Bill
from simulator.cost.meters import MeterKey
from simulator.cost.sums import sums_by
from simulator.dataplane.places import NONE

#: Meter → Infracost's kind of resource, and the key of its usage.
_KEYS: Mapping[MeterKey, tuple[str, str]] = {
    "firewall_basic": ("azurerm_firewall", "monthly_data_processed_gb"),
    "firewall_standard": ("azurerm_firewall", "monthly_data_processed_gb"),
    "firewall_premium": ("azurerm_firewall", "monthly_data_processed_gb"),
    "load_balancer": ("azurerm_lb", "monthly_data_processed_gb"),
    "nat_gateway": ("azurerm_nat_gateway", "monthly_data_processed_gb"),
    "private_endpoint_in": ("azurerm_private_endpoint", "monthly_inbound_data_processed_gb"),
    "private_endpoint_out": ("azurerm_private_endpoint", "monthly_outbound_data_processed_gb"),
}
#: Infracost takes the GB of a peering for both of its ends, and each of two links is a resource.
_PEERING = ("azurerm_virtual_network_peering", "monthly_data_transfer_gb")
_PEERING_OUT: tuple[MeterKey, ...] = ("peering_out", "global_peering_out")
#: A name that YAML reads as it stands.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")

#: Resource → key of usage → GB.
Usage = Mapping[str, Mapping[str, Decimal]]


def infracost_usage(bill: Bill) -> Usage:
    """The GB of each resource that Infracost prices by usage, by its name; those of the bill's month or window."""
    found: dict[str, dict[str, int]] = {}
    for kind, name, key, size in (*_processed(bill), *_peered(bill)):
        held = found.setdefault(f"{kind}.{name}", {})
        held[key] = held.get(key, 0) + size
    return {
        name: {key: bill.gigabytes(size) for key, size in sorted(held.items())} for name, held in sorted(found.items())
    }


def usage_text(bill: Bill) -> str:
    """``infracost-usage.yml``."""
    usage = infracost_usage(bill)
    time = "a month of traffic like the log's" if bill.is_of_a_month else "the log's own time, not a month: use --month"
    lines = [
        "# Traffic by resource, measured by flow logs and walked by vnetsim, for infracost breakdown --usage-file.",
        f"# GB of {time}. Keys carry the names of Azure resources: put your Terraform addresses in their place.",
        "version: 0.1",
        "resource_usage:" if usage else "resource_usage: {}",
    ]
    for name, held in usage.items():
        lines.append(f"  {name if _PLAIN.fullmatch(name) else json.dumps(name)}:")
        lines += [f"    {key}: {gb:.6f}" for key, gb in held.items()]
    return "\n".join(lines) + "\n"


def _processed(bill: Bill) -> Iterator[tuple[str, str, str, int]]:
    """(kind, name, key, bytes) of what resources on the way processed."""
    for charge, size in zip(bill.charges.kinds, bill.sizes, strict=True):
        usage = _KEYS.get(charge.meter) if charge.meter is not None else None
        if usage is not None and size:
            kind, key = usage
            yield kind, charge.payer, key, size


def _peered(bill: Bill) -> Iterator[tuple[str, str, str, int]]:
    """The same of what each peering link sent, where both of its ends are charged: not to and from a hub's gateway."""
    held, places = bill.charges, bill.replay.plane.places
    networks = bill.replay.network.snapshot.virtual_networks
    is_out = np.array([kind.meter in _PEERING_OUT for kind in held.kinds], bool)
    rows = np.flatnonzero(bill.quantity > 0)
    rows = rows[is_out[held.charge[rows]]] if len(rows) else rows
    leg = held.leg[rows]
    source, target = held.legs.source[leg], held.legs.target[leg]
    here, there = places.vnet[source].astype(np.intp), places.vnet[target].astype(np.intp)
    is_both = (here != NONE) & (there != NONE) & ~places.is_gateway(target)
    ends, sizes = sums_by((here * len(networks) + there)[is_both], bill.quantity[rows][is_both])
    for at, size in zip(ends.tolist(), sizes.tolist(), strict=True):
        link = bill.replay.network.peerings.get((networks[at // len(networks)].id, networks[at % len(networks)].id))
        if link is not None:
            yield _PEERING[0], link.name, _PEERING[1], size
