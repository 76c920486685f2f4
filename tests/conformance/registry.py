"""Every family of recorded answers, in the order in which they are reported."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from tests.conformance.answers import Answer, Family, not_askable
from tests.conformance.families import (
    connection_checks,
    effective_routes,
    effective_rules,
    flow_logs,
    ip_flow_verify,
    lab_routes,
    next_hop,
    nsg_diagnostics,
    topologies,
)
from tests.conformance.truth import questions

#: Kinds of questions whose recorded answers are all empty.
EMPTY = ("active_admin_rules", "effective_admin_rules", "active_connectivity", "effective_connectivity")


def _empty_answers(shared: Path) -> Iterator[Answer]:
    for kind in EMPTY:
        for question in questions(shared, kind):
            yield not_askable(f"{question.name} ({kind})", question.why_not or "no comparison is written")


FAMILIES = (
    Family(
        "effective routes",
        "every row of `az network nic show-effective-route-table`, but for the reserved blocks that change by year",
        effective_routes.route_tables,
        floor=13,
    ),
    Family(
        "tags in effective rules",
        "what `VirtualNetwork`, `AzureLoadBalancer` and `Internet` expand to in `az network nic list-effective-nsg`",
        partial(effective_rules.expanded_tags, kind="effective_nsg"),
        floor=33,
    ),
    Family(
        "tags in security group views",
        "the same in the answers of the security group view",
        partial(effective_rules.expanded_tags, kind="security_group_view"),
        floor=9,
    ),
    Family(
        "effective rules",
        "every rule of every group in `az network nic list-effective-nsg`",
        effective_rules.rule_lists,
        floor=11,
    ),
    Family(
        "IP flow verify",
        "access and rule name of `az network watcher test-ip-flow`",
        ip_flow_verify.verifications,
        floor=21,
        reasons={
            "py_watch-001 #0": "At a NIC without any group Azure named `AllowInternetOutBound` in this one recording. "
            "We allow it too and name no rule: one recording is too few to build on.",
        },
    ),
    Family(
        "next hop",
        "type, address and route table of `az network watcher show-next-hop`",
        next_hop.next_hops,
        floor=17,
    ),
    Family(
        "NSG diagnostics",
        "verdict, and the rule of every group asked, of `az network watcher run-configuration-diagnostic`",
        nsg_diagnostics.diagnostics,
        floor=6,
    ),
    Family(
        "documented NSG diagnostics",
        "the same in a run with a security admin rule that Microsoft Learn publishes",
        nsg_diagnostics.documented_diagnostics,
        floor=2,
    ),
    Family(
        "connection checks",
        "reachable or not, of `az network watcher test-connectivity`",
        connection_checks.checks,
        floor=24,
    ),
    Family(
        "lab routes",
        "every row of the effective route tables that people pasted into public labs",
        lab_routes.lab_tables,
        floor=17,
    ),
    Family(
        "parts of lab routes",
        "what of those tables is an input of the rebuilt lab, or cut off",
        lab_routes.parts_of_tables,
        floor=0,
    ),
    Family(
        "Virtual Network Manager",
        "effective and active configurations, as Azure listed them",
        _empty_answers,
        floor=0,
    ),
    Family(
        "topology files",
        "the file loads and nothing in it stays unexplained, or it is called what it is",
        topologies.files_loaded,
        floor=37,
    ),
    Family(
        "topology answers",
        "the same for recorded answers of Resource Graph, template export and what-if",
        topologies.answers_loaded,
        floor=1,
    ),
    Family(
        "flow log files",
        "every tuple is read as it is written, and what is no VNet flow log is refused",
        flow_logs.files_read,
        floor=8,
    ),
    Family(
        "flow log conversations",
        "verdict and rule of every conversation in a real VNet flow log",
        flow_logs.conversations_predicted,
        floor=106,
    ),
)


@lru_cache
def answers_of(family: Family, shared: Path) -> tuple[Answer, ...]:
    """The answers of a family; asked once in a process."""
    return tuple(family.answers(shared))
