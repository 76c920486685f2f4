"""Every pair of subnets with its state: over peerings, through firewalls, within one subnet, where nothing leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.network.network import build_network
from simulator.report.document import Table
from simulator.report.encryption import encryption_report
from simulator.report.formats import OutputFormat, render
from simulator.sources.scenario import scenario_snapshot
from simulator.walk.subnet_encryption import SubnetPair, subnet_encryption

TOPOLOGY = """
name: pairs
virtual_networks:
  hub: {address_space: 10.0.0.0/16, encryption: true, subnets: {AzureFirewallSubnet: 10.0.1.0/26, shared: 10.0.2.0/24}}
  a:
    address_space: 10.1.0.0/16
    encryption: true
    subnets:
      web: {prefix: 10.1.1.0/24, route_table: rt, nsg: shut}
      sql: {prefix: 10.1.2.0/24, route_table: rt}
      old: {prefix: 10.1.3.0/24, route_table: rt}
      mixed: {prefix: 10.1.4.0/24, route_table: rt}
      pe: 10.1.5.0/24
      strange: 10.1.6.0/24
      empty: 10.1.7.0/24
  b: {address_space: 10.2.0.0/16, encryption: true, subnets: {web: {prefix: 10.2.1.0/24, route_table: rt}}}
  alone: {address_space: 10.3.0.0/16, subnets: {s: 10.3.1.0/24}}
peerings: [{hub: hub, spokes: [a, b], forwarded_traffic: true}]
route_tables: {rt: {routes: {default: 0.0.0.0/0 -> 10.0.1.4}}}
network_security_groups: {shut: [{name: no, priority: 100, direction: Inbound, access: Deny}]}
azure_firewalls: {fw: {vnet: hub, ip: 10.0.1.4, tier: TIER}}
virtual_machines:
  vm-shared: {subnet: hub/shared, ip: 10.0.2.4, size: Standard_D2s_v5}
  vm-web1: {subnet: a/web, ip: 10.1.1.4, size: Standard_D2s_v5}
  vm-web2: {subnet: a/web, ip: 10.1.1.5, size: Standard_D2s_v5}
  vm-sql: {subnet: a/sql, ip: 10.1.2.4, size: Standard_E2s_v5}
  vm-old: {subnet: a/old, ip: 10.1.3.4, size: Standard_B2ms}
  vm-good: {subnet: a/mixed, ip: 10.1.4.4, size: Standard_E2s_v5}
  vm-bad: {subnet: a/mixed, ip: 10.1.4.5, size: Standard_D2s_v3}
  vm-strange: {subnet: a/strange, ip: 10.1.6.4, size: Standard_Z1, accelerated_networking: true}
  vm-b: {subnet: b/web, ip: 10.2.1.4, size: Standard_D2s_v5}
  vm-alone: {subnet: alone/s, ip: 10.3.1.4, size: Standard_D2s_v5}
