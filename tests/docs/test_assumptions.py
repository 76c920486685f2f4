"""docs/decisions/0007-named-assumptions.md gives the default and the evidence of every assumption there is."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.data.assumptions import ASSUMPTIONS

RECORD = Path(__file__).resolve().parents[2] / "docs" / "decisions" / "0007-named-assumptions.md"


def test_every_assumption_has_its_default_and_its_evidence() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \| (true|false) \| (.{40,}) \|$", RECORD.read_text(), re.MULTILINE)
    assert [(key, default) for key, default, _ in listed] == [
        (key, str(held.default).lower()) for key, held in ASSUMPTIONS.items()
    ]
