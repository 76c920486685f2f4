"""What is wrong with a scenario file, with the position, the value and the way out of each error."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from simulator.errors import SourceError
from simulator.sources.problems import did_you_mean, raise_all, shorten
from simulator.sources.scenario_file import Scenario
from simulator.sources.yaml_text import Document

Path = tuple[str | int, ...]

#: What a value should be, for pydantic's error types whose own words speak of Python.
_SHOULD_BE = {
    "string_type": ("text", "put it in quotes"),
    "string_too_short": ("text that is not empty", "write a value, or leave the key out"),
    "bool_type": ("true or false", "YAML 1.2 knows only true and false; yes, no, on and off are text"),
    "int_type": ("a whole number", "write it without quotes and without a decimal point"),
    "dict_type": ("a mapping of names", "write name: value lines, or leave the key out"),
    "model_type": ("a mapping of keys", "write key: value lines"),
    "model_attributes_type": ("a mapping of keys", "write key: value lines"),
    "list_type": ("a list", "write [] for none, or leave the key out"),
    "too_short": ("a list with at least one entry", "write a value, or leave the key out"),
}

#: A file with more is not read on.
_MOST_ERRORS = 200

#: Priorities that Azure refuses carry the code of the network room.
_PRIORITY = "VNS2004"


class ErrorList:
    """Errors of one scenario file in the order they are found; `raise_any` raises them sorted by position."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[SourceError] = []
        self._said: set[tuple[str, str]] = set()

    def add(self, code: str, message: str, path: Path, *, hint: str = "", at_key: bool = False) -> None:
        place = self.document.key_place(path) if at_key else self.document.place(path)
        if (message, place) not in self._said:
            self._said.add((message, place))
            self.errors.append(SourceError(message, code=code, place=place, hint=hint))
        if len(self.errors) >= _MOST_ERRORS:
            self.raise_any()

    def add_refusal(self, label: str, refusal: PydanticCustomError, path: Path) -> None:
        """What a field's own check refused, where it is called outside of a model."""
        held = refusal.context or {}
        self.add(held["code"], f"{label}: {held['message']}", path, hint=held["hint"])

    def add_invalid(self, error: ValidationError) -> None:
        """Every complaint of pydantic, in the words of a scenario."""
        for details in error.errors(include_url=False):
            self._add_details(details)

    def raise_any(self) -> None:
        raise_all(sorted(self.errors, key=_position), self.document.file)

    def _add_details(self, details: ErrorDetails) -> None:
        path, kind, held = _path(details["loc"]), details["type"], details.get("ctx", {})
        field = self._field(path)
        value = shorten(details["input"])
        if kind == "extra_forbidden":
            known = _known_keys(path[:-1])
            hint = did_you_mean(field, known, otherwise="known keys are")
            self.add("VNS1202", f"{self._of(path)}unknown key {field!r}", path, hint=hint, at_key=True)
        elif kind == "missing":
            self.add("VNS1203", f"{self._of(path)}{field} is missing", path[:-1], hint=f"add {field}: …", at_key=True)
        elif kind == "refused":
            is_key = details["loc"][-1:] == ("[key]",)
            is_whole = (
                bool(path) and not is_key and (isinstance(details["input"], dict) or _is_name(path, len(path) - 1))
            )
            where = f"{self.label(path)}: " if is_whole else self._of(path)
            self.add(held["code"], f"{where}{held['message']}", path, hint=held["hint"], at_key=is_key)
        elif kind == "greater_than_equal":
            reason = f"{field} {value} is below Azure's minimum of {held['ge']}"
            self._add_bound(path, field, reason)
        elif kind == "less_than_equal":
            reason = f"{field} {value} is above Azure's maximum of {held['le']}"
            self._add_bound(path, field, reason)
        elif kind == "literal_error":
            choices = held["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            hint = did_you_mean(str(details["input"]), choices, otherwise="it is one of")
            self.add("VNS1204", f"{self._of(path)}{field} cannot be {value}", path, hint=hint)
        else:
            should, hint = _SHOULD_BE.get(kind, (details["msg"].removeprefix("Input should be "), ""))
            instead = "but it is empty" if details["input"] is None else f"not {value}"
            self.add("VNS1204", f"{self._of(path)}{field} should be {should}, {instead}", path, hint=hint)

    def _add_bound(self, path: Path, field: str, reason: str) -> None:
        bounds = _bounds(path)
        hint = f"{_plural(field)} run from {bounds[0]} to {bounds[1]}" if bounds else ""
        code = _PRIORITY if field == "priority" else "VNS1204"
        self.add(code, f"{self._of(path)}{reason}", path, hint=hint)

    def _field(self, path: Path) -> str:
        """The key that `path` ends in, for a value of a list with its position: ``protocols[0]``."""
        at = next((at for at in reversed(range(len(path))) if isinstance(path[at], str)), None)
        if at is None:
            return "the file"
        here: Any = self.document.value
        for step in path[: at + 1]:
            here = _item(here, step)
        return str(path[at]) + ("".join(f"[{step}]" for step in path[at + 1 :]) if isinstance(here, list) else "")

    def _of(self, path: Path) -> str:
        label = self.label(path[:-1])
        return f"{label}: " if label else ""

    def label(self, path: Path) -> str:
        """The names on the way to `path`: ``nsg-web/allow-web`` for the rule of that name in that group."""
        names: list[str] = []
        here: Any = self.document.value
        for at, step in enumerate(path):
            here = _item(here, step)
            named = here.get("name") if isinstance(step, int) and isinstance(here, dict) else None
            if isinstance(named, str):
                names.append(named)
            elif isinstance(step, int) and names and names[-1] == path[at - 1]:
                names[-1] += f"[{step}]"
            elif isinstance(step, int):
                names.append(f"{path[at - 1]}[{step}]")
            elif _is_name(path, at):
                names.append(str(step))
        return "/".join(names)


def _plural(field: str) -> str:
    return "priorities" if field == "priority" else f"values of {field}"


def _position(error: SourceError) -> tuple[int, int]:
    *_, line, column = error.place.rsplit(":", 2)
    return int(line), int(column)


def _item(here: Any, step: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(step)
    return here[step] if isinstance(here, list) and isinstance(step, int) and step < len(here) else None


def _path(loc: Iterable[str | int]) -> Path:
    """pydantic's location without its notes: ``[key]`` for a key, the form of a peering in parentheses."""
    return tuple(step for step in loc if not (isinstance(step, str) and (step == "[key]" or step.startswith("("))))


def _is_name(path: Path, at: int) -> bool:
    """True when the step at `at` is a name that the user gave, not a key of the format."""
    return any(get_origin(kind) is dict for kind in _kinds_at(path[:at]))


def _known_keys(path: Path) -> list[str]:
    models = [kind for kind in _kinds_at(path) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _kinds_at(path: Path) -> list[Any]:
    """The models and collections that the value at `path` may be."""
    kinds: list[Any] = [Scenario]
    for step in path:
        kinds = [inner for kind in kinds for below in _below(kind, step) for inner in _alternatives(below)]
    return kinds


def _below(kind: Any, step: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.annotation for name, field in kind.model_fields.items() if (field.alias or name) == step]
    return [*get_args(kind)[-1:]] if get_origin(kind) in (dict, list) else []


def _alternatives(annotation: Any) -> list[Any]:
    """`annotation` without its metadata, and each side of a union by itself."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [inner for side in get_args(annotation) for inner in _alternatives(side)]
    return [annotation]


def _bounds(path: Path) -> tuple[int, int] | None:
    """The smallest and the largest value of the field at `path`."""
    for kind in _kinds_at(path[:-1]):
        if isinstance(kind, type) and issubclass(kind, BaseModel) and path[-1] in kind.model_fields:
            held = {type(bound): bound for bound in kind.model_fields[str(path[-1])].metadata}
            if {Ge, Le} <= {*held}:
                return held[Ge].ge, held[Le].le
    return None
