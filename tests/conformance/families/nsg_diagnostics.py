"""NSG diagnostics as Azure answered them: the verdict, and which rules of which groups decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot
from simulator.walk.explain import FlowVerification, ip_flow_verify
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.truth import Question, nic_of, questions


def diagnostics(shared: Path) -> Iterator[Answer]:
    for question in questions(shared, "network_configuration_diagnostic"):
        results = question.answer.get("results") or []
        if question.why_not or not results:
            yield not_askable(question.name, question.why_not or "no result was recorded")
        for result in () if question.why_not else results:
            yield _diagnostic(question, result)


def _diagnostic(question: Question, result: dict[str, Any]) -> Answer:
    if "profile" not in result:
        return not_askable(question.name, "the result does not say which packet was asked for")
    groups = result["networkSecurityGroupResult"]["evaluatedNetworkSecurityGroups"]
    held = (question.network.snapshot.get(_group_id(group), NetworkSecurityGroup) for group in groups)
    if not all(held):
        return not_askable(question.name, "the state does not hold the group that answered")
    theirs = (
        result["networkSecurityGroupResult"]["securityRuleAccessResult"],
        [_bare(group["matchedRule"]["ruleName"]) for group in groups],
    )
    answer = _verified(question, result["profile"])
    ours = answer.access, [rule.name for rule in answer.evaluated]
    return judged(question.name, ours == theirs, f"Azure {theirs}, we {ours}")


def _verified(question: Question, profile: dict[str, Any]) -> FlowVerification:
    here, there = f"{profile['destination']}:{profile['destinationPort']}", f"{profile['source']}:*"
    is_inbound = profile["direction"].lower() == "inbound"
    return ip_flow_verify(
        question.network,
        str(nic_of(question)),
        "Inbound" if is_inbound else "Outbound",
        profile["protocol"],
        here if is_inbound else there,
        there if is_inbound else here,
    )


def _group_id(group: dict[str, Any]) -> ResourceId:
    return ResourceId(group["networkSecurityGroupId"])


def _bare(rule: str) -> str:
    return rule.removeprefix("UserRule_").removeprefix("DefaultRule_")


def documented_diagnostics(shared: Path) -> Iterator[Answer]:
    """An admin Allow is not terminal: the published run shows the groups asked after it, before and after one rule."""
    for path in sorted((shared / "truth" / "docs").glob("doc-nsgdiag-avnm-*.json")):
        case = json.loads(path.read_text())
        network, question = _article(case["state"]), case["question"]
        answer = ip_flow_verify(network, "myVM", "Inbound", question["protocol"], "10.0.0.4:*", "10.0.1.4:*")
        evaluated = [_bare(one["matchedRule"]) for one in case["answer"]["evaluated"][1:]]
        theirs = case["answer"]["securityRuleAccessResult"], evaluated
        ours = answer.access, [rule.name for rule in answer.evaluated if rule.layer != "admin rules"]
        yield judged(path.stem, ours == theirs, f"Azure {theirs}, we {ours}")


def _article(state: dict[str, Any]) -> Network:
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
    return build_network(scenario_snapshot("article.yaml", yaml.safe_dump(scenario)))
