"""Whether the public endpoint of a platform service lets a caller in.

The connection itself is never refused: the service answers 403, and flow logs show the flow as allowed.

Learn: azure/storage/common/storage-network-security-limitations,
azure/private-link/network-security-perimeter-transition
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.security_perimeter import NetworkSecurityPerimeter
from simulator.network.model import Network
from simulator.network.platform.perimeters import Association, association_of
from simulator.network.platform.platform_services import services
from simulator.network.platform.service_rules import Entrance, ServiceRules, service_rules
from simulator.network.service_tags import INTERNET
from simulator.space.addresses import Prefix, as_cidrs, merge, parse_address, subtract

#: The public addresses that a caller may have; address rules know IPv4 alone.
_PUBLIC_IPV4 = tuple(prefix for prefix in INTERNET if prefix.is_ipv4)
#: More prefixes than these are counted rather than listed.
_SHOWN = 8


class Caller(Struct, frozen=True):
    """How a service sees a request.

    `kind`: ``subnet``, the identity that a service endpoint gives; ``public``, one address of `pool`, and any of them
    may be it; ``private``, an address inside Azure that no IP rule can name (Storage, from its own region);
    ``unknown``, a public address that nobody knows (default outbound access). `is_azure`: it comes from inside Azure.
    """

    kind: Literal["subnet", "public", "private", "unknown"]
    subnet: ResourceId | None = None
    pool: tuple[Prefix, ...] = ()
    is_azure: bool = True
    subscription: str = ""


class Admission(Struct, frozen=True):
    """The answer of a service. `reason` is a reason code, ``DELIVERED`` lets in; `text` says what decided.

    `listed` and `missing` part the caller's pool by what the rules list. `assumptions` are keys of `ASSUMPTIONS`.
    """

    reason: str
    text: str
    missing: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def admit(network: Network, service: ResourceId, caller: Caller) -> Admission:
    """What the service's firewall, and the perimeter it is associated to, say to the caller.

    Private endpoints pass by all of this. Trusted services and resource instances, which pass by their identity, are
    not told apart: a caller here is an address or a subnet.
    """
    rules = service_rules(network, service)
    if rules is None:
        return Admission("SERVICE_NOT_IN_EXPORT", f"{service.name} is not in the export")
    association = association_of(network, service)
    if association is not None:
        return _by_perimeter(network, association, rules, caller)
    if rules.public_access == "securedbyperimeter":
        return _without_association(network)
    if rules.public_access == "disabled":
        return Admission("PUBLIC_ACCESS_DISABLED", "publicNetworkAccess is Disabled: private endpoints only")
    return _ask(rules.entrance, caller, _refusal(rules, caller))


def _without_association(network: Network) -> Admission:
    """Everything is denied; but an export without any perimeter does not tell whether one has the service."""
    is_told = bool(network.snapshot.all(NetworkSecurityPerimeter))
    text = "publicNetworkAccess is SecuredByPerimeter, and no perimeter of the export has the service"
    return Admission("PERIMETER_DENY" if is_told else "PERIMETER_NOT_IN_EXPORT", text)


def _by_perimeter(network: Network, association: Association, rules: ServiceRules, caller: Caller) -> Admission:
    """The perimeter's rules alone, or in mode Learning with public access enabled those of the service as well."""
    name, entrance = association.perimeter.name, association.entrance
    if _is_inside(network, association.perimeter, caller):
        return Admission("DELIVERED", f"the caller is in the perimeter {name} too")
    if association.is_enforced or rules.public_access != "enabled":
        return _unknown_profile(name) if entrance is None else _ask(entrance, caller, "PERIMETER_DENY")
    own = _ask(rules.entrance, caller, _refusal(rules, caller))
    if own.reason == "DELIVERED":
        return own
    return _unknown_profile(name) if entrance is None else _ask(_either(rules.entrance, entrance), caller, own.reason)


def _unknown_profile(perimeter: str) -> Admission:
    return Admission("PERIMETER_NOT_IN_EXPORT", f"the profile of {perimeter} that decides is not in the export")


def _is_inside(network: Network, perimeter: ResourceId, caller: Caller) -> bool:
    """Whether the caller's one address is that of a service in the same perimeter."""
    inside = (held for held in services(network) if _perimeter_of(network, held.id) == perimeter)
    addresses = {parse_address(text) for held in inside for text in held.addresses}
    return len(caller.pool) == 1 and caller.pool[0].low == caller.pool[0].high and caller.pool[0].low in addresses


def _perimeter_of(network: Network, service: ResourceId) -> ResourceId | None:
    association = association_of(network, service)
    return None if association is None else association.perimeter


def _refusal(rules: ServiceRules, caller: Caller) -> str:
    """The code of no. A caller whose private address Storage sees may have listed the public one in vain."""
    listed = subtract(caller.pool, subtract(caller.pool, rules.entrance.prefixes))
    return "STORAGE_IP_RULE_SAME_REGION" if caller.kind == "private" and listed else "PAAS_FIREWALL_DENY"


