"""The scenario file as a whole: its sections."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.data.assumptions import ASSUMPTIONS, SPELLINGS, is_choice
from simulator.sources.problems import did_you_mean, shorten
from simulator.sources.scenario_balancers import LoadBalancer, NatGateway
from simulator.sources.scenario_fields import Addresses, Fqdn, Name, Part, Prefixes, Text, Texts, refuse
from simulator.sources.scenario_firewalls import AzureFirewall, FirewallPolicy
from simulator.sources.scenario_hybrid import (
    ExpressRouteCircuit,
    LocalNetworkGateway,
    OnPremises,
    VirtualNetworkGateway,
)
from simulator.sources.scenario_managers import NetworkManager
from simulator.sources.scenario_models import (
    NetworkInterface,
    Peering,
    RouteTable,
    SecurityRule,
    VirtualMachine,
    VirtualNetwork,
)
from simulator.sources.scenario_platform import (
    CosmosAccount,
    KeyVault,
    MessagingNamespace,
    PrivateEndpoint,
    SecurityPerimeter,
    ServiceEndpointPolicy,
    SqlServer,
    StorageAccount,
)
from simulator.sources.scenario_subnet_services import ApplicationGateway, BastionHost, RoutingAppliance


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
    subscription_offer: Text | None = Field(None, description="EA, PAYG, CSP, MSDN …: decides whether mail may leave.")
    allow_smtp: bool | None = Field(None, description="Whether Azure lets TCP 25 out, where the offer does not decide.")
    include: Texts = Field([], description="JSON files or folders of Azure resources below this file's folder.")
    virtual_networks: dict[Name, VirtualNetwork] = Field({})
    peerings: list[Peering] = Field([])
    network_security_groups: dict[Name, list[SecurityRule]] = Field({}, description="Group name to its rules.")
    application_security_groups: list[Name] = Field([])
    route_tables: dict[Name, RouteTable] = Field({})
    virtual_machines: dict[Name, VirtualMachine] = Field({})
    network_interfaces: dict[Name, NetworkInterface] = Field({})
    load_balancers: dict[Name, LoadBalancer] = Field({})
    nat_gateways: dict[Name, NatGateway] = Field({})
    bastion_hosts: dict[Name, BastionHost] = Field({})
    application_gateways: dict[Name, ApplicationGateway] = Field({})
    routing_appliances: dict[Name, RoutingAppliance] = Field({})
    storage_accounts: dict[Name, StorageAccount] = Field({})
    key_vaults: dict[Name, KeyVault] = Field({})
    sql_servers: dict[Name, SqlServer] = Field({})
    event_hubs: dict[Name, MessagingNamespace] = Field({}, description="Event Hubs namespaces.")
    service_buses: dict[Name, MessagingNamespace] = Field({}, description="Service Bus namespaces.")
    cosmos_accounts: dict[Name, CosmosAccount] = Field({})
    private_endpoints: dict[Name, PrivateEndpoint] = Field({})
    service_endpoint_policies: dict[Name, ServiceEndpointPolicy] = Field({})
    security_perimeters: dict[Name, SecurityPerimeter] = Field({})
    express_route_circuits: dict[Name, ExpressRouteCircuit] = Field({})
    virtual_network_gateways: dict[Name, VirtualNetworkGateway] = Field({})
    on_premises: dict[Name, OnPremises] = Field({})
    local_network_gateways: dict[Name, LocalNetworkGateway] = Field({})
    azure_firewalls: dict[Name, AzureFirewall] = Field({})
    firewall_policies: dict[Name, FirewallPolicy] = Field({})
    network_managers: dict[Name, NetworkManager] = Field({})
    service_tags: dict[Text, Prefixes] = Field({}, description="Extra or corrected service tags.")
    names: dict[Fqdn, Addresses] = Field({}, description="FQDN to the addresses that DNS gives for it.")
    management_groups: dict[Text, Text] = Field({}, description="Management group, or subscription, to its parent.")
    assumptions: dict[AssumptionKey, Choice] = Field(
        {}, description="What is taken for granted where Azure does not say; vnetsim show assumptions lists them."
    )
