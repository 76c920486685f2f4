"""The kinds of values that a scenario file is written with: names, prefixes, addresses, ports, lists of one.

Each checks its text and says the way out. A short form (a text where a mapping may stand) is read here too.
"""

import ipaddress
import re
from typing import Annotated, Any, ClassVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.space.addresses import parse_address, parse_prefix

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_FQDN = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+")
_PRIVATE = tuple(map(parse_prefix, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_SMALLEST_PREFIX = 3
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


def refuse(message: str, hint: str = "", code: str = "VNS1206") -> PydanticCustomError:
    """The error of a value that does not fit, with its way out; `message` says what is wrong with the value itself."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint, "code": code})


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        hint = "a name has 1 to 80 letters, digits, '_', '.' or '-', and begins and ends with a letter, digit or '_'"
        raise refuse(f"{text!r} is not a name that Azure takes", hint, "VNS1204")
    return text


def network_prefix(text: str) -> str:
    """A CIDR without host bits, as address spaces, subnets and routes need it."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise refuse(f"{text!r} is not a prefix", "write an address and a length, such as 10.1.0.0/24") from None
    if "/" not in text:
        raise refuse(f"{text!r} has no length", f"write {network} for this one address, or the length of the prefix")
    if ipaddress.ip_address(text.split("/")[0].strip()) != network.network_address:
        raise refuse(f"{text!r} has bits beyond its length", f"the prefix that holds it is {network}")
    return text.strip()


def _address(text: str) -> str:
    try:
        parse_address(text)
    except ValueError:
        raise refuse(f"{text!r} is not an IP address", "write an address such as 10.1.0.4") from None
    return text.strip()


def _address_or_prefix(text: str) -> str:
    return network_prefix(text) if "/" in text else _address(text)


def _public_ipv4(text: str) -> str:
    """What the firewalls of Storage and Key Vault take: public IPv4, prefixes up to /30."""
    prefix = parse_prefix(_address_or_prefix(text))
    if not prefix.is_ipv4:
        raise refuse(f"{text!r} is IPv6, which this firewall does not take", "write IPv4 addresses", "VNS1204")
    private = next((held for held in _PRIVATE if held.overlaps(prefix)), None)
    if private is not None:
        hint = "let the subnet in instead: subnets: [vnet/subnet], with a service endpoint"
        raise refuse(f"{text!r} is private, and IP rules take public addresses only", hint, "VNS1204")
    if "/" in text and prefix.high - prefix.low < _SMALLEST_PREFIX:
        hint = "write the addresses one by one"
        raise refuse(f"{text!r} is a prefix of less than four addresses", hint, "VNS1204")
    return text.strip()


def _fqdn(text: str) -> str:
    if not _FQDN.fullmatch(text.strip()):
        raise refuse(f"{text!r} is not a full domain name", "write a name such as updates.example.com", "VNS1204")
    return text.strip().lower()


def is_service_tag(text: str) -> bool:
    """True for a word that can be the name of a service tag; only the network knows which exist."""
    return _TAG.fullmatch(text.strip()) is not None


def _rule_address(text: str) -> str:
    """``*``, an address, a prefix, a range, or a word that can be the name of a service tag."""
    text = text.strip()
    if text == "*" or is_service_tag(text):
        return text
    try:
        parse_prefix(text)
    except ValueError:
        hint = "write *, an address, a prefix such as 10.1.0.0/24, or a service tag such as Internet"
        raise refuse(f"{text!r} is not an address, a prefix or a service tag", hint) from None
    return text


def _prefix_or_tag(text: str) -> str:
    return text.strip() if is_service_tag(text) else network_prefix(text)


def _port(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ports(text: str) -> str:
    text = text.strip()
    parts = text.split("-")
    if text == "*":
        return text
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise refuse(f"{text!r} is not a port", 'write a number, a range such as "8000-8080", or "*"')
    numbers = [int(part) for part in parts]
    if numbers[-1] > 65535:
        raise refuse(f"port {numbers[-1]} is above 65535", "ports run from 0 to 65535")
    if numbers[0] > numbers[-1]:
        raise refuse(f"the range {text!r} runs downwards", f"write {numbers[-1]}-{numbers[0]}")
    return text


def _mac(text: str) -> str:
    digits = re.sub(r"[-:.]", "", text)
    if not _MAC.fullmatch(digits):
        raise refuse(f"{text!r} is not a MAC address", "write twelve hexadecimal digits, such as 00-0D-3A-00-00-01")
    return "-".join(re.findall("..", digits.upper()))


class OneOrMany:
    """Marks a list that may be written as its single value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Any:
            return value if value is None or isinstance(value, (list, dict)) else [value]

        return core_schema.no_info_before_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


class AnyCase:
    """Marks a Literal that is read in any case, as Azure reads its enum values; the model keeps Azure's spelling."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        spelled = {choice.lower(): choice for choice in get_args(source)}

        def read(value: Any) -> Any:
            return spelled.get(value.lower(), value) if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        choices = [str(choice) for choice in schema.get("enum", [schema.get("const")])]
        return {"anyOf": [{"enum": choices}, {"type": "string", "pattern": f"^({'|'.join(map(_any_case, choices))})$"}]}


def _any_case(text: str) -> str:
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else re.escape(c) for c in text)


#: A port is easier written as a number.
_PORT_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 65535},
            {"type": "string", "pattern": r"^\s*(\*|\d{1,5}(-\d{1,5})?)\s*$"},
        ]
    }
)

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, AfterValidator(_name)]
NetworkPrefix = Annotated[Text, AfterValidator(network_prefix)]
Address = Annotated[Text, AfterValidator(_address)]
AddressOrPrefix = Annotated[Text, AfterValidator(_address_or_prefix)]
Mac = Annotated[Text, AfterValidator(_mac)]
PublicIpv4 = Annotated[Text, AfterValidator(_public_ipv4)]
Fqdn = Annotated[Text, AfterValidator(_fqdn)]
PrefixOrTag = Annotated[Text, AfterValidator(_prefix_or_tag)]
RuleAddress = Annotated[Text, AfterValidator(_rule_address)]
Port = Annotated[Text, BeforeValidator(_port), AfterValidator(_ports), _PORT_SCHEMA]

PortNumber = Annotated[int, Field(ge=1, le=65535)]

Texts = Annotated[list[Text], OneOrMany()]
Addresses = Annotated[list[Address], OneOrMany()]
AddressesOrPrefixes = Annotated[list[AddressOrPrefix], OneOrMany()]
Prefixes = Annotated[list[NetworkPrefix], OneOrMany()]
RuleAddresses = Annotated[list[RuleAddress], Field(min_length=1), OneOrMany()]
Ports = Annotated[list[Port], Field(min_length=1), OneOrMany()]


class Part(BaseModel):
    """One mapping of a scenario file: unknown keys are errors, and values are not converted into one another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, defer_build=True)

    #: Key that a text (or list of texts) standing for the whole mapping fills; empty where there is no short form.
    short_form: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return cls.read_short_form(value) if cls.short_form and isinstance(value, (str, list)) else value

    @classmethod
    def read_short_form(cls, value: Any) -> Any:
        return {cls.short_form: value}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        if not cls.short_form:
            return schema
        inner = schema["properties"][cls.short_form]
        brief = {key: inner[key] for key in ("type", "minLength", "anyOf") if key in inner}
        return {"anyOf": [brief, schema]}
