"""ExpressRoute circuits and their peerings.

Learn: azure/expressroute/expressroute-circuit-peerings, azure/expressroute/expressroute-nat
"""

from typing import Annotated

from pydantic import Field

from simulator.azure.resource import ArmModel, Reference, Resource, type_of_tuple


class CircuitPeering(Resource):
    """`peering_type` is AzurePrivatePeering, MicrosoftPeering or AzurePublicPeering (retired 2024-03-31)."""

    peering_type: str = "AzurePrivatePeering"
    state: str = "Enabled"
    route_filter: Reference | None = None


class CircuitSku(ArmModel):
    """`family` is MeteredData, whose outbound traffic is charged by the GB, or UnlimitedData."""

    name: str = ""
    tier: str = ""
    family: str | None = None


class ServiceProvider(ArmModel):
    peering_location: str | None = None


class ExpressRouteCircuit(Resource):
    """Which addresses its NAT uses is in no export: see `Declarations.circuit_nat`."""

    peerings: Annotated[tuple[CircuitPeering, ...], type_of_tuple] = ()
    sku: CircuitSku = Field(default_factory=CircuitSku)
    service_provider_properties: ServiceProvider = Field(default_factory=ServiceProvider)
