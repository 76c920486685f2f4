"""Reading prefixes that somebody wrote, and asking whether a set of them covers another."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.space.addresses import Prefix, parse_address, parse_prefix


def readable_prefix(text: str) -> Prefix | None:
    """The prefix of `text`, or None when it is none (then an Issue says so and nothing is built on it)."""
    try:
        return parse_prefix(text)
    except ValueError:
        return None


def readable_prefixes(texts: Iterable[str]) -> tuple[Prefix, ...]:
    return tuple(prefix for text in texts if (prefix := readable_prefix(text)) is not None)


def host_prefix(address: str) -> Prefix | None:
    """The single address `address` as a prefix, or None when it is no address."""
    try:
        value = parse_address(address)
    except ValueError:
        return None
    return Prefix(value, value)


class PrefixIndex:
    """Prefixes by size: asks "does any of them cover this one?" in one dictionary look-up per size held."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._lows_of_size: dict[int, set[int]] = {}
        for prefix in prefixes:
            self._lows_of_size.setdefault(prefix.high - prefix.low + 1, set()).add(prefix.low)

    def covers(self, prefix: Prefix) -> bool:
        """Whether one of the prefixes holds all of `prefix` (equal counts)."""
        size = prefix.high - prefix.low + 1
        return any(prefix.low - prefix.low % held in lows for held, lows in self._lows_of_size.items() if held >= size)
