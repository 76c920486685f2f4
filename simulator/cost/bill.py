"""The bill: what the recorded flows cost, by meter, and whose traffic and which place it falls on.

Bands fill from all usage that one meter serves in a month, so prices are taken at the end, from totals. A share of a
meter costs its share of the meter's amount: the average rate. `marginal` is what one more GB would cost. Codes:
VNS7012 the log counts more bytes than can be right.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/cost-management-billing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property

import numpy as np
from msgspec import Struct

from simulator.cost.billed import Billed, Outcome, billed
from simulator.cost.charges import Charges, charges
from simulator.cost.left_out import Unpriced, conversations_left_out, unknown_charges
from simulator.cost.leg_rules import Charge
from simulator.cost.meters import Meter, MeterKey, marginal_price, tier_amount
from simulator.cost.price_sheet import PriceSheet
from simulator.cost.sums import Rows, sums_by, sums_of
from simulator.dataplane.places import NONE
from simulator.errors import PriceError
from simulator.flows.records import Int64, moment
from simulator.flows.replay import Replay
from simulator.network.assumptions import is_assumed
from simulator.walk.packets import Bools

#: Hours of a month, as Azure's price pages reckon it.
HOURS_A_MONTH = 730
#: VNet flow logs are written by the minute, and no log covers less.
_MINUTE = 60_000
BINARY_GB, DECIMAL_GB = 2**30, 10**9
#: Of a log's bytes, with room for a way of some legs before a sum of 64 bits runs over.
MOST_BYTES = 2**58


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


class Bill(Struct, frozen=True, eq=False, dict=True):
    """What a log's flows cost.

    `quantity` holds bytes for each row of `charges`, `sizes` the bytes of each of their kinds, `meters` the meter of
    those kinds that have a price. `factor` is what bytes are multiplied by: 1, or where the bill `is_of_a_month` from
    the log's window to a month. `bytes_a_gb` are those of the GB that prices are for.
    """

    replay: Replay
    sheet: PriceSheet
    billed: Billed
    charges: Charges
    quantity: Int64
    sizes: Sequence[int]
    meters: Mapping[int, Meter]
    is_of_a_month: bool
    factor: Decimal
    bytes_a_gb: int
    unpriced: tuple[Unpriced, ...]

    @property
    def currency(self) -> str:
        return self.sheet.currency

    @cached_property
    def rate(self) -> Mapping[int, Decimal]:
        """What a GB of each kind of charge costs on average."""
        return _rates(self.meters, self._gb)

    @cached_property
    def lines(self) -> tuple[BillLine, ...]:
        """One for each meter and region, the dearest first."""
        return _lines(self.charges.kinds, self.meters, self._gb, self.rate)

    @cached_property
    def free(self) -> tuple[FreeLine, ...]:
        """The most bytes first."""
        return _free_lines(self.charges.kinds, self._gb)

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
    def minutes(self) -> int:
        """How long the log is; 0 of an empty one."""
        return minutes_of(self.replay)

    @property
    def duplicates(self) -> int:
        """Conversations that are flows of the bill as another NIC on their way logged them."""
        return int((self.billed.outcome == Outcome.LOGGED_BY_ANOTHER_NIC).sum())

    @property
    def gaps(self) -> tuple[Unpriced, ...]:
        """What is left out because an answer, or what is charged for it, is not known."""
        return tuple(line for line in self.unpriced if line.is_gap)

    @property
    def lacks_prices(self) -> bool:
        """Whether bytes met a meter that the shipped sheet does not price."""
        kinds = zip(self.charges.kinds, self.sizes, strict=True)
        return any(kind.meter and size and at not in self.meters for at, (kind, size) in enumerate(kinds))

    @property
    def is_unsure(self) -> bool:
        """Whether a price in it is not certain."""
        return any(line.meter.certainty == "unsure" for line in self.lines)

    @cached_property
    def other_gigabyte(self) -> tuple[int, Decimal]:
        """The other reading of a GB in bytes, and the total under it."""
        other = DECIMAL_GB if self.bytes_a_gb == BINARY_GB else BINARY_GB
        gb = [_gigabytes(size, self.factor, other) for size in self.sizes]
        lines = _lines(self.charges.kinds, self.meters, gb, _rates(self.meters, gb))
        return other, sum((line.amount for line in lines), Decimal(0))

    @cached_property
    def _gb(self) -> Sequence[Decimal]:
        """GB of each kind of charge."""
        return [self.gigabytes(size) for size in self.sizes]

    def amounts(self, of_packet: Rows, count: int) -> list[Decimal]:
        """The amount of each of `count` groups of packets; `of_packet` gives the group of each distinct packet."""
        return self._amounts(of_packet[self.charges.packet], count, self.quantity)

    def amounts_by(self, of_kind: Sequence[int], count: int) -> list[Decimal]:
        """The amount of each of `count` groups of charges; `of_kind` gives the group of each kind of charge."""
        return self._amounts(np.array([*of_kind], np.intp)[self.charges.charge], count, self.quantity)

    def amount_of(self, conversations: Bools) -> Decimal:
        """What the billed ones among these conversations cost."""
        sent, received = (np.where(conversations, held, 0) for held in (self.billed.sent, self.billed.received))
        quantity = _quantities(self.replay, Billed(self.billed.outcome, sent, received, self.billed.flow), self.charges)
        return self._amounts(np.zeros(len(quantity), np.intp), 1, quantity)[0]

    def _amounts(self, group: Rows, count: int, quantity: Int64) -> list[Decimal]:
        """Of each group the bytes at each rate, times that rate: kinds of charge that one meter counts have one."""
        rates = sorted(set(self.rate.values()))
        number = {rate: at for at, rate in enumerate(rates)}
        of_kind = np.array([number[self.rate[at]] if at in self.rate else NONE for at in range(len(self.sizes))])
        found = [Decimal(0)] * count
        priced = np.flatnonzero(quantity > 0)
        priced = priced[of_kind[self.charges.charge[priced]] != NONE] if len(priced) else priced
        if not len(priced):
            return found
        cells, sums = sums_by(group[priced] * len(rates) + of_kind[self.charges.charge[priced]], quantity[priced])
        for cell, size in zip(cells.tolist(), sums.tolist(), strict=True):
            found[cell // len(rates)] += self.gigabytes(size) * rates[cell % len(rates)]
        return found

    def gigabytes(self, size: int) -> Decimal:
        """Bytes of the log as GB of the bill: with the factor, by the gigabyte in force."""
        return _gigabytes(size, self.factor, self.bytes_a_gb)


def price(replay: Replay, sheet: PriceSheet | None = None, *, month: bool = False) -> Bill:
    """What the recorded flows cost on this network.

    Parameters
    ----------
    replay : the flows with their predictions.
    sheet : prices; default those that the product ships (USD, with their dates). What these do not price is listed
        among `Bill.unpriced`; a sheet of yours has to price everything.
    month : reckon with a month of 730 hours of traffic like the log's.

    Raises
    ------
    PriceError : a sheet of yours has no price for a meter that the traffic meets (VNS7010, VNS7011), or the log counts
        more bytes than can be right (VNS7012).
    """
    sheet = PriceSheet.default() if sheet is None else sheet
    _refuse_absurd(replay)
    counted, held = billed(replay), charges(replay.walked)
    quantity = _quantities(replay, counted, held)
    sizes = sums_of(held.charge.astype(np.intp), quantity, len(held.kinds)).tolist()
    meters, unknown = _meters(sheet, held.kinds, sizes)
    factor = month_factor(replay) if month else Decimal(1)
    bytes_a_gb = BINARY_GB if is_assumed(replay.network, "gigabyte_is_binary") else DECIMAL_GB
    left_out = (*conversations_left_out(replay, counted), *unknown_charges(replay, counted, held, quantity, unknown))
    return Bill(
        replay=replay,
        sheet=sheet,
        billed=counted,
        charges=held,
        quantity=quantity,
        sizes=sizes,
        meters=meters,
        is_of_a_month=month,
        factor=factor,
        bytes_a_gb=bytes_a_gb,
        unpriced=tuple(
            Unpriced(one.reason, _gigabytes(one.size, factor, bytes_a_gb), one.conversations, one.is_gap)
            for one in left_out
        ),
    )


def minutes_of(replay: Replay) -> int:
    """From the minute of the log's first tuple to that of its last, both included; 0 of an empty log."""
    times = replay.records.time
    return int(times.max()) // _MINUTE - int(times.min()) // _MINUTE + 1 if len(times) else 0


