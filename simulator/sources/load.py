"""Read a topology from wherever people keep it: say which kind of file it is, and read it."""

from __future__ import annotations

from pathlib import Path

from simulator.azure.snapshot import Snapshot
from simulator.errors import SourceError
from simulator.sources.json_text import load_documents, load_json
from simulator.sources.reading import missing, read_standard_input, read_text
from simulator.sources.resource_files import read_resources
from simulator.sources.resource_json import resources_snapshot
from simulator.sources.scenario import scenario_snapshot

#: The file that makes a folder a scenario.
SCENARIO_FILE = "topology.yaml"
STANDARD_INPUT = "-"

#: Sources that a tool of their own has to resolve first: suffix → what it is and the way out.
UNRESOLVED = {
    ".bicep": ("Bicep source", "resolve it first: `bicep snapshot main.bicepparam` writes JSON that is read"),
    ".bicepparam": (
        "a Bicep parameters file",
        "resolve it first: `bicep snapshot main.bicepparam` writes JSON that is read",
    ),
    ".tf": ("Terraform source", "apply it and export the resources with Resource Graph or `az network … list`"),
}


def load_snapshot(path: str | Path) -> Snapshot:
    """The network that `path` describes.

    Parameters
    ----------
    path : a scenario file, a folder with ``topology.yaml``, a JSON file of Azure resources, a folder of such files, or
        ``-`` for standard input, where a scenario includes files below the current folder.

    Raises
    ------
    SourceError : with place and hint, when there is nothing to read or the file is of another kind (VNS1xxx).
    """
    if str(path) == STANDARD_INPUT:
        return _snapshot_of_text(read_standard_input(), Path("standard input"))
    path = Path(path)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        raise missing(path) from None
    if is_folder:
        scenario = path / SCENARIO_FILE
        return scenario_snapshot(scenario) if scenario.is_file() else read_resources(path, relative_to=path)
    if path.suffix.lower() in UNRESOLVED:
        what, hint = UNRESOLVED[path.suffix.lower()]
        raise SourceError(f"this is {what}, which is not read", code="VNS1014", place=str(path), hint=hint)
    return _snapshot_of_text(read_text(path), path)


def _snapshot_of_text(text: str, path: Path) -> Snapshot:
    """The network in `text`, which stood at `path`."""
    if not _looks_like_json(path, text):
        return scenario_snapshot(path, text)
    return resources_snapshot([(path.as_posix(), load_documents(text, path.as_posix()))], path.stem)


def _looks_like_json(path: Path, text: str) -> bool:
    """YAML may begin with a bracket too, so what a file named YAML holds is asked."""
    if path.suffix.lower() == ".json":
        return True
    if not text.lstrip().startswith(("{", "[")):
        return False
    if path.suffix.lower() not in {".yaml", ".yml"}:
        return True
    try:
        load_json(text, path.name)
    except SourceError:
        return False
    return True
