"""Frontends of load balancers, their rules and their backends (SEMANTICS 1.3)."""

from __future__ import annotations

from typing import Any

from simulator.azure.resource import Resource
from simulator.network.balancers import Backend, BalancedRule, balanced_rules
from simulator.network.graph import network_graph
from simulator.network.model import Network
from tests.network.arm import codes, network, nic, nic_id, public_ip, subnet_id, vnet, vnet_id
from tests.network.services_arm import (
    Json,
    balancer,
    balancer_id,
    frontend,
    frontend_id,
    lb_rule,
    pool,
    pool_id,
)

V = vnet("v", ["10.1.0.0/16", "fd00:1::/48"], {"web": ["10.1.0.0/24", "fd00:1::/64"]})
W1, W2 = nic("w1", "v/web", "10.1.0.4"), nic("w2", "v/web", "10.1.0.5")
INSIDE, OUTSIDE = frontend("in", subnet="v/web", address="10.1.0.10"), frontend("out", ip="pip")
PIP = public_ip("pip", "203.0.113.30")
B1, B2 = Backend(nic_id("w1"), "10.1.0.4"), Backend(nic_id("w2"), "10.1.0.5")


def member(name: str, address: str, pools: tuple[str, ...] = ("p",), nat: tuple[str, ...] = ()) -> Resource:
    """A NIC whose configuration names the pools and NAT rules of ``lb``."""
    held = nic(name, "v/web", address)
    (configuration,) = held.ip_configurations  # type: ignore[attr-defined]
    named = configuration.model_copy(
        update={
            "load_balancer_backend_address_pools": tuple(pool_id(one) for one in pools),
            "load_balancer_inbound_nat_rules": tuple(balancer_id().child("inboundNatRules", one) for one in nat),
        }
    )
    return held.model_copy(update={"ip_configurations": (named,)})


def nat_rule(name: str, front: str, port: int, backend_port: int, target: str | None = None) -> Json:
    configuration = {"id": f"{nic_id(target)}/ipConfigurations/ip0"} if target else None
    return {
        "id": f"{balancer_id()}/inboundNatRules/{name}",
        "name": name,
        "properties": {
            "frontendIPConfiguration": {"id": str(frontend_id(front))},
            "backendIPConfiguration": configuration,
            "protocol": "Tcp",
            "frontendPort": port,
            "backendPort": backend_port,
        },
    }


def rules_of(*resources: Resource, front: str = "in") -> tuple[BalancedRule, ...]:
    return balanced_rules(network(V, PIP, *resources), frontend_id(front))


def test_a_rule_with_its_probe_and_backends_by_id() -> None:
    (rule,) = rules_of(
        W1,
        W2,
        balancer(
            INSIDE,
            backendAddressPools=[pool("p", nics=("w2", "w1"))],
            loadBalancingRules=[lb_rule("http", "in", "p", 80, 8080, probe="up")],
            probes=[{"id": f"{balancer_id()}/probes/up", "properties": {"port": 8081}}],
        ),
    )
    assert rule == BalancedRule(
        id=balancer_id().child("loadBalancingRules", "http"),
        name="http",
        protocols=(6,),
        ports=((80, 80),),
        backends=(B1, B2),
        backend_port=8080,
        floating=False,
        probe_port=8081,
        has_unknown_members=False,
    )


def test_nat_rules_come_first_and_ha_ports_last() -> None:
    rules = rules_of(
        W1,
        balancer(
            INSIDE,
            backendAddressPools=[pool("p", nics=("w1",))],
            loadBalancingRules=[
                lb_rule("ha", "in", "p", 0, protocol="All"),
                lb_rule("dns", "in", "p", 53, protocol="Udp", enableFloatingIP=True),
            ],
            inboundNatRules=[nat_rule("ssh", "in", 50001, 22, "w1"), nat_rule("other", "out", 50001, 22, "w1")],
        ),
    )
    assert [(rule.name, rule.protocols, rule.ports, rule.backend_port, rule.floating) for rule in rules] == [
        ("ssh", (6,), ((50001, 50001),), 22, False),
        ("dns", (17,), ((53, 53),), 53, True),
        ("ha", (6, 17), ((0, 65535),), None, False),
    ]
    assert {rule.probe_port for rule in rules} == {None}


def test_members_named_from_either_side_or_by_address_are_one() -> None:
    for held in (
        [member("w1", "10.1.0.4"), balancer(INSIDE, backendAddressPools=[pool("p")], **_rules())],
        [W1, balancer(INSIDE, backendAddressPools=[pool("p", nics=("w1",))], **_rules())],
        [W1, balancer(INSIDE, backendAddressPools=[pool("p", addresses=("10.1.0.4",))], **_rules())],
        [
            member("w1", "10.1.0.4"),
            balancer(INSIDE, backendAddressPools=[pool("p", nics=("w1",), addresses=("10.1.0.4",))], **_rules()),
        ],
    ):
        (rule,) = rules_of(*held)
        assert (rule.backends, rule.has_unknown_members) == ((B1,), False)


def test_the_interface_behind_a_nat_rule_may_name_it() -> None:
    held = balancer(INSIDE, inboundNatRules=[nat_rule("ssh", "in", 50001, 22)])
    (rule,) = rules_of(member("w1", "10.1.0.4", (), ("ssh",)), held)
    assert rule.backends == (B1,)


