"""Errors collected over one file, so that a hand-written file is mended in one go instead of error by error."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Sequence

from simulator.errors import SourceError

SHOWN = 20
MOST_KNOWN = 25
MOST_COMPARED = 2000


class SeveralErrors(SourceError):
    """More than one error in one file. `errors` holds each, the first twenty in the order of the file."""

    def __init__(self, errors: Sequence[SourceError], file: str, total: int) -> None:
        listed = "\n".join("  " + str(error).replace("\n", "\n  ") for error in errors)
        more = f"\n  … and {total - len(errors)} more" if total > len(errors) else ""
        super().__init__(f"{total} errors in {file}\n{listed}{more}", code="VNS1016")
        self.errors = tuple(errors)


def raise_all(errors: Sequence[SourceError], file: str) -> None:
    """Raise the one error, or all of them as one; nothing happens for none."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralErrors(errors[:SHOWN], file, len(errors))


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "known are") -> str:
    """A hint for a misspelt `word`: the near match, else the first few of what is known."""
    names = sorted({*known})[:MOST_COMPARED]
    lowered = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean {lowered[near[0]]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:MOST_KNOWN]) + (", …" if len(names) > MOST_KNOWN else "")
    return f"{otherwise}: {shown}"


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60
_REPR.maxlevel = 2


def shorten(value: object) -> str:
    """`value` as an error message shows it: text in quotes, anything long cut in its middle."""
    return _REPR.repr(value)
