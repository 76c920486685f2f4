"""Platform services against cases worked out by hand from SEMANTICS 3.2, 4.1-4.5 and E1, E5, E6."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.arm import GROUP, reference
from tests.oracle.builder import Builder
from tests.oracle.worlds import CLIENT, ICMP, UDP, allow_everything, hub_and_spokes, one_vnet, reason

SERVICE = "198.51.100.7"
NAT = "203.0.113.40"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


def with_service(kind: str, *, nat: bool = True, **fields: Any) -> Builder:
    """a in a subnet with a NAT gateway, b by default outbound access, and one service."""
    world = Builder()
    subnets = {"a": {"prefixes": "10.1.0.0/24", **({"nat": "ng"} if nat else {})}, "b": "10.1.1.0/24"}
    world.vnet("v", ["10.1.0.0/16"], subnets)
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    world.nat_gateway("ng", NAT)
    world.service(kind, "svc", SERVICE, **fields)
    return world


# --- firewalls by address ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "ip_rules", "expected"),
    [
        ("storage", [NAT], "STORAGE_IP_RULE_SAME_REGION"),
        ("storage", ["203.0.113.99"], "PAAS_FIREWALL_DENY"),
        ("vault", [NAT], "DELIVERED"),
        ("vault", ["203.0.113.32/28"], "DELIVERED"),
        ("vault", [], "PAAS_FIREWALL_DENY"),
        ("sql", ["203.0.113.39-203.0.113.41"], "DELIVERED"),
        ("sql", ["203.0.113.41-203.0.113.42"], "PAAS_FIREWALL_DENY"),
        ("sql", ["0.0.0.0"], "DELIVERED"),
        ("sql", [], "PAAS_FIREWALL_DENY"),
        ("cosmos", [NAT], "DELIVERED"),
        ("cosmos", ["0.0.0.0"], "DELIVERED"),
        ("cosmos", ["203.0.113.99"], "PAAS_FIREWALL_DENY"),
        ("cosmos", [], "DELIVERED"),
        ("eventhub", [], "DELIVERED"),
        ("eventhub", ["203.0.113.99"], "PAAS_FIREWALL_DENY"),
        ("servicebus", [], "DELIVERED"),
        ("servicebus", [NAT], "DELIVERED"),
    ],
)
def test_address_rules_of_each_kind(kind: str, ip_rules: list[str], expected: str) -> None:
    assert reason(with_service(kind, ip_rules=ip_rules).snapshot(), "10.1.0.4", SERVICE) == expected


def test_storage_in_another_region_sees_the_public_address() -> None:
    world = with_service("storage", ip_rules=[NAT], location="northeurope")
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "OUTBOUND_ADDRESS_UNKNOWN"
    bare = with_service("storage", location="northeurope")
    assert reason(bare.snapshot(), "10.1.1.4", SERVICE) == "PAAS_FIREWALL_DENY"


@pytest.mark.parametrize(
    ("access", "action", "expected"),
    [
        ("Enabled", "Allow", "DELIVERED"),
        (None, "Allow", "DELIVERED"),
        ("Enabled", None, "DELIVERED"),
        ("Disabled", "Allow", "PUBLIC_ACCESS_DISABLED"),
        ("SecuredByPerimeter", "Allow", "PERIMETER_NOT_IN_EXPORT"),
    ],
)
def test_public_network_access(access: str | None, action: str | None, expected: str) -> None:
    world = with_service("storage", access=access, default_action=action)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == expected


def test_a_service_secured_by_perimeter_that_is_in_none_of_the_export() -> None:
    world = with_service("vault", access="SecuredByPerimeter", default_action="Allow")
    world.perimeter("nsp", {world.service("vault", "other", "203.0.113.77"): "Enforced"}, prefixes=[NAT])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PERIMETER_DENY"


def test_service_bus_without_rules_is_an_assumption() -> None:
    world = with_service("servicebus")
    world.assumptions["service_bus_open_without_rules"] = "false"
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PAAS_FIREWALL_DENY"
    hub = with_service("eventhub")
    hub.assumptions["service_bus_open_without_rules"] = "false"
    assert reason(hub.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"


def test_a_pool_that_is_listed_in_part() -> None:
    world = with_service("vault", ip_rules=[NAT])
    world.nat_gateway("ng", NAT, prefixes=["203.0.113.48/31"])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "NAT_POOL_PARTLY_ALLOWED"
    world.service("vault", "svc", SERVICE, ip_rules=[NAT, "203.0.113.48/31"])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"
    world.nat_gateway("ng", NAT, unassigned=True)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "OUTBOUND_ADDRESS_UNKNOWN"


def test_from_the_internet() -> None:
    world = with_service("sql", ip_rules=["0.0.0.0"])
    assert reason(world.snapshot(), CLIENT, SERVICE) == "PAAS_FIREWALL_DENY"  # the rule is for what is inside Azure
    world.service("sql", "svc", SERVICE, ip_rules=[f"{CLIENT}-{CLIENT}"])
    assert reason(world.snapshot(), CLIENT, SERVICE) == "DELIVERED"


# --- perimeters: the matrix of 4.5 ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "access", "perimeter", "own", "expected"),
    [
        ("Learning", "Enabled", [NAT], [], "DELIVERED"),
        ("Learning", "Enabled", [], [NAT], "DELIVERED"),
        ("Learning", "Enabled", [], [], "PAAS_FIREWALL_DENY"),
        ("Learning", "Disabled", [NAT], [], "DELIVERED"),
        ("Learning", "Disabled", [], [NAT], "PERIMETER_DENY"),
        ("Learning", "SecuredByPerimeter", [NAT], [], "DELIVERED"),
        ("Learning", "SecuredByPerimeter", [], [NAT], "PERIMETER_DENY"),
        ("Enforced", "Enabled", [NAT], [], "DELIVERED"),
        ("Enforced", "Enabled", [], [NAT], "PERIMETER_DENY"),
        ("Enforced", "Disabled", [NAT], [], "DELIVERED"),
        ("Enforced", "SecuredByPerimeter", [], [NAT], "PERIMETER_DENY"),
    ],
)
def test_the_matrix(mode: str, access: str, perimeter: list[str], own: list[str], expected: str) -> None:
    world = with_service("vault", access=access, ip_rules=own)
    service = next(text for text in world.json if "vaults" in text)
    world.perimeter("nsp", {service: mode}, prefixes=perimeter)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == expected


def test_a_perimeter_knows_subscriptions_and_pools() -> None:
    world = with_service("vault", access="SecuredByPerimeter")
    service = next(text for text in world.json if "vaults" in text)
    world.perimeter("nsp", {service: "Enforced"}, subscriptions=[SUBSCRIPTION])
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "DELIVERED"
    assert reason(world.snapshot(), CLIENT, SERVICE) == "PERIMETER_DENY"
    world.perimeter("nsp", {service: "Enforced"}, prefixes=[NAT])
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "OUTBOUND_ADDRESS_UNKNOWN"
    world.nat_gateway("ng", NAT, "203.0.113.41")
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "NAT_POOL_PARTLY_ALLOWED"
    world.perimeter("nsp", {service: "Enforced"}, profile_is_missing=True)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PERIMETER_NOT_IN_EXPORT"


# --- service endpoints ------------------------------------------------------------------------------------------------
def with_endpoint(service: str = "Microsoft.Storage", **fields: Any) -> Builder:
    """b's subnet has a service endpoint and a route table; a storage account lists it."""
    world = one_vnet(rt="r", serviceEndpoints=[{"service": service}], **fields)
    world.service_tags["Storage.westeurope"] = ("198.51.100.0/25",)
    world.service_tags["Storage.northeurope"] = ("198.51.100.128/25",)
    world.service_tags["Storage"] = ("198.51.100.0/24", "203.0.113.0/24")
    world.route_table("r", {})
    world.service("storage", "st", SERVICE, subnets=[("v", "b")])
    return world


