"""The address space of a connected group, and which parts of it nobody can reach because members share them.

Learn: azure/virtual-network-manager/concept-connectivity-configuration,
azure/virtual-network-manager/concept-limitations
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simulator.azure.resource import ResourceId
from simulator.network.managers.connected_groups import ConnectedGroup
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.peerings import peered_spaces
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix, as_cidrs, merge, subtract


class MemberPrefix(NamedTuple):
    """A prefix that a connected group brings, and its member; what is sent to one that `overlaps` is dropped."""

    text: str
    member: ResourceId
    overlaps: bool


class _Claim(NamedTuple):
    """A prefix that one member has by itself, or that members see behind peers outside the group (`is_peered`)."""

    prefix: Prefix
    owners: frozenset[ResourceId]
    is_peered: bool


class _Shared(NamedTuple):
    """Addresses that two VNets of a group claim; `peered` are those that have them behind a peer."""

    prefix: Prefix
    peered: frozenset[ResourceId]


@per_network
def group_prefixes(network: Network, virtual_network: ResourceId, group: ConnectedGroup) -> tuple[MemberPrefix, ...]:
    """The prefixes of the other members as the VNet sees them, those that overlap last.

    Its own space stays its own, and what it reaches by a peering outside the group goes there (the peering's route
    beats the group's). For everyone else those addresses are dropped, like those of two members.
    """
    own = readable_prefixes(network.virtual_networks[virtual_network].prefixes)
    members = tuple(sorted((virtual_network, *group.members)))
    shared = tuple(held.prefix for held in _shared(network, members) if virtual_network not in held.peered)
    clear: list[MemberPrefix] = []
    overlapping: dict[str, ResourceId] = {}
    for member in group.members:
        for text in network.virtual_networks[member].prefixes:
            prefix = readable_prefix(text)
            if prefix is None:
                continue
            lost = _common(prefix, (*own, *shared))
            rest = [text] if not lost else as_cidrs(subtract((prefix,), lost))
            clear += [MemberPrefix(part, member, False) for part in rest]
            for part in as_cidrs(subtract(_common(prefix, shared), own)):
                overlapping.setdefault(part, member)
    return (*clear, *(MemberPrefix(text, member, True) for text, member in overlapping.items()))


def shared_space(network: Network, members: tuple[ResourceId, ...]) -> tuple[Prefix, ...]:
    """The addresses that more than one of the members claims."""
    return merge(held.prefix for held in _shared(network, tuple(sorted(members))))


@per_network
def _shared(network: Network, members: tuple[ResourceId, ...]) -> tuple[_Shared, ...]:
    """What any two members claim, one of them at least as its own. Members come sorted."""
    claims = sorted(_claims(network, members), key=lambda claim: claim.prefix)
    found: list[_Shared] = []
    near: list[_Claim] = []
    for claim in claims:
        near = [other for other in near if other.prefix.high >= claim.prefix.low]
        found += [held for other in near if (held := _both(other, claim)) is not None]
        near.append(claim)
    return tuple(dict.fromkeys(found))


def _claims(network: Network, members: tuple[ResourceId, ...]) -> Iterator[_Claim]:
    inside = frozenset(members)
    peered: dict[Prefix, set[ResourceId]] = {}
    for member in members:
        for prefix in readable_prefixes(network.virtual_networks[member].prefixes):
            yield _Claim(prefix, frozenset({member}), False)
        for peer, prefixes in peered_spaces(network, member):
            for prefix in prefixes if peer not in inside else ():
                peered.setdefault(prefix, set()).add(member)
    for prefix, owners in peered.items():
        yield _Claim(prefix, frozenset(owners), True)


def _both(one: _Claim, other: _Claim) -> _Shared | None:
    """What two claims have in common, when it makes one member's space unreachable for the others."""
    if one.owners == other.owners or (one.is_peered and other.is_peered):
        return None
    prefix = Prefix(max(one.prefix.low, other.prefix.low), min(one.prefix.high, other.prefix.high))
    if prefix.low > prefix.high or one.prefix.is_ipv4 != other.prefix.is_ipv4:
        return None
    return _Shared(prefix, frozenset(owner for claim in (one, other) if claim.is_peered for owner in claim.owners))


def _common(prefix: Prefix, others: tuple[Prefix, ...]) -> tuple[Prefix, ...]:
    """The parts of `prefix` that lie in the others."""
    return tuple(
        Prefix(max(prefix.low, other.low), min(prefix.high, other.high))
        for other in others
        if prefix.overlaps(other) and prefix.is_ipv4 == other.is_ipv4
    )
