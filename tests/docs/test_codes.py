"""docs/reference/codes.md lists every code that the program can say, once, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.walk.reasons import REASONS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "codes.md").read_text()


def test_every_error_and_issue_code_is_listed_once() -> None:
    said = {
        code
        for module in (REPOSITORY / "simulator").rglob("*.py")
        for code in re.findall(r"VNS[1-9]\d{3}\b", module.read_text())
    }
    listed = re.findall(r"^\| `(VNS\d{4})` \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(said)


def test_every_reason_is_listed_as_the_program_tells_it() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert listed == [(reason.code, reason.verdict.name, reason.text) for reason in REASONS]
