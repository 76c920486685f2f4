"""Text from inputs, made safe to print: names in an export may hold anything.

A control character could move the cursor, recolour or rewrite what a terminal shows (CWE-150); a bidirectional override
could make a rule read as another (CVE-2021-42574).
"""

from __future__ import annotations

import re
from typing import IO

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: Our glyphs for terminals that cannot hold them.
_ASCII = str.maketrans(
    {"→": "->", "↔": "<->", "✓": "+", "✕": "x", "·": "-", "…": "...", "─": "-", "×": "x", "—": "-", "–": "-"}
)


def printable(text: str) -> str:
    """`text` on one line, each unsafe character spelled out as ``\\x1b`` or ``\\u202e``."""
    return _UNSAFE.sub(_spelled, text)


def escape_json(text: str) -> str:
    """JSON `text` with the unsafe characters that JSON allows bare written as escapes; line ends stay."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def fits(text: str, stream: IO[str] | None) -> bool:
    """Whether `stream` can be written `text`; None is a file of ours, which is UTF-8."""
    try:
        text.encode(_encoding(stream))
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def fitted(text: str, stream: IO[str] | None) -> str:
    """`text` as `stream` can hold it: where that is not all of it, our glyphs in ASCII and ``?`` for the rest."""
    if fits(text, stream):
        return text
    encoding = _encoding(stream)
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def _encoding(stream: IO[str] | None) -> str:
    return "utf-8" if stream is None else getattr(stream, "encoding", None) or "ascii"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 flow``, ``1,204 flows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: list[str], shown: int = 3) -> str:
    """``a, b, c, +4 more``."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f", +{more} more" if more > 0 else "")


def data_size(number: int) -> str:
    """Bytes in the decimal units Azure bills by: ``312.4 GB``."""
    size, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} B" if units[0] == "B" else f"{size:,.1f} {units[0]}"


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
