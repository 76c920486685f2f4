"""What does not go with virtual network encryption, or waits for something, in the networks that encrypt.

Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import VirtualNetwork
from simulator.data.vm_sizes import is_confidential
from simulator.network.balancers import balanced_rules
from simulator.network.encryption import asks_to_drop, is_encrypting, pool_support
from simulator.network.model import Endpoint, Network

_RESOLVERS = "microsoft.network/dnsresolvers"


def check_encryption(network: Network) -> Iterator[Issue]:
    encrypting = [held for held in network.virtual_networks.values() if is_encrypting(network, held.id)]
    for held in encrypting:
        yield from _enforcement(held)
        yield from _resolvers(held)
        yield from _machines(network, held)
        yield from _balancers(network, held)


def _enforcement(held: VirtualNetwork) -> Iterator[Issue]:
    if asks_to_drop(held):
        message = f"{held.name}: enforcement DropUnencrypted, which Azure does not support: nothing is dropped for it"
        hint = "AllowUnencrypted is the only supported value at general availability"
        yield Issue("warning", "VNS2072", message, str(held.id), hint)


def _resolvers(held: VirtualNetwork) -> Iterator[Issue]:
    for subnet in held.subnets:
        if any(one.service_name.lower() == _RESOLVERS for one in subnet.delegations):
            message = (
                f"{subnet.name}: a DNS private resolver in a virtual network that encrypts, which is not supported"
            )
            hint = "put the resolver into a virtual network of its own, without encryption"
            yield Issue("warning", "VNS2073", message, str(subnet.id), hint)


def _machines(network: Network, held: VirtualNetwork) -> Iterator[Issue]:
    for endpoint in _in_order(network.endpoints_in(held.id)):
        nic = network.snapshot.get(endpoint.id, NetworkInterface)
        machine = network.snapshot.get(endpoint.virtual_machine, VirtualMachine)
        size = machine.hardware_profile.vm_size if machine is not None else None
        if size and is_confidential(size):
            message = f"{endpoint.name}: {size} is for confidential computing, in a virtual network that encrypts"
            hint = (
                "it may lose its connections: keep accelerated networking on where the size has it, or move the machine"
            )
            yield Issue("warning", "VNS2074", message, str(endpoint.id), hint)
        elif nic is not None and nic.enable_accelerated_networking is False and endpoint.private_endpoint is None:
            message = f"{endpoint.name}: accelerated networking is off, so nothing of it is encrypted in {held.name}"
            hint = "switch it on while the machine is stopped; it needs that stop and start for encryption anyway"
            yield Issue("info", "VNS2075", message, str(endpoint.id), hint)


def _balancers(network: Network, held: VirtualNetwork) -> Iterator[Issue]:
    """Internal load balancers: Azure supports none with a mixed pool, or with a secondary address in it."""
    for frontend in _in_order(network.endpoints_in(held.id)):
        if frontend.kind != "frontend" or frontend.public_sku:
            continue
        pool = pool_support(network, frontend.id)
        if pool.is_supported is False:
            hint = (
                "give every backend a size that supports it and accelerated networking: connections may fail otherwise"
            )
            yield Issue("warning", "VNS2076", pool.text, str(frontend.id), hint)
        for name in _on_secondary_addresses(network, frontend):
            balancer = network.snapshot.get(frontend.id.parent, LoadBalancer)
            message = f"{balancer.name if balancer else frontend.name}: {name} is a backend by a secondary address"
            hint = "in a virtual network that encrypts, connections to the load balancer fail: use primary addresses"
            yield Issue("warning", "VNS2077", message, str(frontend.id), hint)


def _on_secondary_addresses(network: Network, frontend: Endpoint) -> Iterator[str]:
    backends = {held for rule in balanced_rules(network, frontend.id) for held in rule.backends}
    for backend in sorted(backends, key=lambda held: (held.endpoint, held.address)):
        endpoint = network.endpoint(backend.endpoint)
        if endpoint is not None:
            family = [address for address in endpoint.addresses if (":" in address) == (":" in backend.address)]
            if family and backend.address != family[0] and "." in backend.address:
                yield endpoint.name


def _in_order(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    return sorted(endpoints, key=lambda held: held.id)
