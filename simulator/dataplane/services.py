"""Platform services: which address is whose, and what each service's firewall says to each kind of caller.

Learn: azure/storage/common/storage-network-security, azure/virtual-network/virtual-network-service-endpoints-overview
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.dataplane.atoms import Atoms
from simulator.dataplane.egress import Egress
from simulator.dataplane.interned import Interned
from simulator.dataplane.places import NONE, Places
from simulator.network.managers.groups import region_name
from simulator.network.model import Network
from simulator.network.platform.premises import premises_caller
from simulator.network.platform.service_endpoint_policies import policy_verdict
from simulator.network.platform.service_firewall import Admission, Caller, admit
from simulator.space.addresses import Prefix, parse_address

Int32 = npt.NDArray[np.int32]
#: How a request comes to the service, with what the two columns after it mean.
BY_SUBNET, BY_OUTBOUND, BY_CLIENT, BY_PREMISES = range(4)
_UNDECLARED = Admission("ON_PREMISES_NAT_UNKNOWN", "the addresses that on-premises shows to the service are unknown")


class PlatformServices:
    """`admissions` answers (service, way, …): BY_SUBNET (subnet, 0), BY_OUTBOUND (place, way out), BY_CLIENT (atom, 0),
    BY_PREMISES (gateway place, atom). `policies` answers (subnet, service or NONE) with a reason code."""

    def __init__(self, network: Network, places: Places, atoms: Atoms, egress: Egress) -> None:
        self._network, self._places, self._atoms, self._egress = network, places, atoms, egress
        self._subnets = tuple(network.subnets)
        self.admissions = Interned(self._admission)
        self.policies = Interned(self._policy)
        declared = {
            atoms.of(parse_address(text)): number
            for number, service in reversed(list(enumerate(places.services)))
            for text in service.addresses
        }
        self._atoms_declared = np.array(sorted(declared), np.int32)
        self._number = np.array([declared[atom] for atom in sorted(declared)], np.int32)

    def at(self, atom: Int32) -> Int32:
        """The service that has each address by declaration; NONE elsewhere."""
        if not len(self._number):
            return np.full(len(atom), NONE, np.int32)
        at = np.minimum(np.searchsorted(self._atoms_declared, atom), len(self._number) - 1)
        found: Int32 = np.where(self._atoms_declared[at] == atom, self._number[at], NONE).astype(np.int32)
        return found

    def _policy(self, subnet: int, service: int) -> str:
        named = self._places.services[service].id if service != NONE else None
        return policy_verdict(self._network, self._subnets[subnet], named)

    def _admission(self, service: int, way: int, first: int, second: int) -> Admission:
        caller = self._caller(service, way, first, second)
        return _UNDECLARED if caller is None else admit(self._network, self._places.services[service].id, caller)

    def _caller(self, service: int, way: int, first: int, second: int) -> Caller | None:
        if way == BY_SUBNET:
            subnet = self._subnets[first]
            return Caller("subnet", subnet=subnet, subscription=subnet.subscription)
        if way == BY_OUTBOUND:
            return self._outbound_caller(service, first, second)
        if way == BY_CLIENT:
            address = self._atoms.points[first]
            return Caller("public", pool=(Prefix(address, address),), is_azure=False)
        gateway = self._places.gateways[first - self._places.first_gateway].id
        return premises_caller(self._network, gateway, self._atoms.points[second], self._places.services[service].id)

    def _outbound_caller(self, service: int, place: int, method: int) -> Caller:
        """Storage sees callers of its own region by private addresses, whatever way out they have."""
        endpoint, held = self._places.endpoints[place], self._places.services[service]
        vnet = self._network.virtual_networks.get(endpoint.virtual_network)
        region = region_name(vnet.location) if vnet is not None else ""
        subscription = endpoint.virtual_network.subscription
        pool = self._egress.methods.answers[method].pool
        if held.kind == "Storage" and region and region == region_name(held.region):
            return Caller("private", pool=pool or (), subscription=subscription)
        if pool is None:
            return Caller("unknown", subscription=subscription)
        return Caller("public", pool=pool, subscription=subscription)
