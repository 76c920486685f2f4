"""What the words for the ends of a question stand for: names, addresses, sets of them, services, on-premises hosts."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.platform_service import StorageAccount
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import OnPremisesNetwork
from simulator.errors import QuestionError
from simulator.network.model import Network
from simulator.network.platform.platform_services import services
from simulator.network.service_tags import tag_prefixes
from simulator.space.addresses import Prefix, parse_address
from simulator.walk import question_sets
from simulator.walk.explain import explain
from simulator.walk.questions import parse_question
from tests.network.arm import gateway, network, nic, peering, rid, subnet_id, vnet

STORAGE = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts"
GATEWAY = rid("virtualNetworkGateways", "gw")


def storage(name: str) -> StorageAccount:
    return StorageAccount.model_validate({"id": f"{STORAGE}/{name}", "location": "westeurope", "properties": {}})


def private_endpoint(name: str, service: str, place: str, status: str = "Approved") -> PrivateEndpoint:
    connection = {
        "privateLinkServiceId": f"{STORAGE}/{service}",
        "groupIds": ["blob"],
        "privateLinkServiceConnectionState": {"status": status},
    }
    return PrivateEndpoint.model_validate(
        {
            "id": str(rid("privateEndpoints", name)),
            "subnet": {"id": str(subnet_id(place))},
            "privateLinkServiceConnections": [{"name": name, "properties": connection}],
        }
    )


def balancer(name: str, **frontends: dict[str, Any]) -> LoadBalancer:
    identity = rid("loadBalancers", name)
    held = [
        {"id": str(identity.child("frontendIPConfigurations", one)), "name": one, "properties": properties}
        for one, properties in frontends.items()
    ]
    return LoadBalancer.model_validate(
        {"id": str(identity), "sku": {"name": "Standard"}, "frontendIPConfigurations": held}
    )


def frontend(address: str) -> dict[str, Any]:
    return {"privateIPAddress": address, "subnet": {"id": str(subnet_id("spoke/web"))}}


@pytest.fixture(scope="module")
def world() -> Network:
    return network(
        vnet("hub", "10.0.0.0/16", {"GatewaySubnet": "10.0.0.0/24", "pe": "10.0.1.0/24"}, [peering("spoke")]),
        vnet("spoke", "10.1.0.0/16", {"web": "10.1.0.0/24", "sql": "10.1.1.0/24"}, [peering("hub")]),
        vnet("island", "10.9.0.0/16", {"web": "10.9.0.0/24"}),
        nic("vm-web1", "spoke/web", "10.1.0.4"),
        nic("vm-web2", "spoke/web", "10.1.0.5"),
        nic("vm-sql1", "spoke/sql", "10.1.1.4"),
        nic("vm-far", "island/web", "10.9.0.4"),
        nic("pe-st01-nic", "hub/pe", "10.0.1.9", private_endpoint="pe-st01"),
        private_endpoint("pe-st01", "st01", "hub/pe"),
        private_endpoint("pe-st02", "st02", "hub/pe", "Pending"),
        storage("st01"),
        storage("st02"),
        balancer("lb-web", fe=frontend("10.1.0.10")),
        balancer("lb-two", a=frontend("10.1.0.11"), b=frontend("10.1.0.12")),
        gateway("gw", "hub"),
        on_premises=(OnPremisesNetwork("hq", ("192.168.0.0/16",), ResourceId(str(GATEWAY)), {"dc1": "192.168.10.20"}),),
        service_addresses={ResourceId(f"{STORAGE}/st02"): ("203.0.113.20",)},
        names={"updates.example.com": ("198.51.100.7",), "st01.blob.internal": ("10.0.1.9",)},
    )


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("vm-sql1", "10.1.1.4"),
        ("10.1.1.4", "10.1.1.4"),
        ("10.1.1.0/24", "10.1.1.4"),
        ("10.1.7.0/24", "10.1.7.4"),
        ("spoke/sql", "10.1.1.4"),
        ("SQL", "10.1.1.4"),
        (str(subnet_id("spoke/sql")), "10.1.1.4"),
        ("dc1", "192.168.10.20"),
        ("onprem:dc1", "192.168.10.20"),
        ("onprem:192.168.3.3", "192.168.3.3"),
        ("lb-web", "10.1.0.10"),
        ("lb-two/b", "10.1.0.12"),
        ("pe-st01", "10.0.1.9"),
        ("updates.example.com", "198.51.100.7"),
        ("st01.blob.internal", "10.0.1.9"),
        ("st02", "203.0.113.20"),
        ("st02.blob", "203.0.113.20"),
        ("ST02.blob.core.windows.net", "203.0.113.20"),
        (f"{STORAGE}/st02", "203.0.113.20"),
        ("AzureLoadBalancer", "168.63.129.16"),
    ],
)
def test_a_destination_in_the_words_people_use(world: Network, name: str, address: str) -> None:
    asked = parse_question(world, "vm-web1", f"{name}:443")
    assert (asked.destination, asked.destination_port, asked.destination_label) == (address, 443, name)


@pytest.mark.parametrize("name", ["AzureLoadBalancer", "spoke/web", "10.1.0.0/24", "onprem:dc1", "Internet", "Storage"])
def test_a_source_in_the_words_people_use(world: Network, name: str) -> None:
    asked = parse_question(world, name, "vm-sql1:1433")
    assert (asked.destination, asked.source_label) == ("10.1.1.4", name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spoke/sql:1433", ("spoke/sql", 1433, 6)),
        ("spoke/sql:53/udp", ("spoke/sql", 53, 17)),
        ("spoke/sql/icmp", ("spoke/sql", 0, 1)),
        ("10.1.1.0/24/icmp", ("10.1.1.0/24", 0, 1)),
        ("10.1.1.0/24:22/TCP", ("10.1.1.0/24", 22, 6)),
        ("onprem:192.168.3.3:22", ("onprem:192.168.3.3", 22, 6)),
        ("onprem:192.168.3.3/icmp", ("onprem:192.168.3.3", 0, 1)),
        ("Storage.WestEurope:443", ("Storage.WestEurope", 443, 6)),
    ],
)
def test_port_and_protocol_stand_behind_any_name(world: Network, text: str, expected: tuple[str, int, int]) -> None:
    asked = parse_question(world, "vm-web1", text)
    assert (asked.destination_label, asked.destination_port, asked.protocol) == expected


def test_ipv6_prefixes_take_a_port_in_brackets() -> None:
    held = network(
        vnet("v", ["10.0.0.0/16", "fd00::/48"], {"s": ["10.0.0.0/24", "fd00::/64"]}),
        nic("a", "v/s", "fd00::4"),
        nic("b", "v/s", "fd00::5"),
    )
    for text, port in (("[fd00::/64]:443", 443), ("fd00::/64/icmp", 0)):
        asked = parse_question(held, "a", text)
        assert (asked.destination, asked.destination_port) == ("fd00::5", port)
    assert str(parse_question(held, "a", "[fd00::/64]:443")) == "a → [fd00::/64]:443/tcp"


@pytest.mark.parametrize(
    ("source", "destination", "code", "hint"),
    [
        ("vm-web1", "web:80", "VNS5012", "island/web, spoke/web"),
        ("vm-web1", "lb-two:80", "VNS5015", "lb-two/a (10.1.0.11), lb-two/b (10.1.0.12)"),
        ("vm-web1", "onprem:10.77.0.1:80", "VNS5021", "192.168.0.0/16"),
        ("vm-web1", "onprem:nobody:80", "VNS5021", "dc1"),
        ("st02", "vm-web1:80", "VNS5024", "as the source"),
        ("Internet", "VirtualNetwork:80", "VNS5014", "subnet"),
        ("vm-web1", "st03.blob:443", "VNS5005", "st01.blob"),
        ("vm-web1", "spoke/sqll:443", "VNS5005", "spoke/sql"),
        ("vm-web1", "pe-st1:443", "VNS5005", "pe-st01"),
        ("vm-web1", ":443", "VNS5001", "NAME:PORT"),
        ("vm-web1", "vm:a:b", "VNS5001", "NAME:PORT"),
        ("vm-web1", "spoke/sql", "VNS5002", "spoke/sql:443"),
        ("10.1.0.4", "10.1.0.4/32:80", "VNS5010", "own sender"),
    ],
)
def test_what_cannot_be_asked_is_answered_with_the_way_out(
    world: Network, source: str, destination: str, code: str, hint: str
) -> None:
    with pytest.raises(QuestionError) as raised:
        parse_question(world, source, destination)
    assert raised.value.code == code
    assert hint in raised.value.hint


def test_a_service_without_a_declared_address_is_asked_at_one_of_its_tag(world: Network) -> None:
    asked = parse_question(world, "vm-far", "st01.blob:443")
    assert services(world)[asked.service].name == "st01"
    value = parse_address(asked.destination)
    assert any(prefix.low <= value <= prefix.high for prefix in tag_prefixes(world, "Storage.westeurope") or ())
    assert asked.notes == (
        f"the public address of st01 is not declared: {asked.destination} of Storage.westeurope stands for it",
    )
    declared = parse_question(world, "vm-far", "st02:443")
    assert (services(world)[declared.service].name, declared.notes) == ("st02", ())
    assert parse_question(world, "vm-far", "pe-st01:443").service == -1


def test_a_service_is_its_public_endpoint_and_a_note_names_the_private_one_that_is_near(world: Network) -> None:
    notes = parse_question(world, "vm-web1", "st01.blob:443").notes
    assert [note for note in notes if "ask for pe-st01" in note and note.startswith("DNS is not modelled")]
    assert not any("pe-st01" in note for note in parse_question(world, "vm-far", "st01.blob:443").notes)
    assert parse_question(world, "vm-web1", "st02:443").notes == ()  # its private endpoint is not approved


def test_a_declared_name_says_what_it_is_taken_for(world: Network) -> None:
    asked = parse_question(world, "vm-web1", "st01.blob.internal:443")
    assert asked.notes == ("st01.blob.internal is taken for 10.0.1.9, as the topology declares it",)


def test_sets_keep_all_of_their_addresses(world: Network) -> None:
    asked = parse_question(world, "spoke/web", "10.1.0.0/24:80")
    assert (asked.source, asked.destination) == ("10.1.0.4", "10.1.0.5")
    whole = (Prefix(parse_address("10.1.0.0"), parse_address("10.1.0.255")),)
    assert asked.source_set == asked.destination_set == whole
    assert parse_question(world, "vm-web1", "vm-web2:80").destination_set == ()


def test_local_tags_are_read_at_the_other_end(world: Network) -> None:
    inside = parse_question(world, "VirtualNetwork", "vm-web1:80").source_set
    assert any(prefix.low <= parse_address("10.0.0.4") <= prefix.high for prefix in inside)
    far = parse_question(world, "VirtualNetwork", "vm-far:80").source_set
    assert not any(prefix.low <= parse_address("10.0.0.4") <= prefix.high for prefix in far)
    assert parse_question(world, "Internet", "vm-web1:80").source == "1.0.0.4"


def test_the_pieces_of_a_set_are_told_by_their_fate(world: Network) -> None:
    trace = explain(world, "vm-web1", "spoke/sql:1433")
    assert trace.prediction.path == ("vm-web1", "vm-sql1")
    told = [note for note in trace.notes if " of " in note]
    assert told[0].startswith("the answer is that of 10.1.0.4 → 10.1.1.4, one of ")
    assert any(note.endswith("ALLOW, DELIVERED, such as 10.1.0.4 → 10.1.1.4") for note in told)
    assert any("UNKNOWN, DESTINATION_NOT_IN_EXPORT" in note for note in told)
    numbers = [int(note.split(" of ")[0]) for note in told[1:]]
    assert sum(numbers) == int(told[1].split(" of ")[1].split(":")[0])


def test_one_packet_needs_no_note_about_others(world: Network) -> None:
    assert not any("pieces" in note for note in explain(world, "vm-web1", "vm-sql1:1433").notes)


def test_the_pairs_of_two_sets_are_bounded_and_the_note_says_so(
    world: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explain(world, "10.0.0.0/8", "10.0.0.0/8:80").notes
    assert not any(note.startswith("only") for note in whole)
    monkeypatch.setattr(question_sets, "MOST_PAIRS", 6)
    notes = explain(world, "10.0.0.0/8", "10.0.0.0/8:80").notes
    assert whole[0] == notes[0]
    (bound,) = [note for note in notes if note.startswith("only")]
    assert int(bound.split()[1]) <= 6
    assert sum(int(note.split(" of ")[0]) for note in notes if ", such as " in note) == int(bound.split()[1])
