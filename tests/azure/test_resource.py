"""Resource ids compare as Azure compares them; models read ARM's JSON in every shape people have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.virtual_network import VirtualNetwork

NETWORK = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-Net/providers/Microsoft.Network"
VNET = ResourceId(f"{NETWORK}/virtualNetworks/vnet-Hub")

names = st.text("abcXYZ019-_.", min_size=1, max_size=12)
ids = st.lists(names, min_size=1, max_size=9).map(lambda parts: "/" + "/".join(parts))


def recased(text: str, upper: list[bool]) -> str:
    return "".join(char.upper() if up else char.lower() for char, up in zip(text, upper, strict=True))


@given(ids, st.data())
def test_ids_are_equal_in_any_case(text: str, data: st.DataObject) -> None:
    flips = st.lists(st.booleans(), min_size=len(text), max_size=len(text))
    one, other = ResourceId(recased(text, data.draw(flips))), ResourceId(recased(text, data.draw(flips)))
    assert one == other == ResourceId(f" {text}/ ")
    assert hash(one) == hash(other)
    assert one.key == other.key
    assert not one < other
    assert one.type == other.type


@given(ids, ids)
def test_ids_differ_as_their_lower_case_differs(a: str, b: str) -> None:
    assert (ResourceId(a) == ResourceId(b)) == (a.lower() == b.lower())
    assert (ResourceId(a) < ResourceId(b)) == (a.lower() < b.lower())
    assert ResourceId(a) != a


@given(ids, names, names)
def test_a_child_knows_its_parent(text: str, kind: str, name: str) -> None:
    child = ResourceId(text).child(kind, name)
    assert child.parent == ResourceId(text)
    assert child.name == name


def test_the_parts_of_an_id() -> None:
    subnet = VNET.child("subnets", "snet-Web")
    assert str(subnet) == f"{NETWORK}/virtualNetworks/vnet-Hub/subnets/snet-Web"
    assert subnet.type == "microsoft.network/virtualnetworks/subnets"
    assert VNET.type == "microsoft.network/virtualnetworks"
    assert (subnet.name, subnet.parent.name) == ("snet-Web", "vnet-Hub")
    assert subnet.subscription == "00000000-0000-0000-0000-000000000001"
    assert subnet.resource_group == "rg-Net"


def test_the_type_is_that_of_the_last_provider() -> None:
    """An extension resource lies under another provider's resource."""
    assert ResourceId(f"{VNET}/providers/Microsoft.Insights/diagnosticSettings/d").type == (
        "microsoft.insights/diagnosticsettings"
    )


@pytest.mark.parametrize("text", ["internet", "", "/subscriptions/x", "/a/providers/Microsoft.Network"])
def test_an_id_without_a_provider_has_no_type(text: str) -> None:
    assert ResourceId(text).type == ""


# One virtual network, as ARM and Resource Graph write it.
NESTED: dict[str, Any] = {
    "id": str(VNET),
    "name": "vnet-Hub",
    "location": "westeurope",
    "properties": {
        "resourceGuid": "11111111-1111-1111-1111-111111111111",
        "addressSpace": {"addressPrefixes": ["10.1.0.0/22"]},
        "subnets": [
            {
                "id": str(VNET.child("subnets", "web")),
                "name": "web",
                "properties": {
                    "addressPrefix": "10.1.0.0/24",
                    "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/nsg"},
                    "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["westeurope"]}],
                    "defaultOutboundAccess": False,
                },
            }
        ],
        "virtualNetworkPeerings": [
            {
                "id": str(VNET.child("virtualNetworkPeerings", "to-spoke")),
                "name": "to-spoke",
                "properties": {
                    "remoteVirtualNetwork": {"id": f"{NETWORK}/virtualNetworks/spoke"},
                    "allowGatewayTransit": True,
                    "peeringState": "Connected",
                },
            }
        ],
        "encryption": None,
    },
}


