"""What the walk does with each kind of resource beside the virtual network: one small network each."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import MODELS, CircuitNat, OnPremisesNetwork
from simulator.network.model import Network
from simulator.walk.explain import explain
from tests.network.arm import (
    Json,
    gateway,
    network,
    nic,
    nic_id,
    nsg,
    peering,
    public_ip,
    resource,
    rid,
    subnet,
    subnet_id,
    table,
    vnet,
)
from tests.network.arm import rule as security_rule

PROVIDERS = "/subscriptions/s/resourceGroups/r/providers"
STORAGE = "Microsoft.Storage/storageAccounts"
#: An address of Storage in West Europe, and one that is in no service tag.
ADDRESS, CALLER = "20.60.26.10", "198.51.100.7"


def ref(identity: ResourceId | str) -> Json:
    return {"id": str(identity)}


def service_id(kind: str, name: str) -> ResourceId:
    return ResourceId(f"{PROVIDERS}/{kind}/{name}")


def service(kind: str, name: str = "svc", **properties: Any) -> Resource:
    raw = {"id": str(service_id(kind, name)), "location": "westeurope", "properties": properties}
    return MODELS[kind.lower()].model_validate(raw)


def fate(world: Network, source: str, destination: str, **options: Any) -> str:
    return explain(world, source, destination, **options).prediction.reason


def with_service(kind: str, *more: Resource, endpoint: str = "", policy: bool = False, **properties: Any) -> Network:
    """A machine with a public address in West Europe, and one service; `endpoint` is that of the machine's subnet."""
    web = subnet("10.0.0.0/24", endpoints={endpoint: ["*"]} if endpoint else None)
    web["serviceEndpointPolicies"] = [ref(rid("serviceEndpointPolicies", "sep"))] if policy else []
    return network(
        vnet("v", "10.0.0.0/16", {"web": web}),
        nic("vm", "v/web", "10.0.0.4", public="pip"),
        public_ip("pip", CALLER),
        service(kind, **properties),
        *more,
        service_addresses={service_id(kind, "svc"): (ADDRESS,)},
    )


# load balancers, NAT gateways, public prefixes


def balanced(floating: bool = False, **rule: Any) -> Network:
    identity = rid("loadBalancers", "lb")
    front, pool = identity.child("frontendIPConfigurations", "fe"), identity.child("backendAddressPools", "pool")
    held = {"frontendIPConfiguration": ref(front), "backendAddressPool": ref(pool), "protocol": "Tcp"}
    held |= {"frontendPort": 80, "backendPort": 8080, "enableFloatingIP": floating} | rule
    members = [{"id": str(nic_id("backend").child("ipConfigurations", "ip0"))}]
    only_8080 = security_rule("in", 100, "Inbound", "Allow", destinationPortRange="8080")
    deny = security_rule("deny", 4000, "Inbound", "Deny")
    return network(
        vnet("v", "10.0.0.0/16", {"web": "10.0.0.0/24", "app": subnet("10.0.1.0/24", nsg="nsg")}),
        nsg("nsg", only_8080, deny),
        nic("client", "v/web", "10.0.0.4"),
        nic("backend", "v/app", "10.0.1.4"),
        resource(
            "loadBalancers",
            "lb",
            sku={"name": "Standard"},
            frontendIPConfigurations=[
                {
                    "id": str(front),
                    "name": "fe",
                    "properties": {"privateIPAddress": "10.0.1.10", "subnet": ref(subnet_id("v/app"))},
                }
            ],
            backendAddressPools=[{"id": str(pool), "name": "pool", "properties": {"backendIPConfigurations": members}}],
            loadBalancingRules=[
                {"id": str(identity.child("loadBalancingRules", "http")), "name": "http", "properties": held}
            ],
        ),
    )


def test_a_load_balancer_gives_the_packet_to_a_backend_at_its_own_port() -> None:
    trace = explain(balanced(), "client", "lb:80")
    assert (trace.prediction.reason, trace.prediction.path[-1]) == ("DELIVERED", "backend")
    assert fate(balanced(), "client", "lb:81") == "LOAD_BALANCER_NO_RULE"
    assert fate(balanced(floating=True), "client", "lb:80") == "NSG_RULE_DENY"  # filters see the frontend and port 80


