"""Legs are the hops of the trace, pair by pair, there and back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import simulator
from simulator.dataplane.plane import DataPlane
from simulator.walk.explain import data_plane, explain_question
from simulator.walk.legs import Legs, legs
from simulator.walk.packet_walk import packet_walk
from simulator.walk.questions import parse_question
from simulator.walk.reasons import Verdict

_OUTSIDE = ("Internet", "Azure platform", "on-premises")
GOLDEN = Path(__file__).resolve().parents[2] / "scenarios" / "golden"


def asked() -> list[tuple[str, str, str]]:
    """(topology, source, destination with port) of every question that names its two ends."""
    found = []
    for file in sorted(GOLDEN.glob("*/question.yaml")):
        held = yaml.safe_load(file.read_text(encoding="utf-8"))
        topology = (file.parent / held.get("topology", "topology.yaml")).resolve()
        for ask in held.get("ask", ()):
            is_delivered = ask.get("expect", {}).get("verdict") == "ALLOW" and not ask.keys() & {"assume", "change"}
            if is_delivered and "source" in ask and "destination" in ask and topology.exists():
                port = f":{ask['port']}" if "port" in ask else ""
                found.append((str(topology), str(ask["source"]), f"{ask['destination']}{port}"))
    return found


@pytest.mark.parametrize(("topology", "source", "destination"), asked())
def test_legs_join_the_hops_of_the_trace(topology: str, source: str, destination: str) -> None:
    network = simulator.load(topology)
    question = parse_question(network, source, destination)
    trace = explain_question(network, question)
    assert trace.prediction.verdict == Verdict.ALLOW
    plane = data_plane(network)
    found = legs(packet_walk(plane, question.packets()))
    walked = {way: _names(plane, found, way) for way in (False, True)}
    assert walked[False] == [*pairwise(trace.prediction.path)]
    back = [hop.place for hop in trace.return_hops]
    if walked[True] and walked[True][0][0] in (*_OUTSIDE, *(service.name for service in plane.places.services)):
        del walked[True][0]  # the trace begins where the reply comes in
    assert walked[True] == [*pairwise(back)]


def _names(plane: DataPlane, found: Legs, is_return: bool) -> list[tuple[str, str]]:
    ends = zip(found.source.tolist(), found.target.tolist(), found.is_return.tolist(), strict=True)
    name = plane.places.name
    return [(name(source), name(target)) for source, target, back in ends if back == is_return]
