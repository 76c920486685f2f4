"""Changes that a command line says in brief, and several changes as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.azure.snapshot import Snapshot
from simulator.errors import ChangeError
from simulator.sources.load import load_snapshot
from simulator.whatif.change import Change, joined, parse_change
from simulator.whatif.in_brief import move, read_move, via

MOVED = "changes: [move_virtual_network: {vnet: vnet-small, region: northeurope}]"


@pytest.fixture(scope="module")
def hub_spoke(scenarios: Path) -> Snapshot:
    return load_snapshot(scenarios / "hub-spoke")


def steps(*written: str) -> str:
    return "changes:\n" + "".join(f"  - route_through: {{{step}}}\n" for step in written)


def test_a_move_is_the_step_of_that_name(hub_spoke: Snapshot) -> None:
    moved = parse_change(MOVED).apply(hub_spoke)
    for change in (
        move("vnet-small", "North Europe"),
        read_move("vnet-small=northeurope"),
        read_move(" VNET-small = North Europe "),
    ):
        assert change.apply(hub_spoke) == moved
    assert move("vnet-small", "North Europe").name == "move vnet-small to northeurope"


@pytest.mark.parametrize(
    ("text", "written", "description"),
    [
        (
            "fw-hub=vnet-large,vnet-small",
            ("firewall: fw-hub, subnets: [vnet-large, vnet-small], to: [vnet-large, vnet-small]",),
            "traffic between vnet-large and vnet-small through fw-hub",
        ),
        (
            "fw-hub = vnet-large/VmSubnet1 , vnet-small",
            ("firewall: fw-hub, subnets: [vnet-large/VmSubnet1, vnet-small], to: [vnet-large/VmSubnet1, vnet-small]",),
            "traffic between vnet-large/VmSubnet1 and vnet-small through fw-hub",
        ),
        (
            "fw-hub=vnet-large",
            ("firewall: fw-hub, subnets: vnet-large", "firewall: fw-hub, to: vnet-large"),
            "traffic of vnet-large through fw-hub",
        ),
        ("fw-hub", ("firewall: fw-hub",), "traffic of all its spokes through fw-hub"),
    ],
)
def test_a_way_through_the_firewall_has_routes_at_both_ends(
    hub_spoke: Snapshot, text: str, written: tuple[str, ...], description: str
) -> None:
    change = via(text)
    assert change.apply(hub_spoke) == parse_change(steps(*written)).apply(hub_spoke)
    assert (change.name, change.description) == (f"via {text}", description)


@pytest.mark.parametrize("text", ["", "=", "=vnet-a", "fw-hub=", "fw-hub=vnet-a,", "fw-hub=,vnet-a", " = a , b"])
def test_what_names_no_firewall_and_networks_is_refused(text: str) -> None:
    with pytest.raises(ChangeError) as refused:
        via(text)
    assert (refused.value.code, refused.value.place) == ("VNS4010", f"--via {text}")
    assert "write FIREWALL=VNET,VNET" in refused.value.hint


@pytest.mark.parametrize("text", ["", "vnet-a", "=", "vnet-a=", "=northeurope"])
def test_what_names_no_network_and_region_is_refused(text: str) -> None:
    with pytest.raises(ChangeError) as refused:
        read_move(text)
    assert (refused.value.code, refused.value.place) == ("VNS4010", f"--move {text}")
    assert "write VNET=REGION" in refused.value.hint


@pytest.mark.parametrize(
    ("change", "code", "place", "hint"),
    [
        (lambda: read_move("vnet-small=northeurop"), "VNS4005", "--move vnet-small=northeurop", "'northeurope'"),
        (lambda: read_move("vnet-smal=northeurope"), "VNS4005", "--move vnet-smal=northeurope", "'vnet-small'"),
        (lambda: read_move("vnet-small=westeurope"), "VNS4007", "--move vnet-small=westeurope", "another region"),
        (lambda: via("fw-hob=vnet-large"), "VNS4005", "--via fw-hob=vnet-large", "'fw-hub'"),
        (lambda: via("fw-hub=vnet-lrge,vnet-small"), "VNS4005", "--via fw-hub=vnet-lrge,vnet-small", "'vnet-large'"),
        (lambda: via("fw-hub=vnet-small,vnet-small"), "VNS4004", "--via fw-hub=vnet-small,vnet-small", "other"),
    ],
)
def test_what_does_not_fit_names_the_option_and_the_way_out(
    hub_spoke: Snapshot, change: object, code: str, place: str, hint: str
) -> None:
    assert callable(change)
    with pytest.raises(ChangeError) as refused:
        change().apply(hub_spoke)
    assert (refused.value.code, refused.value.place) == (code, place)
    assert hint in refused.value.hint


def test_joined_changes_are_made_in_their_order(hub_spoke: Snapshot) -> None:
    first, second = read_move("vnet-small=northeurope"), via("fw-hub=vnet-large,vnet-medium")
    both = joined([first, second])
    assert both.apply(hub_spoke) == second.apply(first.apply(hub_spoke))
    assert both.name == "move vnet-small to northeurope + via fw-hub=vnet-large,vnet-medium"
    assert both.description == ("vnet-small in northeurope; traffic between vnet-large and vnet-medium through fw-hub")


def test_one_joined_is_itself_and_what_has_no_description_adds_none() -> None:
    change = parse_change(MOVED)
    assert joined([change]) == change
    assert joined([change, Change("nothing")]) == Change("change + nothing", change.steps)


def test_the_option_that_brings_what_azure_refuses_is_named(hub_spoke: Snapshot) -> None:
    """An error of the result is laid to its step, wherever that was said."""
    bad = parse_change(
        "changes: [add_route: {route_table: spoke-vnet-rt, route: {name: x, prefix: 0.0.0.0/0, next_hop: None}}]"
    )
    with pytest.raises(ChangeError) as refused:
        joined([read_move("vnet-small=northeurope"), bad]).apply(hub_spoke)
    assert (refused.value.code, refused.value.place) == ("VNS4009", "change.yaml:1:22")
