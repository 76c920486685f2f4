"""Writes docs/reference/support.md: ``python -m tests.support.report``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.support.claims import Claim, Support, support

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "reference" / "support.md"
HEAD = """\
# Support matrix

Written by `make support`; a test holds this page to what the command writes, and another that every test named here
exists. What is read, walked or changed is said here only with a test that proves it, named in the title of the link and
below; – means that no test does.

*Loads*: a resource of this kind in an export is read. *Walks*: what the walk does with it. *Changes*: the steps of
`vnetsim what-if` that edit it ([kinds of change](changes.md)).
"""


def page() -> str:
    """The text of the page as it would be written now."""
    held = [*support()]
    return "\n".join((HEAD, *_table(held), *(line for one in held for line in _proofs(one)))).rstrip() + "\n"


def _table(held: list[Support]) -> Iterator[str]:
    yield "| resource | loads | walks | changes | notes |"
    yield "|---|---|---|---|---|"
    for one in held:
        cells = (_said(claims) for claims in (one.loads, one.walks, one.changes))
        yield f"| `{one.kind}` | {' | '.join(cells)} | {one.note} |"
    yield "\n## Proofs"


def _said(claims: tuple[Claim, ...]) -> str:
    """Each claim leads to the file of its first test and names its tests in the title of the link."""
    return "; ".join(_link(claim.tests[0], claim.what, claim.tests) for claim in claims) or "–"


def _proofs(one: Support) -> Iterator[str]:
    claims = (("loads", one.loads), ("walks", one.walks), ("changes", one.changes))
    if any(held for _, held in claims):
        yield f"\n### `{one.kind}`\n"
    for column, held in claims:
        for claim in held:
            yield f"- {column}, {claim.what}: {', '.join(map(_proof, claim.tests))}"


def _proof(test: str) -> str:
    return _link(test, f"`{test.split('::', 1)[1]}`")


def _link(test: str, text: str, titles: tuple[str, ...] = ()) -> str:
    title = f' "{", ".join(titles)}"' if titles else ""
    return f"[{text}](../../{test.split('::')[0]}{title})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(REPOSITORY)}")
