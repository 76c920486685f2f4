"""The options that every command has, declared once, and the arguments that several share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from simulator.cli.exits import Exit
from simulator.cli.session import Session, drop_stdout
from simulator.report.formats import OutputFormat

P = ParamSpec("P")

#: Names standard input where a file may stand.
STANDARD_INPUT = "-"
NETWORK_HELP = (
    "The topology: a scenario (YAML), an export of Azure resources (JSON), a folder of either, or - for standard "
    "input; gzip is fine."
)
LOGS_HELP = "VNet flow logs: a PT1H.json, a folder, a glob in quotes, or - for standard input; gzip is fine."

ASSUME_HELP = (
    "Switch what Azure's documentation leaves open, as in se_beats_udr=true; wins over NET's own. May be repeated; "
    "vnetsim show assumptions lists the keys."
)
CHANGE_HELP = "The change: YAML with steps, see docs/reference/changes.md. Kinds of steps:"
MOVE_HELP = "A change in brief: this virtual network, with all that lives in it, in another region. May be repeated."
VIA_HELP = (
    "A change in brief: traffic between these virtual networks through the firewall, with routes at both ends. "
    "FIREWALL=VNET is that of one with all others that the firewall's own is peered with, FIREWALL that of all these. "
    "May be repeated."
)

NetworkArgument = Annotated[str, typer.Argument(metavar="NET", help=NETWORK_HELP, show_default=False)]
LogsArgument = Annotated[str | None, typer.Argument(metavar="LOGS", help=LOGS_HELP, show_default=False)]
FlowsOption = Annotated[
    str | None, typer.Option("--flows", metavar="LOGS", help="The same as the argument LOGS.", show_default=False)
]
MoveOption = Annotated[
    list[str] | None, typer.Option("--move", metavar="VNET=REGION", help=MOVE_HELP, show_default=False)
]
ViaOption = Annotated[
    list[str] | None, typer.Option("--via", metavar="FIREWALL=VNET,VNET", help=VIA_HELP, show_default=False)
]
PRICES_HELP = (
    "Saved pages of the Azure Retail Prices API, laid over the prices that vnetsim ships. May be repeated; "
    "docs/concepts/prices.md says how to save them."
)
PricesOption = Annotated[
    list[str] | None, typer.Option("--prices", metavar="FILE", help=PRICES_HELP, show_default=False)
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict", help="End with 3 when an answer is unknown, nothing could be asked, or input was left out."
    ),
]


def _every_command(
    output: Annotated[OutputFormat, typer.Option("--output", "-o", help="Form of the result.")] = OutputFormat.TABLE,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", help="Write the result here instead of stdout.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
    assume: Annotated[
        list[str] | None, typer.Option("--assume", metavar="KEY=VALUE", help=ASSUME_HELP, show_default=False)
    ] = None,
) -> Session:
    return Session(output, output_file, quiet, verbose, debug, tuple(assume or ()))


def verb_without(*left_out: str) -> Callable[[Callable[Concatenate[Session, P], int]], Callable[..., None]]:
    """As `verb` without some of the common options, by the names of their parameters."""

    def decorate(function: Callable[Concatenate[Session, P], int]) -> Callable[..., None]:
        return _command(function, [held for held in _parameters(_every_command) if held.name not in left_out])

    return decorate


def verb(function: Callable[Concatenate[Session, P], int]) -> Callable[..., None]:
    """A typer command from a function of a Session: the common options make it, the result is the exit code."""
    return _command(function, _parameters(_every_command))


def _command(function: Callable[Concatenate[Session, P], int], shared: list[inspect.Parameter]) -> Callable[..., None]:
    own = _parameters(function)[1:]

    @functools.wraps(function)
    def command(**arguments: Any) -> None:
        session = _every_command(**{parameter.name: arguments.pop(parameter.name) for parameter in shared})
        inputs = [*_texts(arguments.values())]
        if inputs.count(STANDARD_INPUT) > 1:
            raise typer.BadParameter("standard input can be read once: only one of NET, CHANGE and LOGS may be -")
        session.refuse_to_overwrite(inputs)
        try:
            raise typer.Exit(function(session, **arguments))  # type: ignore[call-arg]
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            drop_stdout()
            raise typer.Exit(Exit.CLOSED_PIPE) from None

    command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
    return command


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """Every argument that may name an input, those within lists too."""
    for value in values:
        if isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, include_extras=True)
    return [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(function).parameters.items()
    ]
