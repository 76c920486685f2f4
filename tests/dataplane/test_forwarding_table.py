"""The painted forwarding table answers as SEMANTICS reads: candidates, then longest prefix, then source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.dataplane.atoms import Atoms
from simulator.dataplane.forwarding_table import NO_ROUTE, winning_routes
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import parse_address, parse_prefix

PREFIXES = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.4/32", "10.0.1.0/24", "52.0.0.0/8"]
HOSTS = ["10.0.0.4", "10.0.0.5", "10.0.1.1", "10.9.9.9", "52.1.1.1", "8.8.8.8", "fd00::1"]
SYSTEM = ["VnetLocal", "VNetPeering", "Internet", "None", "VirtualNetworkServiceEndpoint"]
SHIELDS = {"VnetLocal", "VNetPeering", "VNetGlobalPeering", "ConnectedGroup", "VirtualNetworkServiceEndpoint"}
RANK = {"User": 2, "VirtualNetworkGateway": 1, "Default": 0}

routes = st.one_of(
    st.builds(
        lambda prefix, hop, state: EffectiveRoute("Default", state, (prefix,), hop),
        st.sampled_from(PREFIXES),
        st.sampled_from(SYSTEM),
        st.sampled_from(["Active", "Active", "Invalid"]),
    ),
    st.builds(
        lambda prefix: EffectiveRoute("VirtualNetworkGateway", "Active", (prefix,), "VirtualNetworkGateway"),
        st.sampled_from(PREFIXES),
    ),
    st.builds(
        lambda prefix, hop: EffectiveRoute("User", "Active", (prefix,), hop),
        st.sampled_from(PREFIXES),
        st.sampled_from(["VirtualAppliance", "Internet", "None"]),
    ),
)


def _one_of_each_prefix_and_source(drawn: list[EffectiveRoute]) -> list[EffectiveRoute]:
    """Azure has one row for each prefix and source; which of two would win is not a question it answers."""
    return list({(route.source, route.prefixes): route for route in drawn}.values())


def _expected(held: list[EffectiveRoute], host: str) -> EffectiveRoute | None:
    address = parse_address(host)
    covering = [route for route in held if parse_prefix(route.prefixes[0]).low <= address]
    covering = [route for route in covering if address <= parse_prefix(route.prefixes[0]).high]
    if any(route.source == "Default" and route.next_hop_type in SHIELDS for route in covering):
        covering = [route for route in covering if route.source != "VirtualNetworkGateway"]
    active = [route for route in covering if route.state == "Active"]
    best = max(active, key=lambda route: (parse_prefix(route.prefixes[0]).length, RANK[route.source]), default=None)
    endpoints = [route for route in active if route.next_hop_type == "VirtualNetworkServiceEndpoint"]
    if best and best.source == "User" and best.next_hop_type == "Internet" and endpoints:
        return max(endpoints, key=lambda route: parse_prefix(route.prefixes[0]).length)
    return best


@given(st.lists(routes, max_size=10).map(_one_of_each_prefix_and_source))
def test_painted_routes_equal_the_selection_one_destination_at_a_time(held: list[EffectiveRoute]) -> None:
    regions = Atoms(parse_prefix(text) for text in PREFIXES)
    numbered: list[EffectiveRoute] = []

    def number(route: EffectiveRoute) -> int:
        if route not in numbered:
            numbered.append(route)
        return numbered.index(route)

    winner = winning_routes(held, regions, number)
    for host in HOSTS:
        got = int(winner[regions.of(parse_address(host))])
        assert (None if got == NO_ROUTE else numbered[got]) == _expected(held, host)
