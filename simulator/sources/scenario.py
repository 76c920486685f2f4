"""The scenario file: a network written by hand in YAML, short to write and told by line where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pydantic import ValidationError

from simulator.azure.snapshot import Issue, Snapshot
from simulator.errors import SourceError
from simulator.sources.problems import shorten
from simulator.sources.reading import inside, read_text
from simulator.sources.resource_files import read_resources
from simulator.sources.scenario_build import Build, build_network
from simulator.sources.scenario_build_balancers import build_balancers
from simulator.sources.scenario_build_declarations import declarations
from simulator.sources.scenario_build_firewalls import build_firewalls
from simulator.sources.scenario_build_guards import build_guards
from simulator.sources.scenario_build_hybrid import build_hybrid
from simulator.sources.scenario_build_managers import build_managers
from simulator.sources.scenario_build_platform import build_platform
from simulator.sources.scenario_build_subnet_services import build_subnet_services
from simulator.sources.scenario_checks import check
from simulator.sources.scenario_errors import ErrorList
from simulator.sources.scenario_file import Scenario
from simulator.sources.scenario_names import Names
from simulator.sources.scenario_service_checks import check_services
from simulator.sources.yaml_text import Document, load_yaml

MAX_BYTES = 16 * 1024 * 1024

#: Load balancers come after them: they change the interfaces that they balance.
_SECTIONS = (
    *(build_network, build_hybrid, build_firewalls, build_subnet_services),
    *(build_platform, build_guards, build_managers),
)


def scenario_snapshot(path: str | Path, text: str | None = None) -> Snapshot:
    """The network of one scenario file, on top of the resources that it includes; its resources win by id.

    `text` is what the file holds, where it has been read already.

    Raises SourceError with file, line, column and hint; several errors of one file are raised as one.
    """
    path = Path(path)
    document, scenario = _read(path, read_text(path, limit=MAX_BYTES) if text is None else text)
    name = scenario.name or (path.resolve().parent.name if path.name == "topology.yaml" else path.stem)
    errors = ErrorList(document)
    included = _included(scenario, path.parent, document)
    build = Build(scenario, Names(scenario, _as_name(name), included, errors), errors, included)
    resources = [resource for section in _SECTIONS for resource in section(build)]
    resources += build_balancers(build, resources)
    declared = declarations(build)
    check(build)
    check_services(build)
    errors.raise_any()
    own = Snapshot.of(resources, declared, name)
    return replace(own, resources={**included.resources, **own.resources}, issues=included.issues)


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of scenario files, for completion and checks in editors."""
    schema = Scenario.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "vnetsim scenario"}
    return head | {key: value for key, value in schema.items() if key != "title"} | {"examples": [_EXAMPLE]}


_EXAMPLE: dict[str, Any] = {
    "name": "hub-spoke",
    "location": "westeurope",
    "virtual_networks": {
        "vnet-hub": {"address_space": "10.0.0.0/22", "subnets": {"AzureFirewallSubnet": "10.0.1.0/26"}},
        "vnet-spoke": {
            "address_space": "10.1.0.0/24",
            "subnets": {"snet-web": {"prefix": "10.1.0.0/26", "nsg": "nsg-web", "route_table": "rt-spoke"}},
        },
    },
    "peerings": [{"hub": "vnet-hub", "spokes": ["vnet-spoke"], "forwarded_traffic": True}],
    "network_security_groups": {
        "nsg-web": [
            {"name": "allow-web", "priority": 100, "direction": "Inbound", "access": "Allow", "ports": [80, 443]},
        ]
    },
    "route_tables": {"rt-spoke": {"routes": {"default": "0.0.0.0/0 -> 10.0.1.4"}}},
    "virtual_machines": {"vm-web": {"subnet": "vnet-spoke/snet-web", "ip": "10.1.0.4"}},
    "azure_firewalls": {"fw-hub": {"vnet": "vnet-hub"}},
}


def _read(path: Path, text: str) -> tuple[Document, Scenario]:
    if len(text) > MAX_BYTES:
        hint = "a scenario is written by hand: include: what was exported as JSON"
        message = f"larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise SourceError(message, code="VNS1003", place=path.as_posix(), hint=hint)
    document = load_yaml(text, path.as_posix())
    if not isinstance(document.value, dict):
        what = "empty" if document.value is None else shorten(document.value)
        hint = "a scenario begins with keys such as name: and virtual_networks:"
        raise SourceError(f"not a scenario: the file is {what}", code="VNS1201", place=document.place(), hint=hint)
    errors = ErrorList(document)
    try:
        return document, Scenario.model_validate(document.value)
    except ValidationError as error:
        errors.add_invalid(error)
        errors.raise_any()
        raise


def _as_name(name: str) -> str:
    """`name` as part of a resource group's name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)


def _included(scenario: Scenario, folder: Path, document: Document) -> Snapshot:
    """The resources of the JSON files that the scenario includes; a later one wins by id."""
    resources: dict[Any, Any] = {}
    issues: list[Issue] = []
    for at, name in enumerate(scenario.include):
        target = inside(folder, name, document.place(("include", at)))
        try:
            snapshot = read_resources(target, relative_to=folder.resolve())
        except SourceError as error:
            place = document.place(("include", at))
            raise SourceError(
                f"include {name!r}: {error.message}", code=error.code, place=place, hint=error.hint
            ) from None
        resources |= snapshot.resources
        issues += snapshot.issues
    return Snapshot(resources, issues=tuple(issues))
