"""Distinct rows of columns, also where the hash cannot tell rows apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.flows import distinct
from simulator.flows.distinct import distinct_rows

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40)


def expected(rows: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    numbers = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    return [rows.index(row) for row in numbers], [numbers[row] for row in rows]


def found(rows: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    table = np.array(rows, np.int64).reshape(-1, 2)
    first, group = distinct_rows([table[:, 0], table[:, 1].astype(np.uint64)])
    return first.tolist(), group.tolist()


@given(ROWS)
def test_groups_are_numbered_by_first_appearance(rows: list[tuple[int, int]]) -> None:
    assert found(rows) == expected(rows)


def test_rows_of_one_hash_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "_hash", lambda columns: np.zeros(len(columns[0]), np.uint64))
    rows = [(1, 0), (2, 0), (1, 0), (0, 1), (2, 0)]
    assert found(rows) == expected(rows)
