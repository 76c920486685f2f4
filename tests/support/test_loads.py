"""A resource of every kind is read from ARM JSON: alone, or beside the parent that it is hung on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.azure.resource import ResourceId, squash
from simulator.azure.snapshot import Snapshot
from simulator.sources.resource_json import resources_snapshot
from tests.support.samples import SAMPLES


def found(snapshot: Snapshot, identity: ResourceId) -> Any:
    """The resource of that id; a child by its name among what its parent holds."""
    if identity in snapshot.resources:
        return snapshot.resources[identity]
    parent = found(snapshot, identity.parent)
    collection = identity.type.rsplit("/", 1)[1]
    held = next(getattr(parent, name) for name in type(parent).model_fields if squash(name) == collection)
    return next(child for child in held if child.name == identity.name)


def attribute(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return value


def parents(identity: ResourceId) -> Iterator[ResourceId]:
    while identity.parent.type:
        identity = identity.parent
        yield identity


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_resource_of_the_kind_is_read(kind: str) -> None:
    sample = SAMPLES[kind]
    identity = ResourceId(sample.id)
    assert identity.type == kind
    resources = [{"id": sample.id, "name": identity.name, "type": kind, "properties": sample.properties}]
    resources += [{"id": str(parent), "type": parent.type, "properties": {}} for parent in parents(identity)]
    snapshot = resources_snapshot([("export.json", resources)])
    assert [issue for issue in snapshot.issues if issue.severity == "error"] == []
    resource = found(snapshot, identity)
    assert {path: attribute(resource, path) for path in sample.reads} == dict(sample.reads)
