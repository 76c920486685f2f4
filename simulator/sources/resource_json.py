"""Resolved Azure resources as JSON in, Snapshot out.

Reads what Resource Graph, ``az``, the portal's JSON view and ``bicep snapshot`` write: see `envelopes` for the wrappers.
Child resources are hung onto their parents. A resource that cannot be read whole is left out with an Issue, and takes its
parents with it: half a security group would answer wrongly, a missing one answers UNKNOWN.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import ArmModel, Resource, ResourceId
from simulator.azure.security_group import ApplicationSecurityGroup
from simulator.azure.snapshot import Issue, Snapshot
from simulator.errors import SourceError
from simulator.sources.arm_fields import (
    CHILD_MODELS,
    CHILDREN,
    IDENTITY,
    MAY_BE_UNKNOWN,
    SAME_KIND,
    Fields,
    camel_case,
    complete,
    expressions,
    field_names,
    is_bare_reference,
    is_expression,
    lift,
    model_of,
    spelled,
    squash,
    without_unknowns,
)
from simulator.sources.envelopes import Found, unwrap
from simulator.sources.problems import raise_all, shorten

_EXPORT_HINT = "export the resource again with Resource Graph or `az network … list -o json`"
_EXPRESSION_HINT = "give resolved values: `bicep snapshot` with --subscription-id, --resource-group and --location"


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


@dataclass(frozen=True)
class _Entry:
    """One resource that is modelled, as it was found."""

    found: Found
    id: ResourceId
    kind: str
    model: type[ArmModel]


class _Reader:
    """Takes resources in the order of the files, then joins them: children first, so that parents can hold them."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.entries: list[_Entry] = []
        self.not_modelled: dict[str, list[str]] = defaultdict(list)
        self.other_kinds: Counter[str] = Counter()
        self.only_named: dict[str, list[Found]] = defaultdict(list)
        self.hung: dict[ResourceId, list[tuple[_Entry, ArmModel]]] = defaultdict(list)
        self.broken: set[ResourceId] = set()
        self.resources: dict[ResourceId, Resource] = {}
        self.origin: dict[ResourceId, str] = {}

    def take(self, found: Found) -> None:
        fields = {squash(key): value for key, value in found.raw.items()}
        identity = fields.get("id")
        given = fields.get("type")
        kind = self._kind(identity, given)
        model = model_of(kind)
        if model is None:
            self._take_other(str(given) if isinstance(given, str) else kind, identity)
        elif not isinstance(identity, str) or is_expression(identity) or model_of(self._kind(identity, "")) is None:
            message = f"{fields.get('name') or kind}: {shorten(identity)} is not the id of an Azure resource"
            hint = _EXPRESSION_HINT if is_expression(identity) else _EXPORT_HINT
            self.issues.append(Issue("error", "VNS1101", message, found.place, hint))
        elif _says_nothing(found.raw, model):
            self.only_named[kind].append(found)
            self._break(ResourceId(identity), kind)
        else:
            self.entries.append(_Entry(found, ResourceId(identity), kind, model))

    @staticmethod
    def _kind(identity: Any, given: Any) -> str:
        """The type that the resource says it has, else the one in its id; lower case."""
        said = given.lower() if isinstance(given, str) else ""
        from_id = ResourceId(identity).type if isinstance(identity, str) else ""
        kind = said if model_of(said) is not None else from_id or said
        return SAME_KIND.get(kind, kind)

    def _take_other(self, kind: str, identity: Any) -> None:
        kind = kind or "(no type)"
        if kind.lower().startswith("microsoft.network/"):
            self.not_modelled[kind.lower()].append(str(identity))
        else:
            self.other_kinds[kind.lower()] += 1

    def snapshot(self, name: str) -> Snapshot:
        for entry in sorted(self._without_repeats(), key=lambda entry: -entry.kind.count("/")):
            model = self._read(entry)
            if model is None:
                self._break(entry.id, entry.kind)
            elif entry.kind in CHILD_MODELS:
                self.hung[entry.id.parent].append((entry, model))
            elif isinstance(model, Resource) and entry.id not in self.broken:
                self.resources[entry.id] = model
        self._report_orphans()
        self._report_left_out()
        _join_machines(self.resources)
        self._report_empty_managers()
        return Snapshot(self.resources, issues=tuple(self.issues), name=name)

    def _break(self, identity: ResourceId, kind: str) -> None:
        """Leave out `identity` and everything above it."""
        self.broken.add(identity)
        while kind in CHILD_MODELS:
            identity, kind = identity.parent, kind.rsplit("/", 1)[0]
            self.broken.add(identity)

    def _without_repeats(self) -> list[_Entry]:
        """The last entry of every id, with a warning where an earlier one says something else."""
        last: dict[ResourceId, _Entry] = {}
        for entry in self.entries:
            earlier = last.pop(entry.id, None)
            if earlier is not None and _differ(earlier.found.raw, entry.found.raw):
                message = f"{entry.id.name} is given twice with different contents; the later one is used"
                hint = f"the other stands at {earlier.found.place}; export everything at one moment"
                self.issues.append(Issue("warning", "VNS1103", message, entry.found.place, hint))
            last[entry.id] = entry
        return [*last.values()]

    def _read(self, entry: _Entry) -> ArmModel | None:
        """The model of one entry with its children, or None after saying why not."""
        fields = complete(entry.found.raw, entry.id, entry.kind)
        fields["id"] = str(entry.id)
        fields = {key: value for key, value in fields.items() if key in field_names(entry.model)}
        unresolved = [*expressions(fields)]
        for path, text in unresolved:
            self._report_expression(entry, path, text)
        if any(squash(path[-1]) not in MAY_BE_UNKNOWN for path, _ in unresolved):
            return None
        if unresolved:
            fields = without_unknowns(fields)
        if not self._hang(entry, fields):
            return None
        try:
            return entry.model.model_validate(fields)
        except ValidationError as error:
            self.issues.append(_validation_issue(entry, error))
            return None

    def _hang(self, entry: _Entry, fields: Fields) -> bool:
        """Put child resources into their collections; False when a child that is named is not to be had."""
        for child, model in self.hung.pop(entry.id, ()):
            self._hang_one(fields, child, model)
        if entry.id in self.broken:
            message = f"{entry.id.name} is left out because one of its children could not be read"
            self.issues.append(
                Issue("error", "VNS1101", message, entry.found.place, "mend the child named beside this")
            )
            return False
        for name in CHILDREN.get(entry.kind, {}):
            children = fields.get(name.lower())
            named = [child for child in children if is_bare_reference(child)] if isinstance(children, list) else []
            if named:
                first = ResourceId(str(lift(named[0]).get("id", ""))).name
                message = f"{entry.id.name} names {len(named)} of its {name} ({first}, …) that are not in the export"
                hint = "export them too; until then it is left out, so that nothing is decided from half of it"
                self.issues.append(Issue("error", "VNS1108", message, entry.found.place, hint))
                return False
        return True

    def _hang_one(self, fields: Fields, child: _Entry, model: ArmModel) -> None:
        name = child.kind.rsplit("/", 1)[1]
        children = fields.get(name)
        inline = [*children] if isinstance(children, list) else []
        for at, held in enumerate(inline):
            if isinstance(held, dict) and str(held.get("name", "")).lower() == child.id.name.lower():
                break
            if isinstance(held, dict) and str(held.get("id", "")).lower() == child.id.key:
                break
        else:
            fields[name] = [*inline, model]
            return
        if not is_bare_reference(held) and not _reads_as(held, model):
            message = f"{child.id.name} differs from what its parent says; the resource of its own is used"
            self.issues.append(
                Issue("warning", "VNS1103", message, child.found.place, "export everything at one moment")
            )
        inline[at] = model
        fields[name] = inline

    def _report_expression(self, entry: _Entry, path: tuple[Any, ...], expression: str) -> None:
        text, names, _ = spelled(entry.found.raw, path)
        label = "/".join([entry.id.name, *names])
        field = camel_case(str(path[-1])) if not isinstance(path[-1], int) else camel_case(str(path[-2]))
        unknown = squash(path[-1]) in MAY_BE_UNKNOWN
        message = f"{label}: {field} is the unresolved expression {shorten(expression)}" + (
            "; it counts as unknown" if unknown else "; the resource is left out"
        )
        severity: Any = "warning" if unknown else "error"
        self.issues.append(Issue(severity, "VNS1104", message, entry.found.place + text, _EXPRESSION_HINT))

    def _report_orphans(self) -> None:
        for parent, children in self.hung.items():
            if parent in self.broken:
                continue
            kinds = ", ".join(
                f"{count} {kind.rsplit('/', 1)[1]}"
                for kind, count in Counter(entry.id.type for entry, _ in children).items()
            )
            message = f"{parent.name} is not in the export, so its {kinds} ({children[0][0].id.name}, …) are left out"
            hint = f"export {parent} too"
            self.issues.append(Issue("warning", "VNS1102", message, children[0][0].found.place, hint))

    def _report_left_out(self) -> None:
        for kind, found in sorted(self.only_named.items()):
            message = f"{len(found)} of type {kind} are only named (their properties are missing) and were left out"
            hint = "`az resource list` and queries that project columns leave properties out: use `az network … list`"
            self.issues.append(Issue("error", "VNS1108", message, found[0].place, hint))
        for kind, ids in sorted(self.not_modelled.items()):
            message = f"{len(ids)} of type {kind} are not modelled, for example {ids[0]}"
            self.issues.append(Issue("info", "VNS1105", message, ids[0]))
        if self.other_kinds:
            total = sum(self.other_kinds.values())
            kinds = ", ".join(sorted(self.other_kinds))
            message = f"{total} resources of other kinds were left out: {kinds}"
            self.issues.append(Issue("info", "VNS1106", message))

    def _report_empty_managers(self) -> None:
        for manager in self.resources.values():
            if isinstance(manager, NetworkManager) and not (
                manager.security_admin_configurations or manager.connectivity_configurations
            ):
                message = f"{manager.name} has no configuration in the export: its admin rules, if any, are not applied"
                hint = "export its networkGroups, securityAdminConfigurations and connectivityConfigurations too"
                self.issues.append(Issue("warning", "VNS1110", message, str(manager.id), hint))


