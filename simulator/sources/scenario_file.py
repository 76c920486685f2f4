"""The scenario file as a whole: its sections."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.sources.scenario_fields import Name, Part, Prefixes, Text, Texts
from simulator.sources.scenario_models import (
    NetworkInterface,
    Peering,
    RouteTable,
    SecurityRule,
    VirtualMachine,
    VirtualNetwork,
)
from simulator.sources.scenario_services import (
    AzureFirewall,
    FirewallPolicy,
    LocalNetworkGateway,
    NetworkManager,
    OnPremises,
    VirtualNetworkGateway,
)


def _scalar_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


_SCALAR_SCHEMA = WithJsonSchema({"type": ["string", "number", "boolean"]})
Assumption = Annotated[str, BeforeValidator(_scalar_text), _SCALAR_SCHEMA]


class Scenario(Part):
    """A network written by hand."""

    name: Text | None = Field(None, description="Default: the name of the folder or file.")
    description: Text | None = None
    location: Text = Field("westeurope", description="Region of everything that names none.")
    resource_group: Name | None = Field(None, description="Default rg-<name>.")
    subscription: Text = "00000000-0000-0000-0000-000000000000"
    include: Texts = Field([], description="JSON files or folders of Azure resources below this file's folder.")
    virtual_networks: dict[Name, VirtualNetwork] = Field({})
    peerings: list[Peering] = Field([])
    network_security_groups: dict[Name, list[SecurityRule]] = Field({}, description="Group name to its rules.")
    application_security_groups: list[Name] = Field([])
    route_tables: dict[Name, RouteTable] = Field({})
    virtual_machines: dict[Name, VirtualMachine] = Field({})
    network_interfaces: dict[Name, NetworkInterface] = Field({})
    virtual_network_gateways: dict[Name, VirtualNetworkGateway] = Field({})
    on_premises: dict[Name, OnPremises] = Field({})
    local_network_gateways: dict[Name, LocalNetworkGateway] = Field({})
    azure_firewalls: dict[Name, AzureFirewall] = Field({})
    firewall_policies: dict[Name, FirewallPolicy] = Field({})
    network_managers: dict[Name, NetworkManager] = Field({})
    service_tags: dict[Text, Prefixes] = Field({}, description="Extra or corrected service tags.")
    assumptions: dict[Text, Assumption] = Field({}, description="What is taken for granted where Azure does not say.")
