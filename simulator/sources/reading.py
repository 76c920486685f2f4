"""Files and folders of untrusted input: bounded, decoded, and never outside the folder they were named in."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import SourceError

MAX_BYTES = 256 * 1024 * 1024
MAX_FILES = 20_000
#: How a file of Azure resources may be named.
JSON_NAMES = (".json", ".json.gz", ".jsonl", ".ndjson")

_GZIP = b"\x1f\x8b"


def read_text(path: Path, *, limit: int = MAX_BYTES) -> str:
    """The text of a regular file: UTF-8 with or without a byte order mark, or UTF-16 (PowerShell's ``>``) with one.

    Gzip is recognised by its content. Raises SourceError VNS1001 (not there, not a file, gzip that is cut off), VNS1003
    (larger than `limit` bytes, unpacked), VNS1005 (not text).
    """
    try:
        if not path.is_file():
            raise missing(path)
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        raise SourceError(f"cannot open the file: {reason}", code="VNS1001", place=str(path)) from None
    return _text_of(data, str(path), limit)


def read_standard_input(*, limit: int = MAX_BYTES) -> str:
    """The text on standard input, as `read_text` reads a file."""
    if sys.stdin is None:
        raise SourceError("standard input is closed", code="VNS1001", place="standard input")
    try:
        data = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise SourceError(message, code="VNS1001", place="standard input") from None
    return _text_of(data, "standard input", limit)


def _text_of(data: bytes, place: str, limit: int) -> str:
    """`data` as text, unpacked where it is gzip; neither form is larger than `limit`."""
    if len(data) <= limit and data.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            message = f"this is gzip, and it cannot be unpacked: {error}"
            raise SourceError(message, code="VNS1001", place=place, hint="fetch the file again, whole") from None
    if len(data) > limit:
        hint = "split the export into several files in one folder"
        raise SourceError(f"larger than {limit // 1024 // 1024} MiB", code="VNS1003", place=place, hint=hint)
    return decode(data, place)


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
    hint = "give a file or a folder that exists, or - for standard input"
    return SourceError(message, code="VNS1001", place=str(path), hint=hint)


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
            if name.lower().endswith(JSON_NAMES) and (path.is_file() or path.is_symlink()):
                yield path
