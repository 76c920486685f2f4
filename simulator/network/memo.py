"""Answers that are worked out once per network and kept on it, so that they live exactly as long as it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from simulator.network.model import Network

P = ParamSpec("P")
R = TypeVar("R")


def per_network(function: Callable[Concatenate[Network, P], R]) -> Callable[Concatenate[Network, P], R]:
    """Ask `function` once for each network and arguments; the arguments must be hashable."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered(network: Network, /, *arguments: P.args, **named: P.kwargs) -> R:
        answers = network.memo.setdefault(name, {})
        question: tuple[Any, ...] = (*arguments, *named.items())
        if question not in answers:
            answers[question] = function(network, *arguments, **named)
        return cast(R, answers[question])

    return remembered
