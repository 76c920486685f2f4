"""JSON files and folders of JSON files as one Snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.azure.snapshot import Issue, Snapshot
from simulator.errors import SourceError
from simulator.sources.json_text import load_documents
from simulator.sources.reading import json_files, read_text
from simulator.sources.resource_json import resources_snapshot


def read_resources(path: Path, *, relative_to: Path) -> Snapshot:
    """The resources of one JSON file, or of every JSON file below a folder; places are relative to `relative_to`.

    A file of another kind beside readable ones is an Issue. Raises SourceError when no file can be read.
    """
    files, outside = json_files(path) if path.is_dir() else ([path], [])
    if not files:
        hint = "give a folder with topology.yaml, or with JSON files of Azure resources"
        raise SourceError("nothing to read in this folder", code="VNS1002", place=str(path), hint=hint)
    snapshot = resources_snapshot(_documents(files, relative_to), path.resolve().name)
    return snapshot.with_issues(
        Issue(
            "warning",
            "VNS1012",
            f"{link.name} is a link out of the folder and was not read",
            _relative(link, relative_to),
            "copy the file into the folder",
        )
        for link in outside
    )


def _documents(files: list[Path], relative_to: Path) -> Iterator[tuple[str, Any]]:
    for file in files:
        place = _relative(file, relative_to)
        try:
            yield place, load_documents(read_text(file), place)
        except SourceError as error:
            yield place, error


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
