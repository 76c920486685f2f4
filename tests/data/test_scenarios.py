"""Scenarios are found by name, in a checkout as in an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.data import scenarios as shipped
from simulator.errors import SourceError


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An installation's folder and a checkout's folder, both empty."""
    found = tmp_path / "package", tmp_path / "checkout"
    monkeypatch.setattr(shipped, "_PLACES", found)
    return found


def write(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "topology.yaml").write_text(f"name: {name}\n")
    return folder / name


def test_the_checkout_is_read_where_the_package_holds_none(places: tuple[Path, Path]) -> None:
    folder = write(places[1], "hub-spoke")
    assert shipped.scenario_folder("hub-spoke") == folder


def test_the_package_wins(places: tuple[Path, Path]) -> None:
    inside, _ = write(places[0], "hub-spoke"), write(places[1], "hub-spoke")
    assert shipped.scenario_folder() == inside


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../checkout/hub-spoke", "hub-spoke/", "/etc"])
def test_an_unknown_name_is_answered_with_the_known_ones(places: tuple[Path, Path], name: str) -> None:
    write(places[1], "hub-spoke")
    with pytest.raises(SourceError, match="VNS1090") as caught:
        shipped.scenario_folder(name)
    assert caught.value.hint == "known scenarios: hub-spoke"


def test_an_installation_without_scenarios_says_so(places: tuple[Path, Path]) -> None:
    with pytest.raises(SourceError) as caught:
        shipped.scenario_folder()
    assert caught.value.hint == "the installation is incomplete"
