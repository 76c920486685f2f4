"""What a flow log holds once it is read: one column a field, one row a tuple, and where each row stands.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from simulator.azure.security_group import Direction
from simulator.walk.packets import Addresses, Index, Int32

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
State = Literal["B", "C", "E", "D"]

#: `FlowRecords.state` indexes this: the flow begins, continues, ends, or was denied.
STATES: tuple[State, ...] = get_args(State)
BEGIN, CONTINUE, END, DENIED = range(4)
#: `FlowRecords.direction` indexes this: the direction as the NIC sees it, never inferred from addresses.
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
#: A counter that the log leaves empty.
NOT_GIVEN = -1
#: A level of a `Locator` that the place does not reach.
WHOLE = -1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Locator(Struct, frozen=True):
    """Where a tuple stands: ``records[record].flowRecords.flows[flow].flowGroups[group].flowTuples[tuple]`` of a blob.

    Numbers count from 0. Records are counted over the whole blob, also where the file is no ``{"records": […]}``. A
    level of -1 means the place is the level above.
    """

    blob: str
    record: int = WHOLE
    flow: int = WHOLE
    group: int = WHOLE
    tuple: int = WHOLE

    def __str__(self) -> str:
        levels = (
            ("records", self.record),
            (".flowRecords.flows", self.flow),
            (".flowGroups", self.group),
            (".flowTuples", self.tuple),
        )
        path = "".join(f"{name}[{number}]" for name, number in levels if number != WHOLE)
        return f"{self.blob} {path}" if path else self.blob


class Malformed(Struct, frozen=True):
    """A piece of a flow log that breaks the format: its place, its beginning as written, and what is wrong with it."""

    locator: Locator
    text: str
    reason: str


class FlowRecord(Struct, frozen=True):
    """One tuple, for people. `time` is UTC to the millisecond; counters are None where the log leaves them empty.

    "Sent" is from the flow's source to its destination, whichever end the NIC is.
    """

    time: datetime
    mac: str
    direction: Direction
    source: str
    destination: str
    source_port: int
    destination_port: int
    protocol: int
    state: State
    acl: str
    rule: str
    encryption: str = "NX"
    packets_sent: int | None = 0
    bytes_sent: int | None = 0
    packets_received: int | None = 0
    bytes_received: int | None = 0
    target: str = ""
    locator: Locator = Locator("")


class Locators(Struct, frozen=True):
    """A column of places; `blob` indexes `FlowRecords.blobs`."""

    blob: Int32
    record: Int32
    flow: Int32
    group: Int32
    tuple: Int32

    def __len__(self) -> int:
        return len(self.blob)

    def __getitem__(self, index: Index) -> Locators:
        return Locators(*(getattr(self, level)[index] for level in self.__struct_fields__))


class FlowRecords(Struct, frozen=True, eq=False):
    """Every tuple that was read, in the order of the files, as read-only columns of equal length.

    `time` is milliseconds since 1970 UTC. `direction` indexes `DIRECTIONS`, `state` indexes `STATES`; `encryption`,
    `mac`, `acl`, `rule` and `target` index the tuple of texts named in the plural, and `locators.blob` indexes `blobs`.
    Counters are -1 where the log leaves them empty; bytes include headers. MAC addresses are twelve upper-case
    hexadecimal digits, or empty where the record has none; `acl` and `rule` are kept as written (`rule_names` reads
    them). `malformed` lists what could not be read, `duplicates` counts the tuples dropped as read twice.
    """

    time: Int64
    source: Addresses
    destination: Addresses
    source_port: Int32
    destination_port: Int32
    protocol: UInt8
    direction: UInt8
    state: UInt8
    encryption: Int32
    packets_sent: Int64
    bytes_sent: Int64
    packets_received: Int64
    bytes_received: Int64
    mac: Int32
    acl: Int32
    rule: Int32
    target: Int32
    locators: Locators
    encryptions: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    acls: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    duplicates: int = 0

    def __post_init__(self) -> None:
        for column in columns_of(self):
            column.setflags(write=False)

    @classmethod
    def of(cls, rows: Iterable[FlowRecord]) -> FlowRecords:
        """Columns of these rows, in their order. Raises ValueError where an address is none."""
        return _from_rows(list(rows))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, at: int) -> FlowRecord:
        if not -len(self) <= at < len(self):
            raise IndexError(f"record {at} of {len(self)}")
        sent, sent_bytes, received, received_bytes = (
            None if column[at] == NOT_GIVEN else int(column[at])
            for column in (self.packets_sent, self.bytes_sent, self.packets_received, self.bytes_received)
        )
        return FlowRecord(
            time=moment(int(self.time[at])),
            mac=self.macs[self.mac[at]],
            direction=DIRECTIONS[self.direction[at]],
            source=self.source.text(at),
            destination=self.destination.text(at),
            source_port=int(self.source_port[at]),
            destination_port=int(self.destination_port[at]),
            protocol=int(self.protocol[at]),
            state=STATES[self.state[at]],
            acl=self.acls[self.acl[at]],
            rule=self.rules[self.rule[at]],
            encryption=self.encryptions[self.encryption[at]],
            packets_sent=sent,
            bytes_sent=sent_bytes,
            packets_received=received,
            bytes_received=received_bytes,
            target=self.targets[self.target[at]],
            locator=self.locator(at),
        )

    def __iter__(self) -> Iterator[FlowRecord]:
        return (self[at] for at in range(len(self)))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that reads Arrow; see `simulator.flows.arrow`. Raises MissingExtraError."""
        from simulator.flows.arrow import records_table

        return records_table(self).__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame. Raises MissingExtraError without pyarrow and pandas."""
        from simulator.flows.arrow import records_table, to_pandas

        return to_pandas(records_table(self))

    def select(self, index: Index) -> FlowRecords:
        """The rows of a mask, a slice or an array of row numbers; the texts and what is malformed stay."""
        columns = self.__struct_fields__[: -len(self.__struct_defaults__)]
        return replace(self, **{name: getattr(self, name)[index] for name in columns})

    def locator(self, at: int) -> Locator:
        """Where row `at` stands."""
        row = self.locators
        return Locator(
            self.blobs[row.blob[at]], int(row.record[at]), int(row.flow[at]), int(row.group[at]), int(row.tuple[at])
        )


def columns_of(records: FlowRecords) -> list[npt.NDArray[np.generic]]:
    """Every array of `records`, the halves of addresses and the levels of locators apart."""
    columns: list[npt.NDArray[np.generic]] = []
    for name in records.__struct_fields__:
        value = getattr(records, name)
        if isinstance(value, Addresses):
            columns += [value.high, value.low]
        elif isinstance(value, Locators):
            columns += [getattr(value, level) for level in value.__struct_fields__]
        elif isinstance(value, np.ndarray):
            columns.append(value)
    return columns


class Texts(Struct):
    """Distinct texts in the order they were first met; a column holds their numbers."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def column(self, texts: Iterable[str]) -> Int32:
        return np.fromiter((self.number(text) for text in texts), np.int32)

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(self.numbers)


