"""What a change does to the bill of the same recorded flows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from msgspec import Struct

from simulator.cost.attribution import by_pair, by_place
from simulator.cost.bill import Bill
from simulator.cost.billed import Outcome
from simulator.walk.packets import Bools

#: Averages are rounded to 28 digits; two amounts that differ by less than this differ by that rounding only.
_NOTHING = Decimal("1e-12")
#: Of one thing that is charged its names, its meter key where it is a meter, and its amount.
_Amounts = Mapping[tuple[str, str, str], Decimal]


class AmountChange(Struct, frozen=True):
    """The amount of one meter in one region, one pair or one place, before and after; 0 where there is none.

    `key` is the key of a meter. A place has no `where`.
    """

    name: str
    where: str
    before: Decimal
    after: Decimal
    key: str = ""

    @property
    def difference(self) -> Decimal:
        return _difference(self.before, self.after)


class GapChange(Struct, frozen=True):
    """GB that are left out for one reason, before and after, since an answer or a price is not known."""

    reason: str
    before: Decimal
    after: Decimal


class BillDifference(Struct, frozen=True):
    """Two bills over the same log. `meters` and `pairs` hold what changes, the largest difference first.

    `stopped` is what flows cost before that the changed network would not let pass, or leave undecided: a bill that
    falls because traffic stops is no saving. `started` is what those cost after that were not billed before. Where the
    bills do not leave out the same, `gaps` says so: the difference is not the whole one.
    """

    before: Bill
    after: Bill
    meters: tuple[AmountChange, ...]
    pairs: tuple[AmountChange, ...]
    stopped: Decimal
    started: Decimal
    gaps: tuple[GapChange, ...]

    @property
    def difference(self) -> Decimal:
        return _difference(self.before.total, self.after.total)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing that is charged changes, and nothing that is left out."""
        return not (self.meters or self.pairs or self.stopped or self.started or self.gaps)

    def by_place(self, *, whole_vnets: bool) -> tuple[AmountChange, ...]:
        """By the subnet or the virtual network in which the charge falls."""
        return _changes(*(_of_places(bill, whole_vnets) for bill in (self.before, self.after)))


def price_difference(before: Bill, after: Bill) -> BillDifference:
    """Both bills must be over the same records, with the same sheet, month and gigabyte.

    Raises ValueError where they are not.
    """
    if before.replay.records is not after.replay.records or before.sheet is not after.sheet:
        raise ValueError("the two bills are not over the same records and prices")
    if (before.factor, before.bytes_a_gb) != (after.factor, after.bytes_a_gb):
        raise ValueError("the two bills are not over the same time, or not in the same gigabytes")
    bills = (before, after)
    return BillDifference(
        before,
        after,
        _changes(*map(_of_meters, bills)),
        _changes(*map(_of_pairs, bills)),
        before.amount_of(_flows_billed_in(before, before) & ~_flows_billed_in(before, after)),
        after.amount_of(_flows_billed_in(before, after) & ~_flows_billed_in(before, before)),
        tuple(_gaps(before, after)),
    )


def _difference(before: Decimal, after: Decimal) -> Decimal:
    found = after - before
    return found if abs(found) > _NOTHING else Decimal(0)


def _of_meters(bill: Bill) -> _Amounts:
    """By key: meters of several services have one name."""
    return {(line.meter.title, line.region, line.meter.key): line.amount for line in bill.lines}


def _of_pairs(bill: Bill) -> _Amounts:
    return {(share.source, share.destination, ""): share.amount for share in by_pair(bill)}


def _of_places(bill: Bill, whole_vnets: bool) -> _Amounts:
    return {(share.place, "", ""): share.amount for share in by_place(bill, whole_vnets=whole_vnets)}


def _changes(before: _Amounts, after: _Amounts) -> tuple[AmountChange, ...]:
    nothing = Decimal(0)
    found = (
        AmountChange(name, where, before.get((name, where, key), nothing), after.get((name, where, key), nothing), key)
        for name, where, key in dict.fromkeys((*before, *after))
    )
    return tuple(
        sorted(
            (held for held in found if held.difference),
            key=lambda held: (-abs(held.difference), held.name, held.where, held.key),
        )
    )


def _flows_billed_in(before: Bill, bill: Bill) -> Bools:
    """The conversations of flows of which `bill` has one; another NIC's record of a flow is the same flow."""
    flow = before.billed.flow
    is_billed = np.zeros(int(flow.max(initial=-1)) + 1, bool)
    is_billed[flow[bill.billed.outcome == Outcome.BILLED]] = True
    found: Bools = is_billed[flow]
    return found


def _gaps(before: Bill, after: Bill) -> list[GapChange]:
    was, becomes = ({gap.reason: gap.gb for gap in bill.gaps} for bill in (before, after))
    nothing = Decimal(0)
    found = (
        GapChange(why, was.get(why, nothing), becomes.get(why, nothing)) for why in dict.fromkeys((*was, *becomes))
    )
    return [held for held in found if held.before != held.after]
