"""Facts that are worked out one by one, asked for whole columns: once for each distinct row, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
T = TypeVar("T")


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values, sorted, each once. Without an index numpy would load its masked arrays, which take long to load."""
    found, _ = np.unique(values, return_index=True)
    return found


class Interned(Generic[T]):
    """The answers of `function`, numbered; ``answers[number]`` is one of them.

    Few distinct rows are asked, however many packets there are: a (subnet, service) pair, a frontend and a port.
    """

    def __init__(self, function: Callable[..., T]) -> None:
        self._function = function
        self._number: dict[tuple[int, ...], int] = {}
        self.answers: list[T] = []

    def number(self, *question: int) -> int:
        """The number of the answer to one row."""
        if question not in self._number:
            self._number[question] = len(self.answers)
            self.answers.append(self._function(*question))
        return self._number[question]

    def ask(self, *columns: npt.NDArray[Any]) -> Int32:
        """The number of the answer to each row of the columns, which have equal lengths."""
        rows = np.stack([column.astype(np.int64) for column in columns], axis=1)
        asked, row = np.unique(rows, axis=0, return_inverse=True)
        numbers = [self.number(*question) for question in asked.tolist()]
        found: Int32 = np.array(numbers, np.int32)[row.reshape(-1)]
        return found

    def column(self, numbers: Int32, fact: Callable[[T], int]) -> Int32:
        """One fact of each numbered answer."""
        facts: Int32 = np.array([fact(answer) for answer in self.answers], np.int32)[numbers]
        return facts
