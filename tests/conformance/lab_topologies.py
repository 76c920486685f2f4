"""The networks of the published labs, rebuilt from the text around each pasted route table.

What the text leaves open and the table alone shows is an input here, as it would be for a user (learned routes,
addresses), and `Lab.given` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource
from simulator.azure.snapshot import LearnedRoute
from simulator.network.model import Network
from tests.network.arm import Json, gateway, network, nic, peering, public_ip, rid, subnet, table, vnet, vnet_id


@dataclass(frozen=True)
class Lab:
    """A lab's network, the interface that was asked, and what of the pasted table can be compared.

    `given` names facts taken from the table itself. `cut` says which of our rows the paste leaves out: ``None`` rows
    where it shows none although nothing overrides them, or every row that the paste does not show.
    """

    network: Network
    interface: str
    given: str = ""
    cut: str = ""


REMOVED_NONE = "None rows removed by the author"
ONLY_SHOWN = "the paste is cut: only the rows it shows"

# mddazure/subnet-peering: vnet-left 10.0/16, vnet-right 10.1/16, subnets 0 to 2 in each


def _pair(left: list[str], right: list[str], from_left: Json, from_right: Json, **more: str) -> Network:
    subnets = {f"subnet{number}": f"10.0.{number}.0/24" for number in range(3)} | more
    far = {f"subnet{number}": f"10.1.{number}.0/24" for number in range(3)}
    interfaces = {"left-1701": "left/subnet1", "left-0681": "left/subnet0", "left-2809": "left/subnet2"}
    interfaces |= {"right-0814": "right/subnet0", "right-159": "right/subnet1", "right-2283": "right/subnet2"}
    return network(
        vnet("left", left, subnets, [peering("right", **from_left)]),
        vnet("right", right, far, [peering("left", **from_right)]),
        *(nic(name, place) for name, place in interfaces.items()),
    )


def _subnets(local: list[str], remote: list[str]) -> Json:
    return {"peerCompleteVnets": False, "localSubnetNames": local, "remoteSubnetNames": remote}


def _subnet_peering(shared: str) -> Network:
    """Left subnet1 with right subnet0 and subnet2; `shared` is in both VNets."""
    return _pair(
        ["10.0.0.0/16", shared],
        ["10.1.0.0/16", shared],
        _subnets(["subnet1"], ["subnet0", "subnet2"]),
        _subnets(["subnet0", "subnet2"], ["subnet1"]),
    )


def _firewall_peering() -> Network:
    """Only the firewall's subnet on the left is peered with the subnets on the right."""
    right = [f"subnet{number}" for number in range(3)]
    return _pair(
        ["10.0.0.0/16", "172.16.0.0/16"],
        ["10.1.0.0/16", "172.16.0.0/16"],
        _subnets(["AzureFirewallSubnet"], right),
        _subnets(right, ["AzureFirewallSubnet"]),
        AzureFirewallSubnet="10.0.4.0/26",
    )


def _subnet_labs() -> dict[str, Lab]:
    overlap = "the space 172.16.0.0/24 in both"
    asked = {"04": "left-0681", "05": "left-2809", "07": "right-159", "08": "right-2283"}
    whole = _pair(["10.0.0.0/16"], ["10.1.0.0/16"], {}, {})
    labs = {"01": Lab(whole, "left-1701", cut=REMOVED_NONE)}
    labs |= {
        number: Lab(_subnet_peering("172.16.0.0/24"), name, overlap, REMOVED_NONE) for number, name in asked.items()
    }
    prefixes = "the space 172.16.0.0/16 in both, the prefix of AzureFirewallSubnet"
    labs["10"] = Lab(_firewall_peering(), "right-159", prefixes, REMOVED_NONE + ", and a row of another case")
    return {f"lab-subnet-peering-{number}": lab for number, lab in labs.items()}


# erjosito/azure-networking-lab: hub myVnet4, spokes myVnet1 to 3 (myVnet3 in another region), site myVnet5


def _spokes(routes: Mapping[int, Mapping[str, str]]) -> Network:
    """The hub with its spokes; `routes` gives the route table of a spoke's subnet."""
    spokes = [
        vnet(
            f"myVnet{number}",
            f"10.{number}.0.0/16",
            {f"myVnet{number}Subnet1": subnet(f"10.{number}.1.0/24", table=f"vnet{number}-subnet1")},
            [peering("myVnet4", allowForwardedTraffic=True)],
            location="northeurope" if number == 3 else "westeurope",
        )
        for number in (1, 2, 3)
    ]
    hub_subnets = {"GatewaySubnet": "10.4.0.0/24", "myVnet4Subnet1": "10.4.1.0/24", "nva": "10.4.2.0/24"}
    return network(
        *spokes,
        vnet("myVnet4", "10.4.0.0/16", hub_subnets, [peering(f"myVnet{number}") for number in (1, 2, 3)]),
        *(table(f"vnet{number}-subnet1", routes.get(number, {})) for number in (1, 2, 3)),
        *(nic(f"myVnet{at}-vm1-nic", f"myVnet{at}/myVnet{at}Subnet1", f"10.{at}.1.4") for at in (1, 2, 3)),
        nic("linuxnva-1-nic0", "myVnet4/nva", "10.4.2.101", enableIPForwarding=True),
    )


