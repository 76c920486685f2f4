"""Route tables and user-defined routes.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from simulator.azure.resource import ArmModel, Resource, Strings, type_of_tuple

RouteNextHopType = Literal[
    "VirtualAppliance", "VirtualApplianceEcmp", "VirtualNetworkGateway", "VnetLocal", "Internet", "None"
]
#: Spelling in lower case → next hop type; the portal writes VnetLocal as "Virtual network".
NEXT_HOP_TYPES: Mapping[str, RouteNextHopType] = {kind.lower(): kind for kind in get_args(RouteNextHopType)} | {
    "virtualnetwork": "VnetLocal"
}


def _next_hop_type(value: object) -> object:
    return NEXT_HOP_TYPES.get(value.lower(), value) if isinstance(value, str) else value


class EcmpNextHop(ArmModel):
    """The appliances that share the packets of a VirtualApplianceEcmp route: 2 to 64 addresses."""

    next_hop_ip_addresses: Strings = ()


class Route(Resource):
    """A user-defined route. `address_prefix` is a CIDR or a service tag; `next_hop` is for VirtualApplianceEcmp."""

    address_prefix: str
    next_hop_type: Annotated[RouteNextHopType, BeforeValidator(_next_hop_type)]
    next_hop_ip_address: str | None = None
    next_hop: EcmpNextHop | None = None


class RouteTable(Resource):
    """Routes of the user, and which routes of others its subnets do without.

    `disable_peering_route` is ``None`` or ``All`` (preview): with ``All`` the subnets have no routes of peerings.
    """

    routes: Annotated[tuple[Route, ...], type_of_tuple] = ()
    disable_bgp_route_propagation: bool = False
    disable_peering_route: str = "None"

    @property
    def keeps_peering_routes(self) -> bool:
        return self.disable_peering_route.lower() != "all"
