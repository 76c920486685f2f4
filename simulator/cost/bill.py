"""The bill: what the recorded flows cost, by meter, and whose traffic and which place it falls on.

Bands fill from all usage that one meter serves in a month, so prices are taken at the end, from totals. A share of a
meter costs its share of the meter's amount: the average rate. `marginal` is what one more GB would cost.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/cost-management-billing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.cost.billed import Billed, Outcome, billed
from simulator.cost.charges import Charges, charges
from simulator.cost.leg_rules import Charge
from simulator.cost.meters import Meter, MeterKey, marginal_price, tier_amount
from simulator.cost.price_sheet import PriceSheet
from simulator.errors import PriceError
from simulator.flows.records import Int64, moment
from simulator.flows.replay import Replay
from simulator.network.assumptions import is_assumed
from simulator.walk.packets import Bools
from simulator.walk.reasons import REASONS

#: Hours of a month, as Azure's price pages reckon it.
HOURS_A_MONTH = 730
#: VNet flow logs are written by the minute, and no log covers less.
_MINUTE = 60_000
_BINARY, _DECIMAL = 2**30, 10**9


class BillLine(Struct, frozen=True):
    """What one meter counts of one region's traffic: `gb`, and their share of the meter's `amount`."""

    meter: Meter
    region: str
    gb: Decimal
    amount: Decimal
    average: Decimal
    marginal: Decimal


class FreeLine(Struct, frozen=True):
    """Traffic that costs nothing, and why."""

    why: str
    gb: Decimal


class Unpriced(Struct, frozen=True):
    """Traffic that the bill leaves out, and the reason: conversations of a log, or a charge of some leg of theirs."""

    reason: str
    gb: Decimal
    conversations: int


class Bill(Struct, frozen=True, eq=False, dict=True):
    """What a log's flows cost.

    `quantity` holds bytes for each row of `charges`, `meter_of` the line that each is billed by (-1 for none). `factor`
    is what bytes were multiplied by: 1, or from the log's window to a month. `start` and `end` bound the window.
    """

    replay: Replay
    sheet: PriceSheet
    billed: Billed
    charges: Charges
    quantity: Int64
    factor: Decimal
    bytes_a_gb: int
    lines: tuple[BillLine, ...]
    free: tuple[FreeLine, ...]
    unpriced: tuple[Unpriced, ...]
    rate: Mapping[int, Decimal]

    @property
    def currency(self) -> str:
        return self.sheet.currency

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def start(self) -> datetime | None:
        """When the log begins; None of an empty one."""
        times = self.replay.records.time
        return moment(int(times.min())) if len(times) else None

    @property
    def end(self) -> datetime | None:
        times = self.replay.records.time
        return moment(int(times.max())) if len(times) else None

    @property
    def duplicates(self) -> int:
        """Conversations that are flows of the bill as another NIC on their way logged them."""
        return int((self.billed.outcome == Outcome.LOGGED_BY_ANOTHER_NIC).sum())

    @property
    def has_gaps(self) -> bool:
        """Whether traffic is left out because an answer, or what is charged for it, is not known."""
        return any(line.reason.startswith(("not decided", "not known")) for line in self.unpriced)

    @property
    def is_unsure(self) -> bool:
        """Whether a price in it is not certain."""
        return any(line.meter.certainty == "unsure" for line in self.lines)

    @cached_property
    def other_gigabyte(self) -> tuple[int, Decimal]:
        """The other reading of a GB in bytes, and the total under it."""
        other = _DECIMAL if self.bytes_a_gb == _BINARY else _BINARY
        return other, _bill(self.replay, self.sheet, self.billed, self.charges, self.factor, other).total

    def amounts(self, of_packet: npt.NDArray[np.intp], count: int) -> list[Decimal]:
        """The amount of each of `count` groups of packets; `of_packet` gives the group of each distinct packet."""
        return self._sums(of_packet[self.charges.packet], count)

    def amounts_by(self, of_kind: Sequence[int], count: int) -> list[Decimal]:
        """The amount of each of `count` groups of charges; `of_kind` gives the group of each kind of charge."""
        return self._sums(np.array([*of_kind], np.intp)[self.charges.charge], count)

    def amount_of(self, conversations: Bools) -> Decimal:
        """What the billed ones among these conversations cost."""
        part = Billed(
            self.billed.outcome,
            np.where(conversations, self.billed.sent, 0),
            np.where(conversations, self.billed.received, 0),
        )
        quantity = _quantities(self.replay, part, self.charges)
        return self._sums(np.zeros(len(quantity), np.intp), 1, quantity)[0]

    def _sums(self, group: npt.NDArray[np.intp], count: int, quantity: Int64 | None = None) -> list[Decimal]:
        """Of each group the bytes of each kind of charge at that kind's average rate."""
        kinds = len(self.charges.kinds)
        quantity = self.quantity if quantity is None else quantity
        sums = _sums_of(group * kinds + self.charges.charge, quantity, count * kinds)
        found = [Decimal(0)] * count
        for at in np.flatnonzero(sums):
            kind = int(at) % kinds
            if kind in self.rate:
                found[int(at) // kinds] += self.gigabytes(int(sums[at])) * self.rate[kind]
        return found

    def gigabytes(self, size: int) -> Decimal:
        """Bytes of the log as GB of the bill: with the factor, by the gigabyte in force."""
        return Decimal(size) * self.factor / self.bytes_a_gb


def price(replay: Replay, sheet: PriceSheet | None = None, *, month: bool = False) -> Bill:
    """What the recorded flows cost on this network.

    Parameters
    ----------
    replay : the flows with their predictions.
    sheet : prices; default those that the product ships (USD, with their dates).
    month : reckon with a month of 730 hours of traffic like the log's.

    Raises
    ------
    PriceError : the sheet has no price for a meter that the traffic meets.
    """
    sheet = PriceSheet.default() if sheet is None else sheet
    factor = month_factor(replay) if month else Decimal(1)
    size = _BINARY if is_assumed(replay.network, "gigabyte_is_binary") else _DECIMAL
    return _bill(replay, sheet, billed(replay), charges(replay.walked), factor, size)


def month_factor(replay: Replay) -> Decimal:
    """By how much a month is longer than the log: from the minute of its first tuple to that of its last."""
    times = replay.records.time
    if not len(times):
        return Decimal(1)
    minutes = int(times.max()) // _MINUTE - int(times.min()) // _MINUTE + 1
    return Decimal(HOURS_A_MONTH * 60) / minutes


def _bill(replay: Replay, sheet: PriceSheet, counted: Billed, held: Charges, factor: Decimal, bytes_a_gb: int) -> Bill:
    quantity = _quantities(replay, counted, held)
    totals = _sums_of(held.charge.astype(np.intp), quantity, len(held.kinds))
    gb = [Decimal(int(total)) * factor / bytes_a_gb for total in totals]
    meters = {
        number: _meter(sheet, kind)
        for number, kind in enumerate(held.kinds)
        if kind.meter is not None and totals[number]
    }
    pools: dict[str, Decimal] = {}
    for number, meter in meters.items():
        pools[meter.pool] = pools.get(meter.pool, Decimal(0)) + gb[number]
    amounts = {meter.pool: tier_amount(meter, pools[meter.pool]) for meter in meters.values()}
    rate = {number: amounts[meter.pool] / pools[meter.pool] for number, meter in meters.items()}
    return Bill(
        replay=replay,
        sheet=sheet,
        billed=counted,
        charges=held,
        quantity=quantity,
        factor=factor,
        bytes_a_gb=bytes_a_gb,
        lines=_lines(held.kinds, meters, gb, pools, rate),
        free=_free_lines(held.kinds, gb),
        unpriced=(*_conversations(replay, counted, factor, bytes_a_gb), *_unknown_charges(held, quantity, gb)),
        rate=rate,
    )


def _quantities(replay: Replay, counted: Billed, held: Charges) -> Int64:
    """Bytes of each charge: what its packet's billed conversations sent, or on the way back received."""
    count = len(replay.walked)
    sent = _sums_of(replay.packet, counted.sent, count)
    received = _sums_of(replay.packet, counted.received, count)
    return np.where(held.is_return, received[held.packet], sent[held.packet])


def _sums_of(group: npt.NDArray[np.intp], values: Int64, count: int) -> Int64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, values)
    return sums


