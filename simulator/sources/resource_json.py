"""Resolved Azure resources as JSON in, Snapshot out.

Reads what Resource Graph, ``az``, the portal's JSON view and ``bicep snapshot`` write; `envelopes` knows the wrappers.
Child resources are hung onto their parents. A resource that cannot be read whole is left out with an Issue, and so are
its parents: half a security group would answer wrongly, a missing one answers UNKNOWN.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from pydantic import ValidationError

from simulator.azure.resource import ArmModel, Resource, ResourceId, lift, squash
from simulator.azure.snapshot import Issue, Snapshot
from simulator.errors import SourceError
from simulator.sources import resource_issues as issues_of
from simulator.sources.arm_fields import (
    CHILD_MODELS,
    CHILDREN,
    EVALUATES_EXPRESSIONS,
    MAY_BE_UNKNOWN,
    NAME_IS_ENOUGH,
    SAME_KIND,
    Fields,
    complete,
    expressions,
    field_names,
    is_bare_reference,
    is_expression,
    model_of,
    says_nothing,
    without_unknowns,
)
from simulator.sources.envelopes import Found, unwrap
from simulator.sources.problems import raise_all
from simulator.sources.resource_joins import incomplete, join


def resources_snapshot(documents: Iterable[tuple[str, Any]], name: str = "") -> Snapshot:
    """The network in parsed JSON `documents`, each given with its place (a file name).

    A document may also be the SourceError met while parsing it. One that holds something else than resources raises
    SourceError VNS1013 to VNS1015 when nothing else is there, and is an Issue beside documents that do.
    """
    reader = _Reader()
    refused: list[SourceError] = []
    read = 0
    for place, document in documents:
        try:
            if isinstance(document, SourceError):
                raise document
            for found in unwrap(document, place, reader.issues):
                reader.take(found)
            read += 1
        except SourceError as error:
            refused.append(error)
    if refused and not read:
        raise_all(refused, name or "the folder")
    reader.issues += [Issue("warning", error.code, error.message, error.place, error.hint) for error in refused]
    return reader.snapshot(name)


class Entry(Struct, frozen=True):
    """One resource of a modelled kind, as it was found; `kind` is its type in lower case."""

    found: Found
    id: ResourceId
    kind: str
    model: type[ArmModel]


class _Reader:
    """Takes resources in the order of the files, then joins them: children first, so that parents can hold them."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.entries: list[Entry] = []
        self.not_modelled: dict[str, list[str]] = defaultdict(list)
        self.other_kinds: Counter[str] = Counter()
        self.only_named: dict[str, list[str]] = defaultdict(list)
        self.hung: dict[ResourceId, list[tuple[Entry, ArmModel]]] = defaultdict(list)
        self.broken: set[ResourceId] = set()
        self.resources: dict[ResourceId, Resource] = {}

    def take(self, found: Found) -> None:
        fields = {squash(key): value for key, value in found.raw.items()}
        identity, given = fields.get("id"), fields.get("type")
        kind = _kind(identity, given)
        model = model_of(kind)
        if model is None:
            self._take_other(given if isinstance(given, str) else kind, identity)
        elif not isinstance(identity, str) or model_of(_kind(identity, "")) is None:
            self.issues.append(issues_of.bad_id(found.place, fields.get("name") or kind, identity))
        elif says_nothing(found.raw, model):
            self.only_named[kind].append(found.place)
            self._break(ResourceId(identity), kind)
        else:
            self.entries.append(Entry(found, ResourceId(identity), kind, model))

    def _take_other(self, kind: str, identity: Any) -> None:
        kind = kind.lower() or "(no type)"
        if kind.startswith("microsoft.network/"):
            self.not_modelled[kind].append(str(identity))
        else:
            self.other_kinds[kind] += 1

    def snapshot(self, name: str) -> Snapshot:
        for entry in sorted(self._without_repeats(), key=lambda entry: -entry.kind.count("/")):
            model = self._read(entry)
            if model is None:
                self._break(entry.id, entry.kind)
            elif entry.kind in CHILD_MODELS:
                self.hung[entry.id.parent].append((entry, model))
            elif isinstance(model, Resource):
                self.resources[entry.id] = model
        join(self.resources)
        self._report()
        return Snapshot(self.resources, issues=tuple(self.issues), name=name)

    def _report(self) -> None:
        for parent, children in self.hung.items():
            if parent not in self.broken:
                entries = [entry for entry, _ in children]
                counts = Counter(entry.kind.rsplit("/", 1)[1] for entry in entries)
                self.issues.append(issues_of.no_parent(entries[0].found.place, parent, entries[0].id, counts))
        self.issues += [issues_of.only_named(kind, places) for kind, places in sorted(self.only_named.items())]
        self.issues += [issues_of.not_modelled(kind, ids) for kind, ids in sorted(self.not_modelled.items())]
        if self.other_kinds:
            self.issues.append(issues_of.other_kinds(self.other_kinds))
        self.issues += incomplete(self.resources)
        if not self.resources and not self.issues:
            self.issues.append(issues_of.nothing_read())

    def _break(self, identity: ResourceId, kind: str) -> None:
        """Leave out `identity` and everything above it."""
        self.broken.add(identity)
        while kind in CHILD_MODELS:
            identity, kind = identity.parent, kind.rsplit("/", 1)[0]
            self.broken.add(identity)

    def _without_repeats(self) -> list[Entry]:
        """The last entry of every id, with a warning where an earlier one says something else."""
        last: dict[ResourceId, Entry] = {}
        for entry in self.entries:
            earlier = last.pop(entry.id, None)
            if earlier is not None and _differ(earlier, entry):
                self.issues.append(issues_of.given_twice(entry.found.place, entry.id, earlier.found.place))
            last[entry.id] = entry
        return [*last.values()]

    def _read(self, entry: Entry) -> ArmModel | None:
        """The model of one entry with its children, or None after saying why not."""
        fields = _fields_of(entry)
        unresolved = [*_unresolved(entry.kind, fields)]
        self.issues += [issues_of.unresolved(entry.found, entry.id, path, text) for path, text in unresolved]
        if any(squash(path[-1]) not in MAY_BE_UNKNOWN for path, _ in unresolved):
            return None
        if unresolved:
            fields = without_unknowns(fields)
        if not self._hang(entry, fields):
            return None
        try:
            return entry.model.model_validate(fields)
        except ValidationError as error:
            self.issues.append(issues_of.invalid(entry.found, entry.id, error))
            return None

    def _hang(self, entry: Entry, fields: Fields) -> bool:
        """Put child resources into their collections; False when a child that is named is not to be had."""
        hung: dict[str, list[tuple[Entry, ArmModel]]] = defaultdict(list)
        for child, model in self.hung.pop(entry.id, ()):
            hung[child.kind.rsplit("/", 1)[1]].append((child, model))
        for name, children in hung.items():
            inline = fields.get(name)
            fields[name] = self._joined(inline if isinstance(inline, list) else [], children)
        if entry.id in self.broken:
            self.issues.append(issues_of.broken_child(entry.found.place, entry.id))
            return False
        for name in (name for name, kind in CHILDREN.get(entry.kind, {}).items() if kind not in NAME_IS_ENOUGH):
            held = fields.get(name.lower())
            named = [child for child in held if is_bare_reference(child)] if isinstance(held, list) else []
            if named:
                first = ResourceId(str(lift(named[0]).get("id", "")))
                self.issues.append(
                    issues_of.children_not_exported(entry.found.place, entry.id, name, first, len(named))
                )
                return False
        return True

    def _joined(self, inline: list[Any], children: list[tuple[Entry, ArmModel]]) -> list[Any]:
        """The inline children with each of `children` in the place of its name, or at the end."""
        joined = [*inline]
        position = {name: at for at, held in enumerate(inline) for name in _names_of(held)}
        for child, model in children:
            at = position.get(child.id.key, position.get(child.id.name.lower()))
            if at is None:
                joined.append(model)
                continue
            if not is_bare_reference(inline[at]) and not _reads_as(inline[at], model):
                self.issues.append(issues_of.differs_from_parent(child.found.place, child.id))
            joined[at] = model
        return joined


