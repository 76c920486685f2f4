"""From the bytes of a flow-log blob to its records, each still as JSON text.

Azure writes ``{"records": […]}``; people pass on bare records, arrays, one document a line, and records in records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from simulator.errors import FlowLogError

#: Arrays and objects that may stand around a record: the documentation knows ``records`` in ``records``, which is four.
DEEPEST_RECORDS = 6

_DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def json_records(data: bytes, blob: str) -> Iterator[Any]:
    """Every record of a blob as plain JSON values, one living at a time. Raises FlowLogError (VNS3002, VNS3003)."""
    data = _as_utf8(data)
    for document, place in _documents(data, blob):
        for raw in _records_in(document, place):
            yield _decode(raw, place, object)


def json_text(value: object, place: str) -> bytes:
    """`value` as JSON with sorted keys: equal values have equal texts. Raises FlowLogError when it is too deep."""
    try:
        return msgspec.json.encode(value, order="deterministic")
    except RecursionError as damage:
        raise _not_json(damage, b"[", place) from damage


def _documents(data: bytes, blob: str) -> Iterator[tuple[msgspec.Raw, str]]:
    """The one document of the blob, or one a line, with its place."""
    try:
        yield msgspec.json.decode(data, type=msgspec.Raw), blob
        return
    except _DAMAGED as damage:
        lines = [(number, line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
        if "trailing characters" not in str(damage) or len(lines) < 2 or not _is_whole(lines[0][1]):
            raise _not_json(damage, data, blob) from damage
    for number, line in lines:
        place = f"{blob}:{number}"
        yield _decode(line, place, msgspec.Raw), place


def _records_in(document: msgspec.Raw, place: str, depth: int = 0) -> Iterator[msgspec.Raw]:
    if depth > DEEPEST_RECORDS:
        raise FlowLogError(
            f"more than {DEEPEST_RECORDS} arrays and objects stand around a record",
            code="VNS3003",
            place=place,
            hint="give the PT1H.json blob as Azure wrote it",
        )
    start = bytes(memoryview(document)[:1])
    if start == b"[":
        for item in _decode(document, place, list[msgspec.Raw]):
            yield from _records_in(item, place, depth + 1)
        return
    records = _decode(document, place, dict[str, msgspec.Raw]).get("records") if start == b"{" else None
    if records is None:
        yield document
    else:
        yield from _records_in(records, place, depth + 1)


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except _DAMAGED:
        return False
    return True


def _decode(data: bytes | msgspec.Raw, place: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except _DAMAGED as damage:
        raise _not_json(damage, bytes(data), place) from damage


def _as_utf8(data: bytes) -> bytes:
    """`data` without a byte-order mark; bytes that are not UTF-8 become U+FFFD, which no well-formed tuple holds."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace").encode("utf-8")
    return data


def _not_json(damage: Exception, data: bytes, place: str) -> FlowLogError:
    if not data.strip():
        return FlowLogError(
            "the flow log is empty",
            code="VNS3002",
            place=place,
            hint='a blob that Azure has begun holds at least {"records":[]}; fetch it again',
        )
    if "truncated" in str(damage):
        return FlowLogError(
            f"the flow log is cut off after {len(data)} bytes",
            code="VNS3002",
            place=f"{place} byte {len(data)}",
            hint="fetch the blob again, whole; each state that Azure commits is complete JSON",
        )
    what = "it is nested too deep" if isinstance(damage, RecursionError) else str(damage)
    return FlowLogError(
        f"the flow log is not JSON: {what}",
        code="VNS3002",
        place=place,
        hint="give the PT1H.json blob as Azure wrote it, plain or gzip",
    )
