"""ExpressRoute circuits and their peerings.

Learn: azure/expressroute/expressroute-circuit-peerings, azure/expressroute/expressroute-nat
"""

from typing import Annotated

from simulator.azure.resource import Reference, Resource, type_of_tuple


class CircuitPeering(Resource):
    """`peering_type` is AzurePrivatePeering, MicrosoftPeering or AzurePublicPeering (retired 2024-03-31)."""

    peering_type: str = "AzurePrivatePeering"
    state: str = "Enabled"
    route_filter: Reference | None = None


class ExpressRouteCircuit(Resource):
    """Which addresses its NAT uses is in no export: see `Declarations.circuit_nat`."""

    peerings: Annotated[tuple[CircuitPeering, ...], type_of_tuple] = ()
