"""Builds the Network of a Snapshot.

Learn: azure/virtual-network/virtual-networks-overview
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from simulator.azure.snapshot import Snapshot
from simulator.network.balancer_checks import check_balancers
from simulator.network.encryption_checks import check_encryption
from simulator.network.endpoints import build_endpoints
from simulator.network.gateways import build_gateways
from simulator.network.managers.goal_state import goal_state
from simulator.network.managers.manager_checks import check_managers
from simulator.network.model import Network
from simulator.network.peerings import connected_links
from simulator.network.platform.service_checks import check_services
from simulator.network.route_checks import check_routes
from simulator.network.rule_checks import check_rules
from simulator.network.topology_checks import check_topology


def build_network(snapshot: Snapshot, assumptions: Mapping[str, str] | None = None) -> Network:
    """The network of `snapshot` with its graph and everything that is wrong with it.

    `assumptions` settle what Azure's documentation leaves open; this room reads ``se_beats_udr`` (``true``: a service
    endpoint beats every user-defined route; the default is that longest prefix decides). Never raises: what does not
    fit becomes an Issue.
    """
    read = _resolved(snapshot, assumptions or {})
    deployed, deployment_issues = goal_state(read)
    network = read if deployed is snapshot else replace(_resolved(deployed, assumptions or {}), read=snapshot)
    checks = (
        check_topology,
        check_rules,
        check_managers,
        check_routes,
        check_balancers,
        check_services,
        check_encryption,
    )
    found = (issue for check in checks for issue in check(network))
    return replace(network, issues=(*snapshot.issues, *deployment_issues, *found))


def _resolved(snapshot: Snapshot, assumptions: Mapping[str, str]) -> Network:
    """The snapshot with its references resolved, before anything is checked."""
    virtual_networks = {held.id: held for held in snapshot.virtual_networks}
    subnets = {
        subnet.id: subnet
        for held in snapshot.virtual_networks
        for subnet in held.subnets
        if subnet.virtual_network == held.id
    }
    links = connected_links(snapshot)
    return Network(
        snapshot=snapshot,
        assumptions=dict(assumptions),
        endpoints=build_endpoints(snapshot, subnets),
        gateways=build_gateways(snapshot),
        virtual_networks=virtual_networks,
        subnets=subnets,
        links=links,
        peerings={
            (owner, link.remote_virtual_network): link
            for owner, held in links.items()
            for link in held
            if link.remote_virtual_network in virtual_networks
        },
    )
