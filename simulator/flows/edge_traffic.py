"""Packets at the edges of rules: one address or port inside and one outside of what each names.

A uniform address almost never meets a rule; these meet every one, from both sides. Each rule is asked where it stands:
a security group's at the NICs that have it, an admin rule at those of its virtual networks, a firewall's between any.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.azure.security_group import Direction
from simulator.flows.records import DIRECTIONS
from simulator.flows.sample_traffic import EPHEMERAL_PORTS, Peer, Peers
from simulator.network.filter_rules import ANY_PORT, AddressSet, FilterRule, PortRange, security_group_rules
from simulator.network.firewall_rules import firewall_rules
from simulator.network.managers.admin_rules import admin_rules_by_manager
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefixes
from simulator.network.service_tags import INTERNET
from simulator.space.addresses import ADDRESS_SPACE_END, EVERYTHING, Prefix, format_address, merge, parse_address
from simulator.walk.packets import TCP, UDP, Addresses, Packets

#: Rules that are aimed at, and prefixes and peers of one side of a rule, at most: some rules name thousands.
MOST_RULES, MOST_PREFIXES, MOST_PEERS = 2_000, 12, 64
#: Where a rule names every port.
_PORTS = (0, 22, 80, 443, 65535)
_EPHEMERAL = -1


class _RuleList(NamedTuple):
    """Rules in order and the NICs at which they are asked, as peers; none: they are asked on the way."""

    rules: tuple[FilterRule, ...]
    direction: Direction | None
    here: tuple[Peer, ...]


class _Aim(NamedTuple):
    """What packets at the edges of one rule are drawn from, in one address family."""

    sources: list[Peer]
    destinations: list[Peer]
    source_ports: list[int]
    destination_ports: list[int]
    protocols: list[int]


def edge_flows(network: Network, count: int, random: np.random.Generator) -> Packets:
    """`count` packets at the edges of the rules of `network`; none where it has no rule that a packet could meet."""
    aims = _aims(network, random) if count else []
    if not aims:
        return Packets.of([])
    chosen = random.integers(0, len(aims), count)
    peers = list(dict.fromkeys(peer for aim in aims for peer in (*aim.sources, *aim.destinations)))
    number = {peer: at for at, peer in enumerate(peers)}
    columns = [
        _drawn([[number[peer] for peer in aim.sources] for aim in aims], chosen, random),
        _drawn([[number[peer] for peer in aim.destinations] for aim in aims], chosen, random),
        _drawn([aim.source_ports for aim in aims], chosen, random),
        _drawn([aim.destination_ports for aim in aims], chosen, random),
        _drawn([aim.protocols for aim in aims], chosen, random),
    ]
    apart = np.flatnonzero(columns[0] != columns[1])
    if len(apart) and len(apart) < count:  # a NIC that would talk to itself gives its place to another packet
        rows = np.arange(count)
        lost = columns[0] == columns[1]
        rows[lost] = apart[random.integers(0, len(apart), int(lost.sum()))]
        columns = [column[rows] for column in columns]
    source, destination, source_port, destination_port, protocol = columns
    ephemeral = random.integers(*EPHEMERAL_PORTS, count)
    addresses = Addresses.parse([peer.address for peer in peers])
    contexts = np.array([peer.context for peer in peers], np.int32)
    return Packets(
        source=addresses[source],
        destination=addresses[destination],
        source_port=np.where(source_port == _EPHEMERAL, ephemeral, source_port).astype(np.int32),
        destination_port=destination_port.astype(np.int32),
        protocol=protocol.astype(np.uint8),
        context=contexts[source],
        service=np.full(count, -1, np.int32),
    )


def _drawn(
    choices: Sequence[Sequence[int]], chosen: npt.NDArray[np.int64], random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """One of the choices of each row's aim."""
    sizes = np.array([len(held) for held in choices], np.int64)
    flat = np.array([value for held in choices for value in held], np.int64)
    starts = np.cumsum(sizes) - sizes
    drawn: npt.NDArray[np.int64] = flat[starts[chosen] + (random.random(len(chosen)) * sizes[chosen]).astype(np.int64)]
    return drawn


def _aims(network: Network, random: np.random.Generator) -> list[_Aim]:
    ends = _Ends.of(network, random)
    asked = [(held, rule) for held in _rule_lists(network) for rule in held.rules]
    if len(asked) > MOST_RULES:
        asked = [asked[at] for at in np.sort(random.choice(len(asked), MOST_RULES, replace=False))]
    return [aim for held, rule in asked for aim in _aims_at(ends, held, rule, random)]


def _rule_lists(network: Network) -> Iterator[_RuleList]:
    """Every filter of the network, where it stands."""
    number = {vnet.id: at for at, vnet in enumerate(network.snapshot.virtual_networks)}
    nics = [one for one in network.endpoints if one.kind == "nic" and one.private_endpoint is None and one.addresses]
    here: dict[tuple[str, object], list[Peer]] = {}
    for nic in nics:
        subnet = network.subnets.get(nic.subnet)
        peers = [Peer(address, number.get(nic.virtual_network, -1)) for address in nic.addresses]
        peers += [Peer(address) for address in nic.public_addresses]
        groups = (nic.security_group, subnet.network_security_group if subnet is not None else None)
        for group in dict.fromkeys(group for group in groups if group is not None):
            here.setdefault(("group", group), []).extend(peers)
        here.setdefault(("network", nic.virtual_network), []).extend(peers)
    for (kind, owner), peers in here.items():
        for direction in DIRECTIONS:
            if kind == "group":
                lists = (security_group_rules(network, owner, direction) or (),)  # type: ignore[arg-type]
            else:
                lists = admin_rules_by_manager(network, owner, direction)  # type: ignore[arg-type,assignment]
            for rules in lists:
                yield _RuleList(rules, direction, tuple(peers))
    for endpoint in network.endpoints:
        if endpoint.kind == "firewall":
            held = firewall_rules(network, endpoint.id)
            dnat = tuple(each.rule for each in held.dnat_rules)
            yield _RuleList((*held.rules, *held.application_rules, *dnat), None, ())


