"""What every Azure resource has: an id, a name, and a reader that takes ARM's JSON in all the shapes people have.

ARM property names are matched without regard to case and to ``_``, and a nested ``properties`` object is lifted, so the
same models read the nested form of ARM and Resource Graph, the flattened form of ``az … -o json`` and Python names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema


class ResourceId:
    """An Azure resource id: compared without regard to case, kept as written."""

    __slots__ = ("_key", "text")

    def __init__(self, text: str) -> None:
        self.text = text.strip().rstrip("/")
        self._key = self.text.lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __lt__(self, other: ResourceId) -> bool:
        return self._key < other._key

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ResourceId({self.text!r})"

    @property
    def key(self) -> str:
        """The id in lower case: equal ids have equal keys."""
        return self._key

    @property
    def name(self) -> str:
        return self.text.rsplit("/", 1)[-1]

    @property
    def parent(self) -> ResourceId:
        """The id two segments up: of a subnet its virtual network, of a rule its group."""
        return ResourceId("/".join(self.text.split("/")[:-2]))

    @property
    def type(self) -> str:
        """``microsoft.network/virtualnetworks/subnets``, always lower case; empty for an id without a provider."""
        parts = self._key.split("/providers/")[-1].split("/") if "/providers/" in self._key else []
        return "/".join([parts[0], *parts[1::2]]) if len(parts) > 1 else ""

    def _segment_after(self, name: str) -> str:
        parts = self.text.split("/")
        for at, part in enumerate(parts[:-1]):
            if part.lower() == name:
                return parts[at + 1]
        return ""

    @property
    def subscription(self) -> str:
        return self._segment_after("subscriptions")

    @property
    def resource_group(self) -> str:
        return self._segment_after("resourcegroups")

    def child(self, kind: str, name: str) -> ResourceId:
        return ResourceId(f"{self.text}/{kind}/{name}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(min_length=1))
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), from_text],
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )


def id_of(value: Any) -> Any:
    """ARM writes a reference as ``{"id": …}``; az sometimes prints the bare id."""
    if isinstance(value, dict):
        return next((text for key, text in value.items() if key.lower() == "id"), None)
    return value


#: A reference to another resource: ``{"id": "…"}`` or the id itself.
Reference = Annotated[ResourceId, BeforeValidator(id_of)]


def _list_of(value: Any) -> Any:
    """ARM writes an absent list as nothing, as null or as []."""
    return () if value is None else value


type_of_tuple = BeforeValidator(_list_of)
#: Lists that may be null.
Strings = Annotated[tuple[str, ...], type_of_tuple]
References = Annotated[tuple[Reference, ...], type_of_tuple]


def _tags(value: Any) -> Any:
    return {str(name): str(held) for name, held in value.items()} if isinstance(value, dict) else {}


#: Tags as text; an export writes none as null.
Tags = Annotated[dict[str, str], BeforeValidator(_tags)]


def squash(name: object) -> str:
    """The spelling in which property names are compared: lower case, without ``_``."""
    return str(name).replace("_", "").lower()


def lift(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """`raw` with squashed names and its ``properties`` lifted beside them; the outer value wins.

    What is null is left out: ARM, az and above all Resource Graph write null for what a resource does not have.
    """
    fields = _squashed(raw)
    properties = fields.pop("properties", None)
    return (_squashed(properties) if isinstance(properties, dict) else {}) | fields


def _squashed(raw: Mapping[Any, Any]) -> dict[str, Any]:
    return {squash(key): value for key, value in raw.items() if value is not None}


class ArmModel(BaseModel):
    """A frozen piece of ARM JSON. Property names are read in any case; ``properties`` is lifted into its owner."""

    # Built when first used: a network holds few of the kinds that there are.
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=squash, validate_by_name=False, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        return lift(value) if isinstance(value, dict) else value


class Resource(ArmModel):
    """Anything with an id of its own."""

    id: ResourceId
    name: str = ""
    location: str = ""
    resource_guid: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_from_id(cls, value: Any) -> Any:
        if isinstance(value, dict):
            names = {squash(key): key for key in value}
            if "id" in names and not value.get(names.get("name", "")):
                identity = value[names["id"]]
                value = {**value, "name": str(identity).rstrip("/").rsplit("/", 1)[-1]}
        return value
