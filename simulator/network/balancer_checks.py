"""What is wrong, or not known, about load balancers, NAT gateways and the public addresses that they hold.

Learn: azure/load-balancer/components, azure/nat-gateway/nat-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.nat_gateway import NatGateway, PublicIpPrefix
from simulator.azure.network_interface import PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Issue
from simulator.network.balancers import backend_pools, is_basic
from simulator.network.model import Network


def check_balancers(network: Network) -> Iterator[Issue]:
    for balancer in network.snapshot.all(LoadBalancer):
        yield from _balancer(network, balancer)
    yield from _missing_balancers(network)
    yield from _nat_gateways(network)


def _balancer(network: Network, balancer: LoadBalancer) -> Iterator[Issue]:
    if is_basic(balancer):
        message = f"{balancer.name} is a Basic load balancer, which is open to inbound traffic without any rule"
        hint = "Basic load balancers were retired on 2025-09-30: check that the export is recent"
        yield Issue("warning", "VNS2042", message, str(balancer.id), hint)
    pools = backend_pools(network)
    for pool in balancer.backend_address_pools:
        if not pools.of_pool(balancer, pool.id).is_complete:
            message = f"{balancer.name}/{pool.name}: some members are not in the export, or have no address there"
            hint = "export their network interfaces; instances of scale sets are not read"
            yield Issue("warning", "VNS2041", message, str(pool.id), hint)
    for rule in balancer.inbound_nat_rules:
        if rule.backend_address_pool is not None:
            message = f"{balancer.name}/{rule.name}: which member of the pool has which port of the range is not read"
            yield Issue("info", "VNS2041", message, str(rule.id), "what goes to its ports is UNKNOWN")
        elif not pools.of_nat_rule(rule).is_complete:
            message = f"{balancer.name}/{rule.name}: the interface behind the NAT rule is not in the export"
            yield Issue("warning", "VNS2041", message, str(rule.id), "export the network interface")
    references = (held.public_ip_address for held in balancer.frontend_ip_configurations)
    prefixes = (held.public_ip_prefix for held in balancer.frontend_ip_configurations)
    yield from _public_addresses(network, balancer.id, references, prefixes)


def _missing_balancers(network: Network) -> Iterator[Issue]:
    """Load balancers that only the members name."""
    users: dict[ResourceId, ResourceId] = {}
    for nic in network.snapshot.network_interfaces:
        for held in nic.ip_configurations:
            for target in (*held.load_balancer_backend_address_pools, *held.load_balancer_inbound_nat_rules):
                if network.snapshot.get(target.parent, LoadBalancer) is None:
                    users.setdefault(target.parent, nic.id)
    for balancer, user in users.items():
        message = f"{user.name}: the load balancer {balancer.name} is not in the export"
        hint = "export it; until then nothing reaches its members through it, and their way to the Internet is UNKNOWN"
        yield Issue("warning", "VNS2040", message, str(user), hint)


def _nat_gateways(network: Network) -> Iterator[Issue]:
    for gateway in network.snapshot.all(NatGateway):
        references = (*gateway.public_ip_addresses, *gateway.public_ip_addresses_v6)
        prefixes = (*gateway.public_ip_prefixes, *gateway.public_ip_prefixes_v6)
        yield from _public_addresses(network, gateway.id, references, prefixes)
    users = {subnet.nat_gateway: subnet.id for subnet in network.subnets.values() if subnet.nat_gateway is not None}
    for missing, subnet_id in users.items():
        if network.snapshot.get(missing, NatGateway) is None:
            message = (
                f"{subnet_id.name}: the NAT gateway {missing.name} is not in the export; it is taken to carry IPv4"
            )
            hint = "export it with its public addresses: firewalls of platform services ask for them"
            yield Issue("info", "VNS2043", message, str(subnet_id), hint)


def _public_addresses(
    network: Network,
    owner: ResourceId,
    addresses: Iterable[ResourceId | None],
    prefixes: Iterable[ResourceId | None],
) -> Iterator[Issue]:
    """Public IPs, and prefixes of them, that `owner` names and the export does not hold."""
    missing = [held for held in addresses if held and network.snapshot.get(held, PublicIpAddress) is None]
    missing += [held for held in prefixes if held and network.snapshot.get(held, PublicIpPrefix) is None]
    for reference in missing:
        message = f"{owner.name}: the public IP {reference.name} is not in the export, so its address is not known"
        yield Issue("warning", "VNS2019", message, str(owner), "export public IP addresses and prefixes")
