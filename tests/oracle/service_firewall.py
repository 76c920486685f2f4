"""The firewall of a platform service: who may speak to its public endpoint (SEMANTICS 4.3-4.5, E5, E6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    KeyVault,
    NetworkRuleSet,
    ServiceBusNamespace,
    SqlServer,
    StorageAccount,
)
from simulator.azure.resource import ResourceId
from simulator.azure.security_perimeter import (
    NetworkSecurityPerimeter,
    PerimeterAccessRule,
    PerimeterAssociation,
    PerimeterProfile,
)
from tests.oracle.addresses import any_covers, is_prefix
from tests.oracle.judgement import Address, Fate
from tests.oracle.places import Places
from tests.oracle.services import Service

#: SQL's rule AllowAllWindowsAzureIps.
EVERY_AZURE = ("0.0.0.0", "0.0.0.0")


@dataclass(frozen=True)
class Caller:
    """As whom the service sees a request (SEMANTICS 4.4).

    subnet: by its service endpoint. public: from any address of `pool`. private: from inside the region, whatever
    `pool` holds. unknown: public, but nobody told which address. `service`: the platform service that calls.
    """

    kind: Literal["subnet", "public", "private", "unknown"]
    subnet: ResourceId | None = None
    pool: tuple[Address, ...] = ()
    is_azure: bool = True
    subscription: str = ""
    service: ResourceId | None = None


@dataclass(frozen=True)
class Rules:
    """The resource's own rules, whatever it calls them.

    `is_open`: nothing is asked. `azure_kinds`: the callers from inside Azure that an entry 0.0.0.0 admits.
    """

    is_open: bool
    ranges: tuple[str, ...] = ()
    subnets: tuple[ResourceId, ...] = ()
    azure_kinds: tuple[str, ...] = ()


def enter_service(places: Places, service: Service, caller: Caller) -> None:
    """Raises Fate unless the caller is let in."""
    places.layers.add("service firewall")
    fate = _fate(places, service, caller)
    if fate != "DELIVERED":
        raise Fate(fate)


def _fate(places: Places, service: Service, caller: Caller) -> str:
    """The matrix of 4.5; its row "not associated" is 4.3."""
    access, association = _public_network_access(service), _association(places, service)
    if association is None:
        if access == "enabled":
            return _own_fate(places, service, caller)
        if access == "disabled":
            return "PUBLIC_ACCESS_DISABLED"
        is_told = any(places.snapshot.all(NetworkSecurityPerimeter))
        return "PERIMETER_DENY" if is_told else "PERIMETER_NOT_IN_EXPORT"
    places.layers.add("perimeter")
    if caller.service is not None and _share_a_perimeter(places, caller.service, service.id):
        return "DELIVERED"
    profile = _profile(places, association)
    rules = [rule for rule in profile.access_rules if rule.direction.lower() == "inbound"] if profile else []
    if any(_names_subscription(rule, caller.subscription) for rule in rules):
        return "DELIVERED"
    prefixes = tuple(prefix for rule in rules for prefix in rule.address_prefixes)
    if access == "enabled" and association.access_mode.lower() != "enforced":
        fate = _own_fate(places, service, caller, also=prefixes)
    else:
        fate = _by_address(prefixes, caller, "PERIMETER_DENY")
    return fate if profile or fate == "DELIVERED" else "PERIMETER_NOT_IN_EXPORT"


def _public_network_access(service: Service) -> str:
    """What nobody said is Enabled; namespaces may say it in their rule set."""
    said = service.resource.public_network_access
    if said is None and isinstance(service.resource, EventHubNamespace | ServiceBusNamespace):
        said = next((held.public_network_access for held in service.resource.network_rule_sets), None)
    return (said or "Enabled").lower()


# --- perimeter ----------------------------------------------------------------------------------------------------
def _association(places: Places, service: Service) -> PerimeterAssociation | None:
    for perimeter in places.snapshot.all(NetworkSecurityPerimeter):
        for association in perimeter.resource_associations:
            if association.private_link_resource == service.id:
                return association
    return None


def _share_a_perimeter(places: Places, one: ResourceId, other: ResourceId) -> bool:
    for perimeter in places.snapshot.all(NetworkSecurityPerimeter):
        if {one, other} <= {held.private_link_resource for held in perimeter.resource_associations}:
            return True
    return False


def _profile(places: Places, association: PerimeterAssociation) -> PerimeterProfile | None:
    for perimeter in places.snapshot.all(NetworkSecurityPerimeter):
        for profile in perimeter.profiles:
            if profile.id == association.profile:
                return profile
    return None


def _names_subscription(rule: PerimeterAccessRule, subscription: str) -> bool:
    return subscription.lower() in {text.rstrip("/").rsplit("/", 1)[-1].lower() for text in rule.subscriptions}


# --- the service's own rules --------------------------------------------------------------------------------------
def _own_fate(places: Places, service: Service, caller: Caller, *, also: tuple[str, ...] = ()) -> str:
    """Steps 4 to 7 of 4.3. `also`: prefixes of a perimeter whose rules count beside the service's own."""
    rules = _rules(places, service)
    if rules.is_open or (caller.is_azure and caller.kind in rules.azure_kinds):
        return "DELIVERED"
    if caller.kind == "subnet" and caller.subnet in rules.subnets:
        return "DELIVERED"
    if caller.kind == "private" and any(any_covers(rules.ranges, address) for address in caller.pool):
        return "STORAGE_IP_RULE_SAME_REGION"
    return _by_address((*rules.ranges, *also), caller, "PAAS_FIREWALL_DENY")


