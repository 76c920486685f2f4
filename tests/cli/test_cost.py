"""``vnetsim cost``: every option, every way that prices can be wrong, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.cost.pages import ZONE_1, item, page, save, tiered

Run = Callable[..., Any]
PEERING = ("Virtual Network", "Virtual Network Peering", "Intra-Region Egress")
INGRESS = ("Virtual Network", "Virtual Network Peering", "Intra-Region Ingress")
GLOBAL = "Global Virtual Network Peering"
BYS = ("meter", "pair", "subnet", "vnet", "flow")
#: Spokes through a firewall, so that a bill has several meters and a change something to do.
HUB = """\
name: hub
virtual_networks:
  vnet-hub: {address_space: 10.0.0.0/22, subnets: {AzureFirewallSubnet: 10.0.1.0/26}}
  vnet-a: {address_space: 10.1.0.0/16, subnets: {snet: {prefix: 10.1.0.0/24, nsg: nsg}}}
  vnet-b: {address_space: 10.2.0.0/16, subnets: {snet: {prefix: 10.2.0.0/24, nsg: nsg}}}
peerings:
  - {hub: vnet-hub, spokes: [vnet-a, vnet-b], forwarded_traffic: true}
  - {from: vnet-a, to: vnet-b}
  - {from: vnet-b, to: vnet-a}
network_security_groups: {nsg: []}
azure_firewalls: {fw: {vnet: vnet-hub, ip: 10.0.1.4, public_ip: 203.0.113.10, policy: pol}}
firewall_policies:
  pol: {collections: [{name: all, priority: 200, action: Allow, rules: [{name: all, source: "*", destination: "*", ports: "*"}]}]}
virtual_machines:
  vm-a: {subnet: vnet-a/snet, ip: 10.1.0.4, mac: 00-0D-3A-00-00-01}
  vm-b: {subnet: vnet-b/snet, ip: 10.2.0.4, mac: 00-0D-3A-00-00-02}