def nat(listed: list[str]) -> Network:
    web = subnet("10.0.0.0/24")
    web |= {"defaultOutboundAccess": False, "natGateway": ref(rid("natGateways", "ng"))}
    return network(
        vnet("v", "10.0.0.0/16", {"web": web}),
        nic("vm", "v/web", "10.0.0.4"),
        resource("natGateways", "ng", sku={"name": "Standard"}, publicIpPrefixes=[ref(rid("publicIPPrefixes", "pre"))]),
        resource("publicIPPrefixes", "pre", ipPrefix="203.0.113.48/30"),
        service(
            "Microsoft.KeyVault/vaults",
            networkAcls={"defaultAction": "Deny", "ipRules": [{"value": value} for value in listed]},
        ),
        service_addresses={service_id("Microsoft.KeyVault/vaults", "svc"): (ADDRESS,)},
    )


def test_a_nat_gateway_carries_tcp_and_udp_only() -> None:
    world = nat(listed=[])
    assert fate(world, "vm", "198.51.100.20:443") == "DELIVERED"
    assert fate(world, "vm", "198.51.100.20/icmp") == "NO_OUTBOUND_METHOD"


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (["203.0.113.48/30"], "DELIVERED"),
        (["203.0.113.48/31"], "NAT_POOL_PARTLY_ALLOWED"),
        ([], "PAAS_FIREWALL_DENY"),
    ],
)
def test_a_service_sees_any_address_of_a_public_prefix(listed: list[str], reason: str) -> None:
    assert fate(nat(listed=listed), "vm", "svc:443") == reason


# private endpoints


def private(status: str) -> Network:
    connection = {
        "privateLinkServiceId": str(service_id(STORAGE, "st01")),
        "groupIds": ["blob"],
        "privateLinkServiceConnectionState": {"status": status},
    }
    return network(
        vnet("v", "10.0.0.0/16", {"web": "10.0.0.0/24", "pe": "10.0.1.0/24"}),
        nic("vm", "v/web", "10.0.0.4"),
        nic("pe-nic", "v/pe", "10.0.1.4", private_endpoint="pe"),
        resource(
            "privateEndpoints",
            "pe",
            subnet=ref(subnet_id("v/pe")),
            privateLinkServiceConnections=[{"name": "pe", "properties": connection}],
        ),
        service(STORAGE, "st01", publicNetworkAccess="Disabled"),
    )


def test_a_private_endpoint_goes_round_the_firewall_of_the_service() -> None:
    assert fate(private("Approved"), "vm", "pe:443") == "DELIVERED"
    assert fate(private("Pending"), "vm", "pe:443") == "PRIVATE_ENDPOINT_NOT_APPROVED"
    assert fate(private("Approved"), "vm", "st01:443") == "PUBLIC_ACCESS_DISABLED"


# services and who they let in


def acls(listed: bool) -> Json:
    return {"defaultAction": "Deny", "ipRules": [{"value": CALLER}] if listed else [{"value": "192.0.2.1"}]}


def rule_sets(kind: str, listed: bool) -> Json:
    identity = service_id(kind, "svc").child("networkRuleSets", "default")
    held = {"defaultAction": "Deny", "ipRules": [{"ipMask": CALLER if listed else "192.0.2.1"}]}
    return {"networkRuleSets": [{"id": str(identity), "name": "default", "properties": held}]}


def sql_rules(listed: bool) -> Json:
    address = CALLER if listed else "192.0.2.1"
    identity = service_id("Microsoft.Sql/servers", "svc").child("firewallRules", "one")
    held = {"startIpAddress": address, "endIpAddress": address}
    return {"firewallRules": [{"id": str(identity), "name": "one", "properties": held}]}


