"""What the words for one end of a question stand for: an endpoint, an address, a set of addresses, a service.

The words are tried in this order: ``onprem:`` address, address, prefix, on-premises host, endpoint, load balancer,
private endpoint, subnet, name declared under ``names``, platform service, service tag.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from simulator.azure.resource import ResourceId
from simulator.errors import QuestionError
from simulator.network.model import Endpoint, Network
from simulator.network.platform.platform_services import services
from simulator.network.prefixes import readable_prefixes
from simulator.network.service_tags import INTERNET, internet_tag, tag_prefixes, virtual_network_tag
from simulator.space.addresses import Prefix, format_address, parse_address, parse_prefix
from simulator.walk.end import End, set_end, spelled_address
from simulator.walk.service_ends import service_end, short_names

ON_PREMISES = "onprem:"
#: Tags that hold other addresses on every subnet: they are read at the other end.
_LOCAL_TAGS = ("internet", "virtualnetwork")


def ends_of(network: Network, source: str, destination: str) -> tuple[End, End]:
    """Both ends; Internet and VirtualNetwork are read on the subnet of the other one.

    Raises QuestionError for a name that nothing or several have, or that cannot stand where it does.
    """
    if is_local_tag(destination):
        here = _end(network, source) if not is_local_tag(source) else _local_tag(network, source, None)
        return here, _local_tag(network, destination, here.subnet)
    there = _end(network, destination)
    return _local_tag(network, source, there.subnet) if is_local_tag(source) else _end(network, source), there


def is_local_tag(name: str) -> bool:
    return name.lower() in _LOCAL_TAGS


def _local_tag(network: Network, name: str, subnet: ResourceId | None) -> End:
    is_internet = name.lower() == "internet"
    if subnet is not None and subnet in network.subnets:
        read = internet_tag if is_internet else virtual_network_tag
        return set_end(network, name, read(network, subnet))
    if is_internet:
        return set_end(network, name, INTERNET)
    raise QuestionError(
        f"{name} holds other addresses on every subnet", code="VNS5014", hint="name a NIC or a subnet as the other end"
    )


def _end(network: Network, name: str) -> End:
    if name.lower().startswith(ON_PREMISES):
        return _behind_a_gateway(network, name, name[len(ON_PREMISES) :].strip("[] "))
    address = spelled_address(name)
    if address is not None:
        return _at_address(network, name, [address])
    prefix = _prefix(name)
    if prefix is not None:
        return set_end(network, name, (prefix,))
    host = _host(network, name)
    if host is not None:
        return End(name, (host,))
    for find in (_endpoint, _subnet, _declared_name, service_end, _tag):
        found = find(network, name)
        if found is not None:
            return found
    raise _unknown(network, name)


def _at_address(network: Network, name: str, addresses: Iterable[str]) -> End:
    texts = tuple(addresses)
    holders = [one for one in network.endpoints_called(texts[0]) if texts[0] in one.addresses]
    if len(holders) != 1:
        return End(name, texts)
    return End(name, texts, holders[0].virtual_network, holders[0].subnet)


def _behind_a_gateway(network: Network, name: str, text: str) -> End:
    """An address that a gateway leads to, or a host with a name there."""
    address = spelled_address(text) or _host(network, text)
    sites = [prefix for site in network.snapshot.declarations.on_premises for prefix in site.prefixes]
    sites += [route.prefix for gateway in network.gateways for route in gateway.known_routes]
    if address is None:
        hosts = _hosts(network)
        hint = f"hosts there are: {', '.join(sorted(hosts)[:6])}" if hosts else "write onprem:192.168.0.10"
        raise QuestionError(f"{text!r} is no address or host on premises", code="VNS5021", hint=hint)
    value = parse_address(address)
    if not any(prefix.low <= value <= prefix.high for prefix in readable_prefixes(sites)):
        hint = f"prefixes there are: {', '.join(sites[:6])}" if sites else "declare one under on_premises:"
        raise QuestionError(f"no on-premises network holds {address}", code="VNS5021", hint=hint)
    return End(name, (address,))


def _hosts(network: Network) -> dict[str, str]:
    """Name in lower case → address."""
    sites = network.snapshot.declarations.on_premises
    return {host.lower(): address for site in sites for host, address in site.hosts.items()}


def _host(network: Network, name: str) -> str | None:
    address = _hosts(network).get(name.lower())
    return None if address is None else format_address(parse_address(address))


def _endpoint(network: Network, name: str) -> End | None:
    found = network.endpoints_called(name) or _behind_its_resource(network, name.strip().lower())
    if not found:
        return None
    if len(found) > 1:
        called = ", ".join(sorted(f"{_short(one)} ({', '.join(_asked_by(one))})" for one in found)[:6])
        raise QuestionError(
            f"{len(found)} NICs are called {name!r}",
            code="VNS5015",
            hint=f"ask for one by name, id or address: {called}",
        )
    (endpoint,) = found
    if not _asked_by(endpoint):
        raise QuestionError(f"{name!r} has no address in the export", code="VNS5005", hint="ask by address")
    return End(name, _asked_by(endpoint), endpoint.virtual_network, endpoint.subnet)


def _short(endpoint: Endpoint) -> str:
    return endpoint.name if endpoint.kind == "frontend" else endpoint.id.name


def _asked_by(endpoint: Endpoint) -> tuple[str, ...]:
    """Private addresses; the public ones of what has no others, such as a public frontend."""
    return endpoint.addresses or endpoint.public_addresses


def _behind_its_resource(network: Network, name: str) -> tuple[Endpoint, ...]:
    """The NIC of a private endpoint, or the frontends of a load balancer, of that name or id."""
    return tuple(
        one
        for one in network.endpoints
        if any(name in (owner.key, owner.name.lower()) for owner in (one.private_endpoint, _balancer(one)) if owner)
    )


def _balancer(endpoint: Endpoint) -> ResourceId | None:
    return endpoint.id.parent if endpoint.kind == "frontend" else None


def _subnet(network: Network, name: str) -> End | None:
    wanted = name.strip().lower()
    found = [
        subnet
        for subnet in network.subnets.values()
        if wanted in (subnet.id.key, subnet.name.lower(), f"{subnet.id.parent.name}/{subnet.name}".lower())
    ]
    if not found:
        return None
    if len(found) > 1:
        called = ", ".join(sorted(f"{one.id.parent.name}/{one.name}" for one in found)[:6])
        raise QuestionError(f"{len(found)} subnets are called {name!r}", code="VNS5012", hint=f"say which: {called}")
    return set_end(network, name, readable_prefixes(found[0].prefixes), found[0].id)


def _declared_name(network: Network, name: str) -> End | None:
    addresses = network.snapshot.declarations.names.get(name.lower())
    if not addresses:
        return None
    end = _at_address(network, name, (format_address(parse_address(text)) for text in addresses))
    return end._replace(notes=(f"{name} is taken for {', '.join(end.addresses)}, as the topology declares it",))


def _tag(network: Network, name: str) -> End | None:
    """A named tag; one such as AzureLoadBalancer, which is one address of each family, is no set."""
    prefixes = tag_prefixes(network, name)
    if prefixes is None:
        return None
    families = {prefix.is_ipv4 for prefix in prefixes}
    if prefixes and len(families) == len(prefixes) and all(prefix.low == prefix.high for prefix in prefixes):
        return End(name, tuple(format_address(prefix.low) for prefix in prefixes))
    return set_end(network, name, prefixes)


def _prefix(text: str) -> Prefix | None:
    try:
        return parse_prefix(text) if "/" in text else None
    except ValueError:
        return None


def _unknown(network: Network, name: str) -> QuestionError:
    known = {
        *(host for site in network.snapshot.declarations.on_premises for host in site.hosts),
        *(one.name for one in network.endpoints),
        *(one.private_endpoint.name for one in network.endpoints if one.private_endpoint is not None),
        *(f"{subnet.id.parent.name}/{subnet.name}" for subnet in network.subnets.values()),
        *network.snapshot.declarations.names,
        *(name for service in services(network) for name in short_names(service)),
    }
    near = get_close_matches(name, sorted(known), 3)
    otherwise = "use an address, a prefix, a service tag, or the name of a VM, NIC, subnet, service or on-premises host"
    return QuestionError(
        f"nothing in the network is called {name!r}",
        code="VNS5005",
        hint=f"did you mean {', '.join(near)}?" if near else otherwise,
    )
