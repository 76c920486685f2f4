"""Service endpoint policies: which accounts a subnet may reach through its service endpoint.

Learn: azure/virtual-network/virtual-network-service-endpoint-policies-overview
"""

from typing import Annotated

from simulator.azure.resource import Resource, Strings, type_of_tuple


class ServiceEndpointPolicyDefinition(Resource):
    """`service` is ``Microsoft.Storage`` or ``Global``; `service_resources` are ids of accounts, resource groups or
    subscriptions, or an alias of a managed service."""

    service: str = "Microsoft.Storage"
    service_resources: Strings = ()


class ServiceEndpointPolicy(Resource):
    service_endpoint_policy_definitions: Annotated[tuple[ServiceEndpointPolicyDefinition, ...], type_of_tuple] = ()
