"""Endpoints, gateways and the graph of a Network."""

from __future__ import annotations

import pickle

from simulator.azure.gateway import Connection, LocalNetworkGateway
from simulator.azure.network_interface import VirtualMachine
from simulator.azure.snapshot import LearnedRoute, OnPremisesNetwork
from simulator.network.effective_routes import subnet_routes
from simulator.network.graph import network_graph
from tests.network.arm import (
    gateway,
    group_id,
    network,
    nic,
    nic_id,
    nsg,
    peering,
    public_ip,
    rid,
    subnet,
    subnet_id,
    table,
    table_id,
    vnet,
    vnet_id,
)

V = vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24", "GatewaySubnet": "10.0.1.0/24"})
GATEWAY = rid("virtualNetworkGateways", "gw")


def machine(name: str, *nics: str) -> VirtualMachine:
    references = [{"id": str(nic_id(held))} for held in nics]
    return VirtualMachine.model_validate(
        {"id": str(rid("virtualMachines", name)), "networkProfile": {"networkInterfaces": references}}
    )


def test_an_endpoint_is_found_by_any_of_its_names() -> None:
    held = network(V, nic("n", "v/s", "10.0.0.4", public="ip"), machine("vm", "n"), public_ip("ip", "20.0.0.4"))
    endpoint = held.endpoint(nic_id("N"))
    assert endpoint is not None
    assert (endpoint.name, endpoint.virtual_network, endpoint.public_addresses) == ("vm", vnet_id("v"), ("20.0.0.4",))
    for name in (
        "vm",
        "VM",
        "n",
        "10.0.0.4",
        "20.0.0.4",
        str(rid("virtualMachines", "vm")),
        rid("virtualMachines", "vm"),
    ):
        assert held.endpoint(name) is endpoint, name
    assert held.endpoint("other") is None
    assert held.endpoint_at(vnet_id("v"), "10.0.0.4") is endpoint
    assert held.endpoints_in(vnet_id("v")) == (endpoint,)


def test_a_machine_with_two_interfaces_names_neither() -> None:
    held = network(V, nic("a", "v/s", "10.0.0.4"), nic("b", "v/s", "10.0.0.5"), machine("vm", "a", "b"))
    assert [endpoint.name for endpoint in held.endpoints] == ["a", "b"]
    assert held.endpoint("vm") is None


def test_an_address_in_two_networks_is_no_name() -> None:
    held = network(
        V, vnet("w", "10.0.0.0/16", {"s": "10.0.0.0/24"}), nic("a", "v/s", "10.0.0.4"), nic("b", "w/s", "10.0.0.4")
    )
    assert held.endpoint("10.0.0.4") is None
    far = held.endpoint_at(vnet_id("w"), "10.0.0.4")
    assert far is not None and far.name == "b"


def test_details_of_an_endpoint() -> None:
    held = network(
        V,
        nic("n", "v/s", "10.0.0.4", "FD00:0::4", macAddress="00-0d-3a-00-00-01", enableIPForwarding=True, nsg="g"),
        nsg("g"),
    )
    (endpoint,) = held.endpoints
    assert endpoint.addresses == ("10.0.0.4", "fd00::4")
    assert (endpoint.mac, endpoint.ip_forwarding, endpoint.security_group) == ("000D3A000001", True, group_id("g"))
    assert endpoint.public_sku == ""


def test_public_skus() -> None:
    for sku, said in (("Basic", "Basic"), ("Standard", "Standard"), ("StandardV2", "Standard")):
        held = network(V, nic("n", "v/s", "10.0.0.4", public="ip"), public_ip("ip", "20.0.0.4", sku))
        assert held.endpoints[0].public_sku == said
    assert network(V, nic("n", "v/s", "10.0.0.4", public="gone")).endpoints[0].public_sku == "Standard"


# gateways


def site(name: str, *prefixes: str) -> tuple[LocalNetworkGateway, Connection]:
    local = LocalNetworkGateway.model_validate(
        {"id": str(rid("localNetworkGateways", name)), "localNetworkAddressSpace": {"addressPrefixes": list(prefixes)}}
    )
    connection = Connection.model_validate(
        {
            "id": str(rid("connections", name)),
            "virtualNetworkGateway1": {"id": str(GATEWAY)},
            "localNetworkGateway2": {"id": str(local.id)},
        }
    )
    return local, connection


