"""Private endpoints, service endpoint policies, SMTP, on-premises callers and services in subnets of their own."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Appliance, CircuitNat, OnPremisesNetwork, Subscription
from simulator.network.platform.premises import premises_caller
from simulator.network.platform.private_endpoints import endpoint_state
from simulator.network.platform.service_endpoint_policies import policy_verdict
from simulator.network.smtp import smtp_verdict
from simulator.space.addresses import as_cidrs, parse_address
from tests.network.arm import (
    GROUP,
    codes,
    network,
    nic,
    nic_id,
    public_ip,
    resource,
    rid,
    subnet,
    subnet_id,
    vnet,
)
from tests.network.services_arm import service, service_id, storage

# --- private endpoints --------------------------------------------------------------------------------------------
PE = rid("privateEndpoints", "pe")


def private_endpoint(*states: str, manual: bool = False) -> Resource:
    key = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    connections = [
        {
            "name": "c",
            "properties": {
                "privateLinkServiceId": str(service_id("storageAccounts", "st")),
                "privateLinkServiceConnectionState": {"status": state},
            },
        }
        for state in states
    ]
    return resource("privateEndpoints", "pe", networkInterfaces=[{"id": str(nic_id("pe-nic"))}], **{key: connections})


STATES = [
    ([private_endpoint("Approved")], "DELIVERED"),
    ([private_endpoint("approved", manual=True)], "DELIVERED"),
    ([private_endpoint("Pending", manual=True)], "PRIVATE_ENDPOINT_NOT_APPROVED"),
    ([private_endpoint("Rejected")], "PRIVATE_ENDPOINT_NOT_APPROVED"),
    ([private_endpoint("Disconnected")], "PRIVATE_ENDPOINT_NOT_APPROVED"),
    ([private_endpoint()], "PRIVATE_ENDPOINT_NOT_IN_EXPORT"),
    ([], "PRIVATE_ENDPOINT_NOT_IN_EXPORT"),
]


@pytest.mark.parametrize(("resources", "state"), STATES)
def test_the_state_of_a_private_endpoint(resources: list[Resource], state: str) -> None:
    assert endpoint_state(network(*resources), PE) == state


def test_a_private_endpoint_may_name_its_interface() -> None:
    held = network(
        vnet("v", "10.0.0.0/16", {"pe": "10.0.0.0/24"}), nic("pe-nic", "v/pe", "10.0.0.4"), private_endpoint()
    )
    assert [one.private_endpoint for one in held.endpoints] == [PE]


# --- service endpoint policies ------------------------------------------------------------------------------------
ACCOUNT = service_id("storageAccounts", "st")
RESOURCE_GROUP = str(ACCOUNT).partition("/providers")[0]
SUBSCRIPTION = RESOURCE_GROUP.partition("/resourceGroups")[0]
VAULT = service("vaults", "kv")


def policy(name: str, *resources: str) -> Resource:
    identity = rid("serviceEndpointPolicies", name)
    definition = {
        "id": f"{identity}/d",
        "properties": {"service": "Microsoft.Storage", "serviceResources": list(resources)},
    }
    return resource("serviceEndpointPolicies", name, serviceEndpointPolicyDefinitions=[definition])


POLICIES = [
    # policies of the subnet, policies of the export, service, verdict
    ((), (), ACCOUNT, "DELIVERED"),
    ((), (), None, "DELIVERED"),
    (("a",), (policy("a", str(ACCOUNT)),), ACCOUNT, "DELIVERED"),
    (("a",), (policy("a", str(ACCOUNT).upper()),), ACCOUNT, "DELIVERED"),
    (("a",), (policy("a", RESOURCE_GROUP),), ACCOUNT, "DELIVERED"),
    (("a",), (policy("a", SUBSCRIPTION),), ACCOUNT, "DELIVERED"),
    (("a",), (policy("a", str(ACCOUNT)[:-1]),), ACCOUNT, "SERVICE_ENDPOINT_POLICY_DENY"),
    (("a",), (policy("a", RESOURCE_GROUP[:-1]),), ACCOUNT, "SERVICE_ENDPOINT_POLICY_DENY"),
    (("a",), (policy("a"),), ACCOUNT, "SERVICE_ENDPOINT_POLICY_DENY"),
    (("a",), (policy("a", "/services/Azure/Batch"),), ACCOUNT, "SERVICE_ENDPOINT_POLICY_DENY"),
    (("a", "b"), (policy("a"), policy("b", str(ACCOUNT))), ACCOUNT, "DELIVERED"),
    (("a", "b"), (policy("b", str(ACCOUNT)),), ACCOUNT, "DELIVERED"),
    (("a", "b"), (policy("b"),), ACCOUNT, "SERVICE_ENDPOINT_POLICY_NOT_IN_EXPORT"),
    (("a",), (policy("a", str(ACCOUNT)),), None, "SERVICE_NOT_IN_EXPORT"),
    (("a",), (policy("a", str(ACCOUNT)),), ResourceId(f"{GROUP}/gone"), "SERVICE_NOT_IN_EXPORT"),
    (("a",), (policy("a", str(ACCOUNT)),), VAULT.id, "DELIVERED"),
]


@pytest.mark.parametrize(("named", "held", "wanted", "verdict"), POLICIES)
def test_service_endpoint_policies(
    named: tuple[str, ...], held: tuple[Resource, ...], wanted: ResourceId | None, verdict: str
) -> None:
    references = [{"id": str(rid("serviceEndpointPolicies", name))} for name in named]
    body = subnet("10.0.0.0/24") | {"serviceEndpointPolicies": references}
    found = network(vnet("v", "10.0.0.0/16", {"web": body}), storage(), VAULT, *held)
    assert policy_verdict(found, subnet_id("v/web"), wanted) == verdict
    assert policy_verdict(found, subnet_id("v/gone"), wanted) == "DELIVERED"


# --- SMTP ---------------------------------------------------------------------------------------------------------
OPEN, BLOCKED, OPEN_QUESTION = "DELIVERED", "SMTP_BLOCKED", "SMTP_OFFER_UNKNOWN"
OFFERS = [
    # offer, allow_smtp, of a VM, of a firewall
    (None, None, OPEN_QUESTION, OPEN_QUESTION),
    ("EA", None, OPEN, OPEN),
    ("EnterpriseAgreement_2014-09-01", None, OPEN, OPEN),
    ("PAYG", None, BLOCKED, BLOCKED),
    ("PayAsYouGo_2014-09-01", None, BLOCKED, BLOCKED),
    ("CSP", None, BLOCKED, BLOCKED),
    ("MSDN", None, BLOCKED, BLOCKED),
    ("Free Trial", None, BLOCKED, BLOCKED),
    ("FreeTrial_2014-09-01", None, BLOCKED, BLOCKED),
    ("Azure in Open", None, BLOCKED, BLOCKED),
    ("something else", None, OPEN_QUESTION, OPEN_QUESTION),
    ("CSP", True, OPEN, BLOCKED),
    (None, True, OPEN, OPEN_QUESTION),
    ("EA", False, BLOCKED, OPEN),
]
HUB = vnet("v", "10.0.0.0/16", {"web": "10.0.0.0/24", "AzureFirewallSubnet": "10.0.1.0/26", "agw": "10.0.2.0/24"})


def placed(kind: str, name: str, path: str, key: str = "ipConfigurations", **more: Any) -> Resource:
    configuration = {"name": "ip", "properties": {"subnet": {"id": str(subnet_id(path))}}}
    return resource(kind, name, **{key: [configuration]}, **more)


@pytest.mark.parametrize(("offer", "allowed", "of_machine", "of_firewall"), OFFERS)
@pytest.mark.parametrize("key", ["00000000-0000-0000-0000-000000000001", "*"])
def test_smtp(key: str, offer: str | None, allowed: bool | None, of_machine: str, of_firewall: str) -> None:
    held = network(
        HUB,
        nic("vm", "v/web", "10.0.0.4"),
        placed("azureFirewalls", "fw", "v/AzureFirewallSubnet"),
        subscriptions={key: Subscription(offer, allowed)},
    )
    assert smtp_verdict(held, nic_id("vm")) == of_machine
    assert smtp_verdict(held, rid("azureFirewalls", "fw")) == of_firewall


def test_smtp_of_a_subscription_that_nobody_declared() -> None:
    assert smtp_verdict(network(HUB, nic("vm", "v/web", "10.0.0.4")), nic_id("vm")) == OPEN_QUESTION


# --- on-premises --------------------------------------------------------------------------------------------------
GATEWAY, CIRCUIT = rid("virtualNetworkGateways", "gw"), rid("expressRouteCircuits", "er")
NAT = CircuitNat("microsoft_peering", ("198.51.100.1", "198.51.100.2"))


def circuit(*kinds: str, state: str = "Enabled") -> Resource:
    peerings = [
        {"id": f"{CIRCUIT}/peerings/{kind}", "properties": {"peeringType": kind, "state": state}} for kind in kinds
    ]
    return resource("expressRouteCircuits", "er", peerings=peerings)


def site(name: str, prefix: str, nat: tuple[str, ...] = (), *, circuits: bool = False) -> OnPremisesNetwork:
    return OnPremisesNetwork(name, (prefix,), GATEWAY, {}, nat, (CIRCUIT,) if circuits else ())


HOME = site("hq", "192.168.0.0/16", ("203.0.113.9",))
BY_CIRCUIT = site("hq", "192.168.0.0/16", ("203.0.113.9",), circuits=True)
INTERNET, POOL = ["203.0.113.9/32"], ["198.51.100.1/32", "198.51.100.2/32"]
CALLERS = [
    # sites, circuits of the export, declared NAT, pool that the service sees
    ((HOME,), (), None, INTERNET),
    ((site("hq", "192.168.0.0/16"),), (), None, None),
    ((site("hq", "172.16.0.0/16", ("203.0.113.9",)),), (), None, None),
    ((BY_CIRCUIT,), (circuit("MicrosoftPeering"),), NAT, ["198.51.100.1/32", "198.51.100.2/32"]),
    ((BY_CIRCUIT,), (circuit("MicrosoftPeering"),), None, None),
    ((BY_CIRCUIT,), (circuit("AzurePublicPeering"),), None, None),
    ((BY_CIRCUIT,), (circuit("MicrosoftPeering", state="Disabled"),), None, INTERNET),
    ((BY_CIRCUIT,), (circuit("AzurePrivatePeering"),), None, INTERNET),
    ((BY_CIRCUIT,), (), None, None),
    ((BY_CIRCUIT,), (), NAT, POOL),
    ((BY_CIRCUIT,), (), CircuitNat("public_peering", ("198.51.100.1", "198.51.100.2"), "microsoft"), POOL),
    ((BY_CIRCUIT,), (), CircuitNat("microsoft_peering", NAT.pool, services=("storage.westeurope",)), POOL),
    ((BY_CIRCUIT,), (), CircuitNat("microsoft_peering", NAT.pool, services=("Sql", "Storage")), POOL),
    ((BY_CIRCUIT,), (), CircuitNat("microsoft_peering", NAT.pool, services=("Storage.NorthEurope",)), INTERNET),
    ((BY_CIRCUIT,), (), CircuitNat("microsoft_peering", NAT.pool, services=("Sql",)), INTERNET),
    ((HOME, site("lab", "192.168.7.0/24", ("203.0.113.77",))), (), None, ["203.0.113.77/32"]),
    ((site("lab", "192.168.7.0/24", ("203.0.113.77",)), HOME), (), None, ["203.0.113.77/32"]),
]  # fmt: skip


@pytest.mark.parametrize(("sites", "circuits", "nat", "pool"), CALLERS)
def test_what_a_service_sees_of_on_premises(
    sites: tuple[OnPremisesNetwork, ...],
    circuits: tuple[Resource, ...],
    nat: CircuitNat | None,
    pool: list[str] | None,
) -> None:
    held = network(storage(), *circuits, on_premises=sites, circuit_nat={CIRCUIT: nat} if nat else {})
    caller = premises_caller(held, GATEWAY, parse_address("192.168.7.7"), ACCOUNT)
    assert (None if caller is None else as_cidrs(caller.pool)) == pool
    assert caller is None or (caller.kind, caller.is_azure, caller.subnet) == ("public", False, None)


def test_a_site_behind_another_gateway_is_not_asked() -> None:
    held = network(storage(), on_premises=(HOME,))
    address = parse_address("192.168.7.7")
    assert premises_caller(held, rid("virtualNetworkGateways", "other"), address, ACCOUNT) is None
    assert premises_caller(held, None, address, ACCOUNT) is not None
    assert premises_caller(held, None, address, service_id("vaults", "gone")) is None


# --- services in subnets of their own -----------------------------------------------------------------------------
def test_managed_services_and_routing_appliances_are_endpoints() -> None:
    frontend = {"properties": {"publicIPAddress": {"id": str(rid("publicIPAddresses", "pip"))}}}
    held = network(
        vnet("v", "10.0.0.0/16", {"AzureBastionSubnet": "10.0.1.0/26", "agw": "10.0.2.0/24", "ra": "10.0.3.0/24"}),
        public_ip("pip", "203.0.113.50"),
        placed("bastionHosts", "bas", "v/AzureBastionSubnet"),
        placed("applicationGateways", "agw", "v/agw", "gatewayIPConfigurations", frontendIPConfigurations=[frontend]),
        resource("virtualNetworkAppliances", "ra", subnet={"id": str(subnet_id("v/ra"))}),
    )
    told = [(one.kind, one.name, one.addresses, one.public_addresses) for one in held.endpoints]
    assert told == [
        ("appliance", "ra", ("10.0.3.4",), ()),
        ("managed", "bas", ("10.0.1.4",), ()),
        ("managed", "agw", ("10.0.2.4",), ("203.0.113.50",)),
    ]
    appliance = held.endpoints[0]
    assert appliance.ip_forwarding
    assert appliance.appliance == Appliance(appliance.id, forwards=True, stateful=False, snat="none")
    assert not codes(held)


def test_managed_services_take_free_addresses() -> None:
    small = vnet("v", "10.0.0.0/16", {"agw": "10.0.2.0/29"})
    gateways = [placed("applicationGateways", f"agw{at}", "v/agw", "gatewayIPConfigurations") for at in range(3)]
    held = network(small, nic("vm", "v/agw", "10.0.2.4"), *gateways)
    assert [one.addresses for one in held.endpoints] == [("10.0.2.4",), ("10.0.2.5",), ("10.0.2.6",), ()]
    assert not codes(held)


def test_a_service_without_a_subnet_is_left_out() -> None:
    held = network(HUB, resource("bastionHosts", "bas"), resource("virtualNetworkAppliances", "ra"))
    assert held.endpoints == ()
