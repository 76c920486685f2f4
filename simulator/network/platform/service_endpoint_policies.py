"""Service endpoint policies: which storage accounts a subnet may reach by its service endpoint.

Learn: azure/virtual-network/virtual-network-service-endpoint-policies-overview
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.azure.resource import ResourceId
from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.network.model import Network
from simulator.network.platform.platform_services import service_of


def policy_verdict(network: Network, subnet: ResourceId, service: ResourceId | None) -> str:
    """The reason code of a request from the subnet to the service; None is a service that nobody knows.

    Without a policy every account is open. With some, only what one of them lists is: an account, or all of a resource
    group or subscription. Policies exist for Storage alone.
    """
    held = network.subnets.get(subnet)
    if held is None or not held.service_endpoint_policies:
        return "DELIVERED"
    wanted = service_of(network, service)
    if wanted is None:
        return "SERVICE_NOT_IN_EXPORT"
    if wanted.kind != "Storage":
        return "DELIVERED"
    policies = [network.snapshot.get(reference, ServiceEndpointPolicy) for reference in held.service_endpoint_policies]
    if any(_lists(policy, wanted.id) for policy in policies if policy is not None):
        return "DELIVERED"
    return "SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT" if None in policies else "SERVICE_ENDPOINT_POLICY_DENY"


def _lists(policy: ServiceEndpointPolicy, account: ResourceId) -> bool:
    listed = (text for held in policy.service_endpoint_policy_definitions for text in held.service_resources)
    return _holds((ResourceId(text) for text in listed), account)


def _holds(resources: Iterable[ResourceId], account: ResourceId) -> bool:
    """Whether `account` is one of `resources` or lies in one of them."""
    return any(account.key == held.key or account.key.startswith(f"{held.key}/") for held in resources)
