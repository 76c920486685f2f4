"""Azure Firewall: classic rule collections and firewall policies.

Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simulator.azure.resource import ArmModel, Reference, Resource, Strings, type_of_tuple
from simulator.azure.security_group import Access, capitalised


class CollectionAction(ArmModel):
    type: Annotated[Access | Literal["Dnat"], BeforeValidator(capitalised)] = "Allow"


class ApplicationProtocol(ArmModel):
    """``Http``, ``Https`` or ``Mssql`` with the port that the rule listens to."""

    protocol_type: str = "Https"
    port: int | None = None


class FirewallRule(ArmModel):
    """One rule of any kind. Network rules fill addresses and ports, application rules `target_fqdns` and `fqdn_tags`.

    Classic firewalls spell the protocols of a network rule ``protocols``, policies ``ipProtocols``: see `_protocols`.
    """

    name: str
    rule_type: str = "NetworkRule"
    ip_protocols: Strings = ()
    source_addresses: Strings = ()
    source_ip_groups: Strings = ()
    destination_addresses: Strings = ()
    destination_ip_groups: Strings = ()
    destination_fqdns: Strings = ()
    destination_ports: Strings = ()
    target_fqdns: Strings = ()
    fqdn_tags: Strings = ()
    translated_address: str | None = None
    translated_port: str | None = None
    translated_fqdn: str | None = None
    application_protocols: Annotated[tuple[ApplicationProtocol, ...], type_of_tuple] = ()
    web_categories: Strings = ()

    @model_validator(mode="before")
    @classmethod
    def _protocols(cls, value: Any) -> Any:
        """Take classic ``protocols: ["TCP"]`` as `ip_protocols`; application rules hold objects there."""
        if isinstance(value, dict):
            properties = value.get("properties")
            inner = properties if isinstance(properties, dict) else value
            protocols = next((held for key, held in inner.items() if key.lower() == "protocols"), None)
            if isinstance(protocols, list) and protocols and all(isinstance(one, str) for one in protocols):
                return {**value, "ipProtocols": protocols}
            if isinstance(protocols, list) and protocols and all(isinstance(one, dict) for one in protocols):
                return {**value, "applicationProtocols": protocols}
        return value


class FirewallRuleCollection(ArmModel):
    name: str
    priority: int = 0
    action: CollectionAction = Field(default_factory=CollectionAction)
    rules: Annotated[tuple[FirewallRule, ...], type_of_tuple] = ()


class RuleCollectionGroup(Resource):
    """``firewallPolicies/ruleCollectionGroups``; lower `priority` first, then lower collection priority."""

    priority: int = 0
    rule_collections: Annotated[tuple[FirewallRuleCollection, ...], type_of_tuple] = ()


class SnatSettings(ArmModel):
    private_ranges: Strings = ()
    auto_learn_private_ranges: str | None = None


class FirewallPolicy(Resource):
    """A policy. Rule collection groups are resources of their own; the readers hang them here."""

    base_policy: Reference | None = None
    threat_intel_mode: str | None = None
    snat: SnatSettings | None = None
    rule_collection_groups: Annotated[tuple[RuleCollectionGroup, ...], type_of_tuple] = ()


class FirewallIpConfiguration(ArmModel):
    name: str = ""
    private_ip_address: str | None = None
    subnet: Reference | None = None
    public_ip_address: Reference | None = None


class FirewallSku(ArmModel):
    name: str = "AZFW_VNet"
    tier: str = "Standard"


class AzureFirewall(Resource):
    ip_configurations: Annotated[tuple[FirewallIpConfiguration, ...], type_of_tuple] = ()
    management_ip_configuration: FirewallIpConfiguration | None = None
    sku: FirewallSku = Field(default_factory=FirewallSku)
    firewall_policy: Reference | None = None
    threat_intel_mode: str | None = None
    network_rule_collections: Annotated[tuple[FirewallRuleCollection, ...], type_of_tuple] = ()
    application_rule_collections: Annotated[tuple[FirewallRuleCollection, ...], type_of_tuple] = ()
    nat_rule_collections: Annotated[tuple[FirewallRuleCollection, ...], type_of_tuple] = ()


class IpGroup(Resource):
    ip_addresses: Strings = ()
