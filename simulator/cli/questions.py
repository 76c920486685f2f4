"""Finds the NIC or subnet that a command line names, or says what there is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.errors import QuestionError

if TYPE_CHECKING:
    from simulator.azure.resource import ResourceId
    from simulator.azure.virtual_network import Subnet
    from simulator.network.model import Endpoint, Network


def find_nic(network: Network, name: str) -> Endpoint:
    """The NIC of that name, VM name, address or id. Raises QuestionError (VNS5011) when there is not exactly one."""
    from simulator.sources.problems import did_you_mean

    endpoint = network.endpoint(name)
    if endpoint is not None and endpoint.kind == "nic":
        return endpoint
    nics = [held for held in network.endpoints if held.kind == "nic"]
    if endpoint is not None:
        hint = "a firewall has no NIC of its own; ask for its subnet"
    elif sum(_is_called(held, name) for held in nics) > 1:
        hint = "several NICs are called that: give the full resource id"
    else:
        hint = did_you_mean(name, [held.name for held in nics], otherwise="NICs there are")
    raise QuestionError(f"no single NIC is called {name!r}", code="VNS5011", hint=hint)


def find_subnet(network: Network, name: str) -> Subnet | None:
    """The subnet of that id, ``vnet/subnet`` or name; None when there is none or more than one."""
    wanted = name.strip().strip("/").lower()
    found = [subnet for subnet in network.subnets.values() if wanted in _names_of_subnet(subnet.id)]
    return found[0] if len(found) == 1 else None


def require_subnet(network: Network, name: str) -> Subnet:
    """As `find_subnet`; raises QuestionError (VNS5012) instead of None."""
    from simulator.sources.problems import did_you_mean

    subnet = find_subnet(network, name)
    if subnet is None:
        known = [f"{held.id.parent.name}/{held.id.name}" for held in network.subnets.values()]
        called = [full for full in known if full.lower().endswith(f"/{name.strip().lower()}")]
        hint = did_you_mean(name, known, otherwise="subnets there are")
        hint = f"say which: {', '.join(called[:6])}" if called else hint
        raise QuestionError(f"no single subnet is called {name!r}", code="VNS5012", hint=hint)
    return subnet


def find_place(network: Network, name: str) -> Endpoint | Subnet:
    """The NIC or subnet of that name. Raises QuestionError (VNS5011, VNS5012)."""
    if network.endpoint(name) is not None:
        return find_nic(network, name)
    subnet = find_subnet(network, name)
    if subnet is not None:
        return subnet
    if "/" in name or any(held.id.name.lower() == name.strip().lower() for held in network.subnets.values()):
        return require_subnet(network, name)
    return find_nic(network, name)


def _is_called(endpoint: Endpoint, name: str) -> bool:
    return name.strip().lower() in {endpoint.name.lower(), endpoint.id.name.lower(), *endpoint.addresses}


def _names_of_subnet(subnet: ResourceId) -> set[str]:
    return {subnet.key.strip("/"), subnet.name.lower(), f"{subnet.parent.name}/{subnet.name}".lower()}
