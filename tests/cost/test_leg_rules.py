"""Charges that depend on what an export may say oddly, or not at all; what is ordinary is in the charge table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator.cost.bill import Bill
from simulator.cost.charges import charges
from simulator.network.model import Network
from tests.cost.charge_table import RESOURCE_GROUP, network_of
from tests.cost.logs import bill_of, records
from tests.cost.test_places import HUB, circuit, connection, with_resources

BALANCED = """
virtual_networks: {{vnet: {{address_space: 10.3.0.0/16, subnets: {{snet: {{prefix: 10.3.1.0/24, nsg: nsg}}}}}}}}
network_security_groups:
  nsg: [{{name: https, priority: 100, direction: Inbound, access: Allow, protocol: Tcp, ports: 443}}]
load_balancers:
  lb:
    sku: {sku}
    frontends: {{fe: {{public_ip: 203.0.113.4}}}}
    pools: {{web: [vm]}}
    rules: [{{name: https, frontend: fe, pool: web, protocol: Tcp, port: 443, backend_port: 443}}]
virtual_machines: {{vm: {{subnet: vnet/snet, ip: 10.3.1.4}}}}
"""


def told(bill: Bill) -> dict[str, Decimal]:
    return {line.meter.key: line.gb for line in bill.lines}


def reasons(bill: Bill) -> list[str]:
    return [line.reason for line in bill.unpriced]


def names(held: Network, meter: str) -> set[str]:
    """Who is charged by a meter, by the names of resources."""
    bill = bill_of(held, records(held, "vm", "Outbound", "10.3.1.4:50000", "198.51.100.7:443", sent=1))
    return {kind.payer for kind in bill.charges.kinds if kind.meter == meter}


@pytest.mark.parametrize(("sku", "is_charged"), [("Standard", True), ("Basic", False)])
@pytest.mark.parametrize("way", ["out", "in"])
def test_a_basic_load_balancer_takes_nothing(sku: str, is_charged: bool, way: str) -> None:
    held = network_of(BALANCED.format(sku=sku))
    if way == "out":
        flow = records(held, "vm", "Outbound", "10.3.1.4:50000", "198.51.100.7:443", sent=3, received=1)
    else:
        flow = records(held, "vm", "Inbound", "198.51.100.7:50000", "10.3.1.4:443", sent=1, received=3)
    bill = bill_of(held, flow)
    assert told(bill) == {"internet_egress": 3} | ({"load_balancer": 4} if is_charged else {})
    assert any("a Basic one" in line.why for line in bill.free) != is_charged
    assert not is_charged or names(held, "load_balancer") == {"lb"}


def test_a_load_balancer_of_another_sku_has_no_price() -> None:
    held = network_of(BALANCED.format(sku="Gateway"))
    bill = bill_of(held, records(held, "vm", "Outbound", "10.3.1.4:50000", "198.51.100.7:443", sent=3))
    assert "load_balancer" not in told(bill)
    assert reasons(bill) == ["not known: what a load balancer of the sku 'gateway' takes"]


def firewall(tier: str | None) -> dict[str, Any]:
    vnet = f"{RESOURCE_GROUP}/Microsoft.Network/virtualNetworks/vnet-hub"
    configuration = {
        "privateIPAddress": "10.0.1.4",
        "subnet": {"id": f"{vnet}/subnets/AzureFirewallSubnet"},
    }
    rule = {
        "name": "all",
        "protocols": ["Any"],
        "sourceAddresses": ["*"],
        "destinationAddresses": ["*"],
        "destinationPorts": ["*"],
    }
    collection = {"name": "all", "properties": {"priority": 200, "action": {"type": "Allow"}, "rules": [rule]}}
    properties: dict[str, Any] = {
        "ipConfigurations": [{"name": "c", "properties": configuration}],
        "networkRuleCollections": [collection],
    }
    return {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/azureFirewalls/fw",
        "name": "fw",
        "type": "Microsoft.Network/azureFirewalls",
        "location": "westeurope",
        "properties": properties | ({"sku": {"name": "AZFW_VNet", "tier": tier}} if tier is not None else {}),
    }


@pytest.mark.parametrize(
    ("tier", "key"),
    [("Basic", "firewall_basic"), ("PREMIUM", "firewall_premium"), (None, "firewall_standard"), ("Ultra", None)],
)
def test_a_firewall_is_charged_by_its_tier(tier: str | None, key: str | None) -> None:
    """The API leaves the tier out of what was made before there were tiers, which is Standard."""
    held = with_resources(
        """
