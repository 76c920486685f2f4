"""docs/reference/support.md says what the registries say, and every test that it names is collected."""

from __future__ import annotations

import subprocess
import sys

from simulator.whatif.change import KINDS
from tests.support.changes import CHANGED_BY
from tests.support.claims import kinds, support
from tests.support.report import PAGE, REPOSITORY, page
from tests.support.samples import SAMPLES
from tests.support.walks import NOTES, WALKED_BY


def test_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make support`"


def test_the_registries_speak_of_kinds_that_are_read() -> None:
    assert {*SAMPLES, *WALKED_BY, *CHANGED_BY, *NOTES} <= {*kinds()}


def test_every_kind_of_change_edits_something() -> None:
    assert {step for steps in CHANGED_BY.values() for step in steps} == {*KINDS}


def test_every_claim_names_tests_that_are_collected() -> None:
    named = {test for one in support() for claim in (*one.loads, *one.walks, *one.changes) for test in claim.tests}
    assert all(claim.tests for one in support() for claim in (*one.loads, *one.walks, *one.changes))
    files = sorted({test.split("::")[0] for test in named})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=300, check=False)
    collected = {line for line in done.stdout.splitlines() if "::" in line}
    known = collected | {test.split("[")[0] for test in collected}
    assert sorted(named - known) == []
