"""NSG diagnostics and connection checks as Azure answered them: which rules decided, and what is reachable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.network.load import load
from simulator.walk.explain import explain, ip_flow_verify
from tests.conformance.conftest import Record
from tests.conformance.truth import Question, nic_of, questions

DIAGNOSTIC = "NSG diagnostics (verdict and rules)"
CHECK = "connection check (private ends)"
#: Without a listener in the guest every check fails, whatever the network does: the flag makes no difference there.
NO_LISTENER = ("peering-006", "peering-008", "peering-010")
#: Marked C because a guest answers, but they differ with the peering flag alone, so the network is what they show.
DECIDED_BY_PEERING = ("peering-002", "peering-004", "peering-005")


def _bare(rule: str) -> str:
    return rule.removeprefix("UserRule_").removeprefix("DefaultRule_")


def _profile_answer(question: Question, result: dict[str, Any]) -> str | None:
    """None when we say the same as Azure; else what differs. Raises LookupError when the state does not hold it."""
    profile, answer = result["profile"], result["networkSecurityGroupResult"]
    groups = answer["evaluatedNetworkSecurityGroups"]
    for group in groups:
        if question.network.snapshot.get(ResourceId(group["networkSecurityGroupId"]), NetworkSecurityGroup) is None:
            raise LookupError("the state does not hold the group that answered")
    here, there = f"{profile['destination']}:{profile['destinationPort']}", f"{profile['source']}:*"
    inbound = profile["direction"].lower() == "inbound"
    ours = ip_flow_verify(
        question.network,
        str(nic_of(question)),
        "Inbound" if inbound else "Outbound",
        profile["protocol"],
        here if inbound else there,
        there if inbound else here,
    )
    expected = answer["securityRuleAccessResult"], [_bare(group["matchedRule"]["ruleName"]) for group in groups]
    got = ours.access, [rule.name for rule in ours.evaluated]
    return None if got == expected else f"Azure {expected}, we {got}"


def test_diagnostics(shared: Path, record: Record) -> None:
    wrong = []
    for question in questions(shared, "network_configuration_diagnostic"):
        results = question.answer.get("results") or []
        if question.why_not or not results:
            record(DIAGNOSTIC, "not askable", f"{question.name}: {question.why_not or 'no result was recorded'}")
            continue
        for result in results:
            try:
                difference = _profile_answer(question, result)
            except LookupError as why:
                record(DIAGNOSTIC, "not askable", f"{question.name}: {why.args[0]}")
                continue
            record(DIAGNOSTIC, "wrong" if difference else "right", f"{question.name}: {difference or ''}")
            if difference:
                wrong.append((question.name, difference))
    assert not wrong


def test_connection_checks(shared: Path, record: Record) -> None:
    """A check between two private addresses asks what `explain` answers; one to a name of the Internet asks DNS too."""
    wrong = []
    for question in questions(shared, "connectivity_check"):
        why_not = _why_not_checked(question)
        ends = _ends(question)
        if why_not or ends is None:
            record(CHECK, "not askable", f"{question.name}: {why_not or 'an end is not in the state'}")
            continue
        source, destination = ends
        prediction = explain(question.network, source, destination).prediction
        verdict = prediction.verdict.name
        if verdict == "UNKNOWN":
            record(CHECK, "not askable", f"{question.name}: UNKNOWN, {prediction.reason}")
            continue
        expected = {"Reachable": "ALLOW", "Unreachable": "DENY"}.get(question.answer["connectionStatus"])
        record(CHECK, "right" if verdict == expected else "wrong", f"{question.name}: {verdict}, Azure {expected}")
        if verdict != expected:
            wrong.append((question.name, verdict, expected))
    assert not wrong


def _why_not_checked(question: Question) -> str | None:
    if question.name.startswith(NO_LISTENER):
        return "nothing listens in the guest"
    return None if question.name.startswith(DECIDED_BY_PEERING) else question.why_not


def _ends(question: Question) -> tuple[str, str] | None:
    text = question.text
    network = question.network
    source = network.endpoint(ResourceId(text["source"].get("resourceId", "")))
    target = text["destination"]
    found = network.endpoint(ResourceId(target["resourceId"])) if target.get("resourceId") else None
    address = found.addresses[0] if found and found.addresses else target.get("address", "")
    if source is None or not source.addresses or network.endpoint(address) is None:
        return None
    return source.addresses[0], f"{address}:{target.get('port', 22)}/tcp"


@pytest.mark.parametrize("number", [1, 2])
def test_documented_diagnostics_with_an_admin_rule(shared: Path, record: Record, tmp_path: Path, number: int) -> None:
    """An admin Allow is not terminal: the published run shows the groups asked after it, before and after one rule."""
    case = json.loads((shared / "truth" / "docs" / f"doc-nsgdiag-avnm-{number}.json").read_text())
    network = load(_scenario(case["state"], tmp_path))
    question = case["question"]
    ours = ip_flow_verify(network, "myVM", "Inbound", question["protocol"], "10.0.0.4:*", "10.0.1.4:*")
    answer = case["answer"]
    expected = answer["securityRuleAccessResult"], [_bare(one["matchedRule"]) for one in answer["evaluated"][1:]]
    got = ours.access, [rule.name for rule in ours.evaluated if rule.layer != "admin rules"]
    record("documented NSG diagnostics", "right" if got == expected else "wrong", f"{case['id']}: {got}")
    assert got == expected


def _scenario(state: dict[str, Any], folder: Path) -> Path:
    """The article's network; of the admin rule it says only that it allows this question's packets."""
    names = {"source": "source", "sourcePort": "source_ports", "destination": "destination", "destinationPort": "ports"}
    groups = {
        name: [{names.get(key, key): value for key, value in rule.items()} for rule in rules]
        for name, rules in state["nsgs"].items()
    }
    vnet, nic = state["vnet"], state["nic"]
    rule = {"name": "VirtualNetwork", "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"}
    rule |= {"source": "10.0.1.0/26", "destination": "10.0.0.4", "ports": "*"}
    collection = {"applies_to": ["all"], "rules": [rule]}
    manager = {
        "network_groups": {"all": [vnet["name"]]},
        "security_admin_configurations": {"GlobalRules": {"rule_collections": {"global": collection}}},
        "deployments": {"westeurope": ["GlobalRules"]},
    }
    scenario = {
        "name": "article",
        "location": "westeurope",
        "virtual_networks": {
            vnet["name"]: {
                "address_space": vnet["addressSpace"],
                "subnets": {
                    one["name"]: {"prefix": one["prefix"], **({"nsg": one["nsg"]} if "nsg" in one else {})}
                    for one in vnet["subnets"]
                },
            }
        },
        "network_security_groups": groups,
        "virtual_machines": {
            nic["vm"]: {"subnet": f"{vnet['name']}/{nic['subnet']}", "ip": nic["ip"], "nsg": nic["nsg"]}
        },
        "network_managers": {"avnm": manager},
    }
    path = folder / "topology.yaml"
    path.write_text(yaml.safe_dump(scenario))
    return path
