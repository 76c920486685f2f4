"""The parts of a scenario file that make up the network: VNets, peerings, rules, routes and NICs.

Priorities and the like are bounded here as Azure bounds them; what one section says of another is checked in
`scenario_checks`.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from simulator.sources.scenario_fields import (
    Address,
    AnyCase,
    Mac,
    Name,
    OneOrMany,
    Part,
    Ports,
    Prefixes,
    RuleAddresses,
    Text,
    Texts,
    refuse,
)

Direction = Annotated[Literal["Inbound", "Outbound"], AnyCase()]
Access = Annotated[Literal["Allow", "Deny"], AnyCase()]
PrivateEndpointPolicies = Annotated[
    Literal["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"], AnyCase()
]
Protocol = Annotated[Literal["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"], AnyCase()]


class ServiceEndpoint(Part):
    """A service endpoint of a subnet. The service alone may stand for the whole."""

    short_form: ClassVar[str] = "service"
    service: Text = Field(description="Such as Microsoft.Storage.")
    locations: Texts = Field([], description="Default: what Azure fills in for the subnet's region.")


class Subnet(Part):
    """A subnet: its prefix and what is attached to it. A prefix alone may stand for the whole."""

    short_form: ClassVar[str] = "prefix"
    prefix: Annotated[Prefixes, Field(min_length=1, description="One prefix, or a list (dual stack).")]
    nsg: Text | None = Field(None, description="Name or id of the network security group.")
    route_table: Text | None = Field(None, description="Name or id of the route table.")
    nat_gateway: Text | None = Field(None, description="Name or id of a NAT gateway.")
    default_outbound_access: bool | None = Field(None, description="false makes the subnet private.")
    service_endpoints: Annotated[list[ServiceEndpoint], OneOrMany()] = Field(
        [], description="Services such as Microsoft.Storage."
    )
    service_endpoint_policies: Texts = Field([], description="Names or ids of service endpoint policies.")
    delegations: Texts = Field([], description="Services the subnet is delegated to.")
    private_endpoint_network_policies: PrivateEndpointPolicies | None = None


class Encryption(Part):
    """Virtual network encryption. true or false alone may stand for the whole."""

    short_form: ClassVar[str] = "enabled"
    enabled: bool = True
    enforcement: Annotated[Literal["AllowUnencrypted", "DropUnencrypted"], AnyCase()] = Field(
        "AllowUnencrypted", description="Azure supports AllowUnencrypted only; what the other would drop is projected."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_switch(cls, value: Any) -> Any:
        return {cls.short_form: value} if isinstance(value, bool) else value


class VirtualNetwork(Part):
    """A virtual network and its subnets."""

    address_space: Annotated[Prefixes, Field(min_length=1, description="One prefix or a list.")]
    subnets: dict[Name, Subnet] = Field({}, description="Subnet name to prefix, or to a mapping with more.")
    location: Text | None = None
    resource_group: Name | None = None
    tags: dict[Text, str] = Field({}, description="What policies of network groups may ask for.")
    encryption: Encryption | None = Field(None, description="Virtual network encryption; default off.")
    flow_timeout_in_minutes: Annotated[int, Field(ge=4, le=30)] | None = None


class PeeringLink(Part):
    """One side of a peering, owned by the VNet in `from`."""

    from_: Text = Field(alias="from", description="The VNet that owns this link.")
    to: Text = Field(description="The remote VNet.")
    name: Name | None = Field(None, description="Default <from>-to-<to>.")
    allow_virtual_network_access: bool = True
    allow_forwarded_traffic: bool = False
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    peering_state: Annotated[Literal["Connected", "Initiated", "Disconnected"], AnyCase()] = "Connected"
    local_subnets: Texts = Field([], description="Subnet peering: only these subnets of `from` take part.")
    remote_subnets: Texts = Field([], description="Subnet peering: only these subnets of `to` take part.")


class HubPeering(Part):
    """Both links between a hub and each of its spokes."""

    hub: Text
    spokes: Annotated[Texts, Field(min_length=1)]
    gateway_transit: bool = Field(False, description="Spokes use the hub's gateway.")
    forwarded_traffic: bool = Field(False, description="Traffic that an appliance forwards may pass.")


def _peering_form(value: Any) -> str:
    is_hub = isinstance(value, HubPeering) or (isinstance(value, dict) and not {"hub", "spokes"}.isdisjoint(value))
    return "(hub and spokes)" if is_hub else "(from and to)"


Peering = Annotated[
    Annotated[PeeringLink, Tag("(from and to)")] | Annotated[HubPeering, Tag("(hub and spokes)")],
    Discriminator(_peering_form),
]


class SecurityRule(Part):
    """One rule of a network security group. Priorities run from 100 to 4096, unique in one direction."""

    name: Name
    priority: Annotated[int, Field(ge=100, le=4096)]
    direction: Direction
    access: Access
    protocol: Protocol = "*"
    source: RuleAddresses = Field(["*"], description="*, address, prefix or service tag; or a list.")
    destination: RuleAddresses = Field(["*"], description="*, address, prefix or service tag; or a list.")
    source_ports: Ports = Field(["*"])
    ports: Ports = Field(["*"], description='Destination ports: number, "a-b", "*", or a list.')
    source_asgs: Texts = Field([], description="Application security groups instead of `source`.")
    destination_asgs: Texts = Field([], description="Application security groups instead of `destination`.")

    @model_validator(mode="after")
    def _one_way_of_saying(self) -> Self:
        for side in ("source", "destination"):
            if {side, f"{side}_asgs"} <= self.model_fields_set and getattr(self, f"{side}_asgs"):
                raise refuse(f"{side} and {side}_asgs exclude each other", "keep one of the two", "VNS1207")
        return self


class Route(Part):
    """A user-defined route; ``0.0.0.0/0 -> 10.1.1.4`` may stand for the whole."""

    short_form: ClassVar[str] = "prefix"
    prefix: Text = Field(description="A prefix or a service tag.")
    next_hop: Annotated[Texts, Field(min_length=1)] = Field(
        description="An IP, VirtualAppliance (with ip), Internet, None, VnetLocal or VirtualNetworkGateway; or the "
        "addresses of 2 to 64 appliances that share the packets."
    )
    ip: Address | None = Field(None, description="Address of the appliance, with next_hop: VirtualAppliance.")

    @classmethod
    def read_short_form(cls, value: Any) -> Any:
        prefix, _, next_hop = (part.strip() for part in str(value).partition("->"))
        if not (prefix and next_hop):
            hint = "write prefix -> next hop, such as 0.0.0.0/0 -> 10.1.1.4"
            raise refuse(f"{value!r} is not a route", hint, "VNS1204")
        return {"prefix": prefix, "next_hop": next_hop}


class RouteTable(Part):
    """A route table and its routes by name."""

    routes: dict[Name, Route] = Field({})
    disable_bgp_route_propagation: bool = False
    disable_peering_route: Annotated[Literal["None", "All"], AnyCase()] = Field(
        "None", description="All: the subnets have no routes of peerings, and routes of the user catch that traffic."
    )
    location: Text | None = None
    resource_group: Name | None = None


class PublicIp(Part):
    """A public address. The address alone may stand for the whole."""

    short_form: ClassVar[str] = "ip"
    ip: Address
    sku: Annotated[Literal["Standard", "Basic"], AnyCase()] = "Standard"
    routing_preference: Annotated[Literal["MicrosoftNetwork", "Internet"], AnyCase()] = Field(
        "MicrosoftNetwork", description="By which network what leaves travels; its price differs."
    )


class ApplianceRule(Part):
    """A rule of an appliance's own filter; the first match decides, no match denies."""

    name: Text
    access: Access
    protocol: Protocol = "*"
    source: RuleAddresses = Field(["*"])
    destination: RuleAddresses = Field(["*"])
    ports: Ports = Field(["*"])


