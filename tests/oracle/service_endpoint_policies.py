"""Service endpoint policies: which accounts a subnet reaches by its service endpoint (SEMANTICS 4.2)."""

from __future__ import annotations

from simulator.azure.service_endpoint_policy import ServiceEndpointPolicy
from simulator.azure.virtual_network import Subnet
from tests.oracle.judgement import Fate
from tests.oracle.places import Places
from tests.oracle.services import Service


def pass_policies(places: Places, subnet: Subnet, service: Service | None) -> None:
    """Raises Fate unless the subnet's policies, if it has any, list the account. They filter Storage alone."""
    if not subnet.service_endpoint_policies:
        return
    places.layers.add("service endpoint policy")
    if service is None:
        raise Fate("SERVICE_NOT_IN_EXPORT")
    if service.tag != "Storage":
        return
    policies = [places.snapshot.get(held, ServiceEndpointPolicy) for held in subnet.service_endpoint_policies]
    if any(policy is not None and _lists(policy, service) for policy in policies):
        return
    raise Fate("SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT" if None in policies else "SERVICE_ENDPOINT_POLICY_DENY")


def _lists(policy: ServiceEndpointPolicy, service: Service) -> bool:
    """An account, its resource group or its subscription."""
    listed = [held for d in policy.service_endpoint_policy_definitions for held in d.service_resources]
    return any(f"{service.id.key}/".startswith(f"{text.rstrip('/').lower()}/") for text in listed)
