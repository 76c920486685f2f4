"""Finds and opens flow logs: a file, a folder, a glob, or standard input, plain or gzip.

Codes: VNS3001 nothing there, or it cannot be opened; VNS3008 it is larger than can be read at once.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import FlowLogError
from simulator.flows.records import FlowRecords
from simulator.flows.vnet_flow_log import VnetFlowLogReader

STANDARD_INPUT = "-"
#: A blob is read whole; an hour of a very busy NIC is some hundred megabytes.
LARGEST_BLOB = 2 << 30
#: Flow logs shrink three- to thirtyfold; what grows by more than this is no log but an attack on memory.
LARGEST_EXPANSION = 200
ALWAYS_EXPANDED = 64 << 20

_GZIP = b"\x1f\x8b"


def read_flow_logs(location: str | Path, *, strict: bool = False) -> FlowRecords:
    """Every tuple of the flow logs at `location`, files in order of their paths.

    Parameters
    ----------
    location : a file; a folder, searched for ``*.json`` and ``*.json.gz`` at any depth; a glob such as
        ``logs/**/PT1H.json``; or ``-`` for standard input. Gzip is recognised by its content.
    strict : refuse the first piece that breaks the format, instead of listing it in `FlowRecords.malformed`.

    Raises
    ------
    FlowLogError : when nothing is there, or a blob is cut off, is not JSON or is not a VNet flow log of version 4.

    Learn: azure/network-watcher/flow-logs-read
    """
    reader = VnetFlowLogReader(strict=strict)
    for name, data in _blobs(str(location)):
        reader.read(_expand(data, name), name)
    return reader.records()


def _blobs(location: str) -> Iterator[tuple[str, bytes]]:
    if location == STANDARD_INPUT:
        yield "standard input", _within_bounds(sys.stdin.buffer.read(LARGEST_BLOB + 1), "standard input")
        return
    try:
        paths = _paths(location)
    except (OSError, ValueError) as error:
        raise _not_opened(error, location) from error
    for path in paths:
        yield str(path), _read(path)


def _paths(location: str) -> list[Path]:
    path = Path(location)
    if path.is_dir():
        found = sorted(_logs_below(path))
        what = "the folder holds no *.json"
    elif path.exists() or not glob.has_magic(location):
        return [path]
    else:
        found = sorted(Path(name) for name in glob.glob(location, recursive=True))
        what = "no file matches the pattern"
    files = [each for each in found if each.is_file()]
    if not files:
        raise FlowLogError(
            what,
            code="VNS3001",
            place=location,
            hint="Azure names the blobs …/y=…/m=…/d=…/h=…/m=00/macAddress=…/PT1H.json",
        )
    for each in files if path.is_dir() else ():
        _check_inside(each, path)
    return files


def _logs_below(folder: Path) -> Iterator[Path]:
    """The files named ``*.json`` and ``*.json.gz``; links to folders are not followed."""
    for where, _, names in os.walk(folder, onerror=_refuse_folder):
        yield from (Path(where, name) for name in names if name.endswith((".json", ".json.gz")))


def _refuse_folder(error: OSError) -> None:
    """A folder that cannot be listed may hold logs: half of them would answer wrongly."""
    raise _not_opened(error, str(error.filename)) from error


def _check_inside(file: Path, folder: Path) -> None:
    if not file.resolve().is_relative_to(folder.resolve()):
        raise FlowLogError(
            "the file is a link out of the folder",
            code="VNS3001",
            place=str(file),
            hint="name the file itself, or put a copy in the folder",
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BLOB + 1)
    except (OSError, ValueError) as error:
        raise _not_opened(error, str(path)) from error
    return _within_bounds(data, str(path))


def _not_opened(error: Exception, place: str) -> FlowLogError:
    reason = getattr(error, "strerror", None) or str(error)
    return FlowLogError(
        f"the flow log cannot be opened: {reason}",
        code="VNS3001",
        place=place,
        hint="give a file, a folder, a glob such as 'logs/**/PT1H.json', or - for standard input",
    )


def _within_bounds(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_BLOB:
        raise _too_large(f"the flow log is larger than {LARGEST_BLOB >> 20} MiB", name)
    return data


def _expand(data: bytes, name: str) -> bytes:
    """`data`, unpacked where it is gzip, within `LARGEST_BLOB` and `LARGEST_EXPANSION`."""
    if not data.startswith(_GZIP):
        return data
    bound = min(LARGEST_BLOB, max(ALWAYS_EXPANDED, LARGEST_EXPANSION * len(data)))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            expanded = file.read(bound + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FlowLogError(
            f"the gzip file cannot be unpacked: {error}",
            code="VNS3002",
            place=name,
            hint="fetch the file again, whole",
        ) from error
    if len(expanded) > bound:
        raise _too_large(f"gzip of {len(data)} bytes unpacks to more than {bound}", name)
    return expanded


def _too_large(what: str, name: str) -> FlowLogError:
    return FlowLogError(what, code="VNS3008", place=name, hint="cut it into smaller files, one hour of one NIC each")