"""  # noqa: E501


def flow(at: int, state: str, counters: str, destination: str = "10.2.0.4") -> str:
    return f"{1788220800000 + at * 1000},10.1.0.4,{destination},50000,443,6,O,{state},NX,{counters}"


def blob(*tuples: str) -> str:
    record = {
        "time": "2026-09-01T00:01:00.0000000Z",
        "macAddress": "000D3A000001",
        "category": "FlowLogFlowEvent",
        "flowLogVersion": 4,
        "flowLogGUID": "g",
        "flowLogResourceID": "/X",
        "targetResourceID": "/X",
        "operationName": "FlowLogFlowEvent",
        "flowRecords": {
            "flows": [
                {"aclID": "nsg", "flowGroups": [{"rule": "DefaultRule_AllowVnetOutBound", "flowTuples": [*tuples]}]}
            ]
        },
    }
    return json.dumps({"records": [record]})


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    path = tmp_path / "hub.yaml"
    path.write_text(HUB, encoding="utf-8")
    return path


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """10 GB from vm-a to vm-b and 5 GB back, within one minute."""
    path = tmp_path / "flows.json"
    path.write_text(blob(flow(0, "B", "0,0,0,0"), flow(30, "E", f"9,{10 * 2**30},9,{5 * 2**30}")), encoding="utf-8")
    return path


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    return lambda data: monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_the_bill(vnetsim: Run, hub: Path, flows: Path) -> None:
    ended = vnetsim("cost", hub, flows)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Cost of hub: 0.30 USD\n")
    assert "vnet-a/snet  vnet-b/snet      10.0      5.0  0.3" in ended.out
    assert vnetsim("cost", hub, "--flows", flows).out == ended.out


@pytest.mark.parametrize("by", BYS)
def test_every_split_in_every_form(by: str, vnetsim: Run, hub: Path, flows: Path) -> None:
    table = vnetsim("cost", hub, flows, "--by", by)
    assert table.code == 0 and ("By meter" if by == "meter" else f"By {by}") in table.out
    rows = [*csv.DictReader(io.StringIO(vnetsim("cost", hub, flows, "--by", by, "-o", "csv").out, newline=""))]
    amount = "Amount" if by == "meter" else "USD"
    assert sum(float(row[amount]) for row in rows) == pytest.approx(0.3)
    data = json.loads(vnetsim("cost", hub, flows, "--by", by, "-o", "json").out)
    assert (data["kind"], data["total"]) == ("cost", pytest.approx(0.3))


def test_a_month(vnetsim: Run, hub: Path, flows: Path) -> None:
    ended = vnetsim("cost", hub, flows, "--month")
    assert ended.out.startswith("Cost of hub: 13,140.00 USD a month\n")
    assert "every byte × 43,800" in ended.out


def test_steps(vnetsim: Run, hub: Path, flows: Path) -> None:
    assert "Step by step" not in vnetsim("cost", hub, flows).out
    told = vnetsim("cost", hub, flows, "--explain").out
    assert "      10.0 GB × 0.01 = 0.1000 USD: peering, out of vnet-a (westeurope)\n" in told


@pytest.mark.parametrize(
    ("options", "amount"),
    [
        (["--via", "fw=vnet-a,vnet-b"], "+0.54 USD (0.30 USD → 0.84 USD)"),
        (["--move", "vnet-b=japanwest"], "+1.58 USD (0.30 USD → 1.88 USD)"),
        (["--move", "vnet-b=northeurope", "--month"], "+32,850.00 USD a month (13,140.00 USD → 45,990.00 USD)"),
        (["--via", "fw=vnet-a,vnet-b", "--move", "vnet-b=northeurope"], "+1.29 USD (0.30 USD → 1.59 USD)"),
        (["--change", "CHANGE"], "-0.30 USD (0.30 USD → 0.00 USD)"),
    ],
)
def test_what_a_change_does(
    options: list[str], amount: str, vnetsim: Run, hub: Path, flows: Path, tmp_path: Path
) -> None:
    change = tmp_path / "change.yaml"
    change.write_text(
        "name: closed\nchanges: [add_security_rule: {nsg: nsg, rule: "
        "{name: r, priority: 100, direction: Inbound, access: Deny}}]\n",
        encoding="utf-8",
    )
    ended = vnetsim("cost", hub, flows, *(change if word == "CHANGE" else word for word in options))
    assert ended.code == 0
    assert amount in ended.out.splitlines()[0]
    stops = "0.30 USD of it were paid for traffic that the change would stop"
    assert (stops in ended.out) == ("CHANGE" in options)


@pytest.mark.parametrize("by", [by for by in BYS if by != "flow"])
def test_a_change_by_whatever(by: str, vnetsim: Run, hub: Path, flows: Path) -> None:
    asked = ["cost", hub, flows, "--via", "fw=vnet-a,vnet-b", "--by", by]
    assert f"Cost by {by}" in vnetsim(*asked).out
    rows = [*csv.DictReader(io.StringIO(vnetsim(*asked, "-o", "csv").out, newline=""))]
    assert sum(float(row["USD more"]) for row in rows) == pytest.approx(0.54)
    data = json.loads(vnetsim(*asked, "-o", "json").out)
    assert (data["kind"], data["difference"]) == ("cost_difference", pytest.approx(0.54))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--by", "flow", "--via", "fw=vnet-a,vnet-b"], "a change is told by meter, pair, subnet or vnet, not by flow"),
        (["--by", "price"], "price"),
        (["--prices", ""], "an empty text names no file"),
        (["--change", ""], "an empty text names no file"),
        (["--move", "vnet-b"], "VNS4010"),
        (["--move", "vnet-x=northeurope"], "did you mean"),
        (["--via", "fw-x=vnet-a"], "fw-x"),
        (["--flows", "again.json"], "give the flow logs once"),
    ],
)
def test_a_wrong_command_line(options: list[str], says: str, vnetsim: Run, hub: Path, flows: Path) -> None:
    ended = vnetsim("cost", hub, flows, *options)
    assert (ended.code, ended.out) == (2, "")
    assert says in " ".join(ended.err.replace("│", " ").split())


def test_no_log_is_a_wrong_command_line(vnetsim: Run, hub: Path) -> None:
    assert vnetsim("cost", hub).code == 2


# Prices


def peering(price: float, **said: Any) -> dict[str, Any]:
    """A page of peering within a region, at one price a GB for both ends."""
    rows = [
        item(names, price, region="Global", meterId=f"m-{names[2][-6:].strip()}", **said)
        for names in (PEERING, INGRESS)
    ]
    return page(rows, BillingCurrency=said.get("currencyCode", "USD"))


def test_prices_of_ones_own(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    [path] = save(tmp_path, {"peering.json": peering(0.02, currencyCode="EUR")})
    ended = vnetsim("cost", hub, flows, "--prices", path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Cost of hub: 0.60 EUR\n")
    assert "  list prices in EUR, " in ended.out


def test_a_folder_of_prices_may_be_given_and_more(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    save(folder, {"peering.json": peering(0.02)})
    [other] = save(tmp_path, {"egress.json": page(tiered([(0, 0), (100, 0.1)], meterId="own"))})
    assert vnetsim("cost", hub, flows, "--prices", folder, "--prices", other).out.startswith("Cost of hub: 0.60 USD\n")


def test_what_is_to_know_of_prices_is_said_at_once(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    """On stderr whatever the output is, and below the bill."""
    [path] = save(tmp_path, {"peering.json": {**peering(0.02), "Count": 3}})
    said = f"{path} says that it has 3 items, and has 2"
    for more in ([], ["-o", "csv"], ["-o", "json"], ["--infracost"], ["--via", "fw=vnet-a,vnet-b"]):
        ended = vnetsim("cost", hub, flows, "--prices", path, *more)
        assert ended.err == f"prices: {said}\n", more
    assert f"  {said}\n" in vnetsim("cost", hub, flows, "--prices", path).out
    assert json.loads(vnetsim("cost", hub, flows, "--prices", path, "-o", "json").out)["prices"]["notes"] == [said]
    assert vnetsim("cost", hub, flows, "--prices", path, "--quiet").err == ""
    what_if = vnetsim("what-if", hub, "--via", "fw=vnet-a,vnet-b", "--flows", flows, "--prices", path)
    assert what_if.err == f"prices: {said}\n"
    assert "COST +36,792.00 USD a month" in what_if.out
    assert "price no traffic, and are left out" in vnetsim("cost", hub, flows, "--prices", path, "--verbose").err


def test_many_notes_are_counted(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    documents = {f"p{at}.json": {**peering(0.02), "Count": 3 + at} for at in range(5)}
    paths = [word for path in save(tmp_path, documents) for word in ("--prices", path)]
    lines = vnetsim("cost", hub, flows, *paths).err.splitlines()
    assert len(lines) == 4 and lines[-1] == "prices: 2 more notes stand below the bill"


@pytest.mark.parametrize(
    ("documents", "code", "words"),
    [
        ({"p.json": "{"}, "VNS7001", ("p.json",)),
        ({"p.json": {"Items": 5}}, "VNS7002", ("no page of prices",)),
        ({"p.json": page([item(retailPrice="cheap", unitPrice=None)])}, "VNS7003", ("cheap", "Items[0]")),
        (
            {"p.json": peering(0.02), "q.json": peering(0.02, currencyCode="EUR")},
            "VNS7004",
            ("USD and EUR", "one currency at a time"),
        ),
        ({"p.json": page(tiered([(0, 0), (100, 0.087)], meterId=ZONE_1))}, "VNS7006", ("has no band from 10335 GB",)),
        ({"p.json": page([item(price=0.09, currencyCode="EUR")], BillingCurrency="EUR")}, "VNS7010", ("in EUR",)),
    ],
)
@pytest.mark.parametrize("command", ["cost", "what-if"])
def test_wrong_prices_are_an_error_and_no_bill(
    command: str,
    documents: dict[str, Any],
    code: str,
    words: tuple[str, ...],
    vnetsim: Run,
    hub: Path,
    flows: Path,
    tmp_path: Path,
) -> None:
    given = [word for path in save(tmp_path, documents) for word in ("--prices", path)]
    asked = [hub, flows] if command == "cost" else [hub, "--via", "fw=vnet-a,vnet-b", "--flows", flows]
    ended = vnetsim(command, *asked, *given)
    assert (ended.code, ended.out) == (3, "")
    assert f"error[{code}]: " in ended.err and "hint: " in ended.err
    for word in words:
        assert word in ended.err


def test_prices_are_read_before_the_log(vnetsim: Run, hub: Path, tmp_path: Path) -> None:
    for command in (["cost", hub, "absent.json"], ["what-if", hub, "absent.yaml", "--flows", "absent.json"]):
        assert "VNS7001" in vnetsim(*command, "--prices", tmp_path / "absent-prices.json").err


def test_a_region_that_ships_without_a_price_ends_no_bill(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    hub.write_text(HUB.replace("vnet-b: {", "vnet-b: {location: saudiarabiaeast, "), encoding="utf-8")
    ended = vnetsim("cost", hub, flows)
    assert ended.code == 0
    assert "(VNS7011)" in ended.out and "--prices takes saved pages" in ended.out
    assert vnetsim("cost", hub, flows, "--strict").code == 3
    [path] = save(tmp_path, {"peering.json": peering(0.02)})
    refused = vnetsim("cost", hub, flows, "--prices", path)
    assert (refused.code, refused.out) == (3, "")
    assert "error[VNS7011]" in refused.err and "needed for: global peering" in refused.err
    names = [(GLOBAL, name) for name in ("Inter-Region Egress", "Inter-Region Ingress")]
    rows = [
        item(("Virtual Network", *name), 0.5, region="saudiarabiaeast", meterId=f"s-{at}")
        for at, name in enumerate(names)
    ]
    [own] = save(tmp_path, {"global.json": page(rows)})
    priced = vnetsim("cost", hub, flows, "--strict", "--prices", own)
    assert priced.code == 0 and priced.out.startswith("Cost of hub: 8.03 USD\n")  # 15 × (0.5 + 0.035) = 8.025


def test_a_network_without_location(vnetsim: Run, flows: Path, tmp_path: Path) -> None:
    """An export may lack it; its traffic is not free."""
    root = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"
    vnets = {"vnet-a": "10.1.0", "vnet-b": "10.2.0"}
    resources: list[dict[str, Any]] = []
    for name, prefix in vnets.items():
        other = next(one for one in vnets if one != name)
        vnet = f"{root}/virtualNetworks/{name}"
        link = {
            "name": "link",
            "peeringState": "Connected",
            "allowVirtualNetworkAccess": True,
            "remoteVirtualNetwork": {"id": f"{root}/virtualNetworks/{other}"},
        }
        snet = {"id": f"{vnet}/subnets/snet", "name": "snet", "addressPrefix": f"{prefix}.0/24"}
        space = {"addressPrefixes": [f"{prefix}.0/24"]}
        resources.append({"id": vnet, "addressSpace": space, "subnets": [snet], "virtualNetworkPeerings": [link]})
        ip = {"privateIPAddress": f"{prefix}.4", "subnet": {"id": f"{vnet}/subnets/snet"}}
        resources.append({"id": f"{root}/networkInterfaces/nic-{name}", "ipConfigurations": [ip]})
    path = tmp_path / "export.json"
    path.write_text(json.dumps(resources), encoding="utf-8")
    ended = vnetsim("cost", path, flows)
    assert ended.code == 0
    assert ended.out.startswith("Cost of export: not known\n")
    assert "not known: the region of vnet-a is not known" in ended.out
    assert vnetsim("cost", path, flows, "--strict").code == 3
    what_if = vnetsim("what-if", path, "--move", "vnet-b=northeurope", "--flows", flows)
    assert "COST not known" in what_if.out and "not the whole difference" in what_if.out


# Infracost


def test_usage_for_infracost(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    ended = vnetsim("cost", hub, flows, "--infracost", "--month")
    assert ended.code == 0
    usage = yaml.safe_load(ended.out)
    assert usage["version"] == 0.1
    assert sorted(held["monthly_data_transfer_gb"] for held in usage["resource_usage"].values()) == [219000, 438000]
    file = tmp_path / "infracost-usage.yml"
    written = vnetsim("cost", hub, flows, "--infracost", "--month", "--output-file", file)
    assert (written.code, written.out, file.read_text(encoding="utf-8")) == (0, "", ended.out)


def test_usage_after_a_change(vnetsim: Run, hub: Path, flows: Path) -> None:
    for by in ("pair", "flow"):
        ended = vnetsim("cost", hub, flows, "--infracost", "--via", "fw=vnet-a,vnet-b", "--by", by)
        assert ended.code == 0
        assert yaml.safe_load(ended.out)["resource_usage"]["azurerm_firewall.fw"] == {"monthly_data_processed_gb": 15}


# Inputs and ends


def test_the_network_or_the_log_comes_from_standard_input(
    vnetsim: Run, piped: Callable[[bytes], None], hub: Path, flows: Path
) -> None:
    piped(HUB.encode())
    assert vnetsim("cost", "-", flows).out.startswith("Cost of hub: 0.30 USD\n")
    piped(flows.read_bytes())
    assert vnetsim("cost", hub, "-").out.startswith("Cost of hub: 0.30 USD\n")
    change = b"changes: []\nname: nothing\n"
    piped(change)
    assert vnetsim("cost", hub, flows, "--change", "-").out.startswith("Cost of hub with nothing: ±0.00 USD (")
    for twice in (["-", "-"], ["-", flows, "--change", "-"], ["-", flows, "--prices", "-"]):
        ended = vnetsim("cost", *twice)
        assert ended.code == 2 and "standard input can be read once" in ended.err


def test_an_output_file(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    for output in ("table", "json", "csv"):
        printed = vnetsim("cost", hub, flows, "-o", output)
        ended = vnetsim("cost", hub, flows, "-o", output, "--output-file", tmp_path / "out")
        assert (ended.code, ended.out) == (0, "")
        assert (tmp_path / "out").read_bytes().decode() == printed.out


def test_no_input_is_overwritten(vnetsim: Run, hub: Path, flows: Path, tmp_path: Path) -> None:
    [path] = save(tmp_path, {"peering.json": peering(0.02)})
    before = path.read_bytes()
    ended = vnetsim("cost", hub, flows, "--prices", path, "--output-file", path)
    assert ended.code == 2 and "is an input of this command" in ended.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("tuples", "options", "code"),
    [
        ([], [], 0),
        ([], ["--month"], 0),
        ([], ["--strict"], 3),
        ([flow(0, "B", "0,0,0,0")], ["--month", "--strict"], 0),
        ([flow(0, "D", "0,0,0,0")], [], 0),
        ([flow(0, "D", "0,0,0,0")], ["--strict"], 3),
        ([flow(0, "B", "0,0,0,0", "10.99.0.4")], ["--strict"], 3),
        ([flow(0, "B", "0,0,0,0", "10.99.0.4")], [], 0),
        ([flow(0, "B", "0,0,0,0", "10.99.0.4")], ["--strict", "--infracost"], 3),
        ([flow(0, "B", "0,0,0,0", "10.99.0.4")], ["--strict", "--via", "fw=vnet-a,vnet-b"], 3),
    ],
)
def test_how_it_ends(tuples: list[str], options: list[str], code: int, vnetsim: Run, hub: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(blob(*tuples) if tuples else '{"records": []}', encoding="utf-8")
    assert vnetsim("cost", hub, path, *options).code == code


def test_a_log_that_cannot_be_right(vnetsim: Run, hub: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    tuples = [flow(0, "B", "0,0,0,0"), *(flow(at, "C", f"{2**50},{2**50},0,0") for at in range(1, 300))]
    path.write_text(blob(*tuples), encoding="utf-8")
    ended = vnetsim("cost", hub, path)
    assert (ended.code, ended.out) == (3, "")
    assert "error[VNS7012]: the log counts more than 288 PB" in ended.err
    what_if = vnetsim("what-if", hub, "--via", "fw=vnet-a,vnet-b", "--flows", path)
    assert what_if.code == 0 and "the traffic is not priced: the log counts more than 288 PB" in what_if.out


# what-if


def test_what_if_says_what_its_amounts_rest_on(vnetsim: Run, hub: Path, flows: Path) -> None:
    ended = vnetsim("what-if", hub, "--via", "fw=vnet-a,vnet-b", "--flows", flows)
    lines = ended.out.splitlines()
    at = lines.index("  COST +23,652.00 USD a month")
    assert lines[at + 1] == (
        "  cost: 730 hours like the log's 1 minute (× 43,800), list prices in USD of 2026-09-19, a GB of 2^30 bytes"
    )
    data = json.loads(vnetsim("what-if", hub, "--via", "fw=vnet-a,vnet-b", "--flows", flows, "-o", "json").out)
    assert lines[at + 1] == f"  cost: {data['cost']['basis']}"
    assert data["cost"]["is_whole"] is True and data["not_priced"] is None


def test_what_if_of_nothing_says_why_there_is_no_bill(vnetsim: Run, hub: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text('{"records": []}', encoding="utf-8")
    asked = ["what-if", hub, "--via", "fw=vnet-a,vnet-b", "--flows", path]
    assert "the traffic is not priced: the log is empty" in vnetsim(*asked).out
    data = json.loads(vnetsim(*asked, "-o", "json").out)
    assert (data["cost"], data["not_priced"]) == (None, "the log is empty")
