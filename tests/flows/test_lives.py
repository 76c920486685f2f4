"""Tuples of flows, column by column, are those that the slow reading gives, however the log is cut."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.flows.lives import CLOCK_SKEW, EMPTY, LIFETIME, RECREATED, Lives, Span, flow_tuples, last_times, skews
from simulator.flows.points import points_of
from simulator.flows.records import NOT_GIVEN, STATES, FlowRecords
from simulator.network.model import Endpoint
from simulator.walk.packets import Packets
from simulator.walk.predictions import Observation, Prediction, RuleReference
from simulator.walk.reasons import Verdict
from tests.flows.predicted import predicted_of
from tests.flows.slow_tuples import Life, observers, written

NETWORK = "/subscriptions/0a/resourceGroups/rg-net/providers/Microsoft.Network"
NSG = ResourceId(f"{NETWORK}/networkSecurityGroups/nsg-web")
RULE = RuleReference("NIC NSG", NSG, "allow-web", 100, "Allow")
START = 1_768_204_800_000
LOG = Span(START, START + 20 * 60_000)
ALLOW, DENY, UNKNOWN, INTERMITTENT = Verdict.ALLOW, Verdict.DENY, Verdict.UNKNOWN, Verdict.INTERMITTENT


def endpoint(number: int) -> Endpoint:
    return Endpoint(
        id=ResourceId(f"{NETWORK}/networkInterfaces/nic{number}"),
        kind="nic",
        name=f"vm{number}",
        subnet=ResourceId(f"{NETWORK}/virtualNetworks/vnet-hub/subnets/s"),
        virtual_network=ResourceId(f"{NETWORK}/virtualNetworks/vnet-hub"),
        addresses=(f"10.1.0.{number}",),
        mac=f"000D3A0000{number:02X}",
        private_endpoint=NSG if number == 7 else None,
    )


POINTS = st.lists(
    st.builds(
        Observation,
        endpoint=st.integers(4, 7).map(endpoint),
        direction=st.sampled_from(["Inbound", "Outbound"]),
        verdict=st.sampled_from([ALLOW, ALLOW, ALLOW, DENY, UNKNOWN]),
        reason=st.just(""),
        rule=st.sampled_from([RULE, RULE, None]),
    ),
    max_size=4,
)
FATES = st.lists(
    st.tuples(st.sampled_from([ALLOW, ALLOW, DENY, UNKNOWN, INTERMITTENT]), POINTS), min_size=1, max_size=4
)
MILLISECONDS = st.sampled_from([0, 1, 2, 299_999, 300_000, 300_001, 600_000]) | st.integers(0, 2_000_000)
LIFE = st.fixed_dictionaries(
    {
        "begin": st.integers(-900_000, 20 * 60_000 - 1) | st.sampled_from([-1, 0, 1]),
        "duration": MILLISECONDS,
        "idle": st.sampled_from([0, 0, 240_000]),
        "every": st.sampled_from([300_000, 300_000, 1000, 77_777]),
        "sent": st.integers(0, 10**10),
        "received": st.integers(0, 50),
        "sizes": st.tuples(st.integers(66, 1500), st.integers(66, 1500)),
        "attempts": st.integers(1, 4),
        "lost": st.integers(0, 3),
        "retry": st.integers(0, 1),
        "traits": st.sampled_from([0, 0, RECREATED, LIFETIME, EMPTY, RECREATED | LIFETIME | EMPTY]),
    }
)


def lives_of(drawn: list[dict[str, object]]) -> Lives:
    """One flow a packet."""

    def column(name: str, kind: type[np.generic] = np.int64) -> np.ndarray:
        return np.array([each[name] for each in drawn], kind)

    count = len(drawn)
    plain = Lives.of(
        packet=np.arange(count, dtype=np.int32),
        source_port=np.arange(50_000, 50_000 + count, dtype=np.int32),
        begin=LOG.start + column("begin"),
        duration=column("duration"),
        packets=np.stack([column("sent"), column("received")]),
        packet_bytes=np.array([each["sizes"] for each in drawn], np.int64).T,
        attempts=column("attempts"),
    )
    return replace(
        plain,
        idle=column("idle"),
        every=column("every"),
        lost=column("lost"),
        retry=column("retry", np.uint8),
        traits=column("traits", np.uint8),
    )


def rows(records: FlowRecords) -> list[tuple[object, ...]]:
    counters = (records.packets_sent, records.bytes_sent, records.packets_received, records.bytes_received)
    columns = (
        [records.macs[mac] for mac in records.mac],
        records.direction.tolist(),
        records.source_port.tolist(),
        records.time.tolist(),
        [STATES[state] for state in records.state],
        *([None if value == NOT_GIVEN else value for value in column.tolist()] for column in counters),
    )
    return list(zip(*columns, strict=True))


@settings(max_examples=150, deadline=None)
@given(st.data(), FATES, st.sampled_from([6, 17, 1]), st.integers(0, 3))
def test_tuples_are_those_of_the_slow_reading_however_the_log_is_cut(
    data: st.DataObject, fates: list[tuple[Verdict, list[Observation]]], protocol: int, seed: int
) -> None:
    packets = Packets.of([("10.1.0.4", "10.1.0.5", 50_000 + at, 443, protocol) for at in range(len(fates))])
    lives = lives_of(data.draw(st.lists(LIFE, min_size=len(fates), max_size=len(fates))))
    points = points_of(predicted_of(packets, fates))
    skew = skews(seed, points.macs)
    cuts = sorted({*LOG, *data.draw(st.lists(st.integers(LOG.start, LOG.end), max_size=5))})
    spans = [Span(*pair) for pair in pairwise(cuts)]
    made = [row for span in spans for row in rows(flow_tuples(points, lives, LOG, span, skew))]
    assert [row[3] for row in made] == sorted(row[3] for row in made)  # type: ignore[type-var]

    ahead = dict(zip(points.macs, skew.tolist(), strict=True))
    expected = []
    for at, (verdict, seen) in enumerate(fates):
        prediction = Prediction(verdict, "", None, None, (), tuple(seen))
        for each in observers(prediction, protocol):
            mac = each.endpoint.mac or ""
            told = written(Life.of(lives, at), each, verdict == ALLOW, protocol, LOG, ahead[mac])
            expected += [(mac, int(each.direction == "Outbound"), 50_000 + at, *line) for line in told]
    assert Counter(made) == Counter(expected)

    latest = last_times(points, lives)
    assert all(row[3] <= latest[row[2] - 50_000] for row in made)  # type: ignore[operator]


def test_clocks_differ_by_no_more_than_they_may() -> None:
    ahead = skews(3, [f"{number:012X}" for number in range(500)])
    assert ahead.min() == -CLOCK_SKEW and ahead.max() == CLOCK_SKEW
    assert (ahead == skews(3, [f"{number:012X}" for number in range(500)])).all()
