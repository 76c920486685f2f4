"""Platform services with a public endpoint and a firewall of their own: storage, vaults, databases, messaging.

Learn: azure/storage/common/storage-network-security, azure/key-vault/general/network-security,
azure/azure-sql/database/firewall-configure, azure/event-hubs/event-hubs-ip-filtering,
azure/service-bus-messaging/service-bus-ip-filtering, azure/cosmos-db/how-to-configure-firewall
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from simulator.azure.resource import ArmModel, Reference, Resource, lift, type_of_tuple

_ADDRESS_SPELLINGS = ("value", "ipmask", "ipaddressorrange")
_SUBNET_SPELLINGS = ("subnet", "virtualnetworksubnetid", "virtualnetworkresourceid", "id")


class IpRule(ArmModel):
    """An address, a prefix or (SQL) a range of public IPv4. Services spell it value, ipMask or ipAddressOrRange."""

    value: str
    action: str = "Allow"

    @model_validator(mode="before")
    @classmethod
    def _any_spelling(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"value": value}
        fields = lift(value) if isinstance(value, dict) else {}
        found = next((fields[name] for name in _ADDRESS_SPELLINGS if fields.get(name) is not None), None)
        return value if found is None else {**fields, "value": found}


class SubnetRule(ArmModel):
    """A subnet that is let in by its service endpoint. Services spell it in four ways: see `_SUBNET_SPELLINGS`."""

    subnet: Reference
    state: str = "Succeeded"
    ignore_missing_vnet_service_endpoint: bool = False

    @model_validator(mode="before")
    @classmethod
    def _any_spelling(cls, value: Any) -> Any:
        """The id of a rule is told from that of a subnet by what it is the id of."""
        fields = lift(value) if isinstance(value, dict) else {}
        given = [fields[name] for name in _SUBNET_SPELLINGS if name in fields]
        subnet = next((held for held in given if "/subnets/" in str(held).lower()), None)
        return value if subnet is None else {**fields, "subnet": subnet}


class ResourceAccessRule(ArmModel):
    tenant_id: str = ""
    resource_id: str = ""


class NetworkRuleSet(ArmModel):
    """`default_action` None: the export does not say. `bypass` is ``AzureServices``, ``None`` or a list with commas."""

    default_action: str | None = None
    bypass: str | None = None
    public_network_access: str | None = None
    trusted_service_access_enabled: bool | None = None
    ip_rules: Annotated[tuple[IpRule, ...], type_of_tuple] = ()
    virtual_network_rules: Annotated[tuple[SubnetRule, ...], type_of_tuple] = ()
    resource_access_rules: Annotated[tuple[ResourceAccessRule, ...], type_of_tuple] = ()


class PlatformService(Resource):
    """What every kind has. `public_network_access`: Enabled, Disabled, SecuredByPerimeter, or None = not said."""

    public_network_access: str | None = None


class StorageAccount(PlatformService):
    """ARM spells the rule set ``networkAcls``, az ``networkRuleSet``."""

    network_acls: NetworkRuleSet | None = None
    network_rule_set: NetworkRuleSet | None = None

    @property
    def rules(self) -> NetworkRuleSet | None:
        return self.network_acls or self.network_rule_set


class KeyVault(PlatformService):
    network_acls: NetworkRuleSet | None = None


class SqlFirewallRule(Resource):
    """A range of addresses; 0.0.0.0 to 0.0.0.0 admits everything inside Azure."""

    start_ip_address: str = ""
    end_ip_address: str = ""


class SqlVirtualNetworkRule(Resource):
    virtual_network_subnet_id: Reference
    state: str = "Ready"


class SqlServer(PlatformService):
    """Rules are resources of their own; the readers hang them here."""

    firewall_rules: Annotated[tuple[SqlFirewallRule, ...], type_of_tuple] = ()
    virtual_network_rules: Annotated[tuple[SqlVirtualNetworkRule, ...], type_of_tuple] = ()


class MessagingSku(ArmModel):
    name: str = "Standard"


class MessagingRuleSet(Resource, NetworkRuleSet):
    """``namespaces/networkRuleSets/default``."""


class EventHubNamespace(PlatformService):
    sku: MessagingSku = Field(default_factory=MessagingSku)
    network_rule_sets: Annotated[tuple[MessagingRuleSet, ...], type_of_tuple] = ()


class ServiceBusNamespace(PlatformService):
    sku: MessagingSku = Field(default_factory=MessagingSku)
    network_rule_sets: Annotated[tuple[MessagingRuleSet, ...], type_of_tuple] = ()


class CosmosAccount(PlatformService):
    """An entry ``0.0.0.0`` among `ip_rules` admits every Azure datacenter address.

    Before 2020 ARM wrote the rules as one text with commas: `ip_range_filter`.
    """

    ip_rules: Annotated[tuple[IpRule, ...], type_of_tuple] = ()
    is_virtual_network_filter_enabled: bool = False
    virtual_network_rules: Annotated[tuple[SubnetRule, ...], type_of_tuple] = ()
    network_acl_bypass: str | None = None
    ip_range_filter: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _rules_of_the_filter(cls, value: Any) -> Any:
        fields = lift(value) if isinstance(value, dict) else {}
        written = fields.get("iprangefilter")
        if fields.get("iprules") or not isinstance(written, str):
            return value
        return {**fields, "iprules": [part.strip() for part in written.split(",") if part.strip()]}