def month_factor(replay: Replay) -> Decimal:
    """By how much a month is longer than the log; 1 for an empty one."""
    minutes = minutes_of(replay)
    return Decimal(HOURS_A_MONTH * 60) / minutes if minutes else Decimal(1)


def _gigabytes(size: int, factor: Decimal, bytes_a_gb: int) -> Decimal:
    return Decimal(size) * factor / bytes_a_gb


def _refuse_absurd(replay: Replay) -> None:
    """Beyond some hundred petabytes sums of whole numbers would run over, and no log of anybody's holds that."""
    flows = replay.conversations
    columns = (flows.bytes_sent, flows.bytes_received, flows.bytes_before_log)
    has_run_over = any(column.min(initial=0) < 0 for column in columns)
    if has_run_over or sum(float(column.sum(dtype=np.float64)) for column in columns) > MOST_BYTES:
        message = f"the log counts more than {MOST_BYTES // 10**15} PB, of which no bill is made"
        raise PriceError(message, code="VNS7012", hint="look for counters in the flow logs that cannot be right")


def _quantities(replay: Replay, counted: Billed, held: Charges) -> Int64:
    """Bytes of each charge: what its packet's billed conversations sent, or on the way back received."""
    count = len(replay.walked)
    sent = sums_of(replay.packet, counted.sent, count)
    received = sums_of(replay.packet, counted.received, count)
    packet = held.packet
    return np.where(held.is_return, received[packet], sent[packet])


