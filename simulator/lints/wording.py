"""Lists in messages: some are named, the others are counted."""

from __future__ import annotations

from collections.abc import Sequence

#: So many things are named in a message.
_NAMED = 4


def listed(names: Sequence[str]) -> str:
    """``a, b and c``; of many the first, and how many more."""
    texts = [*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])]
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]])) if texts else ""
