"""The scenario file as a whole: its sections."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.data.assumptions import ASSUMPTIONS, SPELLINGS, is_choice
from simulator.sources.problems import did_you_mean, shorten
from simulator.sources.scenario_fields import Name, Part, Prefixes, Text, Texts, refuse
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


def _assumption(key: str) -> str:
    if key not in ASSUMPTIONS:
        raise refuse(f"there is no assumption {key!r}", did_you_mean(key, ASSUMPTIONS), "VNS1202")
    return key


def _choice(value: Any) -> Any:
    """YAML's own true and false, and every spelling that the command line takes."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not is_choice(text):
        raise refuse(f"an assumption is true or false, not {shorten(value)}", "write true or false", "VNS1204")
    return str(SPELLINGS[text.strip().lower()]).lower()


AssumptionKey = Annotated[Text, AfterValidator(_assumption), WithJsonSchema({"enum": [*ASSUMPTIONS]})]
Choice = Annotated[str, BeforeValidator(_choice), WithJsonSchema({"enum": [True, False, *SPELLINGS]})]


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
    assumptions: dict[AssumptionKey, Choice] = Field(
        {}, description="What is taken for granted where Azure does not say; vnetsim show assumptions lists them."
    )
