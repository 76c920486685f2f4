"""An export with any value turned into nonsense still gives a network, issues and verdicts, never a traceback."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.dataplane.plane import DataPlane
from simulator.errors import SimulatorError
from simulator.network.effective_routes import effective_routes, routes_to_azure
from simulator.network.effective_rules import effective_security_rules
from simulator.network.network import build_network
from simulator.sources.resource_json import resources_snapshot
from simulator.walk.explain import explain
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets

ROOT = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"


def _id(kind: str, name: str) -> dict[str, str]:
    return {"id": f"{ROOT}/{kind}/{name}"}


def _vnet(name: str, octet: int, peer: str, subnets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    link = {
        "remoteVirtualNetwork": _id("virtualNetworks", peer),
        "peeringState": "Connected",
        "allowForwardedTraffic": True,
        "allowGatewayTransit": name == "hub",
        "useRemoteGateways": name != "hub",
        "remoteAddressSpace": {"addressPrefixes": [f"10.{3 - octet}.0.0/16"]},
    }
    return {
        **_id("virtualNetworks", name),
        "type": "Microsoft.Network/virtualNetworks",
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": [f"10.{octet}.0.0/16"]},
            "subnets": [{"name": key, "properties": properties} for key, properties in subnets.items()],
            "virtualNetworkPeerings": [{"name": "link", "properties": link}],
        },
    }


def _nic(name: str, vnet: str, subnet: str, address: str, **properties: Any) -> dict[str, Any]:
    where = {"id": f"{ROOT}/virtualNetworks/{vnet}/subnets/{subnet}"}
    configuration = {"privateIPAddress": address, "primary": True, "subnet": where} | properties.pop("ip", {})
    return {
        **_id("networkInterfaces", name),
        "type": "Microsoft.Network/networkInterfaces",
        "properties": {"ipConfigurations": [{"name": "c", "properties": configuration}], **properties},
    }


RULE = {
    "priority": 100,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourceAddressPrefix": "VirtualNetwork",
    "sourcePortRange": "*",
    "destinationAddressPrefixes": ["10.1.0.4", "10.2.0.0/24"],
    "destinationPortRanges": ["443", "8000-8080"],
}
ADMIN = {
    "priority": 1,
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "Tcp",
    "sources": [{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}],
    "destinations": [],
    "destinationPortRanges": ["22"],
}
FIREWALL_RULE = {
    "name": "web",
    "ruleType": "NetworkRule",
    "ipProtocols": ["TCP"],
    "sourceAddresses": ["10.2.0.0/16"],
    "destinationAddresses": ["*"],
    "destinationPorts": ["443"],
}
EXPORT: list[dict[str, Any]] = [
    _vnet(
        "hub",
        1,
        "spoke",
        {
            "s": {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": _id("networkSecurityGroups", "g")},
            "AzureFirewallSubnet": {"addressPrefix": "10.1.1.0/26"},
            "GatewaySubnet": {"addressPrefix": "10.1.2.0/27"},
        },
    ),
    _vnet("spoke", 2, "hub", {"s": {"addressPrefixes": ["10.2.0.0/24"], "routeTable": _id("routeTables", "t")}}),
    {
        **_id("networkSecurityGroups", "g"),
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": [{"name": "web", "properties": RULE}]},
    },
    {
        **_id("routeTables", "t"),
        "type": "Microsoft.Network/routeTables",
        "properties": {
            "routes": [
                {
                    "name": "default",
                    "properties": {
                        "addressPrefix": "0.0.0.0/0",
                        "nextHopType": "VirtualAppliance",
                        "nextHopIpAddress": "10.1.1.4",
                    },
                }
            ]
        },
    },
    _nic("a", "hub", "s", "10.1.0.4", ip={"publicIPAddress": _id("publicIPAddresses", "p")}, macAddress="00-0D-3A-1-2"),
    _nic("b", "spoke", "s", "10.2.0.4", enableIPForwarding=True),
    {
        **_id("publicIPAddresses", "p"),
        "type": "Microsoft.Network/publicIPAddresses",
        "sku": {"name": "Standard"},
        "properties": {"ipAddress": "20.0.0.4"},
    },
    {
        **_id("azureFirewalls", "fw"),
        "type": "Microsoft.Network/azureFirewalls",
        "properties": {
            "ipConfigurations": [
                {
                    "name": "c",
                    "properties": {
                        "privateIPAddress": "10.1.1.4",
                        "subnet": {"id": f"{ROOT}/virtualNetworks/hub/subnets/AzureFirewallSubnet"},
                    },
                }
            ],
            "firewallPolicy": _id("firewallPolicies", "policy"),
        },
    },
    {
        **_id("firewallPolicies", "policy"),
        "type": "Microsoft.Network/firewallPolicies",
        "properties": {"snat": {"privateRanges": ["IANAPrivateRanges"]}},
    },
    {
        "id": f"{ROOT}/firewallPolicies/policy/ruleCollectionGroups/g",
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "properties": {
            "priority": 100,
            "ruleCollections": [{"name": "c", "priority": 100, "action": {"type": "Allow"}, "rules": [FIREWALL_RULE]}],
        },
    },
    {
        **_id("virtualNetworkGateways", "gw"),
        "type": "Microsoft.Network/virtualNetworkGateways",
        "properties": {
            "gatewayType": "Vpn",
            "ipConfigurations": [
                {"properties": {"subnet": {"id": f"{ROOT}/virtualNetworks/hub/subnets/GatewaySubnet"}}}
            ],
        },
    },
    {
        **_id("localNetworkGateways", "site"),
        "type": "Microsoft.Network/localNetworkGateways",
        "properties": {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]}},
    },
    {
        **_id("connections", "link"),
        "type": "Microsoft.Network/connections",
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": _id("virtualNetworkGateways", "gw"),
            "localNetworkGateway2": _id("localNetworkGateways", "site"),
        },
    },
    {
        **_id("networkManagers", "avnm"),
        "type": "Microsoft.Network/networkManagers",
        "properties": {
            "networkGroups": [
                {
                    "id": f"{ROOT}/networkManagers/avnm/networkGroups/g",
                    "properties": {
                        "staticMembers": [
                            {
                                "id": f"{ROOT}/networkManagers/avnm/networkGroups/g/staticMembers/m",
                                "properties": {"resourceId": f"{ROOT}/virtualNetworks/hub"},
                            }
                        ]
                    },
                }
            ],
            "securityAdminConfigurations": [
                {
                    "id": f"{ROOT}/networkManagers/avnm/securityAdminConfigurations/c",
                    "properties": {
                        "ruleCollections": [
                            {
                                "id": f"{ROOT}/networkManagers/avnm/securityAdminConfigurations/c/ruleCollections/k",
                                "properties": {
                                    "appliesToGroups": [
                                        {"networkGroupId": f"{ROOT}/networkManagers/avnm/networkGroups/g"}
                                    ],
                                    "rules": [{"name": "r", "properties": ADMIN}],
                                },
                            }
                        ]
                    },
                }
            ],
        },
    },
]
FLOWS = [
    ("10.2.0.4", "10.1.0.4", 49152, 443, 6),
    ("10.1.0.4", "10.2.0.4", 49152, 22, 6),
    ("192.168.1.1", "10.1.0.4", 49152, 443, 6),
    ("10.2.0.4", "8.8.8.8", 49152, 443, 17),
    ("8.8.4.4", "20.0.0.4", 49152, 443, 6),
    ("10.1.0.4", "fd00::1", 0, 0, 1),
]
NONSENSE: list[Any] = [
    *(None, "", " ", "banana", "*", "10.0.0.0/33", "10.1.0.4/8", "::/0", "0.0.0.0/0", "fe80::1%eth0", "1-", "99999"),
    *(-1, 0, 1e308, 2**70, True, [], {}, [[]], ["x", None], {"id": "x"}, {"id": None}, "[parameters('x')]"),
    *("/subscriptions/", "10.1.0.4", "VirtualNetwork", "AzureCloud", "\u202e\x00", "10.0.0.0/255.0.0.0"),
]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, held in inner for found in _paths(held, (*path, key)))]


PATHS = [path for path in _paths(EXPORT) if path]


def _with(export: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put `value` at `path`, unless an earlier change took away what leads there."""
    with suppress(KeyError, IndexError, TypeError):
        for step in path[:-1]:
            export = export[step]
        if isinstance(export, dict) == isinstance(path[-1], str):
            export[path[-1]] = copy.deepcopy(value)


