"""Load balancers and several paths against cases worked out by hand from SEMANTICS 1.3, 3.6, 3.7 and ORDER 12, 14."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.arm import admin_rule, nsg_rule
from tests.oracle.builder import Builder
from tests.oracle.worlds import CLIENT, ICMP, TCP, UDP, reason, rules

PUBLIC = "198.51.100.30"


def balanced(
    *,
    rule: dict[str, Any] | None = None,
    nsg: tuple[dict[str, Any], ...] = (),
    members: int = 2,
    public: bool = False,
    **fields: Any,
) -> Builder:
    """Client 10.1.0.4; backends 10.1.1.4 and 10.1.1.5 behind 10.1.1.10, or behind a public address."""
    world = Builder()
    world.nsg("n", *nsg)
    world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "b": {"prefixes": "10.1.1.0/24", "nsg": "n"}})
    world.nic("client", "v", "a", "10.1.0.4")
    for at in range(2):
        world.nic(f"back{at}", "v", "b", f"10.1.1.{4 + at}", pools=["lb/pool"] if at < members else [])
    front = PUBLIC if public else ("v", "b", "10.1.1.10")
    made = {"port": 80, "backend_port": 8080} | (rule or {})
    world.load_balancer("lb", {"fe": front}, rules=[made], **fields)
    return world


def test_the_backend_sees_the_client_and_the_backend_port() -> None:
    inbound = nsg_rule("web", 100, "Allow", "Inbound", source="10.1.0.4", destination="10.1.1.0/24", ports="8080")
    closed = nsg_rule("rest", 200, "Deny", "Inbound")
    world = balanced(nsg=(inbound, closed))
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "DELIVERED"
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == [
        "client Outbound ALLOW -",
        "back0 Inbound ALLOW web",
    ]


def test_the_client_sees_the_frontend() -> None:
    world = balanced()
    world.nsg("c", nsg_rule("no", 100, "Deny", "Outbound", destination="10.1.1.10", ports="80"))
    world.nic("client", "v", "a", "10.1.0.4", nsg="c")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "NSG_RULE_DENY"


def test_floating_ip_shows_the_frontend_to_the_backend() -> None:
    """Pitfall 22: only a rule on the frontend's address and port matches."""
    for destination, port, expected in (
        ("10.1.1.10", "80", "DELIVERED"),
        ("10.1.1.4", "80", "NSG_RULE_DENY"),
        ("10.1.1.10", "8080", "NSG_RULE_DENY"),
    ):
        allow = nsg_rule("web", 100, "Allow", "Inbound", destination=destination, ports=port)
        world = balanced(rule={"floating": True}, nsg=(allow, nsg_rule("rest", 200, "Deny", "Inbound")), members=1)
        assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == expected


def test_rules_by_protocol_and_port() -> None:
    world = balanced()
    for port, protocol in ((81, TCP), (80, UDP), (0, ICMP)):
        assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", port, protocol) == "LOAD_BALANCER_NO_RULE"
    ports = balanced(rule={"protocol": "All", "port": 0, "backend_port": 0})
    assert reason(ports.snapshot(), "10.1.0.4", "10.1.1.10", 81, UDP) == "DELIVERED"
    assert reason(ports.snapshot(), "10.1.0.4", "10.1.1.10", 0, ICMP) == "LOAD_BALANCER_NO_RULE"


def test_a_nat_rule_comes_first() -> None:
    deny = nsg_rule("no-ssh", 100, "Deny", "Inbound", destination="10.1.1.5", ports="22")
    world = balanced(nsg=(deny,), nat_rules=[{"nic": "back1", "port": 80, "backend_port": 22}])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "NSG_RULE_DENY"