storage_accounts: {st: {location: westeurope, default_action: Allow}}
private_endpoints: {pe1: {subnet: a/pe, ip: 10.1.5.4, service: st, group: blob}}
"""


def pairs_of(folder: Path, topology: str) -> tuple[SubnetPair, ...]:
    path = folder / "pairs.yaml"
    path.write_text(topology, encoding="utf-8")
    return subnet_encryption(build_network(scenario_snapshot(path)))


def named(pair: SubnetPair) -> str:
    source, target = (f"{one.parent.name}/{one.name}" for one in (pair.source, pair.target))
    return f"{source} {'<->' if pair.both_ways else '->'} {target}"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SubnetPair]:
    found = pairs_of(tmp_path_factory.mktemp("pairs"), TOPOLOGY.replace("TIER", "Standard"))
    return {named(pair): pair for pair in found}


@pytest.mark.parametrize(
    ("pair", "state", "by", "blocker"),
    [
        ("a/sql <-> a/web", "encrypted", (), ""),  # although the group of web lets nothing in
        ("a/web <-> a/web", "encrypted", (), ""),
        ("a/old <-> a/sql", "not encrypted", (), "vm-old: Standard_B2ms does not support it"),
        ("a/mixed <-> a/sql", "partly", (), "vm-bad: Standard_D2s_v3 does not support it"),
        ("a/mixed <-> a/mixed", "not encrypted", (), "vm-bad: Standard_D2s_v3 does not support it"),
        ("a/mixed <-> a/old", "not encrypted", (), "vm-bad: Standard_D2s_v3 does not support it"),
        ("a/sql <-> a/strange", "not known", (), "vm-strange: whether Standard_Z1 supports it is not known"),
        ("a/sql <-> hub/shared", "encrypted", (), ""),  # the peering route is longer than 0.0.0.0/0
        (
            "a/sql <-> b/web",
            "not encrypted",
            ("fw",),
            "fw is Azure Firewall Standard, which takes no part in encryption",
        ),
        ("a/sql -> a/pe", "not encrypted", (), "pe1-nic is a private endpoint, which takes no part in encryption"),
    ],
)
def test_a_pair_has_its_state_and_its_blocker(
    pairs: dict[str, SubnetPair], pair: str, state: str, by: tuple[str, ...], blocker: str
) -> None:
    found = pairs[pair]
    assert (found.state, found.by) == (state, by)
    assert found.blocker.split("; ")[0] == blocker


def test_a_pair_has_the_codes_of_its_blockers(pairs: dict[str, SubnetPair]) -> None:
    assert pairs["a/sql <-> a/web"].reason == "ENCRYPTED"
    assert pairs["a/sql <-> b/web"].reason == "PEER_KIND_NOT_ENCRYPTED"
    assert pairs["a/mixed <-> a/old"].reason == "NIC_NOT_SUPPORTED, PEER_NOT_SUPPORTED"
    assert pairs["a/strange <-> alone/s"].reason == "ROUTE_NONE"


def test_walked_in_parts_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: dict[str, SubnetPair]
) -> None:
    monkeypatch.setattr("simulator.walk.subnet_encryption._AT_ONCE", 7)
    found = pairs_of(tmp_path, TOPOLOGY.replace("TIER", "Standard"))
    assert {named(pair): pair for pair in found} == pairs


def test_where_no_route_leads_there_is_nothing_to_encrypt(pairs: dict[str, SubnetPair]) -> None:
    found = pairs["a/strange <-> alone/s"]
    assert (found.state, found.blocker.partition(":")[0]) == ("no way", "ROUTE_NONE")


def test_subnets_without_nics_and_single_nics_make_no_pair(pairs: dict[str, SubnetPair]) -> None:
    assert not any("empty" in pair or "Firewall" in pair for pair in pairs)
    assert "a/sql <-> a/sql" not in pairs
    assert not any(pair.startswith("a/pe") for pair in pairs)


def test_a_firewall_of_tier_premium_encrypts(tmp_path: Path) -> None:
    found = {named(pair): pair for pair in pairs_of(tmp_path, TOPOLOGY.replace("TIER", "Premium"))}
    assert (found["a/sql <-> b/web"].state, found["a/sql <-> b/web"].by) == ("encrypted", ("fw",))


def test_an_appliance_that_nobody_declared_leaves_it_open(tmp_path: Path) -> None:
    topology = TOPOLOGY.replace("azure_firewalls: {fw: {vnet: hub, ip: 10.0.1.4, tier: TIER}}\n", "").replace(
        "virtual_machines:\n",
        "virtual_machines:\n  nva: {subnet: hub/shared, ip: 10.0.1.4, size: Standard_D2s_v5, ip_forwarding: true}\n",
    )
    topology = topology.replace(
        "AzureFirewallSubnet: 10.0.1.0/26, shared: 10.0.2.0/24", "shared: [10.0.1.0/24, 10.0.2.0/24]"
    )
    found = {named(pair): pair for pair in pairs_of(tmp_path, topology)}["a/sql <-> b/web"]
    assert (found.state, found.by) == ("not known", ("nva",))
    assert found.blocker.startswith("APPLIANCE_NOT_DECLARED")


def test_a_network_without_nics_has_no_pairs(tmp_path: Path) -> None:
    found = pairs_of(tmp_path, "virtual_networks: {v: {address_space: 10.0.0.0/16, subnets: {s: 10.0.0.0/24}}}")
    assert found == ()
    assert encryption_report("v", found).headline.text == "Encryption in v, 0 pairs of subnets: none"


def test_very_many_pairs_are_grouped_over_virtual_networks(tmp_path: Path) -> None:
    networks = "".join(
        f"  v{at}: {{address_space: 10.{at}.0.0/16, encryption: true, subnets: {{s: 10.{at}.0.0/24}}}}\n"
        for at in range(13)
    )
    machines = "".join(
        f"  vm{at}: {{subnet: v{at}/s, ip: 10.{at}.0.4, size: Standard_D2s_v{5 if at else 3}}}\n" for at in range(13)
    )
    spokes = ", ".join(f"v{at}" for at in range(1, 13))
    peerings = f"peerings: [{{hub: v0, spokes: [{spokes}]}}]\n"
    found = pairs_of(tmp_path, f"virtual_networks:\n{networks}{peerings}virtual_machines:\n{machines}")
    [rows] = [block.rows for block in encryption_report("many", found).blocks if isinstance(block, Table)]
    assert [row[:3] for row in rows] == [
        ("not encrypted", 12, "v0 ↔ v1, v0 ↔ v10, +10 more"),
        ("no way", 66, "v1 ↔ v10, v1 ↔ v11, +64 more"),
    ]
    assert rows[0][-1] == "vm0: Standard_D2s_v3 does not support it"


def test_many_pairs_are_shown_in_groups_and_few_one_by_one(tmp_path: Path) -> None:
    found = pairs_of(tmp_path, TOPOLOGY.replace("TIER", "Standard"))
    many, few = encryption_report("pairs", found), encryption_report("pairs", found[:5])
    shown, one_by_one = (render(held, OutputFormat.TABLE, stream=None, tool_version="1") for held in (many, few))
    assert "Pairs" in shown and "web ↔ web" not in one_by_one.splitlines()[0]
    assert len(many.records().rows) == len(found)
    assert "a/mixed ↔ a/old" in one_by_one and "a/mixed ↔ a/old" not in shown
    assert f"{len(found)} pairs of subnets" in shown
    counts = many.data()["counts"]  # type: ignore[call-overload]
    assert sum(counts.values()) == len(found) and counts["partly"] >= 1
