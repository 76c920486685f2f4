"""Places: where a packet can be. Endpoints, gateways, platform services, Azure's platform, premises, Internet, nowhere.

Every column has a row for each place, the last ones included, so that no lookup needs a negative index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from simulator.dataplane.atoms import Atoms
from simulator.network.model import Endpoint, Gateway, Network
from simulator.network.platform.platform_services import Service, services
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import Prefix, parse_address

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
NONE = -1
T = TypeVar("T")


def endpoint_column(network: Network, fact: Callable[[Endpoint], T], other: T) -> npt.NDArray[Any]:
    """A column of one fact of endpoints; every other place gets `other`."""
    return np.array([*map(fact, network.endpoints), *[other] * (place_count(network) - len(network.endpoints))])


def place_count(network: Network) -> int:
    """The number of places: the platform, on-premises, the Internet and nowhere are four."""
    return len(network.endpoints) + len(network.gateways) + len(services(network)) + 4


def managed_prefixes(network: Network) -> Iterator[tuple[int, Prefix]]:
    """(number of a managed endpoint, prefix of its subnet): every address there is the service's."""
    for number, endpoint in enumerate(network.endpoints):
        held = network.subnets.get(endpoint.subnet) if endpoint.kind == "managed" else None
        for prefix in readable_prefixes(held.prefixes) if held is not None else ():
            yield number, prefix


class Places:
    """Columns of facts by place number, and who owns an address."""

    def __init__(self, network: Network, atoms: Atoms) -> None:
        self.endpoints: tuple[Endpoint, ...] = network.endpoints
        self.gateways: tuple[Gateway, ...] = network.gateways
        self.services: tuple[Service, ...] = services(network)
        self.first_gateway = len(self.endpoints)
        self.first_service = self.first_gateway + len(self.gateways)
        self.platform = self.first_service + len(self.services)
        self.premises = self.platform + 1  # on-premises that comes to Azure without a virtual network
        self.internet = self.premises + 1
        self.nowhere = self.internet + 1
        self._atoms = atoms
        self.subnet_number = {identity: at for at, identity in enumerate(network.subnets)}
        self.vnet_number = {vnet.id: at for at, vnet in enumerate(network.snapshot.virtual_networks)}
        self.gateway_number = {gateway.id: self.first_gateway + at for at, gateway in enumerate(self.gateways)}
        self.subnet = self._column(lambda e: self.subnet_number.get(e.subnet, NONE), self._gateway_subnet, NONE)
        self.vnet = self._column(
            lambda e: self.vnet_number.get(e.virtual_network, NONE),
            lambda g: self.vnet_number.get(g.virtual_network, NONE),
            NONE,
        )
        self._index_owners(network)

    def _gateway_subnet(self, gateway: Gateway) -> int:
        return NONE if gateway.subnet is None else self.subnet_number.get(gateway.subnet, NONE)

    def _column(
        self, of_endpoint: Callable[[Endpoint], int], of_gateway: Callable[[Gateway], int], other: int
    ) -> Int32:
        others = [other] * (self.nowhere + 1 - self.first_service)
        return np.array([*map(of_endpoint, self.endpoints), *map(of_gateway, self.gateways), *others], np.int32)

    def is_gateway(self, place: Int32) -> Bools:
        found: Bools = (place >= self.first_gateway) & (place < self.first_service)
        return found

    def is_outside(self, place: Int32) -> Bools:
        """Is each place beyond the network: a platform service, the platform, the Internet?"""
        found: Bools = (place >= self.first_service) & (place < self.nowhere)
        return found

    def is_service(self, place: Int32) -> Bools:
        found: Bools = (place >= self.first_service) & (place < self.platform)
        return found

    def _index_owners(self, network: Network) -> None:
        """(VNet, atom) → endpoint, because address spaces may overlap; atom → endpoint where only one holds it."""
        owners: dict[int, int] = {}
        by_atom: dict[int, set[int]] = {}
        public: dict[int, int] = {}
        self._first_address = np.full((self.nowhere + 1, 2), NONE, np.int32)
        for place, endpoint in enumerate(self.endpoints):
            own = [parse_address(text) for text in endpoint.addresses]
            for address in reversed(own):
                self._first_address[place, int(address >> 32 == 0xFFFF)] = self._atoms.of(address)
            for atom in map(self._atoms.of, own):
                owners.setdefault(self._key(int(self.vnet[place]), atom), place)
                by_atom.setdefault(atom, set()).add(place)
            for text in endpoint.public_addresses:
                public[self._atoms.of(parse_address(text))] = place
        for place, prefix in managed_prefixes(network):
            for low, stop in self._atoms.interval(prefix):
                for atom in range(low, stop):
                    if owners.setdefault(self._key(int(self.vnet[place]), atom), place) == place:
                        by_atom.setdefault(atom, set()).add(place)
        self._owner_keys, self._owner_places = _sorted_columns(owners)
        self._alone = {atom: next(iter(places)) for atom, places in by_atom.items() if len(places) == 1}
        self._public_keys, self._public_places = _sorted_columns(public)

    def _key(self, vnet: int, atom: int) -> int:
        return vnet * len(self._atoms) + atom

    def address(self, place: Int32, is_ipv4: Bools) -> Int32:
        """The first address of each place in the family asked for; NONE where it has none."""
        found: Int32 = self._first_address[place, is_ipv4.astype(np.intp)]
        return found

    def owner(self, vnet: Int32, atom: Int32) -> Int32:
        """The endpoint that holds each address in each VNet; `nowhere` where there is none."""
        return self._lookup(
            self._owner_keys, self._owner_places, vnet.astype(np.int64) * len(self._atoms) + atom.astype(np.int64)
        )

    def owner_of_public(self, atom: Int32) -> Int32:
        """The endpoint behind each public address; `nowhere` where there is none."""
        return self._lookup(self._public_keys, self._public_places, atom.astype(np.int64))

    def _lookup(self, keys: Int64, places: Int32, wanted: Int64) -> Int32:
        at = np.searchsorted(keys, wanted)
        at_or_last = np.minimum(at, len(keys) - 1)
        if not len(keys):
            return np.full(len(wanted), self.nowhere, np.int32)
        found: Int32 = np.where(keys[at_or_last] == wanted, places[at_or_last], self.nowhere).astype(np.int32)
        return found

    def owner_of(self, vnet: int, atom: int) -> int:
        return int(self.owner(np.array([vnet], np.int32), np.array([atom], np.int32))[0])

    def atom(self, address: int) -> int:
        return self._atoms.of(address)

    def holder(self, vnets: Sequence[int], atom: int) -> int:
        """The endpoint that holds `atom` as the VNets see it, nearest first; else the only one anywhere."""
        for vnet in vnets:
            place = self.owner_of(vnet, atom)
            if place != self.nowhere:
                return place
        return self._alone.get(atom, self.nowhere)

    def name(self, place: int) -> str:
        if place < self.first_gateway:
            return self.endpoints[place].name
        if place < self.first_service:
            return self.gateways[place - self.first_gateway].name
        if place < self.platform:
            return self.services[place - self.first_service].name
        others = {self.platform: "Azure platform", self.premises: "on-premises", self.internet: "Internet"}
        return others.get(place, "?")


def _sorted_columns(mapping: Mapping[int, int]) -> tuple[Int64, Int32]:
    keys: Iterable[int] = sorted(mapping)
    return np.array(list(keys), np.int64), np.array([mapping[key] for key in keys], np.int32)
