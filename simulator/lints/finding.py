"""What a lint says: an issue that also names the rules, routes or peerings that it is about."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Issue


class Finding(Issue, frozen=True):
    """`place` is a resource id; `involved` are the ids of everything else that has a part in it, in order."""

    involved: tuple[ResourceId, ...] = ()
