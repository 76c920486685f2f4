"""What a change does to the bill of the same recorded flows."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from simulator.cost.attribution import amounts_of, by_pair
from simulator.cost.bill import Bill
from simulator.cost.billed import Outcome


class AmountChange(Struct, frozen=True):
    """The amount of one meter in one region, or of one pair, before and after; 0 where there is none."""

    name: str
    where: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


class BillDifference(Struct, frozen=True):
    """Two bills over the same log. `meters` and `pairs` hold what changes, the largest difference first.

    `stopped` is what conversations cost before that the changed network would not let pass, or leave undecided: a bill
    that falls because traffic stops is no saving. `started` is what those cost after that were not billed before.
    """

    before: Bill
    after: Bill
    meters: tuple[AmountChange, ...]
    pairs: tuple[AmountChange, ...]
    stopped: Decimal
    started: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after.total - self.before.total


def price_difference(before: Bill, after: Bill) -> BillDifference:
    """Both bills must be over the same records, with the same sheet, month and gigabyte.

    Raises ValueError where they are not.
    """
    if before.replay.records is not after.replay.records or before.sheet is not after.sheet:
        raise ValueError("the two bills are not over the same records and prices")
    if (before.factor, before.bytes_a_gb) != (after.factor, after.bytes_a_gb):
        raise ValueError("the two bills are not over the same time, or not in the same gigabytes")
    return BillDifference(
        before, after, _meters(before, after), _pairs(before, after), _only_in(before, after), _only_in(after, before)
    )


def _meters(before: Bill, after: Bill) -> tuple[AmountChange, ...]:
    amounts = [{(line.meter.name, line.region): line.amount for line in bill.lines} for bill in (before, after)]
    return _changes(*amounts)


def _pairs(before: Bill, after: Bill) -> tuple[AmountChange, ...]:
    return _changes(dict(amounts_of(by_pair(before))), dict(amounts_of(by_pair(after))))


def _changes(before: dict[tuple[str, str], Decimal], after: dict[tuple[str, str], Decimal]) -> tuple[AmountChange, ...]:
    nothing = Decimal(0)
    names = dict.fromkeys((*before, *after))
    found = (AmountChange(*name, before.get(name, nothing), after.get(name, nothing)) for name in names)
    return tuple(
        sorted((held for held in found if held.difference), key=lambda held: (-abs(held.difference), held.name))
    )


def _only_in(bill: Bill, other: Bill) -> Decimal:
    """What the conversations cost that this bill has and the other has not."""
    mine, theirs = bill.billed.outcome == Outcome.BILLED, other.billed.outcome == Outcome.BILLED
    return bill.amount_of(mine & ~theirs)
