"""The code of encryption that one end of a leg logs, by a slow reading of SEMANTICS 5.1 and 5.2 in plain `if`s.

A *world* settles what the snapshot leaves open: whether a virtual network that it lacks encrypts, and whether machines
can. In one world everything is known and the code is one; the answer is what all worlds together say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from tests.oracle.balancers import balanced_rules
from tests.oracle.places import Places

#: Sizes that tests use, and whether the list of 5.1 has them; a size that is not here is not known.
SIZES = {
    "Standard_D2s_v5": True,
    "standard_e4-2as_v4": True,
    "Standard_D8ps_v6": True,
    "M416ms_v2": True,
    "Standard_L8s_v3": True,
    "Standard_D2s_v3": False,
    "Standard_B2ms": False,
    "Standard_L8as_v3": False,
    "Standard_DC4as_v5": False,
    "Standard_EC8ads_cc_v5": False,
    "Standard_Z9_v1": None,
    "Standard_F2as_v7": None,
}

Fact = bool | None


@dataclass(frozen=True)
class End:
    """One end: its network by id (None outside networks), and what is known of it."""

    network: ResourceId | None
    never: bool
    can: Fact


@dataclass(frozen=True)
class Answer:
    codes: frozenset[str]
    accepted: frozenset[str]
    encrypted: frozenset[bool | None]
    dropped: bool


def answer(snapshot: Snapshot, own: ResourceId | None, peer: ResourceId | None, pool: Sequence[Fact]) -> Answer:
    """`own` logs; None is what lies outside. `pool` is what is known of all backends of the load balancer between."""
    here, there = end_of(snapshot, own), end_of(snapshot, peer)
    open_facts = encrypts(snapshot, here), encrypts(snapshot, there), here.can, there.can
    found = [code(snapshot, here, there, *world, pool) for world in product(*map(both, open_facts))]
    return Answer(
        frozenset(held[0] for held in found),
        frozenset(code for held in found for code in held[1]),
        frozenset(held[2] for held in found),
        all(held[3] for held in found),
    )


def code(
    snapshot: Snapshot,
    here: End,
    there: End,
    own_on: bool,
    peer_on: bool,
    own_can: bool,
    peer_can: bool,
    members: Sequence[Fact],
) -> tuple[str, set[str], bool | None, bool]:
    """(code, every code that is right, is encrypted, would be dropped) in one world, in the order of 5.2."""
    drop = drops(snapshot, here) and drops(snapshot, there)
    if not own_on:
        return "NX", {"NX"}, False, False
    if there.never:
        return "NX", {"NX"}, False, False
    if not peer_on:
        return "NX", {"NX"}, False, False
    if here.never:  # no row of 5.2: a kind that never encrypts logs NX, and its host lacks support as any other
        return "NX", {"NX", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"}, False, False
    if not own_can:
        accepted = {"NX_HW_NOT_SUPPORTED", "NX", "NX_FALLBACK"}
        return "NX_HW_NOT_SUPPORTED", accepted | ({"NX_NOT_ACCEPTED"} if drop else set()), False, drop
    if not peer_can:
        accepted = {"NX_FALLBACK", "NX", "NX_HW_NOT_SUPPORTED"}
        if drop:
            return "NX_NOT_ACCEPTED", accepted | {"NX_NOT_ACCEPTED"}, False, True
        return "NX_FALLBACK", accepted, False, False
    if not all(members):
        every = {"X", "NX_LOCAL_DST", "NX_SW_NOT_READY", "NX", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"}
        return "", every | ({"NX_NOT_ACCEPTED"} if drop else set()), None, False
    return "X", {"X", "NX_LOCAL_DST", "NX_SW_NOT_READY"}, True, False


def both(fact: Fact) -> tuple[bool, ...]:
    return (True, False) if fact is None else (fact,)


def network_of(snapshot: Snapshot, end: End) -> VirtualNetwork | None:
    return snapshot.get(end.network, VirtualNetwork)


def encrypts(snapshot: Snapshot, end: End) -> Fact:
    if end.network is None:
        return True  # outside: that it never encrypts is said by `never`
    network = network_of(snapshot, end)
    if network is None:
        return None
    return network.encryption is not None and network.encryption.enabled


def drops(snapshot: Snapshot, end: End) -> bool:
    network = network_of(snapshot, end)
    if network is None or network.encryption is None or not network.encryption.enabled:
        return False
    return network.encryption.enforcement.lower() == "dropunencrypted"


def end_of(snapshot: Snapshot, identity: ResourceId | None) -> End:
    """5.1's table of counterparts."""
    if identity is None:
        return End(None, True, False)
    resource = snapshot.resources.get(identity)
    if isinstance(resource, NetworkInterface):
        network = next(held.subnet.parent for held in resource.ip_configurations if held.subnet is not None)
        if is_private_endpoint(snapshot, resource):
            return End(network, True, False)
        return End(network, False, machine_can(snapshot, resource))
    if isinstance(resource, AzureFirewall):
        network = next(held.subnet.parent for held in resource.ip_configurations if held.subnet is not None)
        tier = resource.sku.tier.lower()
        if tier == "premium":
            return End(network, False, True)
        return End(network, tier in ("standard", "basic"), None)
    if isinstance(resource, VirtualNetworkGateway):
        network = next(held.subnet.parent for held in resource.ip_configurations if held.subnet is not None)
        return End(network, True, False)
    subnet = next(iter(subnets_of(resource)))
    return End(subnet.parent, identity.type.endswith("/applicationgateways"), None)


def subnets_of(resource: object) -> Iterator[ResourceId]:
    """Of a managed service or a routing appliance."""
    for name in ("subnet",):
        held = getattr(resource, name, None)
        if held is not None:
            yield held
    for name in ("gateway_ip_configurations", "ip_configurations"):
        for configuration in getattr(resource, name, ()):
            if configuration.subnet is not None:
                yield configuration.subnet


def is_private_endpoint(snapshot: Snapshot, nic: NetworkInterface) -> bool:
    named = any(nic.id in held.network_interfaces for held in snapshot.all(PrivateEndpoint))
    return named or nic.private_endpoint is not None


def machine_can(snapshot: Snapshot, nic: NetworkInterface) -> Fact:
    """supported(n): the size is in the list, accelerated networking is on, and the NIC does not say otherwise."""
    flag, accelerated = nic.vnet_encryption_supported, nic.enable_accelerated_networking
    if flag is False or accelerated is False:
        return False
    if flag is True:
        return True
    machines = [
        held
        for held in snapshot.all(VirtualMachine)
        if held.id == nic.virtual_machine or nic.id in held.network_profile.network_interfaces
    ]
    size = machines[0].hardware_profile.vm_size if machines else None
    by_size = SIZES.get(size) if size else None
    if by_size is False:
        return False
    return None if by_size is None or accelerated is None else True


def pool_of(places: Places, frontend: ResourceId) -> list[Fact]:
    """What is known of every machine behind an internal frontend, None for one that is missing; [] if it is public."""
    held = next(one for one in places.frontends if one.id == frontend)
    if held.address is None and held.public is not None:
        return []
    rules = balanced_rules(places, held)
    nics = {backend.endpoint.id for rule in rules for backend in rule.backends}
    missing = not nics or any(rule.has_unknown_members for rule in rules)
    return [*(end_of(places.snapshot, nic).can for nic in nics), *([None] if missing else [])]