def _meter(sheet: PriceSheet, kind: Charge) -> Meter:
    assert kind.meter is not None
    try:
        return sheet.meter(kind.meter, kind.region)
    except PriceError as error:
        raise PriceError(
            f"{error.message} (needed for: {kind.why})", code=error.code, place=error.place, hint=error.hint
        ) from None


def _lines(
    kinds: Sequence[Charge],
    meters: Mapping[int, Meter],
    gb: Sequence[Decimal],
    pools: Mapping[str, Decimal],
    rate: Mapping[int, Decimal],
) -> tuple[BillLine, ...]:
    """One line for each meter and region, the dearest first."""
    sums: dict[tuple[MeterKey, str], tuple[int, Decimal]] = {}
    for number in meters:
        meter, region = kinds[number].meter, kinds[number].region
        assert meter is not None
        first, total = sums.get((meter, region), (number, Decimal(0)))
        sums[meter, region] = (first, total + gb[number])
    lines = []
    for (_, region), (number, total) in sums.items():
        meter_held = meters[number]
        marginal = marginal_price(meter_held, pools[meter_held.pool])
        lines.append(BillLine(meter_held, region, total, total * rate[number], rate[number], marginal))
    return tuple(sorted(lines, key=lambda line: (-line.amount, line.meter.key, line.region)))


