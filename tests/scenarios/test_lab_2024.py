"""The reconstructed lab explains a real flow log tuple by tuple; scenarios/lab-2024/README.md says what is inferred."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from simulator.flows.read import read_flow_logs
from simulator.flows.replay import Replay, replay
from simulator.flows.rule_names import parse_rule_name
from simulator.walk.reasons import Verdict
from tests.scenarios.questions import network_of

TOPOLOGY = Path(__file__).resolve().parents[2] / "scenarios" / "lab-2024" / "topology.yaml"
VNET_SCOPE, NIC_SCOPE = "vnet-v4-real-vnet-scope-2024.json", "vnet-v4-real-nic-scope-2024.json"


@cache
def replayed(log: Path) -> Replay:
    return replay(network_of(TOPOLOGY), read_flow_logs(log))


def platform_rows(played: Replay) -> list[int]:
    rules = played.records.rules
    return [at for at, rule in enumerate(played.conversations.rule) if parse_rule_name(rules[rule]).kind == "platform"]


@pytest.mark.parametrize("name", [VNET_SCOPE, NIC_SCOPE])
def test_verdict_and_rule_of_every_tuple_are_predicted(shared: Path, name: str) -> None:
    played = replayed(shared / "flowlogs" / name)
    rows = sorted(set(range(len(played))) - set(platform_rows(played)))
    for at in rows:
        logged = parse_rule_name(played.records.rules[played.conversations.rule[at]])
        verdict = Verdict.DENY if played.conversations.is_denied[at] else Verdict.ALLOW
        observation = played.observation(at)
        assert observation is not None and observation.rule is not None
        assert observation.verdict is verdict
        assert logged.is_name_of(observation.rule.name)
        assert played.predictions[at].verdict is verdict


@pytest.mark.parametrize("name", [VNET_SCOPE, NIC_SCOPE])
def test_the_security_group_of_every_tuple_is_the_one_logged(shared: Path, name: str) -> None:
    played = replayed(shared / "flowlogs" / name)
    for at in sorted(set(range(len(played))) - set(platform_rows(played))):
        observation = played.observation(at)
        assert observation is not None and observation.rule is not None
        logged = played.records.acls[played.conversations.acl[at]]
        assert logged.casefold() == str(observation.rule.acl).casefold()


@pytest.mark.parametrize(("name", "count"), [(VNET_SCOPE, 9), (NIC_SCOPE, 2)])
def test_platform_traffic_is_allowed_inbound_and_stands_apart(shared: Path, name: str, count: int) -> None:
    played = replayed(shared / "flowlogs" / name)
    rows = platform_rows(played)
    assert len(rows) == count
    assert not played.conversations.is_denied[rows].any()
    assert {played.conversations.source.text(at) for at in rows} <= {"40.87.168.8", "40.87.164.0", "52.136.4.16"}
