"""Runs command lines as users do: in this process where only the answer matters, in another where streams do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.cli.app import run_command

REPOSITORY = Path(__file__).resolve().parents[2]

#: A network that is small and sound: two peered virtual networks, three machines.
SMALL = """\
name: small
virtual_networks:
  vnet-a:
    address_space: 10.1.0.0/16
    subnets:
      web: {prefix: 10.1.0.0/24, nsg: nsg-web}
      sql: {prefix: 10.1.1.0/24, nsg: nsg-sql}
  vnet-b:
    address_space: 10.2.0.0/16
    subnets:
      app: {prefix: 10.2.0.0/24, nsg: nsg-app}
peerings:
  - {hub: vnet-a, spokes: [vnet-b]}
network_security_groups:
  nsg-web: []
  nsg-app: []
  nsg-sql:
    - {name: allow-sql, priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source: 10.1.0.0/24, destination: "*", ports: 1433}
    - {name: deny-all, priority: 4000, direction: Inbound, access: Deny, source: "*", destination: "*", ports: "*"}
virtual_machines:
  vm-web: {subnet: vnet-a/web, ip: 10.1.0.4, mac: 00-0D-3A-00-00-01}
  vm-sql: {subnet: vnet-a/sql, ip: 10.1.1.4, mac: 00-0D-3A-00-00-02}
  vm-app: {subnet: vnet-b/app, ip: 10.2.0.4, mac: 00-0D-3A-00-00-03}
"""  # noqa: E501

CHANGE = """\
name: open-sql
description: let the application in
changes:
  - add_security_rule:
      nsg: nsg-sql
      rule: {name: allow-app, priority: 200, direction: Inbound, access: Allow, source: 10.2.0.0/24, destination: "*", ports: 1433}
"""  # noqa: E501


class Ended(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def vnetsim(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Runs a command line in this process. No command ever shows a traceback."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Ended:
        capfd.readouterr()
        code = run_command([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err)

    return run


def run_process(
    *arguments: object, environment: Mapping[str, str] | None = None, code: str = "", cwd: Path | None = None
) -> Ended:
    """Runs ``python -m simulator`` (or `code`) in a process of its own."""
    hidden = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "simulator"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        env={**inherited, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", **(environment or {})},
        cwd=cwd,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def process() -> Callable[..., Ended]:
    return run_process


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A sound scenario file."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What ``az network … list`` would print of the two machines of `small` in one virtual network."""
    root = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"
    network, group = f"{root}/virtualNetworks/vnet-a", f"{root}/networkSecurityGroups/nsg-sql"
    prefixes = {"web": "10.1.0.0/24", "sql": "10.1.1.0/24"}
    rule = {
        "name": "allow-sql",
        "id": f"{group}/securityRules/allow-sql",
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.1.0.0/24",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "1433",
    }
    subnets: list[dict[str, object]] = [
        {"id": f"{network}/subnets/{name}", "name": name, "addressPrefix": prefix} for name, prefix in prefixes.items()
    ]
    subnets[1]["networkSecurityGroup"] = {"id": group}
    nics = [
        {
            "id": f"{root}/networkInterfaces/vm-{name}",
            "ipConfigurations": [{"privateIPAddress": address, "subnet": {"id": f"{network}/subnets/{name}"}}],
        }
        for name, address in {"web": "10.1.0.4", "sql": "10.1.1.4"}.items()
    ]
    resources = [
        {"id": network, "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets},
        {"id": group, "securityRules": [rule]},
        *nics,
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(resources), encoding="utf-8")
    return path


@pytest.fixture
def change(tmp_path: Path) -> Path:
    """A change to `small` that lets a machine in."""
    path = tmp_path / "change.yaml"
    path.write_text(CHANGE, encoding="utf-8")
    return path


@pytest.fixture
def log(small: Path, tmp_path: Path, vnetsim: Callable[..., Ended]) -> Path:
    """A flow log that `small` would have written."""
    path = tmp_path / "PT1H.json"
    assert vnetsim("generate", small, "--flows", 200, "--seed", 7, "--output-file", path).code == 0
    return path
