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


def readable_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Those of `texts` that are prefixes, as they are written."""
    return tuple(text for text in texts if readable_prefix(text) is not None)


def host_prefix(address: str) -> Prefix | None:
    """The single address `address` as a prefix, or None when it is no address."""
    try:
        value = parse_address(address)
    except ValueError:
        return None
    return Prefix(value, value)


def holds(prefix: Prefix, other: Prefix) -> bool:
    """Whether `prefix` covers `other` of its own family (``::/0`` spans the block that stands for IPv4)."""
    return prefix.is_ipv4 == other.is_ipv4 and prefix.covers(other)


class PrefixIndex:
    """Prefixes by size: asks "does any of them hold this one?" in one dictionary look-up per size held."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._lows_of_size: dict[tuple[bool, int], set[int]] = {}
        for prefix in prefixes:
            size = prefix.high - prefix.low + 1
            self._lows_of_size.setdefault((prefix.is_ipv4, size), set()).add(prefix.low)

    def holds(self, prefix: Prefix) -> bool:
        """Whether one of the prefixes holds all of `prefix` (equal counts)."""
        size = prefix.high - prefix.low + 1
        return any(
            is_ipv4 == prefix.is_ipv4 and held >= size and prefix.low - prefix.low % held in lows
            for (is_ipv4, held), lows in self._lows_of_size.items()
        )
