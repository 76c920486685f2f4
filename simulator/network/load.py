"""From a path to a Network: read the topology, then resolve and check it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from simulator.network.assumptions import chosen
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.load import load_snapshot


def load(path: str | Path, *, assumptions: Mapping[str, str | bool] | None = None) -> Network:
    """Read a topology and build its network.

    Parameters
    ----------
    path : a scenario file or folder, a JSON file of Azure resources, or a folder of such files; sniffed.
    assumptions : choices for what Azure's documentation leaves open, such as ``{"se_beats_udr": True}``; they win over
        those of the file. ``vnetsim show assumptions`` lists them.

    Returns
    -------
    The network; ``network.issues`` lists what was not understood or cannot be right.

    Raises
    ------
    SourceError : the path cannot be read as a topology.
    QuestionError : an assumption has no such name, or is given neither true nor false.
    """
    choices = chosen(assumptions or {})
    snapshot = load_snapshot(path)
    return build_network(snapshot, {**snapshot.declarations.assumptions, **choices})
