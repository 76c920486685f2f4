"""Steps that encryption asks for: the VNet's setting, the size of a machine, accelerated networking of a NIC."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Encryption, VirtualNetwork
from simulator.errors import ChangeError
from simulator.sources.scenario import scenario_snapshot
from tests.whatif.changed_network import applied

TOPOLOGY = """
name: hardware
virtual_networks:
  vnet-plain: {address_space: 10.1.0.0/24, subnets: {web: 10.1.0.0/26}}
  vnet-secret: {address_space: 10.2.0.0/24, encryption: true, subnets: {web: 10.2.0.0/26}}
virtual_machines:
  vm-one: {subnet: vnet-plain/web, ip: 10.1.0.4, size: Standard_D2s_v3}
  vm-two: {subnet: vnet-secret/web, ip: 10.2.0.4, size: Standard_D4s_v5, accelerated_networking: true}
network_interfaces:
  vm-two-second: {vm: vm-two, subnet: vnet-secret/web, ip: 10.2.0.5, accelerated_networking: false}
"""


@pytest.fixture(scope="module")
def hardware(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path: Path = tmp_path_factory.mktemp("hardware") / "hardware.yaml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    return scenario_snapshot(path)


def encryption_of(snapshot: Snapshot, name: str) -> Encryption | None:
    return next(held.encryption for held in snapshot.all(VirtualNetwork) if held.name == name)


def machine(snapshot: Snapshot, name: str) -> VirtualMachine:
    return next(held for held in snapshot.all(VirtualMachine) if held.name == name)


def nic(snapshot: Snapshot, name: str) -> NetworkInterface:
    return next(held for held in snapshot.network_interfaces if held.name == name)


def said_to_support(snapshot: Snapshot, name: str) -> Snapshot:
    """As an export that knows that Azure supports encryption at the NIC."""
    return snapshot.with_resource(nic(snapshot, name).model_copy(update={"vnet_encryption_supported": True}))


@pytest.mark.parametrize(
    ("vnet", "settings", "enabled", "enforcement"),
    [
        ("vnet-plain", "enabled: true", True, "AllowUnencrypted"),
        ("VNET-PLAIN", "enabled: true, enforcement: dropunencrypted", True, "DropUnencrypted"),
        ("vnet-plain", "enabled: false", False, "AllowUnencrypted"),
        ("vnet-secret", "enabled: false", False, "AllowUnencrypted"),
        ("vnet-secret", "enabled: true, enforcement: DropUnencrypted", True, "DropUnencrypted"),
    ],
)
def test_encryption_is_set(hardware: Snapshot, vnet: str, settings: str, enabled: bool, enforcement: str) -> None:
    after = encryption_of(applied(hardware, f"set_encryption: {{vnet: {vnet}, {settings}}}"), vnet.lower())
    assert after is not None
    assert (after.enabled, after.enforcement) == (enabled, enforcement)


def test_enforcement_stays_where_it_is_not_named(hardware: Snapshot) -> None:
    strict = "set_encryption: {vnet: vnet-secret, enabled: true, enforcement: DropUnencrypted}"
    after = applied(hardware, strict, "set_encryption: {vnet: vnet-secret, enabled: true}")
    assert encryption_of(after, "vnet-secret") == Encryption.model_validate(
        {"enabled": True, "enforcement": "DropUnencrypted"}
    )


def test_a_machine_is_resized(hardware: Snapshot) -> None:
    after = applied(hardware, "resize_virtual_machine: {vm: vm-one, size: Standard_D4s_v5}")
    assert machine(after, "vm-one").hardware_profile.vm_size == "Standard_D4s_v5"
    assert machine(after, "vm-two") == machine(hardware, "vm-two")


@pytest.mark.parametrize(
    "step",
    [
        "resize_virtual_machine: {vm: vm-two, size: Standard_D2s_v3}",
        "set_accelerated_networking: {nic: vm-two-nic, enabled: false}",
    ],
)
def test_what_the_export_said_of_the_hardware_does_not_outlive_it(hardware: Snapshot, step: str) -> None:
    known = said_to_support(hardware, "vm-two-nic")
    after = applied(known, step)
    assert nic(known, "vm-two-nic").vnet_encryption_supported is True
    assert nic(after, "vm-two-nic").vnet_encryption_supported is None


@pytest.mark.parametrize(
    "step",
    [
        "resize_virtual_machine: {vm: vm-two, size: standard_d4s_v5}",
        "set_accelerated_networking: {nic: vm-two-nic, enabled: true}",
        "set_encryption: {vnet: vnet-secret, enabled: true}",
    ],
)
def test_a_setting_that_is_there_changes_nothing(hardware: Snapshot, step: str) -> None:
    known = said_to_support(hardware, "vm-two-nic")
    assert applied(known, step) == known


def test_accelerated_networking_is_set_of_one_nic_or_of_all_of_a_machine(hardware: Snapshot) -> None:
    one = applied(hardware, "set_accelerated_networking: {nic: vm-one, enabled: true}")
    assert nic(one, "vm-one-nic").enable_accelerated_networking
    both = applied(hardware, "set_accelerated_networking: {vm: vm-two, enabled: true}")
    assert all(nic(both, name).enable_accelerated_networking for name in ("vm-two-nic", "vm-two-second"))
    neither = applied(hardware, "set_accelerated_networking: {vm: vm-two, enabled: false}")
    assert not any(nic(neither, name).enable_accelerated_networking for name in ("vm-two-nic", "vm-two-second"))


def test_a_machine_that_names_its_nics_is_enough(hardware: Snapshot) -> None:
    """Resource Graph may leave out the NIC's own reference to its machine."""
    alone = hardware.with_resource(nic(hardware, "vm-one-nic").model_copy(update={"virtual_machine": None}))
    after = applied(alone, "set_accelerated_networking: {vm: vm-one, enabled: true}")
    assert nic(after, "vm-one-nic").enable_accelerated_networking


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("set_encryption: {vnet: vnet-secret, enabled: false}", "set_encryption: {vnet: vnet-secret, enabled: true}"),
        (
            "resize_virtual_machine: {vm: vm-one, size: Standard_E16s_v5}",
            "resize_virtual_machine: {vm: vm-one, size: Standard_D2s_v3}",
        ),
        (
            "set_accelerated_networking: {nic: vm-two-second, enabled: true}",
            "set_accelerated_networking: {nic: vm-two-second, enabled: false}",
        ),
    ],
)
def test_there_and_back_is_no_change(hardware: Snapshot, there: str, back: str) -> None:
    assert applied(hardware, there) != hardware
    assert applied(hardware, there, back) == hardware


