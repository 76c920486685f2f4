"""The parts of a scenario file that guard platform services: their firewalls, endpoints, policies and perimeters."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulator.sources.scenario_fields import (
    Address,
    Addresses,
    AddressesOrPrefixes,
    AnyCase,
    Name,
    OneOrMany,
    Part,
    PublicIpv4,
    Text,
    Texts,
    refuse,
)
from simulator.space.addresses import parse_prefix

PublicNetworkAccess = Annotated[Literal["Enabled", "Disabled", "SecuredByPerimeter"], AnyCase()]
DefaultAction = Annotated[Literal["Allow", "Deny"], AnyCase()]
TrustedServices = Annotated[list[Annotated[Literal["AzureServices", "None"], AnyCase()]], OneOrMany()]
PublicRules = Annotated[list[PublicIpv4], OneOrMany()]
MessagingTier = Annotated[Literal["Basic", "Standard", "Premium"], AnyCase()]


def _sql_range(text: str) -> str:
    """An address, a prefix or ``a-b``; ARM keeps IPv4 ranges."""
    try:
        prefix = parse_prefix(text)
    except ValueError:
        hint = "write an address, a prefix such as 203.0.113.0/24, or a range such as 203.0.113.1-203.0.113.9"
        raise refuse(f"{text!r} is not a range of addresses", hint) from None
    if not prefix.is_ipv4:
        raise refuse(f"{text!r} is IPv6, which SQL's firewall does not take", "write IPv4 addresses", "VNS1204")
    return text.strip()


class PlatformService(Part):
    """A service with a public endpoint and a firewall of its own."""

    location: Text | None = None
    resource_group: Name | None = None
    public_network_access: PublicNetworkAccess = "Enabled"
    subnets: Texts = Field([], description="Subnets that are let in by their service endpoint.")
    ip: Addresses = Field([], description="Public addresses of its endpoint, which no export holds.")


class GuardedService(PlatformService):
    """A service whose rules count only with default action Deny."""

    default_action: DefaultAction | None = Field(None, description="Default Allow; needed where there are rules.")
    ip_rules: AddressesOrPrefixes = Field([], description="Addresses and prefixes that are let in.")

    @model_validator(mode="after")
    def _says_what_rules_are_for(self) -> Self:
        if self.default_action is None and (self.ip_rules or self.subnets):
            hint = "write default_action: Deny; with Allow everybody is let in and no rule is asked"
            raise refuse("default_action is missing beside rules", hint, "VNS1203")
        return self


class StorageAccount(GuardedService):
    ip_rules: PublicRules = Field([], description="Public IPv4 addresses and prefixes that are let in.")
    bypass: Annotated[
        list[Annotated[Literal["AzureServices", "Logging", "Metrics", "None"], AnyCase()]], OneOrMany()
    ] = Field(["AzureServices"], description="Who passes the firewall all the same.")


class KeyVault(GuardedService):
    ip_rules: PublicRules = Field([], description="Public IPv4 addresses and prefixes that are let in.")
    bypass: TrustedServices = Field(["AzureServices"], description="Who passes the firewall all the same.")


class MessagingNamespace(GuardedService):
    """An Event Hubs or Service Bus namespace. Tier Basic has no firewall."""

    sku: MessagingTier = "Standard"
    bypass: TrustedServices = Field([], description="AzureServices: trusted services pass all the same.")


class CosmosAccount(GuardedService):
    """Entry 0.0.0.0 of `ip_rules` lets in every address of Azure's datacenters."""

    bypass: TrustedServices = Field([], description="AzureServices passes the firewall all the same.")


class SqlServer(PlatformService):
    """A SQL server refuses whatever its rules do not name; 0.0.0.0 lets in everything inside Azure."""

    default_action: Annotated[Literal["Deny"], AnyCase()] = "Deny"
    ip_rules: Annotated[list[Annotated[Text, AfterValidator(_sql_range)]], OneOrMany()] = Field([])


class PrivateEndpoint(Part):
    """A private endpoint with its NIC, `<name>-nic`."""

    subnet: Text = Field(description="vnet/subnet, or the id of a subnet.")
    ip: Address
    service: Text = Field(description="Name or id of the service behind it.")
    group: Text | None = Field(None, description="Its part, such as blob; default: that of its kind.")
    status: Annotated[Literal["Approved", "Pending", "Rejected", "Disconnected"], AnyCase()] = "Approved"
    location: Text | None = None
    resource_group: Name | None = None


class ServiceEndpointPolicy(Part):
    """What a subnet may reach by its service endpoint for Microsoft.Storage."""

    resources: Texts = Field([], description="Storage accounts; or ids of accounts, resource groups, subscriptions.")
    location: Text | None = None
    resource_group: Name | None = None


class InboundAccessRule(Part):
    name: Name
    prefixes: AddressesOrPrefixes = Field([])
    subscriptions: Texts = Field([], description="Managed identities of these subscriptions.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.prefixes) == bool(self.subscriptions):
            hint = "write one of the two; a second rule takes the other"
            raise refuse("needs either prefixes or subscriptions", hint, "VNS1203")
        return self


class OutboundAccessRule(Part):
    name: Name
    fqdns: Annotated[Texts, Field(min_length=1)]


class PerimeterProfile(Part):
    inbound: list[InboundAccessRule] = Field([])
    outbound: list[OutboundAccessRule] = Field([])


class PerimeterAssociation(Part):
    """One service under one profile of the perimeter."""

    service: Text
    profile: Text
    mode: Annotated[Literal["Learning", "Enforced", "Audit"], AnyCase()] = "Learning"


class SecurityPerimeter(Part):
    profiles: dict[Name, PerimeterProfile] = Field({})
    associations: list[PerimeterAssociation] = Field([])
    location: Text | None = None
    resource_group: Name | None = None
