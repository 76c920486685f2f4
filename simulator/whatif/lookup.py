"""Find what a step names in a snapshot: by full id, or by a short name that only one resource has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import TypeVar

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from simulator.sources.problems import did_you_mean
from simulator.whatif.step import Position

R = TypeVar("R", bound=Resource)

_LONGEST_NAME = 80


def find(snapshot: Snapshot, kind: type[R], what: str, name: str, position: Position) -> R:
    """The resource of `kind` with this name or id; `what` is what a person calls the kind."""
    return one_of(snapshot.all(kind), what, name, position)


def one_of(candidates: Sequence[R], what: str, name: str, position: Position) -> R:
    """The one among `candidates` with this name or id. Raises ChangeError VNS4005 or VNS4006."""
    wanted = ResourceId(name)
    found = [each for each in candidates if each.id == wanted or each.name.lower() == wanted.key]
    if len(found) > 1:
        listed = ", ".join(str(each.id) for each in found)
        raise position.error(
            "VNS4006", f"{len(found)} of the network's {what}s are named {name!r}", f"write one of {listed}"
        )
    if not found:
        names = [each.name for each in candidates]
        hint = did_you_mean(name.rsplit("/", 1)[-1], names) or f"the network has no {what}"
        raise position.error("VNS4005", f"no {what} is named {name!r}", hint)
    return found[0]


def find_subnet(snapshot: Snapshot, name: str, position: Position) -> tuple[VirtualNetwork, Subnet]:
    """The subnet of ``vnet/subnet`` or of an id, with its virtual network."""
    if "/providers/" in name:
        owner, subnet = str(ResourceId(name).parent), ResourceId(name).name
    else:
        owner, slash, subnet = name.partition("/")
        if not slash or not subnet:
            raise position.error(
                "VNS4004", f"{name!r} is not a subnet", "write vnet/subnet, such as vnet-hub/VmSubnet1"
            )
    network = find(snapshot, VirtualNetwork, "virtual network", owner, position)
    return network, one_of(network.subnets, f"subnet of {network.name}", subnet, position)


def find_nic(snapshot: Snapshot, name: str, position: Position) -> NetworkInterface:
    """The NIC of that name or id, or the one NIC of the virtual machine of that name."""
    wanted = ResourceId(name)
    machines = [
        machine
        for machine in snapshot.all(VirtualMachine)
        if machine.id == wanted or machine.name.lower() == wanted.key
    ]
    carried = [nic for machine in machines for nic in nics_of(snapshot, machine)]
    if not carried:
        return find(snapshot, NetworkInterface, "network interface", name, position)
    if len(carried) > 1:
        listed = ", ".join(nic.name for nic in carried)
        raise position.error("VNS4006", f"{name!r} has {len(carried)} network interfaces", f"write one of {listed}")
    return carried[0]


def nics_of(snapshot: Snapshot, machine: VirtualMachine) -> list[NetworkInterface]:
    """The NICs of a virtual machine by id, read from whichever of the two names the other."""
    named = machine.network_profile.network_interfaces
    return [nic for nic in snapshot.network_interfaces if nic.virtual_machine == machine.id or nic.id in named]


def with_child(children: Iterable[R], child: R, what: str, position: Position) -> tuple[R, ...]:
    """`children` and `child`. Raises ChangeError VNS4007 where one of its name is there."""
    held = tuple(children)
    if any(each.name.lower() == child.name.lower() for each in held):
        hint = "edit it, or remove it first"
        raise position.error("VNS4007", f"{child.id.parent.name} already has a {what} named {child.name!r}", hint)
    return (*held, child)


def existing_child(children: Iterable[R], owner: str, what: str, name: str, position: Position) -> R:
    """The child of that name. Raises ChangeError VNS4008 where there is none."""
    held = {each.name.lower(): each for each in children}
    if name.lower() not in held:
        hint = did_you_mean(name, [each.name for each in held.values()]) or f"{owner} has no {what}"
        raise position.error("VNS4008", f"{owner} has no {what} named {name!r}", hint)
    return held[name.lower()]


def replaced(children: Iterable[R], old: R, new: R | None) -> tuple[R, ...]:
    """`children` with `new` in the place of `old`; without `old` where `new` is None."""
    swapped = (new if each is old else each for each in children)
    return tuple(each for each in swapped if each is not None)


def free_name(name: str, taken: set[str]) -> str:
    """`name` as Azure takes it, with a number behind it where it is taken; `taken` are in lower case."""
    names = chain([name[:_LONGEST_NAME]], (f"{name[: _LONGEST_NAME - 4]}-{number}" for number in count(2)))
    return next(free for free in names if free.lower() not in taken)
