"""Exit codes: what a script or a CI job can rely on."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """A failed gate wins over doubt: a run that finds a mismatch and an unknown ends with 1."""

    OK = 0
    GATE_FAILED = 1  # diff found a mismatch, check found an error, what-if met its --fail-on
    USAGE = 2  # a wrong option, or a question that names nothing in the network
    INPUT = 3  # an input cannot be read, or the result not written; with --strict also an answer that stays unknown
    INTERNAL = 4  # a fault of vnetsim
    INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 + SIGINT
    CLOSED_PIPE = 141  # the reader went away (``vnetsim … | head``): 128 + SIGPIPE
