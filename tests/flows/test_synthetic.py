"""What the NICs on a predicted path would write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.virtual_network import VirtualNetwork
from simulator.flows.lives import SYN_TIMES
from simulator.flows.points import REFUSED_BY_SERVICE, invented_mac
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.rule_names import ZERO_GUID, acl_kind, parse_rule_name
from simulator.flows.synthetic import generate
from simulator.network.model import Endpoint
from simulator.walk.packets import Packets
from simulator.walk.predictions import Observation, RuleReference
from simulator.walk.reasons import CODE_OF, Verdict
from tests.flows.predicted import Predicted, predicted_of

ALLOW, DENY, UNKNOWN = Verdict.ALLOW, Verdict.DENY, Verdict.UNKNOWN
NETWORK = "/subscriptions/0a/resourceGroups/rg-net/providers/Microsoft.Network"
START = datetime(2025, 3, 1, 8, tzinfo=UTC)


def endpoint(number: int, **more: object) -> Endpoint:
    plain = Endpoint(
        id=ResourceId(f"{NETWORK}/networkInterfaces/nic{number}"),
        kind="nic",
        name=f"vm{number}",
        subnet=ResourceId(f"{NETWORK}/virtualNetworks/vnet-hub/subnets/s"),
        virtual_network=ResourceId(f"{NETWORK}/virtualNetworks/vnet-hub"),
        addresses=(f"10.1.0.{number}",),
        mac=f"000D3A0000{number:02X}",
    )
    return structs.replace(plain, **more)  # type: ignore[arg-type]


NSG = ResourceId(f"{NETWORK}/networkSecurityGroups/nsg-web")
USER = RuleReference("NIC NSG", NSG, "allow-web", 100, "Allow")
DEFAULT = RuleReference("subnet NSG", NSG, "DenyAllInBound", 65500, "Deny", is_default=True)
BASELINE = ResourceId(f"{NETWORK}/networkManagers/avnm/securityAdminConfigurations/baseline")
ADMIN = RuleReference("admin rules", BASELINE, "block-ssh", 10, "Deny")


def point(number: int, inbound: bool, verdict: Verdict = ALLOW, rule: RuleReference | None = USER) -> Observation:
    return Observation(endpoint(number), "Inbound" if inbound else "Outbound", verdict, "", rule)


def predicted(
    *fates: tuple[Verdict, Sequence[Observation]],
    protocol: int = 6,
    destination: str = "10.1.0.5",
    resources: Sequence[Resource] = (),
    endpoints: Sequence[Endpoint] = (),
) -> Predicted:
    flows = [("10.1.0.4", destination, 50000 + at, 443, protocol) for at in range(len(fates))]
    return predicted_of(Packets.of(flows), fates, resources=resources, endpoints=endpoints)


def log(*fates: tuple[Verdict, Sequence[Observation]], **more: object) -> list[FlowRecord]:
    return list(generate(predicted(*fates), start=START, minutes=60, seed=7, **more))  # type: ignore[arg-type]


ALLOWED = (ALLOW, (point(4, inbound=False), point(5, inbound=True)))
DENIED_AT_SOURCE = (DENY, (point(4, inbound=False, verdict=DENY, rule=ADMIN),))
DENIED_AT_DESTINATION = (DENY, (point(4, inbound=False), point(5, inbound=True, verdict=DENY, rule=DEFAULT)))


def test_an_allowed_flow_stands_at_both_ends_with_equal_counters() -> None:
    rows = log(*[ALLOWED] * 100)
    by_end: dict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    for row in rows:
        by_end[row.mac, row.direction].append((row.source_port, row.state, row.bytes_sent, row.bytes_received))
    assert set(by_end) == {("000D3A000004", "Outbound"), ("000D3A000005", "Inbound")}
    assert Counter(by_end["000D3A000004", "Outbound"]) == Counter(by_end["000D3A000005", "Inbound"])
    assert {row.state for row in rows} == {"B", "C", "E"}
    assert all(not row.bytes_sent for row in rows if row.state == "B")
    assert {(row.source, row.destination, row.encryption) for row in rows} == {("10.1.0.4", "10.1.0.5", "NX")}


def test_a_flow_begins_continues_every_five_minutes_and_ends() -> None:
    for rows in flows_at_source(log(*[ALLOWED] * 100)).values():
        states = "".join(row.state for row in rows)
        assert states[0] == "B"
        assert states.strip("BCE") == "" and states.count("B") == 1 and states.count("E") <= 1
        times = [(row.time - rows[0].time).total_seconds() for row in rows if row.state == "C"]
        assert times == [300.0 * (at + 1) for at in range(len(times))]


def flows_at_source(rows: Sequence[FlowRecord]) -> dict[int, list[FlowRecord]]:
    flows: dict[int, list[FlowRecord]] = defaultdict(list)
    for row in rows:
        if row.direction == "Outbound":
            flows[row.source_port].append(row)
    return flows


def test_a_denial_at_the_source_is_all_that_is_written() -> None:
    rows = log(DENIED_AT_SOURCE)
    assert {(row.mac, row.direction, row.state) for row in rows} == {("000D3A000004", "Outbound", "D")}
    assert all((row.packets_sent, row.bytes_sent, row.packets_received, row.bytes_received) == (0,) * 4 for row in rows)


def test_a_denial_at_the_destination_leaves_an_unanswered_flow_at_the_source() -> None:
    rows = log(*[DENIED_AT_DESTINATION] * 20)
    assert {(row.direction, row.state) for row in rows} == {("Outbound", "B"), ("Outbound", "E"), ("Inbound", "D")}
    attempts = Counter(row.source_port for row in rows if row.state == "D")
    for row in rows:
        assert not row.bytes_received
        if row.state == "E":
            assert row.packets_sent == attempts[row.source_port]


@pytest.mark.parametrize(("said", "minutes"), [(None, 4), (4, 4), (10, 10), (30, 30), (0, 4), (-5, 4), (1440, 30)])
def test_an_unanswered_flow_ends_by_the_timeout_of_its_virtual_network(said: int | None, minutes: int) -> None:
    network = {"id": f"{NETWORK}/virtualNetworks/vnet-HUB", "properties": {"flowTimeoutInMinutes": said}}
    resources = [VirtualNetwork.model_validate(network)]
    elsewhere = endpoint(5, virtual_network=ResourceId(f"{NETWORK}/virtualNetworks/other"))
    passed = Observation(elsewhere, "Inbound", ALLOW, "", USER)
    fates = [(DENY, (point(4, inbound=False), passed))] * 20
    rows = list(generate(predicted(*fates, resources=resources), start=START, minutes=120, seed=7))
    begins = {(row.mac, row.source_port): row.time for row in rows if row.state == "B"}
    silent = {4: minutes, 5: 4}
    ends = [row for row in rows if row.state == "E"]
    assert {row.mac for row in ends} == {invented_mac(endpoint(number)) for number in silent}
    for row in ends:
        attempts = SYN_TIMES[(row.packets_sent or 0) - 1]
        waited = row.time - begins[row.mac, row.source_port] - timedelta(milliseconds=attempts)
        assert waited == timedelta(minutes=silent[int(row.mac[-2:], 16)])


def test_admin_rules_carry_the_guids_that_the_export_has() -> None:
    guids = [f"0f0f0f0f-0000-4000-8000-00000000000{at}" for at in range(2)]
    collection = f"{ADMIN.acl}/ruleCollections/k"
    rule = {"id": f"{collection}/rules/block-ssh", "resourceGuid": guids[1], "priority": 10, "access": "Deny"}
    collections = [{"id": collection, "rules": [rule | {"direction": "Inbound"}]}]
    configuration = {"id": str(ADMIN.acl), "resourceGuid": guids[0], "ruleCollections": collections}
    manager = {"id": f"{NETWORK}/networkManagers/avnm", "securityAdminConfigurations": [configuration]}
    resources = [NetworkManager.model_validate(manager)]
    other = (DENY, (point(4, inbound=False, verdict=DENY, rule=structs.replace(ADMIN, name="other")),))
    rows = generate(predicted(DENIED_AT_SOURCE, other, resources=resources), start=START, minutes=60, seed=7)
    assert {row.acl for row in rows} == {guids[0]}
    named, made_up = sorted({row.rule for row in rows})
    assert named == f"block-ssh_{guids[1]}"
    assert parse_rule_name(made_up).name == "other" and made_up != f"other_{guids[1]}"


def test_rules_and_acls_are_spelt_as_azure_does() -> None:
    fates = [ALLOWED, DENIED_AT_SOURCE, DENIED_AT_DESTINATION, (ALLOW, (point(6, inbound=True, rule=None),))]
    spelt = {(row.rule, row.acl) for row in log(*fates) if parse_rule_name(row.rule).kind != "admin"}
    assert spelt == {
        ("UserRule_allow-web", str(NSG)),
        ("DefaultRule_DenyAllInBound", str(NSG)),
        ("PlatformRule", ZERO_GUID),
    }
    (admin,) = {(row.rule, row.acl) for row in log(DENIED_AT_SOURCE)}
    assert parse_rule_name(admin[0]).is_name_of("block-ssh") and admin[0].startswith("block-ssh_")
    assert acl_kind(admin[1]) == "guid"


def test_a_nic_without_acl_may_be_left_out() -> None:
    assert log((ALLOW, (point(4, inbound=False, rule=None),)), without_acl="omit") == []


@pytest.mark.parametrize("protocol", [1, 50, 51, 58])
def test_what_azure_does_not_log_is_not_written(protocol: int) -> None:
    assert len(generate(predicted(ALLOWED, protocol=protocol), start=START, minutes=60, seed=1)) == 0


def test_the_side_of_a_private_endpoint_is_not_written() -> None:
    private = Observation(endpoint(5, private_endpoint=NSG), "Inbound", ALLOW, "", USER)
    assert {row.direction for row in log((ALLOW, (point(4, inbound=False), private)))} == {"Outbound"}


def test_what_is_not_known_is_not_written() -> None:
    for verdict in (UNKNOWN, Verdict.INTERMITTENT):
        assert log((verdict, (point(4, inbound=False),))) == []


@pytest.mark.parametrize("code", sorted(REFUSED_BY_SERVICE))
def test_what_a_service_refuses_was_allowed_and_answered_as_far_as_nics_can_tell(code: str) -> None:
    """Pitfall 17: a 403 of a platform service is no denial in a flow log."""
    held = predicted((ALLOW, (point(4, inbound=False),)))
    held.reason[:] = CODE_OF[code]
    rows = list(generate(held, start=START, minutes=60, seed=7))
    assert {row.state for row in rows} >= {"B", "E"} and sum(row.bytes_received for row in rows) > 0


def test_a_nic_writes_the_addresses_it_sees_after_translation() -> None:
    seen = Observation(endpoint(5, public_addresses=("20.0.0.10",)), "Inbound", ALLOW, "", USER)
    seen = structs.replace(seen, translated_source="10.1.1.4", translated_destination="10.1.0.5")
    firewall = endpoint(9, addresses=("10.1.1.4",))
    held = predicted((ALLOW, (seen,)), destination="20.0.0.10", endpoints=[firewall, endpoint(5)])
    rows = generate(held, start=START, minutes=60, seed=1)
    assert {(row.source, row.destination) for row in rows} == {("10.1.1.4", "10.1.0.5")}


def test_a_nic_without_mac_gets_one_of_its_own() -> None:
    bare = [endpoint(number, mac=None) for number in (4, 5)]
    macs = [invented_mac(each) for each in bare]
    assert len({*macs}) == 2
    assert all(len(mac) == 12 and mac.startswith("02") and mac == mac.upper() for mac in macs)
    assert invented_mac(endpoint(4)) == "000D3A000004"


POINTS = st.lists(
    st.tuples(
        st.integers(4, 7), st.booleans(), st.sampled_from([ALLOW, ALLOW, DENY, UNKNOWN]), st.sampled_from([USER, None])
    ),
    min_size=1,
    max_size=4,
)
FATES = st.lists(st.tuples(st.sampled_from([ALLOW, DENY, UNKNOWN]), POINTS), max_size=5)


def fates_of(drawn: list[tuple[Verdict, list[tuple[int, bool, Verdict, RuleReference | None]]]]) -> Predicted:
    return predicted(
        *(
            (verdict, [point(at, inbound, each, rule) for at, inbound, each, rule in points])
            for verdict, points in drawn
        )
    )


@settings(max_examples=50)
@given(FATES, st.integers(0, 5))
def test_equal_seeds_give_equal_logs_inside_the_window(drawn, seed: int) -> None:  # type: ignore[no-untyped-def]
    logs = [generate(fates_of(drawn), start=START, minutes=10, seed=seed) for _ in range(2)]
    assert list(logs[0]) == list(logs[1])
    times = [row.time for row in logs[0]]
    assert times == sorted(times)
    assert all(START <= time < START + timedelta(minutes=10) for time in times)


def test_a_clock_that_differs_leaves_no_tuple_outside_the_window() -> None:
    """Of many flows in one minute, some begin within the skew of the window's ends."""
    for seed in range(8):
        times = [row.time for row in generate(predicted(*[ALLOWED] * 2000), start=START, minutes=1, seed=seed)]
        assert times[0] >= START and times[-1] < START + timedelta(minutes=1)


@settings(max_examples=50)
@given(FATES)
def test_nothing_is_written_after_a_denying_or_unknown_point(drawn) -> None:  # type: ignore[no-untyped-def]
    records: FlowRecords = generate(fates_of(drawn), start=START, minutes=600, seed=1)
    written = {(row.source_port, row.mac, row.direction, row.state == "D") for row in records}
    expected = set()
    for at, (verdict, points) in enumerate(drawn):
        for number, inbound, each, rule in points:
            if UNKNOWN in (verdict, each):
                break
            direction = "Inbound" if inbound else "Outbound"
            if each == DENY and rule is None:
                break
            expected.add((50000 + at, f"000D3A0000{number:02X}", direction, each == DENY))
            if each == DENY:
                break
    assert written == expected
