"""The usage file for Infracost: its keys are Infracost's own, its GB are the bill's, and its names are YAML."""

from __future__ import annotations

from decimal import Decimal

import yaml

from simulator.cost.usage import infracost_usage, usage_text
from tests.cost.charge_table import RESOURCE_GROUP, network_of, topologies
from tests.cost.every_way import network
from tests.cost.logs import bill_of, records
from tests.cost.test_attribution import every_way
from tests.cost.test_places import public_ip, with_resources

#: What Infracost reads, by kind of resource, as the usage files of its own tests have it: infracost/infracost,
#: ``internal/providers/terraform/azure/testdata/*/*.usage.yml``.
KEYS = {
    "azurerm_firewall": {"monthly_data_processed_gb"},
    "azurerm_lb": {"monthly_data_processed_gb"},
    "azurerm_nat_gateway": {"monthly_data_processed_gb"},
    "azurerm_private_endpoint": {"monthly_inbound_data_processed_gb", "monthly_outbound_data_processed_gb"},
    "azurerm_virtual_network_peering": {"monthly_data_transfer_gb"},
}

BEHIND_A_FIREWALL = """
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {AzureFirewallSubnet: 10.0.1.0/26}}
  vnet-a: {address_space: 10.1.0.0/16, subnets: {snet: {prefix: 10.1.0.0/24, route_table: rt}}}
peerings: [{hub: vnet-hub, spokes: [vnet-a], forwarded_traffic: true}]
route_tables: {rt: {routes: {default: 0.0.0.0/0 -> 10.0.1.4}}}
virtual_machines: {vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4}}
"""


def test_every_key_is_infracosts_own() -> None:
    usage = infracost_usage(every_way())
    assert {kind for name in usage for kind in [name.partition(".")[0]]} == set(KEYS)
    assert all({*held} <= KEYS[name.partition(".")[0]] for name, held in usage.items())


def test_resources_have_their_own_names() -> None:
    """A load balancer and a private endpoint stand on the way by another name: a machine's, a network interface's."""
    names = {name for name in infracost_usage(every_way()) if "peering" not in name}
    assert names == {
        "azurerm_firewall.fw",
        "azurerm_lb.ilb",
        "azurerm_lb.lb-out",
        "azurerm_nat_gateway.ng",
        "azurerm_private_endpoint.pe",
    }


def test_the_gb_are_those_of_the_bill() -> None:
    bill = every_way()
    usage = infracost_usage(bill)
    gb = {line.meter.key: line.gb for line in bill.lines}

    def total(kind: str, key: str) -> Decimal:
        return sum((held[key] for name, held in usage.items() if name.startswith(kind) and key in held), Decimal(0))

    assert total("azurerm_firewall", "monthly_data_processed_gb") == gb["firewall_standard"]
    assert total("azurerm_nat_gateway", "monthly_data_processed_gb") == gb["nat_gateway"]
    assert total("azurerm_lb", "monthly_data_processed_gb") == gb["load_balancer"]
    assert total("azurerm_private_endpoint", "monthly_inbound_data_processed_gb") == gb["private_endpoint_in"]
    assert total("azurerm_private_endpoint", "monthly_outbound_data_processed_gb") == gb["private_endpoint_out"]


def test_a_peering_link_has_what_it_sends() -> None:
    """Infracost charges the GB of a link at both ends, and each direction is a link of its own."""
    held = network()
    flow = records(held, "vm-peer", "Outbound", "10.5.0.4:50000", "10.4.3.6:1433", sent=5, received=2)
    usage = infracost_usage(bill_of(held, flow))
    names = {
        link.remote_virtual_network.name: link.name for link in held.peerings.values() if link.remote_virtual_network
    }
    assert usage == {
        f"azurerm_virtual_network_peering.{names['vnet-edge']}": {"monthly_data_transfer_gb": 5},
        f"azurerm_virtual_network_peering.{names['vnet-peer']}": {"monthly_data_transfer_gb": 2},
    }


