"""scenarios/golden/README.md is generated from the question files: ``python -m tests.scenarios.golden_table``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.question_files import SCENARIOS, STATUSES, QuestionFile, question_folders, question_in

README = SCENARIOS / "golden" / "README.md"
_HEAD = """\
# Golden questions

Questions that people ask about Azure networks in public, each with the answer that the simulator must give, where that
answer comes from, and packets that hold the simulator to it. A folder has a `topology.yaml`, or borrows that of a
neighbour, and a `question.yaml`; `tests/scenarios/question_files.py` says what one may hold, and
`tests/scenarios/test_golden.py` asks them all.

{statuses}

`q` are questions, `e` corrections that a second reading of the sources brought, `f` features so new that few tools
know them. This page is generated from the question files by `python -m tests.scenarios.golden_table`.
"""


def readme() -> str:
    """The page as it has to be."""
    statuses = "\n".join(f"- **{key}**: {text}" for key, text in STATUSES.items())
    return "\n".join([_HEAD.format(statuses=statuses), *_table(question_folders("golden"))]) + "\n"


def _table(folders: list[Path]) -> Iterator[str]:
    yield "| | question | answer | status | source |"
    yield "|---|---|---|---|---|"
    for folder in folders:
        question = question_in(folder)
        number = folder.name.partition("-")[0]
        cells = (f"[{number}]({folder.name})", question.question, _answer(question), question.status, question.source)
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _answer(question: QuestionFile) -> str:
    """The answer, and what to beware of."""
    beware = f" *Wrong answer in public:* {question.wrong_answer}." if question.wrong_answer else ""
    later = f" *Not yet:* {question.later}." if question.later else ""
    return f"{question.answer}{beware}{later}"


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
