"""What a comparison of a recorded conversation with its prediction can come to, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

CategoryName = Literal[
    "verdict_mismatch",
    "encryption_mismatch",
    "rule_mismatch",
    "undecided",
    "direction_mismatch",
    "established",
    "unknown_endpoint",
    "unobservable",
    "platform_rule",
    "malformed",
    "match",
]
Severity = Literal["critical", "high", "medium", "info"]


class Category(Struct, frozen=True):
    """`is_mismatch`: the log proves the prediction wrong. `is_predicted`: there was a prediction to hold the log to."""

    name: CategoryName
    severity: Severity
    is_mismatch: bool
    is_predicted: bool
    text: str


_ALL = (
    Category("verdict_mismatch", "critical", True, True, "the log says the opposite of the prediction"),
    Category("encryption_mismatch", "high", True, True, "the log holds a code of encryption that was not predicted"),
    Category("rule_mismatch", "high", True, True, "the verdict agrees, but another rule decided"),
    Category("undecided", "medium", False, False, "the export does not say what this NIC should decide"),
    Category("direction_mismatch", "medium", False, True, "logged where or as the predicted path does not have it"),
    Category("established", "info", False, True, "predicted to be denied, but the flow began before the log did"),
    Category("unknown_endpoint", "info", False, False, "the export does not hold the logging NIC, or the other end"),
    Category("unobservable", "info", False, False, "flow logs do not hold this kind of traffic"),
    Category("platform_rule", "info", False, False, "decided by the platform, not by any rule of the network"),
    Category("malformed", "info", False, False, "pieces of the log that break its format"),
    Category("match", "info", False, True, "the log says what was predicted"),
)
CATEGORIES: Mapping[CategoryName, Category] = {category.name: category for category in _ALL}
#: Category → its rank, the worst first.
RANK: Mapping[CategoryName, int] = {name: rank for rank, name in enumerate(CATEGORIES)}
