"""Endpoints from network interfaces.

Learn: azure/virtual-network/virtual-network-network-interface
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from simulator.azure.network_interface import IpConfiguration, NetworkInterface, VirtualMachine
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.network.model import Endpoint, grouped
from simulator.network.public_addresses import public_addresses, public_sku, spelled_addresses


def nic_endpoints(snapshot: Snapshot) -> Iterator[Endpoint]:
    """Every NIC that sits in a subnet, by id."""
    machines = _machines_of_nics(snapshot)
    nics_of_machine = grouped((machine, nic) for nic, machine in machines.items())
    private_endpoints = {nic: held.id for held in snapshot.all(PrivateEndpoint) for nic in held.network_interfaces}
    for nic in snapshot.network_interfaces:
        if nic_subnet(nic) is not None:
            endpoint = _nic_endpoint(snapshot, nic, machines.get(nic.id), nics_of_machine)
            yield replace(endpoint, private_endpoint=nic.private_endpoint or private_endpoints.get(nic.id))


def nic_subnet(nic: NetworkInterface) -> ResourceId | None:
    """The subnet of the NIC; all of its configurations lie in one, as Azure demands."""
    return next((held.subnet for held in _primary_first(nic.ip_configurations) if held.subnet is not None), None)


def _machines_of_nics(snapshot: Snapshot) -> dict[ResourceId, ResourceId]:
    """NIC → VM, read from whichever of the two names the other."""
    machines = {
        nic: machine.id
        for machine in snapshot.all(VirtualMachine)
        for nic in machine.network_profile.network_interfaces
    }
    named = {nic.id: nic.virtual_machine for nic in snapshot.network_interfaces if nic.virtual_machine is not None}
    return machines | named


def _nic_endpoint(
    snapshot: Snapshot,
    nic: NetworkInterface,
    machine: ResourceId | None,
    nics_of_machine: Mapping[ResourceId, tuple[ResourceId, ...]],
) -> Endpoint:
    configurations = _primary_first(nic.ip_configurations)
    subnet = nic_subnet(nic)
    assert subnet is not None
    public = [held.public_ip_address for held in configurations if held.public_ip_address is not None]
    is_only = machine is not None and len(nics_of_machine[machine]) == 1
    return Endpoint(
        id=nic.id,
        kind="nic",
        name=machine.name if machine is not None and is_only else nic.name,
        subnet=subnet,
        virtual_network=subnet.parent,
        addresses=spelled_addresses(held.private_ip_address for held in configurations),
        public_addresses=public_addresses(snapshot, public),
        public_sku=public_sku(snapshot, public),
        security_group=nic.network_security_group,
        mac=_mac(nic.mac_address),
        ip_forwarding=nic.enable_ip_forwarding,
        appliance=snapshot.declarations.appliances.get(nic.id),
        virtual_machine=machine,
    )


def _primary_first(configurations: Iterable[IpConfiguration]) -> list[IpConfiguration]:
    return sorted(configurations, key=lambda held: not held.primary)


def _mac(text: str | None) -> str | None:
    digits = "".join(character for character in text or "" if character.isalnum()).upper()
    return digits or None
