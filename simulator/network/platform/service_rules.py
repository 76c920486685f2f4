"""The firewall rules of platform services, in one form for all kinds.

Learn: azure/storage/common/storage-network-security, azure/key-vault/general/network-security,
azure/azure-sql/database/firewall-configure, azure/event-hubs/event-hubs-ip-filtering,
azure/service-bus-messaging/service-bus-ip-filtering, azure/cosmos-db/how-to-configure-firewall
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.platform_service import (
    CosmosAccount,
    EventHubNamespace,
    IpRule,
    KeyVault,
    NetworkRuleSet,
    ServiceBusNamespace,
    SqlFirewallRule,
    SqlServer,
    StorageAccount,
    SubnetRule,
)
from simulator.azure.resource import ResourceId
from simulator.network.assumptions import is_assumed
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix, merge, subtract

PublicAccess = Literal["enabled", "disabled", "securedbyperimeter"]

#: Written as an address, it stands for everything inside Azure (SQL, Cosmos DB).
_ANY_AZURE = "0.0.0.0"
_DONE = frozenset({"succeeded", "ready"})
_REFUSING = frozenset({"deny", "reject"})
_SERVICE_BUS = "service_bus_open_without_rules"


class Entrance(Struct, frozen=True):
    """Whom some rules let in.

    `open_because`: everybody, and why. `azure_because`: everything inside Azure by its public address, and why;
    `azure_holds_subnets`: those with a service endpoint too. `subscriptions` are in lower case. `addresses_in` and
    `subnets_in` name the lists as Azure does. `assumptions` are keys of what the answer rests on.
    """

    addresses_in: str = "ipRules"
    subnets_in: str = "virtualNetworkRules"
    open_because: str = ""
    azure_because: str = ""
    azure_holds_subnets: bool = False
    prefixes: tuple[Prefix, ...] = ()
    subnets: frozenset[ResourceId] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()


class ServiceRules(Struct, frozen=True):
    """`public_access` in lower case: what is neither Disabled nor SecuredByPerimeter is Enabled, as Azure's default."""

    public_access: PublicAccess
    entrance: Entrance


@per_network
def service_rules(network: Network, service: ResourceId) -> ServiceRules | None:
    """The service's own rules; None when the export does not hold it."""
    held = network.snapshot.resources.get(service)
    match held:
        case StorageAccount():
            return ServiceRules(_access(held.public_network_access), _rule_set(held.rules))
        case KeyVault():
            return ServiceRules(_access(held.public_network_access), _rule_set(held.network_acls))
        case SqlServer():
            return ServiceRules(_access(held.public_network_access), _sql(held))
        case EventHubNamespace() | ServiceBusNamespace():
            return _messaging(network, held)
        case CosmosAccount():
            return ServiceRules(_access(held.public_network_access), _cosmos(held))
    return None


def address_texts(network: Network, service: ResourceId) -> tuple[str, ...]:
    """The addresses, prefixes and ranges of the service's rules as the export writes them."""
    held = network.snapshot.resources.get(service)
    match held:
        case StorageAccount():
            return _texts(held.rules.ip_rules if held.rules else ())
        case KeyVault():
            return _texts(held.network_acls.ip_rules if held.network_acls else ())
        case SqlServer():
            return tuple(map(_range_text, held.firewall_rules))
        case EventHubNamespace() | ServiceBusNamespace():
            return _texts(rule for rules in held.network_rule_sets for rule in rules.ip_rules)
        case CosmosAccount():
            return _texts(held.ip_rules)
    return ()


def _range_text(rule: SqlFirewallRule) -> str:
    return f"{rule.start_ip_address.strip()}-{rule.end_ip_address.strip()}"


def _texts(rules: Iterable[IpRule]) -> tuple[str, ...]:
    return tuple(rule.value for rule in rules)


def _access(*said: str | None) -> PublicAccess:
    word = next((text.strip().lower() for text in said if text), "enabled")
    return "disabled" if word == "disabled" else "securedbyperimeter" if word == "securedbyperimeter" else "enabled"


