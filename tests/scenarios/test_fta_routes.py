"""The slides of Azure/fta-networking as golden tests: every row of every route table, every drawn path.

scenarios/fta-routes/README.md says how the slides were transcribed, what they leave out (routes with next hop None, the
order of rows) and which rows are named exceptions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.network.effective_routes import subnet_routes
from simulator.network.model import Network
from simulator.network.routes import EffectiveRoute
from tests.scenarios.questions import Question, ask, network_of

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "fta-routes"
GATEWAY_ADDRESS = "203.0.113.1"
INTERNET_ADDRESS = "198.51.100.7"
ON_PREMISES_HOST = "onprem1"

#: Azure's words → the slides' words.
SOURCES = {"Default": "system", "User": "user", "VirtualNetworkGateway": "gateway"}
TYPES = {
    "VnetLocal": "vnet",
    "VNetPeering": "peer",
    "Internet": "Internet",
    "VirtualAppliance": "appliance",
    "VirtualNetworkGateway": "gateway",
}
VERDICTS = {"symmetric": ("ALLOW", "DELIVERED"), "asymmetric": ("DENY", "ASYMMETRIC_RETURN")}


@cache
def expected() -> dict[str, Any]:
    with (FOLDER / "expected.yaml").open(encoding="utf-8") as file:
        content: dict[str, Any] = yaml.safe_load(file)
    return content


def numbers_of(entry: dict[str, Any]) -> list[int]:
    return entry["slide"] if isinstance(entry["slide"], list) else [entry["slide"]]


def topology_of(entry: dict[str, Any]) -> Path:
    """The step file of a path: its own, or that of the slide it is drawn on."""
    if "topology" in entry:
        return FOLDER / str(entry["topology"])
    steps = (str(slide["topology"]) for slide in expected()["slides"] if entry["slide"] in numbers_of(slide))
    return FOLDER / next(steps)


def exceptions_of(number: int, subnet: str) -> dict[str, str]:
    """Row as the slide has it → row as Azure has it."""
    mended = {}
    for exception in expected()["exceptions"]:
        if number in exception["slides"] and subnet == exception["subnet"]:
            row = " ".join(exception["slide_says"].split())
            source, _, *rest = row.split()
            mended[row] = " ".join([source, exception["azure"], *rest])
    return mended


def slide_row(route: EffectiveRoute, prefix: str) -> str:
    address = "pip-of-gw" if route.next_hop_ip == GATEWAY_ADDRESS else route.next_hop_ip or "-"
    return " ".join([SOURCES[route.source], route.state.lower(), prefix, TYPES[route.next_hop_type], address])


def shown_rows(network: Network, subnet: str) -> list[str]:
    """The subnet's effective routes in the slides' words, without the rows that the slides leave out."""
    identity = next(each for each in network.subnets if str(each).lower().endswith(_id_ending(subnet)))
    routes = [route for route in subnet_routes(network, identity) if route.next_hop_type != "None"]
    return sorted(slide_row(route, prefix) for route in routes for prefix in route.prefixes)


def _id_ending(subnet: str) -> str:
    virtual_network, name = subnet.split("/")
    return f"/virtualnetworks/{virtual_network}/subnets/{name}".lower()


TABLES = [
    pytest.param(entry, number, subnet, id=f"slide{number:02}-{subnet}")
    for entry in expected()["slides"]
    for number in numbers_of(entry)
    for subnet in entry["routes"]
]


@pytest.mark.parametrize(("entry", "number", "subnet"), TABLES)
def test_the_effective_routes_are_those_of_the_slide(entry: dict[str, Any], number: int, subnet: str) -> None:
    drawn = [" ".join(line.split()) for line in entry["routes"][subnet].splitlines()]
    mended = exceptions_of(number, subnet)
    assert set(mended) <= set(drawn), "the slide no longer holds the row that is excepted"
    azure = sorted(mended.get(row, row) for row in drawn)
    assert shown_rows(network_of(FOLDER / entry["topology"]), subnet) == azure


def question(forward: list[str]) -> Question:
    """From the first place of a path to its last, the Internet and on-premises standing for one host there."""
    hosts = {"Internet": INTERNET_ADDRESS, "on-premises": ON_PREMISES_HOST}
    return Question(hosts.get(forward[0], forward[0]), hosts.get(forward[-1], forward[-1]))


def path_id(path: dict[str, Any]) -> str:
    where = f"slide{path['slide']:02}" if "slide" in path else path["topology"]
    return f"{where}-{'-'.join(path['forward'])}"


PATHS = [*expected()["drawn_paths"], *expected()["derived_paths"]]
WAYS = [
    pytest.param(path, path[way], id=f"{path_id(path)}-{way}")
    for path in PATHS
    for way in ("forward", "back")
    if way in path and path.get("verdict") != "dropped"
]
JUDGED = [pytest.param(path, id=path_id(path)) for path in PATHS if "verdict" in path]


@pytest.mark.parametrize(("path", "way"), WAYS)
def test_the_packet_takes_the_drawn_way(path: dict[str, Any], way: list[str]) -> None:
    (prediction,) = ask(network_of(topology_of(path)), [question(way)])
    within_azure = [place for place in way if place != "on-premises"]
    assert list(prediction.path) == within_azure


@pytest.mark.parametrize("path", JUDGED)
def test_the_verdict_is_that_of_the_slide_whoever_starts(path: dict[str, Any]) -> None:
    ways = [path[way] for way in ("forward", "back") if way in path]
    verdict = ("DENY", path["reason"]) if path["verdict"] == "dropped" else VERDICTS[path["verdict"]]
    predictions = ask(network_of(topology_of(path)), [question(way) for way in ways])
    assert [(found.verdict.name, found.reason) for found in predictions] == [verdict] * len(ways)


def test_every_slide_with_a_table_is_here() -> None:
    numbers = [number for entry in expected()["slides"] for number in numbers_of(entry)]
    titles, question_slide, missing = {1, 6, 10, 12, 23}, {31}, {22, 26, 28, 32}
    assert numbers == sorted(set(range(1, 33)) - titles - question_slide - missing)