def _kind(identity: Any, given: Any) -> str:
    """The type that the resource says it has where that is modelled, else the one in its id; lower case."""
    said = given.lower() if isinstance(given, str) else ""
    from_id = ResourceId(identity).type if isinstance(identity, str) and not is_expression(identity) else ""
    kind = said if model_of(said) is not None else from_id or said
    return SAME_KIND.get(kind, kind)


def _fields_of(entry: Entry) -> Fields:
    """What the model reads of one entry, inline children with their ids."""
    fields = complete(entry.found.raw, entry.id, entry.kind)
    return {key: value for key, value in fields.items() if key in field_names(entry.model)} | {"id": str(entry.id)}


def _unresolved(kind: str, fields: Fields) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Template expressions that hide something about the network, with their paths; tags may hold any."""
    if kind not in EVALUATES_EXPRESSIONS:
        yield from ((path, text) for path, text in expressions(fields) if path[0] != "tags")


def _differ(one: Entry, other: Entry) -> bool:
    """True when two exports of one resource differ in what the models read."""
    if one.found.raw == other.found.raw:
        return False
    first, second = _fields_of(one), _fields_of(other)
    try:
        return one.model.model_validate(first) != other.model.model_validate(second)
    except ValidationError:
        return first != second


def _names_of(held: Any) -> list[str]:
    """The id and the name of an inline child, lower case."""
    given = lift(held) if isinstance(held, dict) else {}
    identity, name = given.get("id"), given.get("name")
    keys = [ResourceId(identity).key] if isinstance(identity, str) else []
    return [*keys, name.lower()] if isinstance(name, str) else keys


def _reads_as(held: Any, model: ArmModel) -> bool:
    """True when the inline child says the same as the resource of its own."""
    try:
        return type(model).model_validate(held) == model
    except ValidationError:
        return False