def _meters(
    sheet: PriceSheet, kinds: Sequence[Charge], sizes: Sequence[int]
) -> tuple[dict[int, Meter], dict[int, str]]:
    """The meter of each kind of charge that bytes met; of kinds that the shipped sheet does not price, why."""
    meters: dict[int, Meter] = {}
    unknown = {number: kind.why for number, kind in enumerate(kinds) if kind.kind == "unpriced"}
    for number, kind in enumerate(kinds):
        if kind.meter is None or not sizes[number]:
            continue
        try:
            meters[number] = sheet.meter(kind.meter, kind.region)
        except PriceError as error:
            if not sheet.is_shipped:
                message = f"{error.message} (needed for: {kind.why})"
                raise PriceError(message, code=error.code, place=error.place, hint=error.hint) from None
            unknown[number] = f"{error.message} ({error.code})"
    return meters, unknown


def _pools(meters: Mapping[int, Meter], gb: Sequence[Decimal]) -> dict[str, Decimal]:
    """The GB that one meter counts in the month, whatever they are for."""
    pools: dict[str, Decimal] = {}
    for number, meter in meters.items():
        pools[meter.pool] = pools.get(meter.pool, Decimal(0)) + gb[number]
    return pools


def _rates(meters: Mapping[int, Meter], gb: Sequence[Decimal]) -> dict[int, Decimal]:
    """The average price of each kind of charge, with the bands filled from all usage of its meter."""
    pools = _pools(meters, gb)
    averages = {meter.pool: tier_amount(meter, pools[meter.pool]) / pools[meter.pool] for meter in meters.values()}
    return {number: averages[meter.pool] for number, meter in meters.items()}


def _lines(
    kinds: Sequence[Charge], meters: Mapping[int, Meter], gb: Sequence[Decimal], rate: Mapping[int, Decimal]
) -> tuple[BillLine, ...]:
    pools = _pools(meters, gb)
    sums: dict[tuple[MeterKey, str], tuple[int, Decimal]] = {}
    for number, meter in meters.items():
        first, total = sums.get((meter.key, kinds[number].region), (number, Decimal(0)))
        sums[meter.key, kinds[number].region] = (first, total + gb[number])
    lines = []
    for (_, region), (number, total) in sums.items():
        meter = meters[number]
        marginal = marginal_price(meter, pools[meter.pool])
        lines.append(BillLine(meter, region, total, total * rate[number], rate[number], marginal))
    return tuple(sorted(lines, key=lambda line: (-line.amount, line.meter.key, line.region)))


def _free_lines(kinds: Sequence[Charge], gb: Sequence[Decimal]) -> tuple[FreeLine, ...]:
    sums: dict[str, Decimal] = {}
    for number, kind in enumerate(kinds):
        if kind.kind == "free" and gb[number]:
            sums[kind.why] = sums.get(kind.why, Decimal(0)) + gb[number]
    return tuple(FreeLine(why, total) for why, total in sorted(sums.items(), key=lambda item: (-item[1], item[0])))
