"""vnetsim: a network simulator and what-if engine for Azure hub-spoke networks.

The public functions are listed in ``__all__`` and loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.comparison.diff import diff
    from simulator.cost.bill import price
    from simulator.cost.price_sheet import PriceSheet, load_prices
    from simulator.errors import SimulatorError
    from simulator.flows.generation import generate_flow_log
    from simulator.flows.read import read_flow_logs
    from simulator.flows.replay import replay
    from simulator.lints.lint import lint
    from simulator.network.effective_routes import effective_routes, next_hop
    from simulator.network.effective_rules import effective_security_rules
    from simulator.network.graph import network_graph
    from simulator.network.load import load
    from simulator.network.network import build_network
    from simulator.sources.load import load_snapshot
    from simulator.walk.explain import explain, ip_flow_verify
    from simulator.whatif.change import load_change
    from simulator.whatif.impact import what_if

__version__ = "0.1.0"

__all__ = [
    "PriceSheet",
    "SimulatorError",
    "build_network",
    "diff",
    "effective_routes",
    "effective_security_rules",
    "explain",
    "generate_flow_log",
    "ip_flow_verify",
    "lint",
    "load",
    "load_change",
    "load_prices",
    "load_snapshot",
    "network_graph",
    "next_hop",
    "price",
    "read_flow_logs",
    "replay",
    "what_if",
]

_HOMES = {
    "PriceSheet": "simulator.cost.price_sheet",
    "SimulatorError": "simulator.errors",
    "build_network": "simulator.network.network",
    "diff": "simulator.comparison.diff",
    "effective_routes": "simulator.network.effective_routes",
    "effective_security_rules": "simulator.network.effective_rules",
    "explain": "simulator.walk.explain",
    "generate_flow_log": "simulator.flows.generation",
    "ip_flow_verify": "simulator.walk.explain",
    "lint": "simulator.lints.lint",
    "load": "simulator.network.load",
    "load_change": "simulator.whatif.change",
    "load_prices": "simulator.cost.price_sheet",
    "load_snapshot": "simulator.sources.load",
    "network_graph": "simulator.network.graph",
    "next_hop": "simulator.network.effective_routes",
    "price": "simulator.cost.bill",
    "read_flow_logs": "simulator.flows.read",
    "replay": "simulator.flows.replay",
    "what_if": "simulator.whatif.impact",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
