"""Files and folders of untrusted input: bounded, decoded, and never outside the folder they were named in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import SourceError

MAX_BYTES = 256 * 1024 * 1024
MAX_FILES = 20_000


def read_text(path: Path, *, limit: int = MAX_BYTES) -> str:
    """The text of a regular file: UTF-8 with or without a byte order mark, or UTF-16 (PowerShell's ``>``) with one.

    Raises SourceError VNS1001 (not there, not a file), VNS1003 (larger than `limit` bytes), VNS1005 (not text).
    """
    try:
        if not path.is_file():
            raise missing(path)
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        raise SourceError(f"cannot open the file: {reason}", code="VNS1001", place=str(path)) from None
    if len(data) > limit:
        hint = "split the export into several files in one folder"
        raise SourceError(f"larger than {limit // 1024 // 1024} MiB", code="VNS1003", place=str(path), hint=hint)
    return decode(data, str(path))


def decode(data: bytes, place: str) -> str:
    """`data` as text, or SourceError VNS1005."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    hint = "a topology is a scenario in YAML or an export of Azure resources in JSON, written as UTF-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        at = f"byte {error.start + 1} is not {encoding.upper().removesuffix('-SIG')}"
        raise SourceError(f"not text: {at}", code="VNS1005", place=place, hint=hint) from None
    if "\0" in text:
        raise SourceError("not text: it holds zero bytes", code="VNS1005", place=place, hint=hint)
    return text


def missing(path: Path) -> SourceError:
    """What to say when nothing, or no regular file, is at `path`."""
    exists = os.path.lexists(path) if "\0" not in str(path) else False
    message = "neither a file nor a folder" if exists else "no such file or folder"
    return SourceError(message, code="VNS1001", place=str(path), hint="give a file or a folder that exists")


def inside(folder: Path, relative: str, place: str) -> Path:
    """`relative` below `folder`, links followed; SourceError VNS1012 when that leads out of the folder."""
    root = folder.resolve()
    try:
        target = (root / relative).resolve()
    except (OSError, ValueError, RuntimeError):
        target = None  # no file name at all, or links that run in a circle
    if target is None or not target.is_relative_to(root):
        hint = "name files below the folder of the file that includes them"
        raise SourceError(f"{relative!r} leads out of the folder", code="VNS1012", place=place, hint=hint)
    return target


def json_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The JSON files below `folder` in order of their names, and the links that lead out of it (not to be read).

    Folders whose name starts with a dot are skipped, and links to folders are not followed. Raises SourceError VNS1001
    for a folder that cannot be listed: half an export would answer wrongly.
    """
    root = folder.resolve()
    found: list[Path] = []
    outside: list[Path] = []
    for path in _files_below(folder):
        (found if Path(os.path.realpath(path)).is_relative_to(root) else outside).append(path)
        if len(found) > MAX_FILES:
            raise SourceError(f"more than {MAX_FILES:,} JSON files", code="VNS1003", place=str(folder))
    return found, outside


def _refuse_folder(error: OSError) -> None:
    hint = "make it readable, or move it out of the export"
    message = f"cannot open the folder: {error.strerror}"
    raise SourceError(message, code="VNS1001", place=str(error.filename), hint=hint) from None


def _files_below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(where) / name
            if path.suffix.lower() == ".json" and (path.is_file() or path.is_symlink()):
                yield path
