"""Switching the encryption of a virtual network on and off.

Learn: azure/virtual-network/virtual-network-encryption-overview
"""

from __future__ import annotations

from msgspec import Struct

from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Encryption, VirtualNetwork
from simulator.whatif.lookup import find
from simulator.whatif.step import Body, Position

#: What becomes of traffic that cannot be encrypted. Azure takes the first only; the other is there to be projected.
ENFORCEMENTS = ("AllowUnencrypted", "DropUnencrypted")


class SetEncryption(Struct, frozen=True):
    """`enforcement` None keeps what the VNet has, or else Azure's default."""

    vnet: str
    enabled: bool
    enforcement: str | None
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> SetEncryption:
        body = Body.of(value, position, keys=("vnet", "enabled", "enforcement"))
        vnet, enabled = body.text("vnet"), body.flag("enabled")
        enforcement = body.choice("enforcement", ENFORCEMENTS) if body.has("enforcement") else None
        if enforcement is not None and not enabled:
            message = "enforcement says nothing of a virtual network without encryption"
            raise (position / "enforcement").error("VNS4004", message, "leave it out, or write enabled: true")
        return cls(vnet, enabled, enforcement, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        network = find(snapshot, VirtualNetwork, "virtual network", self.vnet, self.position / "vnet")
        held = network.encryption or Encryption()
        said = {"enabled": self.enabled, "enforcement": self.enforcement or held.enforcement}
        return snapshot.with_resource(network.model_copy(update={"encryption": held.model_copy(update=said)}))