def test_members_outside_the_export() -> None:
    scale_set = pool("p")
    scale_set["properties"]["backendIPConfigurations"] = [
        {"id": "/x/virtualMachines/0/networkInterfaces/n/ipConfigurations/ip0"}
    ]
    for held in (
        pool("p", nics=("w1", "gone")),
        pool("p", nics=("w1",), addresses=("10.1.0.99",)),
        pool("p", nics=("w1",), addresses=("10.1.0.5",), vnet="other"),
    ):
        (rule,) = rules_of(W1, W2, balancer(INSIDE, backendAddressPools=[held], **_rules()))
        assert (rule.backends, rule.has_unknown_members) == ((B1,), True)
    of_global = pool("p")
    of_global["properties"]["loadBalancerBackendAddresses"] = [{"name": "region", "properties": {}}]
    for pools in ([scale_set], [of_global], [pool("another")]):
        (rule,) = rules_of(W1, balancer(INSIDE, backendAddressPools=pools, **_rules()))
        assert (rule.backends, rule.has_unknown_members) == ((), True)
    (rule,) = rules_of(W1, balancer(INSIDE, backendAddressPools=[pool("p")], **_rules()))
    assert (rule.backends, rule.has_unknown_members) == ((), False)


def test_who_has_which_port_of_a_nat_range_is_not_known() -> None:
    ranged = nat_rule("ssh", "in", 0, 22)
    ranged["properties"] |= {
        "frontendPortRangeStart": 50000,
        "frontendPortRangeEnd": 50099,
        "backendAddressPool": {"id": str(pool_id("p"))},
    }
    held = network(V, W1, balancer(INSIDE, backendAddressPools=[pool("p", nics=("w1",))], inboundNatRules=[ranged]))
    (rule,) = balanced_rules(held, frontend_id("in"))
    assert (rule.ports, rule.backend_port) == (((50000, 50099),), 22)
    assert (rule.backends, rule.has_unknown_members) == ((), True)
    assert codes(held) == {"VNS2041"}


def test_an_address_without_a_network_lies_where_the_frontend_does() -> None:
    held = pool("p", addresses=("10.1.0.4",))
    del held["properties"]["loadBalancerBackendAddresses"][0]["properties"]["virtualNetwork"]
    twin = nic("twin", "other/web", "10.1.0.4")
    resources = [W1, twin, vnet("other", "10.1.0.0/16", {"web": "10.1.0.0/24"})]
    (rule,) = rules_of(*resources, balancer(INSIDE, backendAddressPools=[held], **_rules()))
    assert rule.backends == (B1,)
    (rule,) = rules_of(*resources, balancer(OUTSIDE, backendAddressPools=[held], **_rules("out")), front="out")
    assert (rule.backends, rule.has_unknown_members) == ((), True)


def test_backends_are_of_the_frontends_family() -> None:
    both = nic("w1", "v/web", "10.1.0.4", "fd00:1::4")
    held = pool("p", addresses=("10.1.0.4", "fd00:1::4"))
    six = frontend("six", subnet="v/web", address="fd00:1::10")
    (rule,) = rules_of(both, balancer(six, backendAddressPools=[held], **_rules("six")), front="six")
    assert rule.backends == (Backend(nic_id("w1"), "fd00:1::4"),)


def test_what_is_no_frontend_has_no_rules() -> None:
    held = network(V, W1)
    assert balanced_rules(held, nic_id("w1")) == balanced_rules(held, frontend_id("in")) == ()


def _rules(front: str = "in") -> dict[str, Any]:
    return {"loadBalancingRules": [lb_rule("http", front, "p", 80)]}


# --- endpoints ----------------------------------------------------------------------------------------------------
def endpoints_of(*resources: Resource) -> Network:
    return network(V, PIP, W1, *resources)


def test_an_internal_frontend_is_an_endpoint_of_its_subnet() -> None:
    held = endpoints_of(balancer(INSIDE))
    one = held.endpoint("10.1.0.10")
    assert one is not None
    assert (one.kind, one.name, one.id, one.subnet) == ("frontend", "lb", frontend_id("in"), subnet_id("v/web"))
    assert (one.addresses, one.public_addresses, one.public_sku) == (("10.1.0.10",), (), "")


def test_a_public_frontend_lies_with_its_first_backend() -> None:
    held = endpoints_of(balancer(OUTSIDE, backendAddressPools=[pool("p", nics=("w1",))], **_rules("out")))
    one = held.endpoint("203.0.113.30")
    assert one is not None
    assert (one.subnet, one.virtual_network, one.public_sku) == (subnet_id("v/web"), vnet_id("v"), "Standard")
    assert (one.addresses, one.public_addresses) == ((), ("203.0.113.30",))
    assert not {"VNS2014", "VNS2017"} & codes(held)
    alone = endpoints_of(balancer(OUTSIDE, sku="Basic")).endpoint("lb")
    assert alone is not None
    assert (alone.subnet, alone.virtual_network, alone.public_sku) == (balancer_id(), balancer_id(), "Basic")


def test_several_frontends_are_told_apart_by_name() -> None:
    held = endpoints_of(balancer(INSIDE, OUTSIDE))
    assert [one.name for one in held.endpoints] == ["w1", "lb/in", "lb/out"]


def test_the_graph_shows_who_is_behind_a_frontend() -> None:
    held = endpoints_of(balancer(OUTSIDE, backendAddressPools=[pool("p", nics=("w1",))], **_rules("out")))
    node = frontend_id("out").key
    edges = {(target, data["kind"]) for _, target, data in network_graph(held).out_edges(node, data=True)}
    assert network_graph(held).nodes[node] == {"kind": "load balancer frontend", "name": "lb"}
    assert edges == {(nic_id("w1").key, "balances"), (subnet_id("v/web").key, "attached")}
    alone = endpoints_of(balancer(OUTSIDE))
    assert not network_graph(alone).out_edges(node)
