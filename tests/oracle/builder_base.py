"""What every part of the Builder shares: the JSON and the declarations that a snapshot is read from."""

from __future__ import annotations

from typing import Any

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import (
    MODELS,
    Appliance,
    CircuitNat,
    Declarations,
    LearnedRoute,
    OnPremisesNetwork,
    Snapshot,
    Subscription,
)
from tests.oracle.arm import arm_id, reference


class BaseBuilder:
    """Collects ARM JSON and declarations; `snapshot` reads them with the models."""

    def __init__(self, name: str = "test") -> None:
        self.name = name
        self.json: dict[str, dict[str, Any]] = {}
        self.learned: dict[ResourceId, tuple[LearnedRoute, ...]] = {}
        self.deployments: dict[str, tuple[ResourceId, ...]] | None = {}
        self.undeclared: set[ResourceId] = set()
        self.appliances: dict[ResourceId, Appliance] = {}
        self.on_premises: list[OnPremisesNetwork] = []
        self.service_tags: dict[str, tuple[str, ...]] = {}
        self.circuit_nat: dict[ResourceId, CircuitNat] = {}
        self.service_addresses: dict[ResourceId, tuple[str, ...]] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.management_groups: dict[str, str] = {}
        self.assumptions: dict[str, str] = {}

    def _add(self, kind: str, name: str, **properties: Any) -> dict[str, Any]:
        resource: dict[str, Any] = {"id": arm_id(kind, name), "name": name, "location": "westeurope"}
        resource["properties"] = properties
        self.json[resource["id"]] = resource
        return resource

    def public_ip(self, name: str, address: str, sku: str = "Standard") -> dict[str, str]:
        """A public IP, and the reference to it."""
        self._add("publicIPAddresses", name, ipAddress=address)["sku"] = {"name": sku}
        return reference("publicIPAddresses", name)

    def remove(self, kind: str, name: str) -> None:
        """Forgets a resource but not the references to it, as an incomplete export does."""
        del self.json[arm_id(kind, name)]

    def snapshot(self) -> Snapshot:
        resources: list[Resource] = []
        for identity, value in self.json.items():
            resources.append(MODELS[ResourceId(identity).type].model_validate(value))
        declarations = Declarations(
            learned_routes=dict(self.learned),
            deployments=None if self.deployments is None else dict(self.deployments),
            undeclared_managers=frozenset(self.undeclared),
            appliances=dict(self.appliances),
            on_premises=tuple(self.on_premises),
            service_tags=dict(self.service_tags),
            circuit_nat=dict(self.circuit_nat),
            service_addresses=dict(self.service_addresses),
            names=dict(self.names),
            subscriptions=dict(self.subscriptions),
            management_groups=dict(self.management_groups),
            assumptions=dict(self.assumptions),
        )
        return Snapshot.of(resources, declarations, self.name)
