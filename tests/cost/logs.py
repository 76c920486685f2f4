"""Logs made by hand, for tests that ask what becomes of one conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from simulator.cost.bill import Bill, price
from simulator.cost.price_sheet import PriceSheet
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.replay import Replay, replay
from simulator.network.model import Network
from tests.cost.charge_table import START

GB = 2**30


def records(
    network: Network,
    nic: str,
    direction: Literal["Inbound", "Outbound"],
    source: str,
    destination: str,
    *,
    sent: float = 0,
    received: float = 0,
    seconds: float = 0,
    protocol: int = 6,
    is_denied: bool = False,
) -> list[FlowRecord]:
    """What the NIC called `nic` (or of that MAC) logs of a flow between ``address:port`` texts.

    The flow begins at `seconds`. `sent` and `received` are GB of 2^30 bytes, in the tuple that ends it 30 seconds on.
    """
    endpoint = network.endpoint(nic)
    ends = [text.rpartition(":") for text in (source, destination)]
    begin = FlowRecord(
        time=START + timedelta(seconds=seconds),
        mac=(endpoint.mac if endpoint is not None else nic) or "",
        direction=direction,
        source=ends[0][0].strip("[]"),
        destination=ends[1][0].strip("[]"),
        source_port=int(ends[0][2]),
        destination_port=int(ends[1][2]),
        protocol=protocol,
        state="D" if is_denied else "B",
        acl="nsg",
        rule="rule",
        target=str(endpoint.virtual_network) if endpoint is not None else "",
    )
    if is_denied:
        return [begin]
    fields = {name: getattr(begin, name) for name in FlowRecord.__struct_fields__}
    counted = {"packets_sent": 1, "bytes_sent": int(sent * GB), "packets_received": 1}
    end = {**fields, **counted, "bytes_received": int(received * GB), "state": "E"}
    return [begin, FlowRecord(**{**end, "time": begin.time + timedelta(seconds=30)})]


def replayed(network: Network, *flows: Sequence[FlowRecord]) -> Replay:
    return replay(network, FlowRecords.of([record for flow in flows for record in flow]))


def bill_of(
    network: Network, *flows: Sequence[FlowRecord], sheet: PriceSheet | None = None, month: bool = False
) -> Bill:
    return price(replayed(network, *flows), sheet, month=month)