def test_pools_without_known_members() -> None:
    assert reason(balanced(members=0).snapshot(), "10.1.0.4", "10.1.1.10", 80) == "LOAD_BALANCER_NO_BACKEND"
    by_address = balanced(members=0, pools={"pool": [("v", "10.1.1.5")]})
    assert rules(by_address.snapshot(), "10.1.0.4", "10.1.1.10", 80)[-1] == "back1 Inbound ALLOW AllowVnetInBound"
    gone = balanced(members=0, pools={"pool": [("v", "10.1.1.77")]})
    assert reason(gone.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "LOAD_BALANCER_BACKEND_NOT_IN_EXPORT"


def test_probes_decide_who_is_up() -> None:
    probe = nsg_rule("no-probe", 100, "Deny", "Inbound", source="AzureLoadBalancer", destination="10.1.1.4")
    data = nsg_rule("no-data", 200, "Deny", "Inbound", destination="10.1.1.4")
    one_down = balanced(rule={"probe": 8080}, nsg=(probe, data))
    assert reason(one_down.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "DELIVERED"
    without = balanced(nsg=(probe, data))
    assert reason(without.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "PATHS_DIFFER"
    every = nsg_rule("no-probe", 100, "Deny", "Inbound", source="AzureLoadBalancer")
    assert reason(balanced(rule={"probe": 1}, nsg=(every,)).snapshot(), "10.1.0.4", "10.1.1.10", 80) == (
        "LOAD_BALANCER_PROBE_DOWN"
    )
    unknown = nsg_rule("who", 100, "Deny", "Inbound", source="NoSuchTag", ports="9")
    assert reason(balanced(rule={"probe": 9}, nsg=(unknown,)).snapshot(), "10.1.0.4", "10.1.1.10", 80) == "DELIVERED"


def test_a_backend_that_calls_its_own_frontend() -> None:
    assert reason(balanced(members=1).snapshot(), "10.1.1.4", "10.1.1.10", 80) == "LOAD_BALANCER_HAIRPIN"
    assert reason(balanced().snapshot(), "10.1.1.4", "10.1.1.10", 80) == "PATHS_DIFFER"


def test_one_unknown_path_makes_it_unknown() -> None:
    world = balanced()
    world.nic("back1", "v", "b", "10.1.1.5", nsg="gone", pools=["lb/pool"])
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.10", 80) == "NSG_NOT_IN_EXPORT"


def test_a_frontend_sends_nothing() -> None:
    assert reason(balanced().snapshot(), "10.1.1.10", "10.1.0.4") == "NO_SENDER"


# --- from the Internet ------------------------------------------------------------------------------------------------
WEB = nsg_rule("web", 100, "Allow", "Inbound", source="Internet", destination="10.1.1.0/24", ports="8080")


def test_in_by_a_public_frontend() -> None:
    assert reason(balanced(public=True, nsg=(WEB,)).snapshot(), CLIENT, PUBLIC, 80) == "DELIVERED"
    assert reason(balanced(public=True).snapshot(), CLIENT, PUBLIC, 80) == "NSG_DEFAULT_DENY"
    assert reason(balanced(public=True, nsg=(WEB,)).snapshot(), CLIENT, PUBLIC, 8080) == "LOAD_BALANCER_NO_RULE"
    assert reason(balanced(public=True).snapshot(), "10.1.0.4", PUBLIC, 80) == "PUBLIC_IP_HAIRPIN_NOT_MODELLED"


def test_a_standard_frontend_is_closed_without_a_group() -> None:
    for sku, expected in (("Standard", "PUBLIC_IP_CLOSED"), ("Basic", "DELIVERED")):
        world = balanced(public=True, sku=sku)
        world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "b": "10.1.1.0/24"})
        assert reason(world.snapshot(), CLIENT, PUBLIC, 80) == expected
    world.load_balancer("lb", {"fe": PUBLIC}, rules=[{"port": 80}])
    world.manager("m", ["v"], [admin_rule("web", 1, "AlwaysAllow", "Inbound", sources=["Internet"])])
    assert reason(world.snapshot(), CLIENT, PUBLIC, 80) == "DELIVERED"


def test_a_default_route_loses_the_reply_to_a_public_frontend() -> None:
    world = balanced(public=True, nsg=(WEB,))
    world.route_table("r", {"0.0.0.0/0": "10.1.0.4"})
    world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "b": {"prefixes": "10.1.1.0/24", "nsg": "n", "rt": "r"}})
    assert reason(world.snapshot(), CLIENT, PUBLIC, 80) == "ASYMMETRIC_RETURN"


def test_a_private_address_behind_a_public_frontend_is_taken_as_translated() -> None:
    world = balanced(public=True, nsg=(WEB,))
    assert reason(world.snapshot(), CLIENT, "10.1.1.4", 8080) == "DELIVERED"
    assert reason(world.snapshot(), CLIENT, "10.1.1.4", 80) == "NSG_DEFAULT_DENY"
    world.nsg("n", nsg_rule("all", 100, "Allow", "Inbound"))
    assert reason(world.snapshot(), CLIENT, "10.1.1.4", 80) == "NO_PUBLIC_IP"


