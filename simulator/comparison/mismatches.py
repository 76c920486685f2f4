"""The result of a comparison: every conversation's category, and the groups that people read, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.azure.security_group import Direction
from simulator.comparison.categories import CATEGORIES, CategoryName, Severity
from simulator.flows.records import FlowRecord, Locator, Malformed
from simulator.flows.replay import Replay
from simulator.network.model import Endpoint
from simulator.walk.encryption import Encryption
from simulator.walk.predictions import Observation, Prediction


class Observed(Struct, frozen=True):
    """What the log says. `verdict` is ALLOW or DENY, `acl`, `rule` and `encryption` are as written; times are UTC."""

    verdict: str
    acl: str
    rule: str
    encryption: str
    records: int
    first_time: datetime
    last_time: datetime


class Mismatch(Struct, frozen=True):
    """Conversations of one NIC that differ from their prediction in the same way, towards one destination and port.

    Attributes
    ----------
    category, kind : the category, and within it which way (``predicted_allow_observed_deny``…).
    nic : name of the NIC that logged, or its MAC where the export does not hold it; `endpoint` is then None.
    source, destination : names with addresses; of several sources one, and `sources` says how many there are.
    port : destination port, -1 for protocols without ports.
    predicted : what that NIC should have decided; its `also` are further rules that the log might have named.
    prediction : end to end, of `witness`; encryption : what the log should hold of the encryption of the leg it saw.
    locators : where the first tuples stand in the log.
    text : one line for people; note : what may explain it, or empty.
    """

    category: CategoryName
    kind: str
    nic: str
    endpoint: Endpoint | None
    direction: Direction
    source: str
    destination: str
    protocol: str
    port: int
    conversations: int
    sources: int
    observed: Observed
    predicted: Observation | None
    prediction: Prediction
    witness: FlowRecord
    locators: tuple[Locator, ...]
    encryption: Encryption
    text: str
    note: str = ""

    @property
    def severity(self) -> Severity:
        return CATEGORIES[self.category].severity


class Mismatches(Struct, frozen=True, eq=False):
    """A compared flow log.

    `category` ranks each conversation by `CATEGORIES`; `rows` are the groups of all that do not simply match, the worst
    first, and of one category those with the most conversations first. `malformed` is what could not be read, `omitted`
    how many rows, the least of them, were left out for their number.
    """

    replay: Replay
    category: npt.NDArray[np.uint8]
    rows: tuple[Mismatch, ...]
    malformed: tuple[Malformed, ...]
    omitted: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mismatch]:
        return iter(self.rows)

    def of(self, category: CategoryName) -> tuple[Mismatch, ...]:
        """The rows of one category."""
        return tuple(row for row in self.rows if row.category == category)

    def summary(self) -> dict[CategoryName, int]:
        """Conversations by category, worst first, zeros too; of `malformed` the pieces of the log."""
        counts = np.bincount(self.category, minlength=len(CATEGORIES))
        named = {name: int(count) for name, count in zip(CATEGORIES, counts, strict=True)}
        return named | {"malformed": len(self.malformed)}

    @property
    def has_mismatch(self) -> bool:
        """Whether the log proves a prediction wrong: the opposite verdict, another rule, another encryption."""
        return any(count and CATEGORIES[name].is_mismatch for name, count in self.summary().items())

    @property
    def coverage(self) -> float:
        """Share of conversations for which there was a prediction to hold the log to; 1 for an empty log."""
        is_predicted = np.array([category.is_predicted for category in CATEGORIES.values()])
        return float(is_predicted[self.category].mean()) if len(self.category) else 1.0