virtual_networks:
  vnet-hub:
    address_space: 10.0.0.0/22
    subnets:
      AzureFirewallSubnet: 10.0.1.0/26
      snet: {prefix: 10.0.2.0/24, route_table: rt}
      snet-b: {prefix: 10.0.3.0/24, route_table: rt}
route_tables: {rt: {routes: {a: 10.0.2.0/24 -> 10.0.1.4, b: 10.0.3.0/24 -> 10.0.1.4}}}
virtual_machines: {vm: {subnet: vnet-hub/snet, ip: 10.0.2.4}, vm-b: {subnet: vnet-hub/snet-b, ip: 10.0.3.4}}
""",
        firewall(tier),
    )
    bill = bill_of(held, records(held, "vm", "Outbound", "10.0.2.4:50000", "10.0.3.4:443", sent=2))
    assert told(bill) == ({key: 2} if key is not None else {})
    assert reasons(bill) == ([] if key is not None else ["not known: fw has the tier 'ultra', which nobody knows"])


def test_azures_platform_costs_nothing() -> None:
    held = network_of(BALANCED.format(sku="Standard"))
    bill = bill_of(held, records(held, "vm", "Outbound", "10.3.1.4:50000", "168.63.129.16:53", sent=2, protocol=17))
    assert ({line.why: line.gb for line in bill.free}, bill.lines) == ({"Azure's platform": 2}, ())


def test_a_metered_circuit_is_charged_by_its_own_zone_wherever_the_gateway_is() -> None:
    held = with_resources(
        HUB.replace("GatewaySubnet: 10.0.0.0/27", "GatewaySubnet: 10.0.0.0/27, snet: 10.0.2.0/24").replace(
            "vnet-hub: {", "vnet-hub: {location: atlantis, "
        )
        + """
on_premises: {hq: {prefixes: [192.168.0.0/16], gateway: ergw, hosts: {dc1: 192.168.0.10}}}
virtual_machines: {vm: {subnet: vnet-hub/snet, ip: 10.0.2.4}}
""",
        circuit("er", location="Sydney"),
        connection("c", "er"),
    )
    bill = bill_of(held, records(held, "vm", "Outbound", "10.0.2.4:50000", "192.168.0.10:443", sent=100))
    assert [(line.meter.key, line.region, line.amount) for line in bill.lines] == [("expressroute_out", "2", 5)]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("atlantis", "not known: the region of st is not known"),
        ("chinanorth3", "not known: the continent of westeurope or chinanorth3 is not known"),
    ],
)
def test_a_service_that_is_nowhere_has_no_price(location: str, reason: str) -> None:
    held = network_of(
        f"""
virtual_networks: {{vnet: {{address_space: 10.3.0.0/16, subnets: {{snet: 10.3.1.0/24}}}}}}
virtual_machines: {{vm: {{subnet: vnet/snet, ip: 10.3.1.4, public_ip: 203.0.113.2}}}}
storage_accounts: {{st: {{location: {location}, ip: 198.51.100.20}}}}
"""
    )
    bill = bill_of(held, records(held, "vm", "Outbound", "10.3.1.4:50000", "198.51.100.20:443", sent=2))
    assert (reasons(bill), bill.lines) == ([reason], ())


def test_no_packet_has_no_charges() -> None:
    held = network_of(BALANCED.format(sku="Standard"))
    assert len(charges(bill_of(held).replay.walked)) == 0