def _walk_everything(export: list[Any]) -> None:
    try:
        snapshot = resources_snapshot([("export.json", export)], "export")
    except SimulatorError:
        return
    network = build_network(snapshot)
    assert all(issue.code.startswith("VNS") and issue.message for issue in network.issues)
    predictions = packet_walk(DataPlane(network), Packets.of(FLOWS))
    assert [prediction.reason for prediction in predictions]
    for endpoint in network.endpoints:
        if endpoint.kind == "nic" and endpoint.subnet in network.subnets:
            routes_to_azure(effective_routes(network, endpoint.id))
            effective_security_rules(network, endpoint.id).to_azure()
    with suppress(SimulatorError):  # two NICs may claim one address by now
        explain(network, "10.2.0.4", "10.1.0.4:443")


def test_the_export_itself_is_a_network() -> None:
    network = build_network(resources_snapshot([("export.json", EXPORT)], "export"))
    assert [issue for issue in network.issues if issue.severity == "error"] == []
    reasons = [prediction.reason for prediction in packet_walk(DataPlane(network), Packets.of(FLOWS))]
    assert reasons[2] == "DELIVERED"
    _walk_everything(EXPORT)


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(NONSENSE)), min_size=1, max_size=3))
def test_nonsense_anywhere_gives_issues_and_verdicts(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    export = copy.deepcopy(EXPORT)
    for path, value in changes:
        _with(export, path, value)
    _walk_everything(export)