def _site() -> Network:
    """myVnet5 behind a VPN that speaks BGP with myVnet4's."""
    learned = tuple(LearnedRoute(prefix, "172.176.83.53") for prefix in ("10.4.0.254/32", "10.4.0.0/16"))
    return network(
        vnet("myVnet5", "10.5.0.0/16", {"GatewaySubnet": "10.5.0.0/24", "myVnet5Subnet1": "10.5.1.0/24"}),
        nic("myVnet5-vm1-nic", "myVnet5/myVnet5Subnet1", "10.5.1.4"),
        gateway("vnet5Gw", "myVnet5", bgp=True, public="vnet5Gw-pip"),
        public_ip("vnet5Gw-pip", "172.176.83.53"),
        learned_routes={rid("virtualNetworkGateways", "vnet5Gw"): learned},
    )


def _networking_labs() -> dict[str, Lab]:
    nva, balancer, gateway_address = "10.4.2.101", "10.4.2.100", "10.4.0.4"
    private, whole, own = "10.0.0.0/8", "0.0.0.0/0", "10.1.1.0/24"
    steps: dict[str, tuple[int, dict[int, dict[str, str]], str]] = {
        "01": (1, {}, ""),
        "02": (1, {1: {"rfc1918-1": f"{private} -> {nva}"}}, ""),
        "05": (2, {2: {"default": f"{whole} -> {nva}"}}, ""),
        "06": (3, {3: {"default": f"{whole} -> {nva}"}}, ""),
        "07": (1, {1: {"rfc1918-1": f"{private} -> {nva}"}}, ONLY_SHOWN),
        "08": (3, {3: {"default": f"{whole} -> {balancer}"}}, ""),
        "09": (2, {2: {"default": f"{whole} -> {balancer}"}}, ""),
    }
    by_gateway = {"rfc1918-1": f"{private} -> {gateway_address}", "vnet1-subnet1": f"{own} -> {gateway_address}"}
    steps |= {number: (1, {1: by_gateway}, "") for number in ("10", "12")}
    labs = {
        number: Lab(_spokes(routes), f"myVnet{spoke}-vm1-nic", cut=cut)
        for number, (spoke, routes, cut) in steps.items()
    }
    labs["11"] = Lab(_site(), "myVnet5-vm1-nic", "the prefixes learned by BGP", ONLY_SHOWN)
    return {f"lab-azure-networking-lab-{number}": lab for number, lab in labs.items()}


# mddazure/avnm-demo: hub 10.0.0/24, spokes 10.0.1/24 to 10.0.9/24 in one directly connected group


def _avnm() -> Lab:
    numbers = range(1, 10)
    prefixes = [f"10.0.{number}.0/24" for number in range(10, 20)] + ["10.0.10.158/32"]
    learned = tuple(LearnedRoute(prefix, "20.13.72.192") for prefix in prefixes)
    spokes: list[Resource] = [
        vnet(f"vnet{at}", f"10.0.{at}.0/24", {"vm": f"10.0.{at}.0/26"}, [peering("hub", useRemoteGateways=True)])
        for at in numbers
    ]
    manager = rid("networkManagers", "avnm")
    group = f"{manager}/networkGroups/production"
    configuration = f"{manager}/connectivityConfigurations/hub-spoke"
    members = [
        {"id": f"{group}/staticMembers/{at}", "properties": {"resourceId": str(vnet_id(f"vnet{at}"))}} for at in numbers
    ]
    applied = {"networkGroupId": group, "groupConnectivity": "DirectlyConnected", "useHubGateway": "True"}
    demo = NetworkManager.model_validate(
        {
            "id": str(manager),
            "networkGroups": [{"id": group, "staticMembers": members}],
            "connectivityConfigurations": [
                {"id": configuration, "connectivityTopology": "HubAndSpoke", "appliesToGroups": [applied]}
            ],
        }
    )
    held = network(
        *spokes,
        vnet(
            "hub",
            "10.0.0.0/24",
            {"GatewaySubnet": "10.0.0.64/26"},
            [peering(f"vnet{at}", allowGatewayTransit=True) for at in numbers],
        ),
        nic("VMNic-1", "vnet1/vm", "10.0.1.4"),
        gateway("gw", "hub", bgp=True),
        demo,
        learned_routes={rid("virtualNetworkGateways", "gw"): learned},
        deployments={"westeurope": (demo.connectivity_configurations[0].id,)},
    )
    return Lab(held, "VMNic-1", "the prefixes learned by BGP", REMOVED_NONE)


def labs() -> dict[str, Lab]:
    """Every published lab by the name of its recording."""
    return _subnet_labs() | _networking_labs() | {"lab-avnm-demo-02": _avnm()}
