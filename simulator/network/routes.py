"""The row of an effective route table, in Azure's own terms.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from simulator.azure.resource import ResourceId

RouteSource = Literal["Default", "VirtualNetworkGateway", "User"]
RouteState = Literal["Active", "Invalid"]
NextHopType = Literal[
    "VnetLocal",
    "VNetPeering",
    "VNetGlobalPeering",
    "ConnectedGroup",
    "VirtualNetworkGateway",
    "Internet",
    "VirtualAppliance",
    "VirtualApplianceEcmp",
    "None",
    "VirtualNetworkServiceEndpoint",
    "InterfaceEndpoint",
]

#: Next hop types that lead to the address of an appliance.
APPLIANCES = frozenset({"VirtualAppliance", "VirtualApplianceEcmp"})


class EffectiveRoute(Struct, frozen=True):
    """One row. A row may hold several prefixes (service endpoints, connected groups, routes to a service tag).

    `virtual_network` is the VNet that the row leads into: of a VnetLocal, peering or InterfaceEndpoint row, of a
    VirtualAppliance row the VNet that holds the appliance's address, of a ConnectedGroup row its member when there is
    one; None on a user-defined VnetLocal row whose prefix is in no one VNet. `members` gives the VNet of each prefix of
    a ConnectedGroup row. `gateway` names the gateway of a
    VirtualNetworkGateway row, None when it is not in the export. `is_reachable` is False for an appliance address that
    lies neither in this VNet nor in a directly peered one, and for a route to a gateway that is not there.
    `service_tag` is the tag of a user-defined route or of the endpoint's service; without `prefixes` it is unknown.

    `overlaps`: several members of a connected group have the prefixes, or a peer of another member does, so that what
    is sent there is dropped; `members` names one of them. Not `is_certain`: a network manager may have made the row, or
    given it any of several next hops; its next hop says nothing then.

    `next_hop_ips` are the appliances of a VirtualApplianceEcmp row: each flow is given to one of them. Its
    `virtual_network` is None where they lie in several, and one of them within reach makes it `is_reachable`.

    A row is Invalid where Azure never chooses it, so longest prefix among the Active rows is the whole decision.
    """

    source: RouteSource
    state: RouteState
    prefixes: tuple[str, ...]
    next_hop_type: NextHopType
    next_hop_ip: str | None = None
    name: str | None = None
    route_table: ResourceId | None = None
    virtual_network: ResourceId | None = None
    gateway: ResourceId | None = None
    is_reachable: bool = True
    members: tuple[ResourceId, ...] = ()
    service_tag: str | None = None
    next_hop_ips: tuple[str, ...] = ()
    overlaps: bool = False
    is_certain: bool = True

    @property
    def next_hop_addresses(self) -> tuple[str, ...]:
        """Every next hop address of the row, be it one or several."""
        return self.next_hop_ips or (() if self.next_hop_ip is None else (self.next_hop_ip,))
