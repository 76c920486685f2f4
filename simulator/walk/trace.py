"""One packet's walk told to people: places in order, and at each place one line for every layer asked."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from simulator.network.routes import EffectiveRoute
from simulator.walk.encryption import Encryption
from simulator.walk.predictions import Prediction, RuleReference
from simulator.walk.questions import Question

PlaceKind = Literal[
    "nic",
    "firewall",
    "appliance",
    "frontend",
    "managed",
    "gateway",
    "service",
    "platform",
    "premises",
    "internet",
    "unknown",
]
StepOutcome = Literal["pass", "stop", "unknown", "intermittent"]


class Step(Struct, frozen=True):
    """One layer's say: `layer` names it, `text` is the line to show, `rule` or `route` is what decided.

    `details` are further lines: the rules that it came before, what a tag stands for, the routes that were not taken.
    `encryption` is what the line of the layer of that name rests on.
    """

    layer: str
    outcome: StepOutcome
    text: str
    rule: RuleReference | None = None
    route: EffectiveRoute | None = None
    details: tuple[str, ...] = ()
    encryption: Encryption | None = None


class Hop(Struct, frozen=True):
    """One place on the way with the steps taken there, in order."""

    place: str
    kind: PlaceKind
    address: str
    steps: tuple[Step, ...]


class Blocker(Struct, frozen=True):
    """One layer that stops the packet, or may: each has to be mended before it passes."""

    place: str
    step: Step
    is_return: bool


class Trace(Struct, frozen=True):
    """The whole story of one packet: the way there, the way back, what to keep in mind, how to check it on Azure.

    `blockers` are all the layers on the path that stop the packet, in order, as far as the walk can see behind each: it
    cannot see past a routing stop. `assumptions` are the readings that the answer rests on, in words.
    """

    question: Question
    prediction: Prediction
    hops: tuple[Hop, ...]
    return_hops: tuple[Hop, ...]
    blockers: tuple[Blocker, ...]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    verify: tuple[str, ...]