def test_the_service_sees_the_subnet() -> None:
    world = with_endpoint()
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "DELIVERED"
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PAAS_FIREWALL_DENY"
    world.service("storage", "st", SERVICE, subnets=[("v", "a")], ip_rules=["10.1.1.4"])
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "PAAS_FIREWALL_DENY"
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.9") == "SERVICE_NOT_IN_EXPORT"


def test_cosmos_hides_its_datacenter_entry_from_service_endpoints_and_sql_does_not() -> None:
    for kind, tag, endpoint, expected in (
        ("cosmos", "AzureCosmosDB", "Microsoft.AzureCosmosDB", "PAAS_FIREWALL_DENY"),
        ("sql", "Sql.westeurope", "Microsoft.Sql", "DELIVERED"),
    ):
        world = one_vnet(serviceEndpoints=[{"service": endpoint}])
        world.service_tags[tag] = ("198.51.100.0/24",)
        world.service(kind, "svc", SERVICE, ip_rules=["0.0.0.0"])
        assert reason(world.snapshot(), "10.1.1.4", SERVICE) == expected
        assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"


@pytest.mark.parametrize(
    ("routes", "expected", "switched"),
    [
        ({}, "DELIVERED", "DELIVERED"),
        ({"0.0.0.0/0": "None"}, "DELIVERED", "DELIVERED"),
        ({"198.51.100.0/24": "None"}, "DELIVERED", "DELIVERED"),
        ({"198.51.100.0/25": "None"}, "ROUTE_NONE", "DELIVERED"),
        ({"198.51.100.0/26": "None"}, "ROUTE_NONE", "DELIVERED"),
        ({"198.51.100.0/26": "Internet"}, "DELIVERED", "DELIVERED"),
        ({"Storage.westeurope": "None"}, "ROUTE_NONE", "DELIVERED"),
        ({"Storage.northeurope": "None"}, "DELIVERED", "DELIVERED"),
    ],
)
def test_a_service_endpoint_beside_user_routes(routes: dict[str, str], expected: str, switched: str) -> None:
    world = with_endpoint()
    world.route_table("r", routes)
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == expected
    world.assumptions["se_beats_udr"] = "true"
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == switched


