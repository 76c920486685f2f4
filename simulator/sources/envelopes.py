"""The wrappers that Azure's tools put around resources, and the JSON files that are something else.

Learn: azure/governance/resource-graph/concepts/work-with-data, azure/azure-resource-manager/bicep/bicep-cli
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from simulator.azure.snapshot import Issue
from simulator.errors import SourceError
from simulator.sources.problems import shorten

Keys = Mapping[str, Any]


class Found(Struct, frozen=True):
    """One resource as it was exported: `place` is ``file[2]`` or ``file.value[2]``."""

    place: str
    raw: Mapping[str, Any]


class OtherKind(Struct, frozen=True):
    """A kind of JSON file that holds no resolved resources: how to know it, and what to do instead."""

    is_it: Callable[[Keys], bool]
    code: str
    message: str
    hint: str


def _schema_names(keys: Keys, word: str) -> bool:
    return word in str(keys.get("$schema", "")).lower()


def _first(value: Any) -> Keys:
    """The keys of the first object in a list; nothing for anything else."""
    head = value[0] if isinstance(value, list) and value else None
    return _lowered(head) if isinstance(head, dict) else {}


def _is_template(keys: Keys) -> bool:
    wrapped = keys.get("template")
    inner = _lowered(wrapped) if isinstance(wrapped, dict) else {}
    return _schema_names(keys, "deploymenttemplate") or {"contentversion", "resources"} <= {*keys} | {*inner}


def _is_what_if(keys: Keys) -> bool:
    properties = keys.get("properties")
    changes = keys.get("changes", _lowered(properties).get("changes") if isinstance(properties, dict) else None)
    return isinstance(changes, list) and "id" not in keys and (not changes or "changetype" in _first(changes))


def _is_flow_log(keys: Keys) -> bool:
    first = _first(keys.get("records"))
    return "flowrecords" in first or "flowlog" in str(first.get("category", "")).lower() or "flows" in keys


def _is_effective_rules(keys: Keys) -> bool:
    return "effectivesecurityrules" in keys or "effectivesecurityrules" in _first(keys.get("value"))


def _is_effective_routes(keys: Keys) -> bool:
    row = _first(keys.get("value")) or keys
    return "nexthoptype" in row and "id" not in row and "properties" not in row


#: Keys of IP flow verify, connection troubleshoot, NSG diagnostics and the security group view.
_WATCHER_ANSWERS = frozenset({"access", "connectionstatus", "results", "networkinterfaces"})

#: In order: the first that fits names the file.
OTHER_KINDS = (
    OtherKind(
        lambda keys: _schema_names(keys, "deploymentparameters"),
        "VNS1014",
        "this is the parameters file of an ARM template, which holds no resources",
        "give the resolved resources: `bicep snapshot`, or an export with Resource Graph or `az network … list`",
    ),
    OtherKind(
        _is_template,
        "VNS1014",
        "this is an ARM template, which is not read yet",
        "give the resolved resources: `bicep snapshot`, or an export with Resource Graph or `az network … list`",
    ),
    OtherKind(
        _is_what_if,
        "VNS1014",
        "this is a what-if result of Azure Resource Manager, which is not read yet",
        "give the resources as they are now: an export with Resource Graph or `az network … list`",
    ),
    OtherKind(
        lambda keys: "terraform_version" in keys and ("planned_values" in keys or "resource_changes" in keys),
        "VNS1014",
        "this is a Terraform plan, which is not read yet",
        "apply it and export the resources with Resource Graph or `az network … list`",
    ),
    OtherKind(
        lambda keys: "terraform_version" in keys,
        "VNS1014",
        "this is a Terraform state, which is not read yet",
        "export the resources with Resource Graph or `az network … list`",
    ),
    OtherKind(
        _is_effective_rules,
        "VNS1015",
        "this is an answer of Azure (effective security rules of one NIC), not the configuration it came from",
        "export the resources themselves: `az network nsg list`, `az network nic list` and so on, with -o json",
    ),
    OtherKind(
        _is_effective_routes,
        "VNS1015",
        "this is an answer of Azure (effective routes or next hop), not the configuration it came from",
        "export the resources themselves: `az network route-table list`, `az network vnet list` and so on",
    ),
    OtherKind(
        lambda keys: "id" not in keys and "type" not in keys and not _WATCHER_ANSWERS.isdisjoint(keys),
        "VNS1015",
        "this is an answer of Network Watcher, not the configuration it came from",
        "export the resources themselves: `az network nsg list`, `az network nic list` and so on, with -o json",
    ),
    OtherKind(
        _is_flow_log,
        "VNS1015",
        "this is a flow log, not a topology",
        "give it as the flow log, and a scenario or an export of resources as the topology",
    ),
    OtherKind(
        lambda keys: isinstance(keys.get("data"), dict) and "rows" in _lowered(keys["data"]),
        "VNS1014",
        "this is a Resource Graph answer in table form, which is not read",
        "ask with resultFormat objectArray, or with `az graph query -o json`",
    ),
)

#: Keys whose list holds resources.
LISTS = ("value", "data", "predictedresources")


_JSON_WORDS = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "a text"}


def _lowered(raw: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in raw.items()}


def unwrap(document: Any, place: str, issues: list[Issue]) -> Iterator[Found]:
    """Every resource in one parsed JSON document; what is no resource goes to `issues`.

    Raises SourceError VNS1013 to VNS1015 when the whole document is something else.
    """
    if isinstance(document, list):
        _refuse_other_kinds(_first(document), place)
        yield from _each(document, place, issues)
        return
    if not isinstance(document, dict):
        raise _no_resources(_JSON_WORDS.get(type(document), f"a {type(document).__name__}"), place)
    keys = _lowered(document)
    _refuse_other_kinds(keys, place)
    name = next((key for key in document if key.lower() in LISTS and isinstance(document[key], list)), None)
    if name is not None and "id" not in keys:
        _warn_of_pages(keys, place, issues)
        yield from _each(document[name], f"{place}.{name}", issues)
    elif _is_resource(document):
        yield Found(place, document)
    else:
        raise _no_resources(f"an object with the keys {', '.join(list(keys)[:6]) or '(none)'}", place)


def _refuse_other_kinds(keys: Keys, place: str) -> None:
    for kind in OTHER_KINDS:
        if kind.is_it(keys):
            raise SourceError(kind.message, code=kind.code, place=place, hint=kind.hint)


def _no_resources(what: str, place: str) -> SourceError:
    hint = "resources have an id and a type; export them with Resource Graph or `az network … list`"
    return SourceError(f"no Azure resources in it: it is {what}", code="VNS1013", place=place, hint=hint)


def _is_resource(item: Any) -> bool:
    return isinstance(item, dict) and not {"id", "type"}.isdisjoint(_lowered(item))


def _each(items: list[Any], place: str, issues: list[Issue]) -> Iterator[Found]:
    if items and not any(map(_is_resource, items)):
        raise _no_resources(f"a list of {shorten(items[0])} and the like", place)
    for at, item in enumerate(items):
        if _is_resource(item):
            yield Found(f"{place}[{at}]", item)
        else:
            message = f"an entry without id and type is no resource and was left out: {shorten(item)}"
            hint = "one list holds resources only; lists within lists are not read"
            issues.append(Issue("error", "VNS1107", message, f"{place}[{at}]", hint))


def _warn_of_pages(keys: Keys, place: str, issues: list[Issue]) -> None:
    """A list that Azure cut into pages holds only part of the network."""
    token = next((key for key in ("nextlink", "$skiptoken", "skiptoken", "skip_token") if keys.get(key)), None)
    truncated = str(keys.get("resulttruncated", "")).lower() == "true"
    if token or truncated:
        total = keys.get("totalrecords", keys.get("total_records"))
        of = f" of {total} records" if isinstance(total, int) else ""
        message = f"this is one page{of}: resources on the other pages are not in the network"
        hint = "export all pages into one folder; `az graph query` gives the next one with --skip-token"
        issues.append(Issue("warning", "VNS1109", message, place, hint))