def _free_lines(kinds: Sequence[Charge], gb: Sequence[Decimal]) -> tuple[FreeLine, ...]:
    sums: dict[str, Decimal] = {}
    for number, kind in enumerate(kinds):
        if kind.kind == "free" and gb[number]:
            sums[kind.why] = sums.get(kind.why, Decimal(0)) + gb[number]
    return tuple(FreeLine(why, total) for why, total in sorted(sums.items(), key=lambda item: (-item[1], item[0])))


_WHY_NOT: Mapping[Outcome, str] = {
    Outcome.REPLY_LOGGED_APART: "replies that were logged as flows of their own",
    Outcome.BEHIND_A_TRANSLATION: "legs behind a firewall that put its own address in place of the sender's",
    Outcome.PREDICTED_DENY: "predicted to be denied, though the log shows it",
    Outcome.SEVERAL_WAYS: "of several ways that the flow may take not all let it pass",
}


def _conversations(replay: Replay, counted: Billed, factor: Decimal, bytes_a_gb: int) -> list[Unpriced]:
    """The conversations that are not billed, by reason; what the log has denied carried nothing."""
    flows = replay.conversations
    size = flows.bytes_sent + flows.bytes_received
    found: dict[str, tuple[int, int]] = {}

    def add(why: str, rows: npt.NDArray[Any], sizes: Int64) -> None:
        count, total = found.get(why, (0, 0))
        found[why] = (count + int(rows.sum()), total + int(sizes[rows].sum()))

    for outcome, why in _WHY_NOT.items():
        add(why, counted.outcome == outcome, size)
    unknown = counted.outcome == Outcome.UNKNOWN
    for reason in np.flatnonzero(np.bincount(replay.reason[unknown], minlength=len(REASONS))).tolist():
        held = REASONS[reason]
        add(f"not decided: {held.code}, {held.text}", unknown & (replay.reason == reason), size)
    before = (counted.outcome == Outcome.BILLED) & (flows.bytes_before_log > 0)
    add("counters that reach back before the log", before, flows.bytes_before_log)
    return [
        Unpriced(why, Decimal(total) * factor / bytes_a_gb, count) for why, (count, total) in found.items() if count
    ]


def _unknown_charges(held: Charges, quantity: Int64, gb: Sequence[Decimal]) -> list[Unpriced]:
    """Legs of billed conversations whose charge nobody knows."""
    sums: dict[str, tuple[Decimal, set[int]]] = {}
    for number, kind in enumerate(held.kinds):
        if kind.kind == "unpriced" and gb[number]:
            rows = (held.charge == number) & (quantity > 0)
            total, packets = sums.get(kind.why, (Decimal(0), set()))
            sums[kind.why] = (total + gb[number], packets | set(held.packet[rows].tolist()))
    return [Unpriced(f"not known: {why}", total, len(packets)) for why, (total, packets) in sums.items()]
