"""Another size of a virtual machine, and accelerated networking of its NICs: what encryption asks of the hardware.

Learn: azure/virtual-machines/sizes/resize-vm, azure/virtual-network/accelerated-networking-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.snapshot import Snapshot
from simulator.whatif.lookup import find, find_nic, nics_of
from simulator.whatif.step import Body, Position

_SIZE = re.compile(r"(Standard|Basic)_[A-Z][A-Z0-9]*\d[A-Z0-9_-]*", re.IGNORECASE)


class ResizeVirtualMachine(Struct, frozen=True):
    """Whether the new size is offered where the machine stands, and takes as many NICs, is not asked."""

    vm: str
    size: str
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> ResizeVirtualMachine:
        body = Body.of(value, position, keys=("vm", "size"))
        vm, size = body.text("vm"), body.text("size")
        if not _SIZE.fullmatch(size):
            whole = f"Standard_{size}"
            hint = f"did you mean {whole!r}?" if _SIZE.fullmatch(whole) else "write it as Azure does: Standard_D4s_v5"
            raise (position / "size").error("VNS4004", f"{size!r} is not a size of virtual machines", hint)
        return cls(vm, size, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        machine = find(snapshot, VirtualMachine, "virtual machine", self.vm, self.position / "vm")
        profile = machine.hardware_profile
        if (profile.vm_size or "").lower() == self.size.lower():
            return snapshot
        resized = machine.model_copy(update={"hardware_profile": profile.model_copy(update={"vm_size": self.size})})
        return _with_nics(snapshot.with_resource(resized), nics_of(snapshot, machine), {})


class SetAcceleratedNetworking(Struct, frozen=True):
    """Of one NIC, or of all NICs of a virtual machine."""

    owner_key: Literal["nic", "vm"]
    owner: str
    enabled: bool
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> SetAcceleratedNetworking:
        body = Body.of(value, position, keys=("nic", "vm", "enabled"))
        key: Literal["nic", "vm"] = body.one_of("nic", "vm")
        return cls(key, body.text(key), body.flag("enabled"), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        changed = [nic for nic in self._nics(snapshot) if nic.enable_accelerated_networking != self.enabled]
        return _with_nics(snapshot, changed, {"enable_accelerated_networking": self.enabled})

    def _nics(self, snapshot: Snapshot) -> list[NetworkInterface]:
        place = self.position / self.owner_key
        if self.owner_key == "nic":
            return [find_nic(snapshot, self.owner, place)]
        machine = find(snapshot, VirtualMachine, "virtual machine", self.owner, place)
        nics = nics_of(snapshot, machine)
        if not nics:
            message = f"no network interface of {machine.name} is in the network"
            raise place.error("VNS4005", message, "export its network interfaces too")
        return nics


def _with_nics(snapshot: Snapshot, nics: Iterable[NetworkInterface], update: dict[str, Any]) -> Snapshot:
    """`nics` as they become. Whether they support encryption the export said of the hardware that they had."""
    became = {**update, "vnet_encryption_supported": None}
    return snapshot.with_resources(nic.model_copy(update=became) for nic in nics)
