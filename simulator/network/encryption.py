"""Virtual network encryption, as far as it depends on the network alone: who encrypts, who can, and who never does.

Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from msgspec import Struct

from simulator.azure.firewall import AzureFirewall
from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import VirtualNetwork
from simulator.data.vm_sizes import supports_encryption
from simulator.network.balancers import balanced_rules
from simulator.network.memo import per_network
from simulator.network.model import Endpoint, Network

_APPLICATION_GATEWAY = "microsoft.network/applicationgateways"
#: Whether a firewall encrypts, by its tier in lower case: only Premium stands on machines that do.
_FIREWALL_TIERS = {"premium": True, "standard": False, "basic": False}


class Support(Struct, frozen=True):
    """Whether what an endpoint sends and receives can be encrypted; None: not known.

    `text` says why not, or what is not known, with the endpoint's name; it is empty where it can be.
    """

    is_supported: bool | None
    text: str = ""


def is_encrypting(network: Network, virtual_network: ResourceId) -> bool | None:
    """Whether encryption is switched on in a virtual network; None for one that the export does not hold."""
    held = network.virtual_networks.get(virtual_network)
    return None if held is None else held.encryption is not None and held.encryption.enabled


def drops_unencrypted(network: Network, virtual_network: ResourceId) -> bool:
    """Whether a virtual network encrypts and asks for DropUnencrypted, a value that Azure does not support yet."""
    held = network.virtual_networks.get(virtual_network)
    return held is not None and asks_to_drop(held)


def asks_to_drop(virtual_network: VirtualNetwork) -> bool:
    setting = virtual_network.encryption
    return setting is not None and setting.enabled and setting.enforcement.lower() == "dropunencrypted"


@per_network
def bystander(network: Network, endpoint: Endpoint) -> str:
    """Why traffic with an endpoint is never encrypted, whatever its virtual network says; empty where it may be."""
    if endpoint.private_endpoint is not None:
        return f"{endpoint.name} is a private endpoint, which takes no part in encryption"
    if endpoint.id.type == _APPLICATION_GATEWAY:
        return f"{endpoint.name} is an application gateway, which takes no part in encryption"
    if endpoint.kind == "firewall" and _firewall(network, endpoint) is False:
        return f"{endpoint.name} is Azure Firewall {_tier(network, endpoint)}, which takes no part in encryption"
    return ""


@per_network
def support(network: Network, endpoint: Endpoint) -> Support:
    """Whether an endpoint that is no `bystander` and no frontend can encrypt.

    A NIC needs a machine of a supported size and accelerated networking; ``vnetEncryptionSupported``, where the export
    has it, is what Azure itself says of the machine and beats the list of sizes.
    """
    if endpoint.kind == "nic":
        return _nic(network, endpoint)
    if endpoint.kind == "firewall":
        is_premium = _firewall(network, endpoint)
        return Support(is_premium, "" if is_premium else f"the tier of {endpoint.name} is not known")
    return Support(None, f"which machines carry {endpoint.name} is not known")


@per_network
def pool_support(network: Network, frontend: ResourceId) -> Support:
    """Whether every backend behind an internal frontend can encrypt: Azure supports no pool where only some can."""
    rules = balanced_rules(network, frontend)
    name = frontend.parent.name
    backends = {held.endpoint for rule in rules for held in rule.backends}
    found = [support(network, held) for backend in sorted(backends) if (held := network.endpoint(backend)) is not None]
    lacking = next((held for held in found if held.is_supported is False), None)
    if lacking is not None:
        return Support(False, f"{name} is a load balancer with a backend that cannot encrypt: {lacking.text}")
    unknown = next((held for held in found if held.is_supported is None), None)
    if unknown is not None:
        return Support(None, f"{name} is a load balancer with a backend of which it is not known: {unknown.text}")
    if not found or len(found) < len(backends) or any(rule.has_unknown_members for rule in rules):
        return Support(None, f"{name} is a load balancer with backends that are not in the export")
    return Support(True)


def _nic(network: Network, endpoint: Endpoint) -> Support:
    nic = network.snapshot.get(endpoint.id, NetworkInterface)
    flag = nic.vnet_encryption_supported if nic is not None else None
    accelerated = nic.enable_accelerated_networking if nic is not None else None
    name, size = endpoint.name, _size(network, endpoint)
    by_size = supports_encryption(size) if size else None
    if flag is False:
        return Support(False, f"{name}: its NIC says that vnetEncryptionSupported is false")
    if by_size is False and flag is None:
        return Support(False, f"{name}: {size} does not support it")
    if accelerated is False:
        return Support(False, f"{name}: accelerated networking is off")
    if flag:
        return Support(True)
    if not size:
        return Support(None, f"{name}: the export does not tell the size of its machine")
    if by_size is None:
        return Support(None, f"{name}: whether {size} supports it is not known")
    if accelerated is None:
        return Support(None, f"{name}: the export does not tell whether accelerated networking is on")
    return Support(True)


def _size(network: Network, endpoint: Endpoint) -> str:
    machine = network.snapshot.get(endpoint.virtual_machine, VirtualMachine)
    return (machine.hardware_profile.vm_size if machine is not None else None) or ""


def _firewall(network: Network, endpoint: Endpoint) -> bool | None:
    return _FIREWALL_TIERS.get(_tier(network, endpoint).lower())


def _tier(network: Network, endpoint: Endpoint) -> str:
    held = network.snapshot.get(endpoint.id, AzureFirewall)
    return held.sku.tier if held is not None else ""
