"""The charge table: topologies, flows over them, and what Azure's price list makes of the bytes, computed by hand.

``charges/*.yaml`` hold ``topologies`` and ``rows``. A topology is a scenario file, and beside its sections it may have
``resources``: Azure resources as an export has them, by any name, for what scenario files cannot say. Every key is
checked, so that a misspelt expectation is an error and not a test that passes. ``$rg`` stands for the ids of the
resource group that everything is in, up to the provider's name.

Hours of gateways, firewalls and endpoints, circuits, load balancer rules and flow logs cost money too, but no flow does
it; they have no rows.

What the tests ask of a bill goes through three functions: `bill_of`, `lines_of` and `not_priced`.

Learn: azure/virtual-network/virtual-network-peering-overview#pricing; the prices are those of 2026 in USD.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field

import simulator as sim
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.network.model import Network
from simulator.walk.trace import Trace

CHARGES = Path(__file__).parent / "charges"
BINARY_GB = 2**30
#: (key of the meter, region) → GB and USD.
Lines = dict[tuple[str, str], tuple[Decimal, Decimal]]
RESOURCE_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers"
#: The source port of a row's first flow; each further flow has the next.
FIRST_PORT = 49152
START = datetime(2026, 9, 1, tzinfo=UTC)
#: A machine of Azure's own, whose MAC no export holds: an instance of a firewall or of a gateway.
MANAGED_MAC = "0022487BC205"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Flow(Strict):
    """Who asks whom, the way there and back by the names of places, and the NICs that log it.

    A NIC of `logged_by` writes Outbound at the beginning of the path, Inbound at its end, and both where it stands
    between; ``managed`` is a machine of Azure's own. Without `logged_by` the source's NIC logs, or where the source has
    none the destination's. `logged_as` is ``address:port`` of the destination in the record of one NIC, where a load
    balancer put in another; of an Internet client's flow a NIC logs its own private address.
    """

    source: str = Field(alias="from")
    destination: str = Field(alias="to", description="name or address, with its port")
    path: tuple[str, ...]
    back: tuple[str, ...]
    verdict: Literal["ALLOW", "DENY", "UNKNOWN"] = "ALLOW"
    reason: str = "DELIVERED"
    logged_by: tuple[str, ...] = ()
    logged_as: Mapping[str, str] = {}


class Line(Strict):
    """What one meter counts and costs. `arithmetic` is ``GB × USD + GB × USD``; the GB add up to `gb`.

    `region` is the ARM name of the region whose traffic is charged, or the zone of an ExpressRoute circuit. It is given
    where a meter of one key has several prices in one bill; without it the bill's lines of that key are added up.
    """

    meter: str
    gb: Decimal
    usd: Decimal
    arithmetic: str
    region: str = ""


class Case(Strict):
    """One bill of a row's flows. `sent` and `received` are GB of each flow, one number for all or a list.

    `bytes` says that they are bytes and no GB of 2^30 bytes. `not_priced` are the GB that the bill lists without an
    amount.
    """

    sent: Decimal | tuple[Decimal, ...] = Decimal(0)
    received: Decimal | tuple[Decimal, ...] = Decimal(0)
    bytes: bool = False
    lines: tuple[Line, ...]
    total: Decimal
    not_priced: Decimal = Decimal(0)

    def __str__(self) -> str:
        return f"sent {_said(self.sent)} received {_said(self.received)}"


def _said(amount: Decimal | tuple[Decimal, ...]) -> str:
    return " and ".join(map(str, amount)) if isinstance(amount, tuple) else str(amount)


class Row(Strict):
    """One way that traffic can take, with its source in the specification and its bills.

    `change` is laid over the topology, mapping by mapping; `assume` are the open questions that the row answers
    otherwise than by default. A row that is not `walked` cannot be predicted: it has no amount and is listed.
    `by_the_sheet` is what its GB would cost, there and back, by meters that the sheet has all the same.
    """

    name: str
    source: str
    why: str = ""
    topology: str
    change: Mapping[str, Any] = {}
    assume: Mapping[str, bool] = {}
    walked: bool = True
    by_the_sheet: tuple[Line, ...] = ()
    flows: tuple[Flow, ...] = Field(min_length=1)
    bills: tuple[Case, ...] = Field(min_length=1)


class File(Strict):
    topologies: Mapping[str, Mapping[str, Any]] = {}
    rows: tuple[Row, ...] = ()


class Logged(NamedTuple):
    """A flow as one NIC logs it, in bytes from its source and bytes back. An empty MAC is a NIC that nobody knows."""

    source: str
    destination: str
    source_port: int
    destination_port: int
    mac: str
    direction: Literal["Inbound", "Outbound"]
    target: str
    bytes_sent: int
    bytes_received: int


@cache
def charge_files() -> tuple[File, ...]:
    paths = sorted(CHARGES.glob("*.yaml"))
    return tuple(File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in paths)


def rows() -> tuple[Row, ...]:
    return tuple(row for file in charge_files() for row in file.rows)


@cache
def topologies() -> dict[str, Mapping[str, Any]]:
    return {name: held for file in charge_files() for name, held in file.topologies.items()}


def topology_of(row: Row, *, assumed: bool = True) -> str:
    """The row's scenario as YAML text, with its assumptions or without."""
    merged = _merged(topologies()[row.topology], row.change)
    if assumed and row.assume:
        merged = {**merged, "assumptions": dict(row.assume)}
    return yaml.safe_dump(merged, sort_keys=False)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `under`: mappings are merged, everything else is replaced."""
    found = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if both else value
    return found


@cache
def network_of(topology: str) -> Network:
    """The network of a scenario text; its ``resources`` lie beside it as an export."""
    scenario = {
        "name": "network",
        "location": "westeurope",
        "resource_group": "rg",
        **yaml.safe_load(topology.replace("$rg", RESOURCE_GROUP)),
    }
    resources = scenario.pop("resources", None)
    with TemporaryDirectory() as folder:
        if resources:
            Path(folder, "resources.json").write_text(json.dumps([*resources.values()]), encoding="utf-8")
            scenario["include"] = "resources.json"
        path = Path(folder, "topology.yaml")
        path.write_text(yaml.safe_dump(scenario, sort_keys=False), encoding="utf-8")
        return sim.load(path)


def explained(network: Network, flow: Flow) -> Trace:
    return sim.explain(network, flow.source, flow.destination)


def logged(network: Network, row: Row, case: Case) -> tuple[Logged, ...]:
    """The row's flows as its NICs log them, with the bytes of one case."""
    size = 1 if case.bytes else BINARY_GB
    count = len(row.flows)
    both = zip(row.flows, _each(case.sent, count), _each(case.received, count), strict=True)
    return tuple(
        seen
        for at, (flow, sent, received) in enumerate(both)
        for seen in seen_of(network, flow, FIRST_PORT + at, int(sent * size), int(received * size))
    )


