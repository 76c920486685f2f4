"""Microsoft's named service tags (``Storage``, ``Sql.WestEurope``, ``AzureCloud.francecentral``): a dated snapshot.

The tags that mean something else on every subnet (VirtualNetwork, Internet) and those of the platform
(AzureLoadBalancer, AzurePlatformDNS …) are not in Microsoft's file, so they are not here.

The snapshot, ``service_tags.zip``, is written by `simulator.data.build_service_tags`. It holds ``about.txt`` (source
and date), ``tags.txt`` (a line a tag: name, tab, network features) and ``services/<service>.txt`` with a line a tag:
the name in lower case, then its merged intervals as hexadecimal ``gap+size``. The gap counts from the end of the
interval before, and size is the count of addresses after the first. Nothing is read before the first question.

Learn: azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from simulator.data import regions
from simulator.space.addresses import Prefix

DATE = "2025-09-01"
SOURCE = "Microsoft ServiceTags_Public.json, public cloud, changeNumber 360"

#: Where a tag may be used: the service tag discovery API, NSGs, user-defined routes, Azure Firewall, service endpoints.
FEATURES = ("API", "NSG", "UDR", "FW", "VSE")

ARCHIVE = Path(__file__).with_name("service_tags.zip")


def names() -> tuple[str, ...]:
    """Every tag as Microsoft writes it, sorted."""
    return tuple(sorted(name for name, _ in _tags().values()))


def lookup(name: str) -> tuple[Prefix, ...] | None:
    """The addresses of a tag as merged, sorted intervals, IPv4 and IPv6; None when the snapshot has no such tag.

    Case does not matter, and a regional tag is found under each name of its region: ``Storage.FranceCentral`` and
    ``storage.centralfrance`` are one tag.
    """
    key = _find(name)
    return None if key is None else _intervals(key)


def features(name: str) -> tuple[str, ...] | None:
    """Which of `FEATURES` a tag has, in that order; None when the snapshot has no such tag."""
    key = _find(name)
    return None if key is None else _tags()[key][1]


def service_of(name: str) -> str:
    """``storage`` of ``Storage.WestEurope``: the texts of the archive are one a service."""
    return name.lower().partition(".")[0]


def encode_intervals(intervals: Iterable[Prefix]) -> str:
    """The archive's text of merged, sorted intervals."""
    words, end = [], 0
    for interval in intervals:
        words.append(f"{interval.low - end:x}+{interval.high - interval.low:x}")
        end = interval.high
    return " ".join(words)


def decode_intervals(text: str) -> tuple[Prefix, ...]:
    """The inverse of `encode_intervals`."""
    intervals, end = [], 0
    for word in text.split():
        gap, size = word.split("+")
        low = end + int(gap, 16)
        end = low + int(size, 16)
        intervals.append(Prefix(low, end))
    return tuple(intervals)


def _find(name: str) -> str | None:
    """A tag's name in lower case, with its region as Microsoft's file spells it for this tag."""
    service, dot, place = name.strip().lower().partition(".")
    region = regions.find(place)
    spellings = (place, region.name, region.service_tag_name) if region else (place,)
    return next((key for key in (service + dot + spelling for spelling in spellings) if key in _tags()), None)


@cache
def _tags() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name in lower case → (name as Microsoft writes it, network features)."""
    rows = (line.split("\t") for line in _read("tags").splitlines())
    return {name.lower(): (name, tuple(held.split())) for name, held in rows}


@cache
def _intervals(key: str) -> tuple[Prefix, ...]:
    start = f"\n{key} "
    text = "\n" + _read(f"services/{service_of(key)}")
    at = text.index(start) + len(start)
    return decode_intervals(text[at : text.index("\n", at)])


@cache
def _read(member: str) -> str:
    with zipfile.ZipFile(ARCHIVE) as archive:
        return archive.read(f"{member}.txt").decode()