class Appliance(Part):
    """What the guest does with packets that are not its own. Without `rules` it forwards all."""

    forwards: bool = True
    stateful: bool = True
    snat: Literal["none", "internet", "all"] = "none"
    rules: list[ApplianceRule] | None = None


class Nic(Part):
    """What a NIC says of itself, standing alone or as the first one of a virtual machine."""

    subnet: Text = Field(description="vnet/subnet, or the id of a subnet.")
    ip: Address | None = Field(None, description="Private address; `ips` for two.")
    ips: Annotated[list[Address], Field(min_length=1, max_length=20)] | None = None
    nsg: Text | None = Field(None, description="Network security group of the NIC itself.")
    public_ip: PublicIp | None = None
    asgs: Texts = Field([])
    accelerated_networking: bool | None = Field(
        None, description="Default: on where the machine's size supports encryption, as Azure makes it; else not known."
    )
    vnet_encryption_supported: bool | None = Field(
        None, description="What Azure says of the machine; beats what is known of its size."
    )
    ip_forwarding: bool = Field(False, description="Azure lets the NIC send and receive packets of others.")
    mac: Mac | None = Field(None, description="Default: made from the NIC's id.")
    location: Text | None = None
    resource_group: Name | None = None
    appliance: Appliance | None = None

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if (self.ip is None) == (self.ips is None):
            raise refuse("needs either ip or ips", "Azure would pick a free address; a scenario says which", "VNS1203")
        return self

    @property
    def addresses(self) -> list[str]:
        return self.ips or [self.ip or ""]


class VirtualMachine(Nic):
    """A virtual machine with its first NIC, `<name>-nic`."""

    size: Text | None = None
    zone: Literal[1, 2, 3] | None = Field(None, description="Availability zone.")


class NetworkInterface(Nic):
    """A NIC without a virtual machine, or a further one of `vm`."""

    vm: Text | None = Field(None, description="The virtual machine that carries this NIC.")