FIREWALLS = {
    "Microsoft.KeyVault/vaults": lambda listed: {"networkAcls": acls(listed)},
    "Microsoft.Sql/servers": sql_rules,
    "Microsoft.EventHub/namespaces": lambda listed: rule_sets("Microsoft.EventHub/namespaces", listed),
    "Microsoft.ServiceBus/namespaces": lambda listed: rule_sets("Microsoft.ServiceBus/namespaces", listed),
    "Microsoft.DocumentDB/databaseAccounts": lambda listed: {
        "ipRules": [{"ipAddressOrRange": CALLER if listed else "192.0.2.1"}]
    },
}


@pytest.mark.parametrize("kind", FIREWALLS)
def test_the_firewall_of_a_service_asks_for_the_callers_address(kind: str) -> None:
    assert fate(with_service(kind, **FIREWALLS[kind](True)), "vm", "svc:443") == "DELIVERED"
    assert fate(with_service(kind, **FIREWALLS[kind](False)), "vm", "svc:443") == "PAAS_FIREWALL_DENY"


def test_an_address_rule_of_storage_is_no_use_in_its_own_region() -> None:
    world = with_service(STORAGE, networkAcls=acls(True))
    assert fate(world, "vm", "svc:443") == "STORAGE_IP_RULE_SAME_REGION"
    assert fate(world, CALLER.replace(".7", ".8"), "svc:443") == "PAAS_FIREWALL_DENY"


def test_a_subnet_rule_of_storage_needs_the_service_endpoint() -> None:
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": str(subnet_id("v/web"))}]}
    assert fate(with_service(STORAGE, networkAcls=rules, endpoint="Microsoft.Storage"), "vm", "svc:443") == "DELIVERED"
    assert fate(with_service(STORAGE, networkAcls=rules), "vm", "svc:443") == "PAAS_FIREWALL_DENY"


@pytest.mark.parametrize(("account", "reason"), [("svc", "DELIVERED"), ("another", "SERVICE_ENDPOINT_POLICY_DENY")])
def test_a_service_endpoint_policy_lets_only_listed_accounts_pass(account: str, reason: str) -> None:
    identity = rid("serviceEndpointPolicies", "sep")
    definition = {
        "id": str(identity.child("serviceEndpointPolicyDefinitions", "d")),
        "name": "d",
        "properties": {"service": "Microsoft.Storage", "serviceResources": [str(service_id(STORAGE, account))]},
    }
    policy = resource("serviceEndpointPolicies", "sep", serviceEndpointPolicyDefinitions=[definition])
    world = with_service(
        STORAGE, policy, endpoint="Microsoft.Storage", policy=True, networkAcls={"defaultAction": "Allow"}
    )
    assert fate(world, "vm", "svc:443") == reason


