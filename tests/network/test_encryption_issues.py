"""What does not go with encryption is told where a virtual network encrypts, and only there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.network_interface import VirtualMachine
from simulator.azure.resource import Resource
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import VirtualNetwork
from tests.network.arm import network, nic, rid, subnet, subnet_id, vnet

CODES = ("VNS2072", "VNS2073", "VNS2074", "VNS2075", "VNS2076", "VNS2077")


def encrypting(resource: Resource, enforcement: str = "AllowUnencrypted", enabled: bool = True) -> Resource:
    setting = {"enabled": enabled, "enforcement": enforcement}
    return VirtualNetwork.model_validate(resource.model_dump(exclude_unset=True) | {"encryption": setting})


V = encrypting(vnet("v", "10.0.0.0/16", {"s": "10.0.0.0/24"}))


def machine(name: str, size: str, address: str, *more: str, **fields: Any) -> tuple[Resource, Resource]:
    fields = {"enableAcceleratedNetworking": True} | fields
    held = {
        "id": str(rid("virtualMachines", name)),
        "properties": {
            "hardwareProfile": {"vmSize": size},
            "networkProfile": {"networkInterfaces": [{"id": str(rid("networkInterfaces", f"{name}-nic"))}]},
        },
    }
    return VirtualMachine.model_validate(held), nic(f"{name}-nic", "v/s", address, *more, **fields)


def balancer(*members: tuple[str, str], public: bool = False) -> Resource:
    """`members` are (NIC, IP configuration)."""
    own = str(rid("loadBalancers", "lb"))
    frontend = {"publicIPAddress": {"id": str(rid("publicIPAddresses", "pip"))}}
    if not public:
        frontend = {"subnet": {"id": str(subnet_id("v/s"))}, "privateIPAddress": "10.0.0.200"}  # type: ignore[dict-item]
    configurations = [{"id": f"{rid('networkInterfaces', name)}/ipConfigurations/{held}"} for name, held in members]
    rule = {
        "protocol": "Tcp",
        "frontendPort": 443,
        "backendPort": 443,
        "frontendIPConfiguration": {"id": f"{own}/frontendIPConfigurations/fe"},
        "backendAddressPool": {"id": f"{own}/backendAddressPools/p"},
    }
    return LoadBalancer.model_validate(
        {
            "id": own,
            "sku": {"name": "Standard"},
            "properties": {
                "frontendIPConfigurations": [
                    {"id": f"{own}/frontendIPConfigurations/fe", "name": "fe", "properties": frontend}
                ],
                "backendAddressPools": [
                    {
                        "id": f"{own}/backendAddressPools/p",
                        "name": "p",
                        "properties": {"backendIPConfigurations": configurations},
                    }
                ],
                "loadBalancingRules": [{"id": f"{own}/loadBalancingRules/r", "name": "r", "properties": rule}],
            },
        }
    )


def found(*resources: Resource) -> list[Issue]:
    return [issue for issue in network(*resources).issues if issue.code in CODES]


NEW, OLD = machine("vm-new", "Standard_D2s_v5", "10.0.0.4"), machine("vm-old", "Standard_B2ms", "10.0.0.5")
ADDED = machine("vm-added", "Standard_D2s_v5", "10.0.0.6", "10.0.0.7")
CASES: dict[str, tuple[str, str, str, Iterable[Resource]]] = {
    "drop": ("VNS2072", "warning", "v: enforcement DropUnencrypted", [encrypting(V, "DropUnencrypted")]),
    "resolver": (
        "VNS2073",
        "warning",
        "r: a DNS private resolver",
        [
            encrypting(
                vnet("v", "10.0.0.0/16", {"r": subnet("10.0.1.0/28", delegation="Microsoft.Network/dnsResolvers")})
            )
        ],
    ),
    "confidential": (
        "VNS2074",
        "warning",
        "vm-c: Standard_DC4as_v5 is for confidential computing",
        [V, *machine("vm-c", "Standard_DC4as_v5", "10.0.0.9")],
    ),
    "not accelerated": (
        "VNS2075",
        "info",
        "vm-s: accelerated networking is off",
        [V, *machine("vm-s", "Standard_D2s_v5", "10.0.0.9", enableAcceleratedNetworking=False)],
    ),
    "mixed pool": (
        "VNS2076",
        "warning",
        "lb is a load balancer with a backend that cannot encrypt: vm-old: Standard_B2ms does not support it",
        [V, *NEW, *OLD, balancer(("vm-new-nic", "ip0"), ("vm-old-nic", "ip0"))],
    ),
    "secondary address": (
        "VNS2077",
        "warning",
        "lb: vm-added is a backend by a secondary address",
        [V, *ADDED, balancer(("vm-added-nic", "ip1"))],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_issue_is_raised_with_the_value_the_place_and_the_way_out(case: str) -> None:
    code, severity, message, resources = CASES[case]
    [issue] = found(*resources)
    assert (issue.code, issue.severity) == (code, severity)
    assert issue.message.startswith(message)
    assert issue.place.startswith("/subscriptions/") and issue.hint


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_said_where_encryption_is_off(case: str) -> None:
    """Nor where the network only asks for enforcement."""
    resources = [
        encrypting(held, "DropUnencrypted", enabled=False) if isinstance(held, VirtualNetwork) else held
        for held in CASES[case][3]
    ]
    assert found(*resources) == []


@pytest.mark.parametrize(
    "resources",
    [
        [V, *NEW, *OLD],
        [V, *NEW, *ADDED, balancer(("vm-new-nic", "ip0"), ("vm-added-nic", "ip0"))],
        [V, *NEW, *OLD, balancer(("vm-new-nic", "ip0"), ("vm-old-nic", "ip0"), public=True)],
        [V, *machine("vm-u", "Standard_D2s_v5", "10.0.0.9", enableAcceleratedNetworking=None)],
    ],
    ids=["machines", "a good pool", "a public load balancer", "accelerated networking not said"],
)
def test_what_goes_together_is_no_issue(resources: list[Resource]) -> None:
    assert found(*resources) == []