def _rule_set(rules: NetworkRuleSet | None) -> Entrance:
    """Without a rule set, or a default action in it, Azure lets everybody in."""
    if rules is None:
        return Entrance(open_because="no network rules are set, and Azure's default action is Allow")
    listed = Entrance(prefixes=_admitted(rules.ip_rules), subnets=_subnets(rules.virtual_network_rules))
    if rules.default_action is None:
        return replace(listed, open_because="defaultAction is not set, and Azure's default is Allow")
    return replace(listed, open_because="" if rules.default_action.lower() == "deny" else "defaultAction is Allow")


def _messaging(network: Network, held: EventHubNamespace | ServiceBusNamespace) -> ServiceRules:
    """Deny without a single rule lets everybody in: documented for Event Hubs, assumed for Service Bus."""
    rules = next(iter(held.network_rule_sets), None)
    access = _access(held.public_network_access, rules.public_network_access if rules else None)
    entrance = _rule_set(rules)
    if held.sku.name.lower() == "basic":
        return ServiceRules(access, replace(entrance, open_because="tier Basic has no network rules"))
    if rules is None or entrance.open_because or rules.ip_rules or rules.virtual_network_rules:
        return ServiceRules(access, entrance)
    is_bus = isinstance(held, ServiceBusNamespace)
    is_open = not is_bus or is_assumed(network, _SERVICE_BUS)
    because = "defaultAction Deny without any rule refuses nobody" if is_open else ""
    return ServiceRules(access, replace(entrance, open_because=because, assumptions=(_SERVICE_BUS,) if is_bus else ()))


def _sql(server: SqlServer) -> Entrance:
    """Ranges only, no default action; the range 0.0.0.0 to 0.0.0.0 is Azure itself, of any subscription."""
    ranges = {
        f"{rule.start_ip_address.strip()}-{rule.end_ip_address.strip()}": rule.name for rule in server.firewall_rules
    }
    azure = ranges.pop(f"{_ANY_AZURE}-{_ANY_AZURE}", None)
    return Entrance(
        addresses_in="firewallRules",
        azure_because=f"firewallRules have {azure} (0.0.0.0), which lets in everything inside Azure" if azure else "",
        azure_holds_subnets=True,
        prefixes=merge(readable_prefixes(ranges)),
        subnets=frozenset(
            rule.virtual_network_subnet_id for rule in server.virtual_network_rules if rule.state.lower() in _DONE
        ),
    )


def _cosmos(account: CosmosAccount) -> Entrance:
    """Open while there is neither an IP rule nor the virtual network filter, which the subnet rules need."""
    filters = account.is_virtual_network_filter_enabled
    if not account.ip_rules and not filters:
        return Entrance(open_because="there is no IP rule, and the virtual network filter is off")
    has_azure = any(rule.value.strip() == _ANY_AZURE for rule in account.ip_rules)
    return Entrance(
        azure_because="ipRules have 0.0.0.0, which lets in every address of Azure's datacenters" if has_azure else "",
        prefixes=_admitted(rule for rule in account.ip_rules if rule.value.strip() != _ANY_AZURE),
        subnets=_subnets(account.virtual_network_rules) if filters else frozenset(),
    )


def _admitted(rules: Iterable[IpRule]) -> tuple[Prefix, ...]:
    """The addresses that the rules let in; the first rule that holds an address decides."""
    admitted: tuple[Prefix, ...] = ()
    decided: tuple[Prefix, ...] = ()
    for rule in rules:
        prefix = readable_prefix(rule.value)
        if prefix is not None:
            if rule.action.lower() not in _REFUSING:
                admitted = merge((*admitted, *subtract((prefix,), decided)))
            decided = merge((*decided, prefix))
    return admitted


def _subnets(rules: Iterable[SubnetRule]) -> frozenset[ResourceId]:
    """Subnets whose rule is in force."""
    return frozenset(rule.subnet for rule in rules if rule.state.lower() in _DONE)
