"""``vnetsim``: the commands, and what becomes of an error.

Command modules import the engine inside their functions: ``vnetsim --help`` loads none of it.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer

import simulator
from simulator.cli.exits import Exit
from simulator.cli.session import CannotWriteError, drop_stdout, say
from simulator.errors import QuestionError, SimulatorError

#: Objects made before the garbage collector looks at the young ones; Python's own default is 700.
_FEW_COLLECTIONS = 50_000

#: The commands in the order of the help, each in the module of its name.
COMMANDS = ("run", "check", "explain", "replay", "diff", "what-if", "cost", "generate", "schema", "show")


def command_line(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with the commands of these names; the modules of others are not loaded."""
    app = typer.Typer(
        name="vnetsim",
        help="Simulate an Azure network: explain a packet, replay flow logs, find where they disagree, try a change.",
        epilog="Exit codes: 0 ok, 1 gate failed, 2 usage, 3 not readable, unknown or not written, 4 internal error.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_options)
    for name in names:
        module = import_module(f"simulator.cli.{name.replace('-', '_')}")
        if name == "show":
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(module.command)
    return app


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"vnetsim {simulator.__version__}")
        raise typer.Exit()


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """The options that stand before a command."""


def main() -> NoReturn:
    """The entry point. Collecting garbage while modules load finds none, and costs a fifteenth of a short command."""
    gc.set_threshold(_FEW_COLLECTIONS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads multiply matrices; here are none
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # no plug-in is looked for in every package installed
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command line and say how it ended; never raises for a wrong input."""
    try:
        return _invoke(arguments)
    except SimulatorError as error:
        say(str(error))
        is_typed = isinstance(error, QuestionError) or error.place.startswith("--")  # a change may be an option
        return Exit.USAGE if is_typed else Exit.INPUT
    except CannotWriteError as error:
        return _cannot_write(str(error))
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EIO):
            return _cannot_write(f"cannot write to stdout: {error.strerror}")  # help and version write by themselves
        if "--debug" in arguments:
            raise
        say(_internal(error))
        return Exit.INTERNAL


def _invoke(arguments: Sequence[str]) -> int:
    named = next((word for word in arguments if not word.startswith("-")), "")
    command = typer.main.get_command(command_line([named] if named in COMMANDS else COMMANDS))
    try:
        command.main(args=list(arguments), prog_name="vnetsim", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    return Exit.OK


def _cannot_write(message: str) -> int:
    say(f"error: {message}")
    drop_stdout()
    return Exit.INPUT


def _internal(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"internal error: {text} (vnetsim {simulator.__version__}, Python {python}, {sys.platform}). "
        "This is a fault of vnetsim: please report this line, the command and its input; --debug shows the traceback."
    )
