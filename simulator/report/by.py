"""What a bill may be split by. Alone here, because ``vnetsim --help`` names it and loads no engine."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """A pair and a flow say whose traffic it is; a subnet and a virtual network where it is charged."""

    METER = "meter"
    SUBNET = "subnet"
    VNET = "vnet"
    PAIR = "pair"
    FLOW = "flow"
