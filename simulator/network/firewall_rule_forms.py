"""Network, application and DNAT rules of Azure Firewall in the normal form of every filter.

Learn: azure/firewall/rule-processing, azure/firewall/features
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.firewall import FirewallRule, IpGroup
from simulator.azure.resource import ResourceId
from simulator.network.filter_rules import (
    ANY_PORT,
    PROTOCOL_NUMBERS,
    AddressSet,
    FilterAction,
    FilterRule,
    PortRange,
    address_set,
    port_ranges,
    united,
)
from simulator.network.fqdn import requested_addresses, resolved_addresses
from simulator.network.model import Network
from simulator.network.public_addresses import spelled_addresses

TCP = 6
#: Ports of application rules that name a protocol without one.
_DEFAULT_PORTS = {"http": 80, "https": 443, "mssql": 1433}


class Place(Struct, frozen=True):
    """Where a rule stands: the id that it is named under, its collection's priority and action."""

    collection: ResourceId
    priority: int
    action: FilterAction


class DnatRule(Struct, frozen=True):
    """`rule` says what is translated. `translated_address` None: to a name that does not resolve to one address.

    `translated_port` None: the port stays.
    """

    rule: FilterRule
    translated_address: str | None
    translated_port: int | None


def network_rule(network: Network, place: Place, rule: FirewallRule) -> FilterRule:
    """Names among the destinations are what DNS resolves them to."""
    destinations = united([_named_side(network, rule), resolved_addresses(network, rule.destination_fqdns)])
    return _filter_rule(network, place, rule, destinations)


def dnat_rule(network: Network, place: Place, rule: FirewallRule) -> DnatRule:
    """The destinations are addresses of the firewall itself."""
    return DnatRule(
        _filter_rule(network, place, rule, _named_side(network, rule)),
        _translated_address(network, rule),
        _translated_port(rule),
    )


def application_rule(network: Network, place: Place, rule: FirewallRule) -> FilterRule:
    """Destinations are the addresses that have names the rule lists; tags and categories of names are not resolved.

    A rule without a protocol, such as one on FQDN tags, which bring their own, may match on any port.
    """
    ports = [held.port or _DEFAULT_PORTS.get(held.protocol_type.lower()) for held in rule.application_protocols]
    listed = tuple(dict.fromkeys((port, port) for port in ports if port is not None))
    destinations = _targets(network, rule)
    if not listed:
        destinations = AddressSet(unresolved=(*destinations.unresolved, *rule.target_fqdns) or ("no protocol given",))
    return FilterRule(
        id=place.collection.child("rules", rule.name),
        name=rule.name,
        priority=place.priority,
        action=place.action,
        protocols=(TCP,),
        sources=_side(network, rule.source_addresses, rule.source_ip_groups, ()),
        destinations=destinations,
        source_ports=ANY_PORT,
        destination_ports=listed or ANY_PORT,
    )


def _targets(network: Network, rule: FirewallRule) -> AddressSet:
    parts = [AddressSet(unresolved=(*rule.fqdn_tags, *rule.web_categories))]
    if rule.target_fqdns:
        parts.append(requested_addresses(network, rule.target_fqdns))
    if rule.destination_addresses or rule.destination_ip_groups:
        parts.append(_side(network, rule.destination_addresses, rule.destination_ip_groups, ()))
    found = united(parts)
    return found if found.prefixes or found.unresolved else AddressSet(unresolved=("no name given",))


def _filter_rule(network: Network, place: Place, rule: FirewallRule, destinations: AddressSet) -> FilterRule:
    protocols, unknown_protocols = _protocols(rule.ip_protocols)
    ports, _ = port_ranges(rule.destination_ports)
    return FilterRule(
        id=place.collection.child("rules", rule.name),
        name=rule.name,
        priority=place.priority,
        action=place.action,
        protocols=protocols,
        sources=_side(network, rule.source_addresses, rule.source_ip_groups, unknown_protocols),
        destinations=destinations,
        source_ports=ANY_PORT,
        destination_ports=ports or ANY_PORT,
    )


def _named_side(network: Network, rule: FirewallRule) -> AddressSet:
    """The destinations that are addresses, tags or groups, with ports that cannot be read as a doubt."""
    if rule.destination_fqdns and not rule.destination_addresses and not rule.destination_ip_groups:
        return AddressSet(unresolved=port_ranges(rule.destination_ports)[1])
    unreadable = port_ranges(rule.destination_ports)[1]
    return _side(network, rule.destination_addresses, rule.destination_ip_groups, unreadable)


def _translated_address(network: Network, rule: FirewallRule) -> str | None:
    if rule.translated_fqdn and not rule.translated_address:
        found = resolved_addresses(network, (rule.translated_fqdn,)).prefixes
        return str(found[0]).partition("/")[0] if len(found) == 1 and found[0].low == found[0].high else None
    return next(iter(spelled_addresses([rule.translated_address])), None)


def _translated_port(rule: FirewallRule) -> int | None:
    ranges: tuple[PortRange, ...] = port_ranges((rule.translated_port,))[0] if rule.translated_port else ()
    return ranges[0][0] if ranges and ranges[0][0] == ranges[0][1] else None


def _protocols(names: Iterable[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """IANA numbers, () for any, and the names that are no protocol."""
    words = tuple(name.strip().lower() for name in names)
    unknown = tuple(f"protocol {word!r}" for word in words if word not in PROTOCOL_NUMBERS)
    if not words or any(PROTOCOL_NUMBERS.get(word) == () for word in words):
        return (), unknown
    return tuple(sorted({number for word in words for number in PROTOCOL_NUMBERS.get(word, ())})), unknown


def _side(network: Network, texts: tuple[str, ...], groups: tuple[str, ...], unknown: tuple[str, ...]) -> AddressSet:
    parts = [address_set(network, texts)] if texts else []
    parts += [_ip_group(network, ResourceId(group)) for group in groups]
    if not parts and not unknown:
        parts = [AddressSet(unresolved=("no address given",))]
    union = united([*parts, AddressSet(unresolved=unknown)])
    # VirtualNetwork and Internet are tags of security groups: Learn lists them as unusable in a firewall.
    return replace(union, tags=frozenset(), unresolved=(*union.unresolved, *sorted(union.tags)))


def _ip_group(network: Network, group: ResourceId) -> AddressSet:
    held = network.snapshot.get(group, IpGroup)
    if held is None:
        return AddressSet(unresolved=(group.name,))
    return address_set(network, held.ip_addresses) if held.ip_addresses else AddressSet()
