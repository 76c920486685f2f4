"""Every command in every output: JSON says what it is, CSV has a header and even rows, tables name the facts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from simulator.network.effective_routes import effective_routes, routes_to_azure
from simulator.network.effective_rules import effective_security_rules
from simulator.network.load import load

Run = Callable[..., Any]

#: Command → kind of its JSON; SMALL, LOG and CHANGE stand for files.
COMMANDS = {
    "check SMALL": "check",
    "show topology SMALL": "topology",
    "show encryption SMALL": "encryption",
    "show tags SMALL Storage": "service_tag",
    "show tags SMALL virtualnetwork --subnet vnet-a/web": "service_tag",
    "show assumptions SMALL": "assumptions",
    "explain SMALL vm-web vm-sql:1433": "explain",
    "explain SMALL vm-app vm-web/icmp": "explain",
    "explain SMALL 10.2.0.4 10.1.1.4:1433/udp --source-port 53": "explain",
    "replay SMALL LOG": "replay",
    "diff SMALL LOG": "diff",
    "what-if SMALL CHANGE --flows LOG": "what_if",
    "cost SMALL LOG": "cost",
    "cost SMALL LOG --month --by flow --explain": "cost",
    "cost SMALL LOG --by meter": "cost",
    "cost SMALL LOG --change CHANGE --by vnet": "cost_difference",
}
#: Commands whose JSON is Azure's own.
AZURES = ("show effective-routes SMALL vm-web", "show effective-rules SMALL vm-sql")


@pytest.fixture
def files(small: Path, log: Path, change: Path) -> dict[str, Path]:
    return {"SMALL": small, "LOG": log, "CHANGE": change}


def spelt(command: str, files: dict[str, Path]) -> list[object]:
    return [files.get(word, word) for word in command.split()]


@pytest.mark.parametrize("command", COMMANDS)
def test_json(command: str, vnetsim: Run, files: dict[str, Path]) -> None:
    first, second = (vnetsim(*spelt(command, files), "-o", "json") for _ in range(2))
    assert (first.code, first.out) == (0, second.out)
    data = json.loads(first.out)
    assert data["kind"] == COMMANDS[command]
    assert {"schema_version", "tool_version", "service_tags_date"} <= set(data)


@pytest.mark.parametrize("command", COMMANDS)
def test_csv(command: str, vnetsim: Run, files: dict[str, Path]) -> None:
    ended = vnetsim(*spelt(command, files), "-o", "csv")
    assert ended.code == 0
    header, *rows = csv.reader(io.StringIO(ended.out, newline=""))
    assert len(header) == len(set(header)) and all(header)
    assert {len(row) for row in rows} <= {len(header)}


@pytest.mark.parametrize("command", [*COMMANDS, *AZURES])
def test_table(command: str, vnetsim: Run, files: dict[str, Path]) -> None:
    ended = vnetsim(*spelt(command, files))
    assert ended.code == 0
    assert ended.out.strip()
    assert all(line == line.rstrip() for line in ended.out.splitlines())


def test_effective_routes_are_exactly_azures(vnetsim: Run, small: Path) -> None:
    network = load(small)
    nic = network.endpoint("vm-web")
    assert nic is not None
    printed = json.loads(vnetsim("show", "effective-routes", small, "vm-web", "-o", "json").out)
    assert printed == {"value": routes_to_azure(effective_routes(network, nic.id))}
    by_subnet = json.loads(vnetsim("show", "effective-routes", small, "vnet-a/web", "-o", "json").out)
    assert by_subnet == printed


def test_effective_rules_are_exactly_azures(vnetsim: Run, small: Path) -> None:
    network = load(small)
    nic = network.endpoint("vm-sql")
    assert nic is not None
    printed = json.loads(vnetsim("show", "effective-rules", small, "vm-sql", "-o", "json").out)
    assert printed == effective_security_rules(network, nic.id).to_azure()


def test_effective_routes_look_as_az_prints_them(vnetsim: Run, small: Path) -> None:
    lines = vnetsim("show", "effective-routes", small, "vm-app").out.splitlines()
    assert lines[2].split()[:4] == ["Source", "State", "Address", "Prefix"]
    assert [line.split() for line in lines[4:6]] == [
        ["Default", "Active", "10.2.0.0/16", "VnetLocal"],
        ["Default", "Active", "10.1.0.0/16", "VNetPeering"],
    ]


def test_a_nic_is_found_by_name_address_and_id(vnetsim: Run, small: Path) -> None:
    nic = load(small).endpoint("vm-web")
    assert nic is not None
    answers = {
        vnetsim("show", "effective-rules", small, name, "-o", "json").out
        for name in ("vm-web", "VM-WEB", "vm-web-nic", "10.1.0.4", nic.id)
    }
    assert len(answers) == 1


def test_the_story_of_a_denied_packet(vnetsim: Run, small: Path) -> None:
    lines = vnetsim("explain", small, "vm-app", "vm-sql:1433").out.splitlines()
    assert lines[0] == "DENY  vm-app → vm-sql:1433/tcp"
    assert lines[2:6] == [
        "  NSG_RULE_DENY: denied by a rule of a network security group",
        "  decided by nsg-sql/deny-all, priority 4000, subnet NSG",
        "  TCP 10.2.0.4:49152 → 10.1.1.4:1433",
        "  path: vm-app → vm-sql",
    ]
    assert any(line.split()[:4] == ["✕", "subnet", "NSG", "inbound"] for line in lines)
    assert any(line.startswith("  az network watcher test-ip-flow --direction Inbound") for line in lines)


def test_the_question_of_az_gets_azures_answer_first(vnetsim: Run, small: Path) -> None:
    asked = ["--direction", "inbound", "--protocol", "TCP", "--local", "10.1.1.4:1433", "--remote", "10.2.0.4:60000"]
    lines = vnetsim("explain", small, *asked).out.splitlines()
    assert lines[2:9] == [
        "IP flow verify beside the whole way",
        "          IP flow verify                End to end",
        "-----------------------------------------------------------------------------------",
        "Access    Deny                          DENY",
        "RuleName  securityRules/deny-all        nsg-sql/deny-all, priority 4000, subnet NSG",
        "Reason                                  NSG_RULE_DENY",
        "Asked     the security rules of vm-sql  every layer, there and back",
    ]
    data = json.loads(vnetsim("explain", small, *asked, "-o", "json").out)
    assert data["ip_flow_verify"]["access"] == "Deny"
    assert data["ip_flow_verify"]["ruleName"] == "securityRules/deny-all"
    assert (data["question"]["source"], data["question"]["source_port"]) == ("10.2.0.4", 60000)
    assert data["verdict"] == "DENY"


def test_the_question_of_az_gets_azures_answer_in_csv(vnetsim: Run, small: Path) -> None:
    asked = ["--direction", "inbound", "--protocol", "TCP", "--local", "10.1.1.4:1433", "--remote", "10.2.0.4:60000"]
    first, second, *_ = csv.DictReader(io.StringIO(vnetsim("explain", small, *asked, "-o", "csv").out, newline=""))
    assert (first["Way"], first["Place"], first["Rule"], first["Verdict"]) == (
        "IP flow verify",
        "vm-sql",
        "securityRules/deny-all",
        "Deny",
    )
    assert (second["Way"], second["Verdict"]) == ("there", "DENY")


def test_the_printed_az_commands_ask_the_same_question(vnetsim: Run, small: Path) -> None:
    data = json.loads(vnetsim("explain", small, "vm-app", "vm-sql:1433", "-o", "json").out)
    for command in data["verify"]:
        words = command.removeprefix("az network watcher test-ip-flow ").split()
        options = words[: words.index("--vm")]
        assert json.loads(vnetsim("explain", small, *options, "-o", "json").out)["verdict"] == "DENY"


def test_explain_after_a_change(vnetsim: Run, small: Path, change: Path) -> None:
    asked = ["explain", small, "vm-app", "vm-sql:1433"]
    assert vnetsim(*asked).out.startswith("DENY")
    assert vnetsim(*asked, "--change", change).out.startswith("ALLOW")


def test_what_if_names_what_opens(vnetsim: Run, small: Path, change: Path, log: Path) -> None:
    ended = vnetsim("what-if", small, change, "--flows", log)
    assert ended.out.startswith("What-if open-sql: ")
    assert "Opens: was not delivered, would be" in ended.out
    assert "vm-app → vm-sql tcp/1433" in ended.out
    assert "nsg-sql/allow-app 200" in ended.out and "was nsg-sql/deny-all 4000" in ended.out
    [command] = [line.strip() for line in ended.out.splitlines() if line.strip().startswith("vnetsim explain ")]
    assert vnetsim(*command.split()[1:]).out.startswith("ALLOW")


def test_changes_of_a_file_and_of_options_are_made_together(vnetsim: Run, small: Path, change: Path, log: Path) -> None:
    """Each --move and --via counts; no file holds them all, so no command to go on with names one."""
    moves = ["--move", "vnet-a=northeurope", "--move", "vnet-b=swedencentral"]
    ended = vnetsim("what-if", small, change, "--flows", log, *moves)
    assert ended.code == 0
    assert ended.out.startswith("What-if open-sql + move vnet-a to northeurope + move vnet-b to swedencentral: ")
    assert "  let the application in; vnet-a in northeurope; vnet-b in swedencentral" in ended.out
    assert "vm-app → vm-sql tcp/1433" in ended.out and "Azure moves no virtual network" in ended.out
    assert "vnetsim explain" not in ended.out


def test_a_generated_log_is_the_same_for_the_same_seed(vnetsim: Run, small: Path, tmp_path: Path) -> None:
    def log(*options: str) -> bytes:
        path = tmp_path / "log.json"
        assert vnetsim("generate", small, "--flows", 50, *options, "--output-file", path).code == 0
        return path.read_bytes()

    assert log() == log() != log("--seed", "2")
    started = json.loads(log("--start", "2026-03-01T10:00:00+02:00", "--minutes", "5"))
    assert {record["time"][:15] for record in started["records"]} <= {"2026-03-01T08:0", "2026-03-01T08:1"}


def test_generate_writes_a_log_to_stdout(vnetsim: Run, small: Path) -> None:
    assert json.loads(vnetsim("generate", small, "--flows", 20).out)["records"]


def test_the_schema_accepts_the_shipped_scenario(vnetsim: Run, scenarios: Path) -> None:
    schema = json.loads(vnetsim("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    document = yaml.safe_load((scenarios / "hub-spoke" / "topology.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)


def test_output_file_holds_what_stdout_would(vnetsim: Run, small: Path, tmp_path: Path) -> None:
    for output in ("table", "json", "csv"):
        printed = vnetsim("check", small, "-o", output)
        ended = vnetsim("check", small, "-o", output, "--output-file", tmp_path / "out")
        assert (ended.code, ended.out) == (0, "")
        assert (tmp_path / "out").read_bytes().decode() == printed.out


def test_generated_blobs_lie_by_hour_and_nic_and_are_read_again_whole(
    vnetsim: Run, small: Path, tmp_path: Path
) -> None:
    one, many = tmp_path / "one.json", tmp_path / "many"
    made = ["--flows", 50, "--seed", 3]
    assert vnetsim("generate", small, *made, "--output-file", one).code == 0
    assert vnetsim("generate", small, *made, "--output-folder", many).code == 0
    assert all(path.match("y=*/m=*/d=*/h=*/m=00/macAddress=*/PT1H.json") for path in many.rglob("*.json"))
    together, apart = (vnetsim("replay", small, log, "-o", "csv").out.splitlines() for log in (one, many))
    assert sorted(apart) == sorted(together)
    assert vnetsim("generate", small, *made, "--output-folder", one).code == 2
