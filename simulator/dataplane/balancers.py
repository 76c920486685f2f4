"""The rules of load balancers' frontends, found by frontend, protocol and port.

Learn: azure/load-balancer/components
"""

from __future__ import annotations

from typing import Any

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.dataplane.interned import Interned
from simulator.dataplane.places import Places, endpoint_column
from simulator.network.balancers import BalancedRule, balanced_rules
from simulator.network.model import Network


class Balancers:
    """`rules` answers (frontend place, protocol, port) with the rule that takes such packets, None without one.

    `backed` answers (place, protocol, port, is IPv4) with whether a public frontend brings such packets to an endpoint.
    `is_internal`: a frontend of a virtual network. `is_missing`: the endpoint is behind a load balancer that the export
    does not hold. `up` keeps what the walk found out about the backends of each numbered rule.
    """

    def __init__(self, network: Network, places: Places) -> None:
        self._network, self._places = network, places
        self.is_frontend = endpoint_column(network, lambda one: one.kind == "frontend", False)
        self.is_internal = endpoint_column(network, lambda one: one.kind == "frontend" and not one.public_sku, False)
        self.is_missing = endpoint_column(network, lambda one: _is_behind_missing(network, one.id), False)
        self.rules = Interned(self._rule)
        self.backed = Interned(self._is_backed)
        self.up: dict[int, Any] = {}

    def _rule(self, frontend: int, protocol: int, port: int) -> BalancedRule | None:
        rules = balanced_rules(self._network, self._places.endpoints[frontend].id)
        return next((rule for rule in rules if protocol in rule.protocols and _holds(rule.ports, port)), None)

    def _is_backed(self, place: int, protocol: int, port: int, is_ipv4: int) -> str:
        """The sku of the public frontend whose rule has the endpoint as a backend at this port; "" without one."""
        backend = self._places.endpoints[place].id
        for frontend in self._places.endpoints:
            if frontend.kind == "frontend" and frontend.public_addresses:
                for rule in balanced_rules(self._network, frontend.id):
                    if _brings(rule, backend, protocol, port, bool(is_ipv4)):
                        return frontend.public_sku
        return ""


def _is_behind_missing(network: Network, endpoint: ResourceId) -> bool:
    nic = network.snapshot.get(endpoint, NetworkInterface)
    return nic is not None and any(
        network.snapshot.get(reference.parent, LoadBalancer) is None
        for held in nic.ip_configurations
        for reference in (*held.load_balancer_backend_address_pools, *held.load_balancer_inbound_nat_rules)
    )


def _holds(ports: tuple[tuple[int, int], ...], port: int) -> bool:
    return any(low <= port <= high for low, high in ports)


def _brings(rule: BalancedRule, backend: ResourceId, protocol: int, port: int, is_ipv4: bool) -> bool:
    is_port = _holds(rule.ports, port) if rule.backend_port is None else port == rule.backend_port
    member = any(held.endpoint == backend and ("." in held.address) == is_ipv4 for held in rule.backends)
    return member and is_port and protocol in rule.protocols and not rule.floating
