"""Route tables and user-defined routes.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from simulator.azure.resource import Resource, type_of_tuple

RouteNextHopType = Literal["VirtualAppliance", "VirtualNetworkGateway", "VnetLocal", "Internet", "None"]
_SPELLINGS = {
    kind.lower(): kind for kind in ("VirtualAppliance", "VirtualNetworkGateway", "VnetLocal", "Internet", "None")
} | {"virtualnetwork": "VnetLocal"}


def _next_hop_type(value: object) -> object:
    return _SPELLINGS.get(value.lower(), value) if isinstance(value, str) else value


class Route(Resource):
    """A user-defined route. `address_prefix` is a CIDR or a service tag."""

    address_prefix: str
    next_hop_type: Annotated[RouteNextHopType, BeforeValidator(_next_hop_type)]
    next_hop_ip_address: str | None = None


class RouteTable(Resource):
    routes: Annotated[tuple[Route, ...], type_of_tuple] = ()
    disable_bgp_route_propagation: bool = False
