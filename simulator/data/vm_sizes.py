"""Sizes of virtual machines: which of them virtual network encryption supports, as Microsoft listed them at a date.

Learn: azure/virtual-network/virtual-network-encryption-overview, azure/virtual-machines/vm-naming-conventions
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

#: The date of the text; its list is younger, since it names series of 2025.
DATE = "2024-12-11"
SOURCE = "Microsoft Learn, virtual-network-encryption-overview, the text that lists ND-GB300 v6"

_PREFIXES = ("standard_", "basic_")
_SUPPORTED = {"yes": True, "no": False, "confidential": False}


class Series(NamedTuple):
    """Sizes that one line of the list speaks of; `supported` is ``yes``, ``no`` or ``confidential``."""

    pattern: str
    supported: str
    series: str


def supports_encryption(size: str) -> bool | None:
    """Whether virtual network encryption supports a size; None where the list does not tell.

    Case and the prefix ``Standard_`` do not matter.
    """
    found = series_of(size)
    return None if found is None else _SUPPORTED[found.supported]


def is_confidential(size: str) -> bool:
    """Whether a size is one of confidential computing, which does not go with encrypting virtual networks."""
    found = series_of(size)
    return found is not None and found.supported == "confidential"


@lru_cache(maxsize=1024)
def series_of(size: str) -> Series | None:
    """The line of the list that speaks of a size; None where none does."""
    name = size.strip().lower()
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return next((held for held in all_series() if re.fullmatch(held.pattern, name)), None)


@cache
def all_series() -> tuple[Series, ...]:
    """Every line, in the order in which they are tried."""
    lines = Path(__file__).with_name("vm_sizes.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    return tuple(map(Series._make, rows))[1:]
