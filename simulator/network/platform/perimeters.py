"""Network security perimeters: whom they let in to the services that are associated to them.

Learn: azure/private-link/network-security-perimeter-concepts, azure/private-link/network-security-perimeter-transition
"""

from __future__ import annotations

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter, PerimeterAssociation, PerimeterProfile
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.platform.service_rules import Entrance
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import merge


class Association(Struct, frozen=True):
    """A service's place in a perimeter. `entrance` None: the profile, whose rules decide, is not in the export."""

    perimeter: ResourceId
    is_enforced: bool
    entrance: Entrance | None


def association_of(network: Network, service: ResourceId) -> Association | None:
    """The service's association; Azure allows one. Every mode but Enforced (Learning, Audit) is Learning."""
    return _associations(network).get(service)


@per_network
def _associations(network: Network) -> dict[ResourceId, Association]:
    found: dict[ResourceId, Association] = {}
    for perimeter in network.snapshot.all(NetworkSecurityPerimeter):
        for held in perimeter.resource_associations:
            if held.private_link_resource is not None:
                found.setdefault(held.private_link_resource, _association(perimeter, held))
    return found


def _association(perimeter: NetworkSecurityPerimeter, held: PerimeterAssociation) -> Association:
    profile = next((one for one in perimeter.profiles if one.id == held.profile), None)
    entrance = None if profile is None else _entrance(perimeter, profile)
    return Association(perimeter.id, held.access_mode.strip().lower() == "enforced", entrance)


def _entrance(perimeter: NetworkSecurityPerimeter, profile: PerimeterProfile) -> Entrance:
    """What the profile's inbound rules list; they know no subnets, so a service endpoint's identity matches none."""
    inbound = [rule for rule in profile.access_rules if rule.direction.lower() == "inbound"]
    return Entrance(
        addresses_in=f"inbound rules of {perimeter.name}/{profile.name}",
        subnets_in=f"inbound rules of {perimeter.name}/{profile.name}",
        prefixes=merge(readable_prefixes(text for rule in inbound for text in rule.address_prefixes)),
        subscriptions=frozenset(ResourceId(text).name.lower() for rule in inbound for text in rule.subscriptions),
    )
