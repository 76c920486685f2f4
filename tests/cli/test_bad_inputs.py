"""Every wrong input is answered in words: the value, the place, the way out and the right exit code; never a traceback.

What cannot be read is an error (3), and so is a hand-written scenario that Azure would refuse: it is told by line. An
export that holds what Azure would refuse is read all the same, and `check` lists it as an issue (1).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
AS_AZ = ["--direction", "Inbound", "--protocol", "TCP"]
FORM = re.compile(r"error\[VNS\d{4}\]: .+")


def written(sound: Path, old: str, new: str) -> Path:
    """`sound` with one thing wrong."""
    text = sound.read_text(encoding="utf-8")
    assert old in text
    path = sound.with_name("wrong.yaml")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def assert_says(text: str, *words: str, has_hint: bool = True) -> None:
    assert FORM.search(text), text
    assert not has_hint or "hint: " in text, text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    "verb", [["check"], ["show", "topology"], ["explain"], ["replay"], ["diff"], ["what-if"], ["cost"]]
)
def test_a_missing_topology(verb: list[str], vnetsim: Run, tmp_path: Path) -> None:
    more = {
        "explain": ["10.0.0.4", "10.0.0.5:80"],
        "replay": ["log.json"],
        "diff": ["log.json"],
        "cost": ["log.json"],
        "what-if": ["change.yaml", "--flows", "log.json"],
    }
    ended = vnetsim(*verb, tmp_path / "absent.yaml", *more.get(verb[0], []))
    assert ended.code == 3
    assert ended.out == ""
    assert_says(ended.err, "VNS1001", "absent.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name: [unclosed\nvirtual_networks: {}\n", ("bad.yaml:2",)),
        (b"a: 1\na: 2\n", ("bad.yaml:2", "a")),
        (b"\xff\xfe\x00", ("bad.yaml",)),
        (b"\x80\x81", ("bad.yaml",)),
        (b"just words", ("bad.yaml",)),
        (b"virtual_network:\n  vnet-a: {}\n", ("bad.yaml:1", "virtual_networks")),
        (b"a: &a [*a]\n", ("bad.yaml",)),
        (b"[" * 5000, ("bad.yaml",)),
        (b"", ("bad.yaml",)),
    ],
)
def test_bad_yaml(content: bytes, words: tuple[str, ...], vnetsim: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    ended = vnetsim("check", path)
    assert ended.code == 3
    assert ended.out == ""
    assert_says(ended.err, *words, has_hint=False)


@pytest.mark.parametrize("content", [b'{"a": ', b"[1, 2", b"{}", b"[[]]", b'"text"', b"[" * 100_000])
def test_bad_json(content: bytes, vnetsim: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    ended = vnetsim("check", path)
    assert ended.code == 3
    assert_says(ended.err, "bad.json", has_hint=False)


@pytest.mark.parametrize(
    ("content", "what"),
    [("null", "null"), ("42", "a number"), ("4.5", "a number"), ("true", "true or false"), ('"x"', "a text")],
)
def test_json_that_is_one_value_is_called_what_it_is(content: str, what: str, vnetsim: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content, encoding="utf-8")
    assert_says(vnetsim("check", path).err, "VNS1013", f"no Azure resources in it: it is {what}\n")


@pytest.mark.parametrize(("written_as", "named"), [("[AzureServices, Logs]", "bypass[1]"), ("Logs", "bypass")])
def test_a_wrong_value_in_a_list_names_its_key(written_as: str, named: str, vnetsim: Run, tmp_path: Path) -> None:
    path = tmp_path / "storage.yaml"
    path.write_text(f"storage_accounts: {{st01: {{bypass: {written_as}}}}}\n", encoding="utf-8")
    assert_says(vnetsim("check", path).err, f"st01: {named} cannot be 'Logs'")


def test_an_empty_folder(vnetsim: Run, tmp_path: Path) -> None:
    ended = vnetsim("check", tmp_path)
    assert ended.code == 3
    assert_says(ended.err, "VNS1002", str(tmp_path))


#: What Azure would refuse: (line of the scenario, what it becomes, code, words of the message).
REFUSED = [
    ("name: allow-sql, priority: 100", "name: allow-sql, priority: 90", "VNS2004", ("nsg-sql/allow-sql", "90", "100")),
    ("prefix: 10.1.1.0/24", "prefix: 10.1.0.128/25", "VNS2002", ("10.1.0.128/25", "10.1.0.0/24")),
    ("prefix: 10.1.1.0/24", "prefix: 10.9.1.0/24", "VNS2001", ("10.9.1.0/24",)),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), REFUSED)
def test_a_scenario_that_azure_would_refuse(
    old: str, new: str, code: str, words: tuple[str, ...], vnetsim: Run, small: Path
) -> None:
    ended = vnetsim("check", written(small, old, new))
    assert ended.code == 3
    assert_says(ended.err, code, "wrong.yaml:", *words)


@pytest.mark.parametrize(("old", "new", "code", "words"), REFUSED)
def test_an_export_that_azure_would_refuse(
    old: str, new: str, code: str, words: tuple[str, ...], vnetsim: Run, export: Path
) -> None:
    spelt = {"name: allow-sql, priority: 100": '"priority": 100', "prefix: 10.1.1.0/24": '"10.1.1.0/24"'}
    value = new.rsplit(" ", 1)[-1]
    text = export.read_text(encoding="utf-8")
    export.write_text(text.replace(spelt[old], spelt[old].replace("100", value).replace("10.1.1.0/24", value)), "utf-8")
    ended = vnetsim("check", export)
    assert ended.code == 1
    assert_says(ended.out, code, *words)
    told = vnetsim("explain", export, "vm-web", "vm-sql:1433")
    assert told.code == 0
    assert_says(told.err, code)
    assert vnetsim("explain", export, "vm-web", "vm-sql:1433", "--quiet").err == ""


def test_a_peering_to_a_network_outside_the_export(vnetsim: Run, small: Path) -> None:
    outside = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/vnet-far"
    path = written(small, "peerings:\n", f"peerings:\n  - {{from: vnet-a, to: {outside}}}\n")
    ended = vnetsim("check", path)
    assert "VNS2006" in ended.out and "vnet-far" in ended.out and "hint: " in ended.out
    assert ended.code == 0
    assert vnetsim("check", path, "--strict").code == 3


def test_an_unknown_service_tag(vnetsim: Run, small: Path) -> None:
    ended = vnetsim("check", written(small, "source: 10.1.0.0/24", "source: Storag"))
    assert ended.code in (0, 1)
    assert "VNS2010" in ended.out and "'Storag'" in ended.out and "Storage" in ended.out and "hint: " in ended.out


def test_an_unknown_tag_is_unknown_not_denied(vnetsim: Run, small: Path) -> None:
    path = written(small, "source: 10.1.0.0/24", "source: Storag")
    ended = vnetsim("explain", path, "vm-web", "vm-sql:1433", "-o", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["reason"] == "RULE_NOT_RESOLVED"
    assert vnetsim("explain", path, "vm-web", "vm-sql:1433", "--strict").code == 3


def test_a_name_that_nothing_has(vnetsim: Run, small: Path) -> None:
    ended = vnetsim("check", written(small, "subnet: vnet-a/sql", "subnet: vnet-a/sqll"))
    assert ended.code == 3
    assert_says(ended.err, "sqll", "wrong.yaml:")


@pytest.mark.parametrize("verb", ["replay", "diff", "cost"])
def test_a_missing_flow_log(verb: str, vnetsim: Run, small: Path, tmp_path: Path) -> None:
    ended = vnetsim(verb, small, tmp_path / "none.json")
    assert ended.code == 3
    assert ended.out == ""
    assert_says(ended.err, "VNS3001", "none.json")


def test_a_truncated_blob(vnetsim: Run, small: Path, log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-200])
    ended = vnetsim("diff", small, log)
    assert ended.code == 3
    assert_says(ended.err, "VNS3002", "PT1H.json")


def test_a_truncated_gzip_blob(vnetsim: Run, small: Path, log: Path) -> None:
    packed = log.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(log.read_bytes())[:-40])
    ended = vnetsim("diff", small, packed)
    assert ended.code == 3
    assert_says(ended.err, "PT1H.json.gz")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\x00" * 100, b'{"records": 5}'])
def test_a_file_that_is_no_flow_log(content: bytes, vnetsim: Run, small: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(content)
    ended = vnetsim("diff", small, path)
    assert ended.code in (0, 3)
    if ended.code == 3:
        assert_says(ended.err, "log.json")


def test_a_damaged_tuple_is_told_and_the_rest_is_read(vnetsim: Run, small: Path, log: Path) -> None:
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace(",6,", ",six,", 1), encoding="utf-8")
    ended = vnetsim("diff", small, log)
    assert ended.code == 0
    assert "flowTuples[" in ended.err and "six" in ended.err
    assert "Malformed" in ended.out
    assert vnetsim("diff", small, log, "--strict").code == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("changes: 5\n", ("change.yaml", "changes")),
        ("changes:\n  - drop_everything: {}\n", ("change.yaml:2", "drop_everything")),
        ("changes:\n  - remove_security_rule: {nsg: nsg-sql, rule: absent}\n", ("change.yaml:2", "absent")),
        ("changes:\n  - remove_security_rule: {nsg: nsg-none, rule: allow-sql}\n", ("change.yaml:2", "nsg-none")),
        (
            "changes:\n  - edit_security_rule: {nsg: nsg-sql, rule: allow-sql, set: {priority: 90}}\n",
            ("change.yaml:2", "90"),
        ),
        ("changes: [\n", ("change.yaml",)),
    ],
)
def test_a_change_that_does_not_fit(
    change: str, words: tuple[str, ...], vnetsim: Run, small: Path, log: Path, tmp_path: Path
) -> None:
    path = tmp_path / "change.yaml"
    path.write_text(change, encoding="utf-8")
    ended = vnetsim("what-if", small, path, "--flows", log)
    assert ended.code == 3
    assert ended.out == ""
    assert_says(ended.err, *words, has_hint=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vm-wbe", "vm-sql:1433"], ("vm-wbe", "vm-web")),
        (["vm-web", "vm-sql:99999"], ("99999",)),
        (["vm-web", "vm-sql:1433/sctp"], ("sctp",)),
        (["vm-web", "vm-sql/tcp"], ("vm-sql",)),
        (["vm-web", "::::"], ("::::",)),
        (["vm-web", ""], ()),
        (
            [*AS_AZ, "--local", "10.9.9.9:1", "--remote", "10.1.0.4:2"],
            ("10.9.9.9",),
        ),
        (
            [*AS_AZ, "--local", "10.1.1.4", "--remote", "10.1.0.4:2"],
            ("'10.1.1.4'",),
        ),
    ],
)
def test_a_question_that_names_nothing(arguments: list[str], words: tuple[str, ...], vnetsim: Run, small: Path) -> None:
    ended = vnetsim("explain", small, *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert_says(ended.err, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["effective-rules", "vm-wbe"], ("vm-wbe", "vm-web")),
        (["effective-routes", "vnet-a/wbe"], ("vnet-a/wbe", "vnet-a/web")),
        (["tags", "Storag"], ("Storag", "Storage")),
        (["tags", "VirtualNetwork"], ("--subnet",)),
        (["tags", "VirtualNetwork", "--subnet", "nowhere"], ("nowhere",)),
    ],
)
def test_a_place_that_is_not_there(arguments: list[str], words: tuple[str, ...], vnetsim: Run, small: Path) -> None:
    verb, *rest = arguments
    ended = vnetsim("show", verb, small, *rest)
    assert ended.code == 2
    assert_says(ended.err, *words)


def test_a_name_with_control_characters_cannot_reach_the_terminal(vnetsim: Run, small: Path) -> None:
    path = written(small, "name: small", 'name: "\\e[2J\\u202Eevil[bold]"')
    for arguments in (["check", path], ["show", "topology", path], ["check", path, "-o", "json"]):
        ended = vnetsim(*arguments)
        assert "\x1b" not in ended.out + ended.err
        assert "\u202e" not in ended.out + ended.err
        assert "evil[bold]" in ended.out
