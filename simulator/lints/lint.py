"""Every lint there is, and the question that asks them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.lints.address_spaces import overlapping_spaces
from simulator.lints.admin_rules import admin_rules_and_groups
from simulator.lints.finding import Finding
from simulator.lints.limits import limits
from simulator.lints.open_tags import open_by_default_route
from simulator.lints.peerings import forwarded_traffic, peering_flags
from simulator.lints.required_traffic import application_gateways, bastion_groups
from simulator.lints.routes import kept_out_peerings, next_hops, tables
from simulator.lints.rules import useless_rules
from simulator.lints.service_endpoints import service_endpoints
from simulator.lints.ways_back import ways_back
from simulator.network.model import Network

Lint = Callable[[Network], Iterator[Finding]]
#: A lint is one function and one line here; findings are told worst first, whatever the order of the lints.
LINTS: tuple[Lint, ...] = (
    useless_rules,
    admin_rules_and_groups,
    open_by_default_route,
    peering_flags,
    forwarded_traffic,
    next_hops,
    tables,
    kept_out_peerings,
    service_endpoints,
    overlapping_spaces,
    limits,
    bastion_groups,
    application_gateways,
    ways_back,
)


def lint(network: Network) -> tuple[Finding, ...]:
    """What looks unintended in a network that Azure would take as it is.

    Parameters
    ----------
    network : the network to look at. Its `issues` say what is wrong or unknown in the input; findings say what works
        otherwise than it looks, such as rules that decide nothing.

    Returns
    -------
    Findings: issues with codes VNS6xxx, the place as a resource id, a way out, and in `involved` the ids of the rules,
    routes and peerings that have a part in it.
    """
    return tuple(finding for one in LINTS for finding in one(network))
