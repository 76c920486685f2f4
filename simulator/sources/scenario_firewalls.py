"""The parts of a scenario file that are Azure Firewall: firewalls, policies and their rules."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_fields import (
    Address,
    AnyCase,
    Name,
    OneOrMany,
    Part,
    PortNumber,
    Ports,
    RuleAddresses,
    Text,
    Texts,
    refuse,
)
from simulator.sources.scenario_models import PublicIp

ThreatIntelMode = Annotated[Literal["Off", "Alert", "Deny"], AnyCase()]

NETWORK_PROTOCOLS = ("TCP", "UDP", "ICMP", "Any")
#: Protocol of an application rule → its usual port.
APPLICATION_PROTOCOLS = {"http": 80, "https": 443, "mssql": 1433}
_APPLICATION = re.compile(r"(http|https|mssql)(?::([1-9][0-9]{0,4}))?")


def _protocol(text: str) -> str:
    """A protocol of a network rule in Azure's spelling, or one of an application rule in lower case."""
    word = text.strip().lower()
    found = next((known for known in NETWORK_PROTOCOLS if known.lower() == word), None)
    if found is not None:
        return found
    application = _APPLICATION.fullmatch(word)
    if application is None or int(application[2] or 0) > 65535:
        hint = did_you_mean(text, [*NETWORK_PROTOCOLS, *APPLICATION_PROTOCOLS], otherwise="it is one of")
        raise refuse(f"{text!r} is not a protocol of a firewall rule", hint, "VNS1204")
    return word


FirewallProtocol = Annotated[
    Text,
    AfterValidator(_protocol),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [*NETWORK_PROTOCOLS, *APPLICATION_PROTOCOLS]},
                {"type": "string", "pattern": r"^\s*[A-Za-z]+(:\d{1,5})?\s*$"},
            ]
        }
    ),
]


class AzureFirewall(Part):
    """A firewall in the AzureFirewallSubnet of `vnet`."""

    vnet: Text
    ip: Address | None = Field(None, description="Default: the first usable address of AzureFirewallSubnet.")
    tier: Annotated[Literal["Standard", "Premium", "Basic"], AnyCase()] = "Standard"
    public_ip: Annotated[list[PublicIp], OneOrMany()] = Field([], description="One public address or several.")
    policy: Text | None = None
    threat_intel_mode: ThreatIntelMode | None = None
    location: Text | None = None
    resource_group: Name | None = None


class FirewallRule(Part):
    """A rule of a firewall policy; `fqdns` and `fqdn_tags` are for application rules, `translated_*` for nat rules."""

    name: Text
    protocols: Annotated[list[FirewallProtocol], Field(min_length=1), OneOrMany()] = Field(
        [], description="Default Any; of an application rule http and https. Those may say a port: https:8443."
    )
    source: RuleAddresses = Field(["*"])
    destination: RuleAddresses = Field(["*"])
    ports: Ports = Field(["*"])
    fqdns: Texts = Field([])
    fqdn_tags: Texts = Field([])
    translated_address: Address | None = None
    translated_fqdn: Text | None = None
    translated_port: PortNumber | None = None


class RuleCollection(Part):
    """Rules of one kind with one action. Lower priority first; network rules before application rules."""

    name: Name
    kind: Annotated[Literal["network", "application", "nat"], AnyCase()] = "network"
    priority: Annotated[int, Field(ge=100, le=65000)]
    action: Annotated[Literal["Allow", "Deny", "Dnat"], AnyCase()]
    rules: list[FirewallRule] = Field([])

    @model_validator(mode="after")
    def _action_of_its_kind(self) -> Self:
        if (self.kind == "nat") != (self.action == "Dnat"):
            raise refuse(
                f"a {self.kind} collection cannot {self.action}",
                "nat collections have Dnat, others Allow or Deny",
                "VNS1204",
            )
        return self

    @model_validator(mode="after")
    def _rules_of_its_kind(self) -> Self:
        for rule in self.rules:
            _refuse_misfit(self.kind, rule)
        return self


def _refuse_misfit(kind: str, rule: FirewallRule) -> None:
    """Raises what in `rule` belongs to another kind of collection."""
    is_application = kind == "application"
    odd = next((text for text in rule.protocols if (text in NETWORK_PROTOCOLS) == is_application), None)
    if odd is not None:
        known = ", ".join(APPLICATION_PROTOCOLS if is_application else NETWORK_PROTOCOLS)
        raise refuse(f"{rule.name} has protocol {odd}, which is not for {kind} rules", f"they have {known}", "VNS1204")
    targets = [target for target in (rule.translated_address, rule.translated_fqdn) if target is not None]
    if kind == "nat" and len(targets) != 1:
        hint = "write what the destination becomes: translated_address, or translated_fqdn"
        raise refuse(f"{rule.name} needs either translated_address or translated_fqdn", hint, "VNS1203")
    if kind != "nat" and targets:
        hint = "kind: nat with action: Dnat does"
        raise refuse(f"{rule.name} translates, which {kind} rules do not", hint, "VNS1204")


class FirewallPolicy(Part):
    """A firewall policy with one rule collection group."""

    base: Text | None = Field(None, description="Parent policy, whose rules come first.")
    snat_private_ranges: Texts | None = Field(None, description="Destinations the firewall does not SNAT to.")
    threat_intel_mode: ThreatIntelMode | None = None
    collections: list[RuleCollection] = Field([])
    location: Text | None = None
    resource_group: Name | None = None