def _says_nothing(raw: Mapping[str, Any], model: type[ArmModel]) -> bool:
    """True for a resource of which only the identity was exported; an empty ``properties`` object does say something."""
    if model is ApplicationSecurityGroup:
        return False
    if any(squash(key) == "properties" and isinstance(value, dict) for key, value in raw.items()):
        return False
    return (field_names(model) - IDENTITY).isdisjoint(lift(raw))


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True when two exports of one resource differ in what the models read."""
    if one == other:
        return False
    first, second = lift(one), lift(other)
    kind = _Reader._kind(first.get("id"), first.get("type"))
    model = model_of(kind)
    if model is None:
        return True
    identity = ResourceId(str(first["id"]))
    try:
        return model.model_validate(complete(one, identity, kind)) != model.model_validate(
            complete(other, identity, kind)
        )
    except ValidationError:
        return first != second


def _reads_as(held: Any, model: ArmModel) -> bool:
    """True when the inline child says the same as the resource of its own."""
    if isinstance(held, ArmModel):
        return held == model
    try:
        return type(model).model_validate(held) == model
    except ValidationError:
        return False


def _validation_issue(entry: _Entry, error: ValidationError) -> Issue:
    """The first thing that does not fit, with its value and its place in the file."""
    details = error.errors(include_url=False, include_context=False)
    first = details[0]
    path = tuple(first["loc"])
    text, names, value = spelled(entry.found.raw, path)
    label = "/".join([entry.id.name, *names])
    field = camel_case(str(path[-1])) if path else "the resource"
    if first["type"] == "missing":
        reason = f"{field} is missing"
    else:
        reason = f"{field} {shorten(first['input'] if value is None else value)} does not fit: " + first["msg"].replace(
            "Input ", ""
        )
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return Issue(
        "error", "VNS1101", f"{label}: {reason}{more}; the resource is left out", entry.found.place + text, _EXPORT_HINT
    )


def _join_machines(resources: dict[ResourceId, Resource]) -> None:
    """Give a NIC without a back reference the virtual machine whose network profile names it."""
    for machine in [held for held in resources.values() if isinstance(held, VirtualMachine)]:
        for reference in machine.network_profile.network_interfaces:
            nic = resources.get(reference)
            if isinstance(nic, NetworkInterface) and nic.virtual_machine is None:
                resources[nic.id] = nic.model_copy(update={"virtual_machine": machine.id})
