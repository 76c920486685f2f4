"""One run of a command: where the result goes, what is said beside it, and how progress shows.

The result goes to stdout or to ``--output-file``; everything else goes to stderr, so that a pipe holds the result only.
"""

from __future__ import annotations

import errno
import glob
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

import simulator
from simulator.report.formats import BINARY, OutputFormat, parquet_bytes, render
from simulator.report.text import fitted, printable

if TYPE_CHECKING:
    from simulator.azure.snapshot import Issue
    from simulator.report.document import Report

#: Issues that are told in full beside a result; the rest is counted, and ``vnetsim check`` lists them.
_ISSUES_TOLD = 3
#: Seconds before a bar is shown.
_PATIENCE = 0.5


#: What a full or failing disk says.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class CannotWriteError(Exception):
    """The result is there, and cannot be written: the disk is full, or stdout is closed."""


@dataclass(frozen=True)
class Session:
    """What the options of every command say. `assume` holds ``key=value`` texts as they were given."""

    output: OutputFormat = OutputFormat.TABLE
    output_file: Path | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    assume: tuple[str, ...] = ()

    def write(self, report: Report) -> None:
        """The result, on stdout or in the file. Raises typer.BadParameter when the file cannot be written."""
        if self.output in BINARY:
            self._write_binary(report)
            return
        stream = sys.stdout if self.output_file is None else None
        text = render(report, self.output, stream=stream, tool_version=simulator.__version__)
        if self.output_file is None:
            self._print(text)
        else:
            self.save(text.encode("utf-8"))

    def _write_binary(self, report: Report) -> None:
        self.refuse_terminal(self.output)
        self.write_bytes(parquet_bytes(report))

    def refuse_terminal(self, output: str) -> None:
        """Raises typer.BadParameter when a result that is no text would go to a terminal."""
        if self.output_file is None and sys.stdout is not None and sys.stdout.isatty():
            message = f"{output} is no text for a terminal: name a file, or pipe it on"
            raise typer.BadParameter(message, param_hint="--output-file")

    def write_text(self, text: str) -> None:
        """A result that has one form only, such as a schema."""
        if self.output_file is None:
            self._print(text)
        else:
            self.save(text.encode("utf-8"))

    def refuse_to_overwrite(self, inputs: Iterable[str]) -> None:
        """Raises typer.BadParameter when ``--output-file`` is one of the files that `inputs` name."""
        if self.output_file is not None and any(_is_input(self.output_file, name) for name in inputs):
            message = f"{self.output_file} is an input of this command: it would be overwritten"
            raise typer.BadParameter(message, param_hint="--output-file")

    def save(self, data: bytes) -> None:
        """`data` as ``--output-file``."""
        assert self.output_file is not None
        with _saving(self.output_file):
            self.output_file.write_bytes(data)
        self.note(f"wrote {self.output_file}")

    def write_bytes(self, data: bytes) -> None:
        """A result that is no text to be fitted, on stdout or in the file."""
        if self.output_file is not None:
            self.save(data)
            return
        with _writing():
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """A stream for a result that comes in pieces: stdout, or the file."""
        if self.output_file is None:
            with _writing():
                yield sys.stdout.buffer
                sys.stdout.buffer.flush()
            return
        with _saving(self.output_file):
            stream = self.output_file.open("wb")
        with _saving(self.output_file, (OSError,)), stream:
            yield stream
        self.note(f"wrote {self.output_file}")

    def _print(self, text: str) -> None:
        with _writing():
            if self.output is OutputFormat.CSV and hasattr(sys.stdout, "reconfigure"):
                sys.stdout.reconfigure(newline="")  # CSV brings its own line ends
            sys.stdout.write(text)
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Something worth knowing, unless ``--quiet``."""
        if not self.quiet:
            say(text)

    def detail(self, text: str) -> None:
        """Something for ``--verbose``."""
        if self.verbose:
            say(text)

    def tell_issues(self, issues: Iterable[Issue], check: str) -> None:
        """The errors among `issues` in full and the warnings counted; all of them with ``--verbose``.

        `check` is the command that lists them.
        """
        from simulator.report.issues import issue_text, worst_first

        ordered = worst_first(tuple(issues))
        told = ordered if self.verbose else [issue for issue in ordered if issue.severity == "error"][:_ISSUES_TOLD]
        for issue in told:
            self.note(issue_text(issue))
        known = {*told}
        silent = [issue for issue in ordered if issue not in known and issue.severity != "info"]
        if silent:
            self.note(f"{len(silent)} more about the topology: {check}" if told else _counted(silent, check))

    @contextmanager
    def step(self, description: str) -> Iterator[None]:
        """Shows that something takes long: after a moment a moving bar, on a terminal only and not with ``--quiet``."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        with ExitStack() as shown:
            timer = threading.Timer(_PATIENCE, lambda: shown.enter_context(_moving_bar(description)))
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()


@contextmanager
def _saving(file: Path, errors: tuple[type[Exception], ...] = (OSError, ValueError)) -> Iterator[None]:
    """Raises CannotWriteError when the disk of `file` takes no more, typer.BadParameter when it cannot be written."""
    try:
        yield
    except errors as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            raise CannotWriteError(f"cannot write {file}: {reason}") from None
        raise typer.BadParameter(f"cannot write {file}: {reason}", param_hint="--output-file") from None


@contextmanager
def _writing() -> Iterator[None]:
    """Raises CannotWriteError when stdout takes no more; a reader that went away stays a BrokenPipeError."""
    if sys.stdout is None:
        raise CannotWriteError("cannot write to stdout: it is closed")
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotWriteError(f"cannot write to stdout: {error.strerror}") from None


def drop_stdout() -> None:
    """Python flushes stdout once more at its end: give it something to flush to."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_input(file: Path, name: str) -> bool:
    """Whether `name` is the existing `file`, a pattern that it matches, or a folder that is read with it."""
    try:
        if not name.strip() or not file.is_file():
            return False
        given = Path(name)
        if given.is_dir():
            is_read = file.name == "topology.yaml" or file.name.lower().endswith((".json", ".json.gz"))
            return is_read and file.resolve().is_relative_to(given.resolve())
        paths = [name] if given.exists() or not glob.has_magic(name) else glob.glob(name, recursive=True)
        return any(os.path.exists(path) and file.samefile(path) for path in paths)
    except (OSError, ValueError):
        return False


@contextmanager
def _moving_bar(description: str) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(printable(description), total=None)
        yield


def _counted(issues: list[Issue], check: str) -> str:
    noun = "warning" if len(issues) == 1 else "warnings"
    return f"{len(issues)} {noun} about the topology: {check}"


def say(text: str) -> None:
    """One message on stderr, safe for terminals; its lines stay lines."""
    message = "\n".join(printable(line) for line in text.split("\n"))
    print(fitted(message, sys.stderr), file=sys.stderr, flush=True)