def flattened(value: Any) -> Any:
    """As ``az … -o json`` prints it: no ``properties``."""
    if isinstance(value, list):
        return [flattened(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = value.get("properties", {})
    return {key: flattened(held) for key, held in {**inner, **value}.items() if key != "properties"}


def renamed(value: Any, spell: Any) -> Any:
    if isinstance(value, list):
        return [renamed(one, spell) for one in value]
    return {spell(key): renamed(held, spell) for key, held in value.items()} if isinstance(value, dict) else value


def snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, str.title, snake], ids=lambda spell: spell.__name__)
@pytest.mark.parametrize("shape", [dict, flattened], ids=["nested", "flattened"])
def test_every_shape_reads_the_same(shape: Any, spell: Any) -> None:
    read = VirtualNetwork.model_validate(renamed(shape(NESTED), spell))
    assert read == VirtualNetwork.model_validate(NESTED)
    assert read.prefixes == ("10.1.0.0/22",)
    assert read.resource_guid == "11111111-1111-1111-1111-111111111111"
    (subnet,), (peering,) = read.subnets, read.virtual_network_peerings
    assert subnet.prefixes == ("10.1.0.0/24",)
    assert subnet.network_security_group == ResourceId(f"{NETWORK}/networkSecurityGroups/nsg")
    assert subnet.service_endpoints[0].service == "Microsoft.Storage"
    assert subnet.default_outbound_access is False
    assert subnet.virtual_network == peering.virtual_network == VNET
    assert peering.remote_virtual_network == ResourceId(f"{NETWORK}/virtualNetworks/spoke")
    assert (peering.allow_gateway_transit, peering.use_remote_gateways) == (True, False)


@pytest.mark.parametrize("absent", [{}, {"subnets": None}, {"subnets": []}], ids=["missing", "null", "empty"])
def test_an_absent_list_is_empty(absent: dict[str, Any]) -> None:
    assert VirtualNetwork.model_validate({"id": str(VNET), "properties": absent}).subnets == ()


def test_a_name_is_read_off_the_id() -> None:
    assert VirtualNetwork.model_validate({"id": str(VNET)}).name == "vnet-Hub"
    assert VirtualNetwork.model_validate({"ID": str(VNET) + "/", "name": ""}).name == "vnet-Hub"


def test_a_reference_is_an_object_or_a_bare_id() -> None:
    nic = f"{NETWORK}/networkInterfaces/nic"
    group = f"{NETWORK}/networkSecurityGroups/nsg"
    for written in (group, {"id": group}, {"ID": group, "resourceGroup": "rg-Net"}):
        read = NetworkInterface.model_validate({"id": nic, "networkSecurityGroup": written})
        assert read.network_security_group == ResourceId(group)
    assert NetworkInterface.model_validate({"id": nic, "networkSecurityGroup": None}).network_security_group is None


def test_singular_and_plural_prefixes_are_alternatives() -> None:
    both = {"id": str(VNET.child("subnets", "s")), "addressPrefix": "10.0.0.0/24"}
    subnet = VirtualNetwork.model_validate({"id": str(VNET), "subnets": [{**both, "addressPrefixes": None}]}).subnets[0]
    assert subnet.prefixes == ("10.0.0.0/24",)
    dual = {**both, "addressPrefix": None, "addressPrefixes": ["10.0.0.0/24", "fd00::/64"]}
    assert VirtualNetwork.model_validate({"id": str(VNET), "subnets": [dual]}).subnets[0].prefixes == (
        "10.0.0.0/24",
        "fd00::/64",
    )


def test_models_are_frozen_and_keep_ids_as_written() -> None:
    read = VirtualNetwork.model_validate(NESTED)
    assert read.model_dump(mode="json")["id"] == str(VNET)
    field = "location"
    with pytest.raises(ValidationError):
        setattr(read, field, "northeurope")


@pytest.mark.parametrize("wrong", [None, "text", 3, [], {}, {"id": ""}, {"id": 3}, {"id": str(VNET), "subnets": "web"}])
def test_what_is_no_virtual_network_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        VirtualNetwork.model_validate(wrong)
