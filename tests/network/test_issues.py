"""Every issue of the network room: raised where it is due, with the value, the place and the way out."""

from __future__ import annotations

import pytest

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import Resource
from simulator.azure.snapshot import Issue, LearnedRoute
from simulator.network.effective_routes import subnet_routes
from tests.network.arm import (
    gateway,
    network,
    nic,
    nic_id,
    nsg,
    peering,
    public_ip,
    rid,
    rule,
    subnet,
    subnet_id,
    table,
    vnet,
)

V = vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"})
T = vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t")})


def w(*links: object, prefix: str = "10.1.0.0/16") -> Resource:
    return vnet("w", prefix, {"s": prefix.replace("/16", "/24")}, links)  # type: ignore[arg-type]


def both(own: dict[str, object], far: dict[str, object]) -> tuple[Resource, Resource]:
    return vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}, [peering("w", **own)]), w(peering("v", **far))


CASES: dict[str, tuple[str, str, tuple[Resource, ...]]] = {
    "subnet outside": ("VNS2001", "error", (vnet("v", "10.0.0.0/16", {"s": "10.1.0.0/24"}),)),
    "subnets overlap": ("VNS2002", "error", (vnet("v", "10.0.0.0/16", {"a": "10.0.0.0/24", "b": "10.0.0.128/25"}),)),
    "peers overlap": (
        "VNS2003",
        "error",
        (vnet("v", "10.0.0.0/16", {}, [peering("w")]), vnet("w", "10.0.128.0/17", {}, [peering("v")])),
    ),
    "priority low": ("VNS2004", "error", (V, nsg("g", rule("r", 90, "Inbound", "Allow")))),
    "priority high": ("VNS2004", "error", (V, nsg("g", rule("r", 4097, "Inbound", "Allow")))),
    "priority twice": (
        "VNS2005",
        "error",
        (V, nsg("g", rule("a", 100, "Inbound", "Allow"), rule("b", 100, "Inbound", "Deny"))),
    ),
    "peer missing": ("VNS2006", "warning", (vnet("v", "10.0.0.0/16", {}, [peering("gone")]),)),
    "peering one-sided": ("VNS2007", "warning", (vnet("v", "10.0.0.0/16", {}, [peering("w")]), w())),
    "group missing": ("VNS2008", "warning", (vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", nsg="gone")}),)),
    "table missing": ("VNS2009", "warning", (T,)),
    "tag unknown": (
        "VNS2010",
        "warning",
        (V, nsg("g", rule("r", 100, "Inbound", "Allow", sourceAddressPrefix="Storag"))),
    ),
    "route tag unknown": ("VNS2010", "warning", (T, table("t", {"r": "Storag -> Internet"}))),
    "nobody answers": ("VNS2012", "warning", (T, table("t", {"r": "0.0.0.0/0 -> 10.0.0.99"}))),
    "out of reach": ("VNS2013", "warning", (T, table("t", {"r": "0.0.0.0/0 -> 10.7.0.4"}))),
    "no gateway": ("VNS2013", "warning", (T, table("t", {"r": "10.9.0.0/16 -> VirtualNetworkGateway"}))),
    "nic without address": ("VNS2014", "warning", (V, nic("n", "v/s"))),
    "learned unknown": (
        "VNS2015",
        "warning",
        (vnet("v", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/24"}), gateway("gw", "v", "ExpressRoute")),
    ),
    "subnet missing": ("VNS2017", "warning", (V, nic("n", "gone/s", "10.9.0.4"))),
    "nic nowhere": ("VNS2017", "warning", (V, NetworkInterface.model_validate({"id": str(nic_id("n"))}))),
    "bad prefix": ("VNS2018", "error", (vnet("v", "10.0.0/16", {}),)),
    "bad port": ("VNS2018", "error", (V, nsg("g", rule("r", 100, "Inbound", "Allow", destinationPortRange="http")))),
    "bad next hop": ("VNS2018", "error", (T, table("t", {"r": "0.0.0.0/0 -> 10.0.0.4.4"}))),
    "public ip missing": ("VNS2019", "warning", (V, nic("n", "v/s", "10.0.0.4", public="gone"))),
    "endpoint unknown": (
        "VNS2023",
        "warning",
        (vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", endpoints={"Microsoft.Nothing": []})}),),
    ),
    "tag route": ("VNS2025", "info", (T, table("t", {"r": "Storage -> Internet"}))),
    "out of sync": ("VNS2026", "warning", both({"remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/17"]}}, {})),
    "basic ip": (
        "VNS2027",
        "warning",
        (V, nic("n", "v/s", "10.0.0.4", public="ip"), public_ip("ip", "20.0.0.4", "Basic")),
    ),
    "basic ip behind a group": (
        "VNS2027",
        "warning",
        (V, nic("n", "v/s", "10.0.0.4", public="ip", nsg="g"), nsg("g"), public_ip("ip", "20.0.0.4", "Basic")),
    ),
    "address twice": ("VNS2028", "error", (V, nic("a", "v/s", "10.0.0.4"), nic("b", "v/s", "10.0.0.4"))),
    "address outside": ("VNS2029", "error", (V, nic("a", "v/s", "10.0.9.4"))),
    "group on gateway": (
        "VNS2030",
        "warning",
        (vnet("v", "10.0.0.0/16", {"GatewaySubnet": subnet("10.0.0.0/24", nsg="g")}), nsg("g")),
    ),
    "no transit": ("VNS2031", "error", both({"useRemoteGateways": True}, {})),
    "own gateway": (
        "VNS2031",
        "error",
        (
            vnet("v", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/24"}, [peering("w", useRemoteGateways=True)]),
            gateway("gw", "v"),
            w(peering("v", allowGatewayTransit=True)),
        ),
    ),
    "two hubs": (
        "VNS2031",
        "error",
        (vnet("v", "10.0.0.0/16", {}, [peering(hub, useRemoteGateways=True) for hub in ("a", "b")]),),
    ),
    "no such remote subnet": (
        "VNS2017",
        "warning",
        both({"peerCompleteVnets": False, "remoteSubnetNames": ["gone"]}, {}),
    ),
    "gateway nowhere": (
        "VNS2037",
        "warning",
        (VirtualNetworkGateway.model_validate({"id": str(rid("virtualNetworkGateways", "gw"))}),),
    ),
    "firewall nowhere": (
        "VNS2017",
        "warning",
        (AzureFirewall.model_validate({"id": str(rid("azureFirewalls", "fw"))}),),
    ),
    "bad route prefix": ("VNS2018", "error", (T, table("t", {"r": "10.9.0/16 -> None"}))),
    "route to expressroute": (
        "VNS2013",
        "warning",
        (
            vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t"), "GatewaySubnet": "10.0.1.0/24"}),
            gateway("gw", "v", "ExpressRoute"),
            table("t", {"r": "10.9.0.0/16 -> VirtualNetworkGateway"}),
        ),
    ),
    "default route": ("VNS2032", "info", (T, table("t", {"r": "0.0.0.0/0 -> Internet"}))),
    "forwarded differs": ("VNS2033", "info", both({"allowForwardedTraffic": True}, {})),
    "prefix twice": ("VNS2034", "error", (T, table("t", {"a": "10.9.0.0/16 -> None", "b": "10.9.0.0/16 -> Internet"}))),
}


def found(resources: tuple[Resource, ...], code: str) -> list[Issue]:
    return [issue for issue in network(*resources).issues if issue.code == code]


@pytest.mark.parametrize("name", CASES)
def test_issue(name: str) -> None:
    code, severity, resources = CASES[name]
    issues = found(resources, code)
    assert issues, name
    assert {issue.severity for issue in issues} == {severity}
    assert all(issue.message and issue.place and issue.hint for issue in issues)


def test_a_clean_network_has_no_issue() -> None:
    held = network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", table="t", nsg="g")}, [peering("w")]),
        vnet("w", "10.1.0.0/16", {"s": "10.1.0.0/24"}, [peering("v")]),
        nic("n", "v/s", "10.0.0.4"),
        nic("nva", "w/s", "10.1.0.4"),
        nsg("g", rule("a", 100, "Inbound", "Allow"), rule("b", 100, "Outbound", "Allow")),
        table("t", {"r": "10.9.0.0/16 -> 10.1.0.4"}),
    )
    assert held.issues == ()


def test_a_priority_out_of_range_is_told_as_azure_would() -> None:
    (issue,) = found((V, nsg("nsg-web", rule("AllowWeb", 90, "Inbound", "Allow"))), "VNS2004")
    assert issue.message == "nsg-web/AllowWeb: priority 90 is below Azure's minimum of 100"
    assert issue.hint == "priorities run from 100 to 4096"


def test_an_unknown_tag_offers_the_nearest_one() -> None:
    (issue,) = found((V, nsg("g", rule("r", 100, "Inbound", "Allow", sourceAddressPrefix="Storag"))), "VNS2010")
    assert issue.hint.startswith("did you mean Storage?")


def test_a_learned_route_that_is_no_prefix_is_said_and_not_built_on() -> None:
    identity = rid("virtualNetworkGateways", "gw")
    held = network(
        vnet("v", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/24"}),
        gateway("gw", "v", bgp=True),
        learned_routes={identity: (LearnedRoute("192.168/16"),)},
    )
    assert [issue.code for issue in held.issues] == ["VNS2018"]
    assert all(row.gateway is None for row in subnet_routes(held, subnet_id("v/GatewaySubnet")))


def test_subnet_peering_may_overlap() -> None:
    part = {"peerCompleteVnets": False, "localSubnetNames": ["s"], "remoteSubnetNames": ["s"]}
    resources = (
        vnet("v", ["10.0.0.0/16", "172.16.0.0/16"], {"s": "10.0.0.0/24"}, [peering("w", **part)]),
        vnet("w", ["10.1.0.0/16", "172.16.0.0/16"], {"s": "10.1.0.0/24"}, [peering("v", **part)]),
    )
    assert found(resources, "VNS2003") == []


@pytest.mark.parametrize(
    ("on_nic", "on_subnet", "is_open"), [("", "", True), ("g", "", False), ("", "g", False), ("gone", "", False)]
)
def test_a_basic_public_ip_is_open_only_without_any_group(on_nic: str, on_subnet: str, is_open: bool) -> None:
    held = network(
        vnet("v", "10.0.0.0/16", {"s": subnet("10.0.0.0/24", nsg=on_subnet or None)}),
        nic("n", "v/s", "10.0.0.4", public="ip", nsg=on_nic or None),
        nsg("g"),
        public_ip("ip", "20.0.0.4", "Basic"),
    )
    [issue] = [issue for issue in held.issues if issue.code == "VNS2027"]
    assert ("open to inbound traffic" in issue.message) == is_open
