"""Names (FQDN) of firewall rules as addresses: those that the user declared, and those of platform services.

Learn: azure/firewall/fqdn-filtering-network-rules, azure/firewall/rule-processing
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.network.filter_rules import ANY_ADDRESS, AddressSet, united
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped
from simulator.network.platform.platform_services import services
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import Prefix, merge

_ANY_NAME = "*"


def resolved_addresses(network: Network, names: Iterable[str]) -> AddressSet:
    """The addresses of names as DNS resolves them; a name that nobody declared is unresolved."""
    known = _addresses_of_names(network)
    return united(
        AddressSet(known[_plain(name)]) if _plain(name) in known else AddressSet(unresolved=(name,)) for name in names
    )


@per_network
def requested_addresses(network: Network, patterns: tuple[str, ...]) -> AddressSet:
    """The addresses at which only names that match are asked for: an application rule sees the name, not the address.

    A pattern that begins with ``*`` takes every ending; other addresses may have names that nobody declared, so it is
    unresolved as well. So is a name that shares its address with another that does not match.
    """
    wanted = tuple(_plain(pattern) for pattern in patterns)
    if _ANY_NAME in wanted:
        return ANY_ADDRESS
    certain: list[Prefix] = []
    doubtful: list[str] = [pattern for pattern in patterns if pattern.strip().startswith(_ANY_NAME)]
    known = _addresses_of_names(network)
    doubtful += [pattern for pattern in patterns if _plain(pattern) not in known and pattern not in doubtful]
    for address, hosts in _hosts_at(network).items():
        matching = [any(_matches(name, wanted) for name in names) for names in hosts]
        if all(matching):
            certain.append(address)
        elif any(matching):
            doubtful.append(f"{hosts[matching.index(True)][0]}, which shares its address")
    return AddressSet(merge(certain), unresolved=tuple(dict.fromkeys(doubtful)))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name.endswith(pattern[1:]) if pattern.startswith(_ANY_NAME) else name == pattern for pattern in patterns)


@per_network
def _addresses_of_names(network: Network) -> dict[str, tuple[Prefix, ...]]:
    """Declared names first; a service has its declared addresses under every name of its kind."""
    of_services = {
        name: readable_prefixes(held.addresses) for held in services(network) if held.addresses for name in held.fqdns
    }
    declared = network.snapshot.declarations.names
    return of_services | {_plain(name): readable_prefixes(addresses) for name, addresses in declared.items()}


@per_network
def _hosts_at(network: Network) -> dict[Prefix, tuple[tuple[str, ...], ...]]:
    """Address → the hosts there, each with its names: a declared name, or else a service under any of its names."""
    declared = grouped(
        (address, (_plain(name),))
        for name, addresses in network.snapshot.declarations.names.items()
        for address in readable_prefixes(addresses)
    )
    of_services = grouped(
        (address, held.fqdns) for held in services(network) for address in readable_prefixes(held.addresses)
    )
    return of_services | declared


def _plain(name: str) -> str:
    return name.strip().lower().rstrip(".")
