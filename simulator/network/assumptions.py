"""Which way a network reads what Azure's documentation leaves open: `simulator.data.assumptions` has the questions."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.data.assumptions import ASSUMPTIONS, SPELLINGS
from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.sources.problems import did_you_mean


def is_assumed(network: Network, key: str) -> bool:
    """Does the assumption hold on this network? Its default, unless the user switched it."""
    return value_of(network.assumptions, key)


def value_of(said: Mapping[str, str], key: str) -> bool:
    """The value in force: what was said of the key, else its default."""
    return SPELLINGS[said[key].strip().lower()] if key in said else ASSUMPTIONS[key].default


def assumption_text(network: Network, key: str) -> str:
    """``se_beats_udr = false: a user-defined route …``, as reports print it."""
    held, value = ASSUMPTIONS[key], is_assumed(network, key)
    return f"{key} = {str(value).lower()}: {held.text if value else held.otherwise}"


def chosen(said: Mapping[str, str | bool]) -> dict[str, str]:
    """The choices of a caller, each spelled true or false.

    Raises QuestionError for a key that is none (VNS5019) and for a value that is neither true nor false (VNS5020).
    """
    return {key: _choice(key, value) for key, value in said.items()}


def _choice(key: str, value: str | bool) -> str:
    if key not in ASSUMPTIONS:
        hint = did_you_mean(key, ASSUMPTIONS, otherwise="assumptions there are")
        raise QuestionError(f"there is no assumption {key!r}", code="VNS5019", hint=hint)
    spelling = str(value).strip().lower()
    if spelling not in SPELLINGS:
        message = f"{key} is either true or false, not {value!r}" if spelling else f"{key} is given no value"
        raise QuestionError(message, code="VNS5020", hint=f"write {key}=true or {key}=false")
    return str(SPELLINGS[spelling]).lower()
