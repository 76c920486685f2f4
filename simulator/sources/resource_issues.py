"""The issues met while reading resources, in the words of a person who made the export."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import ValidationError

from simulator.azure.resource import ResourceId, squash
from simulator.azure.snapshot import Issue
from simulator.sources.arm_fields import MAY_BE_UNKNOWN, camel_case, is_expression, spelled
from simulator.sources.envelopes import Found
from simulator.sources.problems import shorten

_EXPORT_AGAIN = "export the resource again with Resource Graph or `az network … list -o json`"
_ONE_MOMENT = "export everything at one moment"
_RESOLVE = "give resolved values: `bicep snapshot` with --subscription-id, --resource-group and --location"


def bad_id(place: str, name: Any, identity: Any) -> Issue:
    message = f"{name}: {shorten(identity)} is not the id of an Azure resource"
    return Issue("error", "VNS1101", message, place, _RESOLVE if is_expression(identity) else _EXPORT_AGAIN)


def invalid(found: Found, identity: ResourceId, error: ValidationError) -> Issue:
    """The first thing that does not fit, with its value and its place in the file."""
    details = error.errors(include_url=False, include_context=False)
    path = tuple(details[0]["loc"])
    text, names, value = spelled(found.raw, path)
    field = camel_case(str(path[-1])) if path else "the resource"
    if details[0]["type"] == "missing":
        reason = f"{field} is missing"
    else:
        given = shorten(details[0]["input"] if value is None else value)
        reason = f"{field} {given} does not fit: {details[0]['msg'].replace('Input ', '')}"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    message = f"{'/'.join([identity.name, *names])}: {reason}{more}; the resource is left out"
    return Issue("error", "VNS1101", message, found.place + text, _EXPORT_AGAIN)


def broken_child(place: str, identity: ResourceId) -> Issue:
    message = f"{identity.name} is left out because one of its children could not be read"
    return Issue("error", "VNS1101", message, place, "mend the child that is named beside this")


def no_parent(place: str, parent: ResourceId, child: ResourceId, counts: Counter[str]) -> Issue:
    what = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    message = f"{parent.name} is not in the export, so its {what} ({child.name}, …) are left out"
    return Issue("warning", "VNS1102", message, place, f"export {parent} too")


def given_twice(place: str, identity: ResourceId, earlier: str) -> Issue:
    message = f"{identity.name} is given twice with different contents; the later one is used"
    return Issue("warning", "VNS1103", message, place, f"the other stands at {earlier}; {_ONE_MOMENT}")


def differs_from_parent(place: str, identity: ResourceId) -> Issue:
    message = f"{identity.name} differs from what its parent says of it; the resource of its own is used"
    return Issue("warning", "VNS1103", message, place, _ONE_MOMENT)


def unresolved(found: Found, identity: ResourceId, path: tuple[Any, ...], expression: str) -> Issue:
    text, names, _ = spelled(found.raw, path)
    field = camel_case(str(next(step for step in reversed(path) if isinstance(step, str))))
    what = f"{'/'.join([identity.name, *names])}: {field} is the unresolved expression {shorten(expression)}"
    if squash(path[-1]) in MAY_BE_UNKNOWN:
        return Issue("warning", "VNS1104", f"{what}; it counts as unknown", found.place + text, _RESOLVE)
    return Issue("error", "VNS1104", f"{what}; the resource is left out", found.place + text, _RESOLVE)


def not_modelled(kind: str, ids: list[str]) -> Issue:
    message = f"{len(ids)} of type {kind} not modelled, for example {ids[0]}"
    return Issue("info", "VNS1105", message, ids[0])


def other_kinds(counts: Counter[str]) -> Issue:
    kinds = sorted(counts)
    named = ", ".join(kinds[:20]) + (f" and {len(kinds) - 20} more" if len(kinds) > 20 else "")
    message = f"{counts.total()} resources of other kinds were left out: {named}"
    return Issue("info", "VNS1106", message)


def only_named(kind: str, places: list[str]) -> Issue:
    message = f"{len(places)} of type {kind} left out: only their names are here, their properties are missing"
    hint = "`az resource list` and queries that project columns leave properties out: use `az network … list -o json`"
    return Issue("error", "VNS1108", message, places[0], hint)


def children_not_exported(place: str, identity: ResourceId, collection: str, first: ResourceId, count: int) -> Issue:
    message = f"{identity.name} is left out: {count} of its {collection} ({first.name}, …) are not in the export"
    return Issue("error", "VNS1108", message, place, "export them too; half of it would answer wrongly")


def empty_manager(identity: ResourceId) -> Issue:
    message = f"{identity.name} has no configuration in the export: what it deploys, if anything, is not applied"
    hint = "export what lies under it: networkGroups, and securityAdmin-, connectivity- and routingConfigurations"
    return Issue("warning", "VNS1110", message, str(identity), hint)


def rules_not_exported(identity: ResourceId, missing: str) -> Issue:
    message = f"{identity.name} has no {missing} in the export: it is read as one that has none"
    return Issue("warning", "VNS1111", message, str(identity), f"export its {missing} too: ARM keeps them beside it")


def nothing_read() -> Issue:
    return Issue("warning", "VNS1013", "the export holds no resources at all", hint=_EXPORT_AGAIN)
