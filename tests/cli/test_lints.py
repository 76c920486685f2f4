"""`vnetsim check` and the lints: they are told after the issues, and can be left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SHADOWED = "{name: late, priority: 4050, direction: Inbound, access: Allow, source: 10.2.0.0/24, ports: 22}"


@pytest.fixture
def shadowed(small: Path) -> Path:
    text = small.read_text(encoding="utf-8")
    small.write_text(text.replace("virtual_machines:", f"    - {SHADOWED}\nvirtual_machines:"), encoding="utf-8")
    return small


def test_a_rule_that_is_never_reached_is_a_warning_that_ends_with_0(vnetsim: Run, shadowed: Path) -> None:
    ended = vnetsim("check", shadowed, "--strict")
    assert ended.code == 0, "a lint leaves no answer in doubt"
    assert "small: no issues; lints: 1 warning\n" in ended.out
    assert "warning[VNS6001]: nsg-sql/late (4050), Inbound: this Allow is never reached: " in ended.out
    [finding] = json.loads(vnetsim("check", shadowed, "-o", "json").out)["lints"]
    assert finding["code"] == "VNS6001" and finding["place"].endswith("/nsg-sql/securityRules/late")
    assert [identity.rsplit("/", 1)[-1] for identity in finding["involved"]] == ["deny-all"]
    assert "VNS6001" in vnetsim("check", shadowed, "-o", "csv").out


def test_a_lint_that_is_an_error_ends_with_1(vnetsim: Run, small: Path) -> None:
    text = small.read_text(encoding="utf-8")
    routed = text.replace("prefix: 10.2.0.0/24,", "prefix: 10.2.0.0/24, route_table: rt,")
    small.write_text(routed + "route_tables: {rt: {routes: {all: 10.9.0.0/16 -> 10.1.0.4}}}\n", encoding="utf-8")
    ended = vnetsim("check", small)
    assert ended.code == 1
    assert "error[VNS6020]: rt/all: 10.1.0.4 is vm-web, a NIC without IP forwarding" in ended.out
    assert vnetsim("check", small, "--no-lints").code == 0


def test_the_lints_can_be_left_out(vnetsim: Run, shadowed: Path) -> None:
    ended = vnetsim("check", shadowed, "--no-lints")
    assert ended.code == 0 and "VNS6" not in ended.out
    assert json.loads(vnetsim("check", shadowed, "--no-lints", "-o", "json").out)["lints"] is None


def test_a_sound_network_has_no_finding(vnetsim: Run, small: Path) -> None:
    assert json.loads(vnetsim("check", small, "-o", "json").out)["lints"] == []