def _by_address(ranges: tuple[str, ...], caller: Caller, refusal: str) -> str:
    """Addresses are asked of public callers alone; any of their pool may be the source."""
    if caller.kind == "unknown" and ranges:
        return "OUTBOUND_ADDRESS_UNKNOWN"
    listed = [address for address in caller.pool if any_covers(ranges, address)]
    if caller.kind != "public" or not listed:
        return refusal
    return "DELIVERED" if len(listed) == len(caller.pool) else "NAT_POOL_PARTLY_ALLOWED"


def _rules(places: Places, service: Service) -> Rules:
    resource = service.resource
    if isinstance(resource, SqlServer):
        return _sql_rules(resource)
    if isinstance(resource, CosmosAccount):
        return _cosmos_rules(resource)
    if isinstance(resource, StorageAccount):
        return _set_rules(resource.rules)
    if isinstance(resource, KeyVault):
        return _set_rules(resource.network_acls)
    assert isinstance(resource, EventHubNamespace | ServiceBusNamespace)
    held = _set_rules(resource.network_rule_sets[0] if resource.network_rule_sets else None)
    is_open_when_bare = isinstance(resource, EventHubNamespace) or places.assumes("service_bus_open_without_rules")
    is_bare = not held.ranges and not held.subnets and not _has_subnet_rules(resource)
    return Rules(True) if is_bare and is_open_when_bare else held


def _has_subnet_rules(resource: EventHubNamespace | ServiceBusNamespace) -> bool:
    return any(held.virtual_network_rules for held in resource.network_rule_sets)


def _set_rules(held: NetworkRuleSet | None) -> Rules:
    """Step 4 of 4.3 and what steps 5 and 6 look at. Without a rule set, or a default action, all are let in."""
    if held is None or (held.default_action or "Allow").lower() == "allow":
        return Rules(True)
    subnets = tuple(rule.subnet for rule in held.virtual_network_rules if rule.state.lower() == "succeeded")
    return Rules(False, tuple(rule.value for rule in held.ip_rules if rule.action.lower() == "allow"), subnets)


def _sql_rules(resource: SqlServer) -> Rules:
    """The rule 0.0.0.0 admits whatever is inside Azure, by a service endpoint too."""
    pairs = [(rule.start_ip_address, rule.end_ip_address) for rule in resource.firewall_rules]
    ranges = tuple(f"{first}-{last}" for first, last in pairs if is_prefix(first) and (first, last) != EVERY_AZURE)
    ready = [rule for rule in resource.virtual_network_rules if rule.state.lower() == "ready"]
    subnets = tuple(rule.virtual_network_subnet_id for rule in ready)
    everyone = ("subnet", "public", "private", "unknown")
    return Rules(False, ranges, subnets, everyone if EVERY_AZURE in pairs else ())


def _cosmos_rules(resource: CosmosAccount) -> Rules:
    """Without any rule it is open; the entry 0.0.0.0 admits datacenter addresses, which a service endpoint hides."""
    values = [rule.value for rule in resource.ip_rules]
    subnets = tuple(rule.subnet for rule in resource.virtual_network_rules)
    is_filtered = resource.is_virtual_network_filter_enabled
    if not values and not is_filtered:
        return Rules(True)
    ranges = tuple(value for value in values if value != "0.0.0.0")
    azure = ("public", "private", "unknown") if "0.0.0.0" in values else ()
    return Rules(False, ranges, subnets if is_filtered else (), azure)
