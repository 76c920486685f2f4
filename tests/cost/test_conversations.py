"""The column of amounts adds up to the bill, and holds nothing where nothing is billed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulator as sim
from simulator.cost.billed import Outcome
from simulator.cost.conversations import conversation_amounts

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.mark.parametrize("name", ["hub-spoke", "direct-peering"])
@pytest.mark.parametrize("month", [False, True])
def test_amounts_of_conversations_add_up_to_the_bill(name: str, month: bool) -> None:
    replay = sim.replay(sim.load(SCENARIOS / name), sim.read_flow_logs(SCENARIOS / name / "flows.json.gz"))
    bill = sim.price(replay, month=month)
    amounts = conversation_amounts(bill)
    assert float(bill.total) > 0
    assert np.nansum(amounts) == pytest.approx(float(bill.total), rel=1e-9)
    assert (np.isnan(amounts) == (bill.billed.outcome != Outcome.BILLED)).all()
    one = np.flatnonzero(amounts > 0)[0]
    alone = np.arange(len(replay)) == one
    assert float(bill.amount_of(alone)) == pytest.approx(amounts[one], rel=1e-9)
