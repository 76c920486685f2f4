"""The condition language of Azure Policy, as far as it decides who is in a network group.

Every answer is True, False or None; None stands for what is not modelled or not in the export, and spreads as in
three-valued logic. Learn: azure/governance/policy/concepts/definition-structure-policy-rule
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec import Struct

#: A value that nobody knows; a field that the resource does not have is None.
UNKNOWN: Final = object()
_MOST_LEVELS = 50
_EXPRESSION = re.compile(r"\[\s*(?:([a-z]+)\(\s*(?:'([^']*)')?\s*\))((?:\.[a-z]+|\['[^']*'\])*)\s*\]", re.IGNORECASE)
_TAG = re.compile(r"tags?\s*(?:\[\s*'([^']*)'\s*\]|\[\s*([^'\]]+)\s*\]|\.(.+))", re.IGNORECASE)


class Subject(Struct, frozen=True):
    """The resource that a condition is asked of: its fields by name in lower case, and its tags.

    The value of a tag may be an expression that only a deployment resolves.
    """

    fields: Mapping[str, str]
    tags: Mapping[str, str]


def holds_for(condition: Any, subject: Subject, parameters: Mapping[str, Any], level: int = 0) -> bool | None:
    """Does the condition hold for the resource? `parameters` are those of the assignment, in lower case."""
    held = {str(key).lower(): value for key, value in condition.items()} if isinstance(condition, dict) else {}
    if level > _MOST_LEVELS:
        return None
    if isinstance(condition, list):
        return all_of(holds_for(part, subject, parameters, level + 1) for part in condition)
    for name, joined in (("allof", all_of), ("anyof", any_of)):
        if isinstance(held.get(name), list):
            return joined(holds_for(part, subject, parameters, level + 1) for part in held[name])
    if "not" in held:
        return negated(holds_for(held["not"], subject, parameters, level + 1))
    return _compare(held, subject, parameters)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return False if False in found else None if None in found else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    return negated(all_of(negated(answer) for answer in answers))


def negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def value_of(written: Any, subject: Subject | None, parameters: Mapping[str, Any]) -> Any:
    """A value as it is written, or what a simple template expression such as ``[parameters('x')]`` gives."""
    if isinstance(written, list):
        held = [value_of(part, subject, parameters) for part in written]
        return UNKNOWN if UNKNOWN in held else held
    if not isinstance(written, str) or not written.startswith("[") or not written.endswith("]"):
        return written
    # A template writes [[…] for what it leaves to Azure Policy to evaluate.
    found = _EXPRESSION.fullmatch(written[1:] if written.startswith("[[") else written)
    if found is None:
        return UNKNOWN
    function, argument, rest = found[1].lower(), found[2], found[3].lower()
    if function == "parameters" and argument is not None and not rest:
        return parameters.get(argument.lower(), UNKNOWN)
    if subject is None:
        return UNKNOWN
    if function == "field" and argument is not None and not rest:
        return _field(argument, subject)
    return subject.fields.get(f"{function}(){rest}", UNKNOWN) if argument is None else UNKNOWN


def _field(name: str, subject: Subject) -> Any:
    word = name.strip()
    tag = _TAG.fullmatch(word)
    if tag is not None:
        wanted = (tag[1] or tag[2] or tag[3]).lower()
        held = next((value for key, value in subject.tags.items() if key.lower() == wanted), None)
        return UNKNOWN if held is not None and held.startswith("[") and held.endswith("]") else held
    return subject.fields.get(word.lower(), UNKNOWN)


def _compare(condition: Mapping[str, Any], subject: Subject, parameters: Mapping[str, Any]) -> bool | None:
    """One field or value against one operator; a condition with anything else in it is not understood."""
    rest = {key: value for key, value in condition.items() if key not in ("field", "value")}
    if len(rest) != 1 or len(condition) != 2:
        return None
    ((operator, written),) = rest.items()
    given = condition["field"] if "field" in condition else condition["value"]
    if "field" in condition:
        name = value_of(given, subject, parameters)
        left = _field(name, subject) if isinstance(name, str) else UNKNOWN
    else:
        left = value_of(given, subject, parameters)
    right = value_of(written, subject, parameters)
    if "field" in condition and str(given).lower() == "location":
        right = _without_spaces(right)
    if left is UNKNOWN or right is UNKNOWN:
        return None
    if operator.startswith("not") and operator[3:] in _OPERATORS:
        return negated(_OPERATORS[operator[3:]](left, right))
    return _OPERATORS[operator](left, right) if operator in _OPERATORS else None


def _without_spaces(value: Any) -> Any:
    """Locations in any spelling: ``West Europe`` is ``westeurope``."""
    if isinstance(value, list):
        return [_without_spaces(part) for part in value]
    return "".join(value.split()) if isinstance(value, str) else value


def _text(value: Any) -> str | None:
    """Text for a comparison without regard to case; None for what has no text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).lower() if isinstance(value, str | int | float) else None


def _equals(left: Any, right: Any) -> bool | None:
    if left is None:
        return False
    one, other = _text(left), _text(right)
    return None if one is None or other is None else one == other


def _in(left: Any, right: Any) -> bool | None:
    return any_of(_equals(left, one) for one in right) if isinstance(right, list) else None


def _contains(left: Any, right: Any) -> bool | None:
    if left is None:
        return False
    one, other = _text(left), _text(right)
    return None if one is None or other is None else other in one


def _like(left: Any, right: Any) -> bool | None:
    """One ``*`` stands for any text; Azure takes no second one."""
    if left is None:
        return False
    one, other = _text(left), _text(right)
    if one is None or other is None or other.count("*") > 1:
        return None
    return fnmatchcase(one, re.sub(r"([?\[])", r"[\1]", other))


def _exists(left: Any, right: Any) -> bool | None:
    wanted = {"true": True, "false": False}.get(_text(right) or "")
    return None if wanted is None else (left is not None) == wanted


_OPERATORS: Mapping[str, Callable[[Any, Any], bool | None]] = {
    "equals": _equals,
    "in": _in,
    "contains": _contains,
    "like": _like,
    "exists": _exists,
}
