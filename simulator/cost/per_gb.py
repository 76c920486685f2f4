"""What each GB of one packet's flow costs, leg by leg, there and back: the story of a bill before there is a log.

Learn: azure/virtual-network/virtual-network-peering-overview
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from simulator.cost.charges import charges
from simulator.cost.leg_rules import Charge
from simulator.cost.meters import Certainty, first_paid_price
from simulator.cost.price_sheet import PriceSheet
from simulator.errors import PriceError
from simulator.network.model import Network
from simulator.walk.explain import data_plane
from simulator.walk.packet_walk import packet_walk
from simulator.walk.questions import Question
from simulator.walk.reasons import Verdict


class LegCost(Struct, frozen=True):
    """One charge of one leg: `price` a GB in the first band that costs anything, 0 where it is free, None unknown."""

    is_return: bool
    why: str
    meter: str
    region: str
    price: Decimal | None
    certainty: Certainty = "sure"


def cost_per_gb(network: Network, question: Question, sheet: PriceSheet | None = None) -> tuple[LegCost, ...]:
    """The charges of a packet that arrives, in the order of travel; none of one that does not."""
    sheet = PriceSheet.default() if sheet is None else sheet
    walked = packet_walk(data_plane(network), question.packets())
    if walked.verdict[0] != Verdict.ALLOW:
        return ()
    held = charges(walked)
    ways = zip(held.charge.tolist(), held.is_return.tolist(), strict=True)
    return tuple(_leg_cost(held.kinds[number], is_return, sheet) for number, is_return in ways)


def _leg_cost(kind: Charge, is_return: bool, sheet: PriceSheet) -> LegCost:
    if kind.meter is None:
        return LegCost(is_return, kind.why, "", kind.region, Decimal(0) if kind.kind == "free" else None)
    try:
        meter = sheet.meter(kind.meter, kind.region)
    except PriceError:
        return LegCost(is_return, kind.why, kind.meter, kind.region, None)
    return LegCost(is_return, kind.why, meter.name, kind.region, first_paid_price(meter), meter.certainty)