def _each(amount: Decimal | tuple[Decimal, ...], count: int) -> tuple[Decimal, ...]:
    return amount if isinstance(amount, tuple) else (amount,) * count


def seen_of(network: Network, flow: Flow, source_port: int, sent: int, received: int) -> Iterator[Logged]:
    question = explained(network, flow).question
    for place in flow.logged_by or (_logging_end(network, flow),):
        destination, port = question.destination, question.destination_port
        if place in flow.logged_as:
            address, _, text = flow.logged_as[place].rpartition(":")
            destination, port = address, int(text)
        endpoint = network.endpoint(place)
        mac = (endpoint.mac if endpoint else None) or MANAGED_MAC
        for direction in _directions(flow, place):
            vnet = str(endpoint.virtual_network) if endpoint else ""
            yield Logged(question.source, destination, source_port, port, mac, direction, vnet, sent, received)


def _logging_end(network: Network, flow: Flow) -> str:
    """The source where it is a NIC, else the destination."""
    ends = [flow.path[0], flow.path[-1]]
    return next((place for place in ends if (held := network.endpoint(place)) and held.mac), ends[0])


def _directions(flow: Flow, place: str) -> tuple[Literal["Inbound", "Outbound"], ...]:
    if place == flow.path[0]:
        return ("Outbound",)
    return ("Inbound",) if place in (flow.path[-1], "managed") else ("Inbound", "Outbound")


def records_of(flows: Sequence[Logged]) -> FlowRecords:
    """Each flow begins with the hour and ends a minute later, with all its bytes in the last tuple."""
    return FlowRecords.of([record for flow in flows for record in _records(flow)])


def _records(flow: Logged) -> Iterator[FlowRecord]:
    begin = FlowRecord(
        time=START,
        mac=flow.mac,
        direction=flow.direction,
        source=flow.source,
        destination=flow.destination,
        source_port=flow.source_port,
        destination_port=flow.destination_port,
        protocol=6,
        state="B",
        acl="nsg",
        rule=f"DefaultRule_AllowVnet{'In' if flow.direction == 'Inbound' else 'Out'}Bound",
        target=flow.target,
    )
    yield begin
    yield FlowRecord(
        **{name: getattr(begin, name) for name in FlowRecord.__struct_fields__ if name not in _COUNTED},
        time=START + timedelta(minutes=1),
        state="E",
        packets_sent=flow.bytes_sent // 1400 + 1,
        bytes_sent=flow.bytes_sent,
        packets_received=flow.bytes_received // 1400 + 1,
        bytes_received=flow.bytes_received,
    )


_COUNTED = {"time", "state", "packets_sent", "bytes_sent", "packets_received", "bytes_received"}


def bill_lines(topology: str, flows: tuple[Logged, ...]) -> Lines:
    """What the simulator bills for flows over a scenario text."""
    return lines_of(_bill(topology, flows))


@lru_cache(maxsize=1024)
def _bill(topology: str, flows: tuple[Logged, ...]) -> Any:
    return bill_of(topology, records_of(flows))


def bill_of(topology: str, records: FlowRecords) -> Any:
    return sim.price(sim.replay(network_of(topology), records))


def lines_of(bill: Any) -> Lines:
    """Lines of one meter and region are added up, and those of no bytes are left out."""
    lines: Lines = {}
    for line in bill.lines:
        gb, amount = lines.get((line.meter.key, line.region), (Decimal(0), Decimal(0)))
        if line.gb:
            lines[line.meter.key, line.region] = (gb + Decimal(line.gb), amount + line.amount)
    return lines


def not_priced(topology: str, flows: tuple[Logged, ...]) -> Decimal:
    """GB of the conversations that the bill lists without an amount, with a reason for each."""
    listed = _bill(topology, flows).unpriced
    assert all(entry.reason for entry in listed)
    return sum((Decimal(entry.gb) for entry in listed), Decimal(0))