def named_prefixes(network: Network) -> Iterator[Prefix]:
    """Every prefix that the rules of a service, or of its perimeter, tell addresses apart by."""
    for held in services(network):
        rules, association = service_rules(network, held.id), association_of(network, held.id)
        yield from rules.entrance.prefixes if rules is not None else ()
        if association is not None and association.entrance is not None:
            yield from association.entrance.prefixes


def _either(own: Entrance, perimeter: Entrance) -> Entrance:
    """Whom the service's rules or the perimeter's let in."""
    return replace(
        own,
        addresses_in=f"{own.addresses_in} and {perimeter.addresses_in}",
        prefixes=merge((*own.prefixes, *perimeter.prefixes)),
        subscriptions=perimeter.subscriptions,
    )


def _ask(entrance: Entrance, caller: Caller, refusal: str) -> Admission:
    """What the rules say: everybody, the subscription, then the subnet or the address; `refusal` is the code of no."""
    if entrance.open_because:
        return Admission("DELIVERED", entrance.open_because, assumptions=entrance.assumptions)
    if caller.subscription.lower() in entrance.subscriptions:
        text = f"{entrance.addresses_in} list the caller's subscription (its managed identities alone)"
        return Admission("DELIVERED", text)
    found = _ASKED[caller.kind](entrance, caller, refusal)
    return replace(found, assumptions=entrance.assumptions)


def _ask_subnet(entrance: Entrance, caller: Caller, refusal: str) -> Admission:
    """A service endpoint hides the public address, so no address rule can match."""
    name = f"{caller.subnet.parent.name}/{caller.subnet.name}" if caller.subnet is not None else "the subnet"
    if caller.subnet in entrance.subnets:
        return Admission("DELIVERED", f"{entrance.subnets_in} list {name}")
    if entrance.azure_because and entrance.azure_holds_subnets:
        return Admission("DELIVERED", entrance.azure_because)
    return Admission(
        refusal, f"{entrance.subnets_in} do not list {name}, and by its service endpoint it has no address"
    )


def _ask_private(entrance: Entrance, caller: Caller, refusal: str) -> Admission:
    text = "a caller in the region of the account comes by a private address, which"
    return Admission(refusal, f"{text} {entrance.addresses_in} cannot list")


def _ask_unknown(entrance: Entrance, caller: Caller, refusal: str) -> Admission:
    """Some public address: certain only where the rules list none of them, or all."""
    if caller.is_azure and entrance.azure_because:
        return Admission("DELIVERED", entrance.azure_because)
    if not entrance.prefixes:
        return Admission(refusal, f"{entrance.addresses_in} list no address")
    if not subtract(_PUBLIC_IPV4, entrance.prefixes):
        return Admission("DELIVERED", f"{entrance.addresses_in} list every public address")
    text = f"{entrance.addresses_in} list {_few(entrance.prefixes)}; the caller's address is not known"
    return Admission("OUTBOUND_ADDRESS_UNKNOWN", text)


def _ask_public(entrance: Entrance, caller: Caller, refusal: str) -> Admission:
    """All of the pool, none of it, or some: then each new connection may have the one address or the other."""
    if not caller.pool:
        return _ask_unknown(entrance, caller, refusal)
    if caller.is_azure and entrance.azure_because:
        return Admission("DELIVERED", entrance.azure_because)
    missing = subtract(caller.pool, entrance.prefixes)
    listed = subtract(caller.pool, missing)
    reason = refusal if not listed else "NAT_POOL_PARTLY_ALLOWED" if missing else "DELIVERED"
    return Admission(reason, _counted(entrance.addresses_in, listed, missing), _listed(missing), _listed(listed))


_ASKED = {"subnet": _ask_subnet, "private": _ask_private, "unknown": _ask_unknown, "public": _ask_public}


def _counted(where: str, listed: tuple[Prefix, ...], missing: tuple[Prefix, ...]) -> str:
    """``ipRules list 2 of the 3 addresses of the NAT pool; missing: 198.51.100.3``."""
    known, unknown = _size(listed), _size(missing)
    if known + unknown == 1:
        return f"{where} list {_listed(listed)[0]}" if known else f"{where} do not list {_listed(missing)[0]}"
    if not unknown:
        return f"{where} list all {known:,} addresses of the NAT pool"
    count = f"{known:,}" if known else "none"
    return f"{where} list {count} of the {known + unknown:,} addresses of the NAT pool; missing: {_few(missing)}"


def _size(prefixes: Iterable[Prefix]) -> int:
    return sum(prefix.high - prefix.low + 1 for prefix in prefixes)


def _listed(prefixes: Iterable[Prefix]) -> tuple[str, ...]:
    """CIDR texts; a single address without its length."""
    return tuple(text.removesuffix("/32").removesuffix("/128") for text in as_cidrs(prefixes))


def _few(prefixes: Iterable[Prefix]) -> str:
    texts = _listed(prefixes)
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more