def test_regions_of_a_service_endpoint() -> None:
    world = with_endpoint()
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.200") == "SERVICE_NOT_IN_EXPORT"  # the paired region
    assert reason(world.snapshot(), "10.1.1.4", "203.0.113.7") == "DELIVERED"  # Storage elsewhere is the Internet
    everywhere = with_endpoint("Microsoft.Storage.Global")
    assert reason(everywhere.snapshot(), "10.1.1.4", "203.0.113.7") == "SERVICE_NOT_IN_EXPORT"
    one = one_vnet(serviceEndpoints=[{"service": "Microsoft.Sql"}])
    one.service_tags |= {"Sql.westeurope": ("198.51.100.0/25",), "Sql": ("198.51.100.0/24",)}
    assert reason(one.snapshot(), "10.1.1.4", "198.51.100.7") == "SERVICE_NOT_IN_EXPORT"
    assert reason(one.snapshot(), "10.1.1.4", "198.51.100.200") == "DELIVERED"


def test_through_an_appliance_the_subnet_is_not_the_callers() -> None:
    world = hub_and_spokes()
    world.firewall("fw", "hub", "10.0.1.4", network_collections=allow_everything(), public_ip=NAT)
    world.service("vault", "kv", SERVICE, subnets=[("spoke1", "s")])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PAAS_FIREWALL_DENY"
    world.service("vault", "kv", SERVICE, ip_rules=[NAT])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"
    subnets = world.json[f"{GROUP}/Microsoft.Network/virtualNetworks/hub"]["properties"]["subnets"]
    subnets[0]["properties"]["serviceEndpoints"] = [{"service": "Microsoft.KeyVault"}]
    world.service_tags["AzureKeyVault"] = ("198.51.100.0/24",)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PAAS_FIREWALL_DENY"
    world.service("vault", "kv", SERVICE, subnets=[("hub", "AzureFirewallSubnet")])
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "DELIVERED"


def test_an_appliance_that_does_not_translate_cannot_use_a_service_endpoint() -> None:
    world = one_vnet(rt="r")
    world.vnet("w", ["10.2.0.0/16"], {"nva": {"prefixes": "10.2.0.0/24", "serviceEndpoints": [KEY_VAULT]}})
    world.peer("v", "w", allowForwardedTraffic=True)
    world.nic("nva", "w", "nva", "10.2.0.4", forwarding=True)
    world.service_tags["AzureKeyVault"] = ("198.51.100.0/24",)
    world.service("vault", "kv", SERVICE, subnets=[("w", "nva")])
    world.route_table("r", {"0.0.0.0/0": "10.2.0.4"})
    for snat, expected in (("none", "NO_OUTBOUND_METHOD"), ("internet", "DELIVERED")):
        world.appliance("nva", snat=snat)
        assert reason(world.snapshot(), "10.1.1.4", SERVICE) == expected


KEY_VAULT = {"service": "Microsoft.KeyVault"}