def milliseconds(time: datetime) -> int:
    """Whole milliseconds since 1970 UTC; `time` must know its zone."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    """The UTC time of a column of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _from_rows(rows: list[FlowRecord]) -> FlowRecords:
    encryptions, macs, acls, rules, targets, blobs = (Texts() for _ in range(6))
    places = [row.locator for row in rows]

    def counter(name: str) -> Int64:
        given = (getattr(row, name) for row in rows)
        return np.array([NOT_GIVEN if value is None else value for value in given], np.int64)

    return FlowRecords(
        time=np.array([milliseconds(row.time) for row in rows], np.int64),
        source=Addresses.parse([row.source for row in rows]),
        destination=Addresses.parse([row.destination for row in rows]),
        source_port=np.array([row.source_port for row in rows], np.int32),
        destination_port=np.array([row.destination_port for row in rows], np.int32),
        protocol=np.array([row.protocol for row in rows], np.uint8),
        direction=np.array([DIRECTIONS.index(row.direction) for row in rows], np.uint8),
        state=np.array([STATES.index(row.state) for row in rows], np.uint8),
        encryption=encryptions.column(row.encryption for row in rows),
        packets_sent=counter("packets_sent"),
        bytes_sent=counter("bytes_sent"),
        packets_received=counter("packets_received"),
        bytes_received=counter("bytes_received"),
        mac=macs.column(row.mac for row in rows),
        acl=acls.column(row.acl for row in rows),
        rule=rules.column(row.rule for row in rows),
        target=targets.column(row.target for row in rows),
        locators=Locators(
            blobs.column(place.blob for place in places),
            np.array([place.record for place in places], np.int32),
            np.array([place.flow for place in places], np.int32),
            np.array([place.group for place in places], np.int32),
            np.array([place.tuple for place in places], np.int32),
        ),
        encryptions=encryptions.all,
        macs=macs.all,
        acls=acls.all,
        rules=rules.all,
        targets=targets.all,
        blobs=blobs.all,
    )
