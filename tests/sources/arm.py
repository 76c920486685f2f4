"""ARM JSON as the tools of Azure would write it, made from the models, in every form that people have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

from simulator.azure.resource import Resource, ResourceId
from simulator.sources.arm_fields import CHILDREN, camel_case

Json = dict[str, Any]

#: How property names are spelled.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "ARM": camel_case,
    "lower": lambda name: camel_case(name).lower(),
    "upper": lambda name: camel_case(name).upper(),
    "Python": lambda name: name,
}


def arm(model: BaseModel, *, nested: bool = True, spelling: str = "ARM") -> Json:
    """`model` as ARM JSON: its own fields under ``properties`` when `nested`, beside the id when not."""
    spell = SPELLINGS[spelling]
    fields = {name: _value(getattr(model, name), nested, spelling) for name in model.model_fields_set}
    if not isinstance(model, Resource):
        return {spell(name): held for name, held in fields.items()}
    head = {spell(name): fields.pop(name) for name in ("id", "name", "location") if name in fields}
    head[spell("id")] = str(model.id)
    own = {spell(name): held for name, held in fields.items()}
    head[spell("type")] = model.id.type
    return head | ({spell("properties"): own} if nested else own)


def _value(value: Any, nested: bool, spelling: str) -> Any:
    if isinstance(value, ResourceId):
        return {SPELLINGS[spelling]("id"): str(value)}
    if isinstance(value, BaseModel):
        return arm(value, nested=nested, spelling=spelling)
    if isinstance(value, tuple):
        return [str(item) if isinstance(item, str) else _value(item, nested, spelling) for item in value]
    return value


def with_own_children(resources: Iterable[Json]) -> list[Json]:
    """The same resources with every child that ARM knows as a resource taken out of its parent, children first."""
    found: list[Json] = []
    for resource in resources:
        held = resource.get("properties", resource)
        for name in CHILDREN.get(ResourceId(resource["id"]).type, {}):
            if name != "ipConfigurations":
                children, held[name] = held.get(name, []), []
                found += with_own_children(children)
        found.append(resource)
    return found
