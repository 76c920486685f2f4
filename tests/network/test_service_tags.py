"""Service tags: built-in, declared, Microsoft's, and the two that depend on the subnet (SEMANTICS 1.5)."""

from __future__ import annotations

from simulator.azure.snapshot import LearnedRoute
from simulator.network.model import Network
from simulator.network.service_tags import INTERNET, internet_tag, tag_prefixes, virtual_network_tag
from simulator.space.addresses import EVERYTHING, as_cidrs, merge, parse_prefix
from tests.network.arm import gateway, network, peering, rid, subnet, subnet_id, table, vnet

HOST = "168.63.129.16/32"


def tag(held: Network, path: str = "v/s") -> set[str]:
    return set(as_cidrs(virtual_network_tag(held, subnet_id(path))))


def v(routes: dict[str, str], *peerings: dict[str, object], prefixes: str = "10.0.0.0/16") -> tuple[object, ...]:
    return (vnet("v", prefixes, {"s": subnet("10.0.0.0/24", table="t")}, list(peerings)), table("t", routes))


def is_in(address: str, prefixes: tuple[object, ...]) -> bool:
    return any(prefix.covers(parse_prefix(address)) for prefix in prefixes)  # type: ignore[attr-defined]


def test_the_tag_is_the_network_its_peers_the_host_and_routed_prefixes() -> None:
    held = network(
        *v({"r": "10.5.0.0/24 -> None"}, peering("w")),  # type: ignore[arg-type]
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v"), peering("x")]),
        vnet("x", "10.2.0.0/16", {}, [peering("w")]),
    )
    assert tag(held) == {"10.0.0.0/15", "10.5.0.0/24", HOST}
    assert tag(held, "w/s") == {"10.0.0.0/15", "10.2.0.0/16", HOST}


def test_a_peer_without_access_is_not_in_it() -> None:
    held = network(
        *v({}, peering("w", allowVirtualNetworkAccess=False)),  # type: ignore[arg-type]
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v")]),
    )
    assert tag(held) == {"10.0.0.0/16", HOST}
    assert tag(held, "w/s") == {"10.0.0.0/15", HOST}


def test_on_premises_is_in_it_even_without_propagation() -> None:
    held = network(
        vnet("hub", "10.1.0.0/16", {"GatewaySubnet": "10.1.0.0/24"}, [peering("v", allowGatewayTransit=True)]),
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")}, [peering("hub", useRemoteGateways=True)]),
        table("t", {}, propagation=False),
        gateway("gw", "hub", bgp=True),
        learned_routes={rid("virtualNetworkGateways", "gw"): (LearnedRoute("192.168.0.0/16"),)},
    )
    assert tag(held) == {"10.0.0.0/15", "192.168.0.0/16", HOST}


def test_a_default_route_makes_it_everything_and_leaves_internet() -> None:
    held = network(*v({"d": "0.0.0.0/0 -> None", "e": "::/0 -> None"}))  # type: ignore[arg-type]
    assert virtual_network_tag(held, subnet_id("v/s")) == merge(EVERYTHING)
    assert internet_tag(held, subnet_id("v/s")) == INTERNET


def test_a_route_to_a_tag_adds_nothing() -> None:
    assert tag(network(*v({"r": "Storage -> Internet"}))) == {"10.0.0.0/16", HOST}  # type: ignore[arg-type]


def test_internet_is_public_space_outside_the_network() -> None:
    held = network(*v({}, prefixes="20.0.0.0/16"))  # type: ignore[arg-type]
    internet = internet_tag(held, subnet_id("v/s"))
    for inside in ("8.8.8.8", "20.1.0.1", "2001:db8::1"):
        assert is_in(inside, internet), inside
    for outside in ("20.0.0.1", "10.9.9.9", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.0.2.1"):
        assert not is_in(outside, internet), outside
    for outside in (
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.1.2.3",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ):
        assert not is_in(outside, internet), outside


def test_built_in_tags_in_any_case() -> None:
    held = network()
    assert tag_prefixes(held, "azureloadbalancer") == tuple(
        sorted((parse_prefix(HOST), parse_prefix("fe80::1234:5678:9abc")))
    )
    assert tag_prefixes(held, "AzurePlatformIMDS") == (parse_prefix("169.254.169.254"),)
    assert tag_prefixes(held, "AzurePlatformDNS") == (parse_prefix(HOST),)
    assert tag_prefixes(held, "AzurePlatformLKM") is not None


def test_microsofts_tags_and_unknown_ones() -> None:
    held = network()
    assert tag_prefixes(held, "storage.WESTEUROPE")
    assert tag_prefixes(held, "NoSuchTag") is None


def test_a_declared_tag_wins() -> None:
    held = network(service_tags={"storage": ("203.0.113.0/24",), "Empty": ()})
    assert tag_prefixes(held, "Storage") == (parse_prefix("203.0.113.0/24"),)
    assert tag_prefixes(held, "Empty") == ()
