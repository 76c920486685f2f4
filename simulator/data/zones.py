"""The zones and continents by which Azure prices traffic: three maps that do not agree with each other."""

from __future__ import annotations


def expressroute_zone(peering_location: str) -> str | None:
    """The zone, ``"1"`` to ``"4"``, in which an ExpressRoute circuit of a peering location is charged."""
    raise NotImplementedError
