"""Issues of load balancers, NAT gateways, platform services, perimeters, circuits and firewalls, where they are due."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource
from simulator.azure.snapshot import CircuitNat, Issue
from simulator.network.model import Network
from tests.network.arm import network, nic, nic_id, public_ip, resource, rid, subnet, subnet_id, vnet
from tests.network.services_arm import (
    acls,
    balancer,
    balancer_id,
    frontend,
    lb_rule,
    messaging,
    perimeter,
    pool,
    pool_id,
    service_id,
    sql,
    storage,
)
from tests.network.test_balancers import member, nat_rule
from tests.network.test_firewall_rules import HUB, app_rule, collection, firewall, net_rule, policy
from tests.network.test_other_services import CIRCUIT, circuit, private_endpoint
from tests.network.test_other_services import policy as endpoint_policy
from tests.network.test_outbound import NAT, nat

V = vnet("v", "10.1.0.0/16", {"web": "10.1.0.0/24"})
IN, OUT = frontend("in", subnet="v/web", address="10.1.0.10"), frontend("out", ip="pip")


def of_code(held: Network, code: str) -> list[Issue]:
    return [issue for issue in held.issues if issue.code == code]


def in_subnet(**fields: Any) -> Resource:
    return vnet("v", "10.1.0.0/16", {"web": subnet("10.1.0.0/24") | fields})


POLICY_REFERENCE = {"serviceEndpointPolicies": [{"id": str(rid("serviceEndpointPolicies", "sep"))}]}
ACCOUNT = storage()
WITH_LEGACY = {CIRCUIT: CircuitNat("public_peering", ("198.51.100.1", "198.51.100.2"), "microsoft")}
WITH_THREE = {CIRCUIT: CircuitNat("public_peering", ("198.51.100.0/31", "198.51.100.2"), "microsoft")}
WITH_MICROSOFT = {CIRCUIT: CircuitNat("microsoft_peering", ("198.51.100.1", "198.51.100.2", "198.51.100.3"))}
CASES = [
    (
        [storage(networkAcls=acls("Deny", "10.0.0.300"))],
        {},
        "VNS2018",
        "error",
        ACCOUNT.id,
        "st: '10.0.0.300' is not an",
    ),
    ([sql("203.0.113.9-203.0.113.4")], {}, "VNS2018", "error", service_id("servers", "sql"), "sql: '203.0.113.9-203"),
    (
        [perimeter(ACCOUNT.id, "Learning", addresses=("everybody",)), ACCOUNT],
        {},
        "VNS2018",
        "error",
        rid("networkSecurityPerimeters", "nsp").child("profiles", "p").child("accessRules", "r"),
        "r: 'everybody' is not an address",
    ),
    # resources, declared NAT, code, severity, place, words of the message
    ([V, member("w1", "10.1.0.4")], {}, "VNS2040", "warning", nic_id("w1"), "load balancer lb is not in the export"),
    (
        [V, balancer(IN, backendAddressPools=[pool("p", nics=("gone",))])],
        {},
        "VNS2041",
        "warning",
        pool_id("p"),
        "lb/p: some members are not in the export",
    ),
    (
        [V, balancer(IN, inboundNatRules=[nat_rule("ssh", "in", 50001, 22, "gone")])],
        {},
        "VNS2041",
        "warning",
        balancer_id().child("inboundNatRules", "ssh"),
        "lb/ssh: the interface behind the NAT rule",
    ),
    ([V, balancer(IN, sku="Basic")], {}, "VNS2042", "warning", balancer_id(), "lb is a Basic load balancer"),
    ([V, balancer(OUT)], {}, "VNS2019", "warning", balancer_id(), "lb: the public IP pip is not in the export"),
    ([in_subnet(**NAT)], {}, "VNS2043", "info", subnet_id("v/web"), "the NAT gateway ng is not in the export"),
    (
        [in_subnet(**NAT), nat(publicIpPrefixes=("gone",))],
        {},
        "VNS2019",
        "warning",
        rid("natGateways", "ng"),
        "ng: the public IP gone",
    ),
    (
        [V, nic("pe-nic", "v/web", "10.1.0.4", private_endpoint="pe")],
        {},
        "VNS2044",
        "warning",
        nic_id("pe-nic"),
        "the private endpoint pe is not in the export",
    ),
    (
        [V, private_endpoint("Approved")],
        {},
        "VNS2044",
        "info",
        rid("privateEndpoints", "pe"),
        "the service behind it, st, is not in the export",
    ),
    (
        [in_subnet(**POLICY_REFERENCE)],
        {},
        "VNS2045",
        "warning",
        subnet_id("v/web"),
        "the service endpoint policy sep is not in the export",
    ),
    ([], WITH_LEGACY, "VNS2046", "warning", CIRCUIT, "public peering was retired on 2024-03-31"),
    ([], WITH_THREE, "VNS2046", "error", CIRCUIT, "it translates to two addresses, and 3 are declared"),
    ([circuit("AzurePublicPeering")], {}, "VNS2046", "warning", CIRCUIT, "public peering was retired on 2024-03-31"),
    ([circuit("MicrosoftPeering")], {}, "VNS2047", "warning", CIRCUIT, "its Microsoft peering translates to"),
    (
        [policy("p", {}, snat={"autoLearnPrivateRanges": "Enabled"})],
        {},
        "VNS2048",
        "warning",
        rid("firewallPolicies", "p"),
        "p: the firewall learns ranges",
    ),
    (
        [policy("p", {}, threatIntelMode="Deny")],
        {},
        "VNS2049",
        "info",
        rid("firewallPolicies", "p"),
        "p: threat intelligence denies",
    ),
    ([HUB, firewall(threatIntelMode="Deny")], {}, "VNS2049", "info", rid("azureFirewalls", "fw"), "fw: threat"),
    (
        [ACCOUNT, perimeter(ACCOUNT.id, "Enforced", profile="gone")],
        {},
        "VNS2050",
        "warning",
        rid("networkSecurityPerimeters", "nsp").child("resourceAssociations", "a0"),
        "nsp/a0: its profile gone is not in the export",
    ),
    (
        [storage(publicNetworkAccess="SecuredByPerimeter")],
        {},
        "VNS2051",
        "warning",
        ACCOUNT.id,
        "st is secured by a perimeter, and no perimeter in the export has it",
    ),
    (
        [
            policy(
                "p", {1: [collection("c", 1, net_rule("r", destinationFqdns=["a.com"]), app_rule("s", "b.com", "*.c"))]}
            )
        ],
        {},
        "VNS2036",
        "info",
        rid("firewallPolicies", "p"),
        "p: rules name a.com, b.com, whose addresses are not known",
    ),
]


@pytest.mark.parametrize(("resources", "nat", "code", "severity", "place", "words"), CASES)
def test_an_issue_says_what_and_where(
    resources: list[Resource], nat: dict[Any, CircuitNat], code: str, severity: str, place: object, words: str
) -> None:
    (issue,) = of_code(network(*resources, circuit_nat=nat), code)
    assert (issue.severity, issue.place) == (severity, str(place))
    assert words in issue.message
    assert issue.hint


def test_many_unknown_names_are_counted() -> None:
    rule = app_rule("r", *(f"{letter}.com" for letter in "abcde"))
    held = policy("p", {1: [collection("c", 1, rule)]})
    (issue,) = of_code(network(held), "VNS2036")
    assert "a.com, b.com, c.com and 2 more, whose" in issue.message
    names = {f"{letter}.com": ("203.0.113.9",) for letter in "abcde"}
    assert not of_code(network(held, names=names), "VNS2036")


def test_a_complete_network_has_no_issue() -> None:
    held = network(
        in_subnet(**NAT, **POLICY_REFERENCE),
        public_ip("pip", "203.0.113.30"),
        nic("w1", "v/web", "10.1.0.4"),
        nic("pe-nic", "v/web", "10.1.0.5", private_endpoint="pe"),
        private_endpoint("Approved"),
        ACCOUNT,
        endpoint_policy("sep", str(ACCOUNT.id)),
        nat(publicIpAddresses=("pip",)),
        balancer(
            IN,
            backendAddressPools=[pool("p", nics=("w1",))],
            loadBalancingRules=[lb_rule("http", "in", "p", 80)],
            inboundNatRules=[nat_rule("ssh", "in", 50001, 22, "w1")],
        ),
        messaging("eventhubs", None),
        perimeter(service_id("eventhubs", "ns"), "Learning"),
        circuit("AzurePrivatePeering", "MicrosoftPeering"),
        circuit_nat=WITH_MICROSOFT,
    )
    assert held.issues == ()


def test_private_endpoints_of_services_that_are_not_modelled_are_no_issue() -> None:
    connection = {"name": "c", "properties": {"privateLinkServiceId": "/x/providers/Microsoft.Web/sites/app"}}
    held = resource("privateEndpoints", "pe", privateLinkServiceConnections=[connection])
    assert not of_code(network(held), "VNS2044")


def test_an_internal_frontend_is_checked_as_every_endpoint() -> None:
    found = network(V, nic("w1", "v/web", "10.1.0.10"), balancer(IN))
    assert [issue.code for issue in found.issues] == ["VNS2028"]
    outside = frontend("in", subnet="v/web", address="10.1.7.10")
    assert [issue.code for issue in network(V, balancer(outside)).issues] == ["VNS2029"]
    unknown = frontend("in", subnet="v/web")
    assert [issue.code for issue in network(V, balancer(unknown)).issues] == ["VNS2014"]
