"""JSON text as plain Python, with a position for what is wrong and a bound on nesting."""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.errors import SourceError

MAX_DEPTH = 100


def load_json(text: str, file: str) -> Any:
    """The value in `text`. Raises SourceError VNS1006 (not JSON; line and column) or VNS1004 (nested too deeply)."""
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise _too_deep(file) from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError) as error:
        raise _not_json(text, file, error) from None
    if _depth_exceeds(value, MAX_DEPTH):
        raise _too_deep(file)
    return value


def load_documents(text: str, file: str) -> Any:
    """As `load_json`; a JSON object on each line (NDJSON) is read as the list of them."""
    try:
        return load_json(text, file)
    except SourceError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        is_by_line = len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines)
        if error.code != "VNS1006" or not is_by_line:
            raise
        return [load_json(line, f"{file}, line {number}") for number, line in lines]


def _too_deep(file: str) -> SourceError:
    hint = "no export nests so deep: is this the file you meant?"
    return SourceError(f"nested deeper than {MAX_DEPTH} levels", code="VNS1004", place=file, hint=hint)


def _not_json(text: str, file: str, error: Exception) -> SourceError:
    """msgspec counts bytes; people count lines and columns."""
    reason, _, offset = str(error).partition(" (byte ")
    place = file
    if offset:
        before = text.encode("utf-8", "surrogatepass")[: int(offset.rstrip(")"))].decode("utf-8", "replace")
        place = f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    elif not text.strip():
        reason = "the file is empty"
    elif "truncated" in reason:
        reason = "the text ends too early"
    hint = "export it again with -o json, and keep messages of the tool out of the file"
    reason = reason.removeprefix("JSON is malformed: ")
    return SourceError(f"not JSON: {reason}", code="VNS1006", place=place, hint=hint)


def _depth_exceeds(value: Any, limit: int) -> bool:
    """Level by level, so that no nesting can exhaust the interpreter's stack."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit):
        level = [
            inner
            for held in level
            for inner in (held.values() if isinstance(held, dict) else held)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)
