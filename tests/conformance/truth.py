"""Recorded Azure answers as questions with a Snapshot of the resources at that moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import MODELS, Snapshot
from simulator.network.model import Network
from simulator.network.network import build_network

Json = dict[str, Any]
#: Child lists whose members a deployment template may leave without an id.
_CHILDREN = ("subnets", "virtualNetworkPeerings", "securityRules", "defaultSecurityRules", "routes")
#: A, B: the state and the question are read back from Azure, or known from the template that made them.
ASKED = frozenset("AB")


@dataclass(frozen=True)
class Question:
    """One recorded question: `name` is ``case-001 #2``; `text` the request body, `answer` the response body."""

    name: str
    kind: str
    trust: str
    notes: tuple[str, ...]
    target: str
    text: Json
    answer: Json
    state: tuple[tuple[str, str], ...]
    recorded_at: str

    @property
    def network(self) -> Network:
        return _network(self.state)

    @property
    def why_not(self) -> str | None:
        """Why the answer is no measure, in the words of the recording, or None."""
        if self.trust in ASKED:
            return None
        return f"trust {self.trust}: {self.notes[-1]}"


def questions(shared: Path, kind: str) -> Iterator[Question]:
    """Every recorded question of one kind, in order of the files."""
    for path in sorted((shared / "truth" / "cases").glob("*.json")):
        case = json.loads(path.read_text())
        for number, held in enumerate(case["questions"]):
            if held["kind"] == kind:
                yield Question(
                    name=f"{path.stem} #{number}",
                    kind=kind,
                    trust=held["trust"],
                    notes=tuple(held["trust_notes"]),
                    target=held["target"] or "",
                    text=held["question"] or {},
                    answer=held["answer"] or {},
                    state=tuple(
                        (entry["resource"].get("type", ""), json.dumps(entry["resource"]))
                        for entry in case["states"][held["state"]]
                    ),
                    recorded_at=held["recorded_at"],
                )


@lru_cache(maxsize=64)
def _network(state: tuple[tuple[str, str], ...]) -> Network:
    return build_network(Snapshot.of(_resources(state)))


def _resources(state: tuple[tuple[str, str], ...]) -> Iterator[Resource]:
    for kind, text in state:
        model = MODELS.get(kind.lower())
        if model is not None:
            raw = json.loads(text)
            yield model.model_validate(_with_child_ids(raw, raw["id"]))


def _with_child_ids(raw: Json, owner: str) -> Json:
    properties = raw.get("properties") or {}
    children = {
        key: [_with_child_ids({"id": f"{owner}/{key}/{child.get('name')}"} | child, owner) for child in properties[key]]
        for key in _CHILDREN
        if properties.get(key)
    }
    return raw | {"properties": properties | children}


def nic_of(question: Question) -> ResourceId | None:
    """The network interface that a question is about: its target, or the interface of the virtual machine it names."""
    wanted = question.text.get("targetNicResourceId") or question.text.get("targetResourceId") or question.target
    identity = ResourceId(wanted.rsplit("/effective", 1)[0])
    if identity.type == "microsoft.network/networkinterfaces":
        return identity
    # One recording writes the question's subscription otherwise than the state's: then the name decides.
    endpoint = question.network.endpoint(identity) or question.network.endpoint(identity.name)
    return endpoint.id if endpoint else None
