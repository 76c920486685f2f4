"""Whatever a file holds, the answer is a Snapshot or a SimulatorError with a code: never anything else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.azure.resource import ArmModel
from simulator.azure.snapshot import MODELS
from simulator.errors import SimulatorError
from simulator.sources.arm_fields import CHILD_MODELS, CHILDREN, camel_case
from simulator.sources.load import load_snapshot
from simulator.sources.resource_json import resources_snapshot
from simulator.sources.scenario import scenario_snapshot
from simulator.sources.yaml_text import load_yaml
from tests.sources.arm import arm

EVERYTHING = Path(__file__).parent / "data" / "everything.yaml"
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["10.0.0.0/8", "*", "Internet", "[parameters('x')]", "/subscriptions/s", "100", "Allow", "hub/a", ""]
    )
)


def documents(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )


def is_answered(read: Callable[[], object]) -> None:
    try:
        read()
    except SimulatorError as error:
        assert error.code.startswith("VNS") and str(error)


ALL_MODELS: dict[str, type[ArmModel]] = {**MODELS, **CHILD_MODELS}
ARM_WORDS = sorted(
    {camel_case(name) for model in ALL_MODELS.values() for name in model.model_fields}
    | {name for names in CHILDREN.values() for name in names}
    | {"properties", "value", "data", "records", "$schema", "type", "template", "changes", "nextLink"}
)
KINDS = sorted(ALL_MODELS)


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """Something shaped like a resource of a known kind, with anything in its fields."""
    kind = draw(st.sampled_from(KINDS))
    provider, *types = kind.split("/")
    path = "/".join(f"{part}/{draw(st.sampled_from('ab'))}" for part in types)
    head = {
        "id": draw(st.just(f"/subscriptions/s/resourceGroups/g/providers/{provider}/{path}") | SCALARS),
        "type": kind,
    }
    words = st.sampled_from([camel_case(name) for name in ALL_MODELS[kind].model_fields] + ["properties"])
    fields = draw(st.dictionaries(words, documents(st.sampled_from(ARM_WORDS)), max_size=5))
    return head | (fields if draw(st.booleans()) else {"properties": fields})


@QUIET
@given(st.binary(max_size=200), st.sampled_from(["a.json", "a.yaml", "a.yml", "a.txt", "a"]))
def test_any_bytes(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    is_answered(lambda: load_snapshot(tmp_path / name))


@QUIET
@given(documents(st.sampled_from(ARM_WORDS)))
def test_any_json(document: Any) -> None:
    is_answered(lambda: resources_snapshot([("file.json", document)]))


@QUIET
@given(st.lists(resources(), max_size=6))
def test_anything_like_resources(found: list[dict[str, Any]]) -> None:
    snapshot = resources_snapshot([("file.json", found)])
    assert found == [] or snapshot.resources or snapshot.issues


NETWORK = [arm(resource) for resource in scenario_snapshot(EVERYTHING).resources.values()]
SCENARIO = load_yaml(EVERYTHING.read_text(encoding="utf-8"), "everything.yaml").value


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in paths(inner, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of `document` with `value` at `path`."""
    if not path:
        return value
    root = copy.deepcopy(document)
    here = root
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return root


@QUIET
@given(st.sampled_from(paths(NETWORK)[1:]), documents(st.sampled_from(ARM_WORDS)))
def test_an_export_with_one_thing_changed(path: tuple[Any, ...], value: Any) -> None:
    is_answered(lambda: resources_snapshot([("file.json", changed(NETWORK, path, value))]))


@QUIET
@given(st.sampled_from(paths(SCENARIO)), documents(st.sampled_from(["name", "prefix", "subnet", "x", "priority"])))
def test_a_scenario_with_one_thing_changed(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(json.dumps(changed(SCENARIO, path, value)), encoding="utf-8")
    is_answered(lambda: scenario_snapshot(file))


@QUIET
@given(st.text(max_size=100))
def test_any_text_as_a_scenario(tmp_path: Path, text: str) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    is_answered(lambda: scenario_snapshot(file))


@pytest.mark.parametrize("wrapper", ["value", "data", "predictedResources"])
def test_a_wrapper_of_itself(wrapper: str) -> None:
    is_answered(lambda: resources_snapshot([("file.json", {wrapper: [{wrapper: [{wrapper: []}]}]})]))
