"""One step of a change: what it says, where it says so, and how it is read and refused.

======== ============================================ ======== ======================================================
VNS4001  not a change file                            VNS4002  an unknown kind of step
VNS4003  an unknown key                               VNS4004  a missing key, or a value that does not fit
VNS4005  a name that nothing has                      VNS4006  a name that several have
VNS4007  adding what is there                         VNS4008  removing or editing what is not there
VNS4009  the result is a network that Azure refuses   VNS4010  a change in brief that is not written as it has to be
======== ============================================ ======== ======================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.azure.snapshot import Snapshot
from simulator.errors import ChangeError
from simulator.sources.problems import did_you_mean, shorten
from simulator.sources.scenario_fields import Part
from simulator.sources.yaml_text import Document, Path

P = TypeVar("P", bound=Part)
K = TypeVar("K", bound=str)


class Position(Struct, frozen=True):
    """A place in a change file; or the option of a command that says a change in brief, such as ``--move a=b``."""

    document: Document | str
    path: Path = ()

    def __truediv__(self, key: str | int) -> Position:
        """The place of a key or list item below."""
        return Position(self.document, (*self.path, key))

    def __str__(self) -> str:
        return self.document if isinstance(self.document, str) else self.document.place(self.path)

    def error(self, code: str, message: str, hint: str = "") -> ChangeError:
        """What is wrong with the value here."""
        return ChangeError(message, code=code, place=str(self), hint=hint)

    def key_error(self, code: str, message: str, hint: str = "") -> ChangeError:
        """What is wrong with the key itself."""
        place = self.document if isinstance(self.document, str) else self.document.key_place(self.path)
        return ChangeError(message, code=code, place=place, hint=hint)


class Step(Protocol):
    """One kind of change with what it says. `apply` never alters the snapshot it is given."""

    @property
    def position(self) -> Position: ...

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot after this step. Raises ChangeError where the step does not fit the snapshot."""
        ...


class Body(Struct, frozen=True):
    """The mapping of one step, read key by key."""

    value: Mapping[str, Any]
    position: Position

    @classmethod
    def of(cls, value: Any, position: Position, *, keys: tuple[str, ...]) -> Body:
        """`value` as a mapping that may hold `keys` and no others."""
        if not isinstance(value, dict):
            hint = f"write {{{', '.join(f'{key}: …' for key in keys)}}}"
            raise position.error("VNS4004", f"a step is a mapping of keys, not {shorten(value)}", hint)
        unknown = next((key for key in value if key not in keys), None)
        if unknown is not None:
            hint = did_you_mean(unknown, keys, otherwise="known keys are")
            raise (position / unknown).key_error("VNS4003", f"unknown key {unknown!r}", hint)
        return cls(value, position)

    def has(self, key: str) -> bool:
        return key in self.value

    def text(self, key: str) -> str:
        """A name or id."""
        held = self._required(key)
        if not isinstance(held, str) or not held.strip():
            message = f"{key} should be a name or an id, not {shorten(held)}"
            raise (self.position / key).error("VNS4004", message, f"write {key}: NAME")
        return held.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """One name or several."""
        held = self._required(key)
        listed = held if isinstance(held, list) else [held]
        for at, value in enumerate(listed):
            if not isinstance(value, str) or not value.strip():
                place = self.position / key / at if isinstance(held, list) else self.position / key
                raise place.error(
                    "VNS4004", f"{key} should hold names, not {shorten(value)}", f"write {key}: [NAME, …]"
                )
        if not listed:
            raise (self.position / key).error("VNS4004", f"{key} is empty", f"write {key}: [NAME, …]")
        return tuple(value.strip() for value in listed)

    def flag(self, key: str) -> bool:
        held = self._required(key)
        if not isinstance(held, bool):
            message = f"{key} should be true or false, not {shorten(held)}"
            raise (self.position / key).error("VNS4004", message, f"write {key}: true, or {key}: false")
        return held

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of `choices`, in any case; spelled as Azure spells it."""
        said = self.text(key)
        spelled = {choice.lower(): choice for choice in choices}
        if said.lower() not in spelled:
            raise (self.position / key).error(
                "VNS4004", f"{key} cannot be {shorten(said)}", did_you_mean(said, choices, otherwise="it is one of")
            )
        return spelled[said.lower()]

    def one_of(self, *keys: K) -> K:
        """The one of `keys` that is there."""
        named = [key for key in keys if self.has(key)]
        if len(named) != 1:
            choice = " or ".join(keys)
            message = f"a step names one {choice}, this one names {len(named)}"
            raise self.position.error("VNS4004", message, f"add {choice}: …" if not named else "keep one of them")
        return named[0]

    def mapping(self, key: str) -> Mapping[str, Any]:
        held = self._required(key)
        if not isinstance(held, dict) or not held:
            message = f"{key} should be a mapping of keys, not {shorten(held)}"
            raise (self.position / key).error("VNS4004", message, f"write {key}: {{key: value, …}}")
        return held

    def part(self, key: str, model: type[P]) -> P:
        """The value of `key` as a part of a scenario, which has the same keys and bounds there."""
        return read_part(model, self._required(key), self.position / key)

    def _required(self, key: str) -> Any:
        if key not in self.value:
            raise self.position.error("VNS4004", f"{key} is missing", f"add {key}: …")
        return self.value[key]


def read_part(model: type[P], value: Any, position: Position) -> P:
    """`value` as `model`. Raises ChangeError for the first thing that does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        raise _refusal(model, invalid.errors(include_url=False)[0], position) from None


def _refusal(model: type[Part], details: ErrorDetails, position: Position) -> ChangeError:
    context = details.get("ctx", {})
    for step in details["loc"]:
        position = position / step
    key, value = (str(details["loc"][-1]) if details["loc"] else "the value"), shorten(details["input"])
    match details["type"]:
        case "extra_forbidden":
            hint = did_you_mean(key, model.model_fields, otherwise="known keys are")
            return position.key_error("VNS4003", f"unknown key {key!r}", hint)
        case "missing":
            return position.error("VNS4004", f"{key} is missing", f"add {key}: …")
        case "refused":
            return position.error("VNS4004", context["message"], context["hint"])
        case "greater_than_equal":
            return position.error("VNS4004", f"{key} {value} is below Azure's minimum of {context['ge']}")
        case "less_than_equal":
            return position.error("VNS4004", f"{key} {value} is above Azure's maximum of {context['le']}")
        case "literal_error":
            return position.error("VNS4004", f"{key} cannot be {value}", f"it is {context['expected']}")
    return position.error("VNS4004", f"{key} {value}: {details['msg'].lower()}")