def test_a_vpn_without_bgp_routes_its_sites() -> None:
    held = network(V, gateway("gw", "v", public="ip"), public_ip("ip", "20.0.0.9"), *site("hq", "192.168.0.0/16"))
    (found,) = held.gateways
    assert found.routes == found.static_routes == (LearnedRoute("192.168.0.0/16", "20.0.0.9"),)
    assert (found.kind, found.virtual_network, found.subnet) == ("Vpn", vnet_id("v"), subnet_id("v/GatewaySubnet"))


def test_with_bgp_nobody_knows_until_somebody_says() -> None:
    resources = (V, gateway("gw", "v", bgp=True), *site("hq", "192.168.0.0/16"))
    (unknown,) = network(*resources).gateways
    assert unknown.routes is None
    assert unknown.known_routes == (LearnedRoute("192.168.0.0/16"),)
    (told,) = network(*resources, learned_routes={GATEWAY: (LearnedRoute("172.16.0.0/16"),)}).gateways
    assert [route.prefix for route in told.routes or ()] == ["192.168.0.0/16", "172.16.0.0/16"]
    hq = OnPremisesNetwork("hq", ("172.20.0.0/16",), GATEWAY)
    (behind,) = network(*resources, on_premises=(hq,)).gateways
    assert [route.prefix for route in behind.routes or ()] == ["192.168.0.0/16", "172.20.0.0/16"]


def test_expressroute_always_learns() -> None:
    assert network(V, gateway("gw", "v", "ExpressRoute")).gateways[0].routes is None


def test_a_vpn_between_networks_routes_the_other_address_space() -> None:
    other = rid("virtualNetworkGateways", "far")
    connection = Connection.model_validate(
        {
            "id": str(rid("connections", "c")),
            "virtualNetworkGateway1": {"id": str(GATEWAY)},
            "virtualNetworkGateway2": {"id": str(other)},
            "connectionType": "Vnet2Vnet",
        }
    )
    w = vnet("w", "10.5.0.0/16", {"GatewaySubnet": "10.5.0.0/24"})
    held = network(V, w, gateway("gw", "v"), gateway("far", "w"), connection)
    assert {found.name: found.routes for found in held.gateways} == {"gw": (LearnedRoute("10.5.0.0/16"),), "far": ()}


# graph


def test_the_graph_holds_what_hangs_together() -> None:
    held = network(
        vnet(
            "v",
            "10.0.0.0/16",
            {"s": subnet("10.0.0.0/24", table="t", nsg="g"), "GatewaySubnet": "10.0.1.0/24"},
            [peering("w")],
        ),
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v")]),
        nic("n", "v/s", "10.0.0.4"),
        nic("nva", "w/s", "10.1.0.4"),
        machine("vm", "n"),
        nsg("g"),
        table(
            "t",
            {"d": "0.0.0.0/0 -> 10.1.0.4", "i": "20.0.0.0/8 -> Internet", "g": "10.9.0.0/16 -> VirtualNetworkGateway"},
        ),
        gateway("gw", "v"),
        on_premises=(OnPremisesNetwork("hq", ("10.9.0.0/16",), GATEWAY),),
    )
    kinds = {
        (source.rsplit("/", 1)[-1], kind, target.rsplit("/", 1)[-1])
        for source, target, kind in network_graph(held).edges(data="kind")
    }
    assert kinds >= {
        ("v", "contains", "s"),
        ("v", "peering", "w"),
        ("w", "peering", "v"),
        ("n", "attached", "s"),
        ("vm", "attached", "n"),
        ("g", "governs", "s"),
        ("t", "governs", "s"),
        ("t", "next_hop", "nva"),
        ("t", "next_hop", "internet"),
        ("t", "next_hop", "gw"),
        ("gw", "gateway", "gatewaysubnet"),
        ("gw", "gateway", "hq"),
    }
    assert network_graph(held).nodes[table_id("t").key] == {"kind": "route table", "name": "t"}
    assert all({"kind", "name"} <= set(data) for _, data in network_graph(held).nodes(data=True))


def test_a_network_travels_to_other_processes() -> None:
    held = network(V, nic("n", "v/s", "10.0.0.4"))
    before = subnet_routes(held, subnet_id("v/s"))
    copy = pickle.loads(pickle.dumps(held))
    assert subnet_routes(copy, subnet_id("v/s")) == before
    assert copy.endpoint("n") == held.endpoint("n")
