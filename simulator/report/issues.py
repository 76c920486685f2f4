"""What `vnetsim check` says: how much was read, every issue, and what the lints found, worst first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from simulator.azure.snapshot import Issue, Severity
from simulator.lints.finding import Finding
from simulator.network.model import Network
from simulator.report.document import Line, Lines, Report, Row, Table, Tone
from simulator.report.text import counted

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_COLUMNS = ("Severity", "Code", "Message", "Place", "Hint", "Involved")
_ISSUE_TITLES: dict[Severity, str] = {
    "error": "Errors: Azure would refuse this, or it cannot be read",
    "warning": "Warnings: an answer may differ from Azure's",
    "info": "For information",
}
_LINT_TITLES: dict[Severity, str] = {
    "error": "Lints, errors: this cannot work as it is set",
    "warning": "Lints, warnings: this may not do what it looks like",
    "info": "Lints, for information",
}
AnyIssue = TypeVar("AnyIssue", bound=Issue)


def issues_report(network: Network, findings: Sequence[Finding] | None = None) -> Report:
    """`findings` None: the lints were not asked."""
    issues, found = worst_first(network.issues), worst_first(findings or ())
    counts = resource_counts(network)
    linted = f"; lints: {_summary(found)}" if found else ""
    summary = f"{network.snapshot.name or 'network'}: {_summary(issues) or 'no issues'}{linted}"
    return Report(
        kind="check",
        headline=Line(summary, _tone([*issues, *found])),
        blocks=(
            Table(("Resource", "Count"), tuple(counts.items()), title="Read"),
            *(group for severity in SEVERITIES if (group := _group(severity, issues, _ISSUE_TITLES)).lines),
            *(group for severity in SEVERITIES if (group := _group(severity, found, _LINT_TITLES)).lines),
        ),
        records=lambda: Table(_COLUMNS, tuple(_row(issue) for issue in (*issues, *found))),
        data=lambda: {
            "network": network.snapshot.name,
            "resources": counts,
            "assumptions": dict(network.assumptions),
            "issues": [issue_data(issue) for issue in issues],
            "lints": None if findings is None else [finding_data(finding) for finding in found],
        },
    )


def worst_first(issues: Sequence[AnyIssue]) -> list[AnyIssue]:
    """Errors, then warnings, then info; by code and place within each."""
    return sorted(issues, key=lambda issue: (SEVERITIES.index(issue.severity), issue.code, issue.place, issue.message))


def resource_counts(network: Network) -> dict[str, int]:
    """Kind of resource, as ARM names its collection → how many; subnets, peerings and gateways among them."""
    counts = Counter(_collection(resource.id.type) for resource in network.as_read.resources.values())
    counts["subnets"] = len(network.subnets)
    counts["virtualNetworkPeerings"] = sum(
        len(virtual_network.virtual_network_peerings) for virtual_network in network.as_read.virtual_networks
    )
    return {kind: number for kind, number in sorted(counts.items()) if number}


def issue_data(issue: Issue) -> dict[str, Any]:
    return {
        "severity": issue.severity,
        "code": issue.code,
        "message": issue.message,
        "place": issue.place,
        "hint": issue.hint,
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    return {**issue_data(finding), "involved": [str(identity) for identity in finding.involved]}


def issue_text(issue: Issue, *, is_short: bool = False) -> str:
    """An issue in the form of `SimulatorError`; `is_short` leaves subscription and resource group out of the place."""
    place = re.sub(r"^/subscriptions/.*?/providers/[^/]+/", "", issue.place, flags=re.I) if is_short else issue.place
    lines = [f"{issue.severity}[{issue.code}]: {issue.message}"]
    lines += [f"  at {place}"] if place else []
    lines += [f"  hint: {issue.hint}"] if issue.hint else []
    return "\n".join(lines)


#: ARM writes collections in this case; an id keeps whatever case its writer chose.
_COLLECTIONS = {
    name.lower(): name
    for name in (
        "applicationGateways",
        "applicationSecurityGroups",
        "azureFirewalls",
        "bastionHosts",
        "databaseAccounts",
        "expressRouteCircuits",
        "firewallPolicies",
        "ipGroups",
        "loadBalancers",
        "localNetworkGateways",
        "natGateways",
        "networkInterfaces",
        "networkManagers",
        "networkSecurityGroups",
        "networkSecurityPerimeters",
        "policyAssignments",
        "policyDefinitions",
        "policySetDefinitions",
        "privateEndpoints",
        "publicIPAddresses",
        "publicIPPrefixes",
        "routeTables",
        "serviceEndpointPolicies",
        "storageAccounts",
        "virtualMachines",
        "virtualNetworkAppliances",
        "virtualNetworkGateways",
        "virtualNetworks",
    )
}
#: Collections whose name says too little, by their whole type.
_NAMED_BY_SERVICE = {
    "microsoft.eventhub/namespaces": "Event Hubs namespaces",
    "microsoft.servicebus/namespaces": "Service Bus namespaces",
    "microsoft.keyvault/vaults": "Key Vaults",
    "microsoft.sql/servers": "SQL servers",
}


def _collection(kind: str) -> str:
    name = kind.rsplit("/", 1)[-1]
    return _NAMED_BY_SERVICE.get(kind, _COLLECTIONS.get(name, name))


def _summary(issues: Sequence[Issue]) -> str:
    found = Counter(issue.severity for issue in issues)
    texts = [counted(found[severity], severity) for severity in ("error", "warning") if found[severity]]
    texts += [f"{found['info']} for information"] if found["info"] else []
    return ", ".join(texts)


def _tone(issues: Sequence[Issue]) -> Tone:
    severities = {issue.severity for issue in issues}
    return "bad" if "error" in severities else "doubtful" if "warning" in severities else "good"


def _group(severity: Severity, issues: Sequence[Issue], titles: dict[Severity, str]) -> Lines:
    lines: list[Line] = []
    for issue in issues:
        if issue.severity == severity:
            first, *rest = issue_text(issue, is_short=True).split("\n  ")
            lines += [Line(first), *(Line(f"  {text}", "faint") for text in rest)]
    return Lines(tuple(lines), title=titles[severity])


def _row(issue: Issue) -> Row:
    involved = " ".join(map(str, issue.involved)) if isinstance(issue, Finding) else ""
    return issue.severity, issue.code, issue.message, issue.place, issue.hint, involved
