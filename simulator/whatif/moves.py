"""A virtual network in another region, with everything that lives in it.

Azure moves none: the result is the network as it would be, built anew over there with the addresses that it has.
Learn: azure/virtual-network/move-across-regions-vnet-portal
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from pydantic import BaseModel

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import Connection, VirtualNetworkGateway
from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress, VirtualMachine
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup, NetworkSecurityGroup
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.snapshot import Snapshot
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from simulator.data import regions
from simulator.sources.problems import did_you_mean
from simulator.whatif.lookup import find
from simulator.whatif.step import Body, Position

#: What stands in subnets: it lives in the VNet that it names.
_PLACED = (
    NetworkInterface,
    AzureFirewall,
    VirtualNetworkGateway,
    LoadBalancer,
    PrivateEndpoint,
    BastionHost,
    ApplicationGateway,
    RoutingAppliance,
)
#: What lives where its NICs do, whichever of the two names the other; a public load balancer names no VNet.
_JOINED_TO_NICS = (VirtualMachine, LoadBalancer)
#: What is attached to others: it goes along when all that use it go.
_ATTACHED = (
    PublicIpAddress,
    PublicIpPrefix,
    NatGateway,
    NetworkSecurityGroup,
    ApplicationSecurityGroup,
    RouteTable,
    ServiceEndpointPolicy,
)
_ALL_REGIONS = "*"


class MoveVirtualNetwork(Struct, frozen=True):
    """`region` is the ARM name."""

    vnet: str
    region: str
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> MoveVirtualNetwork:
        body = Body.of(value, position, keys=("vnet", "region"))
        return cls.of(body.text("vnet"), body.text("region"), position)

    @classmethod
    def of(cls, vnet: str, region: str, position: Position) -> MoveVirtualNetwork:
        """The step from the region's name in any of its spellings. Raises ChangeError VNS4005 for no region."""
        return cls(vnet, _region(region, position / "region").name, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        network = find(snapshot, VirtualNetwork, "virtual network", self.vnet, self.position / "vnet")
        place = self.position / "region"
        here = regions.find(network.location)
        if here is not None and here.name == self.region:
            raise place.error("VNS4007", f"{network.name} is in {self.region} already", "name another region")
        moved = [snapshot.resources[one] for one in going_along(snapshot, network.id)]
        subnets = tuple(map(_with_endpoints_of_its_region, network.subnets))
        moved.append(network.model_copy(update={"subnets": subnets}))
        return snapshot.with_resources(held.model_copy(update={"location": self.region}) for held in moved)


def _region(text: str, position: Position) -> regions.Region:
    found = regions.find(text)
    if found is None:
        raise position.error("VNS4005", f"no region is called {text!r}", did_you_mean(text, regions.names()))
    return found


def _with_endpoints_of_its_region(subnet: Subnet) -> Subnet:
    """Azure fills in which regions a service endpoint reaches: nothing written means those of the VNet's region."""
    endpoints = tuple(
        held if _ALL_REGIONS in held.locations else held.model_copy(update={"locations": ()})
        for held in subnet.service_endpoints
    )
    return subnet.model_copy(update={"service_endpoints": endpoints})


def going_along(snapshot: Snapshot, virtual_network: ResourceId) -> set[ResourceId]:
    """What lives in the VNet, and what is attached to nothing else; without the VNet itself."""
    uses = {held.id: frozenset(_references(held)) - {held.id} for held in snapshot.resources.values()}
    going = {virtual_network}
    going |= {held.id for kind in _PLACED for held in snapshot.all(kind) if virtual_network in uses[held.id]}
    nics = {held.id for held in snapshot.network_interfaces if held.id in going}
    named = frozenset[ResourceId]().union(*(uses[nic] for nic in nics))
    for kind in _JOINED_TO_NICS:
        going |= {held.id for held in snapshot.all(kind) if held.id in named or uses[held.id] & nics}
    going |= {held.id for held in snapshot.all(Connection) if held.virtual_network_gateway1 in going}
    return _attached_only_to(snapshot, uses, going) - {virtual_network}


def _attached_only_to(
    snapshot: Snapshot, uses: Mapping[ResourceId, frozenset[ResourceId]], going: set[ResourceId]
) -> set[ResourceId]:
    """`going` and what only they use; what is attached may have something attached itself."""
    users: dict[ResourceId, set[ResourceId]] = {}
    for user, used in uses.items():
        for one in used:
            users.setdefault(one, set()).add(user)
    while True:
        attached = (held.id for kind in _ATTACHED for held in snapshot.all(kind))
        more = {one for one in attached if one not in going and users.get(one, set()) and users[one] <= going}
        if not more:
            return going
        going = going | more


def _references(part: object) -> Iterator[ResourceId]:
    """Every resource that `part` names: of an id of something within a resource, such as a subnet, the whole."""
    if isinstance(part, ResourceId):
        yield _whole(part)
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _references(getattr(part, name))
    elif isinstance(part, tuple):
        for one in part:
            yield from _references(one)


def _whole(identity: ResourceId) -> ResourceId:
    """``…/virtualNetworks/vnet-a`` of ``…/virtualNetworks/vnet-a/subnets/web``."""
    scope, provider, path = identity.text.rpartition("/providers/")
    return ResourceId(scope + provider + "/".join(path.split("/")[:3]))