def test_gateway_transit_is_charged_at_one_end_and_left_out() -> None:
    """Infracost would charge the hub's end too."""
    held = network()
    flow = records(held, "vm-transit", "Outbound", "10.3.0.4:50000", "192.168.0.10:443", sent=5, received=2)
    assert bill_of(held, flow).total > 0
    assert infracost_usage(bill_of(held, flow)) == {}


def test_a_connected_group_has_no_link() -> None:
    held = network_of(yaml.safe_dump(dict(topologies()["connected-group"]), sort_keys=False))
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=5)
    assert bill_of(held, flow).total > 0
    assert infracost_usage(bill_of(held, flow)) == {}


def test_the_file_says_which_time_it_is_of() -> None:
    flow = records(network(), "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=1)
    month, own = (usage_text(bill_of(network(), flow, month=held)) for held in (True, False))
    assert "a month of traffic like the log's" in month
    assert "not a month: use --month" in own
    read, alone = yaml.safe_load(month), yaml.safe_load(own)
    assert read["version"] == alone["version"] == 0.1
    assert read["resource_usage"]["azurerm_firewall.fw"] == {"monthly_data_processed_gb": 43800}
    assert alone["resource_usage"]["azurerm_firewall.fw"] == {"monthly_data_processed_gb": 1}


def test_nothing_is_still_a_file() -> None:
    assert yaml.safe_load(usage_text(bill_of(network()))) == {"version": 0.1, "resource_usage": {}}


def test_small_traffic_is_not_rounded_away() -> None:
    flow = records(network(), "vm-a", "Outbound", "10.1.0.4:50000", "10.2.0.4:443", sent=0.0001)
    usage = yaml.safe_load(usage_text(bill_of(network(), flow)))["resource_usage"]
    assert usage["azurerm_firewall.fw"]["monthly_data_processed_gb"] > 0


def test_a_name_cannot_write_into_the_file() -> None:
    """Names of an export may hold anything."""
    hostile = 'fw: {x: 1}\n  azurerm_lb.other:\n    "\x1b[2J # é'
    vnet = f"{RESOURCE_GROUP}/Microsoft.Network/virtualNetworks/vnet-hub"
    firewall = {
        "id": f"{RESOURCE_GROUP}/Microsoft.Network/azureFirewalls/{hostile}",
        "name": hostile,
        "type": "Microsoft.Network/azureFirewalls",
        "location": "westeurope",
        "sku": {"name": "AZFW_VNet", "tier": "Standard"},
        "properties": {
            "ipConfigurations": [
                {
                    "name": "c",
                    "properties": {
                        "privateIPAddress": "10.0.1.4",
                        "subnet": {"id": f"{vnet}/subnets/AzureFirewallSubnet"},
                        "publicIPAddress": {"id": f"{RESOURCE_GROUP}/Microsoft.Network/publicIPAddresses/pip"},
                    },
                }
            ],
            "networkRuleCollections": [
                {
                    "name": "all",
                    "properties": {
                        "priority": 200,
                        "action": {"type": "Allow"},
                        "rules": [
                            {
                                "name": "all",
                                "protocols": ["Any"],
                                "sourceAddresses": ["*"],
                                "destinationAddresses": ["*"],
                                "destinationPorts": ["*"],
                            }
                        ],
                    },
                }
            ],
        },
    }
    held = with_resources(BEHIND_A_FIREWALL, firewall, public_ip("pip", "203.0.113.10"))
    flow = records(held, "vm-a", "Outbound", "10.1.0.4:50000", "198.51.100.7:443", sent=1)
    text = usage_text(bill_of(held, flow))
    assert text.isascii() and "\x1b" not in text
    usage = yaml.safe_load(text)["resource_usage"]
    assert {name.partition(".")[0] for name in usage} == {"azurerm_firewall", "azurerm_virtual_network_peering"}
    assert f"azurerm_firewall.{hostile}" in usage
