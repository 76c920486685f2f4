"""The public API is what `simulator.__all__` says, every name documented, and importing it costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import simulator

REPOSITORY = Path(__file__).resolve().parent.parent
NAMES = sorted(simulator.__all__)


def test_all_names_are_listed_once_and_shown() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert set(NAMES) <= set(dir(simulator))


@pytest.mark.parametrize("name", NAMES)
def test_every_listed_name_exists_and_is_documented(name: str) -> None:
    value = getattr(simulator, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        text = (value.__doc__ or "").strip()
        assert text and not text.startswith(f"{name}("), f"simulator.{name} has no docstring of its own"


def test_nothing_public_is_missing_from_the_list() -> None:
    ours = {
        name
        for name, value in vars(simulator).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and str(getattr(value, "__module__", "")).split(".")[0] == "simulator"
    }
    assert ours <= set(NAMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    name = "no_such_name"
    with pytest.raises(AttributeError, match=name):
        getattr(simulator, name)


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("matplotlib", "msgspec", "networkx", "numpy", "pydantic", "rich", "typer", "yaml")
    code = f"import sys, simulator; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