# --- service endpoint policies ----------------------------------------------------------------------------------------
def test_policies_list_accounts_groups_and_subscriptions() -> None:
    world = with_endpoint(serviceEndpointPolicies=[reference("serviceEndpointPolicies", "sep")])
    account = f"{GROUP}/Microsoft.Storage/storageAccounts/st"
    group = GROUP.removesuffix("/providers")
    for listed, expected in (
        ([account.upper()], "DELIVERED"),
        ([group], "DELIVERED"),
        ([f"/subscriptions/{SUBSCRIPTION}"], "DELIVERED"),
        ([f"{account}2", f"{group}2"], "SERVICE_ENDPOINT_POLICY_DENY"),
        ([], "SERVICE_ENDPOINT_POLICY_DENY"),
    ):
        world.endpoint_policy("sep", *listed)
        assert reason(world.snapshot(), "10.1.1.4", SERVICE) == expected
    assert reason(world.snapshot(), "10.1.1.4", "198.51.100.9") == "SERVICE_NOT_IN_EXPORT"
    world.remove("serviceEndpointPolicies", "sep")
    assert reason(world.snapshot(), "10.1.1.4", SERVICE) == "SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT"


# --- the own region, private subnets ----------------------------------------------------------------------------------
def test_a_private_subnet_reaches_storage_of_its_own_region() -> None:
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"s": {"prefixes": "10.1.0.0/24", "defaultOutboundAccess": False}})
    world.nic("nic", "v", "s", "10.1.0.4")
    world.service_tags["Storage.westeurope"] = ("198.51.100.0/25",)
    world.service("storage", "st", SERVICE, default_action="Allow")
    snapshot = world.snapshot()
    assert reason(snapshot, "10.1.0.4", SERVICE) == "DELIVERED"
    assert reason(snapshot, "10.1.0.4", "198.51.100.9") == "DELIVERED"
    assert reason(snapshot, "10.1.0.4", SERVICE, 443, UDP) == "NO_OUTBOUND_METHOD"
    assert reason(snapshot, "10.1.0.4", SERVICE, 0, ICMP) == "NO_OUTBOUND_METHOD"
    assert reason(snapshot, "10.1.0.4", "198.51.100.200") == "NO_OUTBOUND_METHOD"
    world.service("storage", "st", SERVICE)
    assert reason(world.snapshot(), "10.1.0.4", SERVICE) == "PAAS_FIREWALL_DENY"


# --- on premises ------------------------------------------------------------------------------------------------------
def on_premises(**site: Any) -> Builder:
    world = hub_and_spokes()
    world.gateway("gw", "hub", kind="ExpressRoute")
    world.site("hq", "gw", "192.168.0.0/16", **site)
    world.service("storage", "st", SERVICE, ip_rules=["203.0.113.1", "203.0.113.2"])
    return world


def test_on_premises_shows_its_nat() -> None:
    for nat, expected in (
        ([], "ON_PREMISES_NAT_UNKNOWN"),
        (["203.0.113.1"], "DELIVERED"),
        (["203.0.113.1", "203.0.113.3"], "NAT_POOL_PARTLY_ALLOWED"),
        (["203.0.113.3"], "PAAS_FIREWALL_DENY"),
    ):
        world = on_premises(internet_nat=nat)
        assert reason(world.snapshot(), "192.168.1.1", SERVICE) == expected
    assert reason(world.snapshot(), "192.168.1.1", "198.51.100.8") == "OUTSIDE_AZURE"


def test_a_circuit_comes_before_the_internet() -> None:
    world = on_premises(internet_nat=["203.0.113.3"], circuits=["er"])
    world.circuit("er", "203.0.113.1", "203.0.113.2")
    assert reason(world.snapshot(), "192.168.1.1", SERVICE) == "DELIVERED"
    world.circuit("er", "203.0.113.1", "203.0.113.4", mode="public_peering")
    assert reason(world.snapshot(), "192.168.1.1", SERVICE) == "NAT_POOL_PARTLY_ALLOWED"
    world.circuit("er", "203.0.113.1", services=["Sql", "Storage.northeurope"])
    assert reason(world.snapshot(), "192.168.1.1", SERVICE) == "PAAS_FIREWALL_DENY"
    world.circuit("er", "203.0.113.1", services=["Storage.WestEurope"])
    assert reason(world.snapshot(), "192.168.1.1", SERVICE) == "DELIVERED"
    world.circuit_nat.clear()
    assert reason(world.snapshot(), "192.168.1.1", SERVICE) == "ON_PREMISES_NAT_UNKNOWN"
