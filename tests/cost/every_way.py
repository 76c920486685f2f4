"""One network with every kind of way that bytes can be charged on, and a flow for each: ``every_way.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from simulator.network.model import Network
from tests.cost.charge_table import Flow, network_of


class Way(Flow):
    """A flow of ``every_way.yaml``, and whether its bytes are charged."""

    kind: Literal["charged", "free", "ingress", "denied"]


_FILE = yaml.safe_load(Path(__file__).with_name("every_way.yaml").read_text(encoding="utf-8"))
TOPOLOGY: str = yaml.safe_dump(_FILE["topology"], sort_keys=False)
WAYS = tuple(Way.model_validate(flow) for flow in _FILE["flows"])


@cache
def network() -> Network:
    return network_of(TOPOLOGY)


def logs(place: str) -> bool:
    """Is `place` a NIC with a flow log? A private endpoint's has none."""
    endpoint = network().endpoint(place)
    return endpoint is not None and endpoint.mac is not None and not endpoint.name.startswith("pe-")
