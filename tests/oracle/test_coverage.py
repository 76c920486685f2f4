"""Random networks reach every reason there is: no law over them is vacuous."""

from __future__ import annotations

from tests.oracle.judgement import REASONS
from tests.oracle.packet_walk import Oracle
from tests.strategies import coverage, random_packets, random_snapshot

#: Too rare to be drawn for certain: test_oracle_balancers and test_oracle_firewall make them by hand.
RARE = {"TOO_MANY_PATHS", "FIREWALL_THREAT_INTELLIGENCE"}


def test_every_reason_occurs() -> None:
    judgements = []
    for seed in range(250):
        snapshot = random_snapshot(seed)
        oracle = Oracle(snapshot)
        judgements += [oracle.judge_flow(flow) for flow in random_packets(snapshot, seed, 60)]
    counts = coverage(judgements)
    for name, count in counts.most_common():
        print(f"{count:6} {name}")
    assert set(counts) >= REASONS - RARE