class _Ends(Struct, frozen=True):
    """Who can be at an edge: the peers of the network, and any address of a site or of the Internet."""

    peers: Peers
    inside: dict[int, Peer]
    sorted_inside: list[int]
    sites: tuple[Prefix, ...]

    @classmethod
    def of(cls, network: Network, random: np.random.Generator) -> _Ends:
        peers = Peers.of(network, random)
        inside = {parse_address(peer.address): peer for peer in peers.inside}
        texts = [text for site in network.snapshot.declarations.on_premises for text in site.prefixes]
        sites = merge(prefix for prefix in readable_prefixes(texts) if prefix.length)
        return cls(peers, inside, sorted(inside), sites)

    def near(self, held: AddressSet, random: np.random.Generator) -> list[Peer]:
        """Peers at the edges of these addresses, within and without."""
        found = [peer for prefix in self._prefixes(held, random) for edge in _edges(prefix) for peer in self._at(edge)]
        if "VirtualNetwork" in held.tags:
            found += [*self.peers.inside, *self.peers.on_premises, *self.peers.internet[:4]]
        if "Internet" in held.tags:
            found += [*self.peers.internet, *self.peers.inside[:4]]
        if held.prefixes == EVERYTHING:
            found += [*self.peers.inside, *self.peers.on_premises, *self.peers.internet]
        distinct = list(dict.fromkeys(found))
        if len(distinct) <= MOST_PEERS:
            return distinct
        return [distinct[at] for at in random.choice(len(distinct), MOST_PEERS, replace=False)]

    def _prefixes(self, held: AddressSet, random: np.random.Generator) -> Sequence[Prefix]:
        if held.prefixes == EVERYTHING or len(held.prefixes) <= MOST_PREFIXES:
            return () if held.prefixes == EVERYTHING else held.prefixes
        return [held.prefixes[at] for at in random.choice(len(held.prefixes), MOST_PREFIXES, replace=False)]

    def _at(self, address: int) -> Iterator[Peer]:
        """Whoever has the address; in a virtual network, where nobody may have it, the nearest NICs on both sides."""
        if address in self.inside:
            yield self.inside[address]
        elif any(prefix.low <= address <= prefix.high for prefix in (*self.sites, *INTERNET)):
            yield Peer(format_address(address))
        else:
            at = bisect_left(self.sorted_inside, address)
            yield from (self.inside[near] for near in self.sorted_inside[max(at - 1, 0) : at + 1])


def _edges(prefix: Prefix) -> list[int]:
    """One below, first, last, one above."""
    values = (prefix.low - 1, prefix.low, prefix.high, prefix.high + 1)
    return [value for value in dict.fromkeys(values) if 0 <= value < ADDRESS_SPACE_END]


def _aims_at(ends: _Ends, held: _RuleList, rule: FilterRule, random: np.random.Generator) -> Iterator[_Aim]:
    """The aims at one rule: from inside to private addresses, from the Internet to public ones."""
    sources, destinations = ends.near(rule.sources, random), ends.near(rule.destinations, random)
    if held.direction == "Inbound":
        destinations = _at_home(held.here, destinations)
    elif held.direction == "Outbound":
        sources = _at_home(held.here, sources)
    internet = {peer for peer in sources if _is_in(parse_address(peer.address), INTERNET)}
    public = {peer for peer in destinations if peer.context < 0 and _is_in(parse_address(peer.address), INTERNET)}
    own = {peer for peer in held.here if peer.context < 0}
    from_outside = ([peer for peer in sources if peer in internet and peer not in own], [*own & {*destinations}])
    from_inside = ([peer for peer in sources if peer not in internet], [*(p for p in destinations if p not in own)])
    between = ([peer for peer in sources if peer not in internet], [*public]) if held.direction is None else ([], [])
    for froms, tos in (from_outside, from_inside, between):
        for is_ipv6 in (False, True):
            senders = [peer for peer in froms if (":" in peer.address) == is_ipv6]
            receivers = sorted(peer for peer in tos if (":" in peer.address) == is_ipv6)
            if senders and receivers and len({*senders, *receivers}) > 1:
                yield _Aim(
                    senders,
                    receivers,
                    [_EPHEMERAL] if rule.source_ports == ANY_PORT else _port_edges(rule.source_ports),
                    [*_PORTS] if rule.destination_ports == ANY_PORT else _port_edges(rule.destination_ports),
                    _protocols(rule),
                )


def _at_home(here: Sequence[Peer], near: Sequence[Peer]) -> list[Peer]:
    """Of those near the edges the ones that the list stands at; all that it stands at where none is."""
    return [peer for peer in here if peer in {*near}] or [*dict.fromkeys(here)]


def _is_in(address: int, prefixes: Iterable[Prefix]) -> bool:
    return any(prefix.low <= address <= prefix.high for prefix in prefixes)


def _port_edges(ranges: Sequence[PortRange]) -> list[int]:
    values = (edge for low, high in ranges for edge in (low - 1, low, high, high + 1))
    return sorted({value for value in values if 0 <= value <= 65535})


def _protocols(rule: FilterRule) -> list[int]:
    """Those of the rule thrice, and the other one: flow logs hold TCP and UDP alone."""
    named = [number for number in (TCP, UDP) if not rule.protocols or number in rule.protocols]
    return [*named * 3, TCP, UDP]
