"""The README of each collection is generated from its question files: ``python -m tests.scenarios.golden_table``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.question_files import (
    COLLECTIONS,
    SCENARIOS,
    STATUSES,
    QuestionFile,
    question_folders,
    question_in,
)

_HEADS = {
    "golden": """\
# Golden questions

Questions that people ask about Azure networks in public, each with the answer that the simulator must give, where that
answer comes from, and packets that hold the simulator to it. A folder has a `topology.yaml`, or borrows that of a
neighbour, and a `question.yaml`; `tests/scenarios/question_files.py` says what one may hold, and
`tests/scenarios/test_golden.py` asks them all.

{statuses}

`q` are questions as people put them, `e` corrections that a second reading of the sources brought, `o` questions that
Microsoft leaves open, with both readings, `f` features that few tools know.
""",
    "pitfalls": """\
# Pitfalls

What other tools and many answers get wrong, one folder each, written like the [golden questions](../golden/README.md).

{statuses}
""",
    "walks": """\
# Walks

The ten ways of a packet through Azure, there and back, with every place and at each place every layer and what decided,
written like the [golden questions](../golden/README.md). One network serves them all: [topology.yaml](topology.yaml).

{statuses}
""",
}


def readme_path(collection: str) -> Path:
    return SCENARIOS / collection / "README.md"


def readme(collection: str) -> str:
    """The page of a collection as it has to be."""
    statuses = "\n".join(f"- **{key}**: {text}" for key, text in STATUSES.items())
    head = _HEADS[collection].format(statuses=statuses)
    made = "This page is generated from the question files by `python -m tests.scenarios.golden_table`.\n"
    return "\n".join([head, made, *_table(question_folders(collection))]) + "\n"


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
    for name in COLLECTIONS:
        readme_path(name).write_text(readme(name), encoding="utf-8")
