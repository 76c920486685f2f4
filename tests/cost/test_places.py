"""What charges ask of the network: regions of Azure's addresses, circuits, routing preference, services."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from simulator.azure.resource import ResourceId
from simulator.cost.azure_regions import NOT_AZURE, AzureRegions, azure_regions
from simulator.cost.circuits import ExpressRouteBilling, expressroute_billing
from simulator.cost.routing_preference import prefers_internet
from simulator.cost.service_regions import service_region
from simulator.network.model import Network
from simulator.network.outbound import outbound
from simulator.walk.packets import TCP, Addresses
from tests.cost.charge_table import RESOURCE_GROUP, network_of

EMPTY = "virtual_networks: {vnet: {address_space: 10.0.0.0/24}}"


def with_resources(scenario: str, *resources: dict[str, Any]) -> Network:
    held = yaml.safe_load(scenario) | {"resources": {str(at): one for at, one in enumerate(resources)}}
    return network_of(yaml.safe_dump(held, sort_keys=False))


# Azure's addresses


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("13.70.192.1", "northeurope"),
        ("13.68.163.40", "eastus"),
        ("198.51.100.7", None),
        ("10.0.0.4", None),
        ("2603:1020:5::1", "northeurope"),
        ("2001:db8::1", None),
    ],
)
def test_the_region_of_an_address(address: str, region: str | None) -> None:
    regions = AzureRegions(network_of(EMPTY))
    [found] = regions.of(Addresses.parse([address])).tolist()
    assert (None if found == NOT_AZURE else regions.names[found]) == region


def test_no_address_has_no_region() -> None:
    assert azure_regions(network_of(EMPTY)).of(Addresses.parse([])).tolist() == []


def test_regions_are_read_once_for_each_network() -> None:
    held = network_of(EMPTY)
    assert azure_regions(held) is azure_regions(held)


# Circuits

GATEWAY = ResourceId(f"{RESOURCE_GROUP}/Microsoft.Network/virtualNetworkGateways/ergw".replace("$rg", ""))
HUB = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {GatewaySubnet: 10.0.0.0/27}}
virtual_network_gateways: {ergw: {vnet: vnet-hub, type: ExpressRoute}}
"""


def circuit(name: str, family: str | None = "MeteredData", location: str | None = "Amsterdam") -> dict[str, Any]:
    provider = {"peeringLocation": location} if location is not None else {}
    return {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/expressRouteCircuits/{name}",
        "name": name,
        "type": "Microsoft.Network/expressRouteCircuits",
        "location": "westeurope",
        "sku": {"name": "x", "tier": "Standard"} | ({"family": family} if family is not None else {}),
        "properties": {"serviceProviderProperties": {"serviceProviderName": "Equinix", **provider}},
    }


def connection(name: str, peer: str) -> dict[str, Any]:
    return {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/connections/{name}",
        "name": name,
        "type": "Microsoft.Network/connections",
        "location": "westeurope",
        "properties": {
            "connectionType": "ExpressRoute",
            "virtualNetworkGateway1": {"id": str(GATEWAY)},
            "peer": {"id": f"{RESOURCE_GROUP}/Microsoft.Network/expressRouteCircuits/{peer}"},
        },
    }


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ([], ExpressRouteBilling(unknown="the export holds no circuit of ergw")),
        ([circuit("er")], ExpressRouteBilling(unknown="the export holds no circuit of ergw")),
        ([connection("c", "er")], ExpressRouteBilling(unknown="whether er is metered or unlimited")),
        ([circuit("er"), connection("c", "er")], ExpressRouteBilling("1")),
        ([circuit("er", "UnlimitedData"), connection("c", "er")], ExpressRouteBilling()),
        ([circuit("er", location="Sydney Metro"), connection("c", "er")], ExpressRouteBilling("2")),
        (
            [circuit("er", None), connection("c", "er")],
            ExpressRouteBilling(unknown="whether er is metered or unlimited"),
        ),
        (
            [circuit("er", location=None), connection("c", "er")],
            ExpressRouteBilling(unknown="the peering location of er"),
        ),
        (
            [circuit("er", location="Atlantis"), connection("c", "er")],
            ExpressRouteBilling(unknown="the zone of the peering location 'Atlantis'"),
        ),
        (
            [circuit("er"), circuit("second"), connection("c", "er"), connection("d", "second")],
            ExpressRouteBilling("1"),
        ),
        (
            [circuit("er"), circuit("second", "UnlimitedData"), connection("c", "er"), connection("d", "second")],
            ExpressRouteBilling(unknown="the circuits of ergw are charged differently: er, second"),
        ),
    ],
)
def test_how_a_gateways_circuits_are_charged(resources: list[dict[str, Any]], wanted: ExpressRouteBilling) -> None:
    assert expressroute_billing(with_resources(HUB, *resources), GATEWAY) == wanted


# Routing preference

EDGE = """
virtual_networks: {vnet: {address_space: 10.3.0.0/16, subnets: {snet: 10.3.1.0/24}}}
virtual_machines: {vm: {subnet: vnet/snet, ip: 10.3.1.4}}
"""