@pytest.mark.parametrize(("prefix", "reason"), [(f"{CALLER}/32", "DELIVERED"), ("192.0.2.0/24", "PERIMETER_DENY")])
def test_a_perimeter_decides_for_the_services_in_it(prefix: str, reason: str) -> None:
    identity = rid("networkSecurityPerimeters", "nsp")
    profile = identity.child("profiles", "p")
    access = {
        "id": str(profile.child("accessRules", "r")),
        "name": "r",
        "properties": {"direction": "Inbound", "addressPrefixes": [prefix]},
    }
    association = {
        "id": str(identity.child("resourceAssociations", "a")),
        "name": "a",
        "properties": {
            "accessMode": "Enforced",
            "privateLinkResource": ref(service_id("Microsoft.KeyVault/vaults", "svc")),
            "profile": ref(profile),
        },
    }
    perimeter = resource(
        "networkSecurityPerimeters",
        "nsp",
        profiles=[{"id": str(profile), "name": "p", "properties": {"accessRules": [access]}}],
        resourceAssociations=[association],
    )
    world = with_service("Microsoft.KeyVault/vaults", perimeter, publicNetworkAccess="Disabled")
    assert fate(world, "vm", "svc:443") == reason


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (["203.0.113.1", "203.0.113.2"], "DELIVERED"),
        (["203.0.113.1"], "NAT_POOL_PARTLY_ALLOWED"),
        (["192.0.2.1"], "PAAS_FIREWALL_DENY"),
    ],
)
def test_on_premises_reaches_a_service_by_the_nat_of_its_circuit(listed: list[str], reason: str) -> None:
    circuit = rid("expressRouteCircuits", "er")
    microsoft = {"peeringType": "MicrosoftPeering"}
    peerings = [{"id": str(circuit.child("peerings", "m")), "name": "m", "properties": microsoft}]
    world = network(
        vnet("v", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/24"}),
        gateway("gw", "v", "ExpressRoute"),
        resource("expressRouteCircuits", "er", peerings=peerings),
        service(STORAGE, networkAcls={"defaultAction": "Deny", "ipRules": [{"value": value} for value in listed]}),
        on_premises=(
            OnPremisesNetwork("hq", ("192.168.0.0/16",), rid("virtualNetworkGateways", "gw"), circuits=(circuit,)),
        ),
        circuit_nat={circuit: CircuitNat("microsoft_peering", ("203.0.113.1", "203.0.113.2"))},
        service_addresses={service_id(STORAGE, "svc"): (ADDRESS,)},
    )
    assert fate(world, "onprem:192.168.10.20", "svc.blob:443") == reason


# services in subnets of their own


def test_bastion_reaches_a_machine_that_lets_its_subnet_in() -> None:
    allow = security_rule("ssh", 100, "Inbound", "Allow", destinationPortRange="22", sourceAddressPrefix="10.0.9.0/26")
    deny = security_rule("deny", 4000, "Inbound", "Deny")
    world = network(
        vnet("v", "10.0.0.0/16", {"AzureBastionSubnet": "10.0.9.0/26", "web": subnet("10.0.0.0/24", nsg="nsg")}),
        nsg("nsg", allow, deny),
        nic("vm", "v/web", "10.0.0.4"),
        resource(
            "bastionHosts",
            "bas",
            ipConfigurations=[{"properties": {"subnet": ref(subnet_id("v/AzureBastionSubnet"))}}],
        ),
    )
    assert fate(world, "10.0.9.5", "vm:22") == "DELIVERED"
    assert fate(world, "10.0.9.5", "vm:80") == "NSG_RULE_DENY"


def test_an_application_gateway_sends_from_its_subnet() -> None:
    world = network(
        vnet("v", "10.0.0.0/16", {"agw": "10.0.9.0/26", "web": "10.0.0.0/24"}),
        nic("vm", "v/web", "10.0.0.4"),
        resource(
            "applicationGateways",
            "agw",
            gatewayIPConfigurations=[{"properties": {"subnet": ref(subnet_id("v/agw"))}}],
        ),
    )
    assert explain(world, "10.0.9.5", "vm:80").prediction.path == ("agw", "vm")


def test_a_routing_appliance_forwards_without_translating() -> None:
    world = network(
        vnet("hub", "10.0.0.0/16", {"VirtualNetworkApplianceSubnet": "10.0.9.0/24"}, [peering("a"), peering("b")]),
        *(
            vnet(
                name,
                f"10.{number}.0.0/16",
                {"s": subnet(f"10.{number}.0.0/24", table="rt")},
                [peering("hub", allowForwardedTraffic=True)],
            )
            for name, number in (("a", 1), ("b", 2))
        ),
        table("rt", {"spokes": "10.0.0.0/8 -> 10.0.9.4"}),
        nic("vm-a", "a/s", "10.1.0.4"),
        nic("vm-b", "b/s", "10.2.0.4"),
        resource(
            "virtualNetworkAppliances",
            "ra",
            subnet=ref(subnet_id("hub/VirtualNetworkApplianceSubnet")),
            ipConfigurations=[{"properties": {"privateIPAddress": "10.0.9.4"}}],
        ),
    )
    prediction = explain(world, "vm-a", "vm-b:80").prediction
    assert (prediction.reason, prediction.path) == ("DELIVERED", ("vm-a", "ra", "vm-b"))
    assert all(seen.translated_source is None for seen in prediction.observations)
