"""Reads what a command was given: a topology, flow logs, or the scenario that ships with vnetsim."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from simulator.cli.options import STANDARD_INPUT
from simulator.cli.session import Session

if TYPE_CHECKING:
    from simulator.cost.price_sheet import PriceSheet
    from simulator.flows.records import FlowRecords
    from simulator.network.model import Network
    from simulator.whatif.change import Change

#: Of notes about price pages as many are told beside the result.
_NOTES_TOLD = 3


def load_network(session: Session, path: str) -> Network:
    """The network at `path`, its issues told on stderr."""
    network = read_network(session, path)
    session.detail(f"{path}: {len(network.as_read.resources):,} resources, {len(network.endpoints):,} endpoints")
    session.tell_issues(network.issues, f"vnetsim check {shlex.quote(path)}{as_typed(session)}")
    return network


def read_network(session: Session, path: str) -> Network:
    """The network at `path`; its issues are left to the caller."""
    import simulator

    _refuse_empty(path, "NET")
    assumed = assumptions(session)
    with session.step(f"reading {path}"):
        return simulator.load(path, assumptions=assumed)


def assumptions(session: Session) -> dict[str, str]:
    """What --assume says; of a key that is said twice the last. Raises QuestionError (VNS5019, VNS5020)."""
    from simulator.network.assumptions import chosen

    said = (text.partition("=") for text in session.assume)
    return chosen({key.strip(): value for key, _, value in said})


def as_typed(session: Session) -> str:
    """The --assume options for a command to go on with, a blank before each."""
    return "".join(f" --assume {shlex.quote(text)}" for text in session.assume)


def read_change(path: str) -> Change:
    """The change in the file at `path`, or on standard input."""
    import simulator

    _refuse_empty(path, "CHANGE")
    if path != STANDARD_INPUT:
        return simulator.load_change(path)
    from simulator.sources.reading import read_standard_input
    from simulator.whatif.change import MAX_BYTES, parse_change

    return parse_change(read_standard_input(limit=MAX_BYTES), "standard input")


def read_changes(path: str | None, move: list[str] | None, via: list[str] | None) -> Change:
    """The change in the file at `path`, then those of the options --move and --via; at least one has to be there."""
    from simulator.whatif import in_brief
    from simulator.whatif.change import joined

    given = [
        *(read_change(name) for name in (path,) if name is not None),
        *(in_brief.read_move(text) for text in move or ()),
        *(in_brief.via(text) for text in via or ()),
    ]
    if not given:
        raise typer.BadParameter("no change is given: name a file, or say it with --move or --via", param_hint="CHANGE")
    return joined(given)


def price_sheet(session: Session, paths: list[str] | None) -> PriceSheet:
    """The pages at `paths` over the shipped prices, what is to know of them told on stderr; else the shipped ones.

    Raises PriceError.
    """
    from simulator.cost.price_sheet import PriceSheet, load_prices

    if not paths:
        return PriceSheet.default()
    for path in paths:
        _refuse_empty(path, "--prices")
    with session.step("reading prices"):
        sheet = load_prices(paths)
    session.detail(f"{sheet.ignored:,} rows of the price pages price no traffic, and are left out")
    for note in sheet.notes[:_NOTES_TOLD]:
        session.note(f"prices: {note}")
    if len(sheet.notes) > _NOTES_TOLD:
        session.note(f"prices: {len(sheet.notes) - _NOTES_TOLD} more notes stand below the bill")
    return sheet


def _refuse_empty(path: str, argument: str) -> None:
    if not path.strip():
        raise typer.BadParameter("an empty text names no file", param_hint=argument)


def load_network_or_default(session: Session, path: str | None) -> Network:
    """The network at `path`, or the hub-spoke scenario that ships with vnetsim."""
    if path is not None:
        return load_network(session, path)
    from simulator.data.scenarios import DEFAULT, scenario_folder

    session.note(f"no topology given: using the {DEFAULT} scenario that comes with vnetsim")
    return load_network(session, str(scenario_folder()))


def one_location(logs: str | None, flows: str | None) -> str:
    """Where the flow logs are: the argument LOGS or the option --flows, and not both."""
    if (logs is None) == (flows is None):
        raise typer.BadParameter("give the flow logs once: as LOGS or with --flows", param_hint="LOGS")
    return flows or "" if logs is None else logs


def load_flow_logs(session: Session, location: str, *, strict: bool = False) -> FlowRecords:
    """The flow logs at `location`; what could not be read of them is told on stderr, or refused when `strict`."""
    import simulator

    _refuse_empty(location, "LOGS")
    with session.step(f"reading {location}"):
        records = simulator.read_flow_logs(location, strict=strict)
    session.detail(f"{location}: {len(records):,} flow tuples in {len(records.blobs):,} blobs")
    for malformed in records.malformed[:3]:
        session.note(f"warning[VNS3007]: {malformed.reason}: {malformed.text[:80]}\n  at {malformed.locator}")
    if len(records.malformed) > 3:
        session.note(f"{len(records.malformed) - 3} more malformed pieces of the flow logs were left out")
    if records.duplicates:
        session.note(f"{records.duplicates:,} flow tuples were given twice and count once")
    return records
