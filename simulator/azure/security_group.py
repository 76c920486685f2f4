"""Network security groups, their rules (default rules included) and application security groups.

Learn: azure/virtual-network/network-security-groups-overview
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from simulator.azure.resource import References, Resource, ResourceId, Strings, type_of_tuple

Direction = Literal["Inbound", "Outbound"]
Access = Literal["Allow", "Deny"]
RuleProtocol = Literal["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]


def capitalised(value: object) -> object:
    """ARM reads enum values in any case; we keep them in the case of the documentation."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return "*" if text.lower() in {"*", "any", "all"} else text.capitalize()


def _one(value: str | None, many: tuple[str, ...]) -> tuple[str, ...]:
    """The plural field wins where it is filled."""
    return many or ((value,) if value else ())


class SecurityRule(Resource):
    """One rule. `sources`, `destinations`, `source_ports`, `destination_ports` unite the singular and plural fields.

    An address is ``*``, an IP, a CIDR or the name of a service tag; application security groups replace addresses.
    """

    priority: int
    direction: Annotated[Direction, BeforeValidator(capitalised)]
    access: Annotated[Access, BeforeValidator(capitalised)]
    protocol: Annotated[RuleProtocol, BeforeValidator(capitalised)] = "*"
    source_address_prefix: str | None = None
    source_address_prefixes: Strings = ()
    destination_address_prefix: str | None = None
    destination_address_prefixes: Strings = ()
    source_port_range: str | None = None
    source_port_ranges: Strings = ()
    destination_port_range: str | None = None
    destination_port_ranges: Strings = ()
    source_application_security_groups: References = ()
    destination_application_security_groups: References = ()

    @property
    def sources(self) -> tuple[str, ...]:
        return _one(self.source_address_prefix, self.source_address_prefixes)

    @property
    def destinations(self) -> tuple[str, ...]:
        return _one(self.destination_address_prefix, self.destination_address_prefixes)

    @property
    def source_ports(self) -> tuple[str, ...]:
        return _one(self.source_port_range, self.source_port_ranges) or ("*",)

    @property
    def destination_ports(self) -> tuple[str, ...]:
        return _one(self.destination_port_range, self.destination_port_ranges) or ("*",)

    @property
    def is_default(self) -> bool:
        return self.priority >= 65000


class NetworkSecurityGroup(Resource):
    """A security group. `default_security_rules` is what the export holds; use `rules` for evaluation."""

    security_rules: Annotated[tuple[SecurityRule, ...], type_of_tuple] = ()
    default_security_rules: Annotated[tuple[SecurityRule, ...], type_of_tuple] = ()

    def rules(self, direction: Direction) -> tuple[SecurityRule, ...]:
        """The rules of one direction in the order Azure asks them: lower priority number first, defaults last."""
        own = (rule for rule in self.security_rules if rule.direction == direction)
        return (*sorted(own, key=lambda rule: rule.priority), *default_rules(self.id, direction))


class ApplicationSecurityGroup(Resource):
    """A named set of NICs; the NICs say which groups they are in."""


def default_rules(group: ResourceId, direction: Direction) -> tuple[SecurityRule, ...]:
    """The three rules Azure adds to every security group; they cannot be removed."""
    return tuple(
        SecurityRule.model_validate(
            {
                "id": str(group.child("defaultSecurityRules", name)),
                "priority": priority,
                "direction": direction,
                "access": access,
                "protocol": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "sourcePortRange": "*",
                "destinationPortRange": "*",
            }
        )
        for name, priority, source, destination, access in _DEFAULT_RULES[direction]
    )


_DEFAULT_RULES: dict[Direction, tuple[tuple[str, int, str, str, Access], ...]] = {
    "Inbound": (
        ("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
        ("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*", "Allow"),
        ("DenyAllInBound", 65500, "*", "*", "Deny"),
    ),
    "Outbound": (
        ("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
        ("AllowInternetOutBound", 65001, "*", "Internet", "Allow"),
        ("DenyAllOutBound", 65500, "*", "*", "Deny"),
    ),
}
