"""Random settings of encryption over a network that is already there: virtual networks, machines, NICs, firewalls."""

from __future__ import annotations

from random import Random

from simulator.azure.firewall import AzureFirewall
from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Snapshot
from tests.oracle.arm import GROUP
from tests.oracle.encryption import SIZES, is_private_endpoint

_TIERS = ("Premium", "Premium", "Standard", "Basic", "Fancy")


def with_encryption(snapshot: Snapshot, random: Random) -> Snapshot:
    """Most virtual networks encrypt, some of them with DropUnencrypted; most machines can."""
    changed = snapshot
    for network in snapshot.virtual_networks:
        enforcement = random.choice(("AllowUnencrypted", "AllowUnencrypted", "DropUnencrypted", "dropUnencrypted"))
        setting = {"enabled": random.random() < 0.8, "enforcement": enforcement} if random.random() < 0.9 else None
        raw = network.model_dump(exclude_unset=True) | {"encryption": setting}
        changed = changed.with_resource(type(network).model_validate(raw))
    for firewall in snapshot.all(AzureFirewall):
        raw = firewall.model_dump(exclude_unset=True) | {"sku": {"tier": random.choice(_TIERS)}}
        changed = changed.with_resource(AzureFirewall.model_validate(raw))
    for nic in snapshot.network_interfaces:
        if not is_private_endpoint(snapshot, nic):
            for resource in _machine(nic, random):
                changed = changed.with_resource(resource)
    return changed


def _machine(nic: NetworkInterface, random: Random) -> tuple[Resource, ...]:
    identity = ResourceId(f"{GROUP}/Microsoft.Compute/virtualMachines/vm-{nic.name}")
    accelerated = random.choice((True, True, True, True, False, None))
    flag = random.choice((None, None, None, None, True, False))
    changed = nic.model_copy(update={"enable_accelerated_networking": accelerated, "vnet_encryption_supported": flag})
    if random.random() < 0.1:
        return (changed,)
    size = random.choice([*SIZES, *([held for held, can in SIZES.items() if can] * 3)])
    machine = VirtualMachine.model_validate(
        {
            "id": str(identity),
            "properties": {
                "hardwareProfile": {"vmSize": size} if random.random() < 0.95 else {},
                "networkProfile": {"networkInterfaces": [{"id": str(nic.id)}]},
            },
        }
    )
    return changed, machine
