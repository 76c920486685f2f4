"""The scenarios that come with the package, in an installation or in a checkout.

The build copies ``scenarios/<name>`` of the repository into the package; an editable install reads the repository.
"""

from __future__ import annotations

from pathlib import Path

from simulator.errors import SourceError

DEFAULT = "hub-spoke"

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "scenarios", _HERE.parent.parent / "scenarios")


def scenario_folder(name: str = DEFAULT) -> Path:
    """The folder of a scenario that ships with vnetsim. Raises SourceError (VNS1090) when none has that name."""
    known = _folders()
    if name not in known:
        hint = f"known scenarios: {', '.join(sorted(known))}" if known else "the installation is incomplete"
        raise SourceError(f"no scenario is called {name!r}", code="VNS1090", hint=hint)
    return known[name]


def _folders() -> dict[str, Path]:
    """Name → folder; what the build copied wins over the checkout."""
    places = reversed([place for place in _PLACES if place.is_dir()])
    return {path.parent.name: path.parent for place in places for path in sorted(place.glob("*/topology.yaml"))}
