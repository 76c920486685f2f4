"""Endpoints from the frontends of load balancers.

Learn: azure/load-balancer/components
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.load_balancer import FrontendIpConfiguration, LoadBalancer
from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.network.backend_pools import BackendPools
from simulator.network.balancers import frontend_rules, is_basic
from simulator.network.model import Endpoint
from simulator.network.nic_endpoints import nic_subnet
from simulator.network.public_addresses import public_addresses, spelled_addresses


def frontend_endpoints(snapshot: Snapshot) -> Iterator[Endpoint]:
    """Each frontend of each load balancer, by id of the balancer and in its order."""
    balancers = snapshot.all(LoadBalancer)
    if balancers:
        pools = BackendPools(snapshot)
        for balancer in balancers:
            for frontend in balancer.frontend_ip_configurations:
                yield _endpoint(snapshot, pools, balancer, frontend)


def _endpoint(
    snapshot: Snapshot, pools: BackendPools, balancer: LoadBalancer, frontend: FrontendIpConfiguration
) -> Endpoint:
    is_only = len(balancer.frontend_ip_configurations) == 1
    public = [] if frontend.public_ip_address is None else [frontend.public_ip_address]
    subnet = frontend.subnet or _first_backend_subnet(snapshot, pools, balancer, frontend)
    return Endpoint(
        id=frontend.id,
        kind="frontend",
        name=balancer.name if is_only else f"{balancer.name}/{frontend.name}",
        subnet=subnet or balancer.id,
        virtual_network=subnet.parent if subnet is not None else balancer.id,
        addresses=spelled_addresses([frontend.private_ip_address]) if frontend.subnet is not None else (),
        public_addresses=public_addresses(snapshot, public),
        public_sku="" if frontend.subnet is not None else "Basic" if is_basic(balancer) else "Standard",
    )


def _first_backend_subnet(
    snapshot: Snapshot, pools: BackendPools, balancer: LoadBalancer, frontend: FrontendIpConfiguration
) -> ResourceId | None:
    """A public frontend lies where its backends do."""
    for rule in frontend_rules(pools, balancer, frontend.id):
        for backend in rule.backends:
            nic = snapshot.get(backend.endpoint, NetworkInterface)
            return nic_subnet(nic) if nic is not None else None
    return None
