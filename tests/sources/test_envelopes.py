"""The same network in every wrapper, form and spelling is the same Snapshot; other kinds of JSON are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from simulator.azure.resource import Resource, ResourceId
from simulator.errors import SourceError
from simulator.sources.arm_fields import camel_case
from simulator.sources.load import load_snapshot
from simulator.sources.resource_json import resources_snapshot
from simulator.sources.scenario import scenario_snapshot
from tests.sources.arm import SPELLINGS, Json, arm, with_own_children

EVERYTHING = Path(__file__).parent / "data" / "everything.yaml"

WRAPPERS: dict[str, Callable[[list[Json]], Any]] = {
    "array": lambda resources: resources,
    "az and REST": lambda resources: {"value": resources, "nextLink": None},
    "Resource Graph": lambda resources: {"totalRecords": len(resources), "count": len(resources), "data": resources},
    "az graph": lambda resources: {"count": len(resources), "data": resources, "skip_token": None},
    "Bicep snapshot": lambda resources: {"predictedResources": resources, "diagnostics": []},
}


#: One resource of every kind, with children of every kind.
NETWORK: dict[ResourceId, Resource] = dict(scenario_snapshot(EVERYTHING).resources)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(WRAPPERS)),
    st.booleans(),
    st.sampled_from(sorted(SPELLINGS)),
    st.booleans(),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_every_form_reads_the_same(
    wrapper: str,
    nested: bool,
    spelling: str,
    own_children: bool,
    typed: bool,
    random: Any,
) -> None:
    resources = [arm(resource, nested=nested, spelling=spelling) for resource in NETWORK.values()]
    if own_children and spelling == "ARM":
        resources = with_own_children(resources)
    else:
        random.shuffle(resources)
    if not typed:
        resources = [{key: held for key, held in resource.items() if key.lower() != "type"} for resource in resources]
    snapshot = resources_snapshot([("export.json", WRAPPERS[wrapper](resources))])
    assert snapshot.issues == ()
    assert snapshot.resources == NETWORK


#: Columns of Resource Graph that most resources have nothing for.
_NO_VALUE = ("tenantId", "kind", "managedBy", "sku", "plan", "tags", "identity", "zones", "extendedLocation")


def with_nulls(resource: Any, model: BaseModel) -> Any:
    """`resource` with null for whatever its model knows and it does not have, on every level."""
    absent = {camel_case(name): None for name in type(model).model_fields if name not in model.model_fields_set}
    inner = {
        camel_case(name): [
            with_nulls(item, held) if isinstance(held, BaseModel) else item
            for item, held in zip(resource["properties"][camel_case(name)], getattr(model, name), strict=True)
        ]
        for name in model.model_fields_set - {"id", "name", "location"}
        if isinstance(getattr(model, name), tuple) and "properties" in resource
    }
    if "properties" not in resource:
        return absent | resource
    properties = {key: None for key in absent if key not in ("name", "location")} | resource["properties"] | inner
    return {key: None for key in _NO_VALUE} | resource | {"properties": properties}


def test_null_is_what_a_resource_does_not_have() -> None:
    rows = [with_nulls(arm(resource), resource) for resource in NETWORK.values()]
    snapshot = resources_snapshot([("graph.json", {"data": rows})])
    assert snapshot.issues == ()
    assert snapshot.resources == NETWORK


def test_one_file_for_each_resource_reads_the_same(tmp_path: Path) -> None:
    for at, resource in enumerate(with_own_children(map(arm, NETWORK.values()))):
        (tmp_path / f"{at:04}.json").write_text(json.dumps(resource))
    snapshot = load_snapshot(tmp_path)
    assert snapshot.issues == ()
    assert snapshot.resources == NETWORK


def test_children_may_stand_both_inside_and_beside_their_parents() -> None:
    inline = [arm(resource) for resource in NETWORK.values()]
    apart = [item for item in with_own_children(map(arm, NETWORK.values())) if ResourceId(item["id"]) not in NETWORK]
    snapshot = resources_snapshot([("a.json", inline), ("b.json", apart), ("c.json", inline)])
    assert snapshot.issues == ()
    assert snapshot.resources == NETWORK


RULE = {"name": "r", "properties": {"priority": 100}}
OTHER_KINDS: list[tuple[Any, str, str]] = [
    ({"$schema": "https://…/2019-04-01/deploymentTemplate.json#", "resources": []}, "VNS1014", "ARM template"),
    ({"contentVersion": "1.0.0.0", "resources": []}, "VNS1014", "ARM template"),
    ({"template": {"contentVersion": "1.0.0.0", "resources": []}}, "VNS1014", "ARM template"),
    ({"$schema": "https://…/2019-04-01/deploymentParameters.json#", "parameters": {}}, "VNS1014", "parameters file"),
    ({"status": "Succeeded", "properties": {"changes": [{"changeType": "Create"}]}}, "VNS1014", "what-if result"),
    ({"changes": [{"changeType": "Create"}]}, "VNS1014", "what-if result"),
    ({"format_version": "1.2", "terraform_version": "1.9", "planned_values": {}}, "VNS1014", "Terraform plan"),
    ({"version": 4, "terraform_version": "1.9", "resources": []}, "VNS1014", "Terraform state"),
    (
        {"value": [{"networkSecurityGroup": {}, "effectiveSecurityRules": [RULE]}]},
        "VNS1015",
        "effective security rules",
    ),
    ([{"networkSecurityGroup": {}, "effectiveSecurityRules": [RULE]}], "VNS1015", "effective security rules"),
    (
        {"value": [{"source": "Default", "addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet"}]},
        "VNS1015",
        "routes",
    ),
    ({"nextHopType": "Internet", "routeTableId": "System Route"}, "VNS1015", "next hop"),
    ({"access": "Deny", "ruleName": "UserRule_x"}, "VNS1015", "Network Watcher"),
    ({"results": [{"profile": {}}]}, "VNS1015", "Network Watcher"),
    ({"records": [{"category": "FlowLogFlowEvent", "flowRecords": {}}]}, "VNS1015", "flow log"),
    ({"data": {"columns": [], "rows": []}}, "VNS1014", "table form"),
    ({"records": [1]}, "VNS1013", "keys records"),
    ({}, "VNS1013", "(none)"),
    ([{"value": [{"value": []}]}], "VNS1013", "a list of"),
    ("text", "VNS1013", "it is a text"),
    (None, "VNS1013", "it is null"),
]


@pytest.mark.parametrize(("document", "code", "words"), OTHER_KINDS, ids=[words for *_, words in OTHER_KINDS])
def test_other_kinds_of_json_are_named(document: Any, code: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        resources_snapshot([("file.json", document)])
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.place == "file.json"
    assert caught.value.hint


def test_one_page_of_several_is_a_warning() -> None:
    network: Json = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"}
    network["properties"] = {}
    page = {"totalRecords": 2995, "count": 1, "data": [network], "$skipToken": "ew0K"}
    snapshot = resources_snapshot([("page.json", page)])
    assert len(snapshot.resources) == 1
    assert [(issue.severity, issue.code) for issue in snapshot.issues] == [("warning", "VNS1109")]
    assert "2995" in snapshot.issues[0].message


def test_an_empty_export_says_so() -> None:
    snapshot = resources_snapshot([("empty.json", {"value": []})])
    assert [issue.message for issue in snapshot.issues] == ["the export holds no resources at all"]
