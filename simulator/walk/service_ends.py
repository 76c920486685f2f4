"""Platform services as ends of a question: by name, by name and part (``st01.blob``) or by FQDN.

Names are not resolved (DNS is not modelled): a service stands for its public endpoint.

Learn: azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.network.platform.platform_services import Service, services
from simulator.network.platform.private_endpoints import endpoint_state
from simulator.network.service_tags import tag_prefixes
from simulator.walk.end import End, usable_addresses


def service_end(network: Network, name: str) -> End | None:
    """The service of that name at its public endpoint; None where no service has it.

    A service without a declared public address is asked at the first usable one of its tag in its region. Raises
    QuestionError where several services have the name (VNS5015), or nothing tells an address (VNS5023).
    """
    wanted = name.strip().lower().rstrip("/")
    found = [(number, held) for number, held in enumerate(services(network)) if _is_called(held, wanted)]
    if not found:
        return None
    if len(found) > 1:
        called = ", ".join(str(held.id) for _, held in found[:6])
        message = f"{len(found)} services are called {name!r}"
        raise QuestionError(message, code="VNS5015", hint=f"ask for one by id or FQDN: {called}")
    number, service = found[0]
    if service.addresses:
        return End(name, service.addresses, service=number)
    address, tag = _representative(network, service)
    note = f"the public address of {service.name} is not declared: {address} of {tag} stands for it"
    return End(name, (address,), service=number, notes=(note,))


def short_names(service: Service) -> Iterator[str]:
    """``st01``, ``st01.blob`` and the rest of what people type."""
    yield service.name
    for fqdn in service.fqdns:
        part = fqdn.removeprefix(f"{service.name.lower()}.").partition(".")[0]
        yield f"{service.name}.{part}"


def _is_called(service: Service, wanted: str) -> bool:
    return wanted in {service.id.key, *service.fqdns, *(name.lower() for name in short_names(service))}


def _representative(network: Network, service: Service) -> tuple[str, str]:
    """An address and the tag that holds it: of the service's region, else of all regions."""
    for tag in (f"{service.tag}.{service.region}", service.tag):
        prefixes = tag_prefixes(network, tag) or ()
        for address in usable_addresses(prefix for prefix in prefixes if prefix.is_ipv4):
            return address, tag
    hint = f"declare it: ip: under {service.name}, or the service tag {service.tag} under service_tags:"
    raise QuestionError(f"no public address of {service.name} is known", code="VNS5023", hint=hint)


def private_endpoint_notes(network: Network, service: int, virtual_network: ResourceId | None) -> Iterator[str]:
    """The private endpoints that the sender could have meant: approved, in its virtual network or a direct peer."""
    if service < 0 or virtual_network is None:
        return
    asked = services(network)[service]
    for held in network.snapshot.all(PrivateEndpoint):
        stands_for = {one.private_link_service_id for one in held.connections}
        home = held.subnet.parent if held.subnet is not None else None
        is_near = home == virtual_network or (virtual_network, home) in network.peerings
        if asked.id in stands_for and is_near and endpoint_state(network, held.id) == "DELIVERED":
            yield (
                f"DNS is not modelled: {asked.name} stands for its public endpoint; where the sender resolves the name "
                f"to the private endpoint, ask for {held.name}"
            )