def public_ip(name: str, address: str, *tags: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/publicIPAddresses/{name}",
        "name": name,
        "type": "Microsoft.Network/publicIPAddresses",
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"ipAddress": address, "ipTags": [{"ipTagType": kind, "tag": tag} for kind, tag in tags]},
    }


def nic(address: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/networkInterfaces/nic",
        "name": "nic",
        "type": "Microsoft.Network/networkInterfaces",
        "location": "westeurope",
        "properties": {
            "ipConfigurations": [
                {
                    "name": "c",
                    "properties": {
                        "primary": True,
                        "privateIPAddress": address,
                        "subnet": {"id": f"{RESOURCE_GROUP}/Microsoft.Network/virtualNetworks/vnet/subnets/snet"},
                        "publicIPAddress": {
                            "id": f"{RESOURCE_GROUP}/Microsoft.Network/publicIPAddresses/{name}",
                        },
                    },
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("address", "tags", "wanted"),
    [
        ("203.0.113.9", [("RoutingPreference", "Internet")], True),
        ("203.0.113.9", [("routingpreference", "internet")], True),
        ("203.0.113.9", [("FirstPartyUsage", "/Sql"), ("RoutingPreference", "Internet")], True),
        ("203.0.113.9", [("FirstPartyUsage", "Internet")], False),
        ("203.0.113.9", [], False),
        ("2001:DB8:0::9", [("RoutingPreference", "Internet")], True),
    ],
)
def test_the_preference_of_an_address(address: str, tags: list[tuple[str, str]], wanted: bool) -> None:
    held = with_resources(EDGE, public_ip("pip", address, *tags), nic("10.3.1.9", "pip"))
    endpoint = held.endpoint("nic")
    assert endpoint is not None
    is_ipv4 = ":" not in address
    way = outbound(held, endpoint.id, is_ipv4=is_ipv4, protocol=TCP)
    assert (way.method, prefers_internet(held, endpoint.id, way)) == ("public IP", wanted)
    assert prefers_internet(held, endpoint.id, None) == wanted
    machine = held.endpoint("vm")
    assert machine is not None and not prefers_internet(held, machine.id, None)
    assert not prefers_internet(held, None, None)


@pytest.mark.parametrize(("tag", "wanted"), [("Internet", True), ("Other", False)])
def test_the_preference_of_a_prefix_is_that_of_its_addresses(tag: str, wanted: bool) -> None:
    """A load balancer may leave by any address of a prefix, which has a tag of its own."""
    prefix = {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/publicIPPrefixes/range",
        "name": "range",
        "type": "Microsoft.Network/publicIPPrefixes",
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"ipPrefix": "203.0.113.32/30", "ipTags": [{"ipTagType": "RoutingPreference", "tag": tag}]},
    }
    balancer = f"{RESOURCE_GROUP}/Microsoft.Network/loadBalancers/lb"
    member = f"{RESOURCE_GROUP}/Microsoft.Network/networkInterfaces/vm-nic/ipConfigurations/ipconfig1"
    leaves = {
        "id": balancer,
        "name": "lb",
        "type": "Microsoft.Network/loadBalancers",
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {
            "frontendIPConfigurations": [
                {
                    "id": f"{balancer}/frontendIPConfigurations/fe",
                    "name": "fe",
                    "properties": {"publicIPPrefix": {"id": prefix["id"]}},
                }
            ],
            "backendAddressPools": [
                {
                    "id": f"{balancer}/backendAddressPools/out",
                    "name": "out",
                    "properties": {"backendIPConfigurations": [{"id": member}]},
                }
            ],
            "outboundRules": [
                {
                    "name": "out",
                    "properties": {
                        "protocol": "All",
                        "frontendIPConfigurations": [{"id": f"{balancer}/frontendIPConfigurations/fe"}],
                        "backendAddressPool": {"id": f"{balancer}/backendAddressPools/out"},
                    },
                }
            ],
        },
    }
    held = with_resources(EDGE, prefix, leaves)
    endpoint = held.endpoint("vm")
    assert endpoint is not None
    way = outbound(held, endpoint.id, is_ipv4=True, protocol=TCP)
    assert (way.method, prefers_internet(held, endpoint.id, way)) == ("load balancer", wanted)


# Services behind private endpoints


def test_the_region_of_a_service() -> None:
    held = network_of(
        """
virtual_networks: {vnet: {address_space: 10.0.0.0/24, subnets: {snet: 10.0.0.0/26}}}
storage_accounts: {st: {location: northeurope}, stodd: {location: atlantis}}
private_endpoints:
  pe: {subnet: vnet/snet, ip: 10.0.0.4, service: st, group: blob}
  pe-odd: {subnet: vnet/snet, ip: 10.0.0.5, service: stodd, group: blob}
"""
    )
    endpoints = {
        endpoint.private_endpoint.name: endpoint.private_endpoint
        for endpoint in held.endpoints
        if endpoint.private_endpoint
    }
    assert service_region(held, endpoints["pe"]) == "northeurope"
    assert service_region(held, endpoints["pe-odd"]) == ""
    assert service_region(held, None) == ""