# --- out by a load balancer -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "protocol", "expected"),
    [
        ({"outbound_rules": [{}]}, TCP, "DELIVERED"),
        ({"outbound_rules": [{}]}, ICMP, "NO_OUTBOUND_METHOD"),
        ({"outbound_rules": [{"protocol": "Tcp"}]}, UDP, "NO_OUTBOUND_METHOD"),
        ({}, TCP, "NO_OUTBOUND_METHOD"),
        ({"rule": {"snat": True}}, TCP, "DELIVERED"),
    ],
)
def test_members_of_a_standard_pool_leave_by_its_rules_only(
    fields: dict[str, Any], protocol: int, expected: str
) -> None:
    world = balanced(public=True, **fields)
    assert reason(world.snapshot(), "10.1.1.4", CLIENT, 443, protocol) == expected
    assert reason(world.snapshot(), "10.1.0.4", CLIENT, 443) == "DELIVERED"  # no member: default access


def test_the_service_sees_the_frontends() -> None:
    world = balanced(public=True, outbound_rules=[{}])
    world.service("vault", "kv", "203.0.113.7", ip_rules=[PUBLIC])
    assert reason(world.snapshot(), "10.1.1.4", "203.0.113.7") == "DELIVERED"


def test_members_of_an_internal_pool_have_no_default_access() -> None:
    assert reason(balanced().snapshot(), "10.1.1.4", CLIENT) == "NO_OUTBOUND_METHOD"


# --- a balancer as next hop -------------------------------------------------------------------------------------------
def sandwich(**appliance: Any) -> Builder:
    """a and b reach each other by the HA ports of 10.1.2.10, before two appliances."""
    world = Builder()
    world.route_table("r", {"10.1.0.0/24": "10.1.2.10", "10.1.1.0/24": "10.1.2.10"})
    subnets = {name: {"prefixes": f"10.1.{at}.0/24", "rt": "r"} for at, name in enumerate("ab")}
    world.vnet("v", ["10.1.0.0/16"], {**subnets, "nva": "10.1.2.0/24"})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    for at in range(2):
        world.nic(f"nva{at}", "v", "nva", f"10.1.2.{4 + at}", forwarding=True, pools=["lb/pool"])
        world.appliance(f"nva{at}", **appliance)
    world.load_balancer("lb", {"fe": ("v", "nva", "10.1.2.10")}, rules=[{"port": 0, "protocol": "All"}])
    return world


def test_high_availability_ports_keep_a_flow_at_one_appliance() -> None:
    world = sandwich()
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert rules(world.snapshot(), "10.1.0.4", "10.1.1.4") == [
        "nic-a Outbound ALLOW -",
        "nva0 Inbound ALLOW -",
        "nva0 Outbound ALLOW -",
        "nic-b Inbound ALLOW -",
    ]
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4", 0, ICMP) == "LOAD_BALANCER_NO_RULE"


def test_appliances_behind_a_balancer_that_differ() -> None:
    world = sandwich()
    world.appliance("nva1", forwards=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "PATHS_DIFFER"


# --- several next hops ------------------------------------------------------------------------------------------------
def spread(hops: str, **appliance: Any) -> Builder:
    """a and b by VirtualApplianceEcmp over `hops`; appliances at 10.1.2.4 and 10.1.2.5."""
    world = sandwich(**appliance)
    world.route_table("r", {"10.1.0.0/24": hops, "10.1.1.0/24": hops})
    return world


def test_ecmp_is_asymmetric_unless_it_is_said_not_to_be() -> None:
    world = spread("10.1.2.4,10.1.2.5")
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "PATHS_DIFFER"
    world.assumptions["ecmp_is_symmetric"] = "true"
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(spread("10.1.2.4,10.1.2.5", stateful=False).snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(spread("10.1.2.4,10.1.2.5", snat="all").snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"


def test_only_the_hops_that_answer_are_paths() -> None:
    assert reason(spread("10.1.2.4,10.1.2.77").snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
    assert reason(spread("10.1.2.77,10.9.0.4").snapshot(), "10.1.0.4", "10.1.1.4") == "NEXT_HOP_NOT_IN_EXPORT"
    assert reason(spread("10.9.0.4,10.9.0.5").snapshot(), "10.1.0.4", "10.1.1.4") == "NEXT_HOP_UNREACHABLE"


def test_too_many_paths() -> None:
    hops = [f"10.1.2.{4 + at}" for at in range(9)]
    world = spread(",".join(hops), stateful=False)
    for at, hop in enumerate(hops):
        world.nic(f"nva{at}", "v", "nva", hop, forwarding=True)
        world.appliance(f"nva{at}", stateful=False)
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "TOO_MANY_PATHS"  # nine there, nine back
    world.route_table("r", {"10.1.0.0/24": "10.1.2.4", "10.1.1.0/24": ",".join(hops)})
    assert reason(world.snapshot(), "10.1.0.4", "10.1.1.4") == "DELIVERED"
