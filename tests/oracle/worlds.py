"""Small networks that several tests of the oracle share, and short ways to ask about a packet."""

from __future__ import annotations

from simulator.azure.snapshot import Snapshot
from tests.oracle.arm import collection, network_rule
from tests.oracle.builder import Builder
from tests.oracle.packet_walk import judge

TCP, UDP, ICMP, ESP = 6, 17, 1, 50
CLIENT = "203.0.113.9"


def reason(snapshot: Snapshot, source: str, destination: str, port: int = 443, protocol: int = TCP) -> str:
    return judge(snapshot, source, destination, protocol, 50000, port).reason


def rules(snapshot: Snapshot, source: str, destination: str, port: int = 443, protocol: int = TCP) -> list[str]:
    """``nic direction verdict rule`` of every decision."""
    found = judge(snapshot, source, destination, protocol, 50000, port).decisions
    return [f"{d.endpoint.name} {d.direction} {d.verdict} {d.rule.name if d.rule else '-'}" for d in found]


def one_vnet(**subnet_b: object) -> Builder:
    """a (10.1.0.4, no group) and b (10.1.1.4) in two subnets of one VNet."""
    world = Builder()
    world.vnet("v", ["10.1.0.0/16"], {"a": "10.1.0.0/24", "b": {"prefixes": "10.1.1.0/24", **subnet_b}})
    world.nic("nic-a", "v", "a", "10.1.0.4")
    world.nic("nic-b", "v", "b", "10.1.1.4")
    return world


def hub_and_spokes(*, forwarded: bool = True, **spoke: object) -> Builder:
    """hub 10.0/16 with a firewall at 10.0.1.4, spokes 10.1/16 and 10.2/16 with 0/0 to it."""
    world = Builder()
    world.vnet(
        "hub",
        ["10.0.0.0/16"],
        {"AzureFirewallSubnet": "10.0.1.0/26", "GatewaySubnet": "10.0.0.0/24", "nva": "10.0.2.0/24"},
    )
    world.route_table("rt", {"0.0.0.0/0": "10.0.1.4"}, propagate=False)
    for number in (1, 2):
        world.vnet(
            f"spoke{number}", [f"10.{number}.0.0/16"], {"s": {"prefixes": f"10.{number}.0.0/24", "rt": "rt", **spoke}}
        )
        world.link("hub", f"spoke{number}", allowGatewayTransit=True)
        world.link(f"spoke{number}", "hub", allowForwardedTraffic=forwarded, useRemoteGateways=True)
        world.nic(f"nic{number}", f"spoke{number}", "s", f"10.{number}.0.4")
    return world


def allow_everything() -> list[dict[str, object]]:
    return [collection("all", 100, "Allow", network_rule("any"))]
