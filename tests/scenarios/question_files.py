"""Question files: a question people ask, the answer with its source, and packets that hold the simulator to it.

``scenarios/{golden,pitfalls,walks}/<name>/question.yaml`` stands beside a ``topology.yaml``, or names that of another
folder. Every key is checked, so that a misspelt expectation is an error and not a test that passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
COLLECTIONS = ("golden", "pitfalls", "walks")
#: How sure the answer is, as the question files abbreviate it.
STATUSES = {
    "V": "verified in the named text or recording",
    "S": "stated by Microsoft staff, or merged into Microsoft's documentation",
    "L": "reported from labs of users",
    "D": "sources disagree: the default is printed with the answer, and a switch gives the other reading",
    "M": "a decision of the model, or remembered",
}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(Strict):
    """What is expected of one packet; a key that is not given is not asked.

    `rule` is ``filter/rule``, ``""`` where none decided. `route` is the first route decision, ``prefix -> next hop``.
    `observed` has a line for every NIC whose flow log holds the packet: name, direction, verdict, rules in order.
    `there` and `back` are the whole walk: at each place, layer → what decided, but for encryption: `encryption` has a
    line for every NIC on the way there and back, as ``place: what it says``. `blockers` is all that stands in the way,
    as ``place: what``. `says` are texts that the trace holds. `assumptions` are open questions that touched it.
    `cost` is what each GB costs there and back, in USD of the prices that ship.
    """

    verdict: Literal["ALLOW", "DENY", "UNKNOWN", "INTERMITTENT"]
    reason: str
    rule: str | None = None
    next_hop_type: str | None = None
    route: str | None = None
    path: list[str] | None = None
    return_path: list[str] | None = None
    observed: list[str] | None = None
    there: list[dict[str, dict[str, str]]] | None = None
    back: list[dict[str, dict[str, str]]] | None = None
    blockers: list[str] | None = None
    encryption: list[str] | None = None
    cost: dict[Literal["there", "back"], float | None] | None = None
    says: list[str] = []
    assumptions: list[str] = []


class Reading(Strict):
    """The answer when open questions are read as `assume` says."""

    assume: dict[str, bool]
    expect: Expected


class Ask(Strict):
    """One packet and its answer, asked after `change`, a change file, where one is named."""

    source: str
    destination: str
    protocol: str = "tcp"
    port: int | None = None
    source_port: int | None = None
    change: str | None = None
    why: str = ""
    expect: Expected
    readings: list[Reading] = []

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        after = f" after {self.change.removesuffix('.yaml')}" if self.change else ""
        return f"{self.source}->{self.destination}{port}/{self.protocol}{after}"


class Session(Strict):
    """A session that stands when `change` is made, or when the topology of `after` takes the place of the folder's.

    `steady_state` is its kind in the impact of the change, `new_flows_only` the same in that mode; or ``unchanged``.
    """

    source: str
    destination: str
    protocol: str = "tcp"
    port: int
    change: str | None = None
    after: str | None = None
    steady_state: str
    new_flows_only: str

    @property
    def question(self) -> Ask:
        """The packet that begins it."""
        expect = Expected(verdict="ALLOW", reason="DELIVERED")
        return Ask(
            source=self.source, destination=self.destination, protocol=self.protocol, port=self.port, expect=expect
        )


class Verify(Strict):
    """What IP flow verify says at one NIC; `rule` is spelled as Azure spells it."""

    nic: str
    direction: Literal["Inbound", "Outbound"]
    protocol: Literal["TCP", "UDP"] = "TCP"
    local: str
    remote: str
    access: Literal["Allow", "Deny", "Unknown"]
    rule: str


class Encryption(Strict):
    """The encryption setting of a VNet as it was read; enforcement only where there is a setting."""

    enabled: bool
    enforcement: str | None = None


class QuestionFile(Strict):
    """A question with its answer. `wrong_answer` is a public one that is wrong; `later` what is not predicted yet."""

    question: str
    answer: str
    status: Literal["V", "S", "L", "D", "M"]
    source: str
    wrong_answer: str = ""
    later: str = ""
    topology: str = "topology.yaml"
    ask: list[Ask] = Field(default=[])
    sessions: list[Session] = []
    verify: list[Verify] = []
    encryption: dict[str, Encryption] = {}


def question_folders(*collections: str) -> list[Path]:
    """The folders of the named collections that hold a question, in order."""
    found = (path.parent for name in collections or COLLECTIONS for path in SCENARIOS.glob(f"{name}/*/question.yaml"))
    return sorted(found)


@cache
def question_in(folder: Path) -> QuestionFile:
    with (folder / "question.yaml").open(encoding="utf-8") as file:
        return QuestionFile.model_validate(yaml.safe_load(file))


def topology_of(folder: Path) -> Path:
    """The topology that the question is asked of."""
    return (folder / question_in(folder).topology).resolve()


def id_of(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def asked(folder: Path) -> Iterator[tuple[Ask, Reading | None]]:
    """Every packet of a question, first by the defaults and then in each other reading."""
    for ask in question_in(folder).ask:
        yield ask, None
        for reading in ask.readings:
            yield ask, reading