@pytest.mark.parametrize(
    ("step", "code", "column", "says", "hint"),
    [
        ("set_encryption: {vnet: vnet-plan, enabled: true}", "VNS4005", 28, "'vnet-plan'", "'vnet-plain'"),
        ("set_encryption: {vnet: vnet-plain}", "VNS4004", 21, "enabled is missing", "add enabled: …"),
        ("set_encryption: {vnet: vnet-plain, enabled: on}", "VNS4004", 49, "true or false, not 'on'", "enabled: true"),
        (
            "set_encryption: {vnet: vnet-plain, enabled: true, enforcement: Drop}",
            "VNS4004",
            68,
            "enforcement cannot be 'Drop'",
            "it is one of: AllowUnencrypted, DropUnencrypted",
        ),
        (
            "set_encryption: {vnet: vnet-plain, enabled: false, enforcement: DropUnencrypted}",
            "VNS4004",
            69,
            "says nothing of a virtual network without encryption",
            "leave it out",
        ),
        ("set_encryption: {vnet: vnet-plain, enable: true}", "VNS4003", 40, "unknown key 'enable'", "'enabled'"),
        (
            "resize_virtual_machine: {vm: vm-one, size: D4s_v5}",
            "VNS4004",
            48,
            "'D4s_v5' is not a size",
            "did you mean 'Standard_D4s_v5'?",
        ),
        ("resize_virtual_machine: {vm: vm-one, size: big}", "VNS4004", 48, "'big' is not a size", "Standard_D4s_v5"),
        ("resize_virtual_machine: {vm: vm-one, size: 4}", "VNS4004", 48, "size should be a name", "write size"),
        ("resize_virtual_machine: {vm: vm-onw, size: Standard_D4s_v5}", "VNS4005", 34, "'vm-onw'", "'vm-one'"),
        ("resize_virtual_machine: {vm: vm-one}", "VNS4004", 29, "size is missing", "add size"),
        ("set_accelerated_networking: {nic: vm-two, enabled: true}", "VNS4006", 39, "2 network inter", "vm-two-second"),
        ("set_accelerated_networking: {nic: nic-x, enabled: true}", "VNS4005", 39, "'nic-x'", "known are"),
        ("set_accelerated_networking: {vm: server, enabled: true}", "VNS4005", 38, "'server'", "known are"),
        ("set_accelerated_networking: {enabled: true}", "VNS4004", 33, "names 0", "add nic or vm"),
        (
            "set_accelerated_networking: {nic: a, vm: b, enabled: true}",
            "VNS4004",
            33,
            "one nic or vm, this one names 2",
            "keep one",
        ),
        (
            "set_accelerated_networking: {vm: vm-one, enabled: 1}",
            "VNS4004",
            55,
            "true or false, not 1",
            "enabled: true",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_the_way_out(
    hardware: Snapshot, step: str, code: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        applied(hardware, step)
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.place == f"change.yaml:2:{column}"


def test_a_machine_without_a_nic_in_the_export_is_said_to_have_none(hardware: Snapshot) -> None:
    left = {key: held for key, held in hardware.resources.items() if held.name != "vm-one-nic"}
    with pytest.raises(ChangeError, match="no network interface of vm-one is in the network") as refused:
        applied(Snapshot(left), "set_accelerated_networking: {vm: vm-one, enabled: true}")
    assert (refused.value.code, refused.value.hint) == ("VNS4005", "export its network interfaces too")
