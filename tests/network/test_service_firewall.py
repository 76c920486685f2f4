"""What the firewalls of platform services say (SEMANTICS 4.3 to 4.5, E5, E6). One row, one case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.azure.resource import Resource, ResourceId
from simulator.network.platform.platform_services import service_of, services
from simulator.network.platform.service_firewall import Admission, Caller, admit
from simulator.space.addresses import parse_prefix
from tests.network.arm import network, subnet_id
from tests.network.services_arm import acls, messaging, perimeter, service, service_id, sql, storage

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
SUBNET = Caller("subnet", subnet=subnet_id("v/web"))
OTHER_SUBNET = Caller("subnet", subnet=subnet_id("v/other"))
PRIVATE = Caller("private")
LISTED_PRIVATE = Caller("private", pool=(parse_prefix("203.0.113.9"),))
UNKNOWN = Caller("unknown")


def public(*addresses: str, **more: Any) -> Caller:
    return Caller("public", pool=tuple(parse_prefix(address) for address in addresses), **more)


LISTED, UNLISTED = public("203.0.113.9"), public("203.0.113.99")
OUTSIDE = public("203.0.113.99", is_azure=False)
PARTLY = public("203.0.113.9", "203.0.113.99")
RULES = acls("Deny", "203.0.113.9", "198.51.100.0/24", subnets=("v/web",))

IN, OUT, PARTS = "DELIVERED", "PAAS_FIREWALL_DENY", "NAT_POOL_PARTLY_ALLOWED"
CLOSED, SAME_REGION, WHICH = "PUBLIC_ACCESS_DISABLED", "STORAGE_IP_RULE_SAME_REGION", "OUTBOUND_ADDRESS_UNKNOWN"
PERIMETER = "PERIMETER_DENY"


def answer(held: Resource, caller: Caller, *others: Resource, **more: Any) -> Admission:
    return admit(network(held, *others, **more), held.id, caller)


STORAGE = [
    # networkAcls, publicNetworkAccess, caller, reason
    (None, None, LISTED, IN),
    (None, None, PRIVATE, IN),
    (None, "Disabled", LISTED, CLOSED),
    ({"ipRules": [{"value": "203.0.113.9"}]}, None, UNLISTED, IN),
    (acls("Allow"), "Enabled", UNKNOWN, IN),
    (acls("Allow"), "Disabled", LISTED, CLOSED),
    (acls("Allow"), "Disabled", SUBNET, CLOSED),
    (acls("Deny"), None, LISTED, OUT),
    (acls("Deny"), None, SUBNET, OUT),
    (acls("Deny"), None, PRIVATE, OUT),
    (acls("Deny"), None, UNKNOWN, OUT),
    (RULES, None, LISTED, IN),
    (RULES, None, UNLISTED, OUT),
    (RULES, None, PARTLY, PARTS),
    (RULES, None, public("198.51.100.7", "203.0.113.9"), IN),
    (RULES, None, public("198.51.100.0/23"), PARTS),
    (RULES, None, public("2001:db8::1"), OUT),
    (RULES, None, SUBNET, IN),
    (RULES, None, OTHER_SUBNET, OUT),
    (RULES, None, UNKNOWN, WHICH),
    (RULES, None, PRIVATE, OUT),
    (RULES, None, LISTED_PRIVATE, SAME_REGION),
    (RULES, None, Caller("private", pool=(parse_prefix("203.0.113.99"),)), OUT),
    (acls("Deny", "0.0.0.0/0"), None, UNKNOWN, IN),
    (acls("Deny", subnets=("v/web",), state="Provisioning"), None, SUBNET, OUT),
    (acls("Deny", subnets=("v/web",), state="NetworkSourceDeleted"), None, SUBNET, OUT),
    (acls("Deny", "no address", "203.0.113.9"), None, LISTED, IN),
]


@pytest.mark.parametrize(("rules", "access", "caller", "reason"), STORAGE)
def test_storage(rules: Any, access: str | None, caller: Caller, reason: str) -> None:
    assert answer(storage(networkAcls=rules, publicNetworkAccess=access), caller).reason == reason


def test_az_spells_the_rule_set_otherwise() -> None:
    assert answer(storage(networkRuleSet=acls("Deny", "203.0.113.9")), UNLISTED).reason == OUT


VAULT = [
    (None, None, UNLISTED, IN),
    (None, "Disabled", UNLISTED, CLOSED),
    (acls("Deny", "203.0.113.9/32"), None, LISTED, IN),
    (acls("Deny", "203.0.113.9/32"), None, UNLISTED, OUT),
    (acls("Deny", subnets=("v/web",)), None, SUBNET, IN),
    (acls("Allow", "203.0.113.9/32"), None, UNLISTED, IN),
]


@pytest.mark.parametrize(("rules", "access", "caller", "reason"), VAULT)
def test_key_vault(rules: Any, access: str | None, caller: Caller, reason: str) -> None:
    assert answer(service("vaults", "kv", networkAcls=rules, publicNetworkAccess=access), caller).reason == reason


SQL = [
    ((), (), LISTED, OUT),
    ((), (), UNKNOWN, OUT),
    (("203.0.113.4-203.0.113.9",), (), LISTED, IN),
    (("203.0.113.4-203.0.113.9",), (), UNLISTED, OUT),
    (("203.0.113.4-203.0.113.9",), (), PARTLY, PARTS),
    (("203.0.113.4-203.0.113.9",), (), UNKNOWN, WHICH),
    (("0.0.0.0-255.255.255.255",), (), UNKNOWN, IN),
    (("0.0.0.0",), (), UNLISTED, IN),
    (("0.0.0.0",), (), UNKNOWN, IN),
    (("0.0.0.0",), (), SUBNET, IN),
    (("0.0.0.0",), (), OUTSIDE, OUT),
    ((), ("v/web",), SUBNET, IN),
    ((), ("v/web",), OTHER_SUBNET, OUT),
    (("203.0.113.9",), ("v/web",), OTHER_SUBNET, OUT),
]


@pytest.mark.parametrize(("ranges", "subnets", "caller", "reason"), SQL)
def test_sql(ranges: tuple[str, ...], subnets: tuple[str, ...], caller: Caller, reason: str) -> None:
    assert answer(sql(*ranges, subnets=subnets), caller).reason == reason


def test_sql_rules_that_are_not_in_force_and_disabled_access() -> None:
    assert answer(sql(subnets=("v/web",), state="InProgress"), SUBNET).reason == OUT
    assert answer(sql("0.0.0.0", publicNetworkAccess="Disabled"), UNLISTED).reason == CLOSED


MESSAGING = [
    # rule set, tier, caller, Event Hubs, Service Bus
    (None, "Standard", UNLISTED, IN),
    ({"defaultAction": "Deny"}, "Standard", UNLISTED, IN),
    ({"defaultAction": "Deny"}, "Premium", SUBNET, IN),
    ({"defaultAction": "Allow"}, "Standard", UNLISTED, IN),
    ({"defaultAction": "Deny", "ipRules": [{"ipMask": "203.0.113.9"}]}, "Standard", LISTED, IN),
    ({"defaultAction": "Deny", "ipRules": [{"ipMask": "203.0.113.9"}]}, "Standard", UNLISTED, OUT),
    ({"defaultAction": "Deny", "ipRules": [{"ipMask": "203.0.113.9"}]}, "Basic", UNLISTED, IN),
    ({"defaultAction": "Deny", "publicNetworkAccess": "Disabled"}, "Standard", UNLISTED, CLOSED),
    (
        {"defaultAction": "Deny", "virtualNetworkRules": [{"subnet": {"id": str(subnet_id("v/web"))}}]},
        "Standard",
        SUBNET,
        IN,
    ),
    (
        {"defaultAction": "Deny", "virtualNetworkRules": [{"subnet": {"id": str(subnet_id("v/web"))}}]},
        "Standard",
        UNLISTED,
        OUT,
    ),
    (
        {
            "defaultAction": "Deny",
            "ipRules": [
                {"ipMask": "203.0.113.9", "action": "Reject"},
                {"ipMask": "203.0.113.0/24", "action": "Accept"},
            ],
        },
        "Standard",
        PARTLY,
        PARTS,
    ),
]


@pytest.mark.parametrize("kind", ["eventhubs", "servicebuses"])
@pytest.mark.parametrize(("rules", "tier", "caller", "reason"), MESSAGING)
def test_messaging(kind: str, rules: Any, tier: str, caller: Caller, reason: str) -> None:
    assert answer(messaging(kind, rules, sku=tier), caller).reason == reason


def test_that_service_bus_is_open_without_rules_is_an_assumption() -> None:
    bus, key = messaging("servicebuses", {"defaultAction": "Deny"}), "service_bus_open_without_rules"
    assert answer(bus, UNLISTED).assumptions == (key,)
    closed = answer(bus, UNLISTED, assumptions={key: "false"})
    assert (closed.reason, closed.assumptions) == (OUT, (key,))
    hubs = messaging("eventhubs", {"defaultAction": "Deny"})
    assert answer(hubs, UNLISTED, assumptions={key: "false"}) == answer(hubs, UNLISTED)
    assert answer(hubs, UNLISTED).assumptions == ()


COSMOS = [
    # ipRules, virtual network filter, caller, reason
    ((), None, UNLISTED, IN),
    (("203.0.113.9",), None, LISTED, IN),
    (("203.0.113.9",), None, UNLISTED, OUT),
    (("203.0.113.9",), None, SUBNET, OUT),
    (("0.0.0.0",), None, UNLISTED, IN),
    (("0.0.0.0",), None, UNKNOWN, IN),
    (("0.0.0.0",), None, OUTSIDE, OUT),
    (("0.0.0.0",), None, SUBNET, OUT),
    ((), True, SUBNET, IN),
    ((), True, OTHER_SUBNET, OUT),
    ((), True, UNLISTED, OUT),
    (("203.0.113.9",), False, SUBNET, OUT),
]


@pytest.mark.parametrize(("addresses", "filters", "caller", "reason"), COSMOS)
def test_cosmos_db(addresses: tuple[str, ...], filters: bool | None, caller: Caller, reason: str) -> None:
    account = service(
        "databaseAccounts",
        "cosmos",
        ipRules=[{"ipAddressOrRange": address} for address in addresses],
        isVirtualNetworkFilterEnabled=bool(filters),
        virtualNetworkRules=[{"id": str(subnet_id("v/web"))}] if filters is not None else [],
    )
    assert answer(account, caller).reason == reason


MATRIX = [
    # association, publicNetworkAccess, admitted by the perimeter, by the account, by neither
    (None, "Enabled", OUT, IN, OUT),
    (None, "Disabled", CLOSED, CLOSED, CLOSED),
    (None, "SecuredByPerimeter", PERIMETER, PERIMETER, PERIMETER),
    ("Learning", "Enabled", IN, IN, OUT),
    ("Learning", None, IN, IN, OUT),
    ("Learning", "Disabled", IN, PERIMETER, PERIMETER),
    ("Learning", "SecuredByPerimeter", IN, PERIMETER, PERIMETER),
    ("Audit", "Enabled", IN, IN, OUT),
    ("Enforced", "Enabled", IN, PERIMETER, PERIMETER),
    ("Enforced", "Disabled", IN, PERIMETER, PERIMETER),
    ("Enforced", "SecuredByPerimeter", IN, PERIMETER, PERIMETER),
]
BY_PERIMETER, BY_ACCOUNT = "192.0.2.0/24", "203.0.113.9"


@pytest.mark.parametrize(("mode", "access", *("by_perimeter", "by_account", "by_neither")), MATRIX)
def test_the_matrix_of_perimeters(
    mode: str | None, access: str | None, by_perimeter: str, by_account: str, by_neither: str
) -> None:
    account = storage(networkAcls=acls("Deny", BY_ACCOUNT), publicNetworkAccess=access)
    target = account.id if mode else service_id("vaults", "another")
    others = [perimeter(target, mode or "Enforced", addresses=(BY_PERIMETER,))]
    asked = [public("192.0.2.7"), public("203.0.113.9"), public("203.0.113.99")]
    reasons = [answer(account, caller, *others).reason for caller in asked]
    assert reasons == [by_perimeter, by_account, by_neither]


PERIMETER_CALLERS = [
    # mode, caller, reason; the account lists 203.0.113.9 and v/web, the perimeter 192.0.2.0/24 and a subscription
    ("Enforced", public("192.0.2.7", "203.0.113.9"), PARTS),
    ("Learning", public("192.0.2.7", "203.0.113.9"), IN),
    ("Enforced", SUBNET, PERIMETER),
    ("Learning", SUBNET, IN),
    ("Enforced", LISTED_PRIVATE, PERIMETER),
    ("Learning", LISTED_PRIVATE, SAME_REGION),
    ("Learning", PRIVATE, OUT),
    ("Enforced", UNKNOWN, WHICH),
    ("Learning", UNKNOWN, WHICH),
    ("Enforced", Caller("subnet", subnet=subnet_id("v/other"), subscription=SUBSCRIPTION.upper()), IN),
    ("Learning", Caller("private", subscription=SUBSCRIPTION), IN),
    ("Enforced", Caller("unknown", subscription=SUBSCRIPTION), IN),
    ("Enforced", public("203.0.113.99", subscription="another"), PERIMETER),
]


@pytest.mark.parametrize(("mode", "caller", "reason"), PERIMETER_CALLERS)
def test_callers_of_a_service_in_a_perimeter(mode: str, caller: Caller, reason: str) -> None:
    account = storage(networkAcls=acls("Deny", BY_ACCOUNT, subnets=("v/web",)))
    held = perimeter(account.id, mode, addresses=(BY_PERIMETER,), subscriptions=(SUBSCRIPTION,))
    assert answer(account, caller, held).reason == reason


def test_services_of_one_perimeter_reach_each_other() -> None:
    vault = service("vaults", "kv", publicNetworkAccess="SecuredByPerimeter")
    account = storage()
    resources = (account, perimeter(vault.id, "Enforced", others=(account.id,)))
    declared = {"service_addresses": {account.id: ("20.60.26.10",)}}
    assert answer(vault, public("20.60.26.10"), *resources, **declared).reason == IN
    assert answer(vault, public("20.60.26.11"), *resources, **declared).reason == PERIMETER
    assert answer(vault, public("20.60.26.10/31"), *resources, **declared).reason == PERIMETER
    apart = (account, perimeter(vault.id, "Enforced"))
    assert answer(vault, public("20.60.26.10"), *apart, **declared).reason == PERIMETER


def test_a_profile_outside_the_export_is_not_guessed() -> None:
    account = storage(networkAcls=acls("Deny", BY_ACCOUNT))
    gone = [perimeter(account.id, mode, profile="gone") for mode in ("Enforced", "Learning")]
    assert [answer(account, LISTED, held).reason for held in gone] == ["PERIMETER_NOT_IN_EXPORT", IN]
    assert {answer(account, UNLISTED, held).reason for held in gone} == {"PERIMETER_NOT_IN_EXPORT"}


def test_without_any_perimeter_in_the_export_nobody_knows() -> None:
    account = storage(networkAcls=acls("Deny", BY_ACCOUNT), publicNetworkAccess="SecuredByPerimeter")
    assert answer(account, LISTED).reason == "PERIMETER_NOT_IN_EXPORT"


def test_a_service_outside_the_export() -> None:
    assert admit(network(), service_id("vaults", "gone"), LISTED).reason == "SERVICE_NOT_IN_EXPORT"


TEXTS = [
    (storage(networkAcls=RULES), LISTED, "ipRules list 203.0.113.9"),
    (storage(networkAcls=RULES), UNLISTED, "ipRules do not list 203.0.113.99"),
    (
        storage(networkAcls=RULES),
        public("203.0.113.9", "198.51.100.3", "192.0.2.3"),
        "ipRules list 2 of the 3 addresses of the NAT pool; missing: 192.0.2.3",
    ),
    (
        storage(networkAcls=acls("Deny", "203.0.113.9")),
        public("192.0.2.0/28"),
        "ipRules list none of the 16 addresses of the NAT pool; missing: 192.0.2.0/28",
    ),
    (storage(networkAcls=RULES), public("198.51.100.0/24"), "ipRules list all 256 addresses of the NAT pool"),
    (storage(networkAcls=RULES), SUBNET, "virtualNetworkRules list v/web"),
    (
        storage(networkAcls=RULES),
        OTHER_SUBNET,
        "virtualNetworkRules do not list v/other, and by its service endpoint it has no address",
    ),
    (storage(networkAcls=acls("Allow")), UNKNOWN, "defaultAction is Allow"),
    (storage(), UNKNOWN, "no network rules are set, and Azure's default action is Allow"),
    (storage(publicNetworkAccess="Disabled"), UNKNOWN, "publicNetworkAccess is Disabled: private endpoints only"),
    (
        storage(networkAcls=RULES),
        UNKNOWN,
        "ipRules list 198.51.100.0/24, 203.0.113.9; the caller's address is not known",
    ),
    (
        storage(networkAcls=RULES),
        PRIVATE,
        "a caller in the region of the account comes by a private address, which ipRules cannot list",
    ),
    (sql("0.0.0.0"), UNLISTED, "firewallRules have r0 (0.0.0.0), which lets in everything inside Azure"),
]


@pytest.mark.parametrize(("held", "caller", "text"), TEXTS)
def test_the_answer_says_what_decided(held: Resource, caller: Caller, text: str) -> None:
    assert answer(held, caller).text == text


def test_the_pool_is_parted() -> None:
    found = answer(storage(networkAcls=RULES), public("198.51.100.254/31", "203.0.113.99"))
    assert (found.listed, found.missing) == (("198.51.100.254/31",), ("203.0.113.99",))


ADDRESSES = st.integers(0, 7).map(lambda last: f"203.0.113.{last}")
POOLS = st.lists(ADDRESSES, min_size=1, max_size=4).map(lambda texts: public(*texts))
CALLERS = st.one_of(POOLS, st.sampled_from([SUBNET, OTHER_SUBNET, PRIVATE, LISTED_PRIVATE, UNKNOWN]))
_OPENNESS = [OUT, SAME_REGION, WHICH, PARTS, IN]


def _with_rules(kind: str, rules: list[str]) -> Resource:
    if kind == "servers":
        return sql(*rules)
    if kind == "databaseAccounts":
        return service(kind, "c", ipRules=[{"ipAddressOrRange": rule} for rule in rules])
    if kind == "eventhubs":
        return messaging(kind, {"defaultAction": "Deny", "ipRules": [{"ipMask": rule} for rule in rules]})
    return service(kind, "s", networkAcls=acls("Deny", *rules))


@given(
    kind=st.sampled_from(["storageAccounts", "vaults", "servers", "eventhubs", "databaseAccounts"]),
    rules=st.lists(ADDRESSES, min_size=1, max_size=4),
    more=ADDRESSES,
    caller=CALLERS,
)
def test_one_more_address_rule_never_shuts_anybody_out(kind: str, rules: list[str], more: str, caller: Caller) -> None:
    before, after = (answer(_with_rules(kind, held), caller).reason for held in (rules, [*rules, more]))
    assert _OPENNESS.index(before) <= _OPENNESS.index(after)


@given(rules=st.lists(ADDRESSES, max_size=4), caller=CALLERS)
def test_disabling_public_access_lets_nobody_in(rules: list[str], caller: Caller) -> None:
    held = storage(networkAcls=acls("Deny", *rules), publicNetworkAccess="Disabled")
    assert answer(held, caller).reason == CLOSED


@given(rules=st.lists(ADDRESSES, max_size=4), caller=POOLS)
def test_a_pool_is_parted_by_the_rules(rules: list[str], caller: Caller) -> None:
    found = answer(storage(networkAcls=acls("Deny", *rules)), caller)
    expected = IN if not found.missing else PARTS if found.listed else OUT
    assert found.reason == expected
    assert not set(found.listed) & set(found.missing)


def test_services_of_every_kind() -> None:
    account = storage(location="West Europe")
    held = network(
        account,
        service("vaults", "KV"),
        sql(),
        messaging("eventhubs", None),
        service("databaseAccounts", "cosmos"),
        service_addresses={account.id: ("20.60.26.10", "no address")},
    )
    found = {one.kind: (one.tag, one.fqdns[0]) for one in services(held)}
    assert found == {
        "Storage": ("Storage", "st.blob.core.windows.net"),
        "KeyVault": ("AzureKeyVault", "kv.vault.azure.net"),
        "Sql": ("Sql", "sql.database.windows.net"),
        "EventHub": ("EventHub", "ns.servicebus.windows.net"),
        "CosmosDB": ("AzureCosmosDB", "cosmos.documents.azure.com"),
    }
    found_account = service_of(held, account.id)
    assert found_account is not None
    assert (found_account.region, found_account.addresses) == ("westeurope", ("20.60.26.10",))
    assert service_of(held, ResourceId("/gone")) is None
    assert [one.id for one in services(held)] == sorted(one.id for one in services(held))
