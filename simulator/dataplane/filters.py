"""Which filters stand at each place, and the first match of a batch over many of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction
from simulator.azure.virtual_network import Subnet
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.filter_table import NO_MATCH, FilterTable, Header
from simulator.dataplane.interned import Interned, distinct
from simulator.dataplane.places import endpoint_column
from simulator.network.assumptions import is_assumed
from simulator.network.filter_rules import FilterRule, platform_rules, security_group_rules
from simulator.network.managers.admin_rules import admin_rules_by_manager, is_admin_exempt, joined_lists
from simulator.network.model import Endpoint, Network

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
RuleLists = tuple[tuple[FilterRule, ...], ...]
DIRECTIONS: tuple[Direction, Direction] = ("Inbound", "Outbound")
INBOUND, OUTBOUND = 0, 1
#: Table numbers: no filter stands there; a filter is named but not in the export.
NO_TABLE, MISSING_TABLE = -1, -2
#: Policies of a subnet under which its security group filters private endpoints.
_GROUP_POLICIES = frozenset({"enabled", "networksecuritygroupenabled"})
#: Tags of the platform's own services; rules that name one are all that filters such traffic.
PLATFORM_TAGS = ("AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM")


class Found(NamedTuple):
    """What a batch met: the deciding row of each packet's table, its action, and how sure that is.

    `action` is `NO_MATCH` where no rule matches. Where not `is_certain`, the rule only may match: because of a name
    that could not be resolved (not `is_resolved`) or because a gateway's routes are unknown.
    """

    row: Int32
    action: UInt8
    is_certain: Bools
    is_resolved: Bools
    deployment_matters: Bools

    @classmethod
    def nothing(cls, count: int) -> Found:
        return cls(
            np.zeros(count, np.int32),
            np.full(count, NO_MATCH, np.uint8),
            np.ones(count, bool),
            np.ones(count, bool),
            np.zeros(count, bool),
        )


class Filters:
    """Tables by number, and for each direction the table of every place at each of the three layers."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.rule_lists: list[tuple[ResourceId, tuple[FilterRule, ...]]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._tables: dict[int, FilterTable] = {}
        self._every_protocol = is_assumed(network, "any_protocol_is_every_protocol")
        self.platform = Interned(self._platform_table)
        self.admin = (self._admin_tables("Inbound"), self._admin_tables("Outbound"))
        self.other_admin = (self._admin_tables("Inbound", other=True), self._admin_tables("Outbound", other=True))
        self.nic_group = self._by_direction(lambda e, d: self._group_table(_nic_group(e), d))
        self.subnet_group = self._by_direction(lambda e, d: self._group_table(self._subnet_group(e), d))
        self.has_group = (self.nic_group[INBOUND] != NO_TABLE) | (self.subnet_group[INBOUND] != NO_TABLE)
        self._atoms: Atoms | None = None

    def add(self, acl: ResourceId, direction: str, rules: tuple[FilterRule, ...]) -> int:
        """The number of this rule list; the same filter is kept once."""
        key = (acl.key, direction)
        if key not in self._numbers:
            self._numbers[key] = len(self.rule_lists)
            self.rule_lists.append((acl, rules))
        return self._numbers[key]

    def use(self, atoms: Atoms) -> None:
        """Give the atoms that the tables are compiled over, once every rule list is known."""
        self._atoms = atoms

    def table(self, number: int) -> FilterTable:
        """A table, compiled when it is first asked for."""
        if number not in self._tables:
            assert self._atoms is not None
            self._tables[number] = FilterTable(*self.rule_lists[number], self._atoms, self._every_protocol)
        return self._tables[number]

    def rule(self, table: int, row: int) -> FilterRule:
        return self.rule_lists[table][1][row]

    def is_default(self, tables: Int32, rows: Int32) -> Bools:
        """Is the row of each packet's table one of the rules that Azure adds to every group?"""
        return self._of_rules(tables, lambda table, at: table.is_default[rows[at]])

    def is_any_protocol(self, tables: Int32, rows: Int32) -> Bools:
        """Does the row of each packet's table say protocol ``*``, other than a rule that Azure adds?"""
        return self._of_rules(tables, lambda table, at: table.is_any_protocol[rows[at]])

    def _of_rules(self, tables: Int32, fact: Callable[[FilterTable, npt.NDArray[np.intp]], Bools]) -> Bools:
        """One fact of each packet's rule; False where there is no table."""
        facts = np.zeros(len(tables), bool)
        for number in distinct(tables[tables >= 0]):
            at = np.flatnonzero(tables == number)
            facts[at] = fact(self.table(int(number)), at)
        return facts

    def match(self, tables: Int32, header: Header) -> Found:
        """The first match of each packet in its own table; packets without a table match nothing."""
        found = Found.nothing(len(tables))
        order = np.argsort(tables, kind="stable")
        numbers, starts = np.unique(tables[order], return_index=True)
        ends = [*starts[1:], len(tables)]
        for number, start, end in zip(numbers, starts, ends, strict=False):
            if number < 0:
                continue
            at = order[start:end]
            table = self.table(int(number))
            row, is_certain = table.first_match(header.at(at))
            found.row[at], found.is_certain[at] = row, is_certain
            found.action[at] = table.action[row]
            found.is_resolved[at] = table.is_resolved[row]
            found.deployment_matters[at] = table.deployment_matters[row]
        return found

    def _by_direction(self, table_of: Callable[[Endpoint, Direction], int]) -> tuple[Int32, Int32]:
        columns = (
            endpoint_column(self._network, lambda endpoint, d=direction: table_of(endpoint, d), NO_TABLE)  # type: ignore[misc]
            for direction in DIRECTIONS
        )
        inbound, outbound = (column.astype(np.int32) for column in columns)
        return inbound, outbound

    def _admin_tables(self, direction: Direction, *, other: bool = False) -> tuple[Int32, ...]:
        """The table of every place in each list of admin rules that is asked: one list, as long as one manager decides.

        `other`: as under the other reading of ``first_manager_decides``; the same where no place has several managers.
        """
        lists = {one.id: self._admin_lists(one, direction, other) for one in self._network.endpoints}
        depth = max((len(held) for held in lists.values()), default=0)
        return tuple(self._admin_column(direction, lists, at) for at in range(max(depth, 1)))

    def _admin_column(self, direction: Direction, lists: Mapping[ResourceId, RuleLists], at: int) -> Int32:
        def table(endpoint: Endpoint) -> int:
            return self._admin_table(endpoint, direction, lists[endpoint.id], at)

        return endpoint_column(self._network, table, NO_TABLE).astype(np.int32)

    def _admin_lists(self, endpoint: Endpoint, direction: Direction, other: bool) -> RuleLists:
        if is_admin_exempt(self._network, endpoint.subnet) or endpoint.private_endpoint is not None:
            return ()
        by_manager = admin_rules_by_manager(self._network, endpoint.virtual_network, direction)
        one_list = is_assumed(self._network, "first_manager_decides") != other
        return joined_lists(by_manager) if one_list else by_manager

    def _admin_table(self, endpoint: Endpoint, direction: Direction, lists: RuleLists, at: int) -> int:
        if at >= len(lists):
            return NO_TABLE
        of = "all managers" if len(lists) == 1 else f"manager {at}"
        return self.add(endpoint.virtual_network, f"{direction} of {of}", lists[at])

    def _group_table(self, group: ResourceId | None, direction: Direction) -> int:
        if group is None:
            return NO_TABLE
        rules = security_group_rules(self._network, group, direction)
        return MISSING_TABLE if rules is None else self.add(group, direction, rules)

    def _subnet_group(self, endpoint: Endpoint) -> ResourceId | None:
        subnet = self._network.subnets.get(endpoint.subnet)
        if subnet is None or (endpoint.private_endpoint is not None and not filters_private_endpoints(subnet)):
            return None
        return subnet.network_security_group

    def _platform_table(self, place: int, is_subnet: int, tag: int) -> int:
        """The table of the rules that name a platform tag, of the NIC's group or its subnet's."""
        endpoint = self._network.endpoints[place]
        group = self._subnet_group(endpoint) if is_subnet else endpoint.security_group
        if group is None:
            return NO_TABLE
        rules = platform_rules(self._network, group, PLATFORM_TAGS[tag])
        return MISSING_TABLE if rules is None else self.add(group, PLATFORM_TAGS[tag], rules)


def _nic_group(endpoint: Endpoint) -> ResourceId | None:
    return None if endpoint.private_endpoint is not None else endpoint.security_group


def filters_private_endpoints(subnet: Subnet) -> bool:
    """Does the subnet's security group filter its private endpoints? Not unless the subnet says so."""
    return (subnet.private_endpoint_network_policies or "Disabled").lower() in _GROUP_POLICIES
