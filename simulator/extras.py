"""Libraries that only some users need: loaded when they are first used, and told by name where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from simulator.errors import MissingExtraError


def load(module: str, *, extra: str, what: str) -> Any:
    """The module. Raises MissingExtraError, which says how to install `extra`, where it is not there."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise MissingExtraError(
            f"{what} needs {module}, which is not installed",
            code="VNS9001",
            hint=f"pip install 'vnetsim[{extra}]'",
        ) from missing
