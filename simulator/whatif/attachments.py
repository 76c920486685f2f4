"""Attaching and detaching network security groups (of subnets and NICs) and route tables (of subnets).

Learn: azure/virtual-network/manage-network-security-group, azure/virtual-network/manage-route-table
"""

from __future__ import annotations

from typing import Literal, TypeVar

from msgspec import Struct

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet
from simulator.whatif.lookup import find, find_nic, find_subnet, replaced
from simulator.whatif.step import Body, Position

Owner = TypeVar("Owner", Subnet, NetworkInterface)
Field = Literal["network_security_group", "route_table"]
OwnerKey = Literal["subnet", "nic"]


class Attachable(Struct, frozen=True):
    """A kind of resource that is attached: the key that names it in a step, its model, and the field that holds it."""

    key: str
    what: str
    model: type[Resource]
    field: Field
    owners: tuple[OwnerKey, ...]


SECURITY_GROUP = Attachable(
    "nsg", "network security group", NetworkSecurityGroup, "network_security_group", ("subnet", "nic")
)
ROUTE_TABLE = Attachable("route_table", "route table", RouteTable, "route_table", ("subnet",))


class Attachment(Struct, frozen=True):
    """Attach `name` to a subnet or NIC, or detach it. Azure holds one at most: an occupied place refuses another."""

    kind: Attachable
    name: str
    owner_key: OwnerKey
    owner: str
    attaches: bool
    position: Position

    @classmethod
    def read(cls, kind: Attachable, attaches: bool, value: object, position: Position) -> Attachment:
        body = Body.of(value, position, keys=(*kind.owners, kind.key))
        owner = body.one_of(*kind.owners)
        return cls(kind, body.text(kind.key), owner, body.text(owner), attaches, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        attached = find(snapshot, self.kind.model, self.kind.what, self.name, self.position / self.kind.key).id
        place = self.position / self.owner_key
        if self.owner_key == "nic":
            return snapshot.with_resource(self._changed(find_nic(snapshot, self.owner, place), attached))
        network, subnet = find_subnet(snapshot, self.owner, place)
        subnets = replaced(network.subnets, subnet, self._changed(subnet, attached))
        return snapshot.with_resource(network.model_copy(update={"subnets": subnets}))

    def _changed(self, owner: Owner, attached: ResourceId) -> Owner:
        held: ResourceId | None = getattr(owner, self.kind.field)
        if self.attaches and held is not None:
            hint = f"detach {held.name} first: Azure holds one {self.kind.what} at a {self.owner_key}"
            raise self.position.error("VNS4007", f"{owner.name} already has {held.name}", hint)
        if not self.attaches and held != attached:
            has = held.name if held is not None else "none"
            raise self.position.error("VNS4008", f"{owner.name} does not have {attached.name}: it has {has}")
        return owner.model_copy(update={self.kind.field: attached if self.attaches else None})
