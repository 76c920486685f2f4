"""The amount of each conversation of a bill, as a column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.cost.bill import Bill
from simulator.cost.billed import Outcome

Float64 = npt.NDArray[np.float64]


def conversation_amounts(bill: Bill) -> Float64:
    """What each conversation costs in the bill's currency, at average rates; NaN where it is not billed."""
    held, count = bill.charges, len(bill.replay.walked)
    rate = np.array([float(bill.rate.get(number, 0)) for number in range(len(held.kinds))])
    a_byte = float(bill.factor) / bill.bytes_a_gb
    there, back = (
        np.bincount(held.packet[way], weights=rate[held.charge[way]] * a_byte, minlength=count)
        for way in (~held.is_return, held.is_return)
    )
    packet, counted = bill.replay.packet, bill.billed
    amounts = counted.sent * there[packet] + counted.received * back[packet]
    amounts[counted.outcome != Outcome.BILLED] = np.nan
    found: Float64 = amounts
    return found
