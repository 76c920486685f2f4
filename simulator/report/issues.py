"""What `vnetsim check` says: how much was read, and every issue, worst first."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from simulator.azure.snapshot import Issue, Severity
from simulator.network.model import Network
from simulator.report.document import Line, Lines, Report, Row, Table, Tone
from simulator.report.text import counted

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_COLUMNS = ("Severity", "Code", "Message", "Place", "Hint")


def issues_report(network: Network) -> Report:
    issues = worst_first(network.issues)
    counts = resource_counts(network)
    return Report(
        kind="check",
        headline=Line(f"{network.snapshot.name or 'network'}: {_summary(issues)}", _tone(issues)),
        blocks=(
            Table(("Resource", "Count"), tuple(counts.items()), title="Read"),
            *(group for severity in SEVERITIES if (group := _group(severity, issues)).lines),
        ),
        records=lambda: Table(_COLUMNS, tuple(_row(issue) for issue in issues)),
        data=lambda: {
            "network": network.snapshot.name,
            "resources": counts,
            "assumptions": dict(network.assumptions),
            "issues": [issue_data(issue) for issue in issues],
        },
    )


def worst_first(issues: tuple[Issue, ...]) -> list[Issue]:
    """Errors, then warnings, then info; by code and place within each."""
    return sorted(issues, key=lambda issue: (SEVERITIES.index(issue.severity), issue.code, issue.place, issue.message))


def resource_counts(network: Network) -> dict[str, int]:
    """Kind of resource, as ARM names its collection → how many; subnets, peerings and gateways among them."""
    counts = Counter(_collection(resource.id.type) for resource in network.snapshot.resources.values())
    counts["subnets"] = len(network.subnets)
    counts["virtualNetworkPeerings"] = sum(
        len(virtual_network.virtual_network_peerings) for virtual_network in network.snapshot.virtual_networks
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
        "applicationSecurityGroups",
        "azureFirewalls",
        "firewallPolicies",
        "ipGroups",
        "localNetworkGateways",
        "networkInterfaces",
        "networkManagers",
        "networkSecurityGroups",
        "publicIPAddresses",
        "routeTables",
        "virtualMachines",
        "virtualNetworkGateways",
        "virtualNetworks",
    )
}


def _collection(kind: str) -> str:
    name = kind.rsplit("/", 1)[-1]
    return _COLLECTIONS.get(name, name)


def _summary(issues: list[Issue]) -> str:
    found = Counter(issue.severity for issue in issues)
    texts = [counted(found[severity], severity) for severity in ("error", "warning") if found[severity]]
    texts += [f"{found['info']} for information"] if found["info"] else []
    return ", ".join(texts) or "no issues"


def _tone(issues: list[Issue]) -> Tone:
    if not issues or issues[0].severity == "info":
        return "good"
    return "bad" if issues[0].severity == "error" else "doubtful"


def _group(severity: Severity, issues: list[Issue]) -> Lines:
    lines: list[Line] = []
    for issue in issues:
        if issue.severity == severity:
            first, *rest = issue_text(issue, is_short=True).split("\n  ")
            lines += [Line(first), *(Line(f"  {text}", "faint") for text in rest)]
    titles: dict[Severity, str] = {
        "error": "Errors: Azure would refuse this, or it cannot be read",
        "warning": "Warnings: an answer may differ from Azure's",
        "info": "For information",
    }
    return Lines(tuple(lines), title=titles[severity])


def _row(issue: Issue) -> Row:
    return issue.severity, issue.code, issue.message, issue.place, issue.hint
