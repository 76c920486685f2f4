"""Which way out an endpoint has, and which addresses it shows there (SEMANTICS 3.6)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource
from simulator.network.outbound import Outbound, outbound
from simulator.space.addresses import as_cidrs
from tests.network.arm import network, nic, nic_id, public_ip, resource, rid, subnet, vnet
from tests.network.services_arm import balancer, balancer_id, frontend, frontend_id, lb_rule, pool, pool_id
from tests.network.test_balancers import member

TCP, UDP, ICMP = 6, 17, 1
PIP, PIP6 = public_ip("pip", "203.0.113.30"), public_ip("pip6", "2001:db8::30")
LB_PIP = public_ip("lbpip", "203.0.113.40")
PREFIX = resource("publicIPPrefixes", "prefix", ipPrefix="203.0.113.48/30")
OUT, OUT_PREFIX = frontend("out", ip="lbpip"), frontend("wide", prefix="prefix")
IN = frontend("in", subnet="v/web", address="10.1.0.10")
W1 = nic("w1", "v/web", "10.1.0.4")


def network_of(*resources: Resource, **fields: Any) -> Resource:
    return vnet("v", "10.1.0.0/16", {"web": subnet("10.1.0.0/24") | fields})


def way(*resources: Resource, is_ipv4: bool = True, protocol: int = TCP, **fields: Any) -> Outbound:
    held = network(network_of(**fields), PIP, PIP6, LB_PIP, PREFIX, *resources)
    return outbound(held, nic_id("w1"), is_ipv4=is_ipv4, protocol=protocol)


def told(found: Outbound) -> tuple[str, list[str] | None]:
    return found.method, None if found.pool is None else as_cidrs(found.pool)


def nat(sku: str = "Standard", **lists: tuple[str, ...]) -> Resource:
    kinds = {"publicIpAddresses": "publicIPAddresses", "publicIpAddressesV6": "publicIPAddresses"}
    references = {
        key: [{"id": str(rid(kinds.get(key, "publicIPPrefixes"), name))} for name in names]
        for key, names in lists.items()
    }
    made = resource("natGateways", "ng", **references)
    return made.model_copy(update={"sku": made.sku.model_copy(update={"name": sku})})  # type: ignore[attr-defined]


NAT = {"natGateway": {"id": str(rid("natGateways", "ng"))}}
PRIVATE = {"defaultOutboundAccess": False}


def outbound_rule(*fronts: str) -> dict[str, Any]:
    return {
        "id": f"{balancer_id()}/outboundRules/out",
        "properties": {
            "frontendIPConfigurations": [{"id": str(frontend_id(front))} for front in fronts],
            "backendAddressPool": {"id": str(pool_id("p"))},
        },
    }


def test_the_order_of_the_ways_out() -> None:
    public = nic("w1", "v/web", "10.1.0.4", public="pip")
    by_balancer = balancer(OUT, backendAddressPools=[pool("p", nics=("w1",))], outboundRules=[outbound_rule("out")])
    gateway = nat(publicIpAddresses=("lbpip",))
    assert told(way(W1)) == ("default access", None)
    assert told(way(W1, by_balancer)) == ("load balancer", ["203.0.113.40/32"])
    assert told(way(public, by_balancer)) == ("public IP", ["203.0.113.30/32"])
    assert told(way(public, by_balancer, gateway, **NAT)) == ("nat gateway", ["203.0.113.40/32"])


NAT_GATEWAYS = [
    (
        nat(publicIpAddresses=("pip", "lbpip"), publicIpPrefixes=("prefix",)),
        ["203.0.113.30/32", "203.0.113.40/32", "203.0.113.48/30"],
    ),
    (nat(publicIpAddresses=("pip", "gone")), None),
    (nat(publicIpPrefixes=("gone",)), None),
    (nat(), None),
    (W1, None),  # a gateway that is not in the export
]


@pytest.mark.parametrize(("gateway", "pool_of_gateway"), NAT_GATEWAYS)
def test_the_pool_of_a_nat_gateway(gateway: Resource, pool_of_gateway: list[str] | None) -> None:
    assert told(way(W1, gateway, **NAT)) == ("nat gateway", pool_of_gateway)


FAMILIES = [
    # sku, IPv4, protocol, method
    ("Standard", True, UDP, "nat gateway"),
    ("Standard", True, ICMP, "none"),
    ("Standard", False, TCP, "none"),
    ("StandardV2", False, TCP, "nat gateway"),
    ("StandardV2", False, ICMP, "none"),
    ("StandardV2", True, TCP, "nat gateway"),
]


@pytest.mark.parametrize(("sku", "is_ipv4", "protocol", "method"), FAMILIES)
def test_what_a_nat_gateway_carries(sku: str, is_ipv4: bool, protocol: int, method: str) -> None:
    gateway = nat(sku, publicIpAddresses=("pip",), publicIpAddressesV6=("pip6",))
    assert way(W1, gateway, is_ipv4=is_ipv4, protocol=protocol, **NAT).method == method


def test_a_public_ip_carries_every_protocol_of_its_family_only() -> None:
    public = nic("w1", "v/web", "10.1.0.4", public="pip")
    assert told(way(public, protocol=ICMP, **PRIVATE)) == ("public IP", ["203.0.113.30/32"])
    assert way(public, is_ipv4=False).method == "none"
    six = nic("w1", "v/web", "10.1.0.4", public="pip6")
    assert told(way(six, is_ipv4=False)) == ("public IP", ["2001:db8::30/128"])
    assert way(six, **PRIVATE).method == "none"


def test_a_public_ip_without_a_known_address_is_still_one() -> None:
    assert told(way(nic("w1", "v/web", "10.1.0.4", public="gone"), **PRIVATE)) == ("public IP", None)


def test_every_public_frontend_of_the_pool_may_be_the_source() -> None:
    held = balancer(
        OUT,
        OUT_PREFIX,
        IN,
        backendAddressPools=[pool("p", nics=("w1",)), pool("q")],
        outboundRules=[outbound_rule("wide")],
        loadBalancingRules=[lb_rule("http", "out", "p", 80), lb_rule("inside", "in", "p", 80)],
    )
    assert told(way(W1, held)) == ("load balancer", ["203.0.113.40/32", "203.0.113.48/30"])


def test_a_load_balancer_carries_the_protocols_of_its_rules() -> None:
    held = balancer(
        OUT, backendAddressPools=[pool("p", nics=("w1",))], loadBalancingRules=[lb_rule("http", "out", "p", 80)]
    )
    assert [way(W1, held, protocol=protocol).method for protocol in (TCP, UDP, ICMP)] == [
        "load balancer",
        "none",
        "none",
    ]


NO_WAY = {
    "SNAT switched off": [lb_rule("http", "out", "p", 80, disableOutboundSnat=True)],
    "another pool": [lb_rule("http", "out", "q", 80)],
    "an internal frontend": [lb_rule("http", "in", "p", 80)],
    "no rule": [],
}


@pytest.mark.parametrize("rules", NO_WAY.values(), ids=NO_WAY)
@pytest.mark.parametrize(("sku", "method"), [("Standard", "none"), ("Basic", "default access")])
def test_a_standard_pool_without_a_way_out_has_none(sku: str, method: str, rules: list[Any]) -> None:
    held = balancer(
        OUT, IN, sku=sku, backendAddressPools=[pool("p", nics=("w1",)), pool("q")], loadBalancingRules=rules
    )
    assert way(W1, held).method == method


def test_a_member_by_address_keeps_default_access() -> None:
    assert way(W1, balancer(OUT, backendAddressPools=[pool("p", addresses=("10.1.0.4",))])).method == "default access"


def test_a_load_balancer_outside_the_export_leaves_it_open() -> None:
    named = member("w1", "10.1.0.4")
    assert way(named) == Outbound("unknown")
    assert way(named, protocol=ICMP) == Outbound("none")
    assert way(named, nat(publicIpAddresses=("pip",)), **NAT).method == "nat gateway"


DEFAULT = [
    # subnet, IPv4, protocol, method
    ({}, True, TCP, "default access"),
    ({"defaultOutboundAccess": True}, True, UDP, "default access"),
    (PRIVATE, True, TCP, "none"),
    ({}, False, TCP, "none"),
    ({}, True, ICMP, "none"),
]


@pytest.mark.parametrize(("fields", "is_ipv4", "protocol", "method"), DEFAULT)
def test_default_access(fields: dict[str, Any], is_ipv4: bool, protocol: int, method: str) -> None:
    assert way(W1, is_ipv4=is_ipv4, protocol=protocol, **fields).method == method


def test_firewalls_have_no_default_access_and_frontends_none_at_all() -> None:
    firewall = resource(
        "azureFirewalls",
        "fw",
        ipConfigurations=[{"properties": {"subnet": {"id": str(rid("virtualNetworks/subnets", "v/web"))}}}],
    )
    held = network(network_of(), LB_PIP, firewall, balancer(OUT))
    for one in (rid("azureFirewalls", "fw"), frontend_id("out"), nic_id("gone")):
        assert outbound(held, one, is_ipv4=True, protocol=TCP) == Outbound("none")
